package compiler

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
)

// trace is what a decision leaves in files: words that stand together where it was written.
type trace struct {
	words []string // all of them
	rank  int      // of traces in equally small blocks the lowest explains
	by    []Because
}

// ownRank is the first rank of what the user wrote about the component itself.
const ownRank = 4

// span is a range of lines.
type span struct{ first, last int }

func (s span) holds(line int) bool { return s.first <= line && line <= s.last }

// explainLine is the origins of the smallest block around a line in which all words of a decision stand; nil when no decision explains it.
// A block is a line with what is indented below it, or an item of a list: the nesting of YAML. Other text has blocks of one line.
func (w why) explainLine(file string, lines []string, line int) []Because {
	type match struct {
		size, rank int
		by         []Because
	}
	var found []match
	blocks := blocksOf(file, lines)
	for _, m := range w.traces(file) {
		for _, s := range smallest(lines, blocks, m.words) {
			if s.holds(line) {
				found = append(found, match{s.last - s.first, m.rank, m.by})
			}
		}
	}
	if len(found) == 0 {
		return nil
	}
	// what the user wrote about the component itself explains what no link does
	own := func(m match) int {
		if m.rank >= ownRank {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(found, func(a, b match) int {
		return cmp.Or(cmp.Compare(own(a), own(b)), cmp.Compare(a.size, b.size), cmp.Compare(a.rank, b.rank))
	})
	var by []Because
	for _, m := range found {
		if m.size == found[0].size && m.rank == found[0].rank {
			by = append(by, m.by...)
		}
	}
	return byPlace(unique(by))
}

// blocksOf are the blocks of a file, the inner ones as well.
func blocksOf(file string, lines []string) []span {
	all := make([]span, 0, len(lines))
	nested := path.Ext(file) == ".yaml"
	for i, text := range lines {
		s := span{i, i}
		for nested && s.last+1 < len(lines) && depth(lines[s.last+1]) > depth(text) && lines[s.last+1] != "---" {
			s.last++
		}
		all = append(all, s)
	}
	return all
}

// depth is the indentation of a line. The fields of an item of a list are deeper than its dash.
func depth(text string) int { return len(text) - len(strings.TrimLeft(text, " ")) }

// smallest are the blocks that hold all words, and have no block inside that does.
func smallest(lines []string, blocks []span, words []string) []span {
	var holding []span
	patterns := make([]*regexp.Regexp, len(words))
	for i, word := range words {
		patterns[i] = regexp.MustCompile(`(^|[^A-Za-z0-9_-])` + regexp.QuoteMeta(word) + `($|[^A-Za-z0-9_-])`)
	}
	at := make([][]int, len(words)) // of each word the lines that hold it
	for i, p := range patterns {
		for n, text := range lines {
			if p.MatchString(text) {
				at[i] = append(at[i], n)
			}
		}
		if len(at[i]) == 0 {
			return nil
		}
	}
	for _, s := range blocks {
		if !slices.ContainsFunc(at, func(of []int) bool { return !slices.ContainsFunc(of, s.holds) }) {
			holding = append(holding, s)
		}
	}
	return slices.DeleteFunc(slices.Clone(holding), func(s span) bool {
		return slices.ContainsFunc(holding, func(t span) bool { return t != s && s.holds(t.first) && s.holds(t.last) })
	})
}

// traces are the decisions about a component that may show in one of its files.
func (w why) traces(file string) []trace {
	var all []trace
	for _, name := range slices.Sorted(maps.Keys(w.np.Env)) {
		all = append(all, trace{[]string{name}, 1, origins(w.np.Env[name].By())})
	}
	for _, name := range slices.Sorted(maps.Keys(w.node.Description.Settings)) {
		a, _ := w.variable(name)
		all = append(all, trace{[]string{name}, 1, a.Because})
	}
	for _, group := range slices.Compact(slices.Sorted(maps.Values(w.np.EnvGroup))) {
		all = append(all, trace{[]string{"#", group}, 2, w.groupOrigins(group)})
	}
	if strings.HasSuffix(file, ".txt") {
		for _, d := range slices.Sorted(maps.Keys(w.np.Requirements)) {
			r := w.np.Requirements[d]
			all = append(all, trace{[]string{r.Value()}, 1, origins(r.By())})
		}
	}
	for _, asset := range slices.Sorted(maps.Keys(w.np.Modules)) {
		if d := w.np.Modules[asset]; d.Value() {
			all = append(all, trace{[]string{strings.TrimSuffix(path.Base(asset), ".py")}, 3, origins(d.By())})
		}
	}
	all = append(all, w.policyTraces()...)
	all = append(all, w.partTraces(file)...)
	return append(all, w.attributeTraces()...)
}

func (w why) groupOrigins(group string) []Because {
	var by []Because
	for _, name := range slices.Sorted(maps.Keys(w.np.EnvGroup)) {
		if w.np.EnvGroup[name] == group {
			by = append(by, origins(w.np.Env[name].By())...)
		}
	}
	return unique(by)
}

// policyTraces are the openings of network policies: the peer and the port.
func (w why) policyTraces() []trace {
	var all []trace
	for _, group := range slices.Sorted(maps.Keys(w.np.Policies)) {
		p := w.np.Policies[group]
		for _, d := range slices.Concat(p.Ingress, p.Egress) {
			all = append(all, trace{[]string{d.Value().Peer.Node.Name, strconv.Itoa(d.Value().Port)}, 0, origins(d.By())})
		}
	}
	return all
}

// partTraces are the parts that edges brought: the words of a part that no other part of its slot has. In a file that does not depend
// on the slot only words with the name of the other end count: "http" would stand there anyway.
func (w why) partTraces(file string) []trace {
	var depends []string
	if i := slices.IndexFunc(w.np.Rows, func(r kind.Row) bool { return r.Path == file }); i >= 0 {
		depends = w.np.Rows[i].When.Slots()
	}
	known := map[string]bool{w.node.Name: true, w.node.Namespace(): true}
	for _, v := range w.node.Attrs {
		if s, ok := v.(string); ok {
			known[s] = true
		}
	}
	var all []trace
	for _, slot := range slices.Sorted(maps.Keys(w.np.Parts)) {
		count := map[string]int{}
		words := make([][]string, len(w.np.Parts[slot]))
		for i, d := range w.np.Parts[slot] {
			words[i] = leaves(d.Value())
			for _, word := range words[i] {
				count[word]++
			}
		}
		for i, d := range w.np.Parts[slot] {
			for _, word := range words[i] {
				if count[word] == 1 && !known[word] && (slices.Contains(depends, slot) || w.namesPeer(word, d.By())) {
					all = append(all, trace{[]string{word}, 2, origins(d.By())})
				}
			}
		}
	}
	return all
}

// namesPeer says whether a word holds the name of the component, or of a sub-component of this one, that an edge of the origins has at its other end.
func (w why) namesPeer(word string, by []ir.Origin) bool {
	return slices.ContainsFunc(by, func(o ir.Origin) bool {
		if o.Edge == nil {
			return false
		}
		for _, n := range []*ir.Node{o.Edge.Source, o.Edge.Target} {
			if n != w.node && (strings.Contains(word, n.Name) || (n.Component() != w.node && strings.Contains(word, n.Component().Name))) {
				return true
			}
		}
		return false
	})
}

// leaves are the texts and numbers inside a part, each once; short ones say too little to be recognised.
func leaves(v any) []string {
	set := map[string]bool{}
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for _, item := range v {
				walk(item)
			}
		case []any:
			for _, item := range v {
				walk(item)
			}
		case string:
			if len(v) > 2 && !strings.ContainsAny(v, "\n") {
				set[v] = true
			}
		}
	}
	walk(v)
	return slices.Sorted(maps.Keys(set))
}

// attributeTraces are the values that the user gave to attributes, where just one attribute has the value.
func (w why) attributeTraces() []trace {
	var all []trace
	for _, n := range append([]*ir.Node{w.node}, w.node.Subs...) {
		if n.Given == nil {
			continue
		}
		count := map[string]int{}
		for _, f := range n.Given.Fields {
			count[plain(f)]++
		}
		for _, f := range n.Given.Fields {
			if text := plain(f); text != "" && count[text] == 1 && f.Key != "kind" && f.Key != "namespace" {
				all = append(all, trace{[]string{text}, ownRank, []Because{because(f.Pos, "load", fmt.Sprintf("attribute %s of %s", f.Key, n.ID))}})
			}
		}
		if n.Parent != nil {
			all = append(all, trace{[]string{n.Name}, ownRank + 1, []Because{because(n.Pos, "load", n.SubKind()+" "+n.Name)}})
		}
	}
	return all
}

// plain is a scalar as it would stand in a file; "" where it says too little to be recognised.
func plain(g *kind.Given) string {
	switch v := g.Scalar.(type) {
	case string:
		if len(v) > 2 && !strings.Contains(v, "\n") {
			return v
		}
	case int64:
		if v > 9 {
			return strconv.FormatInt(v, 10)
		}
	}
	return ""
}
