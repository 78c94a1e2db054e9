package load

import (
	"fmt"
	"maps"
	"slices"

	"platc.dev/platc/compiler/kind"
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
		if row.Context, err = contextIn(file); err != nil {
			return err
		}
		k.Rows = append(k.Rows, row)
	}
	q := l.question("manifests", k.Name, p, "manifests")
	d.questions = append(d.questions, q)
	k.Manifests = l.table(p.root, k, q, false)
	if slices.ContainsFunc(k.Rows, func(r kind.Row) bool { return r.Context }) {
		k.Context = l.table(p.root, k, q, true)
	}
	return nil
}

// table asks for the rows of the build context, or for the others.
func (l *lib) table(r root, k *kind.Kind, q *question, context bool) func(self, arch kind.Object) ([]kind.Row, error) {
	return func(self, arch kind.Object) ([]kind.Row, error) {
		var failed kind.Row
		asked := func(in given) ([]kind.Row, error) {
			return ask(l, q, in, func(a answer) (rows []kind.Row, err error) {
				rows, failed, err = l.rows(r, k, q, in, a, context)
				return rows, err
			})
		}
		rows, err := asked(given{"self": self, "arch": arch})
		if err == nil {
			return rows, nil
		}
		at := failed
		if _, again := asked(imagined(self, arch)); context && again == nil {
			return nil, kind.Mistake(r.own(), at.Pos, fmt.Sprintf("the file %q of %s belongs to the build context, and reads the image that is made of it", at.Path, k.Name),
				"read image and arch.images in rows without context: true, and what the image is named after in attrs")
		}
		return nil, r.mistakes(k.Pos, err)
	}
}

// imagined is what the rows of a kind see once the images are known.
func imagined(self, arch kind.Object) given {
	self, arch = maps.Clone(self), maps.Clone(arch)
	self["image"], arch["images"] = "image:1", kind.Object{str(self["name"]): "image:1"}
	return given{"self": self, "arch": arch}
}

// rows are the rows of a component, with the content of those that are kept; of an error, also the row that has it.
func (l *lib) rows(r root, k *kind.Kind, q *question, in given, manifests answer, context bool) (rows []kind.Row, failed kind.Row, err error) {
	files, _ := manifests.field("files")
	all, err := files.fields()
	if err != nil {
		return nil, failed, err
	}
	for _, f := range all {
		row := kind.Row{Path: f.name, Pos: f.place(r)}
		if row.Context, err = contextIn(f); err != nil {
			return nil, row, err
		}
		if row.Context != context {
			continue
		}
		if row.When, err = whenIn(f); err != nil {
			return nil, row, err
		}
		if row.When.Holds(in["self"]) {
			if err := l.content(r, k, &row, f); err != nil {
				return nil, row, fmt.Errorf("%s: %w", row.Path, r.mistakes(row.Pos, err))
			}
			row.Trace = traced(q, in, manifests, "files", row.Path)
		}
		rows = append(rows, row)
	}
	return rows, failed, nil
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

// whenIn is the condition of a row, nil without.
func whenIn(row answer) (*kind.When, error) {
	data, err := decoded(row, "when")
	if err != nil || data == nil {
		return nil, err
	}
	w := whenOf(object(data))
	return &w, nil
}

// contextIn says whether a row belongs to the build context.
func contextIn(row answer) (bool, error) {
	data, err := decoded(row, "context")
	return boolean(data, false), err
}
