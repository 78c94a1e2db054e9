package secrets_test

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"filippo.io/age"

	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/value"
	"platc.dev/platc/emit"
	"platc.dev/platc/emit/secrets"
)

// recorded is a world with a record of what was written.
func recorded(t *testing.T, inputs []secrets.Input, keys ...*age.X25519Identity) *world {
	t.Helper()
	w := newWorld(t, keys...)
	files, _, findings := w.run(inputs...)
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	w.write(files)
	w.record(files)
	return w
}

func (w *world) record(files []emit.File) {
	written := map[string]emit.Written{}
	for _, f := range files {
		sum := sha256.Sum256(f.Data)
		written[f.Path] = emit.Written{SHA256: hex.EncodeToString(sum[:]), Marks: f.Marks}
	}
	w.options.Written = func(path string) (emit.Written, bool) { e, ok := written[path]; return e, ok }
}

func (w *world) edit(name string, key *age.X25519Identity, set map[string]string, rotate bool, to ...string) {
	w.t.Helper()
	data, err := secrets.Edit(name, w.files[name], key.String(), set, rotate, to...)
	if err != nil {
		w.t.Fatal(err)
	}
	w.files[name] = data
}

func TestWhatWasEditedWithSOPSIsNamed(t *testing.T) {
	t.Parallel()
	key, stranger := newKey(t), newKey(t)
	for name, c := range map[string]struct {
		edit func(w *world)
		want string
	}{
		"a value that only this file has": {
			func(w *world) { w.edit(dbEnv, key, map[string]string{"POSTGRES_PASSWORD": "hunter2"}, false) },
			dbEnv + " has been edited since platc wrote it: POSTGRES_PASSWORD changed\n",
		},
		"a value of one end": {
			func(w *world) { w.edit(dbEnv, key, map[string]string{"ORDERS_ORDERS_PASSWORD": "hunter2"}, false) },
			dbEnv + " has been edited since platc wrote it: ORDERS_ORDERS_PASSWORD changed\n",
		},
		"a value of one end, with a new data key": {
			func(w *world) { w.edit(dbEnv, key, map[string]string{"ORDERS_ORDERS_PASSWORD": "hunter2"}, true) },
			dbEnv + " has been edited since platc wrote it: ORDERS_ORDERS_PASSWORD changed\n",
		},
		"a value that was added":    {func(w *world) { w.edit(cloudEnv, key, map[string]string{"SECRET_KEY": "hunter2"}, false) }, cloudEnv + " has been edited since platc wrote it: SECRET_KEY was added\n"},
		"added with a new data key": {func(w *world) { w.edit(cloudEnv, key, map[string]string{"SECRET_KEY": "hunter2"}, true) }, cloudEnv + " has been edited since platc wrote it: SECRET_KEY was added\n"},
		"a value that was removed":  {func(w *world) { w.edit(cloudEnv, key, map[string]string{"API_KEY": ""}, false) }, cloudEnv + " has been edited since platc wrote it: API_KEY is gone\n"},
		"a clear value":             {func(w *world) { w.edit(cloudEnv, key, map[string]string{"POSTGRES_HOST": "evil"}, false) }, cloudEnv + " has been edited since platc wrote it: POSTGRES_HOST changed\n"},
		"a recipient": {func(w *world) {
			w.edit(dbEnv, key, nil, false, key.Recipient().String(), stranger.Recipient().String())
		}, "it is encrypted to " + stranger.Recipient().String() + ", which is not configured\n"},
		"a plaintext for a ciphertext": {func(w *world) { w.replace(dbEnv, `POSTGRES_PASSWORD=ENC.*`, "POSTGRES_PASSWORD=hunter2") }, dbEnv + " has been edited since platc wrote it: POSTGRES_PASSWORD is in plain text\n"},
		"the code": {func(w *world) {
			w.replace(dbEnv, `sops_mac=ENC\[AES256_GCM,data:....`, "sops_mac=ENC[AES256_GCM,data:AAAA")
		}, "its message authentication code does not match\n"},
		"the time": {func(w *world) { w.replace(dbEnv, `sops_lastmodified=2026`, "sops_lastmodified=2025") }, "its message authentication code does not match\n"},
		"a ciphertext": {func(w *world) {
			w.replace(dbEnv, `POSTGRES_PASSWORD=ENC\[AES256_GCM,data:....`, "POSTGRES_PASSWORD=ENC[AES256_GCM,data:AAAA")
		}, "POSTGRES_PASSWORD cannot be decrypted\n"},
		"a clear line in an editor": {func(w *world) { w.replace(cloudEnv, `POSTGRES_PORT=5432`, "POSTGRES_PORT=5433") }, "POSTGRES_PORT changed\n"},
		"a comment":                 {func(w *world) { w.replace(cloudEnv, `^`, "# mine\n") }, "# mine was added\n"},
		"a foreign key":             {func(w *world) { w.replace(cloudEnv, `sops_version`, "sops_pgp__list_0__map_fp=ABC\nsops_version") }, "it is encrypted to pgp ABC, and other keys are configured\n"},
		"another file altogether":   {func(w *world) { w.files[dbEnv] = []byte("hello") }, "it is no longer a SOPS file\n"},
		"a file that is gone":       {func(w *world) { delete(w.files, dbEnv) }, dbEnv + " has been deleted since platc wrote it, and no other file has POSTGRES_PASSWORD\n"},
		"a value of a JSON document": {func(w *world) {
			w.replace(rabbit, `"password_hash": "ENC\[AES256_GCM,data:....`, `"password_hash": "ENC[AES256_GCM,data:AAAA`)
		}, "users[0].password_hash cannot be decrypted, users[1].password_hash cannot be decrypted\n"},
	} {
		w := recorded(t, shop("orders"), key)
		before := w.opened(key)
		c.edit(w)
		text := w.fails("E0501", shop("orders")...)
		if !strings.Contains(text, c.want) || strings.Contains(text, "hunter2") || strings.Contains(text, "delete it") {
			t.Errorf("%s: %s", name, text)
		}
		w.options.Force = true
		files, _, findings := w.run(shop("orders")...)
		if strings.Contains(c.want, "cannot be decrypted") && strings.Contains(c.want, "POSTGRES_PASSWORD") || name == "another file altogether" {
			if len(findings) == 0 || findings[0].Code != "E0402" || strings.Contains(findings[0].Help, "delete it") {
				t.Errorf("%s, by force: %+v", name, findings)
			}
			continue
		}
		if len(findings) > 0 {
			t.Errorf("%s, by force: %+v", name, findings)
			continue
		}
		listed := false
		for _, f := range files {
			listed = listed || len(f.Edited) > 0
		}
		w.write(files)
		if after := w.opened(key); !listed || !maps.Equal(before, after) && !onlyHere.MatchString(c.want) {
			t.Errorf("%s: by force it is not as before, or not listed (%v)", name, listed)
		}
	}
}

// onlyHere is what no other file can tell, and a hash, which gets a new salt.
var onlyHere = regexp.MustCompile("POSTGRES_PASSWORD|API_KEY|password_hash")

func (w *world) replace(name, expr, by string) {
	w.t.Helper()
	text := string(w.files[name])
	edited := regexp.MustCompile("(?m)"+expr).ReplaceAllLiteralString(text, by)
	if strings.HasPrefix(expr, "^") {
		edited = by + text
	}
	if edited == text {
		w.t.Fatalf("nothing to edit in %s", name)
	}
	w.files[name] = []byte(edited)
}

func TestWhatIsNoEditIsAccepted(t *testing.T) {
	t.Parallel()
	key, second := newKey(t), newKey(t)
	for name, change := range map[string]func(w *world){
		"nothing":                      func(*world) {},
		"encrypted again":              func(w *world) { w.edit(dbEnv, key, nil, true) },
		"encrypted again, a JSON file": func(w *world) { w.edit(rabbit, key, nil, true) },
		"sops updatekeys, recipients in arch.cue": func(w *world) {
			w.options.Recipients = append(w.options.Recipients, second.Recipient().String())
			w.edit(dbEnv, key, nil, false, key.Recipient().String(), second.Recipient().String())
		},
		"a file that others have the values of": func(w *world) { delete(w.files, workerEnv) },
		"no private key":                        func(w *world) { w.env["SOPS_AGE_KEY"] = "" },
	} {
		w := recorded(t, shop("orders"), key)
		before := w.opened(key)
		change(w)
		w.build(shop("orders")...)
		if !maps.Equal(before, w.opened(key)) {
			t.Errorf("%s: other values", name)
		}
	}
}

func TestWithoutAKeyTheSumSaysThatAFileWasEdited(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	w := recorded(t, shop("orders"), key)
	w.edit(dbEnv, key, map[string]string{"POSTGRES_PASSWORD": "hunter2"}, false)
	w.env["SOPS_AGE_KEY"] = ""
	text := w.fails("E0501", shop("orders")...)
	if !strings.Contains(text, dbEnv+" has been edited since platc wrote it") || strings.Contains(text, "POSTGRES_PASSWORD") {
		t.Error(text)
	}
}

func TestAMergeIsNoEdit(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	base := recorded(t, shop("orders"), key)
	branch := func(names ...string) *world {
		w := newWorld(t, key)
		w.files, w.options.Written = maps.Clone(base.files), base.options.Written
		files, _, findings := w.run(shop(names...)...)
		if len(findings) > 0 {
			t.Fatal(findings)
		}
		w.write(files)
		w.record(files)
		return w
	}
	ours, theirs := branch("orders", "ours"), branch("orders", "theirs")
	check := func(what string, files map[string][]byte, record *world, names ...string) {
		w := newWorld(t, key)
		w.files, w.options.Written = files, record.options.Written
		w.build(shop(names...)...)
		plain := variables(w.opened(key)[dbEnv])
		for _, name := range []string{"POSTGRES_PASSWORD", "ORDERS_ORDERS_PASSWORD"} {
			if plain[name] != variables(base.opened(key)[dbEnv])[name] {
				t.Errorf("%s: %s was lost", what, name)
			}
		}
	}
	// Every file is in conflict, and git gives those of one side, and its record.
	check("ours", maps.Clone(ours.files), ours, "orders", "ours", "theirs")
	check("theirs", maps.Clone(theirs.files), theirs, "orders", "ours", "theirs")
	// Only the record is in conflict: what one side alone changed is taken from there, whichever record stays.
	for _, side := range []*world{base, theirs} {
		check("files of theirs", maps.Clone(theirs.files), side, "orders", "theirs")
	}
	mixed := maps.Clone(base.files)
	mixed[cloudEnv] = theirs.files[cloudEnv]
	check("one file of theirs", mixed, base, "orders", "theirs")
	// A side that removes a link.
	check("removed", maps.Clone(base.files), theirs, "orders")
}

func TestWhatACommandChangesIsNoEdit(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	w := recorded(t, shop("orders"), key)
	w.edit(dbEnv, key, map[string]string{"POSTGRES_PASSWORD": "hunter2"}, false)
	w.options.Rotate = func(id string) bool { return id == "db/admin" }
	w.options.Given = map[string]func() string{"db/admin": func() string { return "chosen" }}
	w.build(shop("orders")...)
	if got := variables(w.opened(key)[dbEnv])["POSTGRES_PASSWORD"]; got != "chosen" {
		t.Error(got)
	}
}

func TestAPlanThatChangesIsNoEdit(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	w := recorded(t, shop("orders", "more"), key)
	w.edit(cloudEnv, key, nil, true)
	w.edit(dbEnv, key, nil, true)
	w.build(shop("orders")...)
	w = recorded(t, shop("orders"), key)
	w.edit(cloudEnv, key, nil, false)
	w.build(shop("orders", "more")...)
}

func TestRecipientsInTheOutputThatNobodyWrote(t *testing.T) {
	t.Parallel()
	key, stranger := newKey(t), newKey(t)
	w := recorded(t, shop("orders"), key)
	w.options.Recipients = nil
	w.build(shop("orders")...)
	w.files[".sops.yaml"] = []byte(strings.ReplaceAll(string(w.files[".sops.yaml"]), key.Recipient().String(), key.Recipient().String()+","+stranger.Recipient().String()))
	for _, sum := range []bool{false, true} { // whoever edits the file may edit the record
		if sum {
			old := w.options.Written
			w.options.Written = func(path string) (emit.Written, bool) {
				if path == ".sops.yaml" {
					sum := sha256.Sum256(w.files[path])
					return emit.Written{SHA256: hex.EncodeToString(sum[:])}, true
				}
				return old(path)
			}
		}
		text := w.fails("E0501", shop("orders")...)
		if !strings.Contains(text, ".sops.yaml has been edited since platc wrote it: "+stranger.Recipient().String()+" was added\n") {
			t.Error(text)
		}
	}
	w.options.Force = true
	w.build(shop("orders")...)
	if strings.Contains(string(w.files[".sops.yaml"])+string(w.files[dbEnv]), stranger.Recipient().String()) {
		t.Error("force encrypts to a stranger")
	}
}

func TestMarksHoldNoSecretAndNoClearText(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	files, _, _ := newWorld(t, key).run(secrets.Input{Path: dbEnv, Groups: []kind.Group{{Vars: map[string]value.Value{"A_PASSWORD": value.Secret{ID: "a"}, "HOST": value.Literal("h")}}}})
	for name, mark := range files[0].Marks {
		if !regexp.MustCompile(`^([0-9a-f]{8}){1,2}$`).MatchString(mark) {
			t.Errorf("%s: %s", name, mark)
		}
	}
}

func TestFilesThatNeverEndAreNotRead(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	w := newWorld(t, key)
	w.build(shop("orders")...)
	out := t.TempDir()
	if err := os.MkdirAll(filepath.Join(out, filepath.Dir(dbEnv)), 0o755); err != nil {
		t.Fatal(err)
	}
	huge, err := os.Create(filepath.Join(out, dbEnv))
	if err != nil {
		t.Fatal(err)
	}
	if err := huge.Truncate(3 << 30); err != nil {
		t.Fatal(err)
	}
	_ = huge.Close()
	folder, err := os.OpenRoot(out)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = folder.Close() })
	w.options.Old = func(name string) ([]byte, error) { return emit.ReadBelow(folder, name) }
	if text := w.fails("E0402", shop("orders")...); !strings.Contains(text, dbEnv+" cannot be read: it is larger than 256 MiB") {
		t.Error(text)
	}
	if err := os.Remove(filepath.Join(out, dbEnv)); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/dev/zero", filepath.Join(w.options.ArchDir, ".sops.yaml")); err != nil {
		t.Skip(err)
	}
	w.options.Recipients = nil
	if text := w.fails("E0401", shop("orders")...); !strings.Contains(text, "not a regular file") {
		t.Error(text)
	}
}
