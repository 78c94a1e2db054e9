package compiler_test

import (
	"strings"
	"testing"

	"platc.dev/platc/compiler/fixture"
)

// TestEverySettingAloneIsWritten builds with each setting of config and no other: a template may not count on what stands beside it.
func TestEverySettingAloneIsWritten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Components = object{"a": object{"kind": "redis", "namespace": "x"}}
	built := map[string]bool{}
	for _, a := range w.attributesOf("config", w.Library.Config) {
		value := fixture.OtherThan(a.own(), a.own().Default)
		if value == nil {
			continue // a pattern that no sample fits
		}
		w.Known.Config = object{}
		a.set(w.Known.Config, value)
		if b := w.check(t); !b.Findings.HasErrors() { // others are refused without what stands beside them
			name := strings.Join(a.path, ".")
			built[name] = t.Run(name, func(t *testing.T) { tree(t, b) })
		}
	}
	for _, name := range []string{"images.mirror", "images.pull_secret", "domain", "git.url", "gitops.tool", "registry.host"} {
		if !built[name] {
			t.Errorf("%s alone was not built", name)
		}
	}
}
