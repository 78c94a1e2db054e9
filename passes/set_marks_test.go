package passes_test

import (
	"errors"
	"sync"
	"testing"

	"platc.dev/platc/compiler/kind"
)

// marked makes a rule mark its targets with an attribute of the link.
func marked(r *kind.Rule) {
	r.Attributes = &kind.Type{IsStruct: true, Fields: []kind.Field{{Name: "mode", Type: &kind.Type{Default: "strict", Check: &kind.Check{Basic: "_"}}}}}
	r.Marks = func(link, from, arch object) (object, kind.Trace, error) {
		if link["mode"] == "broken" {
			return nil, nil, errors.New("broken")
		}
		return object{"mesh": object{"mode": link["mode"], "of": arch["name"]}}, nil, nil
	}
}

func TestMarksAreSeenByTheRulesOfOtherEdges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.kind("mesh")
	w.kind("app")
	w.rule("mesh -> app", marked)
	var mu sync.Mutex // rules are applied in parallel
	seen := map[string]any{}
	w.rule("app -> app", saysOf(func(in kind.Input) kind.Result {
		mu.Lock()
		defer mu.Unlock()
		seen[in.From["name"].(string)] = in.To["marks"].(object)["mesh"]
		return kind.Result{}
	}))
	w.add("mesh", "zone other")
	w.add("app", "a b c")
	w.link("a -> b")
	w.link("b -> c")
	w.link("zone -> b")
	w.link("other -> b")
	b := w.run("apply-rules").clean()
	if mark, _ := seen["a"].(object); mark["mode"] != "strict" || mark["of"] != "test" || seen["b"] != nil {
		t.Errorf("%v", seen)
	}
	b.by("the mark of b", b.of("b").Marks["mesh"].By(), "set-marks", "other -> b", "zone -> b")
}

func TestTwoMarksOfOneNameConflict(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.kind("mesh")
	w.kind("app")
	w.rule("mesh -> app", marked)
	w.add("mesh", "zone other")
	w.add("app", "a")
	w.link("other -> a")
	w.link("zone -> a", object{"mode": "loose"})
	b := w.run("set-marks")
	b.at("E0301", "zone -> a", "a would have two values for mesh", "the link other -> a", "the link zone -> a")
	if d := b.one("E0301"); len(d.Related) != 1 || d.Related[0].Pos != b.posOf("other -> a") {
		t.Errorf("%+v", d)
	}
}
