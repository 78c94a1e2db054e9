package compiler

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"time"

	"platc.dev/platc/compiler/diag"
)

// Verdict is what a check found in its input. The next check of the same input would only find the same again. Like a Receipt it lies in the user's cache, holds no secret, and may be lost
// at any time. There is none of an input with errors: what is wrong may be mended where a check does not look, as by a file that was not there.
type Verdict struct {
	in      Input
	version string
	file    string
	before  inputs
}

// verdict is a Verdict as it is stored.
type verdict struct {
	Content  string            `json:"content"` // sum of the input
	Findings []diag.Diagnostic `json:"findings"`
	Summary  []string          `json:"summary"`
	Own      []string          `json:"own"`     // the user's own files and folders that were looked at
	OwnSum   string            `json:"own_sum"` // of these
}

const (
	verdictForm   = "platc verdict 1\n"
	verdictSuffix = ".verdict"
)

// OpenVerdict reads the input of a check. cache is the user's folder for such things. It is nil where nothing can be kept for another check.
func OpenVerdict(in Input, version, cache string) *Verdict {
	before, err := readInputs(in, version, "", RenderOptions{})
	if err != nil {
		return nil
	}
	name, err := json.Marshal([]any{in.Dir, in.Args, in.Tags})
	if err != nil {
		return nil
	}
	sum := sha256.Sum256(name)
	return &Verdict{in: in, version: version, before: before, file: filepath.Join(cache, hex.EncodeToString(sum[:12])+verdictSuffix)}
}

// Same gives the findings, accepted ones too, and the summary of a check that would only repeat the last one.
func (v *Verdict) Same() (findings []diag.Diagnostic, summary []string, same bool) {
	if v == nil {
		return nil, nil, false
	}
	data, err := os.ReadFile(v.file)
	if err != nil {
		return nil, nil, false
	}
	rest, ok := unsealed(data, verdictForm)
	var last verdict
	if !ok || json.Unmarshal(rest, &last) != nil || last.Content != hex.EncodeToString(v.before.content[:]) {
		return nil, nil, false
	}
	if sum, err := sumOfOwn(last.Own); err != nil || sum != last.OwnSum {
		return nil, nil, false
	}
	return last.Findings, last.Summary, true
}

// Keep stores what a check found. Where what is stored could tell a secret, or another check of this input might end in another way, there is nothing. That it cannot be stored is no trouble.
func (v *Verdict) Keep(b *Build, summary []string, now time.Time) {
	if v == nil || b.Findings.HasErrors() || !b.shown(v.in.Dir) || b.OwnChanged() {
		return
	}
	if _, all := b.variables(); !all {
		return // of a file a check looks whether it is one, and a sum of arch.cue or of tags with a secret in them could tell it; variables are read by nobody
	}
	if after, err := readInputs(v.in, v.version, "", RenderOptions{}); err != nil || after != v.before {
		return
	}
	own, sum, err := b.ownRead()
	if err != nil {
		return
	}
	findings := slices.Concat(b.Findings.Sorted(), b.Findings.Accepted())
	data, err := json.Marshal(verdict{Content: hex.EncodeToString(v.before.content[:]), Findings: findings, Summary: summary, Own: own, OwnSum: sum})
	if err == nil && replace(v.file, sealed(append([]byte(verdictForm), data...))) == nil {
		forget(filepath.Dir(v.file), now)
	}
}
