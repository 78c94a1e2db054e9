package kind

import (
	"io/fs"
	"maps"
	"slices"
	"strings"
	"sync/atomic"

	"platc.dev/platc/compiler/diag"
)

// Library is all kinds and rules of a build.
type Library struct {
	Kinds        map[string]*Kind                  // component kinds and sub-kinds, by name
	Rules        map[string]*Rule                  // by "from -> to"
	Failed       map[string]bool                   // names of kinds that were left out, because of mistakes in them
	Lacking      map[string]bool                   // names of kinds that lack a rule that they bring, because of mistakes in it
	Config       *Type                             // of `config`
	Retired      *Type                             // of `retired`
	Environments *Type                             // of `environments`
	Tree         fs.FS                             // templates of the files of the whole tree
	Costs        func() []Cost                     // who answers each question, in order of kind and rule
	Answers      Answers                           // what built-in kinds said in an earlier build; nil: nobody knows
	Several      bool                              // several environments ask, most of them the same: answers are kept for the next one even where they are of use to nobody in the first
	Untraced     bool                              // answers of built-in kinds have no Trace, which holds on to all that was asked
	Mistaken     atomic.Bool                       // an architecture that is asked about has errors, and no output: files that built-in kinds cannot make then are of no interest
	Images       func() Object                     // what runs, by exact tag; nil in a library without any
	Words        func(which, word string) []string // names that a word of another trade may mean, of kinds or of fields
	Forget       func()                            // lets go of the answers that are kept for further questions: there are none
	GitOps       map[string]Tool                   // what GitOps engines read, by the name of the engine
}

// Tool is the files that a GitOps engine reads, of what it shall deliver.
type Tool func(delivered, arch Object) ([]Row, error)

// Answers are what kinds said of components, by a sum of all that they were asked. The same program gives the same answer to the same question.
// It is safe on many goroutines.
type Answers interface {
	Find(sum [32]byte) (answer []byte, ok bool)
	Keep(sum [32]byte, answer []byte)
}

// Cost says who answers a question that is asked of a kind or a rule while an architecture is compiled.
type Cost struct {
	Question string // "describe", "manifests", "marks" or "rule"
	Of       string // the kind or the rule: "postgresql/database", "fastapi -> redis"
	CUE      bool   // CUE answers: slower, one question at a time, and without a Trace
	Reason   string // why CUE does
	Pos      diag.Pos
}

// RulesOf are the rules of exactly this pair of kinds: that of the source itself, and beside it that of each of its capabilities. The last one says what
// the link is. Of those that lead to the target by its name and by a capability, the one by its name wins. It is empty where there is none.
func (l *Library) RulesOf(from, to *Kind) []*Rule {
	if from.Process {
		from = l.Kinds[from.Parent] // a process links to what its component may link to
	}
	all := l.ruleTo(from.Name, to)
	for _, c := range from.Provides {
		all = append(all, l.ruleTo("@"+c, to)...)
	}
	return all
}

// ruleTo is the rule from an end to a kind, or none.
func (l *Library) ruleTo(from string, to *Kind) []*Rule {
	if r := l.Rules[from+" -> "+to.Name]; r != nil {
		return []*Rule{r}
	}
	for _, c := range to.Provides {
		if r := l.Rules[from+" -> @"+c]; r != nil {
			return []*Rule{r}
		}
	}
	return nil
}

// RulesBetween are the rules of a link between two kinds, the most general first: those of the components that its ends belong to, and those of
// the pair itself. A link to a database is a link to its server as well, whose rule brings the host and opens the port; so the rule of the pair says
// only what is its own. It is empty where the pair has none.
func (l *Library) RulesBetween(from, to *Kind) []*Rule {
	if len(l.RulesOf(from, to)) == 0 {
		return nil
	}
	var all []*Rule
	for _, source := range l.lineage(from) {
		for _, target := range l.lineage(to) {
			for _, r := range l.RulesOf(source, target) {
				if !slices.Contains(all, r) {
					all = append(all, r)
				}
			}
		}
	}
	return all
}

// lineage is the kind of the component and the kind itself.
func (l *Library) lineage(k *Kind) []*Kind {
	if k.Parent == "" {
		return []*Kind{k}
	}
	return []*Kind{l.Kinds[k.Parent], k}
}

// Is says whether an end of a rule means this kind, by name or by a capability.
func (k *Kind) Is(end string) bool {
	capability, ok := strings.CutPrefix(end, "@")
	return end == k.Name || ok && slices.Contains(k.Provides, capability)
}

// Modules are, for each kind of component, the modules that links can bring to it, with the other ends of these links: "to postgresql", "from kong".
func (l *Library) Modules() map[string]map[string][]string {
	all := map[string]map[string][]string{}
	add := func(end, module, other string) {
		for _, k := range l.Named(end) {
			component, _, _ := strings.Cut(k.Name, "/")
			if all[component] == nil {
				all[component] = map[string][]string{}
			}
			if list := all[component][module]; !slices.Contains(list, other) {
				all[component][module] = append(list, other)
			}
		}
	}
	names := slices.Sorted(maps.Keys(l.Rules))
	for _, name := range names {
		r := l.Rules[name]
		for _, m := range r.Modules {
			add(r.From, m, "to "+Short(r.To))
		}
		for _, m := range r.InModules {
			add(r.To, m, "from "+Short(r.From))
		}
	}
	for _, name := range names {
		r := l.Rules[name]
		for _, target := range l.Targets(r)[1:] {
			for _, m := range r.Modules {
				add(r.From, m, "to "+Short(target))
			}
		}
	}
	return all
}

// Targets are the ends that links with a rule can have: its own, and the sub-kinds with a rule that brings this one along.
func (l *Library) Targets(r *Rule) []string {
	all := []string{r.To}
	for _, name := range slices.Sorted(maps.Keys(l.Rules)) {
		other := l.Rules[name]
		if parent, _, isSub := strings.Cut(other.To, "/"); isSub && parent == r.To && l.covers(other.From, r.From) && !slices.Contains(all, other.To) {
			all = append(all, other.To)
		}
	}
	return all
}

// covers says whether a rule from one end holds for whatever the other end names.
func (l *Library) covers(end, other string) bool {
	k := l.Kinds[other]
	return end == other || k != nil && k.Is(end)
}

// Named are the kinds that an end of a rule means, by name: one, or those with a capability.
func (l *Library) Named(end string) []*Kind {
	var all []*Kind
	for _, name := range slices.Sorted(maps.Keys(l.Kinds)) {
		if l.Kinds[name].Is(end) {
			all = append(all, l.Kinds[name])
		}
	}
	return all
}

// Short is an end of a rule in words: "database" of "postgresql/database".
func Short(end string) string {
	if capability, ok := strings.CutPrefix(end, "@"); ok {
		return "any component with " + capability
	}
	if _, sub, isSub := strings.Cut(end, "/"); isSub {
		return sub
	}
	return end
}
