package layered

import "math"

// sheet is boxes and lanes in columns, with links from one column to the next.
type sheet struct {
	cells   []cell
	columns [][]int // cells from top to bottom
	steps   []step  // each between neighbouring columns
	chains  []chain // of each link that was connected
	w, h    float64

	left, right [][]int // steps of a cell
	x           []float64
	width       []float64 // of each column
	fill        bool
	mean        []float64 // of each cell: where its neighbours are, for arrange
}

type cell struct {
	w, h   float64
	column int
	lane   bool // of lines
	fixed  bool // its column keeps the order in which its cells were added
	y      float64
	at     int // in its column
}

// link is a line of a sheet. Links with one key share their lanes.
type link struct {
	from, to   int
	fromY, toY float64
	key        int
}

// step is a part of links between a column and the next one. a is on the left; offsets are below the top of the cell.
type step struct {
	a, b       int
	aY, bY     float64
	duplicates int
}

// chain is the way of a link: cells from the source to the target.
type chain struct {
	cells      []int
	fromY, toY float64
}

func (s *sheet) add(c cell) int {
	for len(s.columns) <= c.column {
		s.columns = append(s.columns, nil)
	}
	c.at = len(s.columns[c.column])
	i := len(s.cells)
	s.cells = append(s.cells, c)
	s.columns[c.column] = append(s.columns[c.column], i)
	return i
}

// connect adds links, with a lane in each column that they pass.
func (s *sheet) connect(links []link) {
	lanes := map[[2]int]int{}
	type ends struct {
		a, b   int
		aY, bY float64
	}
	steps := map[ends]int{}
	for _, l := range links {
		c := chain{cells: []int{l.from}, fromY: l.fromY, toY: l.toY}
		toward := 1
		if s.cells[l.to].column < s.cells[l.from].column {
			toward = -1
		}
		for col := s.cells[l.from].column + toward; col != s.cells[l.to].column; col += toward {
			lane, ok := lanes[[2]int{l.key, col}]
			if !ok {
				lane = s.add(cell{lane: true, column: col})
				lanes[[2]int{l.key, col}] = lane
			}
			c.cells = append(c.cells, lane)
		}
		c.cells = append(c.cells, l.to)
		for i := range len(c.cells) - 1 {
			e := ends{a: c.cells[i], b: c.cells[i+1]}
			if i == 0 {
				e.aY = l.fromY
			}
			if i == len(c.cells)-2 {
				e.bY = l.toY
			}
			if toward < 0 {
				e = ends{e.b, e.a, e.bY, e.aY}
			}
			at, ok := steps[e]
			if !ok {
				at = len(s.steps)
				steps[e] = at
				s.steps = append(s.steps, step{a: e.a, b: e.b, aY: e.aY, bY: e.bY})
			}
			s.steps[at].duplicates++
		}
		s.chains = append(s.chains, c)
	}
	s.left, s.right = make([][]int, len(s.cells)), make([][]int, len(s.cells))
	for i, st := range s.steps {
		s.right[st.a] = append(s.right[st.a], i)
		s.left[st.b] = append(s.left[st.b], i)
	}
}

// offsets tells where links begin and end, of links that were connected before that was known.
func (s *sheet) offsets(links []link) {
	for i, l := range links {
		c := &s.chains[i]
		c.fromY, c.toY = l.fromY, l.toY
		for j := range len(c.cells) - 1 {
			a, b := c.cells[j], c.cells[j+1]
			for _, k := range append(append([]int(nil), s.right[a]...), s.left[a]...) {
				st := &s.steps[k]
				switch {
				case st.a == a && st.b == b:
					if j == 0 {
						st.aY = l.fromY
					}
					if j == len(c.cells)-2 {
						st.bY = l.toY
					}
				case st.a == b && st.b == a:
					if j == 0 {
						st.bY = l.fromY
					}
					if j == len(c.cells)-2 {
						st.aY = l.toY
					}
				}
			}
		}
	}
}

// rank is about how high in its column the cell is that a link comes to from its source, or comes from at its target: from 0 to 1.
func (s *sheet) rank(link int, atTarget bool) float64 {
	cells := s.chains[link].cells
	next := cells[1]
	if atTarget {
		next = cells[len(cells)-2]
	}
	return (float64(s.cells[next].at) + 0.5) / float64(len(s.columns[s.cells[next].column]))
}

// widths gives columns their places. fill makes boxes as wide as their column.
func (s *sheet) widths(fill bool) {
	s.fill = fill
	s.x, s.width = make([]float64, len(s.columns)), make([]float64, len(s.columns))
	steepest, lines := make([]float64, len(s.columns)), make([]int, len(s.columns))
	for _, st := range s.steps {
		c := s.cells[st.a].column
		steepest[c] = max(steepest[c], math.Abs(s.cells[st.a].y+st.aY-s.cells[st.b].y-st.bY))
		lines[c]++
	}
	x := 0.0
	for c, cells := range s.columns {
		for _, i := range cells {
			s.width[c] = max(s.width[c], s.cells[i].w)
		}
		s.x[c] = x
		x += s.width[c]
		if c < len(s.columns)-1 && (lines[c] > 0 || len(cells) > 0 && len(s.columns[c+1]) > 0) {
			x += gap(lines[c], steepest[c])
		}
	}
	s.w = x
}

// gap is the room between two columns: more for lines that are many or steep.
func gap(lines int, steepest float64) float64 {
	switch {
	case lines == 0:
		return 20
	case steepest < 1:
		return 14
	}
	return 20 + min(20, steepest) + min(80, 3*float64(lines)) + min(80, steepest*0.1)
}

func (s *sheet) rect(i int) Rect {
	c := s.cells[i]
	r := Rect{s.x[c.column], c.y, c.w, c.h}
	if s.fill && !c.lane {
		r.W = s.width[c.column]
	}
	return r
}

// route is the way of a link: out of its source, straight through its lanes, into its target.
func (s *sheet) route(link int) []Point {
	c := s.chains[link]
	var points []Point
	last := len(c.cells) - 1
	rightward := s.cells[c.cells[last]].column > s.cells[c.cells[0]].column
	for i, at := range c.cells {
		r := s.rect(at)
		column := s.cells[at].column
		near, far := s.x[column], s.x[column]+s.width[column]
		if !rightward {
			near, far = far, near
		}
		leave, enter := r.X+r.W, r.X
		if !rightward {
			leave, enter = enter, leave
		}
		switch i {
		case 0:
			points = append(points, Point{leave, r.Y + c.fromY}, Point{far, r.Y + c.fromY})
		case last:
			points = append(points, Point{near, r.Y + c.toY}, Point{enter, r.Y + c.toY})
		default:
			points = append(points, Point{near, r.Y}, Point{far, r.Y})
		}
	}
	return points
}
