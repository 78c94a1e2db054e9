package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"platc.dev/platc/compiler/diag"
)

// reference is docs/reference/CLI.md: its table of commands, row by row, and all of it.
type reference struct {
	text string
	rows map[string]string // of each command, by its path without platc: "secrets list"
}

func readReference(t *testing.T) reference {
	t.Helper()
	data, err := os.ReadFile("../../docs/reference/CLI.md")
	if err != nil {
		t.Fatal(err)
	}
	r := reference{text: strings.ReplaceAll(string(data), `\|`, "|"), rows: map[string]string{}}
	_, table, ok := strings.Cut(string(data), "\n| command | does |\n|---|---|\n")
	if !ok {
		t.Fatal("CLI.md has no table of commands")
	}
	for line := range strings.Lines(table) {
		first, does, ok := strings.Cut(strings.TrimPrefix(line, "| "), " | ")
		if !ok || !strings.HasPrefix(line, "| ") {
			break
		}
		for _, form := range codes(first) {
			words := strings.Fields(form)
			name := words[0]
			if len(words) > 1 && regexp.MustCompile(`^[a-z]+$`).MatchString(words[1]) && words[1] != "part" {
				name += " " + words[1]
			}
			r.rows[name] = strings.ReplaceAll(does, `\|`, "|")
		}
	}
	return r
}

// codes are the words in backticks.
func codes(text string) []string {
	var all []string
	for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(text, -1) {
		all = append(all, strings.ReplaceAll(m[1], `\|`, "|"))
	}
	return all
}

// leaves are the commands that do something, by their path without platc.
func leaves(commands []*cobra.Command, all map[string]*cobra.Command) map[string]*cobra.Command {
	for _, cmd := range commands {
		if below := cmd.Commands(); len(below) > 0 {
			leaves(below, all)
		} else if cmd.Name() != "help" {
			all[strings.TrimPrefix(cmd.CommandPath(), "platc ")] = cmd
		}
	}
	return all
}

// flags are those of a command, with what stands before each of them on the command line.
func flags(cmd *cobra.Command) []string {
	var all []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		all = append(all, "--"+f.Name)
		if f.Shorthand != "" {
			all = append(all, "-"+f.Shorthand)
		}
	})
	return all
}

// mentioned are the flags in a text: in it are those of other programs too, behind their names.
func mentioned(text string) []string {
	var all []string
	var commands []string
	for _, code := range codes(text) {
		commands = append(commands, strings.Split(code, " | ")...)
	}
	for _, code := range commands {
		if regexp.MustCompile(`^(git|kubectl|docker|sops|age-keygen|jq|cue|sort) `).MatchString(code) {
			continue
		}
		for _, m := range regexp.MustCompile(`(?:^|[ (\[])(--[a-z][a-z-]*|-[a-z])\b`).FindAllStringSubmatch(code, -1) {
			all = append(all, m[1])
		}
	}
	return all
}

// formats are the values of --format, none without that flag.
func formats(cmd *cobra.Command) []string {
	if f := cmd.Flags().Lookup("format"); f != nil {
		return strings.Split(f.Value.Type(), "|")
	}
	return nil
}

func TestReferenceHasTheCommandsOfTheProgram(t *testing.T) {
	t.Parallel()
	r, known := readReference(t), leaves(newRoot(&console{}).Commands(), map[string]*cobra.Command{})
	for name := range known {
		if _, ok := r.rows[name]; !ok {
			t.Errorf("CLI.md has no row for platc %s", name)
		}
	}
	for name := range r.rows {
		if known[name] == nil {
			t.Errorf("CLI.md has a row for platc %s, which there is not", name)
		}
	}
	if len(r.rows) < 30 {
		t.Errorf("only %d commands were found", len(r.rows))
	}
}

func TestReferenceHasTheFlagsOfTheProgram(t *testing.T) {
	t.Parallel()
	r, known := readReference(t), leaves(newRoot(&console{}).Commands(), map[string]*cobra.Command{})
	said, have := mentioned(r.text), []string{"--version", "-v", "--help"}
	unsaid := map[string]string{}
	for name, cmd := range known {
		own := append(flags(cmd), "--version", "--help") // which platc itself takes
		have = append(have, own...)
		cmd.Flags().VisitAll(func(f *pflag.Flag) { // one of its forms is enough
			if !slices.Contains(said, "--"+f.Name) && !slices.Contains(said, "-"+f.Shorthand) {
				unsaid["--"+f.Name] = name
			}
		})
		for _, flag := range mentioned(r.rows[name]) {
			if !slices.Contains(own, flag) && !ofAnotherInRow(r, known, name, flag) {
				t.Errorf("the row of platc %s has %s, which it does not take", name, flag)
			}
		}
	}
	for flag, name := range unsaid {
		t.Errorf("CLI.md does not name %s, as of platc %s", flag, name)
	}
	for _, flag := range said {
		if !slices.Contains(have, flag) {
			t.Errorf("CLI.md names %s, which no command takes", flag)
		}
	}
	if len(said) < 60 {
		t.Errorf("only %d flags were found", len(said))
	}
}

// ofAnotherInRow says whether a row that tells of several commands means another one of them.
func ofAnotherInRow(r reference, known map[string]*cobra.Command, name, flag string) bool {
	for other, cmd := range known {
		if other != name && r.rows[other] == r.rows[name] && slices.Contains(flags(cmd), flag) {
			return true
		}
	}
	return false
}

func TestReferenceHasTheFormatsOfTheProgram(t *testing.T) {
	t.Parallel()
	r, known := readReference(t), leaves(newRoot(&console{}).Commands(), map[string]*cobra.Command{})
	listed := regexp.MustCompile(`--format ([a-z]+(?:\|[a-z]+)*)`)
	have := map[string]bool{}
	for name, cmd := range known {
		own := formats(cmd)
		for _, format := range own {
			have[format] = true
		}
		for _, m := range listed.FindAllStringSubmatch(r.rows[name], -1) {
			for format := range strings.SplitSeq(m[1], "|") {
				if !slices.Contains(own, format) && !sameRow(r, known, name, format) {
					t.Errorf("the row of platc %s has --format %s, which it does not take", name, format)
				}
			}
		}
	}
	named := map[string]bool{}
	for _, m := range listed.FindAllStringSubmatch(r.text, -1) {
		for format := range strings.SplitSeq(m[1], "|") {
			named[format] = true
			if !have[format] {
				t.Errorf("CLI.md has --format %s, which no command takes", format)
			}
		}
	}
	for _, code := range codes(r.rows["graph"]) {
		named[code] = true
		if regexp.MustCompile(`^[a-z]{3,}$`).MatchString(code) && !have[code] {
			t.Errorf("the row of platc graph has the format %s, which there is not", code)
		}
	}
	for format := range have {
		if !named[format] {
			t.Errorf("CLI.md does not name --format %s", format)
		}
	}
}

func sameRow(r reference, known map[string]*cobra.Command, name, format string) bool {
	for other, cmd := range known {
		if other != name && r.rows[other] == r.rows[name] && slices.Contains(formats(cmd), format) {
			return true
		}
	}
	return false
}

// TestReferenceHasTheFieldsOfData: what commands print as JSON has the fields that the reference names.
func TestReferenceHasTheFieldsOfData(t *testing.T) {
	t.Parallel()
	r, out := readReference(t), t.TempDir()
	named := map[string]bool{}
	for _, m := range regexp.MustCompile("[\"`]([a-z_]+)[\"`]").FindAllStringSubmatch(r.text, -1) {
		named[m[1]] = true
	}
	for _, line := range []string{
		"graph examples/everything", "paths edge db examples/shop", "impact db examples/shop", "exposure examples/shop", "check --accepted examples/shop",
		"image list examples/orders", "build -o " + out + " examples/shop", "secrets list -o " + out + " examples/shop",
		"diff -o " + out + " examples/orders", "diff --semantic --against examples/shop examples/orders",
	} {
		var stdout, stderr bytes.Buffer
		c := &console{in: strings.NewReader(""), out: &stdout, err: &stderr, env: func(string) (string, bool) { return "", false }, dir: "../..", random: rand.Reader, hidden: &diag.Hidden{}}
		code := run(append(strings.Fields(line), "--json"), c)
		var data any
		if err := json.Unmarshal(stdout.Bytes(), &data); err != nil || code == exitUsage {
			t.Errorf("platc %s: %d, %v\n%s", line, code, err, stderr.String())
		}
		for _, field := range slices.Sorted(maps.Keys(fields(data, map[string]bool{}))) {
			if !named[field] {
				t.Errorf("CLI.md does not name the field %s of platc %s --json", field, line)
			}
		}
	}
}

// fields are the keys of objects in data.
func fields(data any, all map[string]bool) map[string]bool {
	switch d := data.(type) {
	case []any:
		for _, item := range d {
			fields(item, all)
		}
	case map[string]any:
		for key, value := range d {
			all[key] = true
			fields(value, all)
		}
	}
	return all
}
