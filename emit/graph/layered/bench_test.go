package layered_test

import (
	"math/rand/v2"
	"testing"

	"platc.dev/platc/emit/graph/layered"
)

// some is n boxes in n/4 groups with twice as many lines, the same for one seed.
func some(n int, seed uint64) ([]layered.Box, []layered.Group, []layered.Line) {
	r := rand.New(rand.NewPCG(seed, uint64(n)))
	groups := make([]layered.Group, 1+n/4)
	for i := range groups {
		groups[i] = layered.Group{W: 60, Top: 16}
	}
	boxes := make([]layered.Box, n)
	for i := range boxes {
		boxes[i] = layered.Box{W: 80 + float64(r.IntN(100)), H: 40 + float64(r.IntN(60)), Group: r.IntN(len(groups))}
	}
	lines := make([]layered.Line, 2*n)
	for i := range lines {
		lines[i] = layered.Line{From: r.IntN(n), To: r.IntN(n), FromY: 10, ToY: 15}
	}
	return boxes, groups, lines
}

func BenchmarkPlace300(b *testing.B) {
	boxes, groups, lines := some(300, 1)
	for b.Loop() {
		layered.Place(boxes, groups, lines)
	}
}

func BenchmarkPlace1000(b *testing.B) {
	boxes, groups, lines := some(1000, 1)
	for b.Loop() {
		layered.Place(boxes, groups, lines)
	}
}
