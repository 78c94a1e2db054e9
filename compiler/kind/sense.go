package kind

import (
	"fmt"
	"math/big"
	"slices"
	"strings"

	"platc.dev/platc/compiler/diag"
)

// least is the smallest size of memory or of a volume that anyone means, in bytes; most is the largest part of a node, in cores, and grain the smallest;
// far is how many times its usual value a quantity hardly is.
const (
	least = 1 << 20
	most  = 128
	grain = 1000
	far   = 64
)

// senseless is the finding for a quantity that Kubernetes takes, but nobody means: 10 bytes of storage, 500 cores. What a quantity counts is read off its default,
// or off one such as its values are: bytes where that is a size, cores where it is small. at is its place; the position is the caller's. nil: it makes sense, or nothing is known.
func (t *Type) senseless(data any, at Place) *diag.Diagnostic {
	if !t.Quantity {
		return nil
	}
	like := t.Default
	if like == nil {
		like = t.Usual
	}
	value, ok := Quantity(data)
	usual, known := Quantity(like)
	if !ok || !known || value.Sign() == 0 {
		return nil
	}
	number, _, _ := strings.Cut(fmt.Sprint(data), "e")
	number = strings.TrimRight(number, "numkKMGTPEi")
	if own := unitOf(data); own != "" && !slices.Contains([]string{"n", "u", "m"}, own) {
		return nil // a size that says what it counts is meant
	}
	switch size := usual.Cmp(whole(least)) >= 0; {
	case size && value.Cmp(whole(least)) < 0:
		amount := value.FloatString(3)
		amount = strings.TrimSuffix(strings.TrimRight(amount, "0"), ".") + " bytes"
		return &diag.Diagnostic{Code: "E0104", Path: at.Path, Message: fmt.Sprintf("%s is %s, which is %s", at.Subject, written(data), amount), Help: fmt.Sprintf("did you mean %q?", number+unitFor(number, like, usual))}
	case size || usual.Cmp(whole(most)) >= 0:
	case !new(big.Rat).Mul(value, whole(grain)).IsInt():
		return &diag.Diagnostic{Code: "E0104", Path: at.Path, Message: fmt.Sprintf("%s is %s, which is finer than a thousandth of a core", at.Subject, written(data)), Help: "give it whole thousandths of a core, such as 100m"}
	case value.Cmp(whole(most)) > 0:
		return &diag.Diagnostic{Code: "E0104", Path: at.Path, Message: fmt.Sprintf("%s is %s, which is more cores than most nodes have", at.Subject, written(data)), Help: fmt.Sprintf("did you mean %q?", number+"m")}
	}
	return nil
}

// unitFor is the unit that makes of a number what is nearest to a usual quantity: that of the usual one, or the next below it where the number is large.
func unitFor(number string, like any, usual *big.Rat) string {
	unit := unitOf(like)
	const units = "KMGTPE"
	i := strings.Index(units, strings.TrimSuffix(unit, "i"))
	if q, ok := parseQuantity(number + unit); ok && i > 0 && q.Cmp(new(big.Rat).Mul(usual, whole(far))) >= 0 {
		return units[i-1:i] + strings.TrimPrefix(unit, units[i:i+1])
	}
	return unit
}

func whole(n int64) *big.Rat { return new(big.Rat).SetInt64(n) }

// unitOf is the suffix of a quantity: Gi of 10Gi.
func unitOf(data any) string {
	text := fmt.Sprint(data)
	return text[len(strings.TrimRight(text, "numkKMGTPEi")):]
}

// written is a value as it stands in CUE.
func written(data any) string { return (&Given{Scalar: data}).describe() }
