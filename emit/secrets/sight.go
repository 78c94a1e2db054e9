package secrets

import (
	"crypto/rand"
	"slices"
	"strings"

	"filippo.io/age"
	"filippo.io/age/plugin"
)

// Sight is what is known of the keys at hand without running a program of the user's, and without a file of the output.
type Sight struct {
	Opens     bool     // one of the identities at hand opens what is encrypted from now on
	Perhaps   bool     // a command, a plugin of age or a service might: they were not asked
	Encrypted bool     // somebody said for whom, or has a key to do it with; else a build makes a development identity
	Found     []string // the places where there is something, and what: "/home/ann/.config/sops/age/keys.txt (2 identities)"
	Looked    []string // all places
}

// Look looks for the private keys of files of the output by their paths.
//
// Errors: recipients, or a .sops.yaml, that cannot be understood.
func Look(o Options, paths []string) (Sight, error) {
	k := &keyring{options: o}
	k.load()
	asks := k.command != ""
	k.command = "" // it may ask the user
	to, theirs, _, err := recipients(o, paths, k)
	if err != nil {
		return Sight{}, err
	}
	if slices.ContainsFunc(to, func(r recipient) bool { return strings.HasPrefix(r.text, "ssh-") }) {
		if k.options.env(sshCommandVariable) != "" {
			asks = true
		} else {
			k.loadSSH("")
		}
	}
	s := Sight{
		Perhaps: asks || k.hasPlugin() || !theirs.isEmpty(), Encrypted: len(to) > 0 || !theirs.isEmpty(),
		Opens: slices.ContainsFunc(to, k.opens), Looked: k.places,
	}
	if asks {
		s.Found = append(s.Found, "a command (not run)")
	}
	for _, place := range k.places {
		if strings.HasSuffix(place, " identities)") && !strings.HasSuffix(place, " (0 identities)") || strings.HasSuffix(place, " (1 identity)") || strings.HasSuffix(place, " (has a passphrase)") {
			s.Found = append(s.Found, place)
		}
	}
	return s, nil
}

// opens tries whether an identity opens what is encrypted for a recipient.
func (k *keyring) opens(r recipient) bool {
	if _, asks := r.key.(*plugin.Recipient); asks {
		return false
	}
	key := make([]byte, 16)
	if _, err := rand.Read(key); err != nil {
		return false
	}
	stanzas, err := r.key.Wrap(key)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(k.identities, func(id age.Identity) bool {
		if _, asks := id.(*plugin.Identity); asks {
			return false
		}
		_, err := id.Unwrap(stanzas)
		return err == nil
	})
}
