package stock_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/emit"
	"platc.dev/platc/emit/secrets"
)

// vault is as much of Vault's transit engine as sops uses. It counts what it is asked.
func vault(t *testing.T) (address string, asked *atomic.Int64) {
	t.Helper()
	asked = &atomic.Int64{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		var in struct{ Plaintext, Ciphertext string }
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil || r.Header.Get("X-Vault-Token") != "token" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		data := map[string]string{}
		switch r.URL.Path {
		case "/v1/transit/encrypt/team":
			data["ciphertext"] = "vault:v1:" + in.Plaintext
		case "/v1/transit/decrypt/team":
			data["plaintext"] = strings.TrimPrefix(in.Ciphertext, "vault:v1:")
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"data": data})
	}))
	t.Cleanup(server.Close)
	return server.URL, asked
}

// Keys that age does not have go through the program, for both forms of files, with and without a key of age beside them.
func TestKeysOfVaultGoThroughTheProgram(t *testing.T) {
	program := stock(t)
	t.Setenv("PATH", filepath.Dir(program)+string(filepath.ListSeparator)+os.Getenv("PATH"))
	t.Setenv("VAULT_TOKEN", "token")
	t.Setenv("HOME", t.TempDir())
	address, asked := vault(t)
	key := newKey(t)
	for name, age := range map[string]string{"vault alone": "", "with age": "    age: " + key.Recipient().String() + "\n"} {
		arch := t.TempDir()
		rule := "creation_rules:\n  - path_regex: ^out/\n    hc_vault_transit_uri: " + address + "/v1/transit/keys/team\n" + age
		if err := os.WriteFile(filepath.Join(arch, ".sops.yaml"), []byte(rule), 0o600); err != nil {
			t.Fatal(err)
		}
		files, written := tree{}, map[string]emit.Written{}
		build := func(host string) []diag.Diagnostic {
			t.Helper()
			o := files.options(secrets.Options{}, arch)
			o.Env = nil
			o.Written = func(path string) (emit.Written, bool) { w, ok := written[path]; return w, ok }
			findings := &diag.List{}
			made, devKey, err := secrets.Encrypt(inputs(host), o, findings)
			if err != nil || devKey != nil {
				t.Fatal(err, devKey)
			}
			for _, f := range made {
				files[f.Path] = f.Data
				written[f.Path] = emit.Written{SHA256: sum(f.Data), Marks: f.Marks}
			}
			return findings.Sorted()
		}
		open := func() map[string]string {
			t.Helper()
			plain := map[string]string{}
			folder := files.write(t)
			for path := range files {
				if path != ".sops.yaml" {
					plain[path] = string(sopsWith(t, folder, "VAULT_TOKEN=token", "decrypt", filepath.FromSlash(path)))
				}
			}
			return plain
		}
		if found := build("one"); len(found) > 0 {
			t.Fatalf("%s: %+v", name, found)
		}
		first, before := open(), maps.Clone(files)
		if found := build("one"); len(found) > 0 || !maps.EqualFunc(files, before, slices.Equal) {
			t.Errorf("%s: nothing changed, and files did: %+v", name, found)
		}
		if found := build("two"); len(found) > 0 {
			t.Fatalf("%s: %+v", name, found)
		}
		if got := open()[cloudEnv]; got != strings.Replace(first[cloudEnv], "POSTGRES_HOST=one", "POSTGRES_HOST=two", 1) {
			t.Errorf("%s: more than the host changed:\n%s", name, got)
		}
		if string(files[dbEnv]) != string(before[dbEnv]) {
			t.Errorf("%s: a file changed that has no host", name)
		}
		// By the rules of the output a user's sops makes the same keys.
		folder := files.write(t)
		sopsWith(t, folder, "VAULT_TOKEN=token", "set", filepath.FromSlash(dbEnv), `["POSTGRES_PASSWORD"]`, `"by-hand"`)
		files[dbEnv] = read(t, folder, dbEnv)
		if found := build("two"); len(found) != 1 || found[0].Code != "E0501" || !strings.Contains(found[0].Message, "POSTGRES_PASSWORD changed") {
			t.Errorf("%s: an edit is not seen: %+v", name, found)
		}
	}
	if asked.Load() == 0 {
		t.Error("Vault was not asked")
	}
}

func TestAFileThatNamesAServerIsNotObeyed(t *testing.T) {
	program := stock(t)
	t.Setenv("PATH", filepath.Dir(program))
	t.Setenv("VAULT_TOKEN", "token")
	address, asked := vault(t)
	key := newKey(t)
	files := tree{dbEnv: sopsWith(t, t.TempDir(), "VAULT_TOKEN=token", "encrypt", "--input-type", "dotenv", "--output-type", "dotenv", "--hc-vault-transit",
		address+"/v1/transit/keys/team", "--filename-override", "x.env", envFile(t))}
	before := asked.Load()
	findings := &diag.List{}
	_, _, err := secrets.Encrypt(inputs("one"), files.options(secrets.Options{Recipients: recipients(key)}, t.TempDir(), key), findings)
	if err != nil || !findings.HasErrors() || findings.Sorted()[0].Code != "E0402" || asked.Load() != before {
		t.Errorf("%v %+v, asked %d times", err, findings.Sorted(), asked.Load()-before)
	}
}

func TestWithoutTheProgramKeysOfCloudsAreE0401(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	arch := t.TempDir()
	rule := "creation_rules:\n  - kms: arn:aws:kms:eu-west-1:1:key/x\n    pgp: [ABC]\n"
	if err := os.WriteFile(filepath.Join(arch, ".sops.yaml"), []byte(rule), 0o600); err != nil {
		t.Fatal(err)
	}
	findings := &diag.List{}
	files, devKey, err := secrets.Encrypt(inputs("one"), tree{}.options(secrets.Options{}, arch), findings)
	all := findings.Sorted()
	if err != nil || files != nil || devKey != nil || len(all) != 1 || all[0].Code != "E0401" || !strings.Contains(all[0].Message, "keys of kms, pgp, which need the program sops") {
		t.Errorf("%v %+v", err, all)
	}
}

func envFile(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "x.env")
	if err := os.WriteFile(file, []byte("POSTGRES_PASSWORD=x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}
