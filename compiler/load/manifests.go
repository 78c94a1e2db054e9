package load

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/value"
)

// manifests reads the file table: paths and conditions now, content when it is asked for.
func (l *lib) manifests(p *pkg, d *declarations, f facts) error {
	k := d.kind
	files, err := f.each("files")
	if err != nil {
		return err
	}
	for _, file := range files {
		row := kind.Row{Path: file.name, Pos: file.place(p.root)}
		if p.root.own() {
			if err := l.checkRow(k, file, row); err != nil {
				return err
			}
		}
		if row.When, err = whenIn(file); err != nil {
			return err
		}
		k.Rows = append(k.Rows, row)
	}
	q := l.question("manifests", k.Name, p, "manifests")
	d.questions = append(d.questions, q)
	k.Manifests = func(self, arch kind.Object) ([]kind.Row, error) {
		in := given{"self": self, "arch": arch}
		rows, err := ask(l, q, in, func(a answer) ([]kind.Row, error) { return l.rows(p.root, k, q, in, a) })
		if err != nil {
			return nil, p.root.mistakes(k.Pos, err)
		}
		return rows, nil
	}
	return nil
}

// rows are the rows of a component, with the content of those that are kept.
func (l *lib) rows(r root, k *kind.Kind, q *question, in given, manifests answer) ([]kind.Row, error) {
	files, _ := manifests.field("files")
	all, err := files.fields()
	if err != nil {
		return nil, err
	}
	rows := make([]kind.Row, 0, len(all))
	for _, f := range all {
		row := kind.Row{Path: f.name, Pos: f.place(r)}
		if row.When, err = whenIn(f); err != nil {
			return nil, err
		}
		if row.When.Holds(in["self"]) {
			if err := l.content(r, k, &row, f); err != nil {
				return nil, fmt.Errorf("%s: %w", row.Path, r.mistakes(row.Pos, err))
			}
			row.Trace = traced(q, in, manifests, "files", row.Path)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// content decodes what a row says beside its condition.
func (l *lib) content(r root, k *kind.Kind, row *kind.Row, a answer) error {
	if r.own() {
		if err := l.checkRow(k, a, *row); err != nil {
			return err
		}
	}
	o, err := decodedFields(a)
	if err != nil {
		return err
	}
	if err := contentOf(row, o); err != nil {
		return err
	}
	return proper(k, row.Path, *row)
}

// checkRow holds a row to its form.
func (l *lib) checkRow(k *kind.Kind, a answer, row kind.Row) error {
	return a.check(l.form.row, fmt.Sprintf("the file %q of %s", row.Path, k.Name))
}

// proper says what no file can be made of.
func proper(k *kind.Kind, name string, row kind.Row) error {
	wrong := func(format string, args ...any) error {
		return kind.Mistake(k.Own, row.Pos, fmt.Sprintf("the file %q of %s ", name, k.Name)+fmt.Sprintf(format, args...), kindHelp)
	}
	if local := strings.TrimSuffix(name, "/"); path.Clean(local) != local || !fs.ValidPath(local) || local == "." {
		return wrong("has no path below the folder of its component")
	}
	for _, asset := range []string{row.Template, row.Copy} {
		if asset == "" || !k.Own {
			continue
		}
		if _, err := fs.Stat(k.Assets, strings.TrimSuffix(asset, "/")); err != nil {
			return wrong("is made of %s, which is not in the folder of the kind", asset)
		}
	}
	for i, o := range row.Objects {
		if str(o["apiVersion"]) == "" || str(o["kind"]) == "" || str(object(o["metadata"])["name"]) == "" {
			return wrong("has no apiVersion, kind or metadata.name in objects[%d]", i)
		}
		if secrets := value.InData(o); len(secrets) > 0 {
			return wrong("names the secret %s in objects[%d], where it would be in plain text; put it into a file below secret/ and refer to that", secrets[0], i)
		}
	}
	if secrets := value.InData(row.Kustomization); len(secrets) > 0 {
		return wrong("names the secret %s, which would be in plain text there", secrets[0])
	}
	if len(value.InData(row.JSON)) > 0 && !strings.Contains("/"+name, "/secret/") {
		return wrong("holds a secret, but is not below secret/")
	}
	for _, g := range row.Dotenv {
		for _, variable := range sorted(g.Vars) {
			if value.IsSecret(g.Vars[variable]) && !strings.Contains("/"+name, "/secret/") {
				return wrong("holds the secret %s, but is not below secret/", variable)
			}
		}
	}
	for _, key := range sorted(row.Each) {
		each := row.Each[key]
		if err := proper(k, strings.ReplaceAll(name, "{name}", key), each); err != nil {
			return err
		}
	}
	return nil
}

// contents are the fields of a row that make a file.
func contents() []string {
	return []string{"objects", "kustomization", "text", "verbatim", "template", "copy", "dotenv", "environment", "json", "requirements", "modules", "each"}
}

// whenIn is the condition of a row, nil without.
func whenIn(row answer) (*kind.When, error) {
	data, err := decoded(row, "when")
	if err != nil || data == nil {
		return nil, err
	}
	w := whenOf(object(data))
	return &w, nil
}

func whenOf(o map[string]any) kind.When {
	w := kind.When{Attribute: str(o["attribute"]), Derived: str(o["derived"]), Part: str(o["part"]), Sub: str(o["sub"])}
	for _, a := range objects(o["any"]) {
		w.Any = append(w.Any, whenOf(a))
	}
	return w
}

func contentOf(row *kind.Row, o map[string]any) error {
	if n := len(slices.DeleteFunc(contents(), func(name string) bool { _, ok := o[name]; return !ok })); n != 1 {
		return fmt.Errorf("a file has one content, of %s, and not %d", strings.Join(contents(), ", "), n)
	}
	row.Mode, row.Comment, row.Header = str(o["mode"]), str(o["comment"]), boolean(o["header"], false)
	row.Template, row.Copy, row.Modules = str(o["template"]), str(o["copy"]), boolean(o["modules"], false)
	row.Kustomization, row.Stray = object(o["kustomization"]), strs(o["stray"])
	row.Objects = objects(o["objects"])
	row.Text, row.IsText = o["text"].(string)
	row.Verbatim, row.IsVerbatim = o["verbatim"].(string)
	row.JSON, row.IsJSON = o["json"]
	var err error
	if groupsData, ok := o["dotenv"]; ok {
		row.IsDotenv = true
		if row.Dotenv, err = groups(groupsData); err != nil {
			return err
		}
	}
	if env := object(o["environment"]); env != nil {
		row.Environment = &kind.Environment{Of: str(env["of"]), Without: strs(env["without"])}
		if row.Environment.Extra, err = groups(env["extra"]); err != nil {
			return err
		}
	}
	switch r := o["requirements"].(type) {
	case string:
		row.IsMain, row.Requirements = true, []string{}
	case []any:
		row.Requirements = strs(r)
	}
	each, ok := o["each"]
	if !ok {
		return nil
	}
	row.Each = map[string]kind.Row{}
	for name, item := range object(each) {
		sub := kind.Row{Pos: row.Pos}
		if err := contentOf(&sub, object(item)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		row.Each[name] = sub
	}
	return nil
}
