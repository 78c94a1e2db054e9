package compiler_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/fixture"
)

// The attributes of every link, whatever its rule: startup, env and primary.

func TestStartupOrdersOrDoesNot(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	all := walks(t, w)
	waits := func(flipped bool) map[string]bool {
		w.walk(all, func(int) bool { return true })
		for _, c := range all {
			if flipped {
				c.Link["startup"] = !c.Rule.Startup
			}
		}
		b := w.check(t)
		found := map[string]bool{}
		for _, n := range b.Graph.Components() {
			for _, d := range b.Plan.Of[n].Waits {
				other := d.Value()
				found[n.Name+" "+other.Name] = true
			}
		}
		return found
	}
	usual, flipped := waits(false), waits(true)
	for _, c := range all {
		edge := c.From + " " + c.To
		if c.From == c.To {
			continue
		}
		if usual[edge] != c.Rule.Startup || flipped[edge] == c.Rule.Startup {
			t.Errorf("%s waits: %v, and with startup: %v, %v", c, usual[edge], !c.Rule.Startup, flipped[edge])
		}
	}
}

// variables are those that a component has of the links to another one.
func variables(files map[string]string, component, comment string) []string {
	var all []string
	_, group, _ := strings.Cut(files[component+"/k8s/deploy/base/secret/cloud.env"], "# "+comment+"\n")
	for line := range strings.SplitSeq(group, "\n") {
		name, _, ok := strings.Cut(line, "=")
		if !ok {
			break
		}
		all = append(all, name)
	}
	return all
}

func TestEveryVariableCanBeRenamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	all := slices.DeleteFunc(walks(t, w), func(c walk) bool { return !c.Source.Is("@application") })
	w.walk(all, func(int) bool { return true })
	plain := tree(t, w.check(t))
	for _, c := range all {
		names := object{}
		for _, name := range variables(plain, c.From, c.To) {
			names[name] = "MY_" + name
		}
		if len(names) == 0 {
			t.Errorf("%s brings no variables", c)
		}
		c.Link["env"] = names
	}
	renamed := tree(t, w.check(t))
	for _, c := range all {
		var want []string
		for _, name := range variables(plain, c.From, c.To) {
			want = append(want, "MY_"+name)
		}
		if got := variables(renamed, c.From, c.To); !slices.Equal(got, want) {
			t.Errorf("%s has %v, not %v", c, got, want)
		}
	}
}

func TestPrimaryHasThePlainNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	// the address of another application carries its name, and has one instance alone; an application has one celery
	all := slices.DeleteFunc(walks(t, w), func(c walk) bool {
		return !c.Source.Is("@application") || c.Target.Is("@application") || c.Target.Name == "celery"
	})
	w.walk(all, func(int) bool { return true })
	plain := tree(t, w.check(t))
	second := func(c walk) string { return c.prefix + "-second" }
	for _, c := range all {
		w.Add(c.Target, second(c))
		c.SourceNode["links"].(object)[fixture.Address(c.Target, second(c))] = object{"primary": true}
	}
	several := tree(t, w.check(t))
	for _, c := range all {
		names := variables(plain, c.From, c.To)
		var prefixed []string
		instance := strings.ToUpper(strings.ReplaceAll(c.To, "-", "_"))
		for _, name := range names {
			prefix, key, _ := strings.Cut(name, "_")
			prefixed = append(prefixed, prefix+"_"+instance+"_"+key)
		}
		if got := variables(several, c.From, c.To); !slices.Equal(got, prefixed) {
			t.Errorf("the other instance of %s has %v, not %v", c, got, prefixed)
		}
		for _, name := range names {
			if got := variables(several, c.From, second(c)); !slices.Contains(got, name) {
				t.Errorf("the primary of %s has %v, without %s", c, got, name)
			}
		}
	}
}

// TestLinksWithoutVariablesRefuseNames: env and primary say nothing there, so they are mistakes.
func TestLinksWithoutVariablesRefuseNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	all := slices.DeleteFunc(walks(t, w), func(c walk) bool { return c.Source.Is("@application") })
	w.walk(all, func(int) bool { return true })
	want := map[string]bool{}
	for _, c := range all {
		maps.Copy(c.Link, object{"env": object{"SOME_NAME": "OTHER_NAME"}, "primary": true})
		want[c.From+" env"], want[c.From+" primary"] = true, true
	}
	for _, d := range errorsOf(w.check(t)) {
		name := strings.Split(d.Path, `"`)[1] + " " + d.Path[strings.LastIndex(d.Path, ".")+1:]
		if d.Code != "E0104" || !want[name] {
			t.Error(fmt.Sprint([]diag.Diagnostic{d}))
		}
		delete(want, name)
	}
	for _, name := range slices.Sorted(maps.Keys(want)) {
		t.Errorf("%s is accepted", name)
	}
}
