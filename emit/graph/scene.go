package graph

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/emit/graph/layered"
)

const (
	detailed = 40  // components in which links have a row each
	legible  = 300 // components that are drawn; of more there are namespaces alone
)

// scene is what is drawn, before it has places.
type scene struct {
	boxes  []box
	frames []string // by index; "" has no frame
	arrows []arrow
	note   string // below the picture
}

// box is a component, or a namespace where those alone are drawn.
type box struct {
	id, title, kind string
	frame           int
	tint            int // of its kind
	rows            []row
	lit             bool
	external        bool
}

// row is a line of text below the title and the kind.
type row struct {
	text   string
	indent bool
	sub    *ir.Node // a sub-component; nil: a link, or links that are not drawn
	lit    bool
}

// arrow is a line between two boxes, at rows of theirs; -1 is the title.
type arrow struct {
	from, to       int
	fromRow, toRow int
	dashed, lit    bool
}

// sceneOf is the scene of a view: its components by namespace.
func sceneOf(v view, o Options) scene {
	var s scene
	namespaces, of := v.components()
	tints := map[string]int{}
	for _, n := range v.nodes {
		if n.Parent == nil {
			tints[n.Kind.Name] = 0
		}
	}
	for i, name := range slices.Sorted(maps.Keys(tints)) {
		tints[name] = i % tintCount
	}
	drawn, bundled := bundle(v.lines(o.Expand), o)
	at := map[*ir.Node]int{}
	small := 0
	for _, ns := range namespaces {
		small += len(of[ns])
	}
	for f, ns := range namespaces {
		s.frames = append(s.frames, ns)
		for _, n := range of[ns] {
			at[n] = len(s.boxes)
			b := box{id: n.ID, title: n.Name, kind: n.Kind.Name, frame: f, tint: tints[n.Kind.Name], lit: o.Highlight.node(n, !o.Expand), external: n.Description.External != nil}
			if b.external {
				b.rows = append(b.rows, row{text: short(n.Description.External.At)})
			}
			if o.Expand {
				for _, sub := range v.subs[n] {
					b.rows = append(b.rows, row{text: short(subName(sub)), sub: sub, lit: o.Highlight.node(sub, false)})
				}
			}
			s.boxes = append(s.boxes, b)
		}
	}
	for _, l := range drawn {
		a := arrow{from: at[l.source.Component()], to: at[l.target.Component()], fromRow: -1, toRow: -1, dashed: !l.waits(), lit: o.Highlight.line(l)}
		if o.Expand {
			a.fromRow, a.toRow = s.boxes[a.from].rowOf(l.source), s.boxes[a.to].rowOf(l.target)
		}
		s.arrows = append(s.arrows, a)
	}
	for n, b := range bundled {
		for _, text := range b.lines() {
			s.boxes[at[n]].rows = append(s.boxes[at[n]].rows, row{text: text})
		}
	}
	if small <= detailed {
		order := make([]int, len(drawn))
		for i := range order {
			order[i] = i
		}
		first := s.rows(drawn, order)
		routes := first.place().Routes
		slices.SortStableFunc(order, func(a, b int) int { return compareRoutes(routes[a], routes[b]) })
		s = s.rows(drawn, order)
	}
	return s
}

// compareRoutes says which of two lines goes higher where they part. They begin at the points 0 and 1, at one row or at two.
func compareRoutes(a, b []layered.Point) int {
	for i := 2; i < min(len(a), len(b)); i++ {
		if c := cmp.Compare(a[i].Y, b[i].Y); c != 0 {
			return c
		}
	}
	return 0
}

func (b box) rowOf(n *ir.Node) int {
	return slices.IndexFunc(b.rows, func(r row) bool { return r.sub == n && n.Parent != nil })
}

// rows gives each link that is drawn a row of its source, with what the user wrote, and lets its arrow begin there. Where
// sub-components are shown, their links stand below them. The links stand in an order of arrows.
func (s scene) rows(drawn []line, order []int) scene {
	s.boxes, s.arrows = slices.Clone(s.boxes), slices.Clone(s.arrows)
	for i := range s.boxes {
		b := &s.boxes[i]
		given := b.rows
		b.rows = nil
		moved := map[int]int{-1: -1}
		place := func(sub int) { // the links of a sub-component; -1: of the component
			for _, a := range order {
				l := drawn[a]
				if s.arrows[a].from != i || s.arrows[a].fromRow != sub {
					continue
				}
				first := len(b.rows)
				for _, e := range l.edges {
					text := linkText(e, e.Source != l.source)
					if !slices.ContainsFunc(b.rows[first:], func(r row) bool { return r.text == text }) {
						b.rows = append(b.rows, row{text: text, indent: sub >= 0})
					}
				}
				s.arrows[a].fromRow = -2 - first // beyond those that are still to be moved
			}
		}
		place(-1)
		for old, r := range given {
			moved[old] = len(b.rows)
			b.rows = append(b.rows, r)
			if r.sub != nil {
				place(old)
			}
		}
		for a := range s.arrows {
			if s.arrows[a].from == i {
				if row := s.arrows[a].fromRow; row < -1 {
					s.arrows[a].fromRow = -2 - row
				} else {
					s.arrows[a].fromRow = moved[row]
				}
			}
			if s.arrows[a].to == i {
				s.arrows[a].toRow = moved[s.arrows[a].toRow]
			}
		}
	}
	return s
}

// linkText is a link as the user wrote it.
func linkText(e *ir.Edge, nameSource bool) string {
	text := "→ " + e.As
	if nameSource {
		text = subName(e.Source) + " " + text
	}
	if given := attributes(e); given != "" {
		text += " (" + given + ")"
	}
	return short(text)
}

// overviewOf is the scene of namespaces alone.
func overviewOf(v view) scene {
	namespaces, of := v.components()
	s := scene{frames: []string{""}, note: fmt.Sprintf("%d components in %s: too many to draw here. `platc graph --focus NAME` draws a part, `--format html` all.", len(v.nodes)-subCount(v), count(len(namespaces), "namespace", "namespaces"))}
	at := map[*ir.Node]int{}
	for i, ns := range namespaces {
		b := box{id: ns, title: ns, kind: count(len(of[ns]), "component", "components"), tint: i % tintCount}
		kinds := map[string]int{}
		for _, n := range of[ns] {
			at[n] = i
			kinds[n.Kind.Name]++
		}
		for _, k := range slices.Sorted(maps.Keys(kinds)) {
			b.rows = append(b.rows, row{text: fmt.Sprintf("%d %s", kinds[k], k)})
		}
		s.boxes = append(s.boxes, b)
	}
	if len(s.boxes) > legible {
		s.boxes = nil
		return s
	}
	links := map[[2]int]bool{}
	var pairs [][2]int
	for _, l := range v.lines(false) {
		pair := [2]int{at[l.source], at[l.target]}
		if pair[0] != pair[1] && !links[pair] {
			links[pair] = true
			pairs = append(pairs, pair)
		}
	}
	center := hubs(pairs)
	for i := range s.boxes {
		var to, from []string
		for _, p := range pairs {
			switch {
			case center[p[0]] == center[p[1]]:
			case p[0] == i && center[p[1]]:
				to = append(to, namespaces[p[1]])
			case p[1] == i && center[p[0]]:
				from = append(from, namespaces[p[0]])
			}
		}
		for _, text := range (&said{to: to, from: from}).lines() {
			s.boxes[i].rows = append(s.boxes[i].rows, row{text: text})
		}
	}
	for _, p := range pairs {
		if center[p[0]] == center[p[1]] {
			s.arrows = append(s.arrows, arrow{from: p[0], to: p[1], fromRow: -1, toRow: -1})
		}
	}
	return s
}

func subCount(v view) int {
	n := 0
	for _, subs := range v.subs {
		n += len(subs)
	}
	return n
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// Heights and widths of what is in a box.
const (
	titleSize, kindSize, rowSize = 13.0, 11.0, 11.0
	titleY, kindY                = 19.0, 34.0 // base lines
	rowsY, rowHeight             = 50.0, 15.0 // of the first row, and from one to the next
	boxPad                       = 12.0
	indentBy                     = 10.0
)

func (b box) height() float64 {
	return kindY + 9 + float64(len(b.rows))*rowHeight + min(1, float64(len(b.rows)))*3
}

func (b box) width() float64 {
	w := max(textWidth(b.title, titleSize)*boldness, textWidth(b.kind, kindSize), 84)
	for _, r := range b.rows {
		x := textWidth(r.text, rowSize)
		if r.indent {
			x += indentBy
		}
		w = max(w, x)
	}
	return w + 2*boxPad
}

// rowMiddle is the height of a row, or of the title, where a line begins or ends.
func rowMiddle(row int) float64 {
	if row < 0 {
		return titleY - 4
	}
	return rowsY + float64(row)*rowHeight - 4
}

// place lays the scene out.
func (s scene) place() layered.Drawing {
	boxes, groups, lines := make([]layered.Box, len(s.boxes)), make([]layered.Group, len(s.frames)), make([]layered.Line, len(s.arrows))
	for i, b := range s.boxes {
		boxes[i] = layered.Box{W: b.width(), H: b.height(), Group: b.frame}
	}
	for i, title := range s.frames {
		if title != "" {
			groups[i] = layered.Group{W: textWidth(title, titleSize), Top: 16}
		}
	}
	for i, a := range s.arrows {
		lines[i] = layered.Line{From: a.from, To: a.to, FromY: rowMiddle(a.fromRow), ToY: rowMiddle(a.toRow)}
	}
	return layered.Place(boxes, groups, lines)
}

const boldness = 1.1 // how much wider bold text is

// textWidth is at least how wide a text is in a common sans-serif font of that size: a picture is drawn before anyone knows the font.
func textWidth(text string, size float64) float64 {
	var ems float64
	for _, r := range text {
		switch {
		case strings.ContainsRune("iljtfrI.,:;'|!()[] /-", r):
			ems += 0.41
		case strings.ContainsRune("mwMW@%→←", r):
			ems += 0.98
		case r >= 'A' && r <= 'Z':
			ems += 0.7
		case r >= 0x1100:
			ems += 1.05
		default:
			ems += 0.63
		}
	}
	return ems * size
}
