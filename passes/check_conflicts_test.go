package passes_test

import (
	"slices"
	"strings"
	"testing"

	"platc.dev/platc/compiler/kind"
)

// claiming makes nodes of a kind claim what their attribute "claims" says: "key", "key in within", "key by owner".
func claiming(k *kind.Kind) {
	k.Describe = func(self, _, _ object) (kind.Description, error) {
		d := kind.Description{}
		written, _ := self["attrs"].(object)["claims"].(string)
		for text := range strings.SplitSeq(written, ", ") {
			key, owner, _ := strings.Cut(text, " by ")
			key, within, _ := strings.Cut(key, " in ")
			if key != "" {
				d.Claims = append(d.Claims, kind.Claim{Key: key, Within: within, Owner: owner, What: "name " + key, Code: "E0205"})
			}
		}
		return d, nil
	}
}

func TestNameIsClaimedOnce(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what string
		a, b string // claims of two nodes
		want int
	}{
		{"different names", "x", "y", 0},
		{"one name", "x", "x", 1},
		{"one name in two places", "x in one", "x in two", 0},
		{"one name in one place", "x in one", "x in one", 1},
		{"what one owner claims twice", "x by me", "x by me", 0},
		{"two owners", "x by me", "x by you", 1},
		{"two names", "x, y", "y, x", 2},
		{"a name that one node claims twice", "x, x", "", 1},
	} {
		w := newWorld(t)
		w.kind("app", claiming)
		w.add("app", "a", object{"claims": c.a})
		w.add("app", "b", object{"claims": c.b})
		b := w.run("check-conflicts")
		if got := strings.Count(b.codes(), "E0205"); got != c.want {
			t.Errorf("%s: %v", c.what, b.Findings.Sorted())
		}
	}
}

func TestConflictStandsAtBothPlaces(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.kind("gate")
	w.kind("app", claiming)
	w.rule("gate -> app", saysOf(func(in kind.Input) kind.Result {
		return kind.Result{Claims: []kind.Claim{{Code: "E0207", Key: "/", What: "path /", Help: "another path"}, {Code: "E0205", Key: "x", What: "name x"}}}
	}))
	w.add("gate", "edge border third")
	w.add("app", "shop", object{"claims": "x"})
	for _, l := range []string{"edge -> shop", "border -> shop", "third -> shop"} {
		w.link(l)
	}
	b := w.run("")
	var said []string
	for _, d := range b.Findings.Sorted() {
		said = append(said, d.Code+" "+d.Message+"; "+d.Help)
		first := "shop"
		if d.Code == "E0207" {
			first = "border -> shop"
		}
		if len(d.Related) != 1 || d.Related[0].Pos != b.posOf(first) {
			t.Errorf("%+v", d)
		}
	}
	want := []string{
		"E0205 shop and edge -> shop both claim the name x; rename one of them",
		"E0207 border -> shop and edge -> shop both claim the path /; another path",
		"E0205 shop and border -> shop both claim the name x; rename one of them",
		"E0205 shop and third -> shop both claim the name x; rename one of them",
		"E0207 border -> shop and third -> shop both claim the path /; another path",
	}
	if !slices.Equal(said, want) {
		t.Errorf("%q", said)
	}
	if b.Plan.Sealed {
		t.Error("a plan with conflicts is not sealed")
	}
}
