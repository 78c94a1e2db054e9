package eval

import (
	"strconv"
	"strings"
)

// Open says which texts of the inputs are left open: those that have a name in them, in whatever spelling, as shop-prod, shop_prod and SHOPPROD have. An answer
// that only takes such a text over holds a mark in its place, alone or in a longer text, and holds for whatever other text there is. Each operation that would
// look into it fails, and with it the evaluation.
type Open struct {
	name  string // letters and digits alone
	texts []string
	seen  bool // somebody looked into one
}

// OpenTo leaves texts open that have a name in them. It is for one question.
func OpenTo(name string) *Open {
	var b strings.Builder
	for i := range len(name) {
		if c, ok := plainByte(name[i]); ok {
			b.WriteByte(c)
		}
	}
	return &Open{name: b.String()}
}

// Texts are those that were left open, in the order of their marks.
func (o *Open) Texts() []string { return o.texts }

// LookedInto says whether the evaluation failed because somebody looked into a text that was left open.
func (o *Open) LookedInto() bool { return o.seen }

// The characters around the number of a text that is filled in later. They are none, so that no text has them: one that does fails beside a text that is open.
const (
	markBegins = "\ufdd0"
	markEnds   = "\ufdd1"
)

// HasMark says whether something is to be filled into a text.
func HasMark(s string) bool { return strings.Contains(s, markBegins) }

// Fill puts texts in the place of marks.
func Fill(s string, texts []string) string {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(s, markBegins)
		b.WriteString(before)
		if !found {
			return b.String()
		}
		number, after, _ := strings.Cut(rest, markEnds)
		n, err := strconv.Atoi(number)
		if err != nil {
			panic("a mark without a number")
		}
		b.WriteString(texts[n])
		s = after
	}
}

// has says whether a text has the name in it.
func (o *Open) has(s string) bool {
	if o == nil || o.name == "" {
		return false
	}
	for from := range len(s) {
		if o.at(s[from:]) {
			return true
		}
	}
	return false
}

func (o *Open) at(s string) bool {
	i := 0
	for k := range len(s) {
		c, ok := plainByte(s[k])
		switch {
		case !ok:
		case c != o.name[i]:
			return false
		case i == len(o.name)-1:
			return true
		default:
			i++
		}
	}
	return false
}

// plainByte is a letter, small, or a digit.
func plainByte(c byte) (byte, bool) {
	switch {
	case 'A' <= c && c <= 'Z':
		return c + 'a' - 'A', true
	case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
		return c, true
	}
	return 0, false
}

// leaveOpen gives a text of an input a mark, where it has the name in it.
func (c *ctx) leaveOpen(in *input, s string) (mark string, ok bool) {
	c.look(s)
	if !c.open.has(s) {
		return "", false
	}
	in.open = len(c.open.texts) + 1
	c.open.texts = append(c.open.texts, s)
	return markBegins + strconv.Itoa(in.open-1) + markEnds, true
}

// look fails where a text has a part that is left open.
func (c *ctx) look(s string) {
	if c.open != nil && HasMark(s) {
		c.open.seen = true
		c.fail("a text that is left open decides")
	}
}

// sees fails where a value is a text that has a part that is left open.
func (c *ctx) sees(all ...value) {
	if c.open == nil {
		return
	}
	for _, v := range all {
		if v.class == text || v.class == binaryText {
			c.look(v.s)
		}
	}
}

// opens says whether any text in data would be left open.
func (c *ctx) opens(raw any) bool {
	if c.open == nil {
		return false
	}
	switch x := raw.(type) {
	case string:
		return c.open.has(x) || HasMark(x)
	case map[string]any:
		for _, v := range x {
			if c.opens(v) {
				return true
			}
		}
	case map[string]string:
		for _, v := range x {
			if c.opens(v) {
				return true
			}
		}
	case []any:
		return anyOpens(c, x)
	case []string:
		return anyOpens(c, x)
	case []map[string]any:
		return anyOpens(c, x)
	}
	return false
}

func anyOpens[T any](c *ctx, items []T) bool {
	for _, v := range items {
		if c.opens(v) {
			return true
		}
	}
	return false
}
