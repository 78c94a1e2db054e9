package kind

import (
	"slices"

	"platc.dev/platc/compiler/diag"
)

// structures are the alternatives of a choice that have the structure of what the user wrote.
func (c *Check) structures(given *Given) []*Type {
	var all []*Type
	for _, a := range c.Any {
		switch {
		case a.Fits == nil:
			all = append(all, a.structures(given)...)
		case given.Struct && (a.Fits.IsStruct || a.Fits.IsMap), given.List && a.Fits.IsList:
			all = append(all, a.Fits)
		case a.Fits.Check != nil:
			all = append(all, a.Fits.Check.structures(given)...)
		}
	}
	return all
}

// wrongIn are the mistakes in a struct or a list as the alternative sees them that fits best: the one that finds fewest. nil where two find equally
// many, where none is found, and where they would show a secret.
func (t *Type) wrongIn(given *Given, at Place) []diag.Diagnostic {
	var fewest []diag.Diagnostic
	alike := false
	alternatives := t.Check.structures(given)
	for _, alternative := range alternatives {
		if len(alternatives) > 1 && !alternative.knows(given, at) {
			continue
		}
		list := &diag.List{}
		alternative.Complete(given, at, list)
		all := list.All()
		switch {
		case len(all) == 0:
			return nil
		case t.holdsSecret() && !alternative.misspelt(given, at, all):
		case fewest == nil || len(all) < len(fewest):
			fewest, alike = all, false
		case len(all) == len(fewest):
			alike = true
		}
	}
	if alike {
		return nil
	}
	return fewest
}

// knows says whether a type has one of the fields of what the user wrote, or one of nearly the same name.
func (t *Type) knows(given *Given, at Place) bool {
	return !t.IsStruct || slices.ContainsFunc(given.Fields, func(f *Given) bool { return t.Field(f.Key) != nil || len(t.near(f.Key, at)) > 0 })
}

// misspelt says whether all that is wrong in a struct are names of fields that are nearly right: other names and values may be a secret.
func (t *Type) misspelt(given *Given, at Place, found []diag.Diagnostic) bool {
	return !slices.ContainsFunc(given.Fields, func(f *Given) bool { return t.Field(f.Key) == nil && len(t.near(f.Key, at)) == 0 }) &&
		!slices.ContainsFunc(found, func(d diag.Diagnostic) bool { return d.Code != "E0102" })
}
