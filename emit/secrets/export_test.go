package secrets

import (
	"errors"
	"path"

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
