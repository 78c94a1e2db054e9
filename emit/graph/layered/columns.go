package layered

import (
	"cmp"
	"math"
	"slices"
)

// assign gives each box a column, so that no arc has both ends in one, and the whole is about as wide as it should be for its height; a
// column may be as high as least in any case.
func assign(sizes []Rect, arcs [][2]int, least float64) []int {
	n := len(sizes)
	next, before := make([][]int, n), make([][]int, n)
	for _, a := range acyclic(n, arcs) {
		next[a[0]] = append(next[a[0]], a[1])
		before[a[1]] = append(before[a[1]], a[0])
	}
	layer := layers(next, before)
	var linked, alone []int
	deepest := -1
	for i := range n {
		if len(next[i])+len(before[i]) > 0 {
			linked = append(linked, i)
			deepest = max(deepest, layer[i])
		} else {
			alone = append(alone, i)
		}
	}
	most := max(height(sizes, deepest+1), least)
	f := &filling{sizes: sizes, column: make([]int, n), most: most}
	// A layer that is too high is several columns. What has more lines to the right stands further right.
	slices.SortStableFunc(linked, func(a, b int) int {
		return cmp.Or(cmp.Compare(layer[a], layer[b]), cmp.Compare(len(next[a])-len(before[a]), len(next[b])-len(before[b])))
	})
	for i, b := range linked {
		if i == 0 || layer[b] != layer[linked[i-1]] || f.full(len(f.high)-1, b) {
			f.high = append(f.high, 0)
		}
		f.put(b, len(f.high)-1)
	}
	slices.SortStableFunc(alone, func(a, b int) int { return -cmp.Compare(sizes[a].H, sizes[b].H) })
	for _, b := range alone {
		lowest := -1
		for c := range f.high {
			if lowest < 0 || f.high[c] < f.high[lowest] {
				lowest = c
			}
		}
		if lowest < 0 || f.full(lowest, b) {
			lowest = len(f.high)
			f.high = append(f.high, 0)
		}
		f.put(b, lowest)
	}
	return f.column
}

type filling struct {
	sizes  []Rect
	column []int
	high   []float64 // of each column
	most   float64
}

func (f *filling) full(column, b int) bool {
	return f.high[column] > 0 && f.high[column]+f.sizes[b].H > f.most
}

func (f *filling) put(b, column int) {
	f.column[b] = column
	f.high[column] += f.sizes[b].H
}

// height is how high a column may be. Layers are seldom full, and their lanes take room.
func height(sizes []Rect, layers int) float64 {
	var area, widest, highest float64
	for _, s := range sizes {
		area += s.W * s.H
		widest, highest = max(widest, s.W), max(highest, s.H)
	}
	h := math.Sqrt(area / ratio)
	if wide := float64(layers) * widest; wide > h*ratio { // it is wider in any case
		h = max(h, wide/ratio)
	}
	return max(h, highest) + 1
}

// acyclic are the arcs, once each, with those turned round that close a cycle.
func acyclic(n int, arcs [][2]int) [][2]int {
	next := make([][]int, n)
	for _, a := range arcs {
		if a[0] != a[1] && !slices.Contains(next[a[0]], a[1]) {
			next[a[0]] = append(next[a[0]], a[1])
		}
	}
	const (
		fresh = iota
		open
		done
	)
	state := make([]int, n)
	seen := map[[2]int]bool{}
	var all [][2]int
	var visit func(i int)
	visit = func(i int) {
		state[i] = open
		for _, t := range next[i] {
			if state[t] == fresh {
				visit(t)
			}
			a := [2]int{i, t}
			if state[t] == open {
				a = [2]int{t, i}
			}
			if !seen[a] {
				seen[a] = true
				all = append(all, a)
			}
		}
		state[i] = done
	}
	// What nothing leads to comes first: then fewer arcs are turned round.
	led := make([]bool, n)
	for _, a := range arcs {
		led[a[1]] = led[a[1]] || a[0] != a[1]
	}
	for _, sources := range []bool{true, false} {
		for i := range n {
			if state[i] == fresh && led[i] != sources {
				visit(i)
			}
		}
	}
	return all
}

// layers are the longest ways to each box; what leads to more than leads to it then moves as far right as it can.
func layers(next, before [][]int) []int {
	n := len(next)
	layer, waits := make([]int, n), make([]int, n)
	var order []int
	for i := range n {
		waits[i] = len(before[i])
		if waits[i] == 0 {
			order = append(order, i)
		}
	}
	for at := 0; at < len(order); at++ {
		for _, t := range next[order[at]] {
			layer[t] = max(layer[t], layer[order[at]]+1)
			if waits[t]--; waits[t] == 0 {
				order = append(order, t)
			}
		}
	}
	for _, i := range slices.Backward(order) {
		if len(next[i]) <= len(before[i]) {
			continue
		}
		nearest := math.MaxInt
		for _, t := range next[i] {
			nearest = min(nearest, layer[t])
		}
		layer[i] = nearest - 1
	}
	return layer
}
