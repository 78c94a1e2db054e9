package load

import (
	"fmt"

	"cuelang.org/go/cue"

	"platc.dev/platc/compiler/kind"
)

// manifests reads the file table: paths and conditions now, content when it is asked for.
func (l *lib) manifests(r root, k *kind.Kind, v cue.Value, names map[string]bool) error {
	files := lookup(v, "files")
	it, err := files.Fields()
	if err != nil {
		return err
	}
	for it.Next() {
		row := kind.Row{Path: it.Selector().Unquoted(), Pos: r.place(it.Value())}
		if r.own() {
			if err := l.checkRow(k, it.Value(), row); err != nil {
				return err
			}
		}
		if row.When, err = when(lookup(it.Value(), "when")); err != nil {
			return err
		}
		k.Rows = append(k.Rows, row)
	}
	q := l.question(v, names)
	k.Manifests = func(self, arch kind.Object) ([]kind.Row, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		filled := l.ask(q, map[string]kind.Object{"self": self, "arch": arch})
		rows, err := l.rows(r, k, filled, self)
		if err != nil {
			return nil, r.mistakes(k.Pos, err)
		}
		return rows, nil
	}
	return nil
}

// rows are the rows of a component, with the content of those that are kept.
func (l *lib) rows(r root, k *kind.Kind, manifests cue.Value, self kind.Object) ([]kind.Row, error) {
	it, err := lookup(manifests, "files").Fields()
	if err != nil {
		return nil, err
	}
	var rows []kind.Row
	for it.Next() {
		row := kind.Row{Path: it.Selector().Unquoted(), Pos: r.place(it.Value())}
		if row.When, err = when(lookup(it.Value(), "when")); err != nil {
			return nil, err
		}
		if row.When.Holds(self) {
			if r.own() {
				err = l.checkRow(k, it.Value(), row)
			}
			if err == nil {
				err = content(&row, it.Value())
			}
			if err == nil {
				err = proper(k, row.Path, row)
			}
			if err != nil {
				return nil, fmt.Errorf("%s: %w", row.Path, r.mistakes(row.Pos, err))
			}
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// checkRow holds a row to its form.
func (l *lib) checkRow(k *kind.Kind, v cue.Value, row kind.Row) error {
	return check(l.form.row, v, fmt.Sprintf("the file %q of %s", row.Path, k.Name))
}
