package encode

import "slices"

// Line says what one line of an encoded text was written from.
type Line struct {
	Path     []any // keys (string) and indexes (int) of the value; a line that opens or closes a map or a list is that one's
	From, To int   // of a text of several lines: the bytes that the line shows; both 0 on every other line
}

// tracer notes what each line is written from. A nil one does nothing, so that encoding costs nothing more where nobody asks.
type tracer struct {
	lines []Line
	path  []any
}

// field enters a field of a map.
func (t *tracer) field(key string) {
	if t != nil {
		t.path = append(t.path, key)
	}
}

// index enters an item of a list.
func (t *tracer) index(i int) {
	if t != nil {
		t.path = append(t.path, i)
	}
}

// leave goes back to the map or list of what was entered last.
func (t *tracer) leave() {
	if t != nil {
		t.path = t.path[:len(t.path)-1]
	}
}

// line ends a line that shows the value, or its beginning.
func (t *tracer) line() { t.part(0, 0) }

// part ends a line that shows some bytes of the text.
func (t *tracer) part(from, to int) {
	if t != nil {
		t.lines = append(t.lines, Line{slices.Clone(t.path), from, to})
	}
}
