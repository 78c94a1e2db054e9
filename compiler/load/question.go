package load

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/eval"
	"platc.dev/platc/compiler/kind"
)

// asked is where a question stands in a kind.
type asked struct {
	Sort  string   // "describe", "manifests", "rule"; that about marks is a part of the last
	Of    string   // the kind or the rule: "postgresql", "fastapi -> redis"
	Path  []string // in the package
	Pos   diag.Pos
	Marks bool // a rule says something of its target before it is applied
}

// question is what a kind answers for a component or an edge: a value of the kind with the inputs that it declares (#self, #to, ...) still open.
type question struct {
	asked
	pkg *pkg

	own func() (*eval.Question, *eval.Refusal) // of the evaluator, unless it leaves the question to CUE

	cue *cueQuestion // nil until CUE is asked; guarded by the lock of CUE
}

// cueQuestion is a question as CUE is asked it.
type cueQuestion struct {
	value    cue.Value
	declared []string        // of the inputs that there are
	mentions map[string]bool // names that the value, or the schema, ever refers to
}

// given are the inputs of a question, by name.
type given = map[string]kind.Object

// inputs are all that a kind may declare.
func inputs() []string {
	return []string{"arch", "from", "identity", "link", "parent", "self", "to"}
}

func (l *lib) question(p *pkg, a asked) *question {
	return &question{asked: a, pkg: p, own: sync.OnceValues(func() (*eval.Question, *eval.Refusal) { return l.program.Question(p.path, a.Path...) })}
}

// ask gives what read makes of the answer. The evaluator answers, on as many goroutines as ask. What it refuses, or takes for a mistake, is asked of CUE:
// its answer, or its words for the mistake, are what counts. Where the architecture has errors, nothing is written, and files that a built-in kind cannot make are those
// of components in error: CUE, which takes several times as long, is not asked for them.
func ask[T any](l *lib, q *question, in given, read func(answer) (T, error)) (T, error) {
	if own, refused := q.own(); refused == nil {
		got, err := askOwn(own, in, read)
		if err == nil || q.Sort == "manifests" && !q.pkg.root.own() && l.out.Mistaken.Load() {
			return got, err
		}
	}
	l.engine.Lock()
	defer l.engine.Unlock()
	return read(cueAnswer{l.askCUE(q, in)})
}

func askOwn[T any](q *eval.Question, in given, read func(answer) (T, error)) (got T, err error) {
	a, err := q.Ask(in)
	if err != nil {
		return got, err
	}
	return read(ownAnswer{a})
}

// askCUE fills the inputs in and gives the value; CUE evaluates it once, when it is read.
// What a node has and nothing refers to is left out: a server with a thousand clients would otherwise hand all of them to each of its edges.
func (l *lib) askCUE(q *question, in given) cue.Value {
	if q.cue == nil {
		q.cue = l.cueQuestion(q)
	}
	filled := l.engine.ctx.CompileString("{}")
	for _, name := range q.cue.declared {
		if in[name] == nil {
			continue
		}
		filled = filled.FillPath(cue.MakePath(cue.Def("#"+name)), q.cue.mentioned(in[name]))
	}
	return q.cue.value.Unify(filled)
}

func (l *lib) cueQuestion(q *question) *cueQuestion {
	c := &cueQuestion{value: l.engine.value(q.pkg), mentions: mentions(q.pkg.files(), l.schema.files())}
	for _, name := range q.Path {
		c.value = c.value.LookupPath(cue.MakePath(cue.Str(name)))
	}
	for _, input := range inputs() {
		if c.value.LookupPath(cue.MakePath(cue.Def("#" + input))).Exists() {
			c.declared = append(c.declared, input)
		}
	}
	return c
}

// traced gives the source of a value of an answer, or of a part of it. The question is asked again when somebody wants to know, and not kept for that:
// answers take ten times the memory of what is made of them.
func (l *lib) traced(q *question, in given, a answer, part ...any) kind.Trace {
	// a kind of the user's own may have mistakes, which are shown at their places
	if l.out.Untraced && !q.pkg.root.own() {
		return nil
	}
	return tracing(q, in, a, part...)
}

// tracedFor is traced, and that too where something wrong was found: it may rest on what was refused.
func (l *lib) tracedFor(found []kind.Finding, q *question, in given, a answer) kind.Trace {
	if slices.ContainsFunc(found, func(f kind.Finding) bool { return strings.HasPrefix(f.Code, "E") }) {
		return tracing(q, in, a)
	}
	return l.traced(q, in, a)
}

func tracing(q *question, in given, a answer, part ...any) kind.Trace {
	if _, ok := a.(ownAnswer); !ok {
		return nil
	}
	var mu sync.Mutex
	again := sync.OnceValue(func() *eval.Answer {
		own, _ := q.own()
		whole, err := own.Ask(in)
		if err != nil {
			return nil
		}
		return whole.Look(part...)
	})
	return func(path ...any) kind.Source {
		mu.Lock()
		defer mu.Unlock()
		if a := again(); a != nil {
			return a.Trace(path...)
		}
		return kind.Source{}
	}
}

func (q *cueQuestion) mentioned(o kind.Object) kind.Object {
	kept := make(kind.Object, len(o))
	for k, v := range o {
		if !q.mentions[k] {
			continue
		}
		if k == "parent" {
			v = q.mentioned(object(v))
		}
		kept[k] = v
	}
	return kept
}

// mentions lists the names that files refer to: identifiers, fields and strings.
func mentions(packages ...[]*ast.File) map[string]bool {
	all := map[string]bool{}
	for _, files := range packages {
		for _, f := range files {
			maps.Copy(all, mentionedIn(f))
		}
	}
	return all
}

func mentionedIn(n ast.Node) map[string]bool {
	all := map[string]bool{}
	ast.Walk(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Ident:
			all[n.Name] = true
		case *ast.BasicLit:
			if s, ok := literalData(n); ok {
				if name, ok := s.(string); ok {
					all[name] = true
				}
			}
		}
		return true
	}, nil)
	return all
}
