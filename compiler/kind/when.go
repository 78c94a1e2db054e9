package kind

import (
	"strings"
)

// Holds says whether the condition is met by a component as its manifests see it; no condition always is.
func (w *When) Holds(self Object) bool {
	if w == nil {
		return true
	}
	for _, a := range w.Any {
		if a.Holds(self) {
			return true
		}
	}
	switch {
	case w.Attribute != "":
		return truthy(field(self, "attrs", w.Attribute))
	case w.Derived != "":
		return truthy(field(self, "derived", w.Derived))
	case w.Part != "":
		return truthy(field(self, "parts", w.Part))
	case w.Sub != "":
		return truthy(field(self, "subs", w.Sub))
	}
	return false
}

// String is the condition in words.
func (w *When) String() string {
	switch {
	case w == nil:
		return "always"
	case w.Attribute != "":
		return "attribute " + w.Attribute
	case w.Derived != "":
		return "derived value " + w.Derived
	case w.Part != "":
		return "links that bring " + w.Part
	case w.Sub != "":
		return "sub-components " + w.Sub
	}
	words := make([]string, len(w.Any))
	for i, a := range w.Any {
		words[i] = a.String()
	}
	return strings.Join(words, " or ")
}

// Unmet says why the condition does not hold.
func (w *When) Unmet() string {
	switch {
	case w.Attribute != "":
		return "the attribute " + w.Attribute + " is false or not set"
	case w.Derived != "":
		return w.Derived + " is false"
	case w.Part != "":
		return "no link brings " + w.Part
	case w.Sub != "":
		return "there are no sub-components of kind " + w.Sub
	}
	words := make([]string, len(w.Any))
	for i, a := range w.Any {
		words[i] = a.Unmet()
	}
	return strings.Join(words, " and ")
}

func field(o Object, section, name string) any {
	s, _ := o[section].(Object)
	return s[name]
}

func truthy(v any) bool {
	switch v := v.(type) {
	case nil:
		return false
	case bool:
		return v
	case string:
		return v != ""
	case int64:
		return v != 0
	case float64:
		return v != 0
	case []any:
		return len(v) > 0
	case Object:
		return len(v) > 0
	}
	return true
}
