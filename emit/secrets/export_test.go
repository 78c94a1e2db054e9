package secrets

import (
	"errors"
	"path"
)

// Open is the plaintext of a sound file, for tests.
func Open(name string, data []byte, identity string) (string, error) {
	f := dotenv
	if path.Ext(name) == ".json" {
		f = jsonText
	}
	s := newStored(f, data)
	keys := &keyring{}
	if err := keys.identities.Import(identity); err != nil {
		return "", err
	}
	if s.open(keys.unwrap(s.meta.wraps())); !s.sound {
		return "", errors.New("it is not sound")
	}
	text, err := emitPlain(f, s.tree)
	return string(text), err
}
