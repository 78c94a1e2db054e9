package secrets_test

import (
	"slices"
	"strings"
	"testing"

	"platc.dev/platc/emit/secrets"
)

// What is drawn is told once, by name and with its files; what an old file has, or the user gave, is not.
func TestDrawnIsTold(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	w := newWorld(t, key)
	var drawn []secrets.Drawn
	w.options.Drawn = func(d secrets.Drawn) { drawn = append(drawn, d) }
	w.build(shop("orders")...)
	if len(drawn) == 0 || !slices.IsSortedFunc(drawn, func(a, b secrets.Drawn) int { return strings.Compare(a.Name(), b.Name()) }) {
		t.Fatalf("%+v", drawn)
	}
	for _, d := range drawn {
		if len(d.Paths) == 0 || strings.Contains(d.Name(), ":") {
			t.Errorf("%+v", d)
		}
	}
	first := drawn
	drawn = nil
	w.build(shop("orders")...)
	if len(drawn) > 0 {
		t.Errorf("again: %+v", drawn)
	}
	delete(w.files, dbEnv)
	w.build(shop("orders")...)
	if len(drawn) == 0 || len(drawn) >= len(first) {
		t.Errorf("the other ends have the rest: %+v", drawn)
	}
	for _, d := range drawn {
		if !slices.Contains(d.Paths, dbEnv) {
			t.Errorf("%+v", d)
		}
	}
}

// A file with both versions of a merge in it is not taken for either, and the help deletes nothing.
func TestMarksOfAMerge(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newKey(t))
	w.build(shop("orders")...)
	lines := strings.SplitAfter(string(w.files[cloudEnv]), "\n")
	w.files[cloudEnv] = []byte("<<<<<<< HEAD\n" + lines[0] + "=======\n" + strings.Join(lines, "") + ">>>>>>> branch\n")
	before := w.copy()
	text := w.fails("E0402", shop("orders")...)
	if !strings.Contains(text, cloudEnv+" has conflict markers from an unresolved merge") || !strings.Contains(text, "git checkout --ours -- out") || strings.Contains(text, "elete") {
		t.Error(text)
	}
	for name, data := range w.copy() {
		if before[name] != data {
			t.Errorf("%s changed", name)
		}
	}
}
