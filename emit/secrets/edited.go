package secrets

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/value"
	"platc.dev/platc/emit"
)

// Marks are what the record keeps of a file's lines, so that a build can say later which of them changed: of each the sum of what stands in the file,
// which is a ciphertext or clear anyway, and of what the plan wanted there, which names secrets and holds none. A value that did not change keeps its
// ciphertext, also under sops, as long as the file keeps its data key: the mark called "" says whether it does.
const (
	markSize = 8 // hexadecimal digits of each sum
	keyMark  = ""
)

func marksOf(tree, want object, keySum string) map[string]string {
	forms := formsOf(want)
	marks := map[string]string{}
	if keySum != "" {
		marks[keyMark] = keySum
	}
	for _, l := range tree.lines() {
		marks[l.title()] = markOf(l) + forms[l.title()]
	}
	return marks
}

func markOf(l line) string {
	if l.leaf == nil {
		return digest("")
	}
	return digest(fmt.Sprintf("%T %v", storedScalar(l.leaf), storedScalar(l.leaf)))
}

// formsOf is what a plan wants in each line: "[secret ID]" stands for a secret.
func formsOf(want object) map[string]string {
	forms := map[string]string{}
	for _, l := range want.lines() {
		forms[l.title()] = digest(formOf(l))
	}
	return forms
}

func formOf(l line) string {
	if l.leaf == nil {
		return ""
	}
	if v, ok := l.leaf.value.(value.Value); ok {
		return value.Display(v)
	}
	return fmt.Sprint(l.leaf.value)
}

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])[:markSize]
}

func sumOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func (o Options) written(path string) (emit.Written, bool) {
	if o.Written == nil {
		return emit.Written{}, false
	}
	return o.Written(path)
}

// checkEdited reports what changed since platc wrote it, and a build would lose or take over in silence (E0501; OUTPUT.md, SEC-13). With Options.Force it
// is only noted.
func (b *build) checkEdited() {
	touched := map[*document]bool{}
	for _, d := range b.docs {
		if w, ok := b.options.written(d.path); ok && d.old != nil && sumOf(d.old.data) != w.SHA256 {
			touched[d] = true
		}
	}
	untouched := slices.DeleteFunc(slices.Clone(b.docs), func(d *document) bool { return touched[d] || d.old == nil || !d.old.isAsWritten(b.cloud) })
	elsewhere := remember(untouched, b.rotation.wasSecond, func(string) bool { return false }).winners()
	for _, d := range b.docs {
		w, ok := b.options.written(d.path)
		if !ok || d.old == nil || !touched[d] && (d.old.isAsWritten(b.cloud) || d.old.locked() || d.old.intact && !d.old.meta.odd) {
			continue
		}
		if d.edited = b.changes(d, w, elsewhere); len(d.edited) > 0 && !b.options.Force {
			b.findings.Add(diag.Diagnostic{
				Code:    "E0501",
				Message: fmt.Sprintf("%s has been edited since platc wrote it: %s", b.options.name(d.path), some(d.edited)),
				Help:    "undo the edit; `platc secrets set` sets a value at both ends; --force restores what platc expects there, and keeps values that only this file has",
			})
		}
	}
}

// name is a file of the output as its user knows it.
func (o Options) name(path string) string { return filepath.Join(o.OutDir, filepath.FromSlash(path)) }

// changes names what is no longer as it was written, and is not what the plan wants by now either.
func (b *build) changes(d *document, w emit.Written, elsewhere map[string]string) []string {
	s := d.old
	switch {
	case s.broken && conflicted(s.data):
		return nil // a merge is not an edit, and has an answer of its own
	case s.broken:
		return []string{"it is no longer a SOPS file"}
	case s.locked():
		return []string{"no private key can decrypt it, so platc cannot tell what changed"}
	}
	c := &comparison{build: b, document: d, marks: w.Marks, sameKey: w.Marks[keyMark] != "" && w.Marks[keyMark] == keyMarkOf(s.key, s.meta), elsewhere: elsewhere, forms: formsOf(d.want)}
	names := c.lines()
	for _, r := range s.meta.recipients() {
		if !b.options.Rekey && !slices.ContainsFunc(b.to, func(to recipient) bool { return to.text == r }) {
			names = append(names, fmt.Sprintf("it is encrypted to %s, which is not configured", r))
		}
	}
	if len(s.meta.others) > 0 && !b.options.Rekey && !b.cloud.fits(s.meta.others) {
		names = append(names, fmt.Sprintf("it is encrypted to %s, and other keys are configured", some(identities(s.meta.others))))
	}
	switch {
	case len(names) > 0 || s.intact && !s.meta.odd || c.explained:
	case s.intact:
		names = append(names, "its metadata has something that platc does not write")
	default:
		names = append(names, "its message authentication code does not match")
	}
	return names
}

// conflicted says whether a merge left its markers.
func conflicted(data []byte) bool {
	return bytes.HasPrefix(data, []byte("<<<<<<< ")) || bytes.Contains(data, []byte("\n<<<<<<< "))
}

// comparison is a file beside its marks.
type comparison struct {
	build     *build
	document  *document
	marks     map[string]string // nil: an older platc wrote the file
	sameKey   bool              // the ciphertexts can be compared with their marks
	elsewhere map[string]string // texts of secrets in files that nobody touched
	forms     map[string]string // what the plan wants now
	explained bool              // something changed that may
}

// lines names the lines that changed. Their leaves are no longer worth what others are.
func (c *comparison) lines() []string {
	wanted := map[string]*leaf{}
	for _, l := range c.document.want.lines() {
		wanted[l.title()] = l.leaf
	}
	var names []string
	here := map[string]bool{}
	for _, l := range c.document.old.tree.lines() {
		name := l.title()
		here[name] = true
		want, isWanted := wanted[name]
		what := c.line(l, want, isWanted)
		if what == "" {
			continue
		}
		if want != nil && c.build.setsAnew(want) {
			c.explained = true
			continue
		}
		c.document.doubt(l.leaf)
		names = append(names, name+" "+what)
	}
	for _, name := range slices.Sorted(maps.Keys(c.marks)) {
		if name != keyMark && !here[name] && c.forms[name] != "" {
			names = append(names, name+" is gone")
		}
	}
	return names
}

// line is what changed of a line, "" where nothing did, or where the plan changed as well.
func (c *comparison) line(l line, want *leaf, isWanted bool) string {
	mark, known := c.marks[l.title()]
	stored, form := "", ""
	if len(mark) == 2*markSize {
		stored, form = mark[:markSize], mark[markSize:]
	} else if len(mark) == markSize {
		stored = mark
	}
	switch {
	case !known && !isWanted:
		return "was added"
	case !isWanted:
		return "" // it goes, changed or not
	case l.leaf == nil || want == nil:
		return ""
	case l.leaf.value == damaged{}:
		return "cannot be decrypted"
	case want.encrypted && !l.leaf.encrypted && l.leaf.value != "":
		return "is in plain text"
	case !l.leaf.encrypted && isClear(want) && fmt.Sprint(l.leaf.value) == formOf(line{leaf: want}):
		return "" // it is as the plan wants it
	case c.agrees(l.leaf, want):
		return ""
	case c.contradicts(l.leaf, want):
		return "changed"
	case form != c.forms[l.title()] && known, c.marks != nil && !known:
		return "" // the plan changed, and the file may be of the same change: a merge took it from the other side
	case l.leaf.encrypted && !c.sameKey, markOf(l) == stored:
		return ""
	}
	return "changed"
}

// isClear says whether a wanted value has no secret in it.
func isClear(want *leaf) bool {
	v, ok := want.value.(value.Value)
	return !ok || !value.IsSecret(v)
}

// textsIn is the secrets in a text, by the form of what is wanted in its place.
func (b *build) textsIn(l, want *leaf) map[string]string {
	v := b.wasWanted(want)
	text, ok := l.value.(string)
	if v == nil || !ok {
		return nil
	}
	m := &memory{votes: map[string][]vote{}, hashes: map[string][]string{}, skip: func(string) bool { return false }}
	m.read(v, text, vote{sameGroup: true})
	return m.winners()
}

// wasWanted is the value of a leaf, with the turns as the old files have them; nil where it is none.
func (b *build) wasWanted(want *leaf) value.Value {
	v, _ := want.value.(value.Value)
	if v == nil {
		return nil
	}
	return value.Taken(v, b.rotation.wasSecond)
}

// agrees says whether all secrets in a text are as another file has them.
func (c *comparison) agrees(l, want *leaf) bool {
	v := c.build.wasWanted(want)
	texts := c.build.textsIn(l, want)
	if v == nil || len(texts) == 0 {
		return false
	}
	for _, s := range value.Secrets(v) {
		if text, ok := texts[s.ID]; !ok || c.elsewhere[s.ID] != text {
			return false
		}
	}
	return true
}

// contradicts says whether a secret in a text is not as another file has it.
func (c *comparison) contradicts(l, want *leaf) bool {
	for id, text := range c.build.textsIn(l, want) {
		if other, ok := c.elsewhere[id]; ok && other != text {
			return true
		}
	}
	return false
}

// setsAnew says whether the build gives the value a new secret anyway.
func (b *build) setsAnew(want *leaf) bool {
	v, ok := want.value.(value.Value)
	return ok && slices.ContainsFunc(value.Secrets(v), func(s value.Secret) bool { return b.renewed(s.ID) })
}

// doubt notes that a leaf was edited: its text counts only where no other file has one.
func (d *document) doubt(l *leaf) {
	if d.doubtful == nil {
		d.doubtful = map[*leaf]bool{}
	}
	d.doubtful[l] = true
}

// checkGone reports files that were written and are no longer there, where no other file has what they held.
func (b *build) checkGone(kept map[string]string) {
	for _, d := range b.docs {
		if _, ok := b.options.written(d.path); !ok || d.old != nil {
			continue
		}
		var lost []string
		for _, l := range d.want.lines() {
			if l.leaf == nil {
				continue
			}
			v, ok := l.leaf.value.(value.Value)
			if ok && slices.ContainsFunc(readable(v), func(s value.Secret) bool {
				_, known := kept[s.ID]
				return !known && b.options.Given[s.ID] == nil && !b.renewed(s.ID)
			}) {
				lost = append(lost, l.name)
			}
		}
		if len(lost) == 0 {
			continue
		}
		if d.edited = []string{"the file was deleted, and no other file has " + some(lost)}; !b.options.Force {
			b.findings.Add(diag.Diagnostic{
				Code:    "E0501",
				Message: fmt.Sprintf("%s has been deleted since platc wrote it, and no other file has %s", b.options.name(d.path), some(lost)),
				Help:    "restore the file from version control; --force generates new values, which a running server does not know",
			})
		}
	}
}

// checkConfig reports a .sops.yaml in the output that names other recipients than the files were written to, where nothing else says who they are:
// whoever can write the output could read all secrets after the next build. With Options.Force the files have the last word, and Rekey is the user's.
func (b *build) checkConfig() {
	if b.outConfig == nil || b.options.Rekey {
		return
	}
	witness := slices.IndexFunc(b.docs, func(d *document) bool {
		w, ok := b.options.written(d.path)
		return ok && d.old != nil && sumOf(d.old.data) == w.SHA256 && len(d.old.meta.wraps)+len(d.old.meta.others) > 0
	})
	var have []string
	if witness >= 0 {
		have = b.docs[witness].old.meta.recipients()
		slices.Sort(have)
	}
	switch w, ok := b.options.written(sopsConfig); {
	case witness >= 0 && slices.EqualFunc(have, b.to, func(text string, to recipient) bool { return text == to.text }) &&
		b.cloud.fits(b.docs[witness].old.meta.others):
		return
	case witness < 0 && (!ok || sumOf(b.outConfig) == w.SHA256):
		return
	}
	for _, to := range b.to {
		if witness >= 0 && !slices.Contains(have, to.text) {
			b.configEdited = append(b.configEdited, to.text+" was added")
		}
	}
	for _, text := range have {
		if !slices.ContainsFunc(b.to, func(to recipient) bool { return to.text == text }) {
			b.configEdited = append(b.configEdited, text+" is gone")
		}
	}
	if len(b.configEdited) == 0 {
		b.configEdited = []string{"its keys are not those of the files"}
	}
	if witness < 0 {
		b.configEdited = []string{"no secret file is as platc wrote it either"}
	}
	if !b.options.Force {
		b.findings.Add(diag.Diagnostic{
			Code:    "E0501",
			Message: fmt.Sprintf("%s has been edited since platc wrote it: %s", b.options.name(sopsConfig), some(b.configEdited)),
			Help:    "list who can read the secrets in config.secrets.recipients, or undo the edit; --force encrypts to the recipients that the secrets have",
		})
		return
	}
	if to, err := parseRecipients(sopsConfig, have); err == nil && len(to) > 0 {
		b.to = to
	}
}
