package passes

import (
	"slices"
	"sync"
	"testing"
)

func TestResultsStandInOrder(t *testing.T) {
	t.Parallel()
	var items, want []int
	for i := range 100 {
		items, want = append(items, i), append(want, i*i)
	}
	for _, workers := range []int{1, 3, 200} {
		if got := inParallel(workers, items, func(i int) int { return i * i }); !slices.Equal(got, want) {
			t.Errorf("%d workers: %v", workers, got)
		}
	}
	if got := inParallel(2, nil, func(int) int { return 0 }); len(got) != 0 {
		t.Errorf("%v", got)
	}
}

// Each call waits for the other one, so that one after the other they would never end.
func TestCallsRunAtOnce(t *testing.T) {
	t.Parallel()
	var both sync.WaitGroup
	both.Add(2)
	inParallel(2, []int{1, 2}, func(int) int {
		both.Done()
		both.Wait()
		return 0
	})
}

func TestPanicIsOneOfTheCaller(t *testing.T) {
	t.Parallel()
	done := make([]bool, 4)
	defer func() {
		if r := recover(); r != "no port" {
			t.Errorf("%v", r)
		}
		if slices.Contains(done, false) {
			t.Errorf("the others were not done: %v", done)
		}
	}()
	inParallel(2, []int{0, 1, 2, 3}, func(i int) int {
		done[i] = true
		if i == 1 {
			panic("no port")
		}
		return i
	})
}
