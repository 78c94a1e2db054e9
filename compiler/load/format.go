package load

import (
	"fmt"

	"cuelang.org/go/cue/format"
)

// Format is CUE as `cue fmt` writes it.
func Format(text []byte) ([]byte, error) {
	formatted, err := format.Source(text, format.Simplify())
	if err != nil {
		return nil, fmt.Errorf("format CUE: %w", err)
	}
	return formatted, nil
}
