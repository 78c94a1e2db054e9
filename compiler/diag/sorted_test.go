package diag_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"platc.dev/platc/compiler/diag"
)

// TestOneMistakeOfManyComponentsIsOneFinding joins what one place gives many components, and nothing else.
func TestOneMistakeOfManyComponentsIsOneFinding(t *testing.T) {
	t.Parallel()
	at := diag.Pos{File: "arch.cue", Line: 3, Column: 5}
	var list diag.List
	for _, name := range []string{"app-c", "app-a", "app-b"} {
		list.Add(diag.Diagnostic{Code: "E0104", Pos: at, Path: "components." + name + ".port", Message: name + "'s port is 80, which is not allowed"})
		list.Add(diag.Diagnostic{Code: "E0104", Pos: at, Path: "components." + name + ".namespace", Message: name + "'s namespace is 80, which is not allowed"})
		list.Add(diag.Diagnostic{Code: "E0108", Pos: at, Path: "components." + name + ".namespace", Message: fmt.Sprintf("%s's namespace is %q, which is not allowed", name, "A"+name)})
	}
	list.Add(diag.Diagnostic{Code: "E0104", Pos: diag.Pos{File: "arch.cue", Line: 4, Column: 5}, Path: "components.app-d.port", Message: "app-d's port is 80, which is not allowed"})
	found := list.Sorted()
	var got []string
	for _, d := range found {
		got = append(got, d.Code+" "+d.Path+" "+d.Others())
	}
	want := []string{
		"E0104 components.app-a.namespace and 2 more: app-b, app-c", "E0104 components.app-a.port and 2 more: app-b, app-c",
		"E0108 components.app-a.namespace and 2 more: app-b, app-c", "E0104 components.app-d.port ",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	var b bytes.Buffer
	if err := diag.JSON(&b, found, nil); err != nil || !strings.Contains(b.String(), `"message": "app-c's port is 80, which is not allowed"`) {
		t.Errorf("%v: %s", err, b.String())
	}
}

// TestWarningsAboutWhatHasAnErrorAreNotDrawn leaves out what speaks of a value that was lost, and keeps the rest.
func TestWarningsAboutWhatHasAnErrorAreNotDrawn(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		error, path string
		of          []string
		drawn       bool
	}{
		{"components.a.auth", "components.gw.links.a", []string{"components.gw", "components.a"}, false},
		{"components.ab.auth", "components.gw.links.a", []string{"components.gw", "components.a"}, true},
		{"config.registry", "config.registry.host", nil, false},
		{"config.git", "config.registry.host", nil, true},
		{"components.a.port", "components.a", nil, true},
	} {
		var list diag.List
		list.Add(diag.Diagnostic{Code: "E0104", Path: c.error, Message: "wrong"})
		list.Add(diag.Diagnostic{Code: "W0112", Path: c.path, Of: c.of, Message: "public"})
		if got := len(list.Sorted()) == 2; got != c.drawn {
			t.Errorf("%s and %s: %t", c.error, c.path, got)
		}
	}
}
