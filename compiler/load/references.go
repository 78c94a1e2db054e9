package load

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/token"

	"platc.dev/platc/compiler/diag"
)

// notFound is the name in CUE's error of a reference to nothing, "" of another error.
func notFound(message string) string {
	found := regexp.MustCompile(`^reference "([^"]+)" not found`).FindStringSubmatch(message)
	if found == nil {
		return ""
	}
	return found[1]
}

// referenceHelp is what to write in place of a reference to nothing, in a line at a column. scope are the names that it could have.
func referenceHelp(name, line string, column int, scope []string) string {
	at := min(max(column-1, 0), len(line))
	before, after := line[:at], line[at:]
	hidden := strings.TrimLeft(name, "_#") != name
	if path, known := packages()[name]; known && regexp.MustCompile(`^\w+\.[A-Z#]`).MatchString(after) {
		return fmt.Sprintf("add import %q below the package clause", path)
	}
	inText := regexp.MustCompile(`\\#*\(\s*$`).MatchString(before)
	whole := regexp.MustCompile(`[\w$./-]*$`).FindString(before) + regexp.MustCompile(`^[\w$./-]*`).FindString(after)
	first, rest, dots := strings.Cut(whole, ".")
	switch near := diag.Misspelt(name, scope); {
	case strings.HasPrefix(name, "$"):
		return fromEnvironment
	case dots && slices.Contains(scope, first) && strings.Contains(rest, "-"):
		return "a name with a dash stands in brackets and quotes: " + first + regexp.MustCompile(`\.(\w[\w-]*-[\w-]*)`).ReplaceAllString("."+rest, `["$1"]`)
	case near != "" && (hidden || inText):
		return fmt.Sprintf("did you mean %s?", near)
	case near != "":
		return fmt.Sprintf("did you mean %s? A text stands in quotes: %q", near, name)
	case inText && !strings.HasPrefix(name, "#"):
		own := "_" + strings.TrimLeft(name, "_")
		return fmt.Sprintf("declare it, as a tag where it is given with -t: %s: string @tag(%s), and then \\(%s)", own, strings.TrimLeft(name, "_"), own)
	case strings.Contains(name, "#"):
		return fmt.Sprintf("declare the definition, %s: {…}, or leave it out", name)
	case hidden:
		return fmt.Sprintf("declare it, %s: …, or refer to another field", name)
	case dots && whole == strings.Trim(whole, "./-") && !strings.ContainsAny(whole, "-/"):
		return fmt.Sprintf("declare %s, or write quotes around a text: %q", first, whole)
	}
	return fmt.Sprintf("write quotes around a text: %q", strings.TrimRight(whole, "./-"))
}

// inScope are the names that may be written at a place: of fields without quotes, aliases and let clauses around it, and of the whole package.
func (r *reader) inScope(p token.Pos) []string {
	all := map[string]bool{}
	declare := func(n ast.Node) {
		if f, ok := n.(*ast.Field); ok {
			if list, ok := f.Label.(*ast.ListLit); ok {
				for _, e := range list.Elts {
					if alias, ok := e.(*ast.Alias); ok && inside(p, f) {
						all[alias.Ident.Name] = true
					}
				}
			}
			if _, quoted := f.Label.(*ast.BasicLit); quoted {
				return
			}
		}
		for _, name := range names(n) {
			all[name] = true
		}
	}
	for _, file := range r.inst.Files {
		for _, d := range file.Decls {
			declare(d)
		}
		if file.Filename != p.Filename() {
			continue
		}
		for spec := range file.ImportSpecs() {
			if spec.Name != nil {
				all[spec.Name.Name] = true
				continue
			}
			path := strings.Trim(spec.Path.Value, `"`)
			all[path[strings.LastIndexAny(path, "/:")+1:]] = true
		}
		ast.Walk(file, func(n ast.Node) bool {
			if _, whole := n.(*ast.File); whole {
				return true
			}
			if !inside(p, n) {
				return false
			}
			switch n := n.(type) {
			case *ast.Field:
				declare(n)
			case *ast.StructLit:
				for _, d := range n.Elts {
					declare(d)
				}
			case *ast.Comprehension:
				for _, c := range n.Clauses {
					declare(c)
				}
			}
			return true
		}, nil)
	}
	return slices.Sorted(maps.Keys(all))
}

// noFunction tells that a package of CUE does not have a function: they begin with a capital letter. ok is false where an error is another one.
func noFunction(d diag.Diagnostic) (told diag.Diagnostic, ok bool) {
	found := regexp.MustCompile(`^cannot call non-function (\w+)\.(\w+) `).FindStringSubmatch(d.Message)
	if found == nil || packages()[found[1]] == "" {
		return d, false
	}
	path, name := packages()[found[1]], found[2]
	d.Message, d.Help = fmt.Sprintf("the package %s has no function %s", found[1], name), "those that it has are listed at https://pkg.go.dev/cuelang.org/go/pkg/"+path
	near := found[1] + "." + strings.ToUpper(name[:1]) + name[1:]
	if cuecontext.New().CompileString(fmt.Sprintf("import %q\n%s", path, near)).Err() == nil {
		d.Help = "did you mean " + near + "?"
	}
	return d, true
}

// tagHelp is what to give in place of a tag that no file has.
func (x *explainer) tagHelp(tag string) string {
	declared := map[string]bool{}
	for _, all := range x.c.declared {
		for _, d := range all {
			for _, t := range d.tags {
				declared[t] = true
			}
		}
	}
	if near := diag.Misspelt(tag, slices.Sorted(maps.Keys(declared))); near != "" {
		return fmt.Sprintf("did you mean -t %s=…?", near)
	}
	return fmt.Sprintf("declare it: _%s: string @tag(%s)", tag, tag)
}

// mistyped tells that the value of a tag does not have the type of its @tag: CUE has no place for it. ok is false where an error is another one.
func (x *explainer) mistyped(e errors.Error, d diag.Diagnostic) (told diag.Diagnostic, ok bool) {
	format, args := e.Msg()
	found := regexp.MustCompile(`^invalid (number|int|boolean) .*for injection tag %q`).FindStringSubmatch(format)
	if found == nil || len(args) == 0 {
		return d, false
	}
	wanted, example := "a number", "1"
	if found[1] == "boolean" {
		wanted, example = "true or false", "true"
	}
	tag := fmt.Sprint(args[len(args)-1])
	d.Message, d.Help = "the value of the tag "+tag+" is not "+wanted, fmt.Sprintf("write it as -t %s=%s", tag, example)
	for _, file := range filesOf(x.inst) {
		ast.Walk(file, func(n ast.Node) bool {
			f, isField := n.(*ast.Field)
			if !isField || d.Pos.IsValid() {
				return true
			}
			t, value, given := x.given(f)
			if !given || t != tag {
				return true
			}
			name, _, _ := ast.LabelName(f.Label)
			d.Pos = relative(position(f.Label.Pos()), x.source.Dir)
			if !x.c.secret[name] {
				value = x.c.masks().Text(value)
				d.Message = fmt.Sprintf("%s is %q (from -t %s=%s), which is not %s", name, value, tag, value, wanted)
			}
			return true
		}, nil)
	}
	return d, true
}
