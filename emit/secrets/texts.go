package secrets

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"unicode/utf8"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/value"
)

// defaultLength is the number of characters of a generated text (OUTPUT.md, ENV-04).
const defaultLength = 32

// alphabet is what a generated text is made of, unless its secret says otherwise.
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

func length(s value.Secret) int {
	if s.Length > 0 {
		return s.Length
	}
	return defaultLength
}

// findTexts gives every secret and every hash its text: given, kept or drawn. It reports the files that would have to change but cannot be opened.
func (b *build) findTexts() error {
	b.remember()
	if b.dropEqual() {
		b.remember()
	}
	kept := b.memory.winners()
	for id, text := range kept {
		b.memory.lengths[id] = len(text)
	}
	b.checkLocked()
	b.checkGone(kept)
	if b.findings.HasErrors() {
		return nil
	}
	b.shareLocked()
	needed, hashes := b.needed()
	for _, id := range slices.Sorted(maps.Keys(needed)) {
		if err := b.findText(needed[id], kept); err != nil {
			return err
		}
	}
	for _, h := range hashes {
		if err := b.findHash(h, kept); err != nil {
			return err
		}
	}
	return nil
}

// needed is the secrets that stand readable in a file that may be written, by ID, and all hashes of these files. Of a secret with several lengths it is the
// longest.
func (b *build) needed() (needed map[string]value.Secret, hashes []value.Hash) {
	needed = map[string]value.Secret{}
	seen := map[string]bool{}
	for _, d := range b.docs {
		if d.old != nil && d.old.locked() {
			continue
		}
		_ = d.want.visit(func(_ []string, l *leaf) error {
			v, ok := l.value.(value.Value)
			if !ok {
				return nil
			}
			v = value.Taken(v, b.rotation.isSecond)
			for _, s := range readable(v) {
				if known, ok := needed[s.ID]; !ok || length(s) > length(known) {
					needed[s.ID] = s
				}
			}
			for _, h := range hashesOf(v) {
				if !seen[h.ID] {
					seen[h.ID] = true
					hashes = append(hashes, h)
				}
			}
			return nil
		})
	}
	return needed, hashes
}

func hashesOf(v value.Value) []value.Hash {
	switch v := v.(type) {
	case value.Hash:
		return []value.Hash{v}
	case value.Concat:
		var all []value.Hash
		for _, part := range v {
			all = append(all, hashesOf(part)...)
		}
		return all
	case value.Base64:
		return hashesOf(v.Of)
	case value.Percent:
		return hashesOf(v.Of)
	}
	return nil
}

// findText gives a secret its text. One that an unreadable file may have is not drawn again: the two would differ.
func (b *build) findText(s value.Secret, kept map[string]string) error {
	id := s.ID
	if given := b.options.Given[id]; given != nil {
		b.texts[id] = given()
		return nil
	}
	if text, ok := kept[id]; ok {
		b.texts[id] = text
		return nil
	}
	if set := b.rotation.renewed[id]; set != nil {
		b.texts[id] = set()
		return nil
	}
	if taken, ok := b.rotation.takes[id]; ok {
		if text, ok := elect(b.memory.former[taken], func(vote) bool { return true }); ok {
			b.texts[id] = text
			return nil
		}
		if h, ok := b.memory.holders[taken]; ok {
			b.unreadable(h)
			return nil
		}
	}
	if h, ok := b.memory.holders[id]; ok && !b.renewed(id) {
		b.unreadable(h)
		return nil
	}
	text, err := draw(length(s), cmp.Or(s.Alphabet, alphabet), b.random)
	if err != nil {
		return fmt.Errorf("draw secret %q: %w", id, err)
	}
	b.texts[id] = text
	b.drawn[id] = true
	return nil
}

// findHash gives a hash its text: an old one that still fits, else one with a new salt. Where nobody can know the hashed text any more, the old hash stays.
func (b *build) findHash(h value.Hash, kept map[string]string) error {
	for _, s := range value.Secrets(h.Of) {
		if _, ok := b.texts[s.ID]; ok {
			continue
		}
		_, known := kept[s.ID]
		if !known && b.options.Given[s.ID] == nil && !b.renewed(s.ID) {
			i := slices.IndexFunc(b.memory.hashes[h.ID], func(old string) bool { return isHash(h.Algorithm, old) })
			if i >= 0 {
				b.hashes[h.ID] = b.memory.hashes[h.ID][i]
				return nil
			}
		}
		if err := b.findText(s, kept); err != nil {
			return err
		}
	}
	if b.findings.HasErrors() {
		return nil
	}
	text := b.text(h.Of)
	for _, old := range b.memory.hashes[h.ID] {
		if fits(h.Algorithm, old, text) {
			b.hashes[h.ID] = old
			return nil
		}
	}
	hash, err := newHash(h.Algorithm, text, b.random)
	if err != nil {
		return fmt.Errorf("secret %q: %w", h.ID, err)
	}
	b.hashes[h.ID] = hash
	return nil
}

// text is the plaintext of a value whose secrets have been found.
func (b *build) text(v value.Value) string {
	switch v := v.(type) {
	case value.Literal:
		return string(v)
	case value.Secret:
		return b.texts[v.ID]
	case value.Hash:
		return b.hashes[v.ID]
	case value.Turn:
		return b.text(value.Taken(v, b.rotation.isSecond))
	case value.Base64:
		return base64.StdEncoding.EncodeToString([]byte(b.text(v.Of)))
	case value.Percent:
		return value.PercentEncoded(b.text(v.Of))
	case value.Concat:
		var t strings.Builder
		for _, part := range v {
			t.WriteString(b.text(part))
		}
		return t.String()
	}
	return ""
}

// draw makes a text of the letters of an alphabet, each as likely as any other.
func draw(length int, alphabet string, random io.Reader) (string, error) {
	var letters []byte // each once
	for _, c := range []byte(alphabet) {
		if !slices.Contains(letters, c) {
			letters = append(letters, c)
		}
	}
	text := make([]byte, 0, length)
	for buffer := make([]byte, 2*length); len(text) < length; {
		if _, err := io.ReadFull(random, buffer); err != nil {
			return "", err
		}
		for _, c := range buffer {
			if int(c) < 256/len(letters)*len(letters) && len(text) < length {
				text = append(text, letters[int(c)%len(letters)])
			}
		}
	}
	return string(text), nil
}

// checkLocked compares the files that no key opens with what is wanted: keys, clear values, and the length of a ciphertext where the length of its text is known.
// What is equal is kept, what is not is E0402 (OUTPUT.md, SEC-04).
func (b *build) checkLocked() {
	for _, d := range b.docs {
		if d.old == nil || !d.old.locked() {
			continue
		}
		changed := differences(d.want, d.old.tree, b.sameLocked)
		rotated := b.rotatedIn(d)
		switch {
		case len(changed) > 0:
			b.cannotOpen(d, fmt.Sprintf("%s: %s changed", d.path, some(changed)))
		case len(rotated) > 0:
			b.cannotOpen(d, fmt.Sprintf("%s: %s must get a new value", d.path, some(rotated)))
		case b.options.Rekey:
			b.cannotOpen(d, d.path+" needs a new data key")
		case !d.old.isFor(b.to, b.cloud):
			b.cannotOpen(d, d.path+": the recipients changed")
		}
	}
}

// shareLocked lets a new copy of a file that no key opens be the same bytes: its secrets could not be read (OUTPUT.md, SEC-07).
func (b *build) shareLocked() {
	type content struct {
		rule *rule
		text string
	}
	copies := map[content]*document{}
	for _, d := range b.docs {
		if d.old != nil && d.old.locked() {
			copies[content{d.rule, fingerprint(d.want)}] = d
		}
	}
	if len(copies) == 0 {
		return
	}
	for _, d := range b.docs {
		if d.old != nil {
			continue
		}
		if other := copies[content{d.rule, fingerprint(d.want)}]; other != nil && differences(d.want, other.want, sameWant) == nil {
			d.old = other.old
		}
	}
}

func sameWant(a, b *leaf) bool {
	v, ok1 := a.value.(value.Value)
	w, ok2 := b.value.(value.Value)
	if ok1 && ok2 {
		return value.Equal(v, w)
	}
	return !ok1 && !ok2 && a.value == b.value
}

func (b *build) rotatedIn(d *document) []string {
	var names []string
	for _, l := range d.want.lines() {
		if l.leaf == nil {
			continue
		}
		if v, ok := l.leaf.value.(value.Value); ok && slices.ContainsFunc(value.Secrets(v), func(s value.Secret) bool { return b.renewed(s.ID) }) {
			names = append(names, l.name)
		}
	}
	return names
}

// sameLocked compares a wanted leaf with one of a file that no key opens.
func (b *build) sameLocked(want, old *leaf) bool {
	v, isValue := want.value.(value.Value)
	switch {
	case !isValue && !want.encrypted:
		return want.value == old.value
	case !isValue:
		return old.encrypted
	case !old.encrypted && want.encrypted:
		text, known := b.clear(v)
		return old.value == "" && (text == "" || !known)
	case !old.encrypted:
		return old.value == value.Display(value.Taken(v, b.rotation.wasSecond))
	case !want.encrypted:
		return false
	}
	n, ok := cipherLength(old.cipher)
	least, exact := b.valueLength(v)
	return ok && n >= least && (n == least || !exact)
}

// clear is the text of a value, as far as it is clear without its secrets; known is false where a user's own text may leave it empty or not.
func (b *build) clear(v value.Value) (text string, known bool) {
	for _, s := range value.Secrets(v) {
		if b.options.Given[s.ID] != nil {
			return "", false
		}
	}
	return value.Display(v), true
}

// valueLength is the least length of a value's text, and whether it can be no other: no file may tell the length of a secret, and what the user
// gave may have changed.
func (b *build) valueLength(v value.Value) (least int, exact bool) {
	switch v := v.(type) {
	case value.Literal:
		return len(v), true
	case value.Secret:
		if b.options.Given[v.ID] != nil {
			return 0, false
		}
		n, ok := b.memory.lengths[v.ID]
		return max(n, 1), ok
	case value.Concat:
		exact = true
		for _, part := range v {
			n, ok := b.valueLength(part)
			least, exact = least+n, exact && ok
		}
		return least, exact
	case value.Base64:
		n, ok := b.valueLength(v.Of)
		return base64.StdEncoding.EncodedLen(n), ok
	case value.Percent:
		n, ok := b.valueLength(v.Of)
		return n, ok && len(ownSecrets(v)) == 0
	case value.Turn:
		n, ok := b.valueLength(v.Of[0])
		other, too := b.valueLength(v.Of[1])
		return min(n, other), ok && too && n == other
	}
	return 0, false
}

// ownSecrets are the secrets of a value whose text may have any character: percent-encoded it has another length.
func ownSecrets(v value.Value) []value.Secret {
	return slices.DeleteFunc(value.Secrets(v), func(s value.Secret) bool { return !s.Own })
}

// some is a few names for a message.
func some(names []string) string {
	const most = 5
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}

// cannotOpen reports a file that has to change, but that no key opens.
func (b *build) cannotOpen(d *document, what string) {
	b.findings.Add(diag.Diagnostic{
		Code:    "E0402",
		Message: what + ", but no private key can decrypt the file",
		Help:    fmt.Sprintf("run the build on a machine that has one of these keys: %s; looked at %s", cmp.Or(strings.Join(append(d.old.meta.recipients(), identities(d.old.meta.others)...), ", "), "none"), b.keys.searched()),
	})
}

// helpRestore never says to delete a file: what a running server keeps may stand nowhere else.
const helpRestore = "restore the file from version control (git checkout), and build on a machine that has one of the keys"

// unreadable reports a place that holds a secret which cannot be read.
func (b *build) unreadable(h holder) {
	d := h.document
	if d.old.locked() {
		b.cannotOpen(d, fmt.Sprintf("%s: %s is needed for another file", d.path, h.name))
		return
	}
	message := fmt.Sprintf("%s: %s cannot be decrypted: the file was edited or damaged", d.path, h.name)
	if d.old.broken {
		message = fmt.Sprintf("%s: %s cannot be decrypted: the file is not a SOPS file", d.path, h.name)
	}
	b.findings.Add(diag.Diagnostic{Code: "E0402", Message: message, Help: "restore the file as it was last built: `git checkout HEAD -- " + path.Join(cmp.Or(b.options.OutDir, "out"), d.path) + "`"})
}

// plaintext is the document with the text of every secret. It only reads, so that files can be made in parallel.
//
// Errors: a text that the format cannot hold, named by its place.
func (b *build) plaintext(d *document) (object, error) {
	return d.want.replaced(func(path []string, l *leaf) (*leaf, error) {
		v, ok := l.value.(value.Value)
		if !ok {
			return l, nil
		}
		text := b.text(v)
		if err := d.format.check(text, l.encrypted); err != nil {
			return nil, fmt.Errorf("%s: the value of %s %w", d.path, strings.Join(path, "."), err)
		}
		return &leaf{value: text, encrypted: l.encrypted}, nil
	})
}

// Texts that a format cannot hold.
var (
	errUTF8    = errors.New("is not UTF-8 text")
	errControl = errors.New("has several lines or a control character, which a dotenv file cannot hold")
	errRead    = errors.New("would be read by SOPS as something else")
)

// check says whether a file can hold a text. In clear, dotenv has \n for a line break, and the beginning of a ciphertext stands for one.
func (f format) check(text string, encrypted bool) error {
	switch {
	case !utf8.ValidString(text):
		return errUTF8
	case f == dotenv && hasControl(text):
		return errControl
	case !encrypted && (f == dotenv && strings.Contains(text, `\n`) || strings.HasPrefix(text, cipherPrefix)):
		return errRead
	}
	return nil
}
