package secrets

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"platc.dev/platc/compiler/value"
)

// Credential is one secret with what belongs to it: the other user's password where two take turns, the password of before, hashes.
type Credential struct {
	ID     string
	Places []Stored  // by path and name
	Since  time.Time // its text has not changed since: the oldest time at which one of its files was last written; zero where none is there
	Differ bool      // its places hold different texts: somebody edited one of them
	Keeps  Overlap   // what stays valid when it gets a new text
	Given  bool      // the user gave the text
	Own    bool      // it is the user's own code that reads it: any line of text may be set
	kept   bool      // its server keeps the text that it had first
}

// Overlap is what stays valid for a while when a credential gets a new text.
type Overlap string

// The overlaps.
const (
	OverlapNone     Overlap = "none"     // nothing: the old text ends with the new one
	OverlapUser     Overlap = "user"     // the user of before, until the next rotation
	OverlapPassword Overlap = "password" // the password of before, until the next rotation
	OverlapHandover Overlap = "handover" // the server keeps its own; the one of before lets in who sets the new one, and ends then
	OverlapFixed    Overlap = "fixed"    // the server keeps its own, and takes no other
)

// Stored is a place of a credential in the output tree.
type Stored struct {
	Path, Component, Name string
	State                 State
}

// State is what can be read at a place.
type State string

// The states.
const (
	StateRead    State = "read"
	StateMissing State = "missing" // there is no file, or the file has no such value
	StateLocked  State = "locked"  // no private key opens the file
	StateDamaged State = "damaged" // it was edited, or is not a SOPS file
)

// List is every credential by ID: where it stands, since when, and whether it can be read; never its text. It works on any tree, also on one
// that was edited or that no key opens.
//
// Errors: those of Encrypt for inputs and old files.
func List(inputs []Input, o Options) ([]Credential, error) {
	b, err := newBuild(inputs, o)
	if err != nil {
		return nil, err
	}
	b.openOld()
	b.planRotation()
	b.memory = remember(b.docs, b.rotation.wasSecond, b.isGiven)
	l := listing{build: b, texts: b.memory.winners(), of: b.credentials(), all: map[string]*Credential{}}
	for _, d := range b.docs {
		l.document(d)
	}
	return l.finished(), nil
}

// credentials is the ID of the credential that each secret belongs to.
func (b *build) credentials() map[string]string {
	of := map[string]string{}
	b.eachValue(func(v value.Value) {
		for _, s := range value.Secrets(v) {
			if of[s.ID] == "" {
				of[s.ID] = cmp.Or(s.Follows, s.ID)
			}
		}
	})
	b.eachValue(func(v value.Value) {
		for _, t := range value.Turns(v) {
			for _, s := range value.Secrets(t) {
				of[s.ID] = t.ID
			}
		}
	})
	return of
}

// listing is one run of List.
type listing struct {
	*build
	texts map[string]string // by ID of the secret
	of    map[string]string // the credential of each secret
	all   map[string]*Credential
}

func (l *listing) document(d *document) {
	found := map[*leaf]pair{}
	if d.old != nil && !d.old.broken {
		for _, p := range d.pairs() {
			found[p.want] = p
		}
	}
	for _, line := range d.want.lines() {
		if line.leaf == nil {
			continue
		}
		v, ok := line.leaf.value.(value.Value)
		if !ok {
			continue
		}
		v = value.Taken(v, l.rotation.wasSecond)
		p, known := found[line.leaf]
		for _, s := range value.Secrets(v) {
			at := Stored{Path: d.path, Component: d.component, Name: line.name, State: StateMissing}
			if known {
				at.Name = p.name
			}
			c := l.credential(s)
			var other bool
			at.State, other = l.look(d, p.old, v, s.ID)
			c.Differ = c.Differ || other
			if !slices.ContainsFunc(c.Places, func(o Stored) bool { return o.Path == at.Path && o.Name == at.Name }) {
				c.Places = append(c.Places, at)
			}
			if d.old != nil && !d.old.broken && (c.Since.IsZero() || d.old.meta.modified.Before(c.Since)) {
				c.Since = d.old.meta.modified
			}
		}
	}
}

// credential is the one that a secret belongs to.
func (l *listing) credential(s value.Secret) *Credential {
	id := l.of[s.ID]
	c := l.all[id]
	if c == nil {
		c = &Credential{ID: id, Keeps: OverlapNone, Given: l.isGiven(s.ID), Own: s.Own}
		l.all[id] = c
	}
	if s.Follows != "" {
		c.Keeps = OverlapPassword
	}
	c.kept = c.kept || s.Kept
	return c
}

// look says what can be read of a secret at a place, and whether that is another text than most places have. old is nil where nothing stands.
func (l *listing) look(d *document, old *leaf, v value.Value, id string) (s State, other bool) {
	switch {
	case d.old == nil:
		return StateMissing, false
	case d.old.broken:
		return StateDamaged, false
	case old == nil:
		return StateMissing, false
	}
	switch text := old.value.(type) {
	case locked:
		return StateLocked, false
	case damaged:
		return StateDamaged, false
	case string:
		return l.read(v, text, id)
	}
	return StateMissing, false
}

func (l *listing) read(v value.Value, text, id string) (s State, other bool) {
	if l.isGiven(id) {
		return StateRead, false
	}
	alone := remember(nil, l.rotation.wasSecond, l.isGiven)
	alone.read(v, text, vote{whole: true, sameGroup: true})
	known := l.texts[id]
	for _, h := range hashesOf(v) {
		if known != "" && value.Equal(h.Of, value.Secret{ID: id}) {
			other = other || !slices.ContainsFunc(alone.hashes[h.ID], func(hash string) bool { return fits(h.Algorithm, hash, known) })
		}
	}
	if !slices.ContainsFunc(readable(v), func(s value.Secret) bool { return s.ID == id }) {
		return StateRead, other
	}
	votes := alone.votes[id]
	if _, whole := v.(value.Secret); len(votes) == 0 && !whole {
		return StateMissing, other
	}
	return StateRead, other || len(votes) == 0 || votes[0].text != known
}

func (l *listing) finished() []Credential {
	l.eachValue(func(v value.Value) {
		for _, t := range value.Turns(v) {
			if c := l.all[t.ID]; c != nil {
				c.Keeps = OverlapUser
				n := l.rotation.votes[t.ID]
				c.Differ = c.Differ || n[0] > 0 && n[1] > 0
			}
		}
	})
	var list []Credential
	for _, id := range slices.Sorted(maps.Keys(l.all)) {
		c := l.all[id]
		if c.kept {
			c.Keeps = map[Overlap]Overlap{OverlapNone: OverlapFixed, OverlapPassword: OverlapHandover, OverlapUser: OverlapUser}[c.Keeps]
		}
		slices.SortFunc(c.Places, func(x, y Stored) int { return cmp.Or(cmp.Compare(x.Path, y.Path), cmp.Compare(x.Name, y.Name)) })
		list = append(list, *c)
	}
	return list
}
