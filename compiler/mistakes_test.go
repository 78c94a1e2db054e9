package compiler_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"platc.dev/platc/compiler"
	"platc.dev/platc/compiler/diag"
)

const (
	mistakesDir = "../testdata/mistakes"
	wantText    = "want.txt"
	wantJSON    = "want.json"
	// commonConfig is laid beside an architecture that has no file of that name: settings that keep warnings away which are not the point.
	commonConfig = "config.cue"
	// longestMessage is what a person reads as one line.
	longestMessage = 260
)

// broken is a broken architecture of the corpus: what a person did, how platc is called, and the files.
type broken struct {
	name    string
	archive *txtar.Archive
	in      compiler.Input
}

// mistakes are all of the corpus, by name.
func mistakes(t testing.TB) []broken {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(mistakesDir, "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	var all []broken
	for _, name := range names {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		m := broken{name: strings.TrimSuffix(filepath.Base(name), ".txtar"), archive: archive}
		said, call, _ := strings.Cut(strings.TrimSpace(string(archive.Comment)), "\n")
		if !strings.HasPrefix(said, "# ") || strings.Contains(call, "\n") {
			t.Errorf("%s: its head is one comment that says what the person did, and at most one call: $ platc check …", name)
		}
		m.called(t, call)
		all = append(all, m)
	}
	return all
}

// called reads how platc is called: "$ platc check -t key=value -e NAME --restrict-env NAMES ARG…".
func (m *broken) called(t testing.TB, call string) {
	t.Helper()
	words := strings.Fields(strings.TrimPrefix(call, "$ platc check"))
	for i := 0; i < len(words); i++ {
		switch word := words[i]; {
		case word == "-t":
			i++
			m.in.Tags = append(m.in.Tags, words[i])
		case word == "-e":
			i++
			m.in.Environments.Names = append(m.in.Environments.Names, words[i])
		case word == "--deny":
			i++
			m.in.Deny = strings.Split(words[i], ",")
		case strings.HasPrefix(word, "-"):
			t.Fatalf("%s: %s is not known here", m.name, word)
		default:
			m.in.Args = append(m.in.Args, word)
		}
	}
	m.in.Environments.Alone = true
}

// lay writes the files of a mistake into a folder.
func (m *broken) lay(t testing.TB, dir string) {
	t.Helper()
	files := m.archive.Files
	if !slices.ContainsFunc(files, func(f txtar.File) bool { return f.Name == commonConfig }) {
		data, err := os.ReadFile(filepath.Join(mistakesDir, commonConfig))
		if err != nil {
			t.Fatal(err)
		}
		files = append(slices.Clone(files), txtar.File{Name: commonConfig, Data: data})
	}
	for _, f := range files {
		if f.Name == wantText || f.Name == wantJSON {
			continue
		}
		name := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// answers are what kinds said, for all of the corpus: the same is asked again and again.
type answers struct{ known sync.Map }

func (a *answers) Keep(sum [32]byte, answer []byte) { a.known.Store(sum, answer) }

func (a *answers) Find(sum [32]byte) ([]byte, bool) {
	answer, ok := a.known.Load(sum)
	if !ok {
		return nil, false
	}
	return answer.([]byte), true
}

// diagnosed is what platc says of the architecture in a folder.
func diagnosed(in compiler.Input, dir string) (findings []diag.Diagnostic, sources diag.Sources, misuse *compiler.Misuse) {
	in.Dir, in.Env, in.Hidden, in.Untraced = dir, env(), &diag.Hidden{}, true
	b := compiler.Check(in)
	return b.Findings.Sorted(), func(file string) []byte {
		if !filepath.IsAbs(file) {
			file = filepath.Join(dir, file)
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return nil
		}
		return in.Hidden.Source(data)
	}, b.Misuse
}

// TestMistakes compiles every broken architecture of the corpus: what is said of it, in text and JSON, is the golden output in its archive.
func TestMistakes(t *testing.T) {
	t.Parallel()
	known, kinds := &answers{}, make(chan *compiler.Kinds, runtime.GOMAXPROCS(0))
	for range cap(kinds) {
		kinds <- &compiler.Kinds{}
	}
	for _, m := range mistakes(t) {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			m.in.Answers, m.in.Kinds = known, <-kinds
			defer func() { kinds <- m.in.Kinds }()
			dir := t.TempDir()
			m.lay(t, dir)
			findings, sources, misuse := diagnosed(m.in, dir)
			var text, data bytes.Buffer
			if misuse != nil {
				fmt.Fprintf(&text, "platc: %s\n  = help: %s\n", misuse.Message, misuse.Help)
			}
			if err := diag.Text(&text, findings, sources, false); err != nil {
				t.Fatal(err)
			}
			if err := diag.JSON(&data, findings, sources); err != nil {
				t.Fatal(err)
			}
			if len(findings) == 0 && misuse == nil {
				t.Error("nothing is found")
			}
			for _, d := range findings {
				// the excerpt shows what the user wrote
				if len(d.Message) > longestMessage || strings.ContainsAny(d.Message+d.Help, "\r\n") {
					t.Errorf("%s says more than one short line: %s", d.Code, d.Message)
				}
			}
			if strings.Contains(text.String()+data.String(), dir) {
				t.Error("the output has a path of this machine")
			}
			m.same(t, map[string][]byte{wantText: text.Bytes(), wantJSON: data.Bytes()})
		})
	}
}

// same compares with what stands in the archive, or puts it there.
func (m *broken) same(t *testing.T, got map[string][]byte) {
	t.Helper()
	files := slices.DeleteFunc(slices.Clone(m.archive.Files), func(f txtar.File) bool { return f.Name == wantText || f.Name == wantJSON })
	for _, name := range []string{wantText, wantJSON} {
		files = append(files, txtar.File{Name: name, Data: got[name]})
	}
	is, wanted := txtar.Format(&txtar.Archive{Comment: m.archive.Comment, Files: files}), txtar.Format(m.archive)
	if bytes.Equal(is, wanted) {
		return
	}
	if os.Getenv("PLATC_UPDATE") != "" {
		if err := os.WriteFile(filepath.Join(mistakesDir, m.name+".txtar"), is, 0o644); err != nil { //nolint:gosec // as git has it
			t.Fatal(err)
		}
		return
	}
	t.Errorf("got\n%s\nwant\n%s\nPLATC_UPDATE=1 rewrites it", is, wanted)
}

// TestEveryCodeHasAMistake: every code that an architecture alone can give is given somewhere in the corpus.
func TestEveryCodeHasAMistake(t *testing.T) {
	t.Parallel()
	var all strings.Builder
	for _, m := range mistakes(t) {
		for _, f := range m.archive.Files {
			if f.Name == wantJSON {
				all.Write(f.Data)
			}
		}
	}
	for _, c := range diag.Codes() {
		if !c.Outside && !strings.Contains(all.String(), fmt.Sprintf(`"code": %q`, c.ID)) {
			t.Errorf("no mistake gives %s: %s", c.ID, c.Title)
		}
	}
}
