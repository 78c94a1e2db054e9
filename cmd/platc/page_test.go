package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// The pages that people read are run from their first block to their last, each by a script in testdata/pages of its name: docs/guides/images.md by
// guides_images.txtar. The script lays out what the page takes for granted, calls `page docs/guides/images.md`, and looks at what came of it.
//
//   - A block whose first line is a comment with the name of a file is that file, written into the folder in which the commands are.
//   - Another cue block is a fragment: beside the architecture in that folder, it has to pass `platc check`, and is taken away again.
//   - A sh block is run, and every command in it has to succeed.
//   - A console block has commands after "$ ", and below each what it prints. A "…" stands for any text, a line of it for any lines.
//
// Commands of a page share folder and variables. A block that cannot be run stands in testdata/pages/not-run.list, with the reason; its syntax is checked.

const pageScripts = "../../testdata/pages"

// A block is a fenced one of a page: its language, its lines, and where they begin in the page.
type block struct {
	page, language, text string
	at                   int
}

func blocks(page, text string) []block {
	var all []block
	for _, m := range regexp.MustCompile("(?ms)^( *)```([a-z]+)\n(.*?)^ *```$").FindAllStringSubmatchIndex(text, -1) {
		all = append(all, block{page: page, language: text[m[4]:m[5]], text: text[m[6]:m[7]], at: m[6]})
	}
	return all
}

// file is the name that the block gives itself in a comment of its first line, or "".
func (b block) file() string {
	m := regexp.MustCompile(`\A(?://|#) (\S+\.\w+|\S*Dockerfile|\S+/\S+)\n`).FindStringSubmatch(b.text)
	if m == nil {
		return ""
	}
	return m[1]
}

func (b block) commands() bool { return b.language == "sh" || b.language == "console" }

// A typed command of a console block, and what it prints.
type typed struct{ line, prints string }

func (b block) session() []typed {
	var all []typed
	for line := range strings.Lines(b.text) {
		if rest, ok := strings.CutPrefix(line, "$ "); ok {
			all = append(all, typed{line: rest})
		} else if n := len(all); n > 0 && strings.HasSuffix(all[n-1].line, "\\\n") && all[n-1].prints == "" {
			all[n-1].line += line
		} else if n > 0 {
			all[n-1].prints += line
		}
	}
	return all
}

// printed says whether a text is what a page has for it.
func printed(want, got string) bool {
	var re strings.Builder
	for line := range strings.Lines(want) {
		if line == "…\n" {
			re.WriteString(`(?:.*\n)*`)
			continue
		}
		re.WriteString(strings.ReplaceAll(regexp.QuoteMeta(line), "…", ".*"))
	}
	return regexp.MustCompile(`\A` + re.String() + `\z`).MatchString(got)
}

// updated is what was printed, with those lines of the page that fit.
func updated(want, got string) string {
	var b strings.Builder
	lines := slices.Collect(strings.Lines(want))
	for line := range strings.Lines(got) {
		if i := slices.IndexFunc(lines, func(l string) bool { return l != "…\n" && printed(l, line) }); i >= 0 {
			line = lines[i]
		}
		b.WriteString(line)
	}
	return b.String()
}

func TestPages(t *testing.T) {
	t.Parallel()
	p := scriptParams(t)
	p.Dir = pageScripts
	testscript.Run(t, p)
}

// runPage runs the blocks of a page: page docs/guides/images.md. What its commands print is in the file printed.
func runPage(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: page file")
	}
	path := filepath.Join("../..", args[0])
	data, err := os.ReadFile(path)
	ts.Check(err)
	text, skipped := string(data), notRun(args[0])
	all := blocks(args[0], text)
	if len(all) == 0 {
		ts.Fatalf("%s has no blocks", args[0])
	}
	r := reader{ts: ts}
	r.folder()
	for _, b := range all {
		ts.Logf("%s:%d", args[0], strings.Count(text[:b.at], "\n")+1)
		switch name := b.file(); {
		case skipped.has(b):
			ts.Check(ts.Exec("sh", "-n", "-c", strings.ReplaceAll("\n"+b.text, "\n$ ", "\n")))
		case b.language == "sh":
			r.run(b.text, true)
		case b.language == "console":
			for _, c := range b.session() {
				got := r.run(c.line, false)
				if printed(c.prints, got) {
					continue
				}
				if os.Getenv("PLATC_UPDATE") == "" {
					ts.Fatalf("%s prints\n%sand not\n%s", strings.TrimSpace(c.line), got, c.prints)
				}
				now := strings.Replace(b.text, "$ "+c.line+c.prints, "$ "+c.line+updated(c.prints, got), 1)
				text, b.text = strings.Replace(text, b.text, now, 1), now
			}
		case name != "":
			file := filepath.Join(r.folder(), name)
			ts.Check(os.MkdirAll(filepath.Dir(file), 0o755))
			ts.Check(os.WriteFile(file, []byte(b.text), 0o644))
		case b.language == "cue":
			r.fragment(b.text)
		}
	}
	if text != string(data) {
		ts.Check(os.WriteFile(path, []byte(text), 0o644))
	}
	ts.Check(os.WriteFile(filepath.Join(ts.Getenv("WORK"), "printed"), []byte(r.printed.String()), 0o644))
}

// reader does what a page says, as its reader would in one shell.
type reader struct {
	ts      *testscript.TestScript
	printed strings.Builder
}

// folder is that of the shell.
func (r *reader) folder() string {
	where := r.ts.Getenv("WORK") + "/.shell/folder"
	data, err := os.ReadFile(where)
	if errors.Is(err, fs.ErrNotExist) {
		r.ts.Check(os.MkdirAll(filepath.Dir(where), 0o755))
		r.ts.Check(os.WriteFile(where, []byte(r.ts.MkAbs(".")+"\n"), 0o644))
		r.ts.Check(os.WriteFile(filepath.Dir(where)+"/variables", nil, 0o644))
		return r.ts.MkAbs(".")
	}
	r.ts.Check(err)
	return strings.TrimSpace(string(data))
}

// run is what commands print. Each has to succeed, but for one that says what is wrong and whose words the page has.
func (r *reader) run(commands string, succeed bool) string {
	const shell = `cd "$(cat "$WORK/.shell/folder")"; . "$WORK/.shell/variables"; trap 'code=$?; pwd >"$WORK/.shell/folder"; export -p >"$WORK/.shell/variables"; exit $code' EXIT; set -aeu
`
	err := r.ts.Exec("sh", "-c", "exec 2>&1\n"+shell+commands)
	out := r.ts.ReadFile("stdout")
	r.printed.WriteString(out)
	if err != nil && (succeed || out == "") {
		r.ts.Fatalf("%s%s%v", commands, out, err)
	}
	return out
}

// fragment checks a part of an architecture, beside the one that is there.
func (r *reader) fragment(text string) {
	folder := r.folder()
	arch, err := os.ReadFile(filepath.Join(folder, "arch.cue"))
	r.ts.Check(err)
	clause := regexp.MustCompile(`(?m)^package \w+$`)
	if clause.MatchString(text) {
		r.ts.Fatalf("a whole file begins with its name: %s", text)
	}
	name := filepath.Join(folder, "fragment_of_page.cue")
	r.ts.Check(os.WriteFile(name, []byte(clause.FindString(string(arch))+"\n"+text), 0o644))
	if err := r.ts.Exec("sh", "-c", `cd "$1"; exec platc check --quiet`, "sh", folder); err != nil {
		r.ts.Fatalf("%s%s", text, r.ts.ReadFile("stderr"))
	}
	r.ts.Check(os.Remove(name))
}

// standIns puts programs before those of PATH that do nothing but to note that they were called: stand-ins mc flux.
func standIns(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: stand-ins name...")
	}
	bin := ts.MkAbs("bin")
	ts.Check(os.MkdirAll(bin, 0o755))
	for _, name := range args {
		ts.Check(os.WriteFile(filepath.Join(bin, name), []byte(`#!/bin/sh
echo "${0##*/} $*" >>"$WORK/called"
`), 0o755))
	}
	ts.Setenv("PATH", bin+string(os.PathListSeparator)+ts.Getenv("PATH"))
}

// exceptions are the blocks that are not run: page, first words, reason.
type exceptions [][3]string

func (e exceptions) has(b block) bool {
	return b.commands() && slices.ContainsFunc(e, func(x [3]string) bool {
		return x[0] == b.page && strings.HasPrefix(strings.TrimPrefix(b.text, "$ "), x[1])
	})
}

// notRun are those of a page, or of all with "".
func notRun(name string) exceptions {
	data, err := os.ReadFile(filepath.Join(pageScripts, "not-run.list"))
	if err != nil {
		panic(err)
	}
	var all exceptions
	for line := range strings.Lines(string(data)) {
		cells := strings.Split(strings.TrimSpace(line), " | ")
		if strings.HasPrefix(line, "#") || name != "" && cells[0] != name {
			continue
		}
		all = append(all, [3]string(cells))
	}
	return all
}

// pages are those that people read, from the root of the project.
func pages(t *testing.T) []string {
	t.Helper()
	all := []string{"README.md", "CONTRIBUTING.md", "SECURITY.md"}
	for _, pattern := range []string{"docs/*.md", "docs/guides/*.md", "docs/reference/*.md"} {
		names, err := filepath.Glob(filepath.Join("../..", pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			all = append(all, filepath.ToSlash(strings.TrimPrefix(name, filepath.FromSlash("../../"))))
		}
	}
	return all
}

// TestEveryPageIsRun: every page with commands or CUE has a script, no command hides in an indented block, and exceptions are few and needed.
func TestEveryPageIsRun(t *testing.T) {
	t.Parallel()
	run := map[string]bool{}
	names, err := filepath.Glob(filepath.Join(pageScripts, "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?m)^page (\S+)$`).FindAllStringSubmatch(string(data), -1) {
			run[m[1]] = true
		}
	}
	left := notRun("")
	if len(left) > 20 {
		t.Errorf("%d blocks are not run: what cannot be run is the exception", len(left))
	}
	for _, name := range pages(t) {
		text := document(t, name)
		all := blocks(name, text)
		if needed := slices.ContainsFunc(all, func(b block) bool { return b.commands() || b.language == "cue" }); needed && !run[name] {
			t.Errorf("%s is not run: testdata/pages has no script for it", name)
		}
		if hidden := regexp.MustCompile(`(?m)^    (?:\$ )?(?:platc|kubectl|docker|git|sops|flux) .*`).FindString(text); hidden != "" {
			t.Errorf("%s: a command that nobody runs: %s", name, hidden)
		}
		for _, b := range all {
			left = slices.DeleteFunc(left, func(x [3]string) bool { return exceptions{x}.has(b) })
			if b.language == "bash" || b.language == "shell" {
				t.Errorf("%s: a block of commands is marked sh, or console with what they print, not %s", name, b.language)
			}
		}
	}
	for _, x := range left {
		t.Errorf("%s has no block that begins %q: not-run.list", x[0], x[1])
	}
}

// TestLinksOfPagesLead: a link from a page to another file, or to a heading, leads there.
func TestLinksOfPagesLead(t *testing.T) {
	t.Parallel()
	headings := map[string]map[string]bool{}
	for _, name := range append(pages(t), "ARCHITECTURE.md") {
		for _, m := range regexp.MustCompile(`\]\(([^)\s]+)\)`).FindAllStringSubmatch(document(t, name), -1) {
			target, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(target, "://") {
				continue
			}
			file := name
			if target != "" {
				file = filepath.ToSlash(filepath.Join(filepath.Dir(name), target))
			}
			if _, err := os.Stat(filepath.Join("../..", file)); err != nil {
				t.Errorf("%s: %s leads nowhere", name, m[1])
				continue
			}
			if anchor == "" {
				continue
			}
			if headings[file] == nil {
				headings[file] = anchors(document(t, file))
			}
			if !headings[file][anchor] {
				t.Errorf("%s: %s has no heading %s", name, file, anchor)
			}
		}
	}
}

// anchors are those of the headings of a page, as GitHub makes them, and those that it sets itself.
func anchors(text string) map[string]bool {
	all := map[string]bool{}
	for _, m := range regexp.MustCompile(`<a id="([^"]+)"></a>`).FindAllStringSubmatch(text, -1) {
		all[m[1]] = true
	}
	punctuation := regexp.MustCompile(`[^\p{L}\p{N}\s_-]`)
	for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(text, -1) {
		heading := punctuation.ReplaceAllString(strings.ToLower(m[1]), "")
		all[strings.ReplaceAll(heading, " ", "-")] = true
	}
	return all
}
