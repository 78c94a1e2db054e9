package load

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/cuecontext"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
)

const (
	fieldEnvironments = "environments"
	tagEnvironment    = "env" // of @tag(env)
)

// Loaded is an architecture in one of its environments.
type Loaded struct {
	Environment string    // "": it has none
	Graph       *ir.Graph // nil when there is nothing to go on with
	Findings    *diag.List
}

// Misuse is what the command line says, and the architecture does not allow.
type Misuse struct {
	Message, Help string
	Unknown       bool // an environment was named that is not there
}

func (m *Misuse) Error() string { return m.Message }

// Choice says which environments of an architecture are asked for.
type Choice struct {
	Names []string // empty: all
	Alone bool     // the others are not read
	First bool     // without names it is the first alone
}

// Has says whether an environment is asked for.
func (c Choice) Has(name string) bool { return len(c.Names) == 0 || slices.Contains(c.Names, name) }

// read are those to read of a list.
func (c Choice) read(all []string) []string {
	switch {
	case len(c.Names) == 0 && c.First:
		return all[:1]
	case !c.Alone:
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), func(name string) bool { return !c.Has(name) })
}

// Environments reads, checks and completes an architecture in its environments, in the order of its list. Without a list it is one that has no name.
// There is always one, with its findings.
func Environments(s Source, choice Choice) ([]Loaded, *Misuse) {
	list := &diag.List{}
	library := s.library(list)
	if library == nil {
		return []Loaded{{Findings: list}}, nil
	}
	return s.with(library, list, choice)
}

// with is Environments with the kinds of a library. What was found before is a finding of all.
func (s Source) with(library *kind.Library, list *diag.List, choice Choice) ([]Loaded, *Misuse) {
	s.schema = importable(library)
	c := newConcealer(s.Hidden, library)
	first := s.evaluateInTime(list, c)
	switch {
	case first.misuse != nil:
		return []Loaded{{Findings: list}}, first.misuse
	case !first.ok:
		return []Loaded{{Findings: list}}, nil
	case first.environments == nil && len(choice.Names) > 0:
		return []Loaded{{Findings: list}}, &Misuse{Message: fmt.Sprintf("-e %s: the architecture has no environments", choice.Names[0]), Help: `list them in arch.cue: environments: ["dev", "prod"]`, Unknown: true}
	case first.environments == nil:
		return []Loaded{{Graph: s.graph(library, c, first, list), Findings: list}}, nil
	}
	if s.environments = s.names(first.environments, library, list); s.environments == nil {
		return []Loaded{{Findings: list}}, nil
	}
	if m := s.misused(choice.Names); m != nil {
		return []Loaded{{Findings: list}}, m
	}
	return s.each(library, c, list, choice.read(s.environments)), nil
}

// each evaluates environments, several at once, and makes their graphs one after the other.
func (s Source) each(library *kind.Library, c *concealer, list *diag.List, names []string) []Loaded {
	var all []Loaded
	var evaluations []*evaluated
	var running sync.WaitGroup
	for _, name := range names {
		findings := &diag.List{}
		findings.AddAll(list)
		all, evaluations = append(all, Loaded{Environment: name, Findings: findings}), append(evaluations, nil)
	}
	panics := make(chan any, len(all))
	for i := range all {
		running.Go(func() {
			defer func() {
				if r := recover(); r != nil {
					panics <- r
				}
			}()
			evaluations[i] = s.in(all[i].Environment).evaluateInTime(all[i].Findings, c)
		})
	}
	running.Wait()
	select {
	case r := <-panics:
		panic(r)
	default:
	}
	for i, e := range evaluations {
		if m := e.misuse; m != nil { // whoever has no graph has an error
			all[i].Findings.Add(diag.Diagnostic{Code: "E0101", Message: m.Message, Help: m.Help})
		}
		if e.ok {
			all[i].Graph = s.in(all[i].Environment).graph(library, c, e, all[i].Findings)
		}
	}
	return all
}

func (s Source) in(environment string) Source {
	s.environment = environment
	return s
}

// listed is the list of environments as an evaluation without tags has it, nil without. with is the files as they were read with the tags given.
func (s Source) listed(with *build.Instance, list *diag.List, c *concealer) *kind.Given {
	if len(s.Tags) > 0 {
		with = s.instance(&diag.List{}, nil)
	}
	if with == nil || with.Err != nil {
		return nil // what follows says why
	}
	root := cuecontext.New().BuildInstance(with)
	v := lookup(root, fieldEnvironments)
	if !v.Exists() {
		return nil
	}
	if err := v.Validate(cue.Concrete(false)); err != nil {
		s.report(list, err, with, c)
		return &kind.Given{Invalid: true}
	}
	given := (&reader{dir: s.Dir, root: root, inst: with}).given(v, fieldEnvironments)
	for _, item := range append(given.Items, given) {
		if item.Lack != nil {
			item.Lack.Tags = nil // none sets it
		}
	}
	return given
}

// names are those of the list, nil where that has mistakes.
func (s Source) names(given *kind.Given, library *kind.Library, list *diag.List) []string {
	if given.Invalid {
		return nil // which is reported
	}
	wrong := func(pos diag.Pos, message, help string) {
		list.Add(diag.Diagnostic{Code: "E0104", Path: fieldEnvironments, Pos: pos, Message: message, Help: help})
	}
	found := &diag.List{}
	data, _ := library.Environments.Complete(given, kind.Place{Path: fieldEnvironments, Subject: fieldEnvironments, KeyPos: given.KeyPos}, found).([]any)
	list.AddAll(found)
	names := strs(data)
	if found.HasErrors() {
		return nil
	}
	for i, name := range names {
		if slices.Index(names, name) < i {
			wrong(given.Items[i].Pos, fmt.Sprintf("environments has %q twice", name), "name each environment once")
			return nil
		}
	}
	switch {
	case len(names) == 0:
		wrong(given.Pos, "environments is empty", "name at least one, or remove the field: then there is one tree")
	case s.hasFile():
		wrong(given.KeyPos, "environments needs all files of the architecture, not "+strings.Join(s.Args, " "), "name the directory, so that the files of an environment are read too")
	default:
		return names
	}
	return nil
}

// hasFile says whether an argument is a file.
func (s Source) hasFile() bool {
	return slices.ContainsFunc(s.Args, func(arg string) bool { return strings.HasSuffix(arg, ".cue") || arg == Stdin })
}

// misused says what is wrong with the environments asked for, and with tags beside environments; nil if nothing is.
func (s Source) misused(only []string) *Misuse {
	all := strings.Join(s.environments, ", ")
	for _, name := range only {
		if slices.Contains(s.environments, name) {
			continue
		}
		help := "the environments are " + all
		if near := diag.Nearest(name, s.environments); near != "" {
			help = fmt.Sprintf("did you mean %q?", near)
		}
		if parts := strings.Split(name, ","); len(parts) > 1 && !slices.ContainsFunc(parts, func(p string) bool { return !slices.Contains(s.environments, p) }) {
			help = "name each with a flag of its own: -e " + strings.Join(parts, " -e ")
		}
		return &Misuse{Message: fmt.Sprintf("-e %s: there is no such environment", name), Help: help, Unknown: true}
	}
	for _, tag := range s.Tags {
		key, value, _ := strings.Cut(tag, "=")
		if slices.Contains(s.environments, tag) {
			return &Misuse{Message: fmt.Sprintf("-t %s: %s is an environment, which sets the tag itself", tag, tag), Help: "use -e " + tag}
		}
		if key == tagEnvironment {
			return &Misuse{Message: fmt.Sprintf("-t %s: the environment sets the tag %s itself", tag, tagEnvironment), Help: fmt.Sprintf("use -e %s; the environments are %s", value, all)}
		}
	}
	return nil
}

// tagsOf are the tags of the evaluation of an environment: those given, its name where a file reads it, and env=NAME where that is declared.
func (s Source) tagsOf(name string) []string {
	tags := slices.Clone(s.Tags)
	base := s.instance(&diag.List{}, s.Tags)
	if base == nil || base.Err != nil {
		return tags // the same again says why
	}
	if s.readBy(base).tags[name] {
		with := s.instance(&diag.List{}, append(slices.Clone(tags), name))
		// a file that CUE does not read, for its name or an @ignore, may have an @if all the same
		if with == nil || s.unknownTag(with.Err) == nil {
			tags, base = append(tags, name), with
		}
		if base == nil || base.Err != nil {
			return tags
		}
	}
	declared := declaredTags(base.Files)
	if declared[name] && !slices.Contains(tags, name) {
		tags = append(tags, name)
	}
	if declared[tagEnvironment+"="] {
		tags = append(tags, tagEnvironment+"="+name)
	}
	return tags
}

// declaredTags are the tags that files declare by @tag: "key=", and their short forms.
func declaredTags(files []*ast.File) map[string]bool {
	declared := map[string]bool{}
	for _, f := range files {
		ast.Walk(f, func(n ast.Node) bool {
			field, ok := n.(*ast.Field)
			if !ok {
				return true
			}
			for _, a := range field.Attrs {
				key, body := a.Split()
				if key != "tag" {
					continue
				}
				for i, part := range strings.Split(body, ",") {
					part = strings.TrimSpace(part)
					if short, ok := strings.CutPrefix(part, "short="); ok {
						for s := range strings.SplitSeq(strings.Trim(short, `"`), "|") {
							declared[s] = true
						}
					} else if i == 0 {
						declared[part+"="] = true
					}
				}
			}
			return true
		}, nil)
	}
	return declared
}

// sameEnvironments refuses a list that a tag changes.
func (l *lowering) sameEnvironments(given *kind.Given) {
	l.graph.EnvironmentsPos = l.graph.Pos
	if given != nil {
		l.graph.EnvironmentsPos = given.KeyPos
	}
	if given == nil && len(l.graph.Environments) == 0 || given != nil && given.Invalid {
		return
	}
	var names []string
	pos := l.graph.Pos
	if given != nil {
		pos = given.Pos
		for _, item := range given.Items {
			name, _ := item.Scalar.(string)
			names = append(names, name)
		}
	}
	if !slices.Equal(names, l.graph.Environments) {
		l.add(diag.Diagnostic{
			Code: "E0104", Path: fieldEnvironments, Pos: pos, Message: "environments depends on a tag, which is not allowed",
			Help: "write the whole list where no @if and no @tag decides on it: it is read from an evaluation without tags",
		})
		return
	}
	const longest = 63
	if n := len(l.graph.PartOf()); l.graph.Environment != "" && l.graph.Name != "" && n > longest {
		l.add(diag.Diagnostic{
			Code: "E0108", Path: "name", Pos: l.graph.Pos, Message: fmt.Sprintf("the architecture's name and the environment, %s, have %d characters together, more than the %d of a label", l.graph.PartOf(), n, longest),
			Help: "shorten one of them",
		})
	}
}
