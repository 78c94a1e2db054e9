package diag

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/go-multierror"
)

// Severity says whether a finding stops the build.
type Severity int

// Errors stop the build; warnings do not.
const (
	Error Severity = iota
	Warning
)

// String is the word that users read.
func (s Severity) String() string {
	if s == Warning {
		return "warning"
	}
	return "error"
}

// Pos is a place in a file of the user. The zero value is no place.
type Pos struct {
	File         string // as the user named it, relative where they did
	Line, Column int    // from 1; column in bytes
}

// IsValid says whether there is a place.
func (p Pos) IsValid() bool { return p.Line > 0 }

// String is file:line:column.
func (p Pos) String() string {
	if !p.IsValid() {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// Compare orders by file, line and column.
func (p Pos) Compare(q Pos) int {
	return cmp.Or(cmp.Compare(p.File, q.File), cmp.Compare(p.Line, q.Line), cmp.Compare(p.Column, q.Column))
}

// Related is another place that belongs to a finding.
type Related struct {
	Message string
	Pos     Pos
}

// Also is a part of the architecture that a finding is true of, too.
type Also struct{ Name, Path, Message string }

// Diagnostic is one finding.
type Diagnostic struct {
	Code     string   // "E0201"; codes.go lists them
	Path     string   // components.orders.links["db/ordrs"]
	Message  string   // one clause without full stop, begins with the user's own name for the thing
	Help     string   // what to do
	Severity Severity // from the code
	Pos      Pos      // in the user's file, at what has to change
	Secret   bool     // the text at Pos is a secret: an excerpt must not spread it
	Related  []Related
	Cause    string   // findings at one place that have one cause are one mistake, whatever their texts; "": the texts say whether they are
	Of       []string // of a warning: the paths of what it speaks of, beside its own: it is not drawn where one of them has an error
	Also     []Also   // further parts of the architecture that have the same mistake from the same place: List.Sorted finds them

	Environments []string // that it is found in, in their order; none: in all, or there are none

	Accepted string // why the user accepts it, who says so with `accept`: then it is not reported; "": nobody does
	Denied   bool   // it is a warning that --deny makes an error
}

// Where is "dev, prod: " in front of the message of a finding that not all environments have, else "".
func (d Diagnostic) Where() string {
	if len(d.Environments) == 0 {
		return ""
	}
	return strings.Join(d.Environments, ", ") + ": "
}

// List collects findings. The zero value is empty and ready; it is not safe for concurrent use.
type List struct {
	all    []Diagnostic
	denied []string // see Deny
	shared int      // of a branch: how many it began with
}

// Add appends a finding; its severity follows from the first letter of its code.
func (l *List) Add(d Diagnostic) {
	d.Severity = severity(d.Code)
	l.all = append(l.all, l.denying(d))
}

// Drop takes back the findings of a code.
func (l *List) Drop(code string) {
	l.all = slices.DeleteFunc(l.all, func(d Diagnostic) bool { return d.Code == code })
}

// DropBelow takes back the findings at a path and below it.
func (l *List) DropBelow(path string) {
	l.all = slices.DeleteFunc(l.all, func(d Diagnostic) bool { return below(path, d.Path) })
}

// AddAll appends the findings of another list.
func (l *List) AddAll(other *List) {
	for _, d := range other.all {
		l.all = append(l.all, l.denying(d))
	}
}

// Branch is a list of its own with the findings so far, for what happens beside other things. Join takes in what it has beyond them.
func (l *List) Branch() *List {
	return &List{all: slices.Clip(l.all), denied: l.denied, shared: len(l.all)}
}

// Join appends what a branch has found.
func (l *List) Join(branch *List) { l.all = append(l.all, branch.all[branch.shared:]...) }

// All is the findings in the order of their adding.
func (l *List) All() []Diagnostic { return slices.Clone(l.all) }

// Any says whether something is true of a finding.
func (l *List) Any(is func(Diagnostic) bool) bool { return slices.ContainsFunc(l.all, is) }

// HasErrors says whether a finding stops the build.
func (l *List) HasErrors() bool {
	return slices.ContainsFunc(l.all, func(d Diagnostic) bool { return d.Severity == Error })
}

// Refused says whether an error stands at a path or below it that took away what was written there. What kinds and rules find takes nothing away.
func (l *List) Refused(path string) bool {
	return l.Any(func(d Diagnostic) bool {
		return d.Severity == Error && d.Of == nil && d.Code < "E02" && below(path, d.Path)
	})
}

// Err is the errors of the list as one error, nil without any.
func (l *List) Err() error {
	var errs *multierror.Error
	for _, d := range l.Sorted() {
		if d.Severity == Error {
			errs = multierror.Append(errs, fmt.Errorf("%s: %s: %s%s", d.Pos, d.Code, d.Where(), d.Message))
		}
	}
	if errs == nil {
		return nil
	}
	errs.ErrorFormat = func(all []error) string {
		lines := make([]string, len(all))
		for i, err := range all {
			lines[i] = err.Error()
		}
		return strings.Join(lines, "\n")
	}
	return errs
}
