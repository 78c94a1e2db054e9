package diag

import "slices"

// Accept marks the warnings that reason finds one for: they are in Accepted, and no longer in Sorted.
func (l *List) Accept(reason func(d Diagnostic) (text string, ok bool)) {
	for i, d := range l.all {
		if d.Severity != Warning {
			continue
		}
		if text, ok := reason(d); ok {
			l.all[i].Accepted = text
		}
	}
}

// Accepted is the warnings that were accepted, in the order of Sorted.
func (l *List) Accepted() []Diagnostic {
	return slices.DeleteFunc(l.sorted(), func(d Diagnostic) bool { return d.Accepted == "" })
}

// Deny makes errors of the warnings of codes, or of all with "all": of those that the list has, and of those that are added later. It leaves accepted ones
// as they are.
func (l *List) Deny(codes []string) {
	l.denied = codes
	for i, d := range l.all {
		l.all[i] = l.denying(d)
	}
}

// denying is a finding as it counts in the list.
func (l *List) denying(d Diagnostic) Diagnostic {
	if d.Severity == Warning && d.Accepted == "" && (slices.Contains(l.denied, d.Code) || slices.Contains(l.denied, "all")) {
		d.Severity, d.Denied = Error, true
	}
	return d
}

// Warnings are the codes of warnings, in order.
func Warnings() []string {
	var all []string
	for _, c := range Codes() {
		if c.Severity() == Warning {
			all = append(all, c.ID)
		}
	}
	return all
}
