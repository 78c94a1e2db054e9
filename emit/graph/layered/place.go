package layered

import (
	"cmp"
	"slices"
)

// Box is what is placed. Lengths are pixels.
type Box struct {
	W, H  float64
	Group int // index into the groups
}

// Group is a frame around boxes.
type Group struct {
	W, Top float64 // of its title: the least width of the frame, and the height that is kept free
}

// Line leads from a box to another one, by index. FromY and ToY are where it begins and ends, below the tops of the boxes.
type Line struct {
	From, To   int
	FromY, ToY float64
}

// Rect is a place. X and Y are of its upper left corner; the first of all is at 0, 0.
type Rect struct{ X, Y, W, H float64 }

// Point is a place on the way of a line.
type Point struct{ X, Y float64 }

// Drawing is where everything is, each list in the order of the input. The points of a route are to be joined by curves that begin and end horizontally,
// from the side of one box to the side of another.
type Drawing struct {
	W, H   float64
	Boxes  []Rect
	Groups []Rect
	Routes [][]Point
}

const (
	pad     = 16.0 // between a frame and what is in it
	boxGap  = 14.0 // between boxes of a column
	laneGap = 5.0  // beside a lane
	ratio   = 1.6  // of width to height that is aimed at

	fewBoxes  = 240.0 // height of boxes that stand above each other in any case
	roadWidth = 90.0  // about what lines take between columns of groups
)

// Place places boxes. A line from a box to itself has no route; a group without boxes has no size.
func Place(boxes []Box, groups []Group, lines []Line) Drawing {
	p := &placing{boxes: boxes, groups: groups, lines: lines}
	p.insideColumns()
	p.outside()
	for g := range groups {
		p.inside(g)
	}
	return p.draw()
}

type placing struct {
	boxes  []Box
	groups []Group
	lines  []Line

	members [][]int // of a group
	column  []int   // of a box in its group
	place   []int   // of a box among the members
	rough   []Rect  // of a group: about as large

	sheet *sheet // of the groups
	cross []link // the links of the sheet: one for each group and target box
	ports []map[port]int
	inner []*sheet // of each group
}

// port is where lines to a box pass the frame of a group: on its right side or on its left one.
type port struct {
	target int
	right  bool
}

// insideColumns gives each box a column among those of its group.
func (p *placing) insideColumns() {
	p.members = make([][]int, len(p.groups))
	p.column, p.place = make([]int, len(p.boxes)), make([]int, len(p.boxes))
	for i, b := range p.boxes {
		p.place[i] = len(p.members[b.Group])
		p.members[b.Group] = append(p.members[b.Group], i)
	}
	within := make([][][2]int, len(p.groups))
	for _, l := range p.lines {
		if g := p.boxes[l.From].Group; g == p.boxes[l.To].Group && l.From != l.To {
			within[g] = append(within[g], [2]int{p.place[l.From], p.place[l.To]})
		}
	}
	p.rough = make([]Rect, len(p.groups))
	for g, members := range p.members {
		sizes := make([]Rect, len(members))
		for i, b := range members {
			sizes[i] = Rect{W: p.boxes[b].W + 2*boxGap, H: p.boxes[b].H + boxGap}
		}
		columns := assign(sizes, within[g], fewBoxes)
		var widths, heights []float64
		for i, b := range members {
			p.column[b] = columns[i]
			for len(widths) <= columns[i] {
				widths, heights = append(widths, 0), append(heights, 0)
			}
			widths[columns[i]] = max(widths[columns[i]], sizes[i].W)
			heights[columns[i]] += sizes[i].H
		}
		for c := range widths {
			p.rough[g].W += widths[c]
			p.rough[g].H = max(p.rough[g].H, heights[c])
		}
		p.rough[g].W = max(p.rough[g].W, p.groups[g].W) + 3*pad
		p.rough[g].H += p.groups[g].Top + 3*pad
	}
}

// outside gives each group its column and its rank there.
func (p *placing) outside() {
	pairs := map[[2]int]bool{} // group of the source, target box
	for _, l := range p.lines {
		if g := p.boxes[l.From].Group; g != p.boxes[l.To].Group {
			pairs[[2]int{g, l.To}] = true
		}
	}
	var between [][2]int
	for pair := range pairs {
		between = append(between, pair)
	}
	slices.SortFunc(between, func(a, b [2]int) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
	arcs := make([][2]int, len(between))
	for i, pair := range between {
		arcs[i] = [2]int{pair[0], p.boxes[pair[1]].Group}
	}
	sizes := make([]Rect, len(p.rough))
	for g, r := range p.rough {
		sizes[g] = Rect{W: r.W + roadWidth, H: r.H + boxGap}
	}
	columns := assign(sizes, arcs, 0)
	p.sheet = &sheet{}
	for g, r := range p.rough {
		p.sheet.add(cell{w: r.W, h: r.H, column: columns[g]})
	}
	for i, pair := range between {
		p.cross = append(p.cross, link{from: pair[0], to: arcs[i][1], key: pair[1]})
	}
	p.sheet.connect(p.cross)
	p.sheet.order()
}

// inside lays out a group: its boxes, between the ports on both sides, which stand in the order of what they lead to.
func (p *placing) inside(g int) {
	s := &sheet{}
	last := -1
	for _, b := range p.members[g] {
		s.add(cell{w: p.boxes[b].W, h: p.boxes[b].H, column: p.column[b] + 1})
		last = max(last, p.column[b])
	}
	wish := map[port]float64{}
	for i, l := range p.cross {
		if l.from == g {
			wish[p.portOf(l, g)] = p.sheet.rank(i, false)
		}
		if l.to == g {
			wish[p.portOf(l, g)] += p.sheet.rank(i, true)
		}
	}
	var ports []port
	for at := range wish {
		ports = append(ports, at)
	}
	slices.SortFunc(ports, func(a, b port) int {
		return cmp.Or(cmp.Compare(wish[a], wish[b]), cmp.Compare(a.target, b.target))
	})
	at := map[port]int{}
	for _, o := range ports {
		column := 0
		if o.right {
			column = last + 2
		}
		at[o] = s.add(cell{lane: true, fixed: true, column: column})
	}
	var links []link
	for _, l := range p.lines {
		from, to := p.boxes[l.From].Group, p.boxes[l.To].Group
		switch {
		case l.From == l.To || from != g && to != g:
			continue
		case from == to:
			links = append(links, link{p.place[l.From], p.place[l.To], l.FromY, l.ToY, l.To})
		case from == g:
			links = append(links, link{p.place[l.From], at[p.portOf(link{from: from, to: to, key: l.To}, g)], l.FromY, 0, l.To})
		default:
			links = append(links, link{at[p.portOf(link{from: from, to: to, key: l.To}, g)], p.place[l.To], 0, l.ToY, l.To})
		}
	}
	s.connect(links)
	s.order()
	s.heights()
	s.widths(true)
	p.inner = append(p.inner, s)
	p.ports = append(p.ports, at)
}

// portOf is where a link between groups passes the frame of one of them: on the side where the other one is.
func (p *placing) portOf(l link, g int) port {
	other := l.from + l.to - g
	return port{l.key, p.sheet.cells[other].column > p.sheet.cells[g].column}
}

// draw puts the groups into their places, and what is in them.
func (p *placing) draw() Drawing {
	for g, s := range p.inner {
		c := &p.sheet.cells[g]
		c.w, c.h = 0, 0
		if len(p.members[g]) > 0 {
			c.w, c.h = max(s.w, p.groups[g].W)+2*pad, s.h+p.groups[g].Top+2*pad
		}
	}
	for i := range p.cross {
		l := &p.cross[i]
		l.fromY, l.toY = p.portY(*l, l.from), p.portY(*l, l.to)
	}
	p.sheet.offsets(p.cross)
	p.sheet.heights()
	p.sheet.widths(false)
	d := Drawing{W: p.sheet.w, H: p.sheet.h, Boxes: make([]Rect, len(p.boxes)), Groups: make([]Rect, len(p.groups)), Routes: make([][]Point, len(p.lines))}
	for g := range p.groups {
		d.Groups[g] = p.sheet.rect(g)
		for i, b := range p.members[g] {
			r := p.inner[g].rect(i)
			x, y := p.origin(g)
			d.Boxes[b] = Rect{r.X + x, r.Y + y, r.W, r.H}
		}
	}
	p.routes(d)
	return d
}

// origin is where the inside of a group begins.
func (p *placing) origin(g int) (x, y float64) {
	r := p.sheet.rect(g)
	return r.X + (r.W-p.inner[g].w)/2, r.Y + pad + p.groups[g].Top
}

// portY is the height of a port below the top of its group.
func (p *placing) portY(l link, g int) float64 {
	return pad + p.groups[g].Top + p.inner[g].rect(p.ports[g][p.portOf(l, g)]).Y
}

// routes leads each line through the group of its source, between the groups, and through that of its target.
func (p *placing) routes(d Drawing) {
	index := map[[2]int]int{}
	for i, l := range p.cross {
		index[[2]int{l.from, l.key}] = i
	}
	used := make([]int, len(p.groups)) // links of the group's sheet that are done: they are in the order of the lines
	take := func(g int) []Point {
		x, y := p.origin(g)
		route := p.inner[g].route(used[g])
		used[g]++
		for i := range route {
			route[i].X += x
			route[i].Y += y
		}
		return route
	}
	for i, l := range p.lines {
		from, to := p.boxes[l.From].Group, p.boxes[l.To].Group
		switch {
		case l.From == l.To:
		case from == to:
			d.Routes[i] = take(from)
		default:
			first, last := take(from), take(to)
			d.Routes[i] = slices.Concat(first, p.sheet.route(index[[2]int{from, l.To}]), last)
		}
	}
}
