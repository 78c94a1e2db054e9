package secrets

import (
	"errors"
	"path"
	"slices"

	"filippo.io/age"
)

// Open is the plaintext of a sound file, for tests.
func Open(name string, data []byte, identity string) (string, error) {
	f := dotenv
	if path.Ext(name) == ".json" {
		f = jsonText
	}
	s := newStored(f, data)
	id, err := parseIdentity(identity)
	if err != nil {
		return "", err
	}
	keys := &keyring{identities: []age.Identity{id}}
	if s.open(keys.unwrap(s.meta.wraps)); !s.sound {
		return "", errors.New("it is not sound")
	}
	text, err := emitPlain(f, s.tree)
	return string(text), err
}

// Edit is a file after its user set variables with sops; "" removes one. A new data key is what `sops rotate` gives it.
func Edit(name string, data []byte, identity string, set map[string]string, rotate bool, to ...string) ([]byte, error) {
	id, err := parseIdentity(identity)
	if err != nil {
		return nil, err
	}
	f := dotenv
	if path.Ext(name) == ".json" {
		f = jsonText
	}
	s := newStored(f, data)
	keys := &keyring{identities: []age.Identity{id}}
	if s.open(keys.unwrap(s.meta.wraps)); !s.sound {
		return nil, errors.New("it is not sound")
	}
	covers := s.meta.covers()
	var plain object
	for _, m := range s.tree {
		if text, ok := set[m.key]; ok && text != "" {
			m.node = &leaf{value: text, encrypted: covers([]string{m.key})}
		} else if ok {
			continue
		}
		plain = append(plain, m)
	}
	for name, text := range set {
		if text != "" && !slices.ContainsFunc(s.tree, func(m member) bool { return m.key == name }) {
			plain = append(plain, member{key: name, node: &leaf{value: text, encrypted: covers([]string{name})}})
		}
	}
	b := &build{now: s.meta.modified.Add(1)}
	if len(to) == 0 {
		to = s.meta.recipients()
	}
	if b.to, err = parseRecipients("test", to); err != nil {
		return nil, err
	}
	j := &job{document: &document{format: f, rule: &rule{encrypted: s.meta.encrypted}}, plain: plain, old: s}
	if rotate {
		j.old = nil
	}
	err = b.encryptNew(j)
	return j.data, err
}
