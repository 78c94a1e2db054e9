package secrets

import (
	"crypto/subtle"
	"regexp"
	"slices"
	"strconv"

	sops "github.com/getsops/sops/v3/age"
)

// stored is a file of the output tree as it was found. Copies with the same bytes share one.
type stored struct {
	format format
	data   []byte
	tree   object // plaintext, with damaged leaves, once a key opened it; else with locked ones
	meta   metadata
	broken bool   // it is no SOPS file
	key    []byte // data key; nil while no private key opened it
	box    *box
	sound  bool // SOPS opens it, and it encrypts what it says it does
}

func newStored(f format, data []byte) *stored {
	s := &stored{format: f, data: data}
	var err error
	s.tree, s.meta, err = parse(f, data)
	s.broken = err != nil
	return s
}

// locked says whether there is something that a private key might open, and none did.
func (s *stored) locked() bool { return !s.broken && s.key == nil }

// open decrypts every value with the data key. A value that does not open is damaged, whatever the others are. expr is the file's expression for
// encrypted keys, nil where that is none.
func (s *stored) open(key []byte, expr *regexp.Regexp) {
	x, err := newBox(key)
	if err != nil {
		return
	}
	s.key, s.box = key, x
	s.sound = !s.meta.foreign
	plain, err := s.tree.replaced(func(path []string, l *leaf) (*leaf, error) {
		if l.value != nil && l.value != "" && s.meta.covers(path, expr) != l.encrypted {
			s.sound = false
		}
		if !l.encrypted {
			return l, nil
		}
		opened := *l
		var ok bool
		if opened.value, ok = x.open(l.cipher, additional(path)); !ok {
			opened.value = damaged{}
			s.sound = false
		}
		return &opened, nil
	})
	if err != nil {
		s.sound = false
		return
	}
	s.tree = plain
	mac, _ := x.open(s.meta.mac, s.meta.modified)
	text, _ := mac.(string)
	if subtle.ConstantTimeCompare([]byte(text), []byte(code(plain))) != 1 {
		s.sound = false
	}
}

// isFor says whether the file is encrypted to just these recipients.
func (s *stored) isFor(to []*sops.MasterKey) bool {
	have := make([]string, len(s.meta.wraps))
	for i, w := range s.meta.wraps {
		have[i] = w.recipient
	}
	slices.Sort(have)
	return !s.meta.foreign && slices.EqualFunc(have, to, func(h string, k *sops.MasterKey) bool { return h == k.Recipient })
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
