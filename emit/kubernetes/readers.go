package kubernetes

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"platc.dev/platc/compiler/kind"
)

// Reader is an object that reads a Secret.
type Reader struct{ Kind, Namespace, Name string }

// Readers lists the objects of a component that read the Secret which its kustomization makes of a file (its path from the component's folder).
func Readers(rows []kind.Row, file string) []Reader {
	var names []string
	for _, row := range rows {
		k, ok := row.Content.(kind.Kustomization)
		if !ok {
			continue
		}
		dir := path.Dir(row.Path)
		generators, _ := k.Object["secretGenerator"].([]any)
		for _, g := range generators {
			generator, _ := g.(map[string]any)
			if name, ok := generator["name"].(string); ok && (lists(generator["envs"], dir, file) || lists(generator["files"], dir, file)) {
				names = append(names, name)
			}
		}
	}
	var all []Reader
	for _, row := range rows {
		objects, _ := row.Content.(kind.Objects)
		for _, o := range objects {
			if !readsSecret(o, names, false) {
				continue
			}
			meta, _ := o["metadata"].(map[string]any)
			r := Reader{}
			r.Kind, _ = o["kind"].(string)
			r.Namespace, _ = meta["namespace"].(string)
			r.Name, _ = meta["name"].(string)
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(x, y Reader) int {
		return cmp.Or(cmp.Compare(x.Namespace, y.Namespace), cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Name, y.Name))
	})
	return slices.Compact(all)
}

// lists says whether the list of a generator has a file: as it is, or under a key of its own (KEY=FILE).
func lists(entries any, dir, file string) bool {
	all, _ := entries.([]any)
	return slices.ContainsFunc(all, func(e any) bool {
		text, _ := e.(string)
		if _, name, ok := strings.Cut(text, "="); ok {
			text = name
		}
		return path.Join(dir, text) == file
	})
}

// readsSecret says whether one of the names stands below a key that speaks of a Secret, such as secretRef, secretKeyRef or secretName.
func readsSecret(data any, names []string, below bool) bool {
	switch data := data.(type) {
	case string:
		return below && slices.Contains(names, data)
	case []any:
		return slices.ContainsFunc(data, func(item any) bool { return readsSecret(item, names, below) })
	case map[string]any:
		for key, item := range data {
			if readsSecret(item, names, below || strings.Contains(strings.ToLower(key), "secret")) {
				return true
			}
		}
	}
	return false
}
