package load

import (
	"fmt"

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
		k.Rows = append(k.Rows, row)
	}
	q := l.question("manifests", k.Name, p, "manifests")
	d.questions = append(d.questions, q)
	k.Manifests = func(self, arch kind.Object) ([]kind.Row, error) {
		in := given{"self": self, "arch": arch}
		sum, known := asked(k, in)
		if known {
			if rows, err := l.rows(q, in, ownAnswer{}, l.recalled(p, k, sum)); err == nil && len(rows) > 0 {
				return rows, nil
			}
		}
		rows, err := ask(l, q, in, func(a answer) ([]kind.Row, error) {
			all, err := l.told(p.root, k, in, a)
			if err != nil {
				return nil, err
			}
			if _, own := a.(ownAnswer); own && known {
				l.remember(p, sum, all)
			}
			rows, err := l.rows(q, in, a, all)
			if err == nil {
				err = properRows(k, q, rows)
			}
			return rows, err
		})
		if err != nil {
			return nil, p.root.mistakes(k.Pos, err)
		}
		return rows, nil
	}
	return nil
}

// told is what a kind says of the files of a component: of each its condition, and where that holds all else.
func (l *lib) told(r root, k *kind.Kind, in given, manifests answer) ([]told, error) {
	files, _ := manifests.field("files")
	fields, err := files.fields()
	if err != nil {
		return nil, err
	}
	all := make([]told, 0, len(fields))
	for _, f := range fields {
		t := told{path: f.name, pos: f.place(r)}
		if t.when, err = decoded(f, "when"); err != nil {
			return nil, err
		}
		if conditionOf(t.when).Holds(in["self"]) {
			if t.data, err = l.content(r, k, t, f); err != nil {
				return nil, fmt.Errorf("%s: %w", t.path, r.mistakes(t.pos, err))
			}
		}
		all = append(all, t)
	}
	return all, nil
}

// content decodes what a row says.
func (l *lib) content(r root, k *kind.Kind, t told, a answer) (kind.Object, error) {
	if r.own() {
		if err := l.checkRow(k, a, kind.Row{Path: t.path}); err != nil {
			return nil, err
		}
	}
	return decodedFields(a)
}

// rows are the rows of a component, with the content of those that are kept.
func (l *lib) rows(q *question, in given, manifests answer, all []told) ([]kind.Row, error) {
	rows := make([]kind.Row, 0, len(all))
	for _, t := range all {
		row := kind.Row{Path: t.path, Pos: t.pos, When: conditionOf(t.when)}
		if t.data != nil {
			if err := contentOf(&row, t.data); err != nil {
				return nil, fmt.Errorf("%s: %w", row.Path, q.pkg.root.mistakes(row.Pos, err))
			}
			row.Trace = traced(q, in, manifests, "files", row.Path)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// properRows says what no file can be made of.
func properRows(k *kind.Kind, q *question, rows []kind.Row) error {
	for _, row := range rows {
		if row.Content == nil {
			continue
		}
		if err := proper(k, row.Path, row); err != nil {
			return fmt.Errorf("%s: %w", row.Path, q.pkg.root.mistakes(row.Pos, err))
		}
	}
	return nil
}

// checkRow holds a row to its form.
func (l *lib) checkRow(k *kind.Kind, a answer, row kind.Row) error {
	return a.check(l.form.row, fmt.Sprintf("the file %q of %s", row.Path, k.Name))
}

// whenIn is the condition of a row, nil without.
func whenIn(row answer) (*kind.When, error) {
	data, err := decoded(row, "when")
	if err != nil {
		return nil, err
	}
	return conditionOf(data), nil
}

// conditionOf is a condition as data, nil without.
func conditionOf(data any) *kind.When {
	if data == nil {
		return nil
	}
	w := whenOf(object(data))
	return &w
}
