package kind

import (
	"fmt"
	"math/big"
	"slices"
	"strings"

	"platc.dev/platc/compiler/diag"
)

// least is the smallest size of memory or of a volume that anyone means, in bytes; most is the largest part of a node, in cores.
const (
	least = 1 << 20
	most  = 256
)

// senseless is the finding for a quantity that Kubernetes takes, but nobody means: 10 bytes of storage, 500 cores. What a quantity counts is read off its default:
// bytes where that is a size, cores where it is small. at is its place; the position is the caller's. nil: it makes sense, or nothing is known.
func (t *Type) senseless(data any, at Place) *diag.Diagnostic {
	if !t.Quantity {
		return nil
	}
	value, ok := Quantity(data)
	usual, known := Quantity(t.Default)
	if !ok || !known || value.Sign() == 0 {
		return nil
	}
	number, _, _ := strings.Cut(fmt.Sprint(data), "e")
	number = strings.TrimRight(number, "numkKMGTPEi")
	unit := unitOf(t.Default)
	if own := unitOf(data); own != "" && !slices.Contains([]string{"n", "u", "m"}, own) {
		return nil // a size that says what it counts is meant
	}
	switch size := usual.Cmp(whole(least)) >= 0; {
	case size && value.Cmp(whole(least)) < 0:
		amount := value.FloatString(3)
		amount = strings.TrimSuffix(strings.TrimRight(amount, "0"), ".") + " bytes"
		return &diag.Diagnostic{Code: "E0104", Path: at.Path, Message: fmt.Sprintf("%s is %s, which is %s", at.Subject, written(data), amount), Help: fmt.Sprintf("did you mean %q?", number+unit)}
	case !size && usual.Cmp(whole(most)) < 0 && value.Cmp(whole(most)) > 0:
		return &diag.Diagnostic{Code: "E0104", Path: at.Path, Message: fmt.Sprintf("%s is %s, which is more cores than a node has", at.Subject, written(data)), Help: fmt.Sprintf("did you mean %q?", number+"m")}
	}
	return nil
}

func whole(n int64) *big.Rat { return new(big.Rat).SetInt64(n) }

// unitOf is the suffix of a quantity: Gi of 10Gi.
func unitOf(data any) string {
	text := fmt.Sprint(data)
	return text[len(strings.TrimRight(text, "numkKMGTPEi")):]
}

// written is a value as it stands in CUE.
func written(data any) string { return (&Given{Scalar: data}).describe() }
