package load

import (
	"fmt"
	"maps"
	"reflect"
	"testing"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/parser"

	"platc.dev/platc/compiler/eval"
	"platc.dev/platc/compiler/kind"
)

// FuzzMemo keeps the answers of random programs to several inputs in one memo: what it has for an input is what the program answers to that.
func FuzzMemo(f *testing.F) {
	for seed := range 256 {
		f.Add([]byte(fmt.Sprintf("%c%c%c seed %d of a program that says something", seed*3, seed*5, seed*29, seed*seed)))
	}
	f.Fuzz(func(t *testing.T, choices []byte) {
		if len(choices) > 400 {
			return
		}
		source := (&writer{choices: choices}).program()
		file, err := parser.ParseFile("p.cue", source)
		if err != nil {
			t.Skip()
		}
		q, refusal := eval.Compile(eval.Package{Path: "p", Files: func() []*ast.File { return []*ast.File{file} }}).Question("p", "out")
		if refusal != nil {
			return
		}
		var memo eval.Memo[any]
		for _, self := range otherInputs() {
			in := given{"self": self}
			want, err := answerTo(q.Ask(in))
			if got, ok := recalledFrom(&memo, in); ok {
				if err != nil || !reflect.DeepEqual(got, want) {
					t.Fatalf("%s\nthe memo has %#v for %v, where the answer is %#v, %v", source, got, self, want, err)
				}
				continue
			}
			a, err := q.AskOpen(in)
			data, failed := answerTo(a, err)
			if failed != nil {
				continue
			}
			memo.Keep(a, in, molded(data))
			if got, ok := recalledFrom(&memo, in); !ok || !reflect.DeepEqual(got, want) {
				t.Fatalf("%s\nwhat was kept of %v is %#v, %v, and the answer is %#v", source, self, got, ok, want)
			}
		}
	})
}

func answerTo(a *eval.Answer, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return a.Data()
}

func recalledFrom(memo *eval.Memo[any], in given) (any, bool) {
	var p eval.Places
	mold, ok := memo.Find(in, &p)
	if !ok {
		return nil, false
	}
	return filled(mold, &p), true
}

// otherInputs are inputs of programs that differ in a few places, and in which some values are the same.
func otherInputs() []kind.Object {
	changes := []kind.Object{
		{},
		{"name": "carts"},
		{"name": "b"},
		{"name": "x"},
		{"name": ""},
		{"name": "ö\x00\""},
		{"name": int64(7)},
		{"port": int64(1)},
		{"port": int64(7)},
		{"port": int64(-3)},
		{"port": "8080"},
		{"port": 1.5},
		{"on": false},
		{"off": true},
		{"names": []any{"a", "b", "c"}},
		{"names": []any{"b", "b"}},
		{"names": []any{}},
		{"names": []any{"x", "orders", "2"}},
		{"names": []any{int64(1)}},
		{"ports": []any{int64(8080), int64(5), int64(3)}},
		{"ports": []any{}},
		{"labels": kind.Object{"x": "2", "y": "1"}},
		{"labels": kind.Object{"orders": "1"}},
		{"labels": kind.Object{}},
		{"labels": kind.Object{"x": int64(1), "y": "orders"}},
		{"nested": kind.Object{"deep": kind.Object{"text": "orders", "number": int64(8080)}}},
		{"nested": kind.Object{}},
		{"empty": []any{"x"}},
		{"none": kind.Object{"missing": "x"}},
		{"missing": "there"},
		{"name": "carts", "port": int64(9), "names": []any{"z", "carts", "a"}},
		{"name": "1", "labels": kind.Object{"x": "carts", "y": "1"}},
	}
	all := make([]kind.Object, len(changes))
	for i, change := range changes {
		all[i] = programInput()
		maps.Copy(all[i], change)
	}
	return all
}

// TestWhatHoldsForOthers says of programs whether the answer for one input is found for another one, and that it is right then.
func TestWhatHoldsForOthers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		program     string
		kept, other kind.Object
		found       bool
	}{
		{"out: {#self: _, x: #self.a}", kind.Object{"a": "x"}, kind.Object{"a": "y"}, true},
		{"out: {#self: _, x: #self.a}", kind.Object{"a": "x"}, kind.Object{"a": int64(1)}, false},
		{"out: {#self: _, x: #self.a}", kind.Object{"a": int64(1)}, kind.Object{"a": int64(2)}, true},
		{"out: {#self: _, x: #self.a}", kind.Object{"a": true}, kind.Object{"a": false}, false},
		{"out: {#self: _, x: \"<\\(#self.a):\\(#self.b)>\"}", kind.Object{"a": "x", "b": int64(1)}, kind.Object{"a": "", "b": int64(-2)}, true},
		{"out: {#self: _, x: #self.a & #self.b}", kind.Object{"a": "x", "b": "x"}, kind.Object{"a": "y", "b": "y"}, true},
		{"out: {#self: _, x: #self.a & #self.b}", kind.Object{"a": "x", "b": "x"}, kind.Object{"a": "x", "b": "y"}, false},
		{"out: {#self: _, x: #self.a == #self.b}", kind.Object{"a": int64(1), "b": int64(1)}, kind.Object{"a": int64(2), "b": int64(3)}, false},
		{"out: {#self: _, x: *\"d\" | string, x: #self.a}", kind.Object{"a": "x"}, kind.Object{"a": "y"}, true},
		{"out: {#self: _, if #self.a == \"x\" {x: 1}}", kind.Object{"a": "y"}, kind.Object{"a": "z"}, true},
		{"out: {#self: _, if #self.a == \"x\" {x: 1}}", kind.Object{"a": "y"}, kind.Object{"a": "x"}, false},
		{"out: {#self: _, x: #self.a & >=1 & <=10}", kind.Object{"a": int64(1)}, kind.Object{"a": int64(10)}, true},
		{"out: {#self: _, x: #self.a & >=1 & <=10}", kind.Object{"a": int64(1)}, kind.Object{"a": int64(11)}, false},
		{"out: {#self: _, x: #self.a + 1}", kind.Object{"a": int64(1)}, kind.Object{"a": int64(41)}, true},
		{"out: {#self: _, (#self.a): 1, b: 2}", kind.Object{"a": "x"}, kind.Object{"a": "y"}, true},
		{"out: {#self: _, (#self.a): 1, b: 2}", kind.Object{"a": "x"}, kind.Object{"a": "b"}, false},
		{"out: {#self: _, (#self.a): 1, (#self.b): 1}", kind.Object{"a": "x", "b": "x"}, kind.Object{"a": "y", "b": "y"}, true},
		{"out: {#self: _, (#self.a): 1, (#self.b): 1}", kind.Object{"a": "x", "b": "x"}, kind.Object{"a": "y", "b": "z"}, false},
		{"out: {#self: _, x: {a: 1, b: 2}[#self.a]}", kind.Object{"a": "a"}, kind.Object{"a": "b"}, false},
		{"out: {#self: _, x: #self.m[#self.a]}", kind.Object{"a": "k", "m": kind.Object{"k": "v"}}, kind.Object{"a": "l", "m": kind.Object{"l": "w"}}, true},
		{"out: {#self: _, x: [if #self.m[#self.a] != _|_ {1}, 2][0]}", kind.Object{"a": "k", "m": kind.Object{}}, kind.Object{"a": "l", "m": kind.Object{"l": "w"}}, false},
		{"out: {#self: _, x: [for k, v in #self.m {\"\\(k)=\\(v)\"}]}", kind.Object{"m": kind.Object{"k": "v"}}, kind.Object{"m": kind.Object{"k": "w"}}, true},
		{"out: {#self: _, x: [for k, v in #self.m {\"\\(k)=\\(v)\"}]}", kind.Object{"m": kind.Object{"k": "v"}}, kind.Object{"m": kind.Object{"l": "v"}}, false},
		{"out: {#self: _, x: [for v in #self.l {v}]}", kind.Object{"l": []any{"a", "b"}}, kind.Object{"l": []any{"c", "c"}}, true},
		{"out: {#self: _, x: [for v in #self.l {v}]}", kind.Object{"l": []any{"a", "b"}}, kind.Object{"l": []any{"a"}}, false},
		{"import \"list\"\nout: {#self: _, x: list.SortStrings(#self.l)}", kind.Object{"l": []any{"a", "b"}}, kind.Object{"l": []any{"d", "c"}}, true},
		{"import \"strings\"\nout: {#self: _, x: strings.Split(#self.a, \"@\")[0]}", kind.Object{"a": "a@b"}, kind.Object{"a": "c@d"}, true},
		{"import \"strings\"\nout: {#self: _, x: strings.Split(#self.a, \"@\")[0]}", kind.Object{"a": "a@b"}, kind.Object{"a": "c"}, false},
		{"import \"encoding/json\"\nout: {#self: _, x: json.Marshal({a: #self.a, b: [#self.b]})}", kind.Object{"a": "x", "b": int64(1)}, kind.Object{"a": "\"", "b": int64(2)}, true},
		{"out: {#self: _, x: len(#self.a) > 2}", kind.Object{"a": "xyz"}, kind.Object{"a": "abcd"}, true},
		{"out: {#self: _, x: len(#self.a) > 2}", kind.Object{"a": "xyz"}, kind.Object{"a": "ab"}, false},
		{"out: {#self: _, x: #self.a}", kind.Object{"a": "x"}, kind.Object{"a": "x", "unread": "y"}, true},
		{"out: {#self: _, x: #self.a}", kind.Object{"a": kind.Object{"b": "x"}}, kind.Object{"a": kind.Object{"b": "x", "c": "y"}}, false},
		{"out: {#self: _, x: #self.a}", kind.Object{"a": "x"}, kind.Object{"a": "\ufdd00\ufdd1"}, false},
	} {
		file, err := parser.ParseFile("p.cue", "package p\n"+c.program)
		if err != nil {
			t.Fatal(err)
		}
		q, refusal := eval.Compile(eval.Package{Path: "p", Files: func() []*ast.File { return []*ast.File{file} }}).Question("p", "out")
		if refusal != nil {
			t.Fatal(refusal.Reason)
		}
		var memo eval.Memo[any]
		a, err := q.AskOpen(given{"self": c.kept})
		data, err := answerTo(a, err)
		if err != nil {
			t.Errorf("%s: %v", c.program, err)
			continue
		}
		memo.Keep(a, given{"self": c.kept}, molded(data))
		got, found := recalledFrom(&memo, given{"self": c.other})
		if found != c.found {
			t.Errorf("%s: %v is found for %v: %v", c.program, c.kept, c.other, found)
		}
		if want, err := answerTo(q.Ask(given{"self": c.other})); found && (err != nil || !reflect.DeepEqual(got, want)) {
			t.Errorf("%s: for %v it is %v, not %v, %v", c.program, c.other, got, want, err)
		}
	}
}
