package load

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"platc.dev/platc/compiler/kind"
	library "platc.dev/platc/cue"
)

// The facts of every built-in kind are written out, and are what the evaluator and CUE say.
func TestFactsAreTheSameHoweverTheyAreRead(t *testing.T) {
	t.Parallel()
	l := read([]root{{fs: library.FS, dir: "kinds"}})
	for _, dir := range (root{fs: library.FS, dir: "kinds"}).folders() {
		p := &pkg{root: root{fs: library.FS}, dir: dir, path: module + "/" + dir}
		p.parse()
		byCUE, err := l.declared(p, l.cueFacts(p))
		if err != nil || len(byCUE.failed) > 0 {
			t.Errorf("%s: %v", dir, err)
			continue
		}
		for by, f := range map[string]facts{"evaluator": l.ownFacts(p), "syntax": l.syntaxFacts(p)} {
			d, err := l.declared(p, f)
			if err != nil || *f.failed != nil || len(d.failed) > 0 {
				t.Errorf("%s by %s: %v %v %v", dir, by, err, *f.failed, d)
				continue
			}
			if a, b := asText(t, d), asText(t, byCUE); a != b {
				t.Errorf("%s by %s:\n%s\nCUE says\n%s", dir, by, a, b)
			}
		}
	}
}

// asText is what a kind declares, without functions, places and order.
func asText(t *testing.T, d *declarations) string {
	t.Helper()
	all := map[string]any{"kind": factsOf(d.kind)}
	for name, sub := range d.kind.Subs {
		all["kind "+name] = factsOf(sub)
	}
	for _, r := range d.rules {
		all[r.Name()] = []any{r.Doc, r.Inherit, r.Startup, r.Ports, r.FromPods, r.Through, r.Optional, r.Modules, r.InModules, r.Requirements, r.HasActs, r.Own, r.Identity, r.Brings, r.Marks != nil, typeText(r.Attributes)}
	}
	text, err := json.MarshalIndent(all, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func factsOf(k *kind.Kind) any {
	attributes, pattern := typeText(k.Attributes), ""
	if k.Names.Pattern != nil {
		pattern = k.Names.Pattern.String()
	}
	files := make([]string, len(k.Rows))
	for i, row := range k.Rows {
		files[i] = row.Path + " " + row.When.String()
	}
	slices.Sort(files)
	return []any{k.Name, k.Title, k.Doc, k.Parent, k.Provides, k.AtMost, k.Names.Not, k.Names.Help, pattern, k.Implied, k.Slots, k.Counts, k.Own, attributes, files}
}

func typeText(t *kind.Type) string {
	if t == nil {
		return ""
	}
	var text strings.Builder
	text.WriteString(t.Text)
	for _, f := range t.Fields {
		text.WriteString("\n" + f.Name + ": " + f.Type.Text)
	}
	return text.String()
}

// Whatever the compiler asks of a built-in kind is answered by the evaluator.
func TestBuiltInKindsAreEvaluatedFast(t *testing.T) {
	t.Parallel()
	costs := shared().Costs()
	if len(costs) == 0 {
		t.Fatal("there are no questions")
	}
	for _, c := range costs {
		if c.CUE {
			t.Errorf("%s of %s is left to CUE: %s: %s", c.Question, c.Of, c.Pos, c.Reason)
		}
	}
}

// The table of versions is read by the evaluator alone, from its one file, and is what CUE makes of the whole schema.
func TestVersionsAreWhatCUESays(t *testing.T) {
	t.Parallel()
	l := read([]root{{fs: library.FS, dir: "kinds"}})
	table := Versions()
	schema := l.engine.value(l.schema)
	for _, name := range []string{"versions", "pins"} {
		want, err := decode(lookup(schema, name))
		if err != nil {
			t.Fatal(err)
		}
		if got := table[name]; !reflect.DeepEqual(got, want) {
			t.Errorf("%s is\n%v\nCUE says\n%v", name, got, want)
		}
	}
}
