package load

import (
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/parser"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/kind"
)

// scalars are data of every form; literals of the types themselves come on top.
func scalars() []any {
	huge, _ := new(big.Int).SetString("99999999999999999999", 10)
	all := []any{nil, true, false, huge, []byte("x"), 0.5, 1.0, 70000.5, ""}
	for _, n := range []int64{-1, 0, 1, 2, 3, 79, 80, 443, 1000, 1001, 1024, 3600, 3601, 8080, 65535, 65536, 2147483647, 2147483648} {
		all = append(all, n)
	}
	for _, s := range []string{
		"x", "X", "x y", "read", "write", "true", "null", "80", "100m", "1Gi", "1GiB", "18", "latest", "1.2.3", "1.2.3-rc.1", "a-b", "a_b", "-a", "a.b", "*", "/", "/api", "api", "../x", "/a/../b",
		"https://x.example.com", "ftp://x", "x.example.com", "X.example.com", "10.0.0.0/8", "10.0.0.0/33", "300.0.0.0/8", "::/0", "30s", "5", "0s", "15d", "1h30m", "postgres:18.1", "redis:latest", "bitnami/redis:1.2.3",
		"age1" + strings.Repeat("q", 58), "httpx==0.28.1", "httpx", "httpx[http2]==1.0", "select 1", strings.Repeat("x", 58), strings.Repeat("x", 64), "ü", "a\nb", "delete", "compact", "topic", "quorum", "STRICT", "ReadWriteOnce",
	} {
		all = append(all, s)
	}
	return all
}

// literals are the literals that stand in the text of a type, and their neighbours.
func literals(t *kind.Type) []any {
	var all []any
	for _, word := range strings.FieldsFunc(t.Text, func(r rune) bool { return strings.ContainsRune(" |&()[]{}<>=!~*,:\n\t", r) }) {
		if s, err := strconv.Unquote(word); err == nil {
			all = append(all, s, s+"x")
		} else if n, err := strconv.ParseInt(word, 10, 64); err == nil {
			all = append(all, n-1, n, n+1)
		}
	}
	if t.Default != nil {
		all = append(all, t.Default)
	}
	return all
}

// typeIn is the type of the field x of a file.
func typeIn(t *testing.T, source string) (*kind.Type, error) {
	t.Helper()
	f, err := parser.ParseFile("x.cue", source, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	s := scope{own: topLevel([]*ast.File{f})}
	return s.fieldType(s.own["x"], 0)
}

// CUE is the judge of what fits a type.
func TestTypesFitWhatCUEFits(t *testing.T) {
	t.Parallel()
	ctx := cuecontext.New()
	for _, text := range []string{
		`string`, `int`, `float`, `number`, `bool`, `null`, `_`,
		`5`, `"x"`, `true`, `-1`, `0.5`, `"a\nb"`,
		`*5 | int`, `int | *5`, `*"x" | string`, `*false | bool`, `string | null`,
		`"read" | "write"`, `*"read" | "write"`, `1 | 2 | "x"`, `int | *"auto"`, `-1 | *0`,
		`>=1 & <=80`, `int & >0`, `number & >0.5`, `>1 & <3 | "x"`, `!="x"`, `!=5`, `int & !=80`,
		`=~"^[a-z]+$"`, `!~"^a"`, `string & !=""`, `=~"^[a-z]" & !~"b$"`, `(int | string) & !=5`, `(int)`,
		`#Named`, `#Named | *"y"`, `*1 | #Small`, `#Nested.inner`, `#Small & >2`,
	} {
		source := "#Named: =~\"^[a-z]{1,3}$\"\n#Small: int & <=80\n#Nested: inner: int | string\nx: " + text + "\n"
		typ, err := typeIn(t, source)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		v := lookup(ctx.CompileString(source), "x")
		for _, d := range slices.Concat(scalars(), literals(typ)) {
			want := v.Unify(ctx.Encode(d)).Validate(cue.Concrete(true)) == nil
			if got := typ.Check.Holds(d); got != want {
				t.Errorf("%s: %#v fits: %v, CUE says %v", text, d, got, want)
			}
		}
		var want any
		if def, ok := v.Default(); ok || v.IsConcrete() {
			want, _ = decode(def)
		}
		if !reflect.DeepEqual(typ.Default, want) {
			t.Errorf("%s has the default %#v, CUE says %#v", text, typ.Default, want)
		}
	}
}

// What no type can be read of is a mistake at its line, with the form to write it in.
func TestOtherFormsOfTypesAreRefused(t *testing.T) {
	t.Parallel()
	for text, help := range map[string]string{
		`bytes`:                             "write it as string",
		`uint`:                              "write it as int & >=0",
		`uint16`:                            "write it as int with bounds",
		`uint & <10`:                        "write it as int & >=0",
		`>"b"`:                              "write it as a basic type",
		`*null | string`:                    "an optional field without a default",
		`*int | string`:                     "write it as *literal | type",
		`strings.MinRunes(2)`:               "write it as a pattern",
		`close({a: int})`:                   "write it as the struct itself",
		`=~"("`:                             "write it as a regular expression of Go",
		`#Nowhere`:                          "write it as a basic type",
		`#Loop`:                             "write it as a type that does not refer to itself",
		`[string, int]`:                     "write it as [...T]",
		`["a"]`:                             "write it as [...T]",
		`[...["a"]]`:                        "write it as [...T]",
		`int | ["a"]`:                       "write it as [...T]",
		`{a: int} | {b: int}`:               "one struct with optional fields",
		`{a: int, [string]: string}`:        "in an attribute of its own",
		`{[=~"^a"]: string}`:                `write it as {[string]: T} @keys("regexp")`,
		`{if true {a: int}}`:                "write it as fields",
		`{a: int, ...}`:                     "write it as fields",
		`{#P, p: 5}`:                        "write it as one field",
		`{a: int, a: <5}`:                   "write it as one field",
		`{_a: int}`:                         "write it as name: type",
		`{5, a: int}`:                       "write it as a definition whose fields are attributes",
		`{a: int} & 5`:                      "write it as one type",
		`{a: [string]: string @keys("^a")}`: `write it as {[string]: …} @keys(…)`,
	} {
		_, err := typeIn(t, "x: "+text+"\n#P: p: int\n#Loop: #Loop\n")
		m, ok := errors.AsType[*kind.Mistakes](err)
		if !ok || len(m.Found) != 1 || m.Found[0].Code != "E0101" || m.Found[0].Pos.Line != 1 && text != "#Loop" || !strings.Contains(m.Found[0].Help, help) {
			t.Errorf("%s: %v", text, err)
			if ok {
				t.Log(m.Found[0].Help)
			}
		}
	}
}

// Structures of any form take data and refuse other data.
func TestStructuresOfAnyForm(t *testing.T) {
	t.Parallel()
	type object = kind.Object
	for _, c := range []struct {
		text string
		fits []any
		not  []any
	}{
		{`[...]`, []any{[]any{}, []any{"x", int64(1), object{"a": []any{}}}}, []any{"x", object{}}},
		{`[...string]`, []any{[]any{}, []any{"x"}}, []any{"x", []any{int64(1)}, object{}}},
		{`[...string] | *[]`, []any{[]any{}, []any{"x"}}, []any{[]any{int64(1)}}},
		{`*["a"] | [...string]`, []any{[]any{"b", "c"}}, []any{[]any{int64(1)}}},
		{`[...[...int]]`, []any{[]any{[]any{int64(1)}}}, []any{[]any{int64(1)}}},
		{`[...{a!: int, b?: string}]`, []any{[]any{object{"a": int64(1)}}}, []any{[]any{object{}}, []any{object{"a": "x"}}}},
		{`{[string]: int}`, []any{object{}, object{"a": int64(1)}}, []any{object{"a": "x"}, []any{}, "x"}},
		{`{[string]: [...int]}`, []any{object{"a": []any{int64(1)}}}, []any{object{"a": []any{"x"}}}},
		{`{a: {b: {c!: int}}}`, []any{object{"a": object{"b": object{"c": int64(1)}}}}, []any{object{"a": object{"b": object{}}}, object{"x": int64(1)}}},
		{`{#Part, b: int}`, []any{object{"a": int64(1), "b": int64(1)}}, []any{object{"a": "x"}}},
		{`#Part & {b: int}`, []any{object{"a": int64(1), "b": int64(1)}}, []any{object{"a": "x"}}},
		{`string | {env!: string} | {file!: string}`, []any{"x", object{"env": "X"}, object{"file": "x"}}, []any{int64(1), object{}, object{"env": int64(1)}, []any{}}},
		{`bool | {host!: string}`, []any{true, object{"host": "x"}}, []any{"x", object{}}},
		{`string | [...string]`, []any{"x", []any{"x"}}, []any{int64(1), []any{int64(1)}}},
	} {
		typ, err := typeIn(t, "#Part: a: int\nx: "+c.text+"\n")
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		for i, d := range slices.Concat(c.fits, c.not) {
			want := i < len(c.fits)
			list := &diag.List{}
			typ.Complete(dataGiven(d, ""), kind.Place{Path: "x", Subject: "x"}, list)
			if typ.Fits(d) != want || list.HasErrors() == want {
				t.Errorf("%s: %v fits: %v, findings: %v", c.text, d, typ.Fits(d), list.Sorted())
			}
		}
	}
}

// Attributes may be written in several places of a kind.
func TestAttributesInSeveralPlacesAreOneStruct(t *testing.T) {
	t.Parallel()
	f, err := parser.ParseFile("x.cue", "kind: name: \"x\"\nkind: attributes: a: int\nkind: {#Base, attributes: b: string}\n#Base: attributes: c: bool\n")
	if err != nil {
		t.Fatal(err)
	}
	typ, err := scope{own: topLevel([]*ast.File{f})}.attributesOf("kind", "attributes")
	if err != nil || len(typ.Fields) != 3 {
		t.Fatalf("%+v %v", typ, err)
	}
}

func TestTextsOfTypesStandByThemselves(t *testing.T) {
	t.Parallel()
	f, err := parser.ParseFile("x.cue", `
#Small: 1 | 2
#Named: =~"^a"
#Nested: {inner: #Small}
#List: [...#Small]
x: {
	a: #Small
	b: *5 | #Small
	c: #Small & >1
	d: #Nested.inner | "x"
	e: [...#Named]
	f: *"y" | #Named
	g: (#Small)
	h: -1
}
`, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	s := scope{own: topLevel([]*ast.File{f})}
	typ, err := s.fieldType(s.own["x"], 0)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"a": "1 | 2", "b": "*5 | 1 | 2", "c": "(1 | 2) & >1", "d": `1 | 2 | "x"`, "e": `[...=~"^a"]`, "f": `*"y" | =~"^a"`, "g": "(1 | 2)", "h": "-1",
	} {
		if got := typ.Field(name).Text; got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	if deep := fmt.Sprint(s.expanded(&ast.Ident{Name: "#Nowhere"}, 0)); deep != "#Nowhere" {
		t.Error(deep)
	}
}

func TestKeysOfLabelsAreChecked(t *testing.T) {
	t.Parallel()
	_, list := files{"arch.cue": arch(good) + `config: labels: {"example.com/team": "a", "bad key": "b", team: "not a value"}`}.load(t)
	if got := found(list); !slices.Equal(got, []string{"E0104 arch.cue:6:43", "E0104 arch.cue:6:65"}) {
		t.Errorf("%q\n%s", got, said(list))
	}
}

// Keys of a map inside of a map are those of the inner one.
func TestKeysOfNestedMaps(t *testing.T) {
	t.Parallel()
	y, err := typeIn(t, `x: {a: {[string]: {[string]: int} @keys("^a")}}`)
	if err != nil || y.Field("a").Keys != nil || y.Field("a").Elem.Keys == nil {
		t.Errorf("%v: keys of the map inside", err)
	}
}
