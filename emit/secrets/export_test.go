package secrets

import (
	"errors"
	"path"
	"regexp"

	sops "github.com/getsops/sops/v3/age"
)

// Open is the plaintext of a sound file, for tests.
func Open(name string, data []byte, identity string) (string, error) {
	f := dotenv
	if path.Ext(name) == ".json" {
		f = jsonText
	}
	s := newStored(f, data)
	keys := &keyring{}
	if err := (*sops.ParsedIdentities)(&keys.identities).Import(identity); err != nil {
		return "", err
	}
	expr, err := regexp.Compile(s.meta.encrypted)
	if err != nil {
		return "", err
	}
	if s.open(keys.unwrap(s.meta.wraps), expr); !s.sound {
		return "", errors.New("it is not sound")
	}
	plain, err := s.tree.replaced(func(_ []string, l *leaf) (*leaf, error) { return &leaf{value: l.value}, nil })
	if err != nil {
		return "", err
	}
	text, err := emitPlain(f, plain)
	return string(text), err
}
