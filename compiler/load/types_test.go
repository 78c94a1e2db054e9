package load

import (
	"errors"
	"fmt"
	"math/big"
	"path"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/parser"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/kind"
	library "platc.dev/platc/cue"
)

// newLib is a library before any kind was read.
func newLib() *lib {
	ctx := cuecontext.New()
	l := &lib{typer: typer{mu: &sync.Mutex{}, ctx: ctx}, modules: map[string]*build.Instance{}, list: &diag.List{}}
	l.build = build.NewContext(build.Loader(l.importInstance))
	schema := l.instance(root{fs: library.FS}, "schema", module+"/schema")
	l.shared, l.schema = topLevel(schema.Files), ctx.BuildInstance(schema)
	return l
}

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

// alike fails unless a type that was read off syntax is the same as the one that CUE gave.
func alike(t *testing.T, at string, plain, asked *kind.Type) {
	t.Helper()
	type shape struct {
		structure, mapping, list, quantity, optional, checked, keys, elem bool
		help, code                                                        string
		fields                                                            int
		value                                                             any
	}
	of := func(t *kind.Type) shape {
		s := shape{t.IsStruct, t.IsMap, t.IsList, t.Quantity, t.Optional, t.Check != nil, t.Keys != nil, t.Elem != nil, t.Help, t.Code, len(t.Fields), t.Default}
		if t.IsList && t.Default == nil {
			s.value = []any{} // a list that is not given is empty
		}
		return s
	}
	if a, b := of(plain), of(asked); !reflect.DeepEqual(a, b) {
		t.Errorf("%s: by syntax\n%+v, by CUE\n%+v", at, a, b)
		return
	}
	data := slices.Concat(scalars(), literals(plain), []any{[]any{}, []any{"x"}, kind.Object{}, kind.Object{"env": "X"}, kind.Object{"file": "x"}, kind.Object{"env": "X", "file": "x"}, kind.Object{"env": int64(1)}})
	for _, d := range data {
		if a, b := plain.Fits(d), asked.Fits(d); a != b {
			t.Errorf("%s: %#v fits by syntax: %v, by CUE: %v", at, d, a, b)
		}
	}
	for _, key := range []string{"", "a", "A", "a-b", "A_B", "example.com/team", "/x", strings.Repeat("x", 64), "1a"} {
		if plain.Keys != nil && plain.Keys(key) != asked.Keys(key) {
			t.Errorf("%s: the key %q", at, key)
		}
	}
	if plain.Elem != nil {
		alike(t, at+"[]", plain.Elem, asked.Elem)
	}
	required := func(fields []kind.Field) map[string]bool {
		m := map[string]bool{}
		for _, f := range fields {
			m[f.Name] = f.Required
		}
		return m
	}
	if a, b := required(plain.Fields), required(asked.Fields); !reflect.DeepEqual(a, b) {
		t.Errorf("%s has the fields %v by syntax, %v by CUE", at, a, b)
		return
	}
	for _, f := range plain.Fields {
		if asked := asked.Field(f.Name); asked.Doc != "" && f.Type.Doc != asked.Doc {
			t.Errorf("%s.%s: %q by syntax, %q by CUE", at, f.Name, f.Type.Doc, asked.Doc)
		}
		alike(t, at+"."+f.Name, f.Type, asked.Field(f.Name))
	}
}

// Attributes are read off the syntax where that is plain. CUE, which takes a hundred times as long, says the same of every attribute of every kind and rule.
func TestTypesAreTheSameBySyntaxAndByCUE(t *testing.T) {
	t.Parallel()
	l := newLib()
	plainly, asked := 0, 0
	compare := func(at string, s scope, v cue.Value, path ...string) {
		t.Helper()
		top := s.own[path[0]]
		if top == nil || !v.Exists() {
			t.Errorf("%s: there is nothing", at)
			return
		}
		f, s := s.find(&ast.StructLit{Elts: []ast.Decl{top}}, path...)
		byCUE, err := l.typeOf(v)
		if f == nil || err != nil {
			t.Errorf("%s: %v %v", at, f, err)
			return
		}
		bySyntax, err := s.fieldType(f, 0)
		if errors.Is(err, errSyntax) {
			asked++
			return
		}
		if err != nil {
			t.Errorf("%s: %v", at, err)
			return
		}
		plainly++
		alike(t, at, bySyntax, byCUE)
	}
	kinds, err := library.FS.ReadDir("kinds")
	if err != nil {
		t.Fatal(err)
	}
	compare("config", scope{own: l.shared}, l.schema.LookupPath(cue.MakePath(cue.Def("#Config"))), "#Config")
	for _, k := range kinds {
		inst := l.instance(root{fs: library.FS}, path.Join("kinds", k.Name()), module+"/kinds/"+k.Name())
		v := l.ctx.BuildInstance(inst)
		s := scope{own: topLevel(inst.Files), imports: map[string]map[string]*ast.Field{"schema": l.shared}}
		compare(k.Name(), s, lookup(v, "kind.attributes"), "kind", "attributes")
		for it, err := lookup(v, "kind.subs").Fields(); err == nil && it.Next(); {
			name := it.Selector().Unquoted()
			compare(k.Name()+"/"+name, s, lookup(it.Value(), "attributes"), "kind", "subs", name, "attributes")
		}
		for it, err := lookup(v, "links").Fields(); err == nil && it.Next(); {
			name := it.Selector().Unquoted()
			if a := lookup(it.Value(), "attributes"); a.Exists() {
				compare(name, s, a, "links", name, "attributes")
			}
		}
	}
	if plainly < 30 || asked > plainly/10 {
		t.Errorf("%d types were read off the syntax, %d had to be asked of CUE", plainly, asked)
	}
}

// Types of kinds of one's own may have any form. CUE itself is the judge of what fits them.
func TestTypesFitWhatCUEFits(t *testing.T) {
	t.Parallel()
	l := newLib()
	for text, plain := range map[string]bool{
		`string`: true, `int`: true, `float`: true, `number`: true, `bool`: true, `null`: true, `_`: true, `bytes`: false,
		`5`: true, `"x"`: true, `true`: true, `-1`: true, `0.5`: true, `"a\nb"`: true,
		`*5 | int`: true, `int | *5`: true, `*"x" | string`: true, `*false | bool`: true, `*null | string`: false, `string | null`: true,
		`"read" | "write"`: true, `*"read" | "write"`: true, `1 | 2 | "x"`: true, `int | *"auto"`: true, `-1 | *0`: true,
		`>=1 & <=80`: true, `int & >0`: true, `number & >0.5`: true, `>1 & <3 | "x"`: true, `!="x"`: true, `!=5`: true, `int & !=80`: true, `uint`: false, `uint16`: false, `uint & <10`: false, `>"b"`: false,
		`=~"^[a-z]+$"`: true, `!~"^a"`: true, `string & !=""`: true, `=~"^[a-z]" & !~"b$"`: true, `(int | string) & !=5`: true, `(int)`: true, `strings.MinRunes(2)`: false,
		`#Named`: true, `#Named | *"y"`: true, `*1 | #Small`: true, `#Nested.inner`: true, `#Small & >2`: true, `close({a: int})`: false,
	} {
		source := "import \"strings\"\n#Named: =~\"^[a-z]{1,3}$\"\n#Small: int & <=80\n#Nested: inner: int | string\n_used: strings.MinRunes(1)\nx: " + text + "\n"
		f, err := parser.ParseFile("x.cue", source, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		v := lookup(l.ctx.BuildFile(f), "x")
		s := scope{own: topLevel([]*ast.File{f})}
		types := map[string]*kind.Type{}
		if types["CUE"], err = l.typeOf(v); err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		bySyntax, err := s.fieldType(s.own["x"], 0)
		if (err == nil) != plain || err != nil && !errors.Is(err, errSyntax) {
			t.Errorf("%s: by syntax: %v", text, err)
		}
		if err == nil {
			types["syntax"] = bySyntax
		}
		for by, typ := range types {
			for _, d := range slices.Concat(scalars(), literals(typ)) {
				if typ.Check == nil {
					continue
				}
				want := v.Unify(l.ctx.Encode(d)).Validate(cue.Concrete(true)) == nil
				if got := typ.Check(d); got != want {
					t.Errorf("%s by %s: %#v fits: %v, CUE says %v", text, by, d, got, want)
				}
			}
			var want any
			if def, ok := v.Default(); (ok || v.IsConcrete()) && v.IncompleteKind() != cue.StructKind {
				want, _ = decode(def)
			}
			if !reflect.DeepEqual(typ.Default, want) {
				t.Errorf("%s by %s has the default %#v, CUE says %#v", text, by, typ.Default, want)
			}
		}
	}
}

// Structures of any form take data and refuse other data, in whichever way they were read.
func TestStructuresOfAnyForm(t *testing.T) {
	t.Parallel()
	type object = kind.Object
	l := newLib()
	for _, c := range []struct {
		text  string
		plain bool
		fits  []any
		not   []any
	}{
		{`[...string]`, true, []any{[]any{}, []any{"x"}}, []any{"x", []any{int64(1)}, object{}}},
		{`[...string] | *[]`, true, []any{[]any{}, []any{"x"}}, []any{[]any{int64(1)}}},
		{`*["a"] | [...string]`, true, []any{[]any{"b", "c"}}, []any{[]any{int64(1)}}},
		{`[string, int]`, false, []any{[]any{"x", int64(1)}}, []any{[]any{"x"}, []any{"x", "y"}, "x"}},
		{`["a"]`, false, []any{[]any{"a"}}, []any{[]any{"b"}, []any{}}},
		{`[...[...int]]`, true, []any{[]any{[]any{int64(1)}}}, []any{[]any{int64(1)}}},
		{`[...["a"]]`, false, []any{[]any{[]any{"a"}}}, []any{[]any{[]any{"b"}}}},
		{`[...{a!: int, b?: string}]`, true, []any{[]any{object{"a": int64(1)}}}, []any{[]any{object{}}, []any{object{"a": "x"}}}},
		{`{[string]: int}`, true, []any{object{}, object{"a": int64(1)}}, []any{object{"a": "x"}, []any{}, "x"}},
		{`{[string]: [...int]}`, true, []any{object{"a": []any{int64(1)}}}, []any{object{"a": []any{"x"}}}},
		{`{a: {b: {c!: int}}}`, true, []any{object{"a": object{"b": object{"c": int64(1)}}}}, []any{object{"a": object{"b": object{}}}, object{"x": int64(1)}}},
		{`{#Part, b: int}`, true, []any{object{"a": int64(1), "b": int64(1)}}, []any{object{"a": "x"}}},
		{`string | {env!: string} | {file!: string}`, true, []any{"x", object{"env": "X"}, object{"file": "x"}}, []any{int64(1), object{}, object{"env": int64(1)}, []any{}}},
		{`bool | {host!: string}`, true, []any{true, object{"host": "x"}}, []any{"x", object{}}},
		{`string | [...string]`, true, []any{"x", []any{"x"}}, []any{int64(1), []any{int64(1)}}},
		{`int | ["a"]`, false, []any{int64(1), []any{"a"}}, []any{"x", []any{"b"}}},
	} {
		source := "#Part: a: int\nx: " + c.text + "\n"
		f, err := parser.ParseFile("x.cue", source, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		s := scope{own: topLevel([]*ast.File{f})}
		bySyntax, err := s.fieldType(s.own["x"], 0)
		if (err == nil) != c.plain {
			t.Errorf("%s: by syntax: %v", c.text, err)
		}
		byCUE, err := l.typeOf(lookup(l.ctx.BuildFile(f), "x"))
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		for by, typ := range map[string]*kind.Type{"syntax": bySyntax, "CUE": byCUE} {
			if typ == nil {
				continue
			}
			for i, d := range slices.Concat(c.fits, c.not) {
				want := i < len(c.fits)
				list := &diag.List{}
				typ.Complete(asGiven(d), kind.Place{Path: "x", Subject: "x"}, list)
				if typ.Fits(d) != want || list.HasErrors() == want {
					t.Errorf("%s by %s: %v fits: %v, findings: %v", c.text, by, d, typ.Fits(d), list.Sorted())
				}
			}
		}
	}
}

// asGiven is data as a user would have written it.
func asGiven(data any) *kind.Given {
	g := &kind.Given{Concrete: true}
	switch d := data.(type) {
	case kind.Object:
		g.Struct = true
		for _, k := range sorted(d) {
			f := asGiven(d[k])
			f.Key = k
			g.Fields = append(g.Fields, f)
		}
	case []any:
		g.List = true
		for _, item := range d {
			g.Items = append(g.Items, asGiven(item))
		}
	default:
		g.Scalar = d
	}
	return g
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

// What would be read in two ways, or not at all, is refused.
func TestMisplacedKeysAreRefused(t *testing.T) {
	t.Parallel()
	l := newLib()
	source := `
x: {a: [string]: string @keys("^a")}
y: {a: {[string]: {[string]: int} @keys("^a")}}
z: {#P, p: 5}
#P: p: int
`
	f, err := parser.ParseFile("x.cue", source, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	s, v := scope{own: topLevel([]*ast.File{f})}, l.ctx.BuildFile(f)
	if _, err := l.fieldType(s, s.own["x"], lookup(v, "x")); err == nil || !strings.Contains(err.Error(), "@keys belongs after the values of a map") {
		t.Error(err)
	}
	y, err := l.fieldType(s, s.own["y"], lookup(v, "y"))
	if err != nil || y.Field("a").Keys != nil || y.Field("a").Elem.Keys == nil {
		t.Errorf("%v: keys of the map inside", err)
	}
	z, err := l.fieldType(s, s.own["z"], lookup(v, "z"))
	if err != nil || len(z.Fields) != 1 || !z.Fields[0].Type.Check(int64(5)) || z.Fields[0].Type.Check(int64(6)) {
		t.Errorf("%v: two declarations are one field", err)
	}
}
