package passes_test

import (
	"testing"

	"platc.dev/platc/compiler/kind"
)

func TestGroupsOfPodsAreThoseOfTheKind(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.kind("broker", described(func(_ object, d *kind.Description) {
		d.Pods["keeper"] = kind.Pods{Account: "keeper"}
	}))
	w.add("broker", "bus")
	pods := w.run("assign-pods").of("bus").Pods
	if len(pods) != 2 || pods["keeper"].Value().Account != "keeper" || pods["server"].Value().Labels["app"] != "bus" {
		t.Errorf("%v", pods)
	}
}
