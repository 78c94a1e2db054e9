package load

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/eval"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	library "platc.dev/platc/cue"
)

// Strict is Architecture with the built-in kinds held to what a user's own kinds are held to.
func Strict(s Source) (*ir.Graph, *diag.List) {
	l := read([]root{{fs: library.FS, dir: "kinds", name: "cue"}})
	return s.first(l.out, l.list)
}

// first is the graph of an architecture, of several environments that of the first.
func (s Source) first(library *kind.Library, list *diag.List) (*ir.Graph, *diag.List) {
	all, _ := s.with(library, list, Choice{})
	return all[0].Graph, all[0].Findings
}

// Asked is a question with its inputs.
type Asked struct {
	Sort  string // "describe", "marks", "rule", "manifests"
	Name  string // of the question: "rule fastapi -> redis"
	In    map[string]kind.Object
	Where string // the architecture that asked
}

// Asking is a library whose questions are kept, and can be asked again.
type Asking struct {
	l         *lib
	questions map[string]*question
	keep      func(Asked)
}

// NewAsking reads the kinds of a library, with those of users.
func NewAsking(kinds, users fs.FS, keep func(Asked)) *Asking {
	roots := []root{{fs: kinds, dir: "kinds"}}
	if users != nil {
		roots = append(roots, root{fs: users, dir: ".", name: "kinds"})
	}
	return newAsking(roots, keep)
}

// Broken reads kinds that may have mistakes.
func Broken(kinds fs.FS) *Asking {
	return newAsking([]root{{fs: kinds, dir: "kinds", name: "cue"}}, nil)
}

func newAsking(roots []root, keep func(Asked)) *Asking {
	a := &Asking{l: read(roots), questions: map[string]*question{}, keep: keep}
	for _, q := range a.l.questions {
		a.questions[q.Sort+" "+q.Of] = q
	}
	for _, name := range sorted(a.l.out.Kinds) {
		a.wrapKind(name, a.l.out.Kinds[name])
	}
	for _, name := range sorted(a.l.out.Rules) {
		a.wrapRule(name, a.l.out.Rules[name])
	}
	return a
}

func (a *Asking) wrapKind(name string, k *kind.Kind) {
	describe, manifests := k.Describe, k.Manifests
	k.Describe = func(self, parent, arch kind.Object) (kind.Description, error) {
		a.kept(Asked{Sort: "describe", Name: "describe " + name, In: given{"self": self, "parent": parent, "arch": arch}})
		return describe(self, parent, arch)
	}
	if manifests == nil {
		return
	}
	k.Manifests = func(self, arch kind.Object) ([]kind.Row, error) {
		a.kept(Asked{Sort: "manifests", Name: "manifests " + name, In: given{"self": self, "arch": arch}})
		return manifests(self, arch)
	}
}

func (a *Asking) wrapRule(name string, r *kind.Rule) {
	apply, marks := r.Apply, r.Marks
	r.Apply = func(in kind.Input) (kind.Result, error) {
		a.kept(Asked{Sort: "rule", Name: "rule " + name, In: given{"from": in.From, "to": in.To, "link": in.Link, "arch": in.Arch, "identity": in.Identity}})
		return apply(in)
	}
	if marks == nil {
		return
	}
	r.Marks = func(link, from, arch kind.Object) (kind.Object, kind.Trace, error) {
		a.kept(Asked{Sort: "marks", Name: "rule " + name, In: given{"link": link, "from": from, "arch": arch}})
		return marks(link, from, arch)
	}
}

// kept keeps a question that a kind answers at all.
func (a *Asking) kept(asked Asked) {
	if a.keep != nil && a.questions[asked.Name] != nil {
		a.keep(asked)
	}
}

// Library is the kinds and rules.
func (a *Asking) Library() *kind.Library { return a.l.out }

// Graph makes the graph of an architecture with the kinds.
func (a *Asking) Graph(s Source) (*ir.Graph, *diag.List) {
	list := &diag.List{}
	return s.first(a.l.out, list)
}

// Has says whether there is such a question.
func (a *Asking) Has(name string) bool { return a.questions[name] != nil }

// Names lists the questions.
func (a *Asking) Names() []string { return sorted(a.questions) }

// ByCUE is the answer of CUE.
func (a *Asking) ByCUE(q Asked) (any, error) {
	a.l.engine.Lock()
	defer a.l.engine.Unlock()
	return read1(q, cueAnswer{a.l.askCUE(a.questions[q.Name], q.In)})
}

// ErrCUE says that the evaluator leaves a question to CUE.
var ErrCUE = errors.New("left to CUE")

// ByEvaluator is the answer of the evaluator.
func (a *Asking) ByEvaluator(q Asked) (any, error) {
	own, refused := a.questions[q.Name].own()
	if refused != nil {
		return nil, fmt.Errorf("%w: %s: %s", ErrCUE, refused.Pos, refused.Reason)
	}
	answer, err := own.Ask(q.In)
	if err != nil {
		return nil, err
	}
	return read1(q, ownAnswer{answer})
}

// Opened are answers of the evaluator that leave texts and whole numbers open.
type Opened struct{ memo eval.Memo[openedOnce] }

type openedOnce struct {
	mold  any
	whens map[string]*kind.When // of the files that it has, by path
	self  kind.Object
}

// Open is the answer of the evaluator with texts and whole numbers left open.
func (a *Asking) Open(q Asked) (*Opened, error) {
	o := &Opened{}
	return o, a.OpenInto(o, q)
}

// OpenInto adds an answer to others to the same question.
func (a *Asking) OpenInto(o *Opened, q Asked) error {
	own, refused := a.questions[q.Name].own()
	if refused != nil {
		return fmt.Errorf("%w: %s: %s", ErrCUE, refused.Pos, refused.Reason)
	}
	answer, err := own.AskOpen(q.In)
	if err != nil {
		return err
	}
	one := openedOnce{whens: map[string]*kind.When{}, self: q.In["self"]}
	data, err := read1(q, ownAnswer{answer})
	if err != nil {
		return err
	}
	if q.Sort == "manifests" {
		files, _ := ownAnswer{answer}.field("files")
		all, err := files.fields()
		if err != nil {
			return err
		}
		for _, f := range all {
			if one.whens[f.name], err = whenIn(f); err != nil {
				return err
			}
		}
	}
	one.mold = molded(data)
	o.memo.Keep(answer, q.In, one)
	return nil
}

// For is the answer to a question with other inputs, if one holds for them.
func (o *Opened) For(q Asked) (any, bool) {
	var p eval.Places
	one, ok := o.memo.Find(q.In, &p)
	for _, w := range one.whens {
		ok = ok && w.Holds(one.self) == w.Holds(q.In["self"])
	}
	if !ok {
		return nil, false
	}
	return filled(one.mold, &p), true
}

// Files tells which of its files a component has: their conditions are none of what is asked.
func (a *Asking) Files(q Asked) string {
	var b strings.Builder
	if q.Sort == "manifests" {
		for _, row := range a.l.out.Kinds[strings.TrimPrefix(q.Name, "manifests ")].Rows {
			fmt.Fprint(&b, row.When.Holds(q.In["self"]), " ")
		}
	}
	return b.String()
}

// read1 reads of an answer what the compiler reads of it.
func read1(q Asked, a answer) (any, error) {
	switch q.Sort {
	case "describe":
		return decodedFields(a)
	case "marks":
		return marksOf(a)
	case "rule":
		return partsOf(a)
	}
	files, _ := a.field("files")
	all, err := files.fields()
	if err != nil {
		return nil, err
	}
	rows := kind.Object{}
	for _, f := range all {
		w, err := whenIn(f)
		if err != nil {
			return nil, err
		}
		row := kind.Object{"when": w.String()}
		if w.Holds(q.In["self"]) {
			if row["content"], err = decodedFields(f); err != nil {
				return nil, err
			}
		}
		rows[f.name] = row
	}
	return rows, nil
}

// StrictLibrary is what is found in the built-in kinds where they are held to what a user's own kinds are held to.
func StrictLibrary() *diag.List {
	return read([]root{{fs: library.FS, dir: "kinds", name: "cue"}}).list
}
