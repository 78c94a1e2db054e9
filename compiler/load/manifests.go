package load

import (
	"fmt"

	"platc.dev/platc/compiler/kind"
)

// table reads the file table: paths and conditions.
func (l *lib) table(p *pkg, d *declarations, f facts) error {
	k := d.Kind
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
	d.Asked = append(d.Asked, asked{Sort: "manifests", Of: k.Name, Path: []string{"manifests"}, Pos: f.place(p.root)})
	return nil
}

// manifests asks a kind for the rows of a component.
func (l *lib) manifests(k *kind.Kind, q *question) func(self, arch kind.Object) ([]kind.Row, error) {
	return func(self, arch kind.Object) ([]kind.Row, error) {
		r, in := q.pkg.root, given{"self": self, "arch": arch}
		rows, err := ask(l, q, in, func(a answer) ([]kind.Row, error) { return l.rows(r, k, q, in, a) })
		if err != nil {
			return nil, r.mistakes(k.Pos, err)
		}
		return rows, nil
	}
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

// whenIn is the condition of a row, nil without.
func whenIn(row answer) (*kind.When, error) {
	data, err := decoded(row, "when")
	if err != nil || data == nil {
		return nil, err
	}
	w := whenOf(object(data))
	return &w, nil
}
