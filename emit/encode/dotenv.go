package encode

import (
	"fmt"
	"strings"
)

// Group is variables under one comment.
type Group struct {
	Comment   string // one line without #; "" for none
	Variables []Variable
}

// Variable is a line of a dotenv file.
type Variable struct{ Name, Value string }

// Dotenv writes groups in the order given, NAME=value a line, without quotes: Kustomize would keep them (OUTPUT.md, ENV-01).
// Without any variable the file is "# no variables".
//
// Errors: a name that is not of letters, digits and _, twice the same name, and a value that some reader of dotenv files would change:
// several lines, control characters, $, blanks or quotes around it. They show names, never values.
func Dotenv(groups []Group) ([]byte, error) { return encodeDotenv(groups, nil) }

// DotenvLines is Dotenv that also says what each line was written from: the index of a group, and the name of a variable.
func DotenvLines(groups []Group) ([]byte, []Line, error) {
	t := &tracer{}
	b, err := encodeDotenv(groups, t)
	return b, t.lines, err
}

func encodeDotenv(groups []Group, t *tracer) ([]byte, error) {
	var b []byte
	seen := map[string]bool{}
	for i, group := range groups {
		if len(group.Variables) == 0 {
			continue
		}
		t.index(i)
		if group.Comment != "" {
			b = append(append(append(b, "# "...), group.Comment...), '\n')
			t.line()
		}
		for _, v := range group.Variables {
			if seen[v.Name] {
				return nil, fmt.Errorf("encode dotenv: %s is listed twice", v.Name)
			}
			seen[v.Name] = true
			if err := v.check(); err != nil {
				return nil, fmt.Errorf("encode dotenv: %w", err)
			}
			b = append(append(append(append(b, v.Name...), '='), v.Value...), '\n')
			t.field(v.Name)
			t.line()
			t.leave()
		}
		t.leave()
	}
	if len(seen) == 0 {
		t.line()
		return []byte("# no variables\n"), nil
	}
	return b, nil
}

func (v Variable) check() error {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
	if v.Name == "" || strings.Trim(v.Name[:1], letters) != "" || strings.Trim(v.Name, letters+"0123456789") != "" {
		return fmt.Errorf("%q is not a valid variable name", v.Name)
	}
	if checkText(v.Value) != nil {
		return fmt.Errorf("%s: %w", v.Name, errText)
	}
	for _, r := range v.Value {
		if r < ' ' || r == 0x7f {
			return fmt.Errorf("%s has a control character or several lines", v.Name)
		}
	}
	switch {
	case strings.Contains(v.Value, "$"):
		return fmt.Errorf("%s has a $, which some readers expand", v.Name)
	case strings.TrimSpace(v.Value) != v.Value:
		return fmt.Errorf("%s has blanks around it", v.Name)
	case strings.HasPrefix(v.Value, `"`), strings.HasPrefix(v.Value, "'"):
		return fmt.Errorf("%s has quotes around it", v.Name)
	}
	return nil
}
