package main

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"platc.dev/platc/compiler/diag"
)

// Canaries are secrets that no text may show. The last is a part of every password that is drawn from canaryRandom.
const (
	inLiteral = `Kanari%Literal"7`
	inTag     = `Kanari&Tag 'q'8`
	inEnv     = `Kanari/Env+{}9`
	inFile    = `Kanari=File;10`
	drawn     = "HHHHHHHHHHHHHHHH"
)

// canaryRandom makes every password a row of one letter.
type canaryRandom struct{}

func (canaryRandom) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 7
	}
	return len(p), nil
}

// leaks are the canaries in a text, in any of the forms that formats give them.
func leaks(text []byte) []string {
	var found []string
	for _, canary := range []string{inLiteral, inTag, inEnv, inFile, drawn} {
		quoted := strconv.Quote(canary)
		forms := []string{
			canary, canary[:10], quoted[1 : len(quoted)-1], url.QueryEscape(canary), url.PathEscape(canary), hex.EncodeToString([]byte(canary)),
			strings.ReplaceAll(canary, `'`, `''`), strings.ReplaceAll(canary, `'`, `'\''`),
		}
		// base64 of a text in which the canary begins at any byte
		for shift := range 3 {
			all := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat(":", shift) + canary))
			forms = append(forms, all[(shift*8+5)/6:len(all)-2])
		}
		for _, form := range forms {
			if bytes.Contains(text, []byte(form)) {
				found = append(found, form)
				break
			}
		}
	}
	return found
}

// leakArch is an architecture with secrets; its mistake stands in the place of MISTAKE.
const leakArch = `package shop

import "strings"

name: "shop"
_upper: strings.ToUpper("x")
_tag: string @tag(given)
#Registry: {host: "r.example.com", project: "shop", ...}
config: {
	registry: #Registry & {username: "robot", password: PASSWORD}
	git: {url: "https://git.example.com/shop.git", username: "robot", password: GIT}
}
MISTAKE
components: {
	orders: {kind: "fastapi", namespace: "orders", port: 8080, auth: "api_key", links: {"db/orders": {}, cache: {}, safe: pin: UNSEAL}}
	db: {kind: "postgresql", namespace: "data", database: orders: {}}
	cache: {kind: "redis", namespace: "data"}
	safe: {kind: "vault", namespace: "data", unseal: UNSEAL}
}
`

// leakKind is a kind of the user's own with a secret attribute.
const leakKind = `package vault

kind: {
	name: "vault", title: "Vault", doc: "A vault."
	attributes: {
		namespace!: string
		// What opens it.
		unseal: *"" | string @secret()
	}
	describe: {
		#self: _
		host: "\(#self.name).\(#self.namespace)"
		ports: open: {port: 8200, pods: "server"}
		pods: server: labels: app: #self.name
	}
}

links: "fastapi -> vault": {
	doc: "The application asks the vault."
	attributes: {
		// What it says to it.
		pin: *"" | string @secret()
	}
	ports: ["open"]
}
`

// leakMistakes are what goes wrong: text, in place of MISTAKE or of a password.
func leakMistakes(secret string) map[string]struct{ password, git, more string } {
	type row = struct{ password, git, more string }
	env := `{env: "FROM_ENV"}`
	return map[string]row{
		"nothing":                   {secret, env, ""},
		"a conflict":                {secret + ` & "other"`, env, ""},
		"a conflict in two files":   {secret, env, `config: registry: password: "other"`},
		"a bound":                   {secret + ` & =~"^[0-9]+$"`, env, ""},
		"a validator":               {secret + ` & strings.MinRunes(90)`, env, ""},
		"a function":                {`strings.Repeat(` + secret + `, -1)`, env, ""},
		"arithmetic":                {secret + ` + 1`, env, ""},
		"an index":                  {`{a: 1}[` + secret + `]`, env, ""},
		"a reference":               {`_pw`, env, `_pw: ` + secret + ` & "z"`},
		"a selector":                {`_all.inner.word`, env, `_all: inner: word: ` + secret + ` & int`},
		"a let clause":              {`_out`, env, "let Inner = " + secret + "\n_out: Inner & \"z\""},
		"an interpolation":          {`"\(` + secret + `)-x" & "z"`, env, ""},
		"a default":                 {`*` + secret + ` | int`, env, `config: registry: password: int & >5`},
		"a definition":              {`#Word.password`, env, `#Word: password: ` + secret + ` & =~"^[a-c]$"`},
		"a disjunction":             {`("dev" | "prod") & ` + secret, env, ""},
		"incomplete above":          {secret, env, "_prod: bool\nconfig: registry: {if _prod {project: \"x\"}}"},
		"a struct beside it":        {secret, env, `config: registry: "text"`},
		"a wrong type":              {`[` + secret + `]`, env, ""},
		"a wrong form":              {`{evn: ` + secret + `}`, env, ""},
		"a secret for a variable":   {`{env: ` + secret + `}`, env, ""},
		"a secret for a file":       {`{file: ` + secret + `}`, env, ""},
		"an unknown sibling":        {secret, env, `config: registry: pasword: ` + secret},
		"a sibling of another name": {secret, env, `config: git: pw: ` + secret},
		"an unknown section":        {secret, env, `config: registri: password: ` + secret},
		"a secret for a section":    {secret, env, "config: domain: " + secret},
		"a cycle":                   {`_a`, env, "_a: _b\n_b: _a & " + secret},
		"a syntax error":            {secret + ` "x"`, env, ""},
		"a missing brace":           {secret + ` }`, env, ""},
		"a value in a wrong place":  {secret, env, `components: orders: port: ` + secret},
		"a value of a variable":     {secret, env, `components: orders: env: APP_PASSWORD: ` + secret + ` & =~"^x"`},
		"a url":                     {secret, env, `config: git: url: "https://robot:Kanari%25Literal%227@git.example.com/x"`},
		"a host":                    {secret, env, `components: cache: pasword: ` + secret},
		"an unset variable":         {secret, `{env: "NOT_SET"}`, ""},
		"a file that is not there":  {secret, `{file: "none"}`, ""},
		"a secret from a file":      {secret, `{file: "token"}`, ""},
		"a link attribute":          {secret, env, `components: orders: links: cache: password: ` + secret},
		"an error of the user's":    {secret, env, `_e: error("bad " + ` + secret + `)`},
		"an own kind's attribute":   {secret, env, `components: safe: unseal: ` + secret + ` & "z"`},
		"a failing comprehension":   {secret, env, `components: {for c in ` + secret + ` {"\(c)": {}}}`},
	}
}

// leakCommands are run on every architecture; a new command that reads one belongs here.
func leakCommands() [][]string {
	return [][]string{
		{"check"},
		{"check", "--format", "json"},
		{"check", "--format", "sarif"},
		{"build", "--dump-ir", "dump", "--timings"},
		{"build", "--check", "--json"},
		{"build", "--restrict-env", "NONE", "-o", "restricted"},
		{"build", "-o", "shop.tar", "--new-secrets", "--format", "sarif"},
		{"build", "-o", "more.tar", "--state", "shop.tar"},
		{"secrets", "list"},
		{"secrets", "list", "--json"},
		{"secrets", "rotate", "orders"},
		{"secrets", "rekey", "--json"},
		{"image", "list", "--json"},
		{"image", "set", "orders", "1.4.0"},
		{"image", "unset", "orders"},
		{"image", "context", "orders"},
		{"graph"},
		{"graph", "--json", "--expand"},
		{"graph", "--format", "mermaid", "--expand"},
		{"graph", "--format", "svg", "--expand"},
		{"graph", "--format", "html"},
		{"diff", "--json"},
		{"diff", "--semantic", "--against", "."},
		{"paths", "orders", "orders", "--json"},
		{"impact", "orders", "--format", "dot"},
		{"exposure", "--json"},
		{"doctor", "--json", "--for", "gitops"},
		{"why", "orders", "REDIS_HOST"},
		{"why", "orders", "REDIS_PASSWORD", "--json"},
		{"why", "orders", "k8s/build/base/kaniko.yaml:20"},
	}
}

// plainCommands read no architecture, but stand beside one.
func plainCommands() [][]string {
	return [][]string{
		{"explain", "E0107"},
		{"explain", "vault"},
		{"kinds"},
		{"links"},
		{"passes"},
		{"init", "fresh"},
		{"version"},
		{"completion", "bash"},
		{"check", "password=" + inLiteral, "--no-such-flag"},
	}
}

// leakFolder lays an architecture out, with the secret written as a literal or given by -t.
func leakFolder(t *testing.T, password, git, more string) string {
	t.Helper()
	dir := t.TempDir()
	arch := strings.NewReplacer("PASSWORD", password, "GIT", git, "MISTAKE", more, "UNSEAL", strconv.Quote(inLiteral)).Replace(leakArch)
	for name, text := range map[string]string{"arch.cue": arch, "kinds/vault/kind.cue": leakKind, "token": inFile + "\n"} {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// noLeaks looks for canaries in what was written below a folder, but for the sources.
func noLeaks(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, _ := filepath.Rel(dir, file)
		if name == "arch.cue" || name == "token" {
			return nil
		}
		data, err := os.ReadFile(file)
		if found := leaks(data); len(found) > 0 {
			t.Errorf("%s: %q", name, found)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestNoSecretIsShown runs every command on every mistake with PLATC_LEAKS=all, and else each of them with some of the others.
func TestNoSecretIsShown(t *testing.T) {
	t.Parallel()
	everything := os.Getenv("PLATC_LEAKS") == "all"
	for how, secret := range []string{strconv.Quote(inLiteral), "_tag"} {
		mistakes := leakMistakes(secret)
		for i, what := range slices.Sorted(maps.Keys(mistakes)) {
			commands := leakCommands()
			if !everything && what != "nothing" {
				if i%2 != how || testing.Short() && i%8 > 1 {
					continue
				}
				commands = [][]string{commands[0], commands[1+i%(len(commands)-1)]}
			}
			if testing.Short() && how > 0 && what == "nothing" { // the other secret is in all of them
				commands = commands[:len(commands)/3]
			}
			m := mistakes[what]
			t.Run([]string{"a literal", "a tag"}[how]+"/"+what, func(t *testing.T) {
				t.Parallel()
				dir := leakFolder(t, m.password, m.git, m.more)
				var shown bytes.Buffer
				for _, args := range commands {
					shown.Reset()
					c := &console{
						out: &shown, err: &shown, dir: dir, random: canaryRandom{}, hidden: &diag.Hidden{},
						env: func(name string) (string, bool) {
							v, ok := map[string]string{"FROM_ENV": inEnv, "PLATC_TRACE": "1"}[name]
							return v, ok
						},
					}
					code := run(append(inFolder(dir, args), "-t", "given="+inTag), c)
					if what == "nothing" && args[0] != "why" && args[0] != "diff" && code != exitDone && !slices.Contains(args, "NONE") {
						t.Errorf("%q: exit code %d\n%s", args, code, shown.String())
					}
					if found := leaks(shown.Bytes()); len(found) > 0 {
						t.Errorf("%q: %q in\n%s", args, found, shown.String())
					}
				}
				noLeaks(t, dir)
			})
		}
	}
}

// inFolder makes the output of a command stand in a folder: the process has another working directory.
func inFolder(dir string, args []string) []string {
	all := append([]string{}, args...)
	has := false
	for i, arg := range all[:len(all)-1] {
		if arg == "-o" || arg == "--dump-ir" || arg == "--state" {
			all[i+1] = filepath.Join(dir, all[i+1])
			has = has || arg == "-o"
		}
	}
	if slices.Contains([]string{"build", "diff", "secrets"}, args[0]) && !has {
		all = append(all, "-o", filepath.Join(dir, "out"))
	}
	return all
}

func TestPlainCommandsShowNoSecret(t *testing.T) {
	t.Parallel()
	dir := leakFolder(t, strconv.Quote(inLiteral), `{env: "FROM_ENV"}`, "")
	for _, args := range plainCommands() {
		var shown bytes.Buffer
		cmd := platc(t, dir, args...)
		cmd.Stdout, cmd.Stderr = &shown, &shown
		_ = cmd.Run()
		if found := leaks(shown.Bytes()); len(found) > 0 {
			t.Errorf("%q: %q in\n%s", args, found, shown.String())
		}
	}
	noLeaks(t, dir)
}

func TestAPanicShowsNoSecret(t *testing.T) {
	t.Parallel()
	dir := leakFolder(t, "_tag", `{env: "FROM_ENV"}`, "")
	var shown bytes.Buffer
	c := &console{
		out: io.Discard, err: &shown, dir: dir, random: canaryRandom{}, hidden: &diag.Hidden{},
		env: func(name string) (string, bool) {
			v, ok := map[string]string{"FROM_ENV": inEnv, "PLATC_TRACE": "1"}[name]
			return v, ok
		},
	}
	guarded(c, func() int {
		run([]string{"build", "-o", filepath.Join(dir, "out"), "-t", "given=" + inTag}, c)
		panic(fmt.Sprintf("broken with %q, %s and %s", inTag, inEnv, inLiteral))
	})
	if found := leaks(shown.Bytes()); len(found) > 0 || !strings.Contains(shown.String(), "broken with") {
		t.Errorf("%q in\n%s", found, shown.String())
	}
}

// platc is a run of the program itself.
func platc(t *testing.T, dir string, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, args...)
	cmd.Args[0], cmd.Dir = "platc", dir
	cmd.Env = append(os.Environ(), "FROM_ENV="+inEnv, "HOME="+dir)
	return cmd
}

func TestASignalShowsNoSecret(t *testing.T) {
	t.Parallel()
	dir := leakFolder(t, strconv.Quote(inLiteral), `{file: "token"}`, "")
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGKILL, syscall.SIGQUIT} {
		for _, after := range []time.Duration{100 * time.Millisecond, 700 * time.Millisecond} {
			var shown bytes.Buffer
			cmd := platc(t, dir, "build", "--dump-ir", "dump")
			cmd.Stdout, cmd.Stderr = &shown, &shown
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			kill := time.AfterFunc(after, func() { _ = cmd.Process.Signal(signal) })
			_ = cmd.Wait()
			kill.Stop()
			if found := leaks(shown.Bytes()); len(found) > 0 {
				t.Errorf("%v: %q in\n%s", signal, found, shown.String())
			}
			noLeaks(t, dir)
		}
	}
}
