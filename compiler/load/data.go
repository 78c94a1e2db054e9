package load

import (
	"maps"
	"slices"
)

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func object(v any) map[string]any { o, _ := v.(map[string]any); return o }

func list(v any) []any { l, _ := v.([]any); return l }

func str(v any) string { s, _ := v.(string); return s }

func integer(v any) int { i, _ := v.(int64); return int(i) }

func boolean(v any, otherwise bool) bool {
	if b, ok := v.(bool); ok {
		return b
	}
	return otherwise
}

func strs(v any) []string {
	var all []string
	for _, item := range list(v) {
		all = append(all, str(item))
	}
	return all
}

func strMap(v any) map[string]string {
	m := map[string]string{}
	for k, item := range object(v) {
		m[k] = str(item)
	}
	return m
}

func objects(v any) []map[string]any {
	var all []map[string]any
	for _, item := range list(v) {
		all = append(all, object(item))
	}
	return all
}
