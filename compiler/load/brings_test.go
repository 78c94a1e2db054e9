package load

import (
	"reflect"
	"testing"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/parser"

	"platc.dev/platc/compiler/kind"
)

// What a rule may bring is known before there is an edge: also what stands below a condition, in a definition, or in a loop.
func TestRuleTellsWhatItMayBring(t *testing.T) {
	t.Parallel()
	ctx := cuecontext.New()
	for what, c := range map[string]struct {
		rule string
		want kind.Brings
	}{
		"nothing": {`doc: "x"`, kind.Brings{}},
		"values": {
			`requirements: ["b==1", "a==1"], modules: ["x/y"], out: {prefix: "P", env: {HOST: "h"}, defaults: D: "d", lists: L: [], names: N: [], requirements: ["b==1", "c==1"], parts: a: []}, in: {requirements: ["d==1"], modules: ["x/z"], parts: {c: [], b: []}}`,
			kind.Brings{
				Prefix: "P", Keys: []string{"D", "HOST", "L", "N"},
				Out: kind.Side{Requirements: []string{"a==1", "b==1", "c==1"}, Modules: []string{"x/y"}, Parts: []string{"a"}},
				In:  kind.Side{Requirements: []string{"d==1"}, Modules: []string{"x/z"}, Parts: []string{"b", "c"}},
			},
		},
		"conditions": {
			`#link: _, out: {prefix: "P", env: {A: "a", if #link.x {B: "b"}, for k in ["z"] {C: k}}}, if #link.x {in: parts: p: []}`,
			kind.Brings{Prefix: "P", Keys: []string{"A", "B", "C"}, In: kind.Side{Parts: []string{"p"}}},
		},
		"a prefix of the edge": {`#to: _, out: {prefix: "\(#to.name)", env: URL: "u"}`, kind.Brings{Prefix: "*", Keys: []string{"URL"}}},
		"a definition":         {`#Shared & {out: env: B: "b"}`, kind.Brings{Prefix: "S", Keys: []string{"A", "B"}, In: kind.Side{Parts: []string{"monitors"}}}},
		"an embedding":         {`#Shared, out: env: C: "c"`, kind.Brings{Prefix: "S", Keys: []string{"A", "C"}, In: kind.Side{Parts: []string{"monitors"}}}},
	} {
		rule := "{" + c.rule + "}"
		if what == "a definition" {
			rule = c.rule
		}
		source := "#Shared: {out: {prefix: \"S\", env: {A: \"a\", ...}, ...}, in: parts: monitors: [], ...}\nlinks: \"a -> b\": " + rule
		v := ctx.CompileString(source)
		if err := v.Err(); err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		f, err := parser.ParseFile("x.cue", source)
		if err != nil {
			t.Fatal(err)
		}
		top, _ := facts{cueAnswer{v}, nil}.at("links", "a -> b")
		got := brings(top, scope{own: topLevel([]*ast.File{f})}.find("links", "a -> b"))
		if !reflect.DeepEqual(empty(got), empty(c.want)) {
			t.Errorf("%s:\n%+v, want\n%+v", what, got, c.want)
		}
	}
}

// empty makes lists without elements nil.
func empty(b kind.Brings) kind.Brings {
	for _, list := range []*[]string{&b.Keys, &b.Out.Requirements, &b.Out.Modules, &b.Out.Parts, &b.In.Requirements, &b.In.Modules, &b.In.Parts} {
		if len(*list) == 0 {
			*list = nil
		}
	}
	return b
}
