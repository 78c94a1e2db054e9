package compiler_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"platc.dev/platc/compiler"
	"platc.dev/platc/compiler/diag"
)

const (
	// maxMessage and maxHelp bound what a person is given to read, in bytes. Names that the person wrote may stand in a message twice.
	maxMessage = 1000
	maxHelp    = 2000
	// maxFuzzed is the longest architecture that is tried: a fourth of the corpus is as long as this.
	maxFuzzed = 2000
)

// FuzzMistakes takes architectures of the corpus, and deletes, doubles, swaps and replaces tokens of them. Whatever comes of it, platc does not panic, every
// place is in a file that exists, no message is endless, and text, JSON and SARIF say the same.
func FuzzMistakes(f *testing.F) {
	every := 12 // of the corpus, where nobody fuzzes
	if fuzzing := flag.Lookup("test.fuzz"); fuzzing != nil && fuzzing.Value.String() != "" {
		every = 1
	}
	for i, m := range mistakes(f) {
		for _, file := range m.archive.Files {
			if file.Name == "arch.cue" && i%every == 0 && len(file.Data) <= maxFuzzed {
				f.Add(string(file.Data), uint64(i)) //nolint:gosec // a seed
			}
		}
	}
	config, err := os.ReadFile(filepath.Join(mistakesDir, commonConfig))
	if err != nil {
		f.Fatal(err)
	}
	kinds, known := &compiler.Kinds{}, &answers{}
	f.Fuzz(func(t *testing.T, source string, seed uint64) {
		source = mutated(source, seed)
		// a long list, or a long text, is no mistake of ours, and takes for ever
		if len(source) > maxFuzzed+200 || regexp.MustCompile(`list\.|strings\.|math\.|\*\s*[0-9]{4}`).MatchString(source) {
			return
		}
		dir := t.TempDir()
		for name, data := range map[string][]byte{"arch.cue": []byte(source), commonConfig: config} {
			if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		findings, sources, _ := diagnosed(compiler.Input{Kinds: kinds, Answers: known}, dir)
		for _, d := range findings {
			if len(d.Message) > maxMessage+4*maxFuzzed/10 || len(d.Help) > maxHelp {
				t.Errorf("%s has a message of %d bytes and a help of %d: %s", d.Code, len(d.Message), len(d.Help), d.Message)
			}
			if d.Message == "" {
				t.Errorf("%s at %s says nothing", d.Code, d.Pos)
			}
			inside(t, sources, d.Pos, d.Message)
			for _, r := range d.Related {
				inside(t, sources, r.Pos, r.Message)
			}
		}
		agree(t, findings, sources)
	})
}

// inside says whether a place is in a file.
func inside(t *testing.T, sources diag.Sources, pos diag.Pos, message string) {
	t.Helper()
	if pos.File == "" {
		return
	}
	lines := strings.Split(string(sources(pos.File)), "\n")
	switch {
	case sources(pos.File) == nil:
		t.Errorf("%s: there is no such file: %s", pos, message)
	case pos.Line < 1 || pos.Line > len(lines):
		t.Errorf("%s: there is no such line: %s", pos, message)
	case pos.Column < 1 || pos.Column > len(lines[pos.Line-1])+1:
		t.Errorf("%s: the line has %d bytes: %s", pos, len(lines[pos.Line-1]), message)
	}
}

// agree compares what is printed in text, JSON and SARIF.
func agree(t *testing.T, findings []diag.Diagnostic, sources diag.Sources) {
	t.Helper()
	var text, data, log bytes.Buffer
	if err := diag.Text(&text, findings, sources, false); err != nil {
		t.Fatal(err)
	}
	if err := diag.JSON(&data, findings, sources); err != nil {
		t.Fatal(err)
	}
	if err := diag.SARIF(&log, findings, sources, "", ""); err != nil {
		t.Fatal(err)
	}
	var printed []string
	for _, head := range regexp.MustCompile(`(?m)^(?:error|warning)\[([EW][0-9]{4})\]: `).FindAllStringSubmatch(text.String(), -1) {
		printed = append(printed, head[1])
	}
	var document struct{ Diagnostics []struct{ Code string } }
	if err := json.Unmarshal(data.Bytes(), &document); err != nil {
		t.Fatal(err)
	}
	var listed []string
	for _, d := range document.Diagnostics {
		listed = append(listed, d.Code)
	}
	if !slices.Equal(printed, listed) {
		t.Errorf("the text has %v, JSON %v:\n%s", printed, listed, text.String())
	}
	var sarif struct {
		Runs []struct {
			Results []struct {
				Locations []struct {
					PhysicalLocation struct {
						Region struct{ StartLine, StartColumn, EndLine, EndColumn int }
					}
				}
			}
		}
	}
	if err := json.Unmarshal(log.Bytes(), &sarif); err != nil {
		t.Fatal(err)
	}
	for i, result := range sarif.Runs[0].Results {
		for _, l := range result.Locations {
			at := l.PhysicalLocation.Region
			if at.EndLine <= at.StartLine && at.EndColumn < at.StartColumn {
				t.Errorf("%s ends before it begins: %+v", findings[i].Code, at)
			}
		}
	}
}

// mutated is a text in which some tokens were deleted, doubled, swapped or replaced by others; with an even seed it is the text itself.
func mutated(source string, seed uint64) string {
	if seed%2 == 0 {
		return source
	}
	random := rand.New(rand.NewPCG(seed, seed)) //nolint:gosec // the same seed gives the same text
	tokens := regexp.MustCompile(`"(?:[^"\\\n]|\\.)*"|[A-Za-z_#@$][A-Za-z0-9_]*|[0-9.]+|\s+|.`).FindAllString(source, -1)
	foreign := []string{"{", "}", "[", "]", ":", ",", "_", "_|_", "null", "true", "0", "-1", "1Gi", `""`, `"\u00e9\t"`, "*", "|", "&", "...", "?", "!", "if true ", "for x in [1] ", "@tag(x)", "@embed(file=x)", "#A", "\r\n", "\ufeff", "\x00", "// ", `"\(`, "'a'", "\u2028", "æ: 1\n"}
	for range 1 + random.IntN(3) {
		if len(tokens) == 0 {
			break
		}
		i, j := random.IntN(len(tokens)), random.IntN(len(tokens))
		switch random.IntN(5) {
		case 0:
			tokens = slices.Delete(tokens, i, i+1)
		case 1:
			tokens = slices.Insert(tokens, i, tokens[i])
		case 2:
			tokens[i], tokens[j] = tokens[j], tokens[i]
		case 3:
			tokens[i] = tokens[j]
		default:
			tokens[i] = foreign[random.IntN(len(foreign))]
		}
	}
	return strings.Join(tokens, "")
}
