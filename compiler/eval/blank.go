package eval

import "strings"

// Blank stands in an input for a text that is filled in later. An answer that only takes it over holds Mark in its place, alone or in a longer text, and holds
// for whatever text there is. Each operation that would look into it fails, and with it the evaluation.
type Blank struct{}

// Mark is where a Blank is filled in. It is no character, so that texts do not have it: one that does fails beside a Blank.
const Mark = "\ufdd0"

const looksIntoBlank = "a text that is filled in later decides"

// hasBlank says whether an input has a Blank.
func hasBlank(inputs map[string]*vertex) bool {
	for _, in := range inputs {
		fields, _ := in.in.raw.(map[string]any)
		for _, v := range fields {
			if _, ok := v.(Blank); ok {
				return true
			}
		}
	}
	return false
}

// blank says whether a text has a part that is not known. It fails where one is looked into.
func (c *ctx) blank(s string) bool {
	if !c.blanks || !strings.Contains(s, Mark) {
		return false
	}
	c.fail(looksIntoBlank)
	return true
}

// sees fails where a scalar has a part that is not known: somebody looks into it.
func (c *ctx) sees(all ...value) {
	for _, v := range all {
		if v.class == text || v.class == binaryText {
			c.blank(v.s)
		}
	}
}
