package kind

import (
	"math/big"
	"regexp"
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

func parseQuantity(s string) (*big.Rat, bool) {
	m := regexp.MustCompile(`^([0-9]{1,18}(?:\.[0-9]{0,9})?|\.[0-9]{1,9})(?:([eE][+-]?[0-9]{1,2})|([KMGTPE]i|[numkMGTPE]))?$`).FindStringSubmatch(s)
	if m == nil {
		return nil, false
	}
	digits := strings.TrimSuffix(m[1], ".")
	q, ok := new(big.Rat).SetString(digits + m[2])
	if !ok {
		return nil, false
	}
	return q.Mul(q, suffix(m[3])), true
}

func suffix(s string) *big.Rat {
	if base, ok := strings.CutSuffix(s, "i"); ok {
		n := new(big.Int).Exp(big.NewInt(1024), big.NewInt(int64(strings.Index("KMGTPE", base)+1)), nil)
		return new(big.Rat).SetInt(n)
	}
	power := map[string]int64{"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}[s]
	n := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(max(power, -power)), nil))
	if power < 0 {
		return n.Inv(n)
	}
	return n
}

// Number is a quantity as an int64 where it is whole, else as a float64.
func Number(q *big.Rat) any {
	if q.IsInt() && q.Num().IsInt64() {
		return q.Num().Int64()
	}
	f, _ := q.Float64()
	return f
}
