package load

import (
	"fmt"
	"math/big"
	"regexp"
	"strings"
	"sync"

	"cuelang.org/go/cue"

	"platc.dev/platc/compiler/kind"
)

// typer turns CUE types into kind.Type. CUE is asked again only for constraints that it cannot turn into a Go function.
type typer struct {
	mu  *sync.Mutex
	ctx *cue.Context
}

func (t *typer) typeOf(v cue.Value) (*kind.Type, error) {
	typ := &kind.Type{Doc: docOf(v), Text: display(v)}
	t.attributes(typ, v, 0)
	if d, ok := v.Default(); (ok || v.IsConcrete()) && d.IncompleteKind() != cue.StructKind {
		data, err := decode(d)
		if err == nil {
			typ.Default = data
		}
	}
	if k := v.IncompleteKind(); k != cue.StructKind && k != cue.ListKind {
		var err error
		typ.Check, err = t.mixed(v)
		return typ, err
	}
	shape := structural(v)
	switch shape.IncompleteKind() {
	case cue.StructKind:
		return typ, t.structure(typ, shape)
	case cue.ListKind:
		elem := shape.LookupPath(cue.MakePath(cue.AnyIndex))
		if !elem.Exists() {
			break // a list of a fixed length is checked as a whole
		}
		var err error
		typ.IsList = true
		typ.Elem, err = t.typeOf(elem)
		return typ, err
	}
	typ.Check = t.checker(v)
	return typ, nil
}

// structural is the operand of a disjunction that has the structure: [...T] of `[...T] | *[]`.
func structural(v cue.Value) cue.Value {
	op, args := v.Expr()
	if op == cue.SelectorOp {
		if d := cue.Dereference(v); d.Pos() != v.Pos() {
			return structural(d)
		}
		return v
	}
	for _, a := range args {
		// Expr drops the default of a disjunction of lists, and is then no disjunction any more
		if a.IncompleteKind() == cue.ListKind && a.LookupPath(cue.MakePath(cue.AnyIndex)).Exists() {
			return a
		}
		if op == cue.OrOp && a.IncompleteKind() == cue.StructKind {
			return a
		}
	}
	return v
}

func (t *typer) structure(typ *kind.Type, v cue.Value) error {
	if elem := v.LookupPath(cue.MakePath(cue.AnyString)); elem.Exists() {
		var err error
		typ.IsMap = true
		if typ.Elem, err = t.typeOf(elem); err == nil && misplacedKeys(typ.Elem) {
			return failure(v, "@keys belongs after the values of a map: write {[string]: …} @keys(…)")
		}
		return err
	}
	typ.IsStruct = true
	it, err := v.Fields(cue.Optional(true))
	if err != nil {
		return err
	}
	for it.Next() {
		field, err := t.typeOf(it.Value())
		if err != nil {
			return err
		}
		kindOf := it.Selector().ConstraintType()
		field.Optional = kindOf == cue.OptionalConstraint
		typ.Fields = append(typ.Fields, kind.Field{Name: it.Selector().Unquoted(), Required: kindOf == cue.RequiredConstraint, Type: field})
	}
	return nil
}

// attributes reads @help, @quantity, @secret, @keys and @code of the field and of the definitions that it refers to.
func (t *typer) attributes(typ *kind.Type, v cue.Value, depth int) {
	for _, a := range v.Attributes(cue.ValueAttr) {
		switch a.Name() {
		case "help":
			if typ.Help == "" {
				typ.Help = unquote(a.Contents())
			}
		case "quantity":
			typ.Quantity = true
		case "secret":
			typ.Secret = true
		case "keys":
			if re, err := regexp.Compile(unquote(a.Contents())); err == nil {
				typ.Keys = re.MatchString
			}
		case "reserved":
			if re, err := regexp.Compile(unquote(a.Contents())); err == nil {
				typ.Reserved = re.MatchString
			}
		case "code":
			if typ.Code == "" {
				typ.Code = a.Contents()
			}
		}
	}
	if depth > 6 {
		return
	}
	if d := cue.Dereference(v); d.Pos() != v.Pos() {
		t.attributes(typ, d, depth+1)
	}
	if op, args := v.Expr(); op == cue.AndOp || op == cue.OrOp {
		for _, a := range args {
			if !a.IsConcrete() {
				t.attributes(typ, a, depth+1)
			}
		}
	}
}

func unquote(s string) string {
	if len(s) >= 2 && s[0] == '"' {
		return strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(s[1 : len(s)-1])
	}
	return s
}

// mixed is a check of scalars; where there are also structures to choose from, each alternative is a type of its own.
func (t *typer) mixed(v cue.Value) (func(any) bool, error) {
	op, args := v.Expr()
	if op != cue.OrOp || v.IncompleteKind()&(cue.StructKind|cue.ListKind) == 0 || v.IncompleteKind() == cue.TopKind {
		return t.checker(v), nil
	}
	checks := make([]func(any) bool, 0, len(args))
	for _, a := range args {
		alternative, err := t.typeOf(a)
		if err != nil {
			return nil, err
		}
		checks = append(checks, alternative.Fits)
	}
	return func(data any) bool { return some(checks, data) }, nil
}

// checker is a function that says whether concrete data fits a type.
func (t *typer) checker(v cue.Value) func(any) bool {
	if check := compileCheck(v, 0); check != nil {
		return check
	}
	return func(data any) bool {
		t.mu.Lock()
		defer t.mu.Unlock()
		return v.Unify(t.ctx.Encode(data)).Validate(cue.Concrete(true)) == nil
	}
}

// compileCheck turns literals, basic types, bounds, patterns, & and | into a Go function; nil for anything else.
func compileCheck(v cue.Value, depth int) func(any) bool {
	if depth > 12 {
		return nil
	}
	op, args := v.Expr()
	switch op {
	case cue.AndOp, cue.OrOp:
		checks := make([]func(any) bool, 0, len(args))
		for _, a := range args {
			check := compileCheck(a, depth+1)
			if check == nil {
				return nil
			}
			checks = append(checks, check)
		}
		if op == cue.AndOp {
			return func(data any) bool { return all(checks, data) }
		}
		return func(data any) bool { return some(checks, data) }
	case cue.RegexMatchOp, cue.NotRegexMatchOp:
		return compilePattern(op, args)
	case cue.GreaterThanOp, cue.GreaterThanEqualOp, cue.LessThanOp, cue.LessThanEqualOp, cue.NotEqualOp:
		return compileBound(op, args)
	case cue.NoOp:
		return compileBasic(v)
	}
	if d := cue.Dereference(v); d.Pos() != v.Pos() {
		return compileCheck(d, depth+1)
	}
	return nil
}

func all(checks []func(any) bool, data any) bool {
	for _, check := range checks {
		if !check(data) {
			return false
		}
	}
	return true
}

func some(checks []func(any) bool, data any) bool {
	for _, check := range checks {
		if check(data) {
			return true
		}
	}
	return false
}

func compilePattern(op cue.Op, args []cue.Value) func(any) bool {
	if len(args) != 1 {
		return nil
	}
	pattern, err := args[0].String()
	if err != nil {
		return nil
	}
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil
	}
	want := op == cue.RegexMatchOp
	return func(data any) bool {
		s, ok := data.(string)
		return ok && re.MatchString(s) == want
	}
}

func compileBound(op cue.Op, args []cue.Value) func(any) bool {
	if len(args) != 1 || args[0].IncompleteKind()&cue.NumberKind == 0 {
		return nil
	}
	limit, err := args[0].Float64()
	if err != nil {
		return nil
	}
	return func(data any) bool {
		n, ok := number(data)
		if !ok {
			return false
		}
		switch op {
		case cue.GreaterThanOp:
			return n > limit
		case cue.GreaterThanEqualOp:
			return n >= limit
		case cue.LessThanOp:
			return n < limit
		case cue.LessThanEqualOp:
			return n <= limit
		default:
			return n != limit
		}
	}
}

func number(data any) (float64, bool) {
	switch n := data.(type) {
	case int64:
		return float64(n), true
	case float64:
		return n, true
	case *big.Int:
		f, _ := new(big.Float).SetInt(n).Float64()
		return f, true
	}
	return 0, false
}

func compileBasic(v cue.Value) func(any) bool {
	if v.IsConcrete() {
		want, err := decode(v)
		if err != nil {
			return nil
		}
		switch want.(type) {
		case string, int64, float64, bool, nil:
			return func(data any) bool { return data == want }
		}
		return nil
	}
	kinds := v.IncompleteKind()
	// a bound that Expr does not split, such as the pattern of a definition, must not pass for its basic type
	switch display(v) {
	case "string", "int", "float", "number", "bool", "null", "_":
	default:
		return nil
	}
	if kinds == cue.TopKind {
		return basicCheck("_")
	}
	return func(data any) bool {
		switch data.(type) {
		case string:
			return kinds&cue.StringKind != 0
		case int64, *big.Int:
			return kinds&cue.IntKind != 0
		case float64:
			return kinds&cue.FloatKind != 0
		case bool:
			return kinds&cue.BoolKind != 0
		case nil:
			return kinds&cue.NullKind != 0
		}
		return false
	}
}

func display(v cue.Value) string { return fmt.Sprint(v) }

func docOf(v cue.Value) string {
	var b strings.Builder
	for _, group := range v.Doc() {
		b.WriteString(group.Text())
	}
	return strings.TrimSpace(b.String())
}
