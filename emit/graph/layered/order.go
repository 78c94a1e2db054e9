package layered

import (
	"cmp"
	"math"
	"slices"
)

const sweeps = 12 // of the search for an order with few crossings

// order arranges the cells of each column so that steps cross little: each by the mean of its neighbours on one side, from left to right and back.
func (s *sheet) order() {
	best, least := s.snapshot(), s.crossings()
	for i := range sweeps {
		if least == 0 {
			break
		}
		for c := range s.columns {
			if i%2 == 0 {
				s.arrange(c, s.left)
			} else {
				s.arrange(len(s.columns)-1-c, s.right)
			}
		}
		if n := s.crossings(); n < least {
			best, least = s.snapshot(), n
		}
	}
	for c, cells := range best {
		s.columns[c] = cells
		for at, i := range cells {
			s.cells[i].at = at
		}
	}
}

func (s *sheet) snapshot() [][]int {
	all := make([][]int, len(s.columns))
	for c := range s.columns {
		all[c] = slices.Clone(s.columns[c])
	}
	return all
}

// arrange sorts a column by the mean places of the neighbours on one side. What has none keeps its place.
func (s *sheet) arrange(column int, side [][]int) {
	cells := s.columns[column]
	if len(cells) > 0 && s.cells[cells[0]].fixed {
		return
	}
	s.mean = append(s.mean, make([]float64, len(s.cells)-len(s.mean))...)
	var moved []int
	for _, i := range cells {
		if len(side[i]) == 0 {
			continue
		}
		var sum float64
		for _, k := range side[i] {
			st := s.steps[k]
			other, offset := st.a, st.aY
			if other == i {
				other, offset = st.b, st.bY
			}
			place := float64(s.cells[other].at)
			if h := s.cells[other].h; h > 0 {
				place += offset / h / 2
			}
			sum += place
		}
		s.mean[i] = sum / float64(len(side[i]))
		moved = append(moved, i)
	}
	slices.SortStableFunc(moved, func(a, b int) int { return cmp.Compare(s.mean[a], s.mean[b]) })
	next := 0
	for at, i := range cells {
		if len(side[i]) > 0 {
			cells[at] = moved[next]
			next++
		}
		s.cells[cells[at]].at = at
	}
}

// crossings counts pairs of steps that cross, in all columns.
func (s *sheet) crossings() int {
	between := make([][]step, len(s.columns))
	for _, st := range s.steps {
		c := s.cells[st.a].column
		between[c] = append(between[c], st)
	}
	total := 0
	for c, steps := range between {
		slices.SortFunc(steps, func(x, y step) int {
			return cmp.Or(cmp.Compare(s.cells[x.a].at, s.cells[y.a].at), cmp.Compare(x.aY, y.aY), cmp.Compare(s.cells[x.b].at, s.cells[y.b].at), cmp.Compare(x.bY, y.bY))
		})
		if c+1 == len(s.columns) {
			break
		}
		count := make([]int, len(s.columns[c+1])+1) // a Fenwick tree: how many steps ended at or above a place
		for n, st := range steps {
			place := s.cells[st.b].at + 1
			above := 0
			for i := place; i > 0; i -= i & -i {
				above += count[i]
			}
			total += n - above
			for i := place; i < len(count); i += i & -i {
				count[i]++
			}
		}
	}
	return total
}

// heights gives each cell its height. The order stays; each cell wants to be level with its neighbours, lanes most of all, and each column is brought
// as near to that as its order and the room between cells allow.
func (s *sheet) heights() {
	for _, cells := range s.columns {
		y := 0.0
		for n, i := range cells {
			if n > 0 {
				y += s.room(cells[n-1], i)
			}
			s.cells[i].y = y
			y += s.cells[i].h
		}
		for _, i := range cells {
			s.cells[i].y -= y / 2
		}
	}
	for range 4 {
		for c := range s.columns {
			s.level(c, true, false)
		}
		for c := range s.columns {
			s.level(len(s.columns)-1-c, false, true)
		}
	}
	for range 2 {
		for c := range s.columns {
			s.level(c, true, true)
		}
	}
	s.gather()
	top, bottom := math.Inf(1), math.Inf(-1)
	for _, c := range s.cells {
		top, bottom = min(top, c.y), max(bottom, c.y+c.h)
	}
	s.h = 0
	if len(s.cells) > 0 {
		s.h = bottom - top
	}
	for i := range s.cells {
		s.cells[i].y -= top
	}
}

// gather moves what has no lines next to the others of its column.
func (s *sheet) gather() {
	for _, cells := range s.columns {
		linked := func(i int) bool { return len(s.left[i])+len(s.right[i]) > 0 }
		first := max(slices.IndexFunc(cells, linked), 0)
		for n := first + 1; n < len(cells); n++ {
			if above := cells[n-1]; !linked(cells[n]) {
				s.cells[cells[n]].y = s.cells[above].y + s.cells[above].h + s.room(above, cells[n])
			}
		}
		for n := first - 1; n >= 0; n-- {
			below := cells[n+1]
			s.cells[cells[n]].y = s.cells[below].y - s.room(cells[n], below) - s.cells[cells[n]].h
		}
	}
}

// room is what is kept free between two neighbours of a column.
func (s *sheet) room(above, below int) float64 {
	switch {
	case s.cells[above].lane && s.cells[below].lane:
		return laneGap
	case s.cells[above].lane || s.cells[below].lane:
		return 2 * laneGap
	}
	return boxGap
}

// block is cells that touch: they stand as one, where the sum of squares of their distances from what they want is least.
type block struct {
	sum, weight float64
	cells       int
}

// level moves the cells of a column towards their neighbours on the left, on the right, or both: least squares under the given order, by merging
// neighbours that get in each other's way.
func (s *sheet) level(column int, left, right bool) {
	cells := s.columns[column]
	ahead := make([]float64, len(cells)) // room that the cells above take
	var blocks []block
	for n, i := range cells {
		if n > 0 {
			ahead[n] = ahead[n-1] + s.cells[cells[n-1]].h + s.room(cells[n-1], i)
		}
		want, weight := s.want(i, left, right)
		b := block{(want - ahead[n]) * weight, weight, 1}
		for len(blocks) > 0 {
			last := blocks[len(blocks)-1]
			if last.sum/last.weight <= b.sum/b.weight {
				break
			}
			b = block{last.sum + b.sum, last.weight + b.weight, last.cells + b.cells}
			blocks = blocks[:len(blocks)-1]
		}
		blocks = append(blocks, b)
	}
	n := 0
	for _, b := range blocks {
		for range b.cells {
			s.cells[cells[n]].y = b.sum/b.weight + ahead[n]
			n++
		}
	}
}

// want is where the top of a cell should be, and how much that matters.
func (s *sheet) want(i int, left, right bool) (y, weight float64) {
	c := s.cells[i]
	var sum float64
	add := func(other int, otherY, ownY float64, n int) {
		w := float64(n)
		if c.lane && s.cells[other].lane {
			w *= 8
		} else if c.lane || s.cells[other].lane {
			w *= 2
		}
		sum += w * (s.cells[other].y + otherY - ownY)
		weight += w
	}
	if left {
		for _, k := range s.left[i] {
			add(s.steps[k].a, s.steps[k].aY, s.steps[k].bY, s.steps[k].duplicates)
		}
	}
	if right {
		for _, k := range s.right[i] {
			add(s.steps[k].b, s.steps[k].bY, s.steps[k].aY, s.steps[k].duplicates)
		}
	}
	if weight == 0 {
		return c.y, 0.1
	}
	return sum / weight, weight
}
