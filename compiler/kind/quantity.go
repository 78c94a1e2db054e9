package kind

import (
	"math"
	"math/big"
	"strconv"
	"strings"
)

// Quantity is a Kubernetes quantity as a number in base units (bytes, cores), exactly; ok is false for anything else.
// Source of the format: the Kubernetes API reference, resource.Quantity.
func Quantity(data any) (q *big.Rat, ok bool) {
	switch v := data.(type) {
	case int64:
		return new(big.Rat).SetInt64(v), v >= 0
	case float64:
		q := new(big.Rat).SetFloat64(v)
		return q, q != nil && v >= 0
	case string:
		return parseQuantity(v)
	}
	return nil, false
}

func isQuantity(data any) bool {
	_, ok := Quantity(data)
	return ok
}

// parseQuantity reads digits, an optional fraction, and a suffix or an exponent.
func parseQuantity(s string) (*big.Rat, bool) {
	digits := strings.IndexFunc(s, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
	if digits < 0 {
		digits = len(s)
	}
	number, unit := s[:digits], s[digits:]
	const longest = 28
	if number == "" || number == "." || len(number) > longest || strings.Count(number, ".") > 1 {
		return nil, false
	}
	exponent := ""
	if len(unit) > 1 && len(unit) <= 4 && (unit[0] == 'e' || unit[0] == 'E') && unit != "Ei" {
		if _, err := strconv.ParseInt(unit[1:], 10, 8); err != nil {
			return nil, false
		}
		exponent, unit = unit, ""
	}
	scale, ok := suffix(unit)
	if !ok {
		return nil, false
	}
	q, ok := new(big.Rat).SetString(strings.TrimSuffix(number, ".") + exponent)
	if !ok {
		return nil, false
	}
	q.Mul(q, scale)
	// Kubernetes cuts what is larger to this without a word
	return q, q.Cmp(new(big.Rat).SetInt64(math.MaxInt64)) <= 0
}

// suffix is the factor of a unit: 1024 to a power with an i, 1000 to a power without.
func suffix(s string) (*big.Rat, bool) {
	if base, ok := strings.CutSuffix(s, "i"); ok {
		power := strings.Index("KMGTPE", base) + 1
		if len(base) != 1 || power == 0 {
			return nil, false
		}
		return new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(1024), big.NewInt(int64(power)), nil)), true
	}
	power, ok := map[string]int64{"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}[s]
	if !ok {
		return nil, false
	}
	n := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(max(power, -power)), nil))
	if power < 0 {
		n.Inv(n)
	}
	return n, true
}

// Number is a quantity as an int64 where it is whole, else as a float64.
func Number(q *big.Rat) any {
	if q.IsInt() && q.Num().IsInt64() {
		return q.Num().Int64()
	}
	f, _ := q.Float64()
	return f
}
