package load_test

import (
	"errors"
	"maps"
	"math/rand/v2"
	"testing"

	"platc.dev/platc/compiler/load"
)

// TestAnswersHoldWhereTheirReadsDo takes an answer that leaves texts and whole numbers open over to other inputs, where it says that it holds for them: it is what the question has
// as its answer there. In `make test-long` it takes a few questions of each; with PLATC_EVALUATOR=all, everything.
func TestAnswersHoldWhereTheirReadsDo(t *testing.T) {
	t.Parallel()
	most, changes := sampled([2]int{1, 4}, [2]int{2, 12}, 60)
	held, renamed, closed := 0, 0, 0
	for kinds, asked := range questions(t) {
		r := rand.New(rand.NewPCG(3, 4))
		r.Shuffle(len(asked), func(i, j int) { asked[i], asked[j] = asked[j], asked[i] })
		times := map[string]int{}
		for _, q := range asked {
			if times[q.Sort+q.Name]++; times[q.Sort+q.Name] > most {
				continue
			}
			answer, err := kinds.Open(q)
			if errors.Is(err, load.ErrCUE) {
				continue
			}
			if err != nil {
				closed++
				continue
			}
			if !takenOver(t, kinds, answer, q, "") {
				t.Errorf("%s in %s: the answer does not hold for what was asked", q.Name, q.Where)
			}
			other := q
			other.In = maps.Clone(q.In)
			other.In["arch"] = maps.Clone(q.In["arch"])
			other.In["arch"]["name"] = "another-name"
			if takenOver(t, kinds, answer, other, ", with another name") {
				renamed++
			}
			for range changes {
				changed, how := change(r, q)
				if takenOver(t, kinds, answer, changed, how) {
					held++
				}
			}
		}
	}
	t.Logf("%d held for changed inputs and %d for another name; %d cannot be left open", held, renamed, closed)
	if held == 0 || renamed == 0 || closed > renamed/10 {
		t.Error("answers are hardly taken over")
	}
}

// sampled is how many answers to each question are taken over, and to how many changed inputs each: few with -short, usually, or all of them.
func sampled(few, usual [2]int, changesOfAll int) (most, changes int) {
	switch {
	case whole():
		return 1 << 30, changesOfAll
	case testing.Short():
		return few[0], few[1]
	}
	return usual[0], usual[1]
}

// takenOver says whether an answer holds for a question, and reports where that is not the answer.
func takenOver(t *testing.T, kinds *load.Asking, answer *load.Opened, q load.Asked, how string) bool {
	t.Helper()
	got, ok := answer.For(q)
	if !ok {
		return false
	}
	want, err := kinds.ByEvaluator(q)
	if err != nil {
		t.Errorf("%s in %s%s: an answer is taken over, where there is none: %v", q.Name, q.Where, how, err)
		return false
	}
	if d := difference(got, want, ""); d != "" {
		t.Errorf("%s in %s%s: the answer that is taken over is another one: %s", q.Name, q.Where, how, d)
	}
	return true
}

// TestManyAnswersInOneMemo keeps the answers to all that is asked of a question, and to some of it changed, in one memo: what it has for whoever comes next is the answer to that.
func TestManyAnswersInOneMemo(t *testing.T) {
	t.Parallel()
	most, changes := sampled([2]int{2, 3}, [2]int{6, 6}, 20)
	found, kept := 0, 0
	for kinds, asked := range questions(t) {
		r := rand.New(rand.NewPCG(5, 6))
		r.Shuffle(len(asked), func(i, j int) { asked[i], asked[j] = asked[j], asked[i] })
		memos, times := map[string]*load.Opened{}, map[string]int{}
		ask := func(q load.Asked, how string) {
			topic := q.Sort + q.Name + kinds.Files(q)
			if memos[topic] == nil {
				memos[topic] = &load.Opened{}
			}
			m := memos[topic]
			if takenOver(t, kinds, m, q, how) {
				found++
				return
			}
			if kinds.OpenInto(m, q) == nil {
				kept++
				if !takenOver(t, kinds, m, q, how) {
					t.Errorf("%s in %s%s: the answer does not hold for what was asked", q.Name, q.Where, how)
				}
			}
		}
		for _, q := range asked {
			if times[q.Sort+q.Name]++; times[q.Sort+q.Name] > most {
				continue
			}
			ask(q, "")
			for range changes {
				changed, how := change(r, q)
				ask(changed, how)
			}
		}
	}
	t.Logf("%d were found, %d were kept", found, kept)
	if found < kept {
		t.Error("answers are hardly taken over")
	}
}
