package secrets

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"platc.dev/platc/compiler/value"
)

// identifying is the key by which the items of two lists are told apart: "name", or else the first whose clear texts differ within each list.
// "" where there is none; then items are paired by their place.
func identifying(want, old list) string {
	if len(want) == 0 {
		return ""
	}
	first, ok := want[0].(object)
	if !ok {
		return ""
	}
	keys := make([]string, 0, len(first)+1)
	keys = append(keys, "name")
	for _, m := range first {
		keys = append(keys, m.key)
	}
	for _, key := range keys {
		if tellsApart(want, key) && tellsApart(old, key) {
			return key
		}
	}
	return ""
}

func tellsApart(items list, key string) bool {
	seen := make(map[string]bool, len(items))
	for _, item := range items {
		text := clearText(item, key)
		if text == "" || seen[text] {
			return false
		}
		seen[text] = true
	}
	return true
}

// clearText is the text of a member that holds no secret, "" without.
func clearText(n node, key string) string {
	o, _ := n.(object)
	for _, m := range o {
		if m.key != key {
			continue
		}
		l, _ := m.node.(*leaf)
		if l == nil {
			return ""
		}
		switch v := l.value.(type) {
		case string:
			return v
		case value.Value:
			if !value.IsSecret(v) {
				return value.Display(v)
			}
		}
	}
	return ""
}

// vote is one old text that may be that of a secret.
type vote struct {
	text      string
	whole     bool // it was the whole value, not a part of one
	sameGroup bool // it stood under the comment of today
	edited    bool // it changed since it was written
}

// memory is what the old files say of secrets.
type memory struct {
	votes   map[string][]vote    // by ID of the secret, in order of the inputs
	hashes  map[string][]string  // by ID of the hash
	holders map[string]holder    // by ID of the secret: the first place that has it but cannot be read
	lengths map[string]int       // by ID of the secret: as far as a ciphertext or a text tells it
	former  map[string][]vote    // by ID of a secret whose old text does not count: what it was
	second  func(id string) bool // whether the turn of an ID was that of the second value
	skip    func(id string) bool // secrets whose old text does not count
}

// holder is a place in a file that cannot be read.
type holder struct {
	document *document
	name     string
}

// remember reads the old files by the values that are wanted in their places.
func remember(docs []*document, second, skip func(id string) bool) *memory {
	m := &memory{map[string][]vote{}, map[string][]string{}, map[string]holder{}, map[string]int{}, map[string][]vote{}, second, skip}
	for _, d := range docs {
		switch {
		case d.old == nil:
		case d.old.broken:
			_ = d.want.visit(func(path []string, l *leaf) error {
				m.hold(d, strings.Join(path, "."), l)
				return nil
			})
		default:
			for _, p := range d.pairs() {
				m.take(d, p)
			}
		}
	}
	return m
}

func (m *memory) take(d *document, p pair) {
	v, ok := p.want.value.(value.Value)
	if !ok || !value.IsSecret(v) {
		return
	}
	v = value.Taken(v, m.second)
	switch text := p.old.value.(type) {
	case string:
		m.read(v, text, vote{whole: true, sameGroup: p.sameGroup, edited: d.doubtful[p.old]})
	case locked, damaged:
		m.hold(d, p.name, p.want)
		if s, ok := v.(value.Secret); ok {
			if n, ok := cipherLength(p.old.cipher); ok {
				m.lengths[s.ID] = n
			}
		}
	}
}

// hold notes that a place has secrets that cannot be read. A hash does not tell its secret, with or without a key.
func (m *memory) hold(d *document, name string, l *leaf) {
	v, ok := l.value.(value.Value)
	if !ok {
		return
	}
	for _, s := range readable(value.Taken(v, m.second)) {
		if _, ok := m.holders[s.ID]; !ok {
			m.holders[s.ID] = holder{d, name}
		}
	}
}

// readable lists the secrets whose text a value shows to who can decrypt it.
func readable(v value.Value) []value.Secret {
	switch v := v.(type) {
	case value.Secret:
		return []value.Secret{v}
	case value.Concat:
		var all []value.Secret
		for _, part := range v {
			all = append(all, readable(part)...)
		}
		return all
	case value.Base64:
		return readable(v.Of)
	case value.Percent:
		return readable(v.Of)
	}
	return nil
}

// read takes the secrets out of an old text by the form of the value that is wanted in its place.
func (m *memory) read(v value.Value, text string, as vote) {
	switch v := v.(type) {
	case value.Secret:
		votes := m.votes
		if m.skip(v.ID) {
			votes = m.former
		}
		if fitsSecret(v, text) {
			as.text = text
			votes[v.ID] = append(votes[v.ID], as)
		}
	case value.Base64:
		if plain, err := base64.StdEncoding.DecodeString(text); err == nil {
			as.whole = false
			m.read(v.Of, string(plain), as)
		}
	case value.Percent:
		if plain, err := url.PathUnescape(text); err == nil {
			as.whole = false
			m.read(v.Of, plain, as)
		}
	case value.Hash:
		m.hashes[v.ID] = append(m.hashes[v.ID], text)
	case value.Concat:
		p := newPattern(v)
		for i, piece := range p.match(text, m.skip) {
			part := as
			part.whole = as.whole && len(p.holes) == 1 && p.literals[0]+p.literals[1] == ""
			m.read(p.holes[i], piece, part)
		}
	}
}

// MaxText is the length of the longest text that a user may give a secret: every server and every file takes it.
const MaxText = 1000

// CheckText says why a text that a user gives cannot be that of a secret, nil if it can; own is Credential.Own. The error does not show it.
func CheckText(text string, own bool) error {
	switch {
	case text == "":
		return errors.New("is empty")
	case len(text) > MaxText:
		return fmt.Errorf("is longer than %d characters", MaxText)
	case own && !isLine(text):
		return errors.New("has several lines, or characters that are not text")
	case !own && !isUsable(text):
		return errors.New("has a character that not every server and file accepts")
	}
	return nil
}

// isUsable says whether a text can be a generated secret: it is safe in dotenv, URLs, records and SQL, also where a user changed it.
func isUsable(text string) bool {
	return text != "" && strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~-") == ""
}

// isLine says whether a text is one line of text, which a variable can hold.
func isLine(text string) bool {
	return text != "" && utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl)
}

// fitsSecret says whether a text can be that of a secret.
func fitsSecret(s value.Secret, text string) bool { return isUsable(text) || s.Own && isLine(text) }

// winners picks a text for every secret that has one. One that was edited counts only where there is no other. A text under the comment of today counts before one under another, which is taken only
// where no other secret has it: the same variable may have come to mean another component. Then most votes win, then a value of its own, then the first.
func (m *memory) winners() map[string]string {
	texts := map[string]string{}
	owned := map[string]bool{}
	ids := slices.Sorted(maps.Keys(m.votes))
	for _, counts := range []func(vote) bool{
		func(v vote) bool { return v.sameGroup && !v.edited },
		func(v vote) bool { return !v.edited && !owned[v.text] },
		func(v vote) bool { return v.sameGroup },
		func(v vote) bool { return !owned[v.text] },
	} {
		for _, id := range ids {
			if _, ok := texts[id]; ok {
				continue
			}
			if text, ok := elect(m.votes[id], counts); ok {
				texts[id] = text
				owned[text] = true
			}
		}
	}
	return texts
}

func elect(votes []vote, counts func(vote) bool) (string, bool) {
	type tally struct {
		text         string
		count, whole int
	}
	var tallies []tally // in order of first appearance
	for _, v := range votes {
		if !counts(v) {
			continue
		}
		i := slices.IndexFunc(tallies, func(t tally) bool { return t.text == v.text })
		if i < 0 {
			i = len(tallies)
			tallies = append(tallies, tally{text: v.text})
		}
		tallies[i].count++
		if v.whole {
			tallies[i].whole++
		}
	}
	if len(tallies) == 0 {
		return "", false
	}
	slices.SortStableFunc(tallies, func(a, b tally) int { return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(b.whole, a.whole)) })
	return tallies[0].text, true
}

// pattern is a Concat as literals with holes between them: one literal more than holes.
type pattern struct {
	literals []string
	holes    []value.Value // secrets, hashes and encoded values
}

func newPattern(c value.Concat) pattern {
	p := pattern{literals: []string{""}}
	p.add(c)
	return p
}

func (p *pattern) add(v value.Value) {
	switch v := v.(type) {
	case value.Literal:
		p.literals[len(p.literals)-1] += string(v)
	case value.Concat:
		for _, part := range v {
			p.add(part)
		}
	case value.Percent:
		// a text that needs no encoding is found as it is
		if len(ownSecrets(v)) == 0 {
			p.add(v.Of)
			return
		}
		p.holes = append(p.holes, v)
		p.literals = append(p.literals, "")
	default:
		p.holes = append(p.holes, v)
		p.literals = append(p.literals, "")
	}
}

// match is the text of each hole, by its index; holes that cannot be found are left out.
func (p pattern) match(text string, skip func(id string) bool) map[int]string {
	if len(p.holes) == 0 {
		return nil
	}
	if found := p.matchAll(text, skip); found != nil {
		return found
	}
	if strings.Contains(strings.Join(p.literals, ""), hole) {
		return nil
	}
	return p.matchRecords(text)
}

// matchAll fits the whole text, nil where a literal differs.
func (p pattern) matchAll(text string, skip func(id string) bool) map[int]string {
	rest, ok := strings.CutPrefix(text, p.literals[0])
	if !ok {
		return nil
	}
	found := make(map[int]string, len(p.holes))
	for i, hole := range p.holes {
		next, end := p.literals[i+1], 0
		secret, isSecret := hole.(value.Secret)
		switch {
		case i == len(p.holes)-1:
			end = len(rest) - len(next)
			if end < 0 || rest[end:] != next {
				return nil
			}
		case next != "":
			end = strings.Index(rest, next)
		case isSecret:
			end = length(secret)
		}
		if end < 0 || end > len(rest) {
			return nil
		}
		if isSecret && !skip(secret.ID) && !fitsSecret(secret, rest[:end]) {
			return nil
		}
		found[i] = rest[:end]
		rest = rest[end+len(next):]
	}
	return found
}

// What separates records of a list, and tokens within a record or a URL.
const (
	recordSeparator = ";"
	tokenSeparators = ":@/?&,="
)

// record is one record of a list, or a whole value that is no list.
type record struct {
	tokens     []string
	separators string // between the tokens
}

func newRecord(text string) record {
	r := record{}
	for {
		i := strings.IndexAny(text, tokenSeparators)
		if i < 0 {
			r.tokens = append(r.tokens, text)
			return r
		}
		r.tokens = append(r.tokens, text[:i])
		r.separators += text[i : i+1]
		text = text[i+1:]
	}
}

// hole stands in the text of a pattern for the hole of its index; it is no part of any emitted text.
const hole = "\x00"

// matchRecords fits record by record: a wanted record is an old one where most of its clear tokens are the same, the best fit first, each once.
// So passwords stay when records come, go or change a field.
func (p pattern) matchRecords(text string) map[int]string {
	type candidate struct {
		want, old, score int
		found            map[int]string
	}
	var candidates []candidate
	olds := strings.Split(text, recordSeparator)
	first := 0 // index of the first hole of a record
	for w, want := range strings.Split(strings.Join(p.literals, hole), recordSeparator) {
		count := strings.Count(want, hole)
		if count > 0 {
			r := newRecord(want)
			for o, old := range olds {
				if found, score := r.fit(newRecord(old), first); found != nil {
					candidates = append(candidates, candidate{w, o, score, found})
				}
			}
		}
		first += count
	}
	slices.SortStableFunc(candidates, func(a, b candidate) int { return cmp.Compare(b.score, a.score) })
	found := map[int]string{}
	usedWant, usedOld := map[int]bool{}, map[int]bool{}
	for _, c := range candidates {
		if usedWant[c.want] || usedOld[c.old] {
			continue
		}
		usedWant[c.want], usedOld[c.old] = true, true
		maps.Copy(found, c.found)
	}
	return found
}

// fit is the texts of the record's holes in an old record, and how many clear tokens are the same; nil where they are not most of them.
func (r record) fit(old record, first int) (map[int]string, int) {
	if r.separators != old.separators {
		return nil, 0
	}
	found := map[int]string{}
	score, inClear := 0, 0
	for i, token := range r.tokens {
		switch strings.Count(token, hole) {
		case 0:
			if token == "" {
				continue
			}
			inClear++
			if token == old.tokens[i] {
				score++
			}
		case 1:
			before, after, _ := strings.Cut(token, hole)
			text := old.tokens[i]
			if len(text) < len(before)+len(after) || !strings.HasPrefix(text, before) || !strings.HasSuffix(text, after) {
				return nil, 0
			}
			found[first] = text[len(before) : len(text)-len(after)]
			first++
		default:
			return nil, 0
		}
	}
	if 2*score <= inClear {
		return nil, 0
	}
	return found, score
}
