package load_test

import (
	"testing"

	"platc.dev/platc/compiler/load"
)

// TestBuiltInKindsUseWhatTheyDeclare holds the library to what users' kinds are warned of.
func TestBuiltInKindsUseWhatTheyDeclare(t *testing.T) {
	t.Parallel()
	for _, d := range load.StrictLibrary().Sorted() {
		t.Errorf("%s %s: %s", d.Pos, d.Code, d.Message)
	}
}
