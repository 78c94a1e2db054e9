package eval

import (
	"errors"

	"cuelang.org/go/cue/ast"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/kind"
)

// Package is a CUE package: its import path and the syntax trees of its files. The trees are only read.
type Package struct {
	Path  string
	Files []*ast.File
}

// Program is packages whose values can be asked for. It is safe on many goroutines.
type Program struct{}

// Compile takes the packages of a program; imports lead from one to another by path. CUE's own packages need not be given.
// Nothing is compiled before a question needs it, so that a mistake in one place refuses only the questions that reach it.
func Compile(packages ...Package) *Program { return &Program{} }

// Refusal says why a question is outside of what is evaluated here, in words for users: CUE has to answer it.
type Refusal struct {
	Pos    diag.Pos
	Reason string
}

// Question is the value at a path of a package, with what it declares as inputs (#self, #arch, …) open. It is safe on many goroutines.
type Question struct{}

// Question compiles the value at a path, as "kind", "describe" or "links", "a -> b", and all that it may reach.
// A path that nothing stands at is a question as well: its answer does not exist.
func (p *Program) Question(pkg string, path ...string) (*Question, *Refusal) {
	return nil, &Refusal{Reason: "nothing is compiled yet"}
}

// Has says whether the value declares a field, such as an input "#self" or "marks", in the literals that it is made of.
func (q *Question) Has(name string) bool { return false }

// Ask fills inputs in, by name without "#" ("self", "arch"), and gives the answer, which is evaluated as far as it is read.
// Inputs that the value does not declare are left out, and so are nil ones. What was given may not be changed while the answer is in use.
// Each error, of Ask or of the answer, means that CUE has to be asked, for the answer or for what is wrong with it.
func (q *Question) Ask(inputs map[string]kind.Object) (*Answer, error) {
	return nil, errors.New("nothing is compiled yet")
}

// Answer is a value, or a part of one. It belongs to one goroutine.
type Answer struct{}

// Look is the part at a path of keys (string) and indexes (int). It need not exist.
func (a *Answer) Look(path ...any) *Answer { return a }

// Exists says whether there is a value, be it a mistake or open.
func (a *Answer) Exists() bool { return false }

// Err evaluates all of the regular fields and items, and gives the first mistake. A value that is open, such as `string`, is none.
func (a *Answer) Err() error { return nil }

// Keys are the regular fields of a struct, in the order of the source.
func (a *Answer) Keys() ([]string, error) { return nil, nil }

// Pos is where the value's field or item is written; the zero value for what does not exist.
func (a *Answer) Pos() diag.Pos { return diag.Pos{} }

// Data is the value as plain data: maps, []any, string, int64, float64, bool and nil, without definitions, hidden and optional fields.
// It fails on mistakes, and on what is open. The caller may change what it gets.
func (a *Answer) Data() (any, error) { return nil, nil }

// Trace gives the source of the value at a path below; it is a kind.Trace. What does not exist has the source of the nearest part above it that does.
func (a *Answer) Trace(path ...any) kind.Source { return kind.Source{} }
