package load

import (
	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"

	"platc.dev/platc/compiler/kind"
)

// question is what a kind answers for a component or an edge: a value of the kind with the inputs that it declares (#self, #to, ...) still open.
type question struct {
	name     string // "describe postgresql", "rule fastapi -> redis"
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

func (l *lib) question(name string, v cue.Value, mentions map[string]bool) *question {
	q := &question{name: name, value: v, mentions: mentions}
	for _, input := range inputs() {
		if v.LookupPath(cue.MakePath(cue.Def("#" + input))).Exists() {
			q.declared = append(q.declared, input)
		}
	}
	l.questions = append(l.questions, q)
	return q
}

// ask gives what read makes of the answer.
func ask[T any](l *lib, q *question, in given, read func(answer) (T, error)) (T, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return read(cueAnswer{l.askCUE(q, in)})
}

// askCUE fills the inputs in and gives the value; CUE evaluates it once, when it is read.
// What a node has and nothing refers to is left out: a server with a thousand clients would otherwise hand all of them to each of its edges.
func (l *lib) askCUE(q *question, in given) cue.Value {
	filled := l.ctx.CompileString("{}")
	for _, name := range q.declared {
		if in[name] == nil {
			continue
		}
		filled = filled.FillPath(cue.MakePath(cue.Def("#"+name)), q.mentioned(in[name]))
	}
	return q.value.Unify(filled)
}

func (q *question) mentioned(o kind.Object) kind.Object {
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

// mentions lists the names that syntax refers to: identifiers, fields and strings.
func mentions(nodes ...ast.Node) map[string]bool {
	all := map[string]bool{}
	for _, n := range nodes {
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
	}
	return all
}
