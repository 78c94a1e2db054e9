package load

import (
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/value"
)

// proper says what no file can be made of.
func proper(k *kind.Kind, name string, row kind.Row) error {
	wrong := func(format string, args ...any) error {
		return kind.Mistake(k.Own, row.Pos, fmt.Sprintf("the file %q of %s ", name, k.Name)+fmt.Sprintf(format, args...), kindHelp)
	}
	_, isFolder := row.Content.(kind.Folder)
	if local := strings.TrimSuffix(name, "/"); (!isFolder || name != "./") && (path.Clean(local) != local || !fs.ValidPath(local) || local == ".") {
		return wrong("is not a path below the folder of its component")
	}
	row.Path = name
	if row.Context && row.Secret {
		return wrong("holds %s, and belongs to the build context: whoever has the image would have it", secretIn(row.Content))
	}
	if row.Secret && !row.Encryptable() {
		return wrong("holds %s, but is not below secret/", secretIn(row.Content))
	}
	switch c := row.Content.(type) {
	case kind.Template:
		return asset(k, c.Name, wrong)
	case kind.Copy:
		return asset(k, c.Name, wrong)
	case kind.Folder:
		if !strings.HasSuffix(name, "/") {
			return wrong("has a folder as its content, but does not end in /")
		}
		if k.Attributes.At(c.Of) == nil || k.Attributes.At(c.Of).Mark == nil {
			return wrong("is a copy of what %s names, but the kind has no attribute %s with @folder(), @file() or @files()", c.Of, c.Of)
		}
	case kind.Objects:
		return properObjects(c, wrong)
	case kind.Kustomization:
		if secrets := value.InData(c.Object); len(secrets) > 0 {
			return wrong("names the secret %s, which would be in plain text there", secrets[0])
		}
	case kind.Each:
		for _, key := range sorted(c) {
			if err := proper(k, strings.ReplaceAll(name, "{name}", key), c[key]); err != nil {
				return err
			}
		}
	}
	return nil
}

// asset demands that what a file is made of is in the folder of a kind of the user's own. The built-in ones are tested.
func asset(k *kind.Kind, name string, wrong func(string, ...any) error) error {
	if !k.Own {
		return nil
	}
	if _, err := fs.Stat(k.Assets, strings.TrimSuffix(name, "/")); err != nil {
		return wrong("is built from %s, which is not in the folder of the kind", name)
	}
	return nil
}

func properObjects(all kind.Objects, wrong func(string, ...any) error) error {
	for i, o := range all {
		if str(o["apiVersion"]) == "" || str(o["kind"]) == "" || str(object(o["metadata"])["name"]) == "" {
			return wrong("has no apiVersion, kind or metadata.name in objects[%d]", i)
		}
		if secrets := value.InData(o); len(secrets) > 0 {
			return wrong("names the secret %s in objects[%d], where it would be in plain text; put it into a file below secret/ and refer to that", secrets[0], i)
		}
	}
	return nil
}

// contents are the fields of a row that make a file.
func contents() []string {
	return []string{"objects", "kustomization", "text", "verbatim", "template", "copy", "dotenv", "environment", "json", "requirements", "modules", "folder", "each"}
}

func whenOf(o map[string]any) kind.When {
	w := kind.When{Attribute: str(o["attribute"]), Derived: str(o["derived"]), Part: str(o["part"]), Sub: str(o["sub"])}
	for _, a := range objects(o["any"]) {
		w.Any = append(w.Any, whenOf(a))
	}
	return w
}

// contentOf decodes what a row says beside its condition.
func contentOf(row *kind.Row, o map[string]any) error {
	said := slices.DeleteFunc(contents(), func(name string) bool { _, ok := o[name]; return !ok })
	if len(said) != 1 {
		return fmt.Errorf("a file has one content, one of %s, not %d", strings.Join(contents(), ", "), len(said))
	}
	c, err := contentNamed(row.Pos, said[0], o)
	if err != nil {
		return err
	}
	row.Content, row.Mode, row.Secret = c, str(o["mode"]), secretIn(c) != ""
	role, given := o["role"].(string)
	if _, ok := c.(kind.Kustomization); ok {
		row.Role = cmp.Or(kind.Role(role), kind.Deploy)
	} else if given {
		return fmt.Errorf("role is for a kustomization, and not for %s", said[0])
	}
	return nil
}

// contentNamed is the content of a row under the name that says what it is.
func contentNamed(pos diag.Pos, name string, o map[string]any) (kind.Content, error) {
	data, comment := o[name], str(o["comment"])
	switch name {
	case "objects":
		return kind.Objects(objects(data)), nil
	case "kustomization":
		return kind.Kustomization{Object: object(data), Stray: strs(o["stray"])}, nil
	case "text":
		return kind.Text{Text: str(data), Comment: comment}, nil
	case "verbatim":
		return kind.Verbatim(str(data)), nil
	case "template":
		return kind.Template{Name: str(data), Comment: comment}, nil
	case "copy":
		return kind.Copy{Name: str(data), Header: boolean(o["header"], false), Comment: comment}, nil
	case "dotenv":
		all, err := groups(data)
		return kind.Dotenv(all), err
	case "environment":
		env := object(data)
		extra, err := groups(env["extra"])
		return kind.Environment{Of: str(env["of"]), Without: strs(env["without"]), Extra: extra}, err
	case "json":
		return kind.JSON{Data: data}, nil
	case "requirements":
		_, main := data.(string)
		return kind.Requirements{Main: main, Pins: strs(data)}, nil
	case "modules":
		return kind.Modules{}, nil
	case "folder":
		return kind.Folder{Of: str(data)}, nil
	}
	return eachOf(pos, object(data))
}

func eachOf(pos diag.Pos, items map[string]any) (kind.Content, error) {
	all := kind.Each{}
	for _, name := range sorted(items) {
		row := kind.Row{Pos: pos}
		if err := contentOf(&row, object(items[name])); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all[name] = row
	}
	return all, nil
}

// secretIn is what is secret in a content, in words, "" without: such a file must not be in plain text, whatever its kind says.
func secretIn(c kind.Content) string {
	switch c := c.(type) {
	case kind.Environment:
		return "the variables of " + c.Of
	case kind.JSON:
		if len(value.InData(c.Data)) > 0 {
			return "a secret"
		}
	case kind.Dotenv:
		for _, g := range c {
			for _, name := range sorted(g.Vars) {
				if value.IsSecret(g.Vars[name]) {
					return "the secret " + name
				}
			}
		}
	}
	return ""
}
