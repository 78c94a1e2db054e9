package secrets

import (
	"crypto/subtle"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// stored is a file of the output tree as it was found. Copies with the same bytes share one.
type stored struct {
	format format
	data   []byte
	tree   object // plaintext, with damaged leaves, once a key opened it; else with locked ones
	meta   metadata
	broken bool   // it is no SOPS file
	key    []byte // data key; nil while no private key opened it
	box    *box   // of that key
	opened bool   // the program sops opened it: there is no data key
	intact bool   // SOPS opens it
	sound  bool   // SOPS opens it, and it has nothing but what we write
}

func newStored(f format, data []byte) *stored {
	s := &stored{format: f, data: data}
	var err error
	s.tree, s.meta, err = parse(f, data)
	s.broken = err != nil
	return s
}

// locked says whether there is something that a private key might open, and none did.
func (s *stored) locked() bool { return !s.broken && s.key == nil && !s.opened }

// open decrypts the file with its data key. Where SOPS would refuse it, every value is opened by itself, and what does not open is damaged.
func (s *stored) open(key []byte) {
	box, err := newBox(key)
	if err != nil {
		return
	}
	s.key, s.box = key, box
	if plain, ok := s.verified(); ok {
		s.tree, s.intact, s.sound = plain, true, !s.meta.foreign
		return
	}
	s.salvage()
}

// verified is the plaintext, false where SOPS does not open the file or its code does not fit.
func (s *stored) verified() (object, bool) {
	covers := s.meta.covers()
	plain, err := s.tree.replaced(func(path []string, l *leaf) (*leaf, error) {
		switch covered := l.value != nil && l.value != "" && covers(path); {
		case covered != l.encrypted:
			return nil, errDamaged // a clear text where the file's rule has a ciphertext, or a ciphertext where it has none
		case !covered:
			return l, nil
		}
		v, err := s.box.open(l.cipher, additional(path))
		return &leaf{value: v, encrypted: true, cipher: l.cipher}, err
	})
	if err != nil {
		return nil, false
	}
	known, err := s.box.open(s.meta.mac, s.meta.stamp())
	text, _ := known.(string)
	return plain, err == nil && subtle.ConstantTimeCompare([]byte(text), []byte(code(plain))) == 1
}

// salvage opens what it can.
func (s *stored) salvage() {
	s.tree, _ = s.tree.replaced(func(path []string, l *leaf) (*leaf, error) {
		if !l.encrypted {
			return l, nil
		}
		v, err := s.box.open(l.cipher, additional(path))
		if err != nil {
			v = damaged{}
		}
		return &leaf{value: v, encrypted: true, cipher: l.cipher}, nil
	})
}

// isFor says whether the file is encrypted to just these recipients and keys.
func (s *stored) isFor(to []recipient, c cloud) bool {
	have := s.meta.recipients()
	slices.Sort(have)
	return !s.meta.odd && c.fits(s.meta.others) && slices.EqualFunc(have, to, func(h string, r recipient) bool { return h == r.text })
}

// isAsWritten says whether SOPS opens the file, and it has nothing but what we write for these keys.
func (s *stored) isAsWritten(c cloud) bool {
	return s.intact && !s.meta.odd && c.fits(s.meta.others)
}

// keyMarkOf tells data keys apart: see marksOf. A key that sops made is not always at hand, but its wraps are.
func keyMarkOf(key []byte, m metadata) string {
	if len(m.others) > 0 {
		lines := flatten("", list{m.others})
		var text strings.Builder
		for _, l := range lines {
			t, _ := textOf(l.node)
			fmt.Fprintf(&text, "%s=%s\n", l.key, t)
		}
		return digest(text.String())
	}
	if key == nil {
		return ""
	}
	return digest("data key " + string(key)) // 32 drawn bytes, of which it tells nothing
}

// pair is a leaf that is wanted beside the leaf of the old file in its place.
type pair struct {
	name      string
	want, old *leaf
	sameGroup bool // both stand under the same comment; always true in JSON
}

// pairs finds what the old file has in the place of each wanted leaf; leaves without are left out.
func (d *document) pairs() []pair {
	var all []pair
	if d.format == dotenv {
		old := map[string]pair{}
		groups(d.old.tree, func(comment string, m member) {
			l, _ := m.node.(*leaf)
			old[m.key] = pair{name: comment, old: l}
		})
		groups(d.want, func(comment string, m member) {
			if o, ok := old[m.key]; ok {
				all = append(all, pair{m.key, m.node.(*leaf), o.old, o.name == comment})
			}
		})
		return all
	}
	pairNodes(d.want, d.old.tree, "", func(name string, want, old *leaf) {
		all = append(all, pair{name, want, old, true})
	})
	return all
}

// groups calls f for every variable with the comment that it stands under.
func groups(o object, f func(comment string, m member)) {
	comment := ""
	for _, m := range o {
		if m.comment {
			comment = m.key
			continue
		}
		f(comment, m)
	}
}

func pairNodes(want, old node, name string, f func(name string, want, old *leaf)) {
	switch want := want.(type) {
	case object:
		o, ok := old.(object)
		if !ok {
			return
		}
		byKey := make(map[string]node, len(o))
		for _, m := range o {
			byKey[m.key] = m.node
		}
		for _, m := range want {
			child := m.key
			if name != "" {
				child = name + "." + m.key
			}
			pairNodes(m.node, byKey[m.key], child, f)
		}
	case list:
		o, ok := old.(list)
		if !ok {
			return
		}
		key := identifying(want, o)
		byText := make(map[string]node, len(o))
		for _, item := range o {
			byText[clearText(item, key)] = item
		}
		for i, item := range want {
			if key != "" {
				text := clearText(item, key)
				pairNodes(item, byText[text], name+"["+text+"]", f)
			} else if i < len(o) {
				pairNodes(item, o[i], name+"["+strconv.Itoa(i)+"]", f)
			}
		}
	case *leaf:
		if o, ok := old.(*leaf); ok {
			f(name, want, o)
		}
	}
}
