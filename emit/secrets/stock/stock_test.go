// Package stock_test lets SOPS itself judge the files of emit/secrets: its packages, and its program where it is installed.
// It is a package of its own so that it goes through SOPS's stores, keys and rules as SOPS's command does, and sees nothing of ours but the files.
package stock_test

import (
	"bytes"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/getsops/sops/v3"
	"github.com/getsops/sops/v3/aes"
	sopsage "github.com/getsops/sops/v3/age"
	"github.com/getsops/sops/v3/config"
	"github.com/getsops/sops/v3/stores/dotenv"
	"github.com/getsops/sops/v3/stores/json"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/value"
	"platc.dev/platc/emit/secrets"
)

const (
	cloudEnv    = "orders/k8s/deploy/base/secret/cloud.env"
	dbEnv       = "db/k8s/deploy/base/secret/postgresql.env"
	emptyEnv    = "jobs/k8s/deploy/base/secret/cloud.env"
	definitions = "events/k8s/deploy/base/secret/definitions.json"
	registry    = "orders/k8s/build/base/secret/registry.json"
	expression  = `(?i)(^|_)(DATABASES|BUCKETS|PASSWORD|(API|ADMIN|ACCESS|SECRET)_KEY|TOKEN|BROKER_URL|RESULT_BACKEND)$`
)

// inputs is every kind of file; host is something that changes.
func inputs(host string) []secrets.Input {
	secret := func(id string) value.Value { return value.Secret{ID: id} }
	return []secrets.Input{
		{Path: cloudEnv, Groups: []kind.Group{
			{Comment: "db", Vars: map[string]value.Value{
				"POSTGRES_HOST": value.Literal(host), "POSTGRES_PORT": value.Literal("5432"),
				"POSTGRES_DATABASES": value.Concat{value.Literal("orders:orders_orders:"), secret("orders/db"), value.Literal(":orders")},
			}},
			{Comment: "events", Vars: map[string]value.Value{
				"RABBITMQ_PASSWORD": secret("orders/events"), "RABBITMQ_QUEUES": value.Literal(""), "PGPASSWORD": secret("orders/db"),
				"EMPTY_PASSWORD": value.Literal(""), "BACKSLASH_TOKEN": value.Literal(`a\b`), "UNICODE": value.Literal("ö=#x "),
			}},
		}},
		{Path: dbEnv, Groups: []kind.Group{{Comment: "server", Vars: map[string]value.Value{"ORDERS_ORDERS_PASSWORD": secret("orders/db"), "POSTGRES_PASSWORD": secret("db/admin")}}}},
		{Path: emptyEnv},
		{Path: definitions, JSON: map[string]any{
			"users": []any{
				map[string]any{"name": "b", "password_hash": value.Hash{ID: "b", Algorithm: "salted-sha256", Of: secret("orders/events")}, "tags": []any{}},
				map[string]any{"name": "a<&>", "password_hash": value.Hash{ID: "a", Algorithm: "salted-sha256", Of: secret("orders/db")}, "limits": map[string]any{}},
			},
			"vhosts": []any{map[string]any{"name": "/", "tracing": false, "max": 7, "ratio": 1.5, "none": nil}},
		}},
		{Path: registry, JSON: map[string]any{
			"auths": map[string]any{host: map[string]any{"auth": value.Base64{Of: value.Concat{value.Literal("u:"), secret("orders/db")}}, "email": ""}},
			"n":     1, "big": int64(1) << 60, "f": 0.25, "t": true, "no": false, "nil": nil, "list": []any{"x", "x", 2, []any{}, map[string]any{}},
		}},
	}
}

// tree is an output tree.
type tree map[string][]byte

func (files tree) build(t *testing.T, o secrets.Options, in []secrets.Input, keys ...*age.X25519Identity) {
	t.Helper()
	var private []string
	for _, key := range keys {
		private = append(private, key.String())
	}
	o.Env = func(name string) (string, bool) { return strings.Join(private, "\n"), name == "SOPS_AGE_KEY" }
	o.ArchDir = t.TempDir()
	o.Old = func(name string) ([]byte, error) {
		if data, ok := files[name]; ok {
			return data, nil
		}
		return nil, fs.ErrNotExist
	}
	findings := &diag.List{}
	made, _, err := secrets.Encrypt(in, o, findings)
	if err != nil || len(findings.Sorted()) > 0 {
		t.Fatalf("%v %+v", err, findings.Sorted())
	}
	for _, f := range made {
		files[f.Path] = f.Data
	}
}

// open is every file in plaintext, by SOPS.
func (files tree) open(t *testing.T, key *age.X25519Identity) map[string]string {
	t.Helper()
	plain := map[string]string{}
	for name, data := range files {
		if name != ".sops.yaml" {
			plain[name] = sopsOpen(t, name, data, key)
		}
	}
	return plain
}

func newKey(t *testing.T) *age.X25519Identity {
	t.Helper()
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func recipients(keys ...*age.X25519Identity) []string {
	texts := make([]string, len(keys))
	for i, key := range keys {
		texts[i] = key.Recipient().String()
	}
	return texts
}

func TestSOPSOpensEveryFileAfterEveryChange(t *testing.T) {
	t.Parallel()
	one, two := newKey(t), newKey(t)
	files := tree{}
	files.build(t, secrets.Options{Recipients: recipients(one)}, inputs("one"), one)
	first := files.open(t, one)
	files.build(t, secrets.Options{Recipients: recipients(one)}, inputs("two"), one)
	changed := files.open(t, one)
	for _, name := range []string{dbEnv, emptyEnv, definitions} {
		if changed[name] != first[name] {
			t.Errorf("%s changed", name)
		}
	}
	if changed[cloudEnv] != strings.Replace(first[cloudEnv], "POSTGRES_HOST=one", "POSTGRES_HOST=two", 1) {
		t.Errorf("more than the host changed in\n%s", changed[cloudEnv])
	}
	files.build(t, secrets.Options{Recipients: recipients(one, two)}, inputs("two"), one)
	if !maps.Equal(files.open(t, one), changed) || !maps.Equal(files.open(t, two), changed) {
		t.Error("two recipients: other plaintext")
	}
	files.build(t, secrets.Options{Recipients: recipients(two), Rekey: true}, inputs("two"), one)
	if !maps.Equal(files.open(t, two), changed) {
		t.Error("new data keys: other plaintext")
	}
	files.build(t, secrets.Options{Recipients: recipients(two), Rotate: func(string) bool { return true }}, inputs("two"), two)
	if maps.Equal(files.open(t, two), changed) {
		t.Error("nothing was rotated")
	}
}

func TestFilesOfSOPSAreKeptAndRead(t *testing.T) {
	t.Parallel()
	one, two := newKey(t), newKey(t)
	files := tree{}
	files.build(t, secrets.Options{Recipients: recipients(one, two)}, inputs("one"), one)
	for name, plain := range files.open(t, one) {
		regex := ""
		switch {
		case name == definitions:
			regex = "^password_hash$"
		case path.Ext(name) == ".env":
			regex = expression + "|^(PGPASSWORD)$"
		}
		files[name] = sopsWrite(t, name, plain, regex, two, one)
	}
	before := maps.Clone(files)
	files.build(t, secrets.Options{Recipients: recipients(one, two)}, inputs("one"), two)
	for name, data := range before {
		if !bytes.Equal(files[name], data) {
			t.Errorf("%s was as wanted, but was rewritten:\n%s\n%s", name, data, files[name])
		}
	}
	files = tree{dbEnv: sopsWrite(t, dbEnv, "# server\nORDERS_ORDERS_PASSWORD=from-the-user\nPOSTGRES_PASSWORD=Old0\n", expression, one)}
	files.build(t, secrets.Options{Recipients: recipients(one)}, inputs("one"), one)
	if plain := files.open(t, one); !strings.Contains(plain[cloudEnv], "POSTGRES_DATABASES=orders:orders_orders:from-the-user:orders\n") {
		t.Errorf("the application has\n%s", plain[cloudEnv])
	}
}

func TestConfigurationFitsEveryFile(t *testing.T) {
	t.Parallel()
	one, two := newKey(t), newKey(t)
	files := tree{}
	files.build(t, secrets.Options{Recipients: recipients(one, two)}, inputs("one"), one)
	folder := files.write(t)
	for name := range files {
		if name == ".sops.yaml" {
			continue
		}
		c, err := config.LoadCreationRuleForFile(filepath.Join(folder, ".sops.yaml"), filepath.Join(folder, name), nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		loaded, err := storeFor(name).LoadEncryptedFile(files[name])
		if err != nil {
			t.Fatal(err)
		}
		var have []string
		for _, key := range c.KeyGroups[0] {
			have = append(have, key.ToString())
		}
		slices.Sort(have)
		want := recipients(one, two)
		slices.Sort(want)
		if c.EncryptedRegex != loaded.Metadata.EncryptedRegex || !slices.Equal(have, want) {
			t.Errorf("%s: %q for %v", name, c.EncryptedRegex, have)
		}
	}
}

// write puts the files on disk.
func (files tree) write(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	for name, data := range files {
		file := filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// varying is what differs each time a file is encrypted.
var varying = regexp.MustCompile(`AES256_GCM,[^]]*|(lastmodified"?[=:]).*|(enc"?[=:]).*`)

func TestStockProgram(t *testing.T) {
	t.Parallel()
	program, err := exec.LookPath("sops")
	if err != nil {
		t.Skip("the program sops is not installed")
	}
	key := newKey(t)
	files := tree{}
	files.build(t, secrets.Options{Recipients: recipients(key)}, inputs("one"), key)
	plain := files.open(t, key)
	folder := files.write(t)
	sops := func(arguments ...string) string {
		t.Helper()
		cmd := exec.Command(program, arguments...)
		cmd.Dir = folder
		cmd.Env = append(os.Environ(), "SOPS_AGE_KEY="+key.String(), "SOPS_DISABLE_VERSION_CHECK=1")
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("sops %v: %v", arguments, err)
		}
		return string(out)
	}
	read := func(name string) []byte {
		t.Helper()
		data, err := os.ReadFile(filepath.Join(folder, filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	for name, want := range plain {
		file := filepath.FromSlash(name)
		if got := sops("-d", file); got != want {
			t.Errorf("%s: sops reads\n%s\nnot\n%s", name, got, want)
		}
		// Who encrypts a file again by .sops.yaml gets the same lines in clear.
		sops("-d", "-i", file)
		sops("-e", "-i", file)
		if got := read(name); varying.ReplaceAllString(string(got), "") != varying.ReplaceAllString(string(files[name]), "") {
			t.Errorf("%s: by .sops.yaml it becomes\n%s\nnot\n%s", name, got, files[name])
		}
	}
	// A password that a user sets with sops stays, on both sides.
	sops("set", filepath.FromSlash(dbEnv), `["ORDERS_ORDERS_PASSWORD"]`, `"chosen-by-hand"`)
	delete(files, cloudEnv)
	files[dbEnv] = read(dbEnv)
	files.build(t, secrets.Options{Recipients: recipients(key)}, inputs("one"), key)
	if !bytes.Equal(files[dbEnv], read(dbEnv)) {
		t.Error("a file that is still as wanted was rewritten")
	}
	if !strings.Contains(files.open(t, key)[cloudEnv], ":chosen-by-hand:") {
		t.Error("the password of the user is lost")
	}
}

// sopsOpen decrypts with SOPS's own packages, message authentication code and all, and writes the plaintext as its store does.
func sopsOpen(t *testing.T, name string, data []byte, key *age.X25519Identity) string {
	t.Helper()
	store := storeFor(name)
	tree, err := store.LoadEncryptedFile(data)
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, data)
	}
	if again, err := store.EmitEncryptedFile(tree); err != nil || !bytes.Equal(again, data) {
		t.Errorf("%s: the store writes it in another way: %v\n%s\n%s", name, err, again, data)
	}
	var dataKey []byte
	for _, master := range tree.Metadata.KeyGroups[0] {
		m := master.(*sopsage.MasterKey)
		sopsage.ParsedIdentities{key}.ApplyToMasterKey(m)
		if opened, err := m.Decrypt(); err == nil {
			dataKey = opened
		}
	}
	if dataKey == nil {
		t.Fatalf("%s: the key does not open it", name)
	}
	c := aes.NewCipher()
	mac, err := tree.Decrypt(dataKey, c)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	want, err := c.Decrypt(tree.Metadata.MessageAuthenticationCode, dataKey, tree.Metadata.LastModified.Format(time.RFC3339))
	if err != nil || want != mac {
		t.Fatalf("%s: the code does not fit: %v", name, err)
	}
	plain, err := store.EmitPlainFile(tree.Branches)
	if err != nil {
		t.Fatal(err)
	}
	return string(plain)
}

func storeFor(name string) sops.Store {
	stores := config.NewStoresConfig()
	if path.Ext(name) == ".json" {
		return json.NewStore(&stores.JSON)
	}
	return dotenv.NewStore(&stores.Dotenv)
}

// sopsWrite encrypts with SOPS's own packages, as its command does.
func sopsWrite(t *testing.T, name, plain, encryptedRegex string, keys ...*age.X25519Identity) []byte {
	t.Helper()
	store := storeFor(name)
	branches, err := store.LoadPlainFile([]byte(plain))
	if err != nil {
		t.Fatal(err)
	}
	tree := sops.Tree{Branches: branches, Metadata: sops.Metadata{EncryptedRegex: encryptedRegex, Version: "3.13.3"}}
	if encryptedRegex == "" {
		tree.Metadata.UnencryptedSuffix = sops.DefaultUnencryptedSuffix
	}
	group := sops.KeyGroup{}
	for _, key := range keys {
		master, err := sopsage.MasterKeyFromRecipient(key.Recipient().String())
		if err != nil {
			t.Fatal(err)
		}
		group = append(group, master)
	}
	tree.Metadata.KeyGroups = []sops.KeyGroup{group}
	dataKey, errs := tree.GenerateDataKey()
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	c := aes.NewCipher()
	mac, err := tree.Encrypt(dataKey, c)
	if err != nil {
		t.Fatal(err)
	}
	tree.Metadata.LastModified = time.Date(2025, 6, 7, 8, 9, 10, 0, time.UTC)
	tree.Metadata.MessageAuthenticationCode, err = c.Encrypt(mac, dataKey, tree.Metadata.LastModified.Format(time.RFC3339))
	if err != nil {
		t.Fatal(err)
	}
	data, err := store.EmitEncryptedFile(tree)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
