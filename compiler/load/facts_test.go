package load

import (
	"cmp"
	"reflect"
	"slices"
	"testing"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/kind"
	library "platc.dev/platc/cue"
)

// The facts of every built-in kind are written out, and are what the evaluator and CUE say, and where.
func TestFactsAreTheSameHoweverTheyAreRead(t *testing.T) {
	t.Parallel()
	l := read([]root{{fs: library.FS, dir: "kinds"}})
	for _, p := range builtInKinds() {
		byCUE, err := l.declared(p, l.cueFacts(p))
		if err != nil || len(byCUE.failed) > 0 {
			t.Errorf("%s: %v", p.dir, err)
			continue
		}
		for by, f := range map[string]facts{"evaluator": l.ownFacts(p), "syntax": l.syntaxFacts(p)} {
			d, err := l.declared(p, f)
			if err != nil || *f.failed != nil || len(d.failed) > 0 {
				t.Errorf("%s by %s: %v %v %v", p.dir, by, err, *f.failed, d)
				continue
			}
			if a, b := sortedGo(t, d), sortedGo(t, byCUE); a != b {
				i := firstDifference(a, b)
				t.Errorf("%s by %s: …%s\nCUE says …%s", p.dir, by, a[i:min(i+200, len(a))], b[i:min(i+200, len(b))])
			}
		}
	}
}

// sortedGo is what a kind declares, with files in order of path: CUE has those of what is embedded first. A file that is declared in several places
// has several, of which each way of reading takes another.
func sortedGo(t *testing.T, d *declarations) string {
	t.Helper()
	slices.SortFunc(d.Kind.Rows, func(a, b kind.Row) int { return cmp.Compare(a.Path, b.Path) })
	for i := range d.Kind.Rows {
		d.Kind.Rows[i].Pos = diag.Pos{}
	}
	return asGo(t, d)
}

// asGo is a value without functions and what is only in memory.
func asGo(t *testing.T, v any) string {
	t.Helper()
	return (&goWriter{t: t}).value(reflect.ValueOf(v))
}

// firstDifference is a bit before where two texts part.
func firstDifference(a, b string) int {
	i := 0
	for i < min(len(a), len(b)) && a[i] == b[i] {
		i++
	}
	return max(0, i-60)
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
