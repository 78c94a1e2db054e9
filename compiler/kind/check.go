package kind

import (
	"math/big"
	"regexp"
	"slices"
	"sync"
)

// Check is a test of a concrete value, as data: the library is stored with its types. Exactly one of its forms is used.
type Check struct {
	Basic    string   // a basic type of CUE: "string", "int"; "_" is anything
	Op       string   // "==", "!=", "<", "<=", ">" or ">=": a comparison with Limit, which is a literal
	Limit    any      // nil: null
	Pattern  *Pattern // what a string has to match
	NotMatch bool     // of Pattern: it must not match
	Any, All []*Check // one of these, all of these
	Fits     *Type    // an alternative with a structure
}

// Holds says whether a concrete scalar, or the plain data of a value of mixed type, passes the test.
func (c *Check) Holds(v any) bool {
	holds := func(c *Check) bool { return c.Holds(v) }
	fails := func(c *Check) bool { return !c.Holds(v) }
	switch {
	case c.Basic != "":
		return isBasic(c.Basic, v)
	case c.Pattern != nil:
		s, ok := v.(string)
		return ok && c.Pattern.MatchString(s) != c.NotMatch
	case c.Any != nil:
		return slices.ContainsFunc(c.Any, holds)
	case c.All != nil:
		return !slices.ContainsFunc(c.All, fails)
	case c.Fits != nil:
		return c.Fits.Fits(v)
	case c.Op == "==":
		return v == c.Limit
	}
	return c.compares(v)
}

// compares holds a value to a bound: texts are only equal or not.
func (c *Check) compares(v any) bool {
	if text, ok := c.Limit.(string); ok {
		s, ok := v.(string)
		return ok && c.Op == "!=" && s != text
	}
	n, isNumber := number(v)
	limit, ok := number(c.Limit)
	if !ok || !isNumber {
		return false
	}
	switch c.Op {
	case ">":
		return n > limit
	case ">=":
		return n >= limit
	case "<":
		return n < limit
	case "<=":
		return n <= limit
	}
	return c.Op == "!=" && n != limit
}

// number is data as a number.
func number(data any) (float64, bool) {
	switch n := data.(type) {
	case int64:
		return float64(n), true
	case float64:
		return n, true
	case *big.Int:
		f, _ := new(big.Float).SetInt(n).Float64()
		return f, true
	}
	return 0, false
}

// Basics are the names of CUE's basic types that a Check may have.
func Basics() []string { return []string{"_", "string", "int", "float", "number", "bool", "null"} }

func isBasic(name string, v any) bool {
	switch v.(type) {
	case string:
		return name == "string" || name == "_"
	case int64, *big.Int:
		return name == "int" || name == "number" || name == "_"
	case float64:
		return name == "float" || name == "number" || name == "_"
	case bool:
		return name == "bool" || name == "_"
	case nil:
		return name == "null" || name == "_"
	}
	return name == "_"
}

// Pattern is a regular expression. It is compiled when it is first asked: few of the library's ever are.
type Pattern struct {
	Text string

	once sync.Once
	re   *regexp.Regexp
}

// NewPattern is the pattern of a text.
//
// Errors: the text is not a regular expression.
func NewPattern(text string) (*Pattern, error) {
	if _, err := regexp.Compile(text); err != nil {
		return nil, err
	}
	return &Pattern{Text: text}, nil
}

// MatchString says whether a text matches.
func (p *Pattern) MatchString(s string) bool {
	p.once.Do(func() { p.re = regexp.MustCompile(p.Text) })
	return p.re.MatchString(s)
}
