package passes

import (
	"fmt"
	"maps"
	"path"
	"slices"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
)

// unusedIn finds what the files of a component leave unused (W0125): pods that no NetworkPolicy selects, secrets that nobody reads.
// What the files of a kind show by themselves is found when they are read.
func unusedIn(n *ir.Node, p *ir.NodePlan) []diag.Diagnostic {
	if _, deployed := p.Folders[kind.Deploy]; !deployed {
		return nil
	}
	return slices.Concat(podsWithoutPolicy(n, p), unreadSecrets(n, p))
}

func unusedAt(n *ir.Node, pos diag.Pos, help, message string) diag.Diagnostic {
	return diag.Diagnostic{Code: "W0125", Path: n.Path(), Pos: pos, Message: message, Help: help, Related: []diag.Related{{Message: n.Name + " is declared here", Pos: n.Pos}}}
}

// podsWithoutPolicy finds groups of pods that there are, and that no NetworkPolicy of the component selects.
func podsWithoutPolicy(n *ir.Node, p *ir.NodePlan) []diag.Diagnostic {
	var all []diag.Diagnostic
	for _, group := range slices.Sorted(maps.Keys(n.Description.Pods)) {
		labels := n.Description.Pods[group].Labels
		policy := p.Policies[group]
		// without any policy, pods that no object makes may be somebody else's
		opened := policy != nil && len(policy.Ingress)+len(policy.Egress) > 0 && anyObject(p, isPolicy)
		if !opened && !anyObject(p, func(o kind.Object) bool {
			return contains(labelsOf(o, "spec", "template", "metadata", "labels"), labels)
		}) {
			continue
		}
		if anyObject(p, func(o kind.Object) bool { return isPolicy(o) && selects(o, labels) }) {
			continue
		}
		at := n.Kind.PodsAt[group]
		if !at.IsValid() {
			at = n.Kind.Pos
		}
		all = append(all, unusedAt(n, at, fmt.Sprintf("add a row with schema.#NetworkPolicy & {#of: #self, #group: %q}", group), fmt.Sprintf("the kind %s has the pods %q, but no NetworkPolicy for them: what links open does not hold", n.Kind.Name, group)))
	}
	return all
}

func anyObject(p *ir.NodePlan, holds func(kind.Object) bool) bool {
	return slices.ContainsFunc(p.Rows, func(row kind.Row) bool {
		objects, _ := row.Content.(kind.Objects)
		return slices.ContainsFunc(objects, holds)
	})
}

func isPolicy(o kind.Object) bool { return o["kind"] == "NetworkPolicy" }

// labelsOf is the object at a path.
func labelsOf(o kind.Object, path ...string) kind.Object {
	for _, name := range path {
		o, _ = o[name].(kind.Object)
	}
	return o
}

// contains says whether labels of pods have all of a group.
func contains(labels kind.Object, group map[string]string) bool {
	for name, value := range group {
		if labels[name] != value {
			return false
		}
	}
	return len(group) > 0
}

// selects says whether a NetworkPolicy selects pods with these labels; one with matchExpressions may.
func selects(policy kind.Object, labels map[string]string) bool {
	selector := labelsOf(policy, "spec", "podSelector")
	if selector["matchExpressions"] != nil {
		return true
	}
	for name, value := range labelsOf(selector, "matchLabels") {
		if labels[name] != value {
			return false
		}
	}
	return true
}

// secretMade is a Secret that a kustomization makes.
type secretMade struct {
	name  string
	fixed bool // its name has no hash: others may look for it by that
}

// unreadSecrets finds files below secret/ that are in no Secret, Secrets that no object names, and variables of which no object takes the key.
func unreadSecrets(n *ir.Node, p *ir.NodePlan) []diag.Diagnostic {
	var all []diag.Diagnostic
	for _, row := range p.Rows {
		if !row.Secret {
			continue
		}
		made, near := secretOf(p, row.Path)
		switch {
		case !near:
		case made == nil:
			all = append(all, unusedAt(n, row.Pos, fmt.Sprintf("name it in the #secrets of the kustomization, as %q, or leave it out", path.Join(path.Base(path.Dir(row.Path)), path.Base(row.Path))), fmt.Sprintf("the file %q of %s is in no Secret", row.Path, n.Kind.Name)))
		case !made.fixed && !anyObject(p, func(o kind.Object) bool { return mentions(o, made.name) }):
			all = append(all, unusedAt(n, row.Pos, "read it in an object, as envFrom: [{secretRef: name: …}], or leave it out", fmt.Sprintf("the file %q of %s becomes a Secret that no object reads", row.Path, n.Kind.Name)))
		case !made.fixed:
			all = append(all, unreadVariables(n, p, row, made.name)...)
		}
	}
	return all
}

// secretOf is the Secret that a kustomization beside the folder secret/ makes of a file, nil without; near says whether there is such a kustomization.
func secretOf(p *ir.NodePlan, file string) (made *secretMade, near bool) {
	dir := path.Dir(path.Dir(file))
	for _, row := range p.Rows {
		k, ok := row.Content.(kind.Kustomization)
		if !ok || path.Dir(row.Path) != dir {
			continue
		}
		near = true
		items, _ := k.Object["secretGenerator"].([]any)
		for _, item := range items {
			if slices.ContainsFunc(generated([]any{item}), func(name string) bool { return path.Join(dir, name) == file }) {
				o, _ := item.(kind.Object)
				name, _ := o["name"].(string)
				options, _ := o["options"].(kind.Object)
				return &secretMade{name: name, fixed: options["disableNameSuffixHash"] == true}, near
			}
		}
	}
	return nil, near
}

// mentions says whether a text is somewhere in an object.
func mentions(data any, text string) bool {
	switch data := data.(type) {
	case string:
		return data == text
	case []any:
		return slices.ContainsFunc(data, func(item any) bool { return mentions(item, text) })
	case kind.Object:
		for _, item := range data {
			if mentions(item, text) {
				return true
			}
		}
	}
	return false
}

// unreadVariables finds variables that nobody takes where every object takes them one by one.
func unreadVariables(n *ir.Node, p *ir.NodePlan, row kind.Row, secret string) []diag.Diagnostic {
	keys, whole := map[string]bool{}, false
	for _, other := range p.Rows {
		objects, _ := other.Content.(kind.Objects)
		for _, o := range objects {
			whole = taken(o, secret, keys) || whole
		}
	}
	if whole {
		return nil
	}
	var all []diag.Diagnostic
	groups, _ := row.Content.(kind.Dotenv)
	for _, group := range groups {
		for _, name := range slices.Sorted(maps.Keys(group.Vars)) {
			if !keys[name] {
				all = append(all, unusedAt(n, row.Pos, "read it in an object, or leave it out", fmt.Sprintf("the variable %s in the file %q of %s is read by no object", name, row.Path, n.Kind.Name)))
			}
		}
	}
	return all
}

// taken enters the keys of a Secret that an object takes by secretKeyRef; whole says whether it names the Secret otherwise.
func taken(data any, secret string, keys map[string]bool) (whole bool) {
	switch data := data.(type) {
	case string:
		return data == secret
	case []any:
		for _, item := range data {
			whole = taken(item, secret, keys) || whole
		}
	case kind.Object:
		for name, item := range data {
			ref, _ := item.(kind.Object)
			if key, ok := ref["key"].(string); ok && name == "secretKeyRef" && ref["name"] == secret {
				keys[key] = true
				continue
			}
			whole = taken(item, secret, keys) || whole
		}
	}
	return whole
}
