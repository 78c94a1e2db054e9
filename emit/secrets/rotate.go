package secrets

import (
	"encoding/base64"
	"maps"
	"net/url"
	"slices"

	"platc.dev/platc/compiler/value"
)

// rotation is whose turn it is, and which secrets get a new text.
type rotation struct {
	votes   map[string][2]int        // by ID of a turn: places of the old files that have the first value, and the second
	second  map[string]bool          // by ID of a turn: whether it is that of the second value in the new files
	renewed map[string]func() string // by ID of a secret that gets a new text: the text, nil where it is drawn or taken over
	takes   map[string]string        // by ID of a secret that takes over an old text: the secret that had it
}

// remember reads the old files, for a rotation and for all that stays.
func (b *build) remember() {
	b.planRotation()
	b.memory = remember(b.docs, b.rotation.wasSecond, func(id string) bool { return b.isGiven(id) || b.renewed(id) })
}

// dropEqual leaves out the credentials that have the text already which they shall get: nothing else may change then. It says whether there are such.
func (b *build) dropEqual() bool {
	left := maps.Clone(b.options.Set)
	drop := func(credential, secret string) {
		set := left[credential]
		votes := slices.Concat(b.memory.former[secret], b.memory.votes[secret])
		if text, ok := elect(votes, func(vote) bool { return true }); ok && set != nil && text == set() {
			delete(left, credential)
		}
	}
	inTurns := map[string]bool{}
	b.eachValue(func(v value.Value) {
		for _, t := range value.Turns(v) {
			for _, s := range value.Secrets(t) {
				inTurns[s.ID] = true
			}
			for _, s := range value.Secrets(value.Taken(t, b.rotation.wasSecond)) {
				drop(t.ID, s.ID)
			}
		}
	})
	for id := range b.options.Set {
		if !inTurns[id] {
			drop(id, id)
		}
	}
	dropped := len(left) < len(b.options.Set)
	b.options.Set = left
	return dropped
}

// asked says whether a credential shall get a new text.
func (b *build) asked(id string) bool {
	return b.options.Rotate != nil && b.options.Rotate(id) || b.options.Set[id] != nil
}

// renewed says whether a secret gets a new text.
func (b *build) renewed(id string) bool {
	_, ok := b.rotation.renewed[id]
	return ok
}

// planRotation reads from the old files whose turn it is, and decides which secrets get a new text. Of a credential with two turns these are
// those of the other one: what is in use stays as it is.
func (b *build) planRotation() {
	r := rotation{b.oldTurns(), map[string]bool{}, map[string]func() string{}, map[string]string{}}
	inTurns := map[string]bool{}
	b.eachValue(func(v value.Value) {
		for _, t := range value.Turns(v) {
			asked := b.asked(t.ID)
			r.second[t.ID] = r.wasSecond(t.ID) != asked
			for _, s := range value.Secrets(t) {
				inTurns[s.ID] = true
			}
			for _, s := range value.Secrets(value.Taken(t, r.isSecond)) {
				if asked {
					r.renewed[s.ID] = b.options.Set[t.ID]
				}
			}
		}
	})
	b.eachValue(func(v value.Value) {
		for _, s := range value.Secrets(v) {
			if !inTurns[s.ID] && b.asked(s.ID) {
				r.renewed[s.ID] = b.options.Set[s.ID]
			}
			if s.Follows != "" {
				r.takes[s.ID] = s.Follows
			}
		}
	})
	for _, id := range slices.Sorted(maps.Keys(r.takes)) {
		if _, ok := r.renewed[r.takes[id]]; !ok {
			delete(r.takes, id)
			continue
		}
		r.renewed[id] = nil
	}
	b.rotation = r
}

func (r rotation) isSecond(id string) bool { return r.second[id] }

// wasSecond says whose turn it was: as most of the old files have it, else that of the first.
func (r rotation) wasSecond(id string) bool { return r.votes[id][1] > r.votes[id][0] }

// eachValue calls f for every value that is wanted.
func (b *build) eachValue(f func(v value.Value)) {
	for _, d := range b.docs {
		_ = d.want.visit(func(_ []string, l *leaf) error {
			if v, ok := l.value.(value.Value); ok {
				f(v)
			}
			return nil
		})
	}
}

// oldTurns counts whose turn it is in the old files, by the texts that turns have in clear.
func (b *build) oldTurns() map[string][2]int {
	votes := map[string][2]int{}
	for _, d := range b.docs {
		if d.old == nil || d.old.broken {
			continue
		}
		for _, p := range d.pairs() {
			v, isValue := p.want.value.(value.Value)
			text, isText := p.old.value.(string)
			if isValue && isText {
				b.voteTurns(votes, v, text)
			}
		}
	}
	return votes
}

func (b *build) voteTurns(votes map[string][2]int, v value.Value, text string) {
	if len(value.Turns(v)) == 0 {
		return
	}
	switch v := v.(type) {
	case value.Turn:
		n := votes[v.ID]
		for i, of := range v.Of {
			if !value.IsSecret(v) && text == value.Display(of) {
				n[i]++
			}
		}
		votes[v.ID] = n
	case value.Base64:
		if plain, err := base64.StdEncoding.DecodeString(text); err == nil {
			b.voteTurns(votes, v.Of, string(plain))
		}
	case value.Percent:
		if plain, err := url.PathUnescape(text); err == nil {
			b.voteTurns(votes, v.Of, plain)
		}
	case value.Concat:
		p := newPattern(v)
		for i, piece := range p.match(text, b.isGiven) {
			b.voteTurns(votes, p.holes[i], piece)
		}
	}
}

func (b *build) isGiven(id string) bool { return b.options.Given[id] != nil }
