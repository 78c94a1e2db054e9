package load_test

import (
	"testing"

	"platc.dev/platc/compiler/load"
	library "platc.dev/platc/cue"
)

func TestZZ(t *testing.T) {
	a := load.NewAsking(library.FS, nil, nil)
	for _, n := range a.Names() {
		if r := a.Refusal(n); r != "" {
			t.Log(n, r)
		}
	}
}
