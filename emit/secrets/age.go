package secrets

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
	"filippo.io/age/agessh"
	"filippo.io/age/armor"
	"filippo.io/age/plugin"
)

// recipient is a public key that files are encrypted to.
type recipient struct {
	text string
	key  age.Recipient
}

var errUnknown = errors.New("it is not a kind of recipient that age knows")

// parseRecipient reads a public key of age, of a plugin of age, or of SSH.
func parseRecipient(text string) (recipient, error) {
	var key age.Recipient
	var err error
	switch {
	case strings.HasPrefix(text, "age1pq1"):
		key, err = age.ParseHybridRecipient(text)
	case strings.HasPrefix(text, "age1") && strings.Count(text, "1") > 1:
		key, err = plugin.NewRecipient(text, terminal())
	case strings.HasPrefix(text, "age1"):
		key, err = newX25519Recipient(text)
	case strings.HasPrefix(text, "ssh-"):
		key, err = agessh.ParseRecipient(text)
	default:
		err = errUnknown
	}
	return recipient{text, key}, err
}

// parseIdentity reads a private key of age or of a plugin of age. Its errors may show the key.
func parseIdentity(text string) (age.Identity, error) {
	switch {
	case strings.HasPrefix(text, "AGE-PLUGIN-"):
		return plugin.NewIdentity(text, terminal())
	case strings.HasPrefix(text, "AGE-SECRET-KEY-PQ-1"):
		return age.ParseHybridIdentity(text)
	case strings.HasPrefix(text, "AGE-SECRET-KEY-1"):
		return newX25519Identity(text)
	}
	return nil, errUnknown
}

// terminal is how a plugin asks its user. What it has to tell beside its questions is left out: it would stand between our findings.
func terminal() *plugin.ClientUI {
	quiet := func(string, ...any) {}
	return plugin.NewTerminalUI(quiet, quiet)
}

// wrap is the data key for a recipient.
func (r recipient) wrap(key []byte) (wrap, error) {
	var b bytes.Buffer
	armored := armor.NewWriter(&b)
	w, err := age.Encrypt(armored, r.key)
	if err != nil {
		return wrap{}, fmt.Errorf("wrap the data key for %s: %w", r.text, err)
	}
	_, err = w.Write(key)
	if err := errors.Join(err, w.Close(), armored.Close()); err != nil {
		return wrap{}, fmt.Errorf("wrap the data key for %s: %w", r.text, err)
	}
	return wrap{r.text, b.String()}, nil
}

// unwrap is the data key, nil where no identity opens it.
func (w wrap) unwrap(identities []age.Identity) []byte {
	r, err := age.Decrypt(armor.NewReader(strings.NewReader(w.text)), identities...)
	if err != nil {
		return nil
	}
	key, err := io.ReadAll(io.LimitReader(r, dataKeySize+1))
	if err != nil || len(key) != dataKeySize {
		return nil
	}
	return key
}
