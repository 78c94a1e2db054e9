package load

import (
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/kind"
)

// moduleHelp is how modules are named.
const moduleHelp = "write <kind>/<name>, for python/<name>.py or the folder python/<name> of the kind"

// wrong reports that a kind or rule speaks of what does not exist. The built-in ones do not.
func (l *lib) wrong(own bool, pos diag.Pos, code, help, format string, args ...any) {
	if !own {
		panic(fmt.Sprintf("the library: "+format, args...))
	}
	l.list.Add(diag.Diagnostic{Code: code, Message: fmt.Sprintf(format, args...), Pos: pos, Help: help})
}

// checkKinds finds attributes, slots and sub-kinds that a kind names and does not have.
func (l *lib) checkKinds() {
	brought := map[string]bool{}
	for _, r := range l.out.Rules {
		for _, slot := range slices.Concat(r.Brings.Out.Parts, r.Brings.In.Parts) {
			brought[slot] = true
		}
	}
	for _, name := range sorted(l.out.Kinds) {
		k := l.out.Kinds[name]
		for _, attribute := range slices.Concat(flat(k.AtMost), slices.Concat(k.OneOf...), attributesIn(k)) {
			if k.Attributes.At(attribute) == nil {
				pos, named := k.NamedAt[attribute]
				if !named {
					pos = k.Pos
				}
				l.wrong(k.Own, pos, "E0101", cmp.Or(diag.DidYouMean(diag.Near(attribute, namesOf(k))), kindHelp), "the kind %s names the attribute %q, which it does not have", name, attribute)
			}
		}
		for _, f := range k.Attributes.Fields {
			if k.Parent == "" && (slices.Contains(fixed(), f.Name) || k.Subs[f.Name] != nil) {
				l.wrong(k.Own, k.Pos, "E0101", kindHelp, "the kind %s has the attribute %q, but components have a field of that name already", name, f.Name)
			}
		}
		if k.Implied != nil && k.Subs[k.Implied.Sub] == nil {
			l.wrong(k.Own, k.Pos, "E0101", kindHelp, "the kind %s implies a %q, which is not one of its sub-kinds", name, k.Implied.Sub)
		}
		for _, c := range k.Counts {
			if !l.known(c.Other) {
				l.wrong(k.Own, k.Pos, "E0105", l.nearKind(c.Other), "the kind %s counts links with the kind %q, which does not exist", name, c.Other)
			}
		}
		for _, row := range k.Rows {
			for _, slot := range row.When.Slots() {
				// a row that several kinds share may wait for parts that not all of them take
				if !slices.Contains(k.Slots, slot) && !brought[slot] {
					l.wrong(k.Own, row.Pos, "E0101", "see the parts in `platc links`", "the file %q of %s depends on parts %q, which no rule brings", row.Path, name, slot)
				}
			}
			for _, sub := range subsIn(row.When) {
				if k.Subs[sub] == nil {
					l.wrong(k.Own, row.Pos, "E0101", kindHelp, "the file %q of %s depends on the sub-kind %q, which it does not have", row.Path, name, sub)
				}
			}
		}
	}
}

func flat(pairs [][2]string) []string {
	var all []string
	for _, p := range pairs {
		all = append(all, p[0], p[1])
	}
	return all
}

// attributesIn are those that the conditions of a kind's files name.
func attributesIn(k *kind.Kind) []string {
	return named(k, func(w kind.When) string { return w.Attribute })
}

func subsIn(w *kind.When) []string {
	return namedIn(w, func(w kind.When) string { return w.Sub })
}

// named are the names of one sort in the conditions of a kind's files.
func named(k *kind.Kind, name func(kind.When) string) []string {
	var all []string
	for _, row := range k.Rows {
		all = append(all, namedIn(row.When, name)...)
	}
	return all
}

// namedIn are the names of one sort in a condition.
func namedIn(w *kind.When, name func(kind.When) string) []string {
	if w == nil {
		return nil
	}
	var all []string
	if n := name(*w); n != "" {
		all = append(all, n)
	}
	for _, a := range w.Any {
		all = append(all, namedIn(&a, name)...)
	}
	return all
}

// known says whether a kind, or one with a capability, exists, or would but for a mistake in it.
func (l *lib) known(name string) bool {
	if c, ok := strings.CutPrefix(name, "@"); ok {
		for _, k := range l.out.Kinds {
			if slices.Contains(k.Provides, c) {
				return true
			}
		}
		return false
	}
	component, _, _ := strings.Cut(name, "/")
	return l.out.Kinds[name] != nil || l.out.Failed[component]
}

// nearKind says which kind a name that does not exist may mean.
func (l *lib) nearKind(name string) string {
	names := sorted(l.out.Kinds)
	for _, k := range l.out.Kinds {
		for _, c := range k.Provides {
			names = append(names, "@"+c)
		}
	}
	slices.Sort(names)
	near := diag.Meant(name, slices.Compact(names), func(word string) []string { return l.out.Words("kinds", word) })
	return cmp.Or(diag.DidYouMean(near), "see `platc kinds`")
}

// checkRules leaves out rules that name what does not exist.
func (l *lib) checkRules() {
	for _, name := range sorted(l.out.Rules) {
		r := l.out.Rules[name]
		if sound := l.checkEnds(r); l.checkParts(r) && sound {
			continue
		}
		delete(l.out.Rules, name)
		l.out.Lacking[l.bringer[r]] = true
	}
}

// checkEnds finds kinds that do not exist.
func (l *lib) checkEnds(r *kind.Rule) (sound bool) {
	sound = true
	for _, end := range slices.Concat([]string{r.From, r.To}, r.Through) {
		if !l.known(end) {
			l.wrong(r.Own, r.Pos, "E0105", l.nearKind(end), "the rule %q names the kind %q, which does not exist", r.Name(), end)
			sound = false
		}
	}
	return sound
}

// checkParts finds attributes, modules and slots that do not exist.
func (l *lib) checkParts(r *kind.Rule) (sound bool) {
	sound = true
	wrong := func(help, format string, args ...any) {
		l.wrong(r.Own, r.Pos, "E0101", help, "the rule %q "+format, append([]any{r.Name()}, args...)...)
		sound = false
	}
	for _, attribute := range r.Inherit {
		if r.Attributes == nil || r.Attributes.Field(attribute) == nil {
			wrong(kindHelp, "inherits %q, which is not one of its attributes", attribute)
		}
	}
	for _, m := range slices.Concat(r.Modules, r.InModules) {
		if !l.asset(m) {
			wrong(moduleHelp, "names the module %q, which does not exist", m)
		}
	}
	for _, side := range []struct {
		end   string
		slots []string
	}{{r.From, r.Brings.Out.Parts}, {r.To, r.Brings.In.Parts}} {
		component, _, _ := strings.Cut(side.end, "/")
		k := l.out.Kinds[component]
		for _, slot := range side.slots {
			// not every kind with a capability takes all parts of its rules
			if k != nil && !slices.Contains(k.Slots, slot) {
				wrong("the slots of a kind are listed in its kind.cue", "brings parts %q, which is not a slot of %s", slot, component)
			}
		}
	}
	return sound
}

// asset says whether a module exists: a file or a folder below python/ of its kind.
func (l *lib) asset(module string) bool {
	owner, name, _ := strings.Cut(module, "/")
	k := l.out.Kinds[owner]
	if k == nil || k.Assets == nil {
		return l.out.Failed[owner]
	}
	for _, file := range []string{name, strings.TrimSuffix(name, ".py") + ".py"} {
		if _, err := fs.Stat(k.Assets, path.Join("python", file)); err == nil {
			return true
		}
	}
	return false
}
