package load

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestCUEThatMultipliesIsGivenUp has an evaluation that takes longer than the bound, though not for ever: nothing stops it.
func TestCUEThatMultipliesIsGivenUp(t *testing.T) {
	t.Parallel()
	dir := files{"arch.cue": `name: "x"
_l0: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
_l1: [for x in _l0 for y in _l0 {x}]
_l2: [for x in _l1 for y in _l0 {x}]
_l3: [for x in _l2 for y in _l0 {x}]
_l4: [for x in _l3 for y in _l0 {x}]
components: a: {kind: "redis", namespace: "a"}
`}.write(t)
	_, list := loaded(Source{Dir: dir, limit: time.Millisecond})
	if got := found(list); !slices.Equal(got, []string{"E0101 arch.cue:1:1"}) || !strings.Contains(said(list), "takes more than 1ms to evaluate") {
		t.Errorf("%q\n%s", got, said(list))
	}
}

func TestAnArchitectureIsBounded(t *testing.T) {
	t.Parallel()
	dir := files{"arch.cue": "import \"list\"\nname: \"x\"\ncomponents: {for i in list.Range(0, 20001, 1) {\"c\\(i)\": {}}}\n"}.write(t)
	_, list := loaded(Source{Dir: dir})
	if got := found(list); !slices.Equal(got, []string{"E0101 arch.cue:3:1"}) || !strings.Contains(said(list), "20001 components, more than the limit of 20000") {
		t.Errorf("%q\n%s", got, said(list))
	}
	many := files{}
	for i := range 5 {
		many[fmt.Sprintf("f%d.cue", i)] = "package x\n//" + strings.Repeat("x", 8<<20) + "\n"
	}
	_, list = loaded(Source{Dir: many.write(t)})
	if !strings.Contains(said(list), "the files before it exceed the limit of 32 MiB") {
		t.Error(said(list))
	}
}
