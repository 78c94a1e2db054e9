package eval_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/parser"

	"platc.dev/platc/compiler/eval"
	"platc.dev/platc/compiler/kind"
)

// source is a package whose field x is asked for.
func source(body string) string {
	var imports strings.Builder
	for _, path := range []string{"list", "strings", "strconv", "regexp", "math", "net", "crypto/sha256", "crypto/sha1", "crypto/md5", "encoding/hex", "encoding/base64", "encoding/json"} {
		if strings.Contains(body, path[strings.LastIndex(path, "/")+1:]+".") {
			imports.WriteString("import \"" + path + "\"\n")
		}
	}
	return "package p\n" + imports.String() + body
}

func parse(t *testing.T, body string) *ast.File {
	t.Helper()
	f, err := parser.ParseFile("p.cue", source(body), parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// byCUE is what CUE says of the field x with inputs.
func byCUE(t *testing.T, body string, inputs map[string]kind.Object) (any, error) {
	t.Helper()
	inst := build.NewContext().NewInstance("p", nil)
	inst.ImportPath = "example.com/p"
	if err := inst.AddSyntax(parse(t, body)); err != nil {
		return nil, err
	}
	if err := inst.Complete(); err != nil {
		return nil, err
	}
	ctx := cuecontext.New()
	v := ctx.BuildInstance(inst)
	v = v.LookupPath(cue.MakePath(cue.Str("x")))
	filled := ctx.CompileString("{}")
	for name, o := range inputs {
		filled = filled.FillPath(cue.MakePath(cue.Def("#"+name)), o)
	}
	if len(inputs) > 0 {
		v = v.Unify(filled)
	}
	if err := v.Err(); err != nil {
		return nil, err
	}
	data, err := v.MarshalJSON()
	if err != nil {
		return nil, err
	}
	return plain(t, data)
}

func plain(t *testing.T, data []byte) (any, error) {
	t.Helper()
	var all any
	d := json.NewDecoder(strings.NewReader(string(data)))
	d.UseNumber()
	if err := d.Decode(&all); err != nil {
		t.Fatal(err)
	}
	return numbers(all), nil
}

// numbers makes numbers of JSON comparable: 2.0 is 2 there.
func numbers(data any) any {
	switch x := data.(type) {
	case json.Number:
		f, err := x.Float64()
		if err != nil {
			return x.String()
		}
		return f
	case int64:
		return float64(x)
	case map[string]any:
		for k := range x {
			x[k] = numbers(x[k])
		}
	case []any:
		for i := range x {
			x[i] = numbers(x[i])
		}
	}
	return data
}

var errRefused = errors.New("refused")

func program(t *testing.T, body string) *eval.Program {
	t.Helper()
	return eval.Compile(eval.Package{Path: "example.com/p", Files: func() []*ast.File { return []*ast.File{parse(t, body)} }})
}

func byEvaluator(t *testing.T, body string, inputs map[string]kind.Object) (any, error) {
	t.Helper()
	q, r := program(t, body).Question("example.com/p", "x")
	if r != nil {
		return nil, errors.Join(errRefused, errors.New(r.Pos.String()+": "+r.Reason))
	}
	a, err := q.Ask(inputs)
	if err != nil {
		return nil, err
	}
	if err := a.Err(); err != nil {
		return nil, err
	}
	data, err := a.Data()
	return numbers(data), err
}

// agree holds the evaluator against CUE. It may leave what it does not know to CUE, but never answer otherwise; answers says that it does answer.
func agree(t *testing.T, body string, inputs map[string]kind.Object, answers bool) {
	t.Helper()
	want, cueErr := byCUE(t, body, inputs)
	got, err := byEvaluator(t, body, inputs)
	switch {
	case err == nil && cueErr != nil:
		t.Errorf("%s\nthe evaluator answers %v, CUE fails: %v", body, got, cueErr)
	case err == nil && !reflect.DeepEqual(got, want):
		t.Errorf("%s\nthe evaluator answers\n\t%v\nCUE says\n\t%v", body, got, want)
	case err != nil && cueErr == nil && answers:
		t.Errorf("%s\nthe evaluator fails: %v\nCUE says\n\t%v", body, err, want)
	case answers && cueErr != nil:
		t.Errorf("%s\nCUE fails: %v", body, cueErr)
	}
}
