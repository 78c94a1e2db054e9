package load

import (
	"crypto/sha256"
	"fmt"
	"maps"

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
		if row.Context, err = contextIn(file); err != nil {
			return err
		}
		k.Rows = append(k.Rows, row)
	}
	d.Asked = append(d.Asked, asked{Sort: "manifests", Of: k.Name, Path: []string{"manifests"}, Pos: f.place(p.root)})
	return nil
}

// manifests asks a kind for the rows of the build context, or for the others. What was asked in an earlier build is not asked again.
func (l *lib) manifests(k *kind.Kind, q *question, context bool) func(self, arch kind.Object) ([]kind.Row, error) {
	p := q.pkg
	return func(self, arch kind.Object) ([]kind.Row, error) {
		in := given{"self": self, "arch": arch}
		sum, kept := l.asked(p, k, context, in)
		if kept {
			if rows, err := l.rows(q, in, ownAnswer{}, l.recalled(sum), context); err == nil && len(rows) > 0 {
				return toldFrom(rows, sum), nil
			}
		}
		rows, all, own := l.toldAlike(k, q, in, context)
		if !own {
			var err error
			rows, err = ask(l, q, in, func(a answer) (rows []kind.Row, err error) {
				_, own = a.(ownAnswer)
				rows, all, err = l.answered(p.root, k, q, in, a, context)
				return rows, err
			})
			if err != nil {
				return nil, l.refused(p.root, k, q, in, all, context, err)
			}
		}
		if own && kept {
			l.remember(sum, all)
			rows = toldFrom(rows, sum)
		}
		return rows, nil
	}
}

// toldFrom says of rows what they were told from.
func toldFrom(rows []kind.Row, sum [sha256.Size]byte) []kind.Row {
	told := string(sum[:])
	for i := range rows {
		rows[i].Told = told
	}
	return rows
}

// refused is what is wrong with an answer; the last of what was told has it.
func (l *lib) refused(r root, k *kind.Kind, q *question, in given, all []told, context bool, err error) error {
	if context && len(all) > 0 {
		again := imagined(in["self"], in["arch"])
		_, fails := ask(l, q, again, func(a answer) ([]kind.Row, error) {
			rows, _, err := l.answered(r, k, q, again, a, context)
			return rows, err
		})
		if at := all[len(all)-1]; fails == nil {
			return kind.Mistake(r.own(), at.pos, fmt.Sprintf("the file %q of %s belongs to the build context, and reads the image that is made of it", at.path, k.Name),
				"read image and arch.images in rows without context: true, and what the image is named after in attrs")
		}
	}
	return r.mistakes(k.Pos, err)
}

// imagined is what the rows of a kind see once the images are known.
func imagined(self, arch kind.Object) given {
	self, arch = maps.Clone(self), maps.Clone(arch)
	self["image"], arch["images"] = "image:1", kind.Object{str(self["name"]): "image:1"}
	return given{"self": self, "arch": arch}
}

// answered is an answer as rows, and as it was told. Of an error, the last of what was told has it.
func (l *lib) answered(r root, k *kind.Kind, q *question, in given, a answer, context bool) ([]kind.Row, []told, error) {
	all, err := l.told(r, k, in, a, context)
	if err != nil {
		return nil, all, err
	}
	rows, err := l.rows(q, in, a, all, context)
	if err != nil {
		return nil, all[:len(rows)+1], err
	}
	for i, row := range rows {
		if err := writable(k, q, row); err != nil {
			return nil, all[:i+1], err
		}
	}
	return rows, all, nil
}

// told is what a kind says of the files of a component: of each its condition, and where that holds all else. Of an error, the last file has it.
func (l *lib) told(r root, k *kind.Kind, in given, manifests answer, context bool) ([]told, error) {
	files, known := manifests.field("files")
	if !known && len(k.Rows) > 0 {
		// CUE gives up on a whole package
		return nil, failure(manifests, "the files of %s cannot be evaluated", k.Name)
	}
	fields, err := files.fields()
	if err != nil {
		return nil, err
	}
	all := make([]told, 0, len(fields)+1)
	if a, ok := manifests.field("local"); ok && !context {
		t, err := l.local(r, k, a)
		all = append(all, t)
		if err != nil {
			return all, err
		}
	}
	for _, f := range fields {
		t := told{path: f.name, pos: f.place(r)}
		belongs, err := contextIn(f)
		if err == nil && belongs != context {
			continue
		}
		if err == nil {
			t.when, err = decoded(f, "when")
		}
		when := conditionOf(t.when)
		if name, lacks := underived(when, in["self"]); err == nil && lacks {
			err = failure(f.answer, "the file %q depends on derived.%s, which describe does not give", t.path, name)
		}
		if err == nil && when.Holds(in["self"]) {
			if t.data, err = l.content(r, k, t, f); err != nil {
				err = fmt.Errorf("%s: %w", t.path, r.mistakes(t.pos, err))
			}
		}
		all = append(all, t)
		if err != nil {
			return all, err
		}
	}
	return all, nil
}

// local is what a kind says of how a component runs on one machine: it is told as a row without a path.
func (l *lib) local(r root, k *kind.Kind, a answer) (told, error) {
	t := told{pos: part{name: "local", answer: a}.place(r)}
	if r.own() {
		if err := a.check(l.form.local, "what "+k.Name+" says of one machine"); err != nil {
			return t, err
		}
	}
	data, err := a.decode()
	if err != nil {
		return t, err
	}
	t.data = kind.Object{"local": data}
	return t, nil
}

// content decodes what a row says.
func (l *lib) content(r root, k *kind.Kind, t told, a answer) (kind.Object, error) {
	if r.own() {
		if err := l.checkRow(k, a, kind.Row{Path: t.path}); err != nil {
			return nil, err
		}
	}
	data, err := decodedFields(a)
	if err == nil {
		l.pool.fields(data)
	}
	return data, err
}

// rows are the rows of a component, with the content of those that are kept. Of an error, those before it.
func (l *lib) rows(q *question, in given, manifests answer, all []told, context bool) ([]kind.Row, error) {
	rows := make([]kind.Row, 0, len(all))
	for _, t := range all {
		row, err := l.row(q, in, manifests, t, context)
		if err != nil {
			return rows, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// row is the row of a file, with its content where it is kept.
func (l *lib) row(q *question, in given, manifests answer, t told, context bool) (kind.Row, error) {
	row := kind.Row{Path: t.path, Pos: t.pos, When: conditionOf(t.when), Context: context, Trace: l.trace(q, in, manifests, t)}
	if t.path == "" {
		row.Content = kind.Local{Said: object(t.data["local"])}
		return row, nil
	}
	if t.data == nil {
		return row, nil
	}
	if err := contentOf(&row, t.data); err != nil {
		return row, fmt.Errorf("%s: %w", row.Path, q.pkg.root.mistakes(row.Pos, err))
	}
	return row, nil
}

// writable finds what no file can be made of.
func writable(k *kind.Kind, q *question, row kind.Row) error {
	if row.Content == nil || row.Path == "" {
		return nil
	}
	if err := proper(k, row.Path, row); err != nil {
		return fmt.Errorf("%s: %w", row.Path, q.pkg.root.mistakes(row.Pos, err))
	}
	return nil
}

// trace gives the source of what was told of a file.
func (l *lib) trace(q *question, in given, manifests answer, t told) kind.Trace {
	switch {
	case t.path == "":
		return l.traced(q, in, manifests, "local")
	case t.data != nil:
		return l.traced(q, in, manifests, "files", t.path)
	}
	return nil
}

// checkRow holds a row to its form.
func (l *lib) checkRow(k *kind.Kind, a answer, row kind.Row) error {
	return a.check(l.form.row, fmt.Sprintf("the file %q of %s", row.Path, k.Name))
}

// underived is a derived value that a condition names and a component does not have.
func underived(w *kind.When, self kind.Object) (string, bool) {
	derived := object(self["derived"])
	for _, name := range namedIn(w, func(w kind.When) string { return w.Derived }) {
		if _, ok := derived[name]; !ok {
			return name, true
		}
	}
	return "", false
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

// contextIn says whether a row belongs to the build context.
func contextIn(row answer) (bool, error) {
	data, err := decoded(row, "context")
	return boolean(data, false), err
}
