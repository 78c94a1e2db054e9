package load_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/format"
	"cuelang.org/go/cue/literal"
	"cuelang.org/go/cue/parser"
	"cuelang.org/go/cue/token"

	"platc.dev/platc/bench"
	"platc.dev/platc/compiler/fixture"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/load"
	"platc.dev/platc/compiler/pass"
	library "platc.dev/platc/cue"
	"platc.dev/platc/passes"
)

// whole says whether the tests of this file ask everything, and not a sample.
func whole() bool { return os.Getenv("PLATC_EVALUATOR") == "all" }

// architectures are what is compiled, so that kinds are asked: folder -> arch.cue, "" for a folder that exists.
func architectures(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	examples, err := filepath.Glob("../../examples/*/arch.cue")
	if err != nil || len(examples) == 0 {
		t.Fatal(examples, err)
	}
	for _, name := range examples {
		all[filepath.Dir(name)] = ""
	}
	graphs, err := fixture.Graphs(whole())
	if err != nil {
		t.Fatal(err)
	}
	for name, source := range graphs {
		if testing.Short() && name != "all-links" {
			continue
		}
		if whole() || !strings.HasPrefix(name, "link-") && !strings.HasPrefix(name, "switches-") {
			all[name] = string(source)
		}
	}
	if testing.Short() {
		return all
	}
	byHand, err := filepath.Glob("../../e2e/graphs/byhand/*.cue")
	if err != nil || len(byHand) == 0 {
		t.Fatal(byHand, err)
	}
	folders, err := filepath.Glob("../../e2e/graphs/byhand/*/arch.cue")
	if err != nil || len(folders) == 0 {
		t.Fatal(folders, err)
	}
	for _, name := range folders {
		all[filepath.Dir(name)] = ""
	}
	for _, name := range byHand {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = string(data)
	}
	for seed := range uint64(5) {
		if whole() {
			all[fmt.Sprintf("generated-%d", seed)] = bench.Generate(40, seed)
		}
	}
	return all
}

// everything is what questions gives: asked once, and one test at a time has it.
var everything struct {
	sync.Mutex

	byKinds map[*load.Asking][]load.Asked
}

// questions compiles architectures and gives every question that was asked meanwhile, once each. They are the test's own until it ends.
func questions(t *testing.T) map[*load.Asking][]load.Asked {
	t.Helper()
	everything.Lock()
	t.Cleanup(everything.Unlock)
	if everything.byKinds == nil {
		everything.byKinds = askedFor(t)
	}
	all := map[*load.Asking][]load.Asked{}
	for kinds, asked := range everything.byKinds {
		all[kinds] = slices.Clone(asked)
	}
	return all
}

func askedFor(t *testing.T) (byKinds map[*load.Asking][]load.Asked) {
	t.Helper()
	byKinds = map[*load.Asking][]load.Asked{}
	seen, seed := map[uint64]bool{}, maphash.MakeSeed()
	var where string
	var asked []load.Asked
	var one sync.Mutex // kinds are asked in parallel
	keep := func(q load.Asked) {
		one.Lock()
		defer one.Unlock()
		data, err := json.Marshal([]any{q.Sort, q.Name, q.In})
		if err != nil {
			t.Errorf("%s %s: %v", where, q.Name, err)
			return
		}
		if h := maphash.Bytes(seed, data); !seen[h] {
			seen[h] = true
			q.In, q.Where = copied(q.In).(map[string]kind.Object), where
			asked = append(asked, q)
		}
	}
	builtIn := load.NewAsking(library.FS, nil, keep)
	all := architectures(t)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		where = name
		kinds, dir := builtIn, name
		if all[name] != "" {
			dir = t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "arch.cue"), []byte(all[name]), 0o600); err != nil {
				t.Fatal(err)
			}
		} else if info, err := os.Stat(filepath.Join(dir, "kinds")); err == nil && info.IsDir() {
			kinds = load.NewAsking(library.FS, os.DirFS(filepath.Join(dir, "kinds")), keep)
		}
		graph, findings := kinds.Graph(load.Source{Dir: dir, Env: func(string) (string, bool) { return "known", true }})
		if graph == nil {
			t.Fatalf("%s: %v", name, findings.Err())
		}
		pass.Run(passes.Table(), &pass.Context{Graph: graph, Plan: ir.NewPlan(graph), Findings: findings}, nil)
		byKinds[kinds] = append(byKinds[kinds], asked...)
		asked = nil
	}
	return byKinds
}

// copied is data with nothing in common with the original.
func copied(data any) any {
	v := reflect.ValueOf(data)
	switch {
	case !v.IsValid():
		return nil
	case v.Kind() == reflect.Map && !v.IsNil():
		c := reflect.MakeMapWithSize(v.Type(), v.Len())
		for it := v.MapRange(); it.Next(); {
			c.SetMapIndex(it.Key(), element(it.Value()))
		}
		return c.Interface()
	case v.Kind() == reflect.Slice && !v.IsNil():
		c := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		for i := range v.Len() {
			c.Index(i).Set(element(v.Index(i)))
		}
		return c.Interface()
	}
	return data
}

func element(v reflect.Value) reflect.Value {
	if c := copied(v.Interface()); c != nil {
		return reflect.ValueOf(c)
	}
	return reflect.Zero(v.Type())
}

// tally counts what came of questions.
type tally struct{ same, mistakes, left, stricter, wrong int }

func (n *tally) String() string {
	return fmt.Sprintf("%d same answers, %d the same mistake, %d left to CUE, %d that only CUE answers, %d wrong", n.same, n.mistakes, n.left, n.stricter, n.wrong)
}

// ask asks both ways and reports a difference. The evaluator may refuse what CUE takes: then CUE answers. how says what was done to the question.
func (n *tally) ask(t *testing.T, kinds *load.Asking, q load.Asked, how string) {
	t.Helper()
	own, ownErr := kinds.ByEvaluator(q)
	if errors.Is(ownErr, load.ErrCUE) {
		n.left++
		return
	}
	byCUE, cueErr := kinds.ByCUE(q)
	what := fmt.Sprintf("%s (%s) in %s%s", q.Name, q.Sort, q.Where, how)
	switch {
	case ownErr != nil && cueErr != nil:
		n.mistakes++
	case ownErr != nil && how != "":
		n.stricter++
		t.Logf("%s: only CUE answers: %v", what, ownErr)
	case ownErr != nil:
		n.wrong++
		t.Errorf("%s: only CUE answers: %v", what, ownErr)
	case cueErr != nil:
		n.wrong++
		t.Errorf("%s: CUE finds a mistake: %v", what, cueErr)
	default:
		if d := difference(own, byCUE, ""); d != "" {
			n.wrong++
			t.Errorf("%s: %s", what, d)
			return
		}
		n.same++
	}
}

// difference is the first place where two answers differ.
func difference(own, byCUE any, path string) string {
	switch c := byCUE.(type) {
	case map[string]any:
		o, ok := own.(map[string]any)
		if !ok {
			break
		}
		for _, k := range slices.Sorted(maps.Keys(c)) {
			if _, ok := o[k]; !ok {
				return fmt.Sprintf("%s.%s is missing, CUE has %#v", path, k, c[k])
			}
			if d := difference(o[k], c[k], path+"."+k); d != "" {
				return d
			}
		}
		for _, k := range slices.Sorted(maps.Keys(o)) {
			if _, ok := c[k]; !ok {
				return fmt.Sprintf("%s.%s is %#v, CUE has no such field", path, k, o[k])
			}
		}
		return ""
	case []any:
		o, ok := own.([]any)
		if !ok || len(o) != len(c) {
			break
		}
		for i := range c {
			if d := difference(o[i], c[i], fmt.Sprintf("%s[%d]", path, i)); d != "" {
				return d
			}
		}
		return ""
	default:
		if reflect.DeepEqual(own, byCUE) {
			return ""
		}
	}
	return fmt.Sprintf("%s is\n\t%#v\nCUE says\n\t%#v", path, own, byCUE)
}

// TestEvaluatorAnswersAsCUE asks every question that compiling architectures asks, of the evaluator and of CUE.
// In `make test-long` it asks each question a few times; with PLATC_EVALUATOR=all, everything.
func TestEvaluatorAnswersAsCUE(t *testing.T) {
	t.Parallel()
	most := 2 // of one question
	if testing.Short() {
		most = 1
	}
	var n, broken tally
	for kinds, asked := range questions(t) {
		// what is refused, or taken for a mistake, is seen only once it is asked, and nobody would notice: CUE answers the same, far slower and without origins
		for _, q := range asked {
			_, err := kinds.ByEvaluator(q)
			if err == nil {
				continue
			}
			if _, wrong := kinds.ByCUE(q); wrong == nil || errors.Is(err, load.ErrCUE) {
				t.Errorf("%s (%s) in %s: %v", q.Name, q.Sort, q.Where, err)
			}
		}
		r := rand.New(rand.NewPCG(1, 2))
		r.Shuffle(len(asked), func(i, j int) { asked[i], asked[j] = asked[j], asked[i] })
		times := map[string]int{}
		for _, q := range asked {
			times[q.Sort+q.Name]++
			if !whole() && times[q.Sort+q.Name] > most {
				continue
			}
			n.ask(t, kinds, q, "")
			changes := 1
			if whole() {
				changes = max(0, 60/times[q.Sort+q.Name])
			}
			for range changes {
				changed, how := change(r, q)
				broken.ask(t, kinds, changed, how)
			}
		}
	}
	t.Logf("as they are: %s", &n)
	t.Logf("changed: %s", &broken)
	if n.same == 0 {
		t.Error("nothing was asked")
	}
}

// TestEvaluatorAnswersInParallel asks on several goroutines at once; the race detector looks on in `make race`.
func TestEvaluatorAnswersInParallel(t *testing.T) {
	t.Parallel()
	most := 200
	if testing.Short() {
		most = 40
	}
	for kinds, asked := range questions(t) {
		asked = asked[:min(len(asked), most)]
		answers := make([][]any, 4)
		var wg sync.WaitGroup
		for g := range answers {
			answers[g] = make([]any, len(asked))
			wg.Go(func() {
				for i, q := range asked {
					answers[g][i], _ = kinds.ByEvaluator(q)
				}
			})
		}
		wg.Wait()
		for i, q := range asked {
			for g := range answers {
				if d := difference(answers[g][i], answers[0][i], ""); d != "" {
					t.Errorf("%s: %s", q.Name, d)
				}
			}
		}
	}
}

// change removes one leaf of the inputs of a question, or gives it another type.
func change(r *rand.Rand, q load.Asked) (load.Asked, string) {
	q.In = copied(q.In).(map[string]kind.Object)
	var places []func() string
	var leaves []any
	var walk func(data any, path string, set func(any), remove func())
	walk = func(data any, path string, set func(any), remove func()) {
		v := reflect.ValueOf(data)
		switch {
		case v.IsValid() && v.Kind() == reflect.Map && v.Len() > 0:
			for _, k := range slices.SortedFunc(slices.Values(v.MapKeys()), func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) }) {
				walk(v.MapIndex(k).Interface(), path+"."+k.String(), func(other any) { put(v, k, other) }, func() { v.SetMapIndex(k, reflect.Value{}) })
			}
			return
		case v.IsValid() && v.Kind() == reflect.Slice && v.Len() > 0:
			for i := range v.Len() {
				walk(v.Index(i).Interface(), fmt.Sprintf("%s[%d]", path, i), func(other any) {
					if o := reflect.ValueOf(other); o.IsValid() && o.Type().AssignableTo(v.Type().Elem()) {
						v.Index(i).Set(o)
					}
				}, func() {})
			}
			return
		}
		leaves = append(leaves, data)
		places = append(places, func() string {
			other := otherType(r, data)
			switch r.IntN(3) {
			case 0:
				remove()
				return ", without " + path
			case 1: // what is equal may decide
				other = leaves[r.IntN(len(leaves))]
			}
			set(other)
			return fmt.Sprintf(", with %s: %#v", path, other)
		})
	}
	for _, name := range slices.Sorted(maps.Keys(q.In)) {
		if q.In[name] != nil {
			walk(q.In[name], name, func(any) {}, func() {})
		}
	}
	return q, places[r.IntN(len(places))]()
}

// put sets a value where the type of the map allows it.
func put(m, key reflect.Value, data any) {
	if v := reflect.ValueOf(data); v.IsValid() && v.Type().AssignableTo(m.Type().Elem()) {
		m.SetMapIndex(key, v)
	}
}

// otherType is data of another type.
func otherType(r *rand.Rand, data any) any {
	all := []any{"changed", int64(7), true, 1.5, kind.Object{}, []any{}, []any{"changed"}, kind.Object{"changed": "changed"}}
	for {
		other := all[r.IntN(len(all))]
		if reflect.TypeOf(other) != reflect.TypeOf(data) {
			return copied(other)
		}
	}
}

// TestEvaluatorFindsMistakesInKinds asks kinds with a random fault in their source: what CUE takes for a mistake, the evaluator does not answer.
func TestEvaluatorFindsMistakesInKinds(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long: `make test-long` has it")
	}
	t.Parallel()
	asked := map[string][]load.Asked{}
	for _, all := range questions(t) {
		for _, q := range all {
			asked[q.Name] = append(asked[q.Name], q)
		}
	}
	entries, err := fs.ReadDir(library.FS, "kinds")
	if err != nil {
		t.Fatal(err)
	}
	faults := uint64(1)
	if whole() {
		faults = 60
	}
	var n tally
	loaded := 0
	for _, e := range entries {
		for seed := range faults {
			r := rand.New(rand.NewPCG(seed, uint64(len(e.Name()))))
			kinds, how := broken(t, r, e.Name())
			if kinds == nil {
				continue
			}
			loaded++
			for _, name := range kinds.Names() {
				if all := asked[name]; len(all) > 0 {
					n.ask(t, kinds, all[r.IntN(len(all))], ", "+how)
				}
			}
		}
	}
	t.Logf("%d faults that load: %s", loaded, &n)
}

// broken is a library of one kind, with a random fault in one of its files; nil where CUE does not load it.
func broken(t *testing.T, r *rand.Rand, name string) (kinds *load.Asking, how string) {
	t.Helper()
	paths, err := fs.Glob(library.FS, "kinds/"+name+"/*.cue")
	if err != nil || len(paths) == 0 {
		t.Fatal(name, err)
	}
	files := fstest.MapFS{}
	err = fs.WalkDir(library.FS, "kinds/"+name, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(library.FS, path)
		files[path] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	path := paths[r.IntN(len(paths))]
	f, err := parser.ParseFile(path, files[path].Data)
	if err != nil {
		t.Fatal(err)
	}
	how = fault(r, f)
	text, err := format.Node(f)
	if err != nil {
		return nil, how
	}
	files[path] = &fstest.MapFile{Data: text}
	defer func() {
		if p := recover(); p != nil {
			kinds = nil // what the library itself refuses
		}
	}()
	return load.Broken(files), how
}

// fault makes one random fault in a file: another name, a field less, a literal of another type.
func fault(r *rand.Rand, f *ast.File) string {
	var names []*ast.Ident
	var literals []*ast.BasicLit
	var structs []*ast.StructLit
	for _, d := range f.Decls {
		ast.Walk(d, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ImportDecl, *ast.Attribute:
				return false
			case *ast.Ident:
				names = append(names, n)
			case *ast.BasicLit:
				literals = append(literals, n)
			case *ast.StructLit:
				if len(n.Elts) > 0 {
					structs = append(structs, n)
				}
			}
			return true
		}, nil)
	}
	switch choice := r.IntN(4); {
	case choice == 0 && len(names) > 0:
		n, other := names[r.IntN(len(names))], names[r.IntN(len(names))]
		how := fmt.Sprintf("%s for %s at %s", other.Name, n.Name, n.Pos().Position())
		n.Name = other.Name
		return how
	case choice == 1 && len(literals) > 0:
		l := literals[r.IntN(len(literals))]
		how := fmt.Sprintf("for %s at %s ", l.Value, l.Pos().Position())
		if l.Kind == token.STRING {
			l.Kind, l.Value = token.INT, "7"
		} else {
			l.Kind, l.Value = token.STRING, literal.String.Quote("changed")
		}
		return l.Value + " " + how
	case len(structs) > 0:
		s := structs[r.IntN(len(structs))]
		i := r.IntN(len(s.Elts))
		how := fmt.Sprintf("without %T at %s", s.Elts[i], s.Elts[i].Pos().Position())
		s.Elts = slices.Delete(s.Elts, i, i+1)
		return how
	}
	return "as it is"
}
