package passes

import (
	"fmt"
	"slices"
	"strings"

	"platc.dev/platc/compiler/kind"
)

// misformed is where an object with pods is not as passes, and the API server, read it, and what is wrong there; "" where nothing is. A patch has only what it changes.
func misformed(o kind.Object, patch bool) (at []any, what string) {
	steps, spec, _ := specOf(o)
	api, _, _ := strings.Cut(word(o, "apiVersion"), "/")
	if steps == nil || api != "apps" && api != "batch" {
		return nil, ""
	}
	if spec == nil {
		return withoutPods(o, steps, patch)
	}
	for _, list := range []string{"containers", "initContainers", "volumes"} {
		if at, what := misformedItems(spec, list, steps, patch); what != "" {
			return at, what
		}
	}
	if containers, _ := spec["containers"].([]any); len(containers) == 0 && !patch {
		return steps, "has no containers"
	}
	return nil, ""
}

// misformedRow says whether a row has an object that is misformed.
func misformedRow(row kind.Row) bool {
	objects, _ := row.Content.(kind.Objects)
	return slices.ContainsFunc(objects, func(o kind.Object) bool {
		_, what := misformed(o, false)
		return what != ""
	})
}

// withoutPods says on which step to the spec of the pods an object has none. That of a patch may be absent.
func withoutPods(o kind.Object, steps []any, patch bool) (at []any, what string) {
	var data any = o
	for i, step := range steps {
		data = item(data, step)
		if data == nil && patch {
			return nil, ""
		}
		if _, ok := data.(kind.Object); !ok {
			return steps[:i+1], "is not an object"
		}
	}
	return nil, ""
}

// misformedItems are of a list of named objects, and of what containers have in lists.
func misformedItems(o kind.Object, list string, steps []any, patch bool) (at []any, what string) {
	at = slices.Concat(steps, []any{list})
	if o[list] == nil {
		return nil, ""
	}
	items, ok := o[list].([]any)
	if !ok {
		return at, "is not a list"
	}
	for i, data := range items {
		one, ok := data.(kind.Object)
		at := append(slices.Clip(at), i)
		if !ok {
			return at, "is not an object"
		}
		if word(one, "name") == "" && !patch {
			return at, "has no name"
		}
		for _, inner := range []string{"env", "envFrom", "volumeMounts", "ports", "command", "args"} {
			if _, ok := one[inner].([]any); one[inner] != nil && !ok {
				return append(at, inner), "is not a list"
			}
		}
		for _, probe := range []string{"readinessProbe", "startupProbe", "livenessProbe"} {
			program := item(item(one[probe], "exec"), "command")
			if _, ok := program.([]any); program != nil && !ok {
				return append(at, probe, "exec", "command"), "is not a list"
			}
		}
	}
	return nil, ""
}

// dotted is a path in words: spec.containers[0].
func dotted(path []any) string {
	var b strings.Builder
	for _, step := range path {
		if i, ok := step.(int); ok {
			fmt.Fprintf(&b, "[%d]", i)
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		fmt.Fprint(&b, step)
	}
	return b.String()
}
