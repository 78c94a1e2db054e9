package compiler

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/emit/output"
)

// Receipt is what a build knows of its input and its tree. The next build that has the same input, and finds the tree as this one left it, would only
// do the same again. It lies in the user's cache, holds no secret, and may be lost at any time.
type Receipt struct {
	head   receiptHead
	stamps *output.Stamps

	in      Input
	version string
	out     string
	options RenderOptions
	before  inputs
	unsure  bool     // the same input may be another next time: only what is looked up by what it depends on is of use
	file    string   // without a suffix
	own     []string // the user's own files and folders, of the last build of this input
	ownSum  string
	known   *output.Stamps // those of the last build, be it of another input
	answers *answers       // of kinds; nil: nobody asked for them
}

type receiptHead struct {
	Content  string            `json:"content"`  // sum of the input
	Findings []diag.Diagnostic `json:"findings"` // of the input alone: what a build says of the tree before it, it says once
	Files    int               `json:"files"`
	Own      []string          `json:"own"`                 // the user's own files and folders that were copied
	OwnSum   string            `json:"own_sum"`             // of these
	Given    []string          `json:"given,omitempty"`     // variables that secrets come from
	GivenSum string            `json:"given_sum,omitempty"` // of these and the keys
}

// receiptAge is how long the receipts of other trees are kept.
const receiptAge = 30 * 24 * time.Hour

// OpenReceipt looks what the last build of an output directory says of this one. cache is the user's folder for such things.
// It is nil where nothing can be kept for another build.
func OpenReceipt(in Input, version, out, cache string, o RenderOptions) *Receipt {
	r := &Receipt{in: in, version: version, out: out, options: o}
	var err error
	r.before, err = readInputs(in, version, out, o)
	if r.unsure = errors.Is(err, errUncertain); err != nil && !r.unsure {
		return nil
	}
	name, err := filepath.Abs(out)
	if err != nil {
		return nil
	}
	sum := sha256.Sum256([]byte(name))
	r.file = filepath.Join(cache, hex.EncodeToString(sum[:12]))
	return r
}

const receiptSuffix = ".receipt"

// Same says whether a build would change nothing, and then what it would report, and how many files the tree has.
func (r *Receipt) Same(now time.Time) (findings []diag.Diagnostic, files int, same bool) {
	if r == nil {
		return nil, 0, false
	}
	data, err := os.ReadFile(r.file + receiptSuffix)
	if err != nil {
		return nil, 0, false
	}
	last, err := decodeReceipt(data)
	if err != nil {
		return nil, 0, false
	}
	r.known = last.stamps
	if r.unsure || last.head.Content != hex.EncodeToString(r.before.content[:]) {
		return nil, 0, false
	}
	if r.sumOfGiven(last.head.Given, r.before) != last.head.GivenSum {
		return nil, 0, false
	}
	if sum, err := sumOfOwn(last.head.Own); err != nil || sum != last.head.OwnSum {
		return nil, 0, false
	}
	r.own, r.ownSum = last.head.Own, last.head.OwnSum
	hold, renewed := last.stamps.Hold(r.out, r.options.Jobs, now)
	if !hold {
		return nil, 0, false
	}
	if renewed {
		last.file = r.file
		last.store(now)
	}
	return last.head.Findings, last.head.Files, true
}

// sumOfGiven is a sum of variables and the keys at hand: who has not the keys cannot try texts, and who has them can read the secrets of the tree. "" of none.
func (r *Receipt) sumOfGiven(variables []string, in inputs) string {
	if len(variables) == 0 {
		return ""
	}
	sum := sha256.New()
	_, _ = sum.Write(in.keys[:]) // a sum takes everything
	for _, name := range variables {
		text, set := r.in.Env(name)
		_, _ = fmt.Fprintf(sum, "%q %v %q\n", name, set, text)
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// Own are the user's own files and folders that were copied, where Same says that nothing changed.
func (r *Receipt) Own() []string { return r.own }

// OwnChanged says whether these are not as Same has found them.
func (r *Receipt) OwnChanged() bool {
	sum, err := sumOfOwn(r.own)
	return err != nil || sum != r.ownSum
}

// Known are the stamps that the last build left; nil where there are none. Same has read them.
func (r *Receipt) Known() *output.Stamps {
	if r == nil {
		return nil
	}
	return r.known
}

// Keys is a sum of the keys that are at hand for secrets; "" where that is not known.
func (r *Receipt) Keys() string {
	if r == nil {
		return ""
	}
	return string(r.before.keys[:])
}

// Answers are what kinds said in the last build, and take in what they say in this one; nil where nothing is stored.
func (r *Receipt) Answers() kind.Answers {
	if r == nil {
		return nil
	}
	r.answers = openAnswers(r.file+answersSuffix, r.before.program)
	return r.answers
}

// Keep stores the receipt of a build that is complete. findings are those of Check. Where another build with this input might end in another way,
// it knows the tree but no input; where what is stored could tell a secret, there is none. That it cannot be stored is no trouble.
func (r *Receipt) Keep(b *Build, findings []diag.Diagnostic, rendered *Output, change *output.Change, now time.Time) {
	if r == nil {
		return
	}
	if rendered.Outside || !b.shown(r.in.Dir) {
		return
	}
	after, err := readInputs(r.in, r.version, r.out, r.options)
	if rendered.DevKey != nil && after.sources == r.before.sources {
		r.before = after // the key is the only input that a build makes
	}
	given, all := b.variables()
	if !all || len(given) > 0 && (!after.private || r.in.Restrict != nil) {
		r.unsure = true // a sum of a short secret would tell it
	}
	if r.unsure = r.unsure || err != nil || after != r.before; r.unsure && after.keys != r.before.keys {
		return
	}
	if r.answers != nil {
		rendered.keepSecrets(r.answers, string(after.keys[:]))
		var storing sync.WaitGroup
		storing.Go(r.answers.store)
		defer storing.Wait()
	}
	if r.stamps = change.Stamps(now); r.stamps == nil || b.OwnChanged() {
		return
	}
	roots, sum, err := b.ownRead()
	if err != nil {
		return
	}
	r.head = receiptHead{Findings: findings, Files: change.Files(), Own: roots, OwnSum: sum}
	if !r.unsure { // else no input has its sum
		r.head.Content, r.head.Given, r.head.GivenSum = hex.EncodeToString(after.content[:]), given, r.sumOfGiven(given, after)
	}
	r.store(now)
}

// store writes the receipt, and removes those of trees that were not built for long.
func (r *Receipt) store(now time.Time) {
	data, err := r.encode()
	if err != nil {
		return
	}
	if replace(r.file+receiptSuffix, data) == nil {
		forget(filepath.Dir(r.file), now)
	}
}

// replace writes a file of the cache at once. A home that is not there is not made.
func replace(name string, data []byte) error {
	folder := filepath.Dir(name)
	for _, dir := range []string{filepath.Dir(filepath.Dir(folder)), filepath.Dir(folder), folder} {
		_ = os.Mkdir(dir, 0o700)
	}
	waiting, err := os.CreateTemp(folder, "*.new")
	if err != nil {
		return err
	}
	_, err = waiting.Write(data)
	if closed := waiting.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(waiting.Name(), name)
	}
	if err != nil {
		_ = os.Remove(waiting.Name())
	}
	return err
}

func forget(folder string, now time.Time) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return
	}
	old := slices.DeleteFunc(entries, func(e os.DirEntry) bool {
		info, err := e.Info()
		return err != nil || !slices.Contains([]string{receiptSuffix, answersSuffix, verdictSuffix, ".new"}, filepath.Ext(e.Name())) || now.Sub(info.ModTime()) < receiptAge
	})
	for _, e := range old {
		_ = os.Remove(filepath.Join(folder, e.Name()))
	}
}
