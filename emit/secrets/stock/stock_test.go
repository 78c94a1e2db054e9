// Package stock_test holds the files of emit/secrets equal to those of the program sops, both ways.
// It is a package of its own so that it sees nothing of ours but the files.
package stock_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"filippo.io/age"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/value"
	"platc.dev/platc/emit"
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
	for _, f := range files.encrypt(t, o, in, keys...) {
		files[f.Path] = f.Data
	}
}

func (files tree) encrypt(t *testing.T, o secrets.Options, in []secrets.Input, keys ...*age.X25519Identity) []emit.File {
	t.Helper()
	findings := &diag.List{}
	made, _, err := secrets.Encrypt(in, files.options(o, t.TempDir(), keys...), findings)
	if err != nil || len(findings.Sorted()) > 0 {
		t.Fatalf("%v %+v", err, findings.Sorted())
	}
	return made
}

// options adds the tree, the private keys and an empty folder of arch.cue.
func (files tree) options(o secrets.Options, folder string, keys ...*age.X25519Identity) secrets.Options {
	var private []string
	for _, key := range keys {
		private = append(private, key.String())
	}
	o.Env = func(name string) (string, bool) { return strings.Join(private, "\n"), name == "SOPS_AGE_KEY" }
	o.ArchDir = folder
	o.Old = func(name string) ([]byte, error) {
		if data, ok := files[name]; ok {
			return data, nil
		}
		return nil, fs.ErrNotExist
	}
	return o
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

func TestConfigurationMakesTheSameFiles(t *testing.T) {
	t.Parallel()
	one, two := newKey(t), newKey(t)
	files := tree{}
	files.build(t, secrets.Options{Recipients: recipients(one, two)}, inputs("one"), one)
	folder := files.write(t)
	for name := range files {
		if name == ".sops.yaml" {
			continue
		}
		file := filepath.FromSlash(name)
		sops(t, folder, one, nil, "decrypt", "--in-place", file)
		sops(t, folder, one, nil, "encrypt", "--in-place", file)
		if got := read(t, folder, name); varying.ReplaceAllString(string(got), "") != varying.ReplaceAllString(string(files[name]), "") {
			t.Errorf("%s: by .sops.yaml it becomes\n%s\nnot\n%s", name, got, files[name])
		}
	}
}

func TestAPasswordThatIsSetWithSOPSStaysOnBothSides(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	files := tree{}
	files.build(t, secrets.Options{Recipients: recipients(key)}, inputs("one"), key)
	folder := files.write(t)
	sops(t, folder, key, nil, "set", filepath.FromSlash(dbEnv), `["ORDERS_ORDERS_PASSWORD"]`, `"chosen-by-hand"`)
	delete(files, cloudEnv)
	files[dbEnv] = read(t, folder, dbEnv)
	files.build(t, secrets.Options{Recipients: recipients(key)}, inputs("one"), key)
	if !bytes.Equal(files[dbEnv], read(t, folder, dbEnv)) {
		t.Error("a file that is still as wanted was rewritten")
	}
	if !strings.Contains(files.open(t, key)[cloudEnv], ":chosen-by-hand:") {
		t.Error("the password of the user is lost")
	}
}

// TestEditsWithSOPS lets the program change a file that is recorded: what it changed is named, and what it only encrypted anew is accepted.
func TestEditsWithSOPS(t *testing.T) {
	t.Parallel()
	key, second := newKey(t), newKey(t)
	file := filepath.FromSlash(dbEnv)
	for want, arguments := range map[string][]string{
		"POSTGRES_PASSWORD changed":      {"set", file, `["POSTGRES_PASSWORD"]`, `"by-hand"`},
		"ORDERS_ORDERS_PASSWORD changed": {"set", file, `["ORDERS_ORDERS_PASSWORD"]`, `"by-hand"`},
		"SECRET_KEY was added":           {"set", file, `["SECRET_KEY"]`, `"by-hand"`},
		"POSTGRES_PASSWORD is gone":      {"unset", file, `["POSTGRES_PASSWORD"]`},
		second.Recipient().String():      {"rotate", "--in-place", "--add-age", second.Recipient().String(), file},
		"":                               {"rotate", "--in-place", file},
	} {
		files, written := tree{}, map[string]emit.Written{}
		o := secrets.Options{Recipients: recipients(key)}
		for _, f := range files.encrypt(t, o, inputs("one"), key) {
			files[f.Path], written[f.Path] = f.Data, emit.Written{SHA256: sum(f.Data), Marks: f.Marks}
		}
		folder := files.write(t)
		sops(t, folder, key, nil, arguments...)
		files[dbEnv] = read(t, folder, dbEnv)
		o.Written = func(path string) (emit.Written, bool) { w, ok := written[path]; return w, ok }
		findings := &diag.List{}
		_, _, err := secrets.Encrypt(inputs("one"), files.options(o, t.TempDir(), key), findings)
		if err != nil {
			t.Fatal(err)
		}
		all := findings.Sorted()
		if want == "" && len(all) > 0 || want != "" && (len(all) != 1 || all[0].Code != "E0501" || !strings.Contains(all[0].Message, want)) {
			t.Errorf("sops %v: %+v", arguments, all)
		}
	}
}

// TestAnyDocument holds both sides equal for values that no kind has, so that none can have one that differs.
func TestAnyDocument(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(11, 12))
	key := newKey(t)
	document := map[string]any{}
	for i := range 60 {
		document[fmt.Sprintf("k%d", i)] = randomValue(random, 0)
	}
	in := []secrets.Input{{Path: registry, JSON: document}}
	files := tree{}
	files.build(t, secrets.Options{Recipients: recipients(key)}, in, key)
	plain := sopsOpen(t, registry, files[registry], key)
	want, err := json.MarshalIndent(document, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	if plain != string(want)+"\n" {
		t.Errorf("sops reads\n%s\nnot\n%s", plain, want)
	}
	theirs := sopsWrite(t, registry, plain, "", key)
	again := tree{registry: theirs}
	again.build(t, secrets.Options{Recipients: recipients(key)}, in, key)
	if !bytes.Equal(again[registry], theirs) {
		t.Errorf("the file of sops is read as another:\n%s\n%s", theirs, again[registry])
	}
}

func randomValue(random *rand.Rand, depth int) any {
	if depth < 4 {
		switch random.IntN(4) {
		case 0:
			m := map[string]any{}
			for i := range random.IntN(4) {
				m[fmt.Sprintf("a<%d>&\u00e9", i)] = randomValue(random, depth+1)
			}
			return m
		case 1:
			l := []any{}
			for range random.IntN(4) {
				l = append(l, randomValue(random, depth+1))
			}
			return l
		}
	}
	switch random.IntN(6) {
	case 0:
		return random.IntN(1<<40) - 1<<39
	case 1:
		return float64(random.IntN(1<<20)) / 64
	case 2:
		return random.IntN(2) == 0
	case 3:
		return nil
	}
	var text strings.Builder
	for range random.IntN(12) {
		text.WriteString([]string{"a", "\n", "\\", "\"", "ö", "<", "\u2028", "%", "=", "ENC[", ":", "\t", " "}[random.IntN(13)])
	}
	return text.String()
}

// stock is the program sops: the one that is installed, or the one that the end-to-end suites built.
func stock(t *testing.T) string {
	t.Helper()
	if program, err := exec.LookPath("sops"); err == nil {
		return program
	}
	if folder, err := exec.Command("../../../e2e/binaries/build.sh", "--where", "sops").Output(); err == nil {
		program := filepath.Join(strings.TrimSpace(string(folder)), "sops")
		if _, err := os.Stat(program); err == nil {
			return program
		}
	}
	t.Skip("the program sops is not there: e2e/binaries/build.sh sops makes it")
	return ""
}

// sops runs the program in a folder. Nothing of the user's machine reaches it.
func sops(t *testing.T, folder string, key *age.X25519Identity, stdin []byte, arguments ...string) []byte {
	t.Helper()
	return run(t, folder, "SOPS_AGE_KEY="+key.String(), stdin, arguments...)
}

// sopsWith runs the program with another key.
func sopsWith(t *testing.T, folder, variable string, arguments ...string) []byte {
	t.Helper()
	return run(t, folder, variable, nil, arguments...)
}

func run(t *testing.T, folder, variable string, stdin []byte, arguments ...string) []byte {
	t.Helper()
	cmd := exec.Command(stock(t), arguments...)
	cmd.Dir, cmd.Stdin = folder, bytes.NewReader(stdin)
	cmd.Env = []string{variable, "SOPS_DISABLE_VERSION_CHECK=1", "HOME=" + folder}
	var problems bytes.Buffer
	cmd.Stderr = &problems
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("sops %v: %v\n%s", arguments, err, problems.String())
	}
	return out
}

func read(t *testing.T, folder, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(folder, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func sum(data []byte) string {
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}

func storeFor(name string) string {
	if path.Ext(name) == ".json" {
		return "json"
	}
	return "dotenv"
}

// sopsOpen decrypts a file, message authentication code and all.
func sopsOpen(t *testing.T, name string, data []byte, key *age.X25519Identity) string {
	t.Helper()
	return string(sops(t, t.TempDir(), key, data, "decrypt", "--input-type", storeFor(name), "--output-type", storeFor(name), "/dev/stdin"))
}

// sopsWrite encrypts a file.
func sopsWrite(t *testing.T, name, plain, encryptedRegex string, keys ...*age.X25519Identity) []byte {
	t.Helper()
	arguments := []string{"encrypt", "--input-type", storeFor(name), "--output-type", storeFor(name), "--age", strings.Join(recipients(keys...), ",")}
	if encryptedRegex != "" {
		arguments = append(arguments, "--encrypted-regex", encryptedRegex)
	}
	return sops(t, t.TempDir(), keys[0], []byte(plain), append(arguments, "--filename-override", name, "/dev/stdin")...)
}
