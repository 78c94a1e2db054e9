package layered_test

import (
	"fmt"
	"math"
	"reflect"
	"testing"

	"platc.dev/platc/emit/graph/layered"
)

func TestNothingOverlapsAndNoLineCrossesABox(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2, 5, 30, 100} {
		for seed := range uint64(6) {
			t.Run(fmt.Sprintf("%d boxes, seed %d", n, seed), func(t *testing.T) {
				t.Parallel()
				boxes, groups, lines := some(n, seed)
				d := layered.Place(boxes, groups, lines)
				for i, a := range d.Boxes {
					if a.H != boxes[i].H || a.W < boxes[i].W {
						t.Errorf("box %d became %v", i, a)
					}
					for j, b := range d.Boxes[:i] {
						if overlap(a, b) {
							t.Errorf("boxes %d and %d overlap: %v %v", i, j, a, b)
						}
					}
					for g, frame := range d.Groups {
						if g == boxes[i].Group && !within(a, frame) || g != boxes[i].Group && frame.W > 0 && overlap(a, frame) {
							t.Errorf("box %d of group %d stands wrongly to frame %d: %v %v", i, boxes[i].Group, g, a, frame)
						}
					}
					if !within(a, layered.Rect{W: d.W, H: d.H}) {
						t.Errorf("box %d is outside: %v", i, a)
					}
				}
				for i, l := range lines {
					if l.From == l.To {
						if d.Routes[i] != nil {
							t.Errorf("a line to itself has a route: %v", d.Routes[i])
						}
						continue
					}
					follow(t, d, boxes, l, d.Routes[i])
				}
			})
		}
	}
}

// follow walks along a route: it begins and ends at the sides of its boxes, and enters no other one, and no frame of another group.
func follow(t *testing.T, d layered.Drawing, boxes []layered.Box, l layered.Line, route []layered.Point) {
	t.Helper()
	from, to := d.Boxes[l.From], d.Boxes[l.To]
	first, last := route[0], route[len(route)-1]
	begins := near(first.Y, from.Y+l.FromY) && (near(first.X, from.X) || near(first.X, from.X+from.W))
	ends := near(last.Y, to.Y+l.ToY) && (near(last.X, to.X) || near(last.X, to.X+to.W))
	if !begins || !ends {
		t.Errorf("%v does not lead from %v to %v", route, from, to)
	}
	for i, q := range route[1:] {
		p := route[i]
		for step := range 21 {
			at := curve(p, q, float64(step)/20)
			for b, r := range d.Boxes {
				if inside(at, r) {
					t.Errorf("the line from %d to %d enters box %d at %v", l.From, l.To, b, at)
					return
				}
			}
			for g, r := range d.Groups {
				if g != boxes[l.From].Group && g != boxes[l.To].Group && r.W > 0 && inside(at, r) {
					t.Errorf("the line from %d to %d enters group %d at %v", l.From, l.To, g, at)
					return
				}
			}
		}
	}
}

// curve is a point of what joins two points of a route: horizontal at both ends.
func curve(p, q layered.Point, t float64) layered.Point {
	m := (p.X + q.X) / 2
	u := 1 - t
	return layered.Point{
		X: u*u*u*p.X + 3*u*u*t*m + 3*u*t*t*m + t*t*t*q.X,
		Y: (u*u*u+3*u*u*t)*p.Y + (3*u*t*t+t*t*t)*q.Y,
	}
}

const hair = 1e-6

func near(a, b float64) bool { return math.Abs(a-b) < hair }

func overlap(a, b layered.Rect) bool {
	return a.X+hair < b.X+b.W && b.X+hair < a.X+a.W && a.Y+hair < b.Y+b.H && b.Y+hair < a.Y+a.H
}

func within(a, b layered.Rect) bool {
	return a.X > b.X-hair && a.Y > b.Y-hair && a.X+a.W < b.X+b.W+hair && a.Y+a.H < b.Y+b.H+hair
}

func inside(p layered.Point, r layered.Rect) bool {
	return p.X > r.X+hair && p.X < r.X+r.W-hair && p.Y > r.Y+hair && p.Y < r.Y+r.H-hair
}

func TestTheSameInputHasTheSamePlaces(t *testing.T) {
	t.Parallel()
	boxes, groups, lines := some(60, 7)
	want := layered.Place(boxes, groups, lines)
	for range 5 {
		if got := layered.Place(boxes, groups, lines); !reflect.DeepEqual(got, want) {
			t.Fatal("another drawing")
		}
	}
}

// A line leads to the right where nothing forces it back.
func TestLinesLeadToTheRight(t *testing.T) {
	t.Parallel()
	boxes := make([]layered.Box, 4)
	for i := range boxes {
		boxes[i] = layered.Box{W: 80, H: 40, Group: i / 2}
	}
	lines := []layered.Line{{From: 2, To: 0}, {From: 0, To: 1}, {From: 3, To: 2}, {From: 3, To: 1}}
	d := layered.Place(boxes, make([]layered.Group, 2), lines)
	for _, l := range lines {
		if d.Boxes[l.From].X+d.Boxes[l.From].W > d.Boxes[l.To].X {
			t.Errorf("the line from %d to %d leads back: %v", l.From, l.To, d.Boxes)
		}
	}
}

func TestManyBoxesWithoutLinesFillAPage(t *testing.T) {
	t.Parallel()
	boxes := make([]layered.Box, 70)
	for i := range boxes {
		boxes[i] = layered.Box{W: 120, H: 45}
	}
	if d := layered.Place(boxes, make([]layered.Group, 1), nil); d.W/d.H < 0.7 || d.W/d.H > 3 {
		t.Errorf("%.0f by %.0f", d.W, d.H)
	}
}

func TestNothingHasNoPlace(t *testing.T) {
	t.Parallel()
	if d := layered.Place(nil, nil, nil); d.W != 0 || d.H != 0 {
		t.Errorf("%v", d)
	}
	if d := layered.Place(nil, make([]layered.Group, 2), nil); len(d.Groups) != 2 {
		t.Errorf("%v", d)
	}
}
