package main

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"errors"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"
	"filippo.io/age/armor"
)

// workshop is a folder with an architecture, as a user works in it.
type workshop struct {
	testing.TB
	dir string
	key *age.X25519Identity
}

func newWorkshop(t testing.TB) *workshop {
	t.Helper()
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return &workshop{t, t.TempDir(), key}
}

func (w *workshop) put(name, text string) {
	w.Helper()
	name = filepath.Join(w.dir, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		w.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		w.Fatal(err)
	}
}

// arch writes arch.cue: a database, and applications with what they link to.
func (w *workshop) arch(applications ...string) {
	w.Helper()
	var b strings.Builder
	b.WriteString("package shop\n\nname: \"shop\"\nconfig: secrets: recipients: [\"" + w.key.Recipient().String() + "\"]\ncomponents: {\n")
	b.WriteString("\tdb: {kind: \"postgresql\", namespace: \"data\", database: {one: {}, two: {}, three: {}}}\n")
	for _, a := range applications {
		b.WriteString("\t" + a + "\n")
	}
	w.put("arch.cue", b.String()+"}\n")
}

func application(name string, databases ...string) string {
	var links []string
	for _, d := range databases {
		links = append(links, `"db/`+d+`": {}`)
	}
	return name + `: {kind: "fastapi", namespace: "apps", port: 8080, auth: "api_key", links: {` + strings.Join(links, ", ") + `}}`
}

// start is a command that is ready to run, with its output collected.
func (w *workshop) start(name string, args ...string) (*exec.Cmd, *bytes.Buffer) {
	cmd := exec.CommandContext(w.Context(), name, args...)
	cmd.Dir = w.dir
	cmd.Env = append(os.Environ(), "SOPS_AGE_KEY="+w.key.String(), "HOME="+w.dir, "GIT_CONFIG_NOSYSTEM=1",
		"GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@example.com", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@example.com")
	out := &bytes.Buffer{}
	cmd.Stdout, cmd.Stderr = out, out
	return cmd, out
}

// run demands success, and gives the output.
func (w *workshop) run(name string, args ...string) string {
	w.Helper()
	cmd, out := w.start(name, args...)
	if err := cmd.Run(); err != nil {
		w.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return out.String()
}

// fails demands the exit code 1, and gives the output.
func (w *workshop) fails(name string, args ...string) string {
	w.Helper()
	cmd, out := w.start(name, args...)
	if err := cmd.Run(); err == nil || cmd.ProcessState.ExitCode() != 1 {
		w.Fatalf("%s %v: %v\n%s", name, args, err, out)
	}
	return out.String()
}

// credentials is every secret variable in the dotenv files of a tree, in clear, by "path variable".
func (w *workshop) credentials(out string) map[string]string {
	w.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(filepath.Join(w.dir, out), func(name string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // another build has just removed it: what had to stay is missed by who compares
		}
		if err != nil || d.IsDir() || filepath.Base(filepath.Dir(name)) != "secret" || filepath.Ext(name) != ".env" {
			return err
		}
		relative, _ := filepath.Rel(filepath.Join(w.dir, out), name)
		maps.Copy(all, w.decrypted(filepath.ToSlash(relative), name))
		return nil
	})
	if err != nil {
		w.Fatal(err)
	}
	return all
}

// decrypted opens a dotenv file without a line of platc's own code.
func (w *workshop) decrypted(label, name string) map[string]string {
	w.Helper()
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		w.Fatal(err)
	}
	var key []byte
	lines := map[string]string{}
	for line := range strings.Lines(string(data)) {
		variable, text, _ := strings.Cut(strings.TrimRight(line, "\n"), "=")
		lines[variable] = text
		if strings.HasPrefix(variable, "sops_age__list_") && strings.HasSuffix(variable, "__map_enc") {
			r, err := age.Decrypt(armor.NewReader(strings.NewReader(strings.ReplaceAll(text, `\n`, "\n"))), w.key)
			if err != nil {
				w.Fatalf("%s: %v", label, err)
			}
			var b bytes.Buffer
			if _, err := b.ReadFrom(r); err != nil {
				w.Fatal(err)
			}
			key = b.Bytes()
		}
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		w.Fatalf("%s: %v", label, err)
	}
	gcm, err := cipher.NewGCMWithNonceSize(block, 32)
	if err != nil {
		w.Fatal(err)
	}
	all := map[string]string{}
	form := regexp.MustCompile(`^ENC\[AES256_GCM,data:(.*),iv:(.*),tag:(.*),type:str\]$`)
	for variable, text := range lines {
		m := form.FindStringSubmatch(text)
		if m == nil || strings.HasPrefix(variable, "sops_") {
			continue
		}
		var parts [3][]byte
		for i := range parts {
			if parts[i], err = base64.StdEncoding.DecodeString(m[i+1]); err != nil {
				w.Fatal(err)
			}
		}
		plain, err := gcm.Open(nil, parts[1], append(parts[0], parts[2]...), []byte(variable+":"))
		if err != nil {
			w.Fatalf("%s %s: %v", label, variable, err)
		}
		all[label+" "+variable] = string(plain)
	}
	return all
}

// keeps demands that every credential of before is there as it was.
func keeps(t testing.TB, what string, before, after map[string]string) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(before)) {
		if strings.HasSuffix(name, "_2_PASSWORD") || strings.HasSuffix(name, "PREVIOUS_PASSWORD") {
			continue // of a login that nobody uses: only the server has it
		}
		old, is := before[name], after[name]
		// a list of records grows with the links; each old record stays
		for record := range strings.SplitSeq(old, ";") {
			if !slices.Contains(strings.Split(is, ";"), record) {
				t.Errorf("%s: %s changed", what, name)
			}
		}
	}
}

// Two branches that each add links are merged with git: after taking either side for the output directory a build makes the tree of the
// merged architecture, with every credential of the base and of both branches that one end still has.
func TestBothSidesOfAMergeRebuild(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("no git")
	}
	for _, side := range []string{"--ours", "--theirs"} {
		t.Run(side, func(t *testing.T) {
			t.Parallel()
			w := newWorkshop(t)
			w.put(".gitattributes", "arch.cue merge\n")
			w.run("git", "init", "-q", "-b", "main")
			w.arch(application("a", "one"), application("b", "one"))
			w.run("platc", "build", "--new-secrets")
			commit := func(message string) {
				w.run("git", "add", "-A")
				w.run("git", "commit", "-q", "-m", message)
			}
			commit("base")
			base := w.credentials("out")
			w.run("git", "checkout", "-q", "-b", "branch")
			w.arch(application("a", "one"), application("b", "one", "two"), application("d", "three"))
			w.run("platc", "build")
			commit("theirs")
			theirs := w.credentials("out")
			w.run("git", "checkout", "-q", "main")
			w.arch(application("a", "one", "two"), application("b", "one"), application("c", "three"))
			w.run("platc", "build")
			commit("ours")
			ours := w.credentials("out")

			if text := w.fails("git", "merge", "-q", "branch"); !strings.Contains(text, "CONFLICT") {
				t.Fatalf("no conflict: %s", text)
			}
			w.arch(application("a", "one", "two"), application("b", "one", "two"), application("c", "three"), application("d", "three"))
			for _, name := range []string{"out/.platc/manifest.json", "out/db/k8s/deploy/base/secret/postgresql.env"} {
				if data, err := os.ReadFile(filepath.Join(w.dir, name)); err != nil || bytes.Contains(data, []byte("<<<<<<<")) {
					t.Errorf("%s has marks of the merge, in spite of .gitattributes: %v", name, err)
				}
			}
			if text := w.fails("platc", "build"); !strings.Contains(text, "git checkout --ours -- out") || strings.Contains(text, "elete") {
				t.Errorf("the way out is not named: %s", text)
			}
			w.run("git", "checkout", side, "--", "out")
			text := w.run("platc", "build")
			if strings.Contains(text, "new:") {
				t.Errorf("credentials were drawn anew: %s", text)
			}
			merged := w.credentials("out")
			keeps(t, "base", base, merged)
			keeps(t, "theirs", theirs, merged)
			keeps(t, "ours", ours, merged)
			w.run("platc", "build", "--check")
			commit("merged")
			for name, text := range merged {
				if strings.HasSuffix(name, " POSTGRES_DATABASES") && strings.Contains(text, "::") {
					t.Errorf("%s: an empty field", name)
				}
			}
		})
	}
}
