package compiler

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"

	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/emit"
	"platc.dev/platc/emit/secrets"
)

// standingSecrets are the files of secrets, all or none: one text may be in several of them. Where the same is wanted in all as in the last build, of the
// same keys, and each is as that build left it, none needs to be opened.
type standingSecrets struct {
	wanted [sha256.Size]byte
	files  []emit.File
	stand  bool
}

// standingSecrets looks whether the files of secrets stand in the output directory as they shall be.
func (b *Build) standingSecrets(sets []*set, o RenderOptions) (s standingSecrets, err error) {
	if o.Keys == "" || b.made.answers == nil || b.given() {
		return s, nil
	}
	all := sha256.New()
	for _, own := range sets {
		sum, err := secrets.Sum(own.inputs, own.Graph.Config.Recipients)
		if err != nil {
			return s, err
		}
		_, _ = fmt.Fprintf(all, "%q ", own.Name) // a sum takes everything
		_, _ = all.Write(sum[:])
	}
	s.wanted = [sha256.Size]byte(all.Sum(nil))
	var files []emit.File
	data, ok := b.made.answers.Find(s.key(o.Keys))
	if !ok || json.Unmarshal(data, &files) != nil {
		return s, nil //nolint:nilerr // what cannot be read is made again
	}
	for _, f := range files {
		if !b.made.standing.Has(f.Path, f.Sum, f.Mode) {
			return s, nil
		}
	}
	s.files, s.stand = files, true
	return s, nil
}

// given says whether the user gives secrets, in any environment.
func (b *Build) given() bool {
	return slices.ContainsFunc(b.Environments, func(e *Environment) bool { return len(e.Graph.Given) > 0 })
}

// variables are those that secrets come from, sorted; all is false where some come from elsewhere.
func (b *Build) variables() (names []string, all bool) {
	all = true
	for _, e := range b.Environments {
		for _, by := range e.Graph.GivenBy {
			all = all && by.Env != ""
			names = append(names, by.Env)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), all
}

// keepSecrets stores what the files of secrets were made for.
func (o *Output) keepSecrets(answers kind.Answers, keys string) {
	s := o.secrets
	if s.wanted == [sha256.Size]byte{} || s.stand {
		return
	}
	all := make([]emit.File, len(s.files))
	for i, f := range s.files {
		sum := sha256.Sum256(f.Data)
		all[i] = emit.File{Path: f.Path, Component: f.Component, Environment: f.Environment, Sum: hex.EncodeToString(sum[:]), Stands: true, Mode: f.Mode, Ownership: f.Ownership, Marks: f.Marks}
	}
	if data, err := json.Marshal(all); err == nil {
		answers.Keep(s.key(keys), data)
	}
}

// key is a sum of all that the files depend on but their own content.
func (s standingSecrets) key(keys string) [sha256.Size]byte {
	return sha256.Sum256([]byte("secrets " + string(s.wanted[:]) + keys))
}
