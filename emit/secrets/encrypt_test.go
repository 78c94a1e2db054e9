package secrets_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/value"
	"platc.dev/platc/emit"
	"platc.dev/platc/emit/secrets"
)

func TestPlaintextIsAsWanted(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	w := newWorld(t, key)
	w.build(shop("orders", "invoices")...)
	plain := w.opened(key)
	vars := variables(plain[cloudEnv])
	password := regexp.MustCompile(`^[A-Za-z0-9]{32}$`)
	for _, name := range []string{"RABBITMQ_PASSWORD"} {
		if !password.MatchString(vars[name]) {
			t.Errorf("%s has not 32 letters and digits", name)
		}
	}
	if !regexp.MustCompile(`^[A-Za-z0-9]{40}$`).MatchString(vars["API_KEY"]) {
		t.Error("API_KEY has not 40 letters and digits")
	}
	db := variables(plain[dbEnv])
	want := fmt.Sprintf(`# orders
API_KEY=%s
# db
POSTGRES_DATABASES=orders:orders_orders:%s:orders;invoices:orders_invoices:%s:invoices
POSTGRES_HOST=db.data.svc.cluster.local
POSTGRES_PORT=5432
POSTGRES_SSLMODE=prefer
# events
RABBITMQ_EXCHANGES=
RABBITMQ_HOST=events.messaging.svc.cluster.local
RABBITMQ_PASSWORD=%s
RABBITMQ_USER=orders_events
# broker
CELERY_BROKER_URL=%s
`, vars["API_KEY"], db["ORDERS_ORDERS_PASSWORD"], db["ORDERS_INVOICES_PASSWORD"], vars["RABBITMQ_PASSWORD"], vars["CELERY_BROKER_URL"])
	if plain[cloudEnv] != want {
		t.Errorf("cloud.env:\n%s\nwant:\n%s", plain[cloudEnv], want)
	}
	if !strings.HasSuffix(plain[cloudEnv], strings.Join(strings.SplitAfter(plain[workerEnv], "\n"), "")) {
		t.Error("the worker has other values than the application")
	}
	if got := plain[registry]; got != "{\n\t\"auths\": {}\n}\n" {
		t.Errorf("registry.json: %s", got)
	}
}

func TestEverySecretIsCiphertextAndTheRestIsClear(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newKey(t))
	w.build(shop("orders")...)
	for name, encrypted := range variables(string(w.files[cloudEnv])) {
		want := slices.Contains([]string{"API_KEY", "POSTGRES_DATABASES", "RABBITMQ_PASSWORD", "CELERY_BROKER_URL", "sops_mac"}, name)
		if got := strings.HasPrefix(encrypted, "ENC["); got != want {
			t.Errorf("%s: encrypted %v", name, got)
		}
	}
	var definitions map[string]any
	if err := json.Unmarshal(w.files[rabbit], &definitions); err != nil {
		t.Fatal(err)
	}
	for _, user := range definitions["users"].([]any) {
		for name, field := range user.(map[string]any) {
			text, _ := field.(string)
			if strings.HasPrefix(text, "ENC[") != (name == "password_hash") {
				t.Errorf("%s: %v", name, field)
			}
		}
	}
}

func TestHashFitsThePasswordOfTheOtherSide(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	w := newWorld(t, key)
	w.build(shop("orders")...)
	plain := w.opened(key)
	for user, password := range map[string]string{
		"admin":         variables(plain[rabbitEnv])["ADMIN_PASSWORD"],
		"orders_events": variables(plain[cloudEnv])["RABBITMQ_PASSWORD"],
	} {
		if !hashFits(t, plain[rabbit], user, password) {
			t.Errorf("the hash of %s is not that of its password", user)
		}
	}
}

// hashOf is the hash of a user in definitions.json.
func hashOf(t *testing.T, definitions, user string) string {
	t.Helper()
	var d struct {
		Users []struct {
			Name string
			Hash string `json:"password_hash"`
		}
	}
	if err := json.Unmarshal([]byte(definitions), &d); err != nil {
		t.Fatal(err)
	}
	for _, u := range d.Users {
		if u.Name == user {
			return u.Hash
		}
	}
	t.Fatalf("no user %s", user)
	return ""
}

func hashFits(t *testing.T, definitions, user, password string) bool {
	t.Helper()
	data, err := base64.StdEncoding.DecodeString(hashOf(t, definitions, user))
	if err != nil || len(data) != 36 {
		t.Fatalf("hash of %s: %v", user, err)
	}
	sum := sha256.Sum256(append(slices.Clone(data[:4]), password...))
	return string(sum[:]) == string(data[4:])
}

func TestSecondBuildKeepsEveryByte(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newKey(t))
	w.build(shop("orders", "invoices")...)
	first := w.copy()
	w.build(shop("orders", "invoices")...)
	if !maps.Equal(first, w.copy()) {
		t.Error("a second build changed something")
	}
}

func TestFilesAreInOrderOfTheInputsWithTheConfigurationLast(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newKey(t))
	inputs := shop("orders")
	files, _, _ := w.run(inputs...)
	if len(files) != len(inputs)+1 {
		t.Fatalf("%d files", len(files))
	}
	for i, in := range inputs {
		f := files[i]
		if f.Path != in.Path || f.Component != in.Component || f.Mode != 0o644 || f.Ownership != emit.State {
			t.Errorf("file %d: %s %s %o %s", i, f.Path, f.Component, f.Mode, f.Ownership)
		}
	}
	last := files[len(inputs)]
	if last.Path != ".sops.yaml" || last.Component != "" || last.Ownership != emit.Generated {
		t.Errorf("last: %+v", last.Path)
	}
}

func TestAChangeShowsOnlyChangedLines(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newKey(t))
	w.build(shop("orders")...)
	first := w.copy()
	w.build(shop("invoices", "orders")...)
	changed := map[string][]string{}
	for name, data := range w.copy() {
		old := strings.Split(first[name], "\n")
		for line := range strings.SplitSeq(data, "\n") {
			if !slices.Contains(old, line) {
				key, _, _ := strings.Cut(line, "=")
				changed[name] = append(changed[name], key)
			}
		}
	}
	want := map[string][]string{
		cloudEnv:  {"POSTGRES_DATABASES", "sops_lastmodified", "sops_mac"},
		workerEnv: {"POSTGRES_DATABASES", "sops_lastmodified", "sops_mac"},
		dbEnv:     {"ORDERS_INVOICES_PASSWORD", "sops_lastmodified", "sops_mac"},
	}
	if fmt.Sprint(changed) != fmt.Sprint(want) {
		t.Errorf("changed: %v", changed)
	}
}

func TestAnyFileIsEnoughToKeepAPassword(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	w := newWorld(t, key)
	w.build(shop("orders", "invoices")...)
	plain := w.opened(key)
	full := maps.Clone(w.files)
	for _, lost := range [][]string{{cloudEnv, workerEnv}, {dbEnv, workerEnv}, {cloudEnv, dbEnv}} {
		w.files = maps.Clone(full)
		for _, name := range lost {
			delete(w.files, name)
		}
		w.build(shop("orders", "invoices")...)
		again := w.opened(key)
		for _, name := range []string{cloudEnv, workerEnv} {
			for _, variable := range []string{"POSTGRES_DATABASES", "RABBITMQ_PASSWORD"} {
				if lost[0] == cloudEnv && lost[1] == workerEnv && variable == "RABBITMQ_PASSWORD" {
					continue // only these two files had it in a form that can be read back
				}
				if variables(again[name])[variable] != variables(plain[name])[variable] {
					t.Errorf("without %v: %s of %s is new", lost, variable, name)
				}
			}
		}
		password := variables(again[cloudEnv])["RABBITMQ_PASSWORD"]
		if !hashFits(t, again[rabbit], "orders_events", password) {
			t.Errorf("without %v: the hash does not fit", lost)
		}
	}
}

func TestRandomChangesOfLinksKeepPasswords(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	random := rand.New(rand.NewPCG(1, 2))
	all := []string{"alpha", "beta", "beta_two", "gamma", "orders", "x"}
	w := newWorld(t, key)
	known := map[string]string{}
	for range 40 {
		var names []string
		for _, name := range all {
			if random.IntN(2) == 0 {
				names = append(names, name)
			}
		}
		random.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		if len(w.files) > 0 && random.IntN(3) == 0 {
			delete(w.files, []string{cloudEnv, dbEnv, workerEnv}[random.IntN(3)])
		}
		inputs := shop(names...)
		random.Shuffle(len(inputs), func(i, j int) { inputs[i], inputs[j] = inputs[j], inputs[i] })
		w.build(inputs...)
		plain := w.opened(key)
		records := map[string]string{}
		for record := range strings.SplitSeq(variables(plain[cloudEnv])["POSTGRES_DATABASES"], ";") {
			if fields := strings.Split(record, ":"); len(fields) == 4 {
				records[fields[0]] = fields[2]
			}
		}
		if len(records) != len(names) {
			t.Fatalf("%d records for %v", len(records), names)
		}
		for name, password := range records {
			if old, ok := known[name]; ok && old != password {
				t.Errorf("%s got another password", name)
			}
			if role := variables(plain[dbEnv])[strings.ToUpper("orders_"+name)+"_PASSWORD"]; role != password {
				t.Errorf("%s differs between the two sides", name)
			}
		}
		known = records // what was removed is forgotten
	}
}

func TestRecordsAreFoundByMostOfTheirFields(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	w := newWorld(t, key)
	list := func(collection, host string, extra bool) secrets.Input {
		c := value.Concat{lit("shop:orders_shop:"), secret("orders/mongo/shop"), lit(":admin:" + collection)}
		if extra {
			c = append(value.Concat{lit("events:orders_events:"), secret("orders/mongo/events"), lit(":admin:events;")}, c...)
		}
		return env(cloudEnv, "orders", group("mongo", map[string]value.Value{
			"MONGODB_DATABASES": c,
			"BROKER_URL":        concat(lit("redis://orders:"), secret("orders/broker"), lit("@"+host+":6379/0")),
		}))
	}
	password := func() (string, string) {
		vars := variables(w.opened(key)[cloudEnv])
		records := strings.Split(vars["MONGODB_DATABASES"], ";")
		return strings.Split(records[len(records)-1], ":")[2], strings.Split(strings.Split(vars["BROKER_URL"], "@")[0], ":")[2]
	}
	w.build(list("shop", "one.example", false))
	record, url := password()
	w.build(list("renamed", "two.example", true))
	if again, _ := password(); again != record {
		t.Error("a changed field lost the password of its record")
	}
	if _, again := password(); again != url {
		t.Error("a changed host lost the password in the URL")
	}
	if first := strings.Split(variables(w.opened(key)[cloudEnv])["MONGODB_DATABASES"], ":")[2]; first == record {
		t.Error("a new record got the password of another")
	}
}

func TestAVariableThatComesToMeanAnotherComponentGetsItsOwnPassword(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	w := newWorld(t, key)
	cache := func(comment, id string) secrets.Input {
		return env(cloudEnv, "orders", group(comment, map[string]value.Value{"REDIS_PASSWORD": secret(id)}))
	}
	users := func(component, id string) secrets.Input {
		return env(component+"/k8s/deploy/base/secret/users.env", component, group("server", map[string]value.Value{"ORDERS_PASSWORD": secret(id)}))
	}
	w.build(cache("first", "orders/first"), users("first", "orders/first"))
	old := variables(w.opened(key)[cloudEnv])["REDIS_PASSWORD"]
	both := env(cloudEnv, "orders",
		group("first", map[string]value.Value{"REDIS_FIRST_PASSWORD": secret("orders/first")}),
		group("second", map[string]value.Value{"REDIS_PASSWORD": secret("orders/second"), "REDIS_SECOND_PASSWORD": secret("orders/second")}))
	w.build(both, users("first", "orders/first"), users("second", "orders/second"))
	vars := variables(w.opened(key)[cloudEnv])
	if vars["REDIS_FIRST_PASSWORD"] != old {
		t.Error("the first cache has another password")
	}
	if vars["REDIS_PASSWORD"] == old || vars["REDIS_PASSWORD"] != vars["REDIS_SECOND_PASSWORD"] {
		t.Error("the second cache has the password of the first")
	}
}

func TestHashesStayWhileTheirPasswordDoes(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	w := newWorld(t, key)
	w.build(shop("orders")...)
	before := w.opened(key)
	inputs := shop("orders")
	definitions := inputs[2].JSON.(map[string]any)
	definitions["users"] = []any{rabbitUser("aaa", "aaa/events"), rabbitUser("admin", "events/admin"), rabbitUser("orders_events", "orders/events")}
	inputs = append(inputs, env("aaa/k8s/deploy/base/secret/cloud.env", "aaa", group("events", map[string]value.Value{"RABBITMQ_PASSWORD": secret("aaa/events")})))
	w.build(inputs...)
	after := w.opened(key)
	for _, user := range []string{"admin", "orders_events"} {
		if hashOf(t, before[rabbit], user) != hashOf(t, after[rabbit], user) {
			t.Errorf("%s has another hash", user)
		}
	}
	w.options.Rotate = func(id string) bool { return id == "orders/events" }
	w.build(inputs...)
	rotated := w.opened(key)
	if hashOf(t, rotated[rabbit], "admin") != hashOf(t, before[rabbit], "admin") {
		t.Error("the hash of a user that was not rotated changed")
	}
	if !hashFits(t, rotated[rabbit], "orders_events", variables(rotated[cloudEnv])["RABBITMQ_PASSWORD"]) {
		t.Error("the hash of the rotated password does not fit")
	}
}

func TestAHashWhosePasswordNobodyHasIsKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newKey(t))
	in := secrets.Input{Path: rabbit, Component: "events", JSON: map[string]any{"users": []any{rabbitUser("lost", "lost")}}}
	w.build(in)
	first := w.copy()
	w.build(in)
	if !maps.Equal(first, w.copy()) {
		t.Error("the hash was drawn again")
	}
}

func TestRotateDrawsBothEndsAnewAndNothingElse(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	w := newWorld(t, key)
	w.build(shop("orders", "invoices")...)
	before := w.opened(key)
	w.options.Rotate = func(id string) bool { return id == "orders/db/database/orders" }
	w.build(shop("orders", "invoices")...)
	after := w.opened(key)
	old, now := variables(before[dbEnv]), variables(after[dbEnv])
	if old["ORDERS_ORDERS_PASSWORD"] == now["ORDERS_ORDERS_PASSWORD"] {
		t.Error("the password is the old one")
	}
	now["ORDERS_ORDERS_PASSWORD"] = old["ORDERS_ORDERS_PASSWORD"]
	if !maps.Equal(old, now) {
		t.Error("other passwords changed")
	}
	want := strings.ReplaceAll(before[cloudEnv], old["ORDERS_ORDERS_PASSWORD"], variables(after[dbEnv])["ORDERS_ORDERS_PASSWORD"])
	if after[cloudEnv] != want {
		t.Error("the application has another password than the server")
	}
}

func TestChangedRecipientsWrapTheDataKeyAnewAndChangeNothingElse(t *testing.T) {
	t.Parallel()
	one, two := newKey(t), newKey(t)
	w := newWorld(t, one)
	w.build(shop("orders")...)
	before := w.copy()
	plain := w.opened(one)
	w.options.Recipients = []string{two.Recipient().String(), one.Recipient().String()}
	w.build(shop("orders")...)
	if !maps.Equal(plain, w.opened(two)) || !maps.Equal(plain, w.opened(one)) {
		t.Error("plaintext differs")
	}
	for name, data := range before {
		for line := range strings.SplitSeq(data, "\n") {
			if strings.Contains(line, "ENC[") && !strings.Contains(string(w.files[name]), line) {
				t.Errorf("%s: a ciphertext changed", name)
			}
		}
	}
	w.options.Recipients = []string{two.Recipient().String()}
	w.build(shop("orders")...)
	for name, data := range w.files {
		if strings.Contains(string(data), one.Recipient().String()) {
			t.Errorf("%s still names the recipient that was removed", name)
		}
	}
	w.env["SOPS_AGE_KEY"] = two.String()
	after := w.copy()
	w.build(shop("orders")...)
	if !maps.Equal(after, w.copy()) || !maps.Equal(plain, w.opened(two)) {
		t.Error("the new recipient cannot go on alone")
	}
}

func TestRekeyDrawsNewDataKeysAndKeepsPlaintext(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	w := newWorld(t, key)
	w.build(shop("orders")...)
	before, plain := w.copy(), w.opened(key)
	w.options.Rekey = true
	w.build(shop("orders")...)
	if !maps.Equal(plain, w.opened(key)) {
		t.Error("plaintext differs")
	}
	for name, data := range before {
		for line := range strings.SplitSeq(data, "\n") {
			if strings.Contains(line, "ENC[") && strings.Contains(string(w.files[name]), line) {
				t.Errorf("%s: a ciphertext is the old one", name)
			}
		}
	}
}

func TestWithoutAPrivateKeyWhatIsEqualIsKept(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	w := newWorld(t, key)
	w.options.Given = map[string]func() string{"registry/password": func() string { return "given-one" }}
	auth := secrets.Input{Path: registry, Component: "orders", JSON: map[string]any{"auths": map[string]any{"registry.example": map[string]any{
		"auth": value.Base64{Of: concat(lit("robot:"), secret("registry/password"))},
	}}}}
	inputs := shop("orders")
	inputs[4] = auth
	w.build(inputs...)
	before := w.copy()
	w.env = map[string]string{"SOPS_AGE_KEY": newKey(t).String()}
	w.options.Given["registry/password"] = func() string { return "another-one" } // cannot be known without a key
	w.build(inputs...)
	if !maps.Equal(before, w.copy()) {
		t.Error("something changed")
	}
}

func TestWithoutAPrivateKeyAChangeIsE0402(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	w := newWorld(t, key)
	w.build(shop("orders")...)
	w.env = nil
	w.options.Home = "/nowhere"
	edited := shop("orders")
	edited[0].Groups[0].Vars["METRICS_PASSWORD"] = secret("db/metrics")
	text := w.fails("E0402", edited...)
	for _, want := range []string{
		dbEnv + ": METRICS_PASSWORD changed", key.Recipient().String(), "SOPS_AGE_KEY (not set)", "SOPS_AGE_KEY_FILE (not set)",
		"SOPS_AGE_KEY_CMD (not set)", "/nowhere/.config/sops/age/keys.txt (does not exist)", "dev.agekey (does not exist)",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %s", want, text)
		}
	}
	host := shop("orders")
	host[3].Groups[1].Vars["POSTGRES_HOST"] = lit("other")
	if text := w.fails("E0402", host...); !strings.Contains(text, cloudEnv+": POSTGRES_HOST changed") {
		t.Error(text)
	}
	user := shop("orders")
	user[2].JSON.(map[string]any)["users"] = []any{rabbitUser("admin", "events/admin")}
	if text := w.fails("E0402", user...); !strings.Contains(text, "users[1]") {
		t.Error(text)
	}
	comment := shop("orders")
	comment[3].Groups[1].Comment = "database"
	w.fails("E0402", comment...)
	w.options.Recipients = []string{newKey(t).Recipient().String()}
	if text := w.fails("E0402", shop("orders")...); !strings.Contains(text, "the recipients changed") {
		t.Error(text)
	}
}

func TestWithoutAPrivateKeyALongerListIsSeenByItsLength(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newKey(t))
	w.build(shop("orders")...)
	w.env = nil
	inputs := shop("orders")
	inputs[3].Groups[1].Vars["POSTGRES_DATABASES"] = databases("orders", "orders", "more")
	inputs[0].Groups = shop("orders")[0].Groups
	if text := w.fails("E0402", inputs...); !strings.Contains(text, cloudEnv+": POSTGRES_DATABASES changed") {
		t.Error(text)
	}
}

func TestWithoutAPrivateKeyANewFileNeedsOnlyAPublicKey(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	w := newWorld(t, key)
	w.env = nil
	w.build(shop("orders")...)
	before := w.copy()
	fresh := env("cache/k8s/deploy/base/secret/users.env", "cache", group("server", map[string]value.Value{"PROBE_PASSWORD": secret("cache/probe")}))
	another := shop("orders")[4]
	another.Path = "cache/k8s/build/base/secret/registry.json"
	w.build(append(shop("orders"), fresh, another)...)
	for name, data := range before {
		if string(w.files[name]) != data {
			t.Errorf("%s changed", name)
		}
	}
	if string(w.files[another.Path]) != before[registry] {
		t.Error("the new copy has other bytes")
	}
	if variables(w.opened(key)[fresh.Path])["PROBE_PASSWORD"] == "" {
		t.Error("no password")
	}
	shared := env("other/k8s/deploy/base/secret/cloud.env", "other", group("db", map[string]value.Value{"DB_PASSWORD": secret("orders/db/database/orders")}))
	if text := w.fails("E0402", append(shop("orders"), shared)...); !strings.Contains(text, "is needed for another file") {
		t.Error(text)
	}
}

func TestRotateAndRekeyNeedAPrivateKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newKey(t))
	w.build(shop("orders")...)
	w.env = nil
	w.options.Rotate = func(id string) bool { return id == "db/admin" }
	if text := w.fails("E0402", shop("orders")...); !strings.Contains(text, dbEnv+": POSTGRES_PASSWORD must get a new value") {
		t.Error(text)
	}
	w.options.Rotate, w.options.Rekey = nil, true
	w.fails("E0402", shop("orders")...)
}

func TestGivenTextsAreWrittenAndReplaced(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	w := newWorld(t, key)
	text := "p@ss:w0rd,1"
	w.options.Given = map[string]func() string{
		"registry/user":     func() string { return "robot" },
		"registry/password": func() string { return text },
	}
	in := func(path string) secrets.Input {
		return secrets.Input{Path: path, JSON: map[string]any{"auths": map[string]any{"registry.example": map[string]any{
			"username": map[string]any{"secret": "registry/user"},
			"password": map[string]any{"secret": "registry/password"},
			"auth":     map[string]any{"base64": map[string]any{"concat": []any{map[string]any{"secret": "registry/user"}, ":", map[string]any{"secret": "registry/password"}}}},
		}}}}
	}
	check := func() {
		t.Helper()
		var config struct {
			Auths map[string]struct{ Auth, Username, Password string }
		}
		if err := json.Unmarshal([]byte(w.opened(key)[registry]), &config); err != nil {
			t.Fatal(err)
		}
		got := config.Auths["registry.example"]
		if got.Username != "robot" || got.Password != text || got.Auth != base64.StdEncoding.EncodeToString([]byte("robot:"+text)) {
			t.Error("other credentials than given")
		}
	}
	w.build(in(registry))
	check()
	first := w.copy()
	w.build(in(registry))
	if !maps.Equal(first, w.copy()) {
		t.Error("a second build changed something")
	}
	text = "another"
	w.build(in(registry))
	check()
}

func TestCopiesAreEncryptedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newKey(t))
	copies := func(n int) []secrets.Input {
		var all []secrets.Input
		for i := range n {
			for _, part := range []string{"deploy", "build"} {
				all = append(all, secrets.Input{
					Path: fmt.Sprintf("app%d/k8s/%s/base/secret/registry.json", i, part), JSON: map[string]any{"auths": map[string]any{}},
				})
			}
		}
		return all
	}
	w.build(copies(3)...)
	same := func() {
		t.Helper()
		contents := map[string]bool{}
		for name, data := range w.files {
			if name != ".sops.yaml" {
				contents[string(data)] = true
			}
		}
		if len(contents) != 1 {
			t.Errorf("%d contents", len(contents))
		}
	}
	same()
	first := w.copy()
	w.build(copies(5)...)
	same()
	if w.copy()["app4/k8s/build/base/secret/registry.json"] != first["app0/k8s/deploy/base/secret/registry.json"] {
		t.Error("the new copies have new bytes")
	}
}

func TestEmptyDocuments(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	w := newWorld(t, key)
	inputs := []secrets.Input{
		env(cloudEnv, "orders"),
		env(workerEnv, "worker", group("empty", nil), group("", map[string]value.Value{"A_PASSWORD": lit(""), "B": lit("")})),
		{Path: registry, JSON: map[string]any{"n": nil, "i": 7, "big": int64(1) << 60, "f": 1.5, "t": true, "l": []any{}, "o": map[string]any{}, "s": "<&>\u2028\"", "e": "", "m": []any{"x", 1, false}}},
	}
	w.build(inputs...)
	plain := w.opened(key)
	if plain[cloudEnv] != "# no variables\n" || plain[workerEnv] != "A_PASSWORD=\nB=\n" {
		t.Errorf("%q", plain)
	}
	var back map[string]any
	if err := json.Unmarshal([]byte(plain[registry]), &back); err != nil || back["s"] != "<&>\u2028\"" || back["f"] != 1.5 || back["t"] != true || back["n"] != nil {
		t.Errorf("%v %v", err, back)
	}
	first := w.copy()
	w.build(inputs...)
	if !maps.Equal(first, w.copy()) {
		t.Error("a second build changed something")
	}
	w.env = nil
	w.build(inputs...)
	if !maps.Equal(first, w.copy()) {
		t.Error("a build without a key changed something")
	}
}

func TestAnEditedFileIsMadeAsWantedAgain(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	for name, edit := range map[string]func(string) string{
		"comment": func(s string) string { return "# mine\n" + s },
		"clear":   func(s string) string { return strings.Replace(s, "POSTGRES_PORT=5432", "POSTGRES_PORT=1", 1) },
		"added":   func(s string) string { return "X=1\n" + s },
		"removed": func(s string) string { return strings.Replace(s, "POSTGRES_PORT=5432\n", "", 1) },
		"opened":  func(s string) string { return regexp.MustCompile(`API_KEY=ENC.*`).ReplaceAllString(s, "API_KEY=plain") },
		"expression": func(s string) string {
			return regexp.MustCompile(`sops_encrypted_regex=.*`).ReplaceAllString(s, "sops_encrypted_regex=^$")
		},
		"broken": func(s string) string {
			return regexp.MustCompile(`sops_encrypted_regex=.*`).ReplaceAllString(s, "sops_encrypted_regex=(")
		},
		"code":    func(s string) string { return regexp.MustCompile(`sops_mac=.*`).ReplaceAllString(s, "sops_mac=ENC[") },
		"foreign": func(s string) string { return s + "sops_pgp__list_0__map_fp=ABC\n" },
	} {
		w := newWorld(t, key)
		w.build(shop("orders")...)
		plain := w.opened(key)
		w.files[cloudEnv] = []byte(edit(string(w.files[cloudEnv])))
		w.build(shop("orders")...)
		again := w.opened(key)
		if name == "opened" {
			plain[cloudEnv] = strings.Replace(plain[cloudEnv], variables(plain[cloudEnv])["API_KEY"], "plain", 1)
		}
		if again[cloudEnv] != plain[cloudEnv] {
			t.Errorf("%s: other content", name)
		}
	}
}

func TestADamagedCiphertextIsAnErrorOnlyWhereNoOtherFileHelps(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	w := newWorld(t, key)
	w.build(shop("orders")...)
	plain := w.opened(key)
	full := maps.Clone(w.files)
	damage := func(file, variable string) {
		lines := strings.Split(string(full[file]), "\n")
		for i, line := range lines {
			if strings.HasPrefix(line, variable+"=") {
				lines[i] = strings.Replace(line, "data:", "data:AAAA", 1)
			}
		}
		w.files = maps.Clone(full)
		w.files[file] = []byte(strings.Join(lines, "\n"))
	}
	damage(cloudEnv, "POSTGRES_DATABASES")
	w.build(shop("orders")...)
	if !maps.Equal(plain, w.opened(key)) {
		t.Error("not recovered from the server's file")
	}
	damage(dbEnv, "POSTGRES_PASSWORD")
	text := w.fails("E0402", shop("orders")...)
	if !strings.Contains(text, dbEnv+": POSTGRES_PASSWORD cannot be decrypted") || !strings.Contains(text, "git checkout HEAD -- out/"+dbEnv) {
		t.Error(text)
	}
}

func TestGarbageIsE0402(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	w := newWorld(t, key)
	w.build(shop("orders")...)
	full := maps.Clone(w.files)
	good := string(full[dbEnv])
	for name, garbage := range map[string]string{
		"empty": "", "text": "hello", "binary": "\x00\xff\xfe", "half": good[:len(good)/3], "json": `{"sops":`,
		"plain": "POSTGRES_PASSWORD=hunter2hunter2\n",
	} {
		w.files = maps.Clone(full)
		w.files[dbEnv] = []byte(garbage)
		if text := w.fails("E0402", shop("orders")...); !strings.Contains(text, dbEnv) || strings.Contains(text, "hunter2") {
			t.Errorf("%s: %s", name, text)
		}
	}
	for name, garbage := range map[string]string{"empty": "", "half": string(full[rabbit][:200]), "list": "[]", "sops": `{"sops": 1}`, "deep": strings.Repeat(`{"a":`, 5000)} {
		w.files = maps.Clone(full)
		w.files[rabbit] = []byte(garbage)
		w.build(shop("orders")...) // hashes are made again
		if !hashFits(t, w.opened(key)[rabbit], "admin", variables(w.opened(key)[rabbitEnv])["ADMIN_PASSWORD"]) {
			t.Errorf("%s: the hash does not fit", name)
		}
	}
}

func TestTruncatedAtEveryByte(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newKey(t))
	w.build(shop("orders")...)
	full := maps.Clone(w.files)
	for _, name := range []string{dbEnv, rabbit} {
		for n := 0; n < len(full[name]); n += 41 {
			w.files = maps.Clone(full)
			w.files[name] = full[name][:n]
			_, _, findings := w.run(shop("orders")...)
			for _, f := range findings {
				if f.Code != "E0402" {
					t.Errorf("%s at %d: %s %s", name, n, f.Code, f.Message)
				}
			}
		}
	}
}

func TestConfigurationIsWhatSOPSNeeds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newKey(t))
	recipient := w.options.Recipients[0]
	w.build(shop("orders")...)
	want := `# Code generated by platc from arch.cue; DO NOT EDIT.
creation_rules:
- age: ` + recipient + `
  encrypted_regex: (?i)(^|_)(DATABASES|BUCKETS|PASSWORD|(API|ADMIN|ACCESS|SECRET)_KEY|TOKEN|BROKER_URL|RESULT_BACKEND)$|^username$
  path_regex: ^[^/]+/k8s/(deploy|build)/base/secret/[^/]+\.env$
- age: ` + recipient + `
  encrypted_regex: ^password_hash$
  path_regex: ^[^/]+/k8s/deploy/base/secret/definitions\.json$
- age: ` + recipient + `
  path_regex: ^[^/]+/k8s/(deploy|build)/base/secret/[^/]+\.json$
`
	if got := string(w.files[".sops.yaml"]); got != want {
		t.Errorf("%s", got)
	}
}

func TestNamesThatASecretMovedToAreAdded(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	w := newWorld(t, key)
	inputs := func(extra map[string]value.Value) []secrets.Input {
		return append(shop("orders"), env("a/k8s/deploy/base/secret/cloud.env", "a", group("db", extra)))
	}
	w.build(inputs(map[string]value.Value{"PGPASSWORD": secret("a/db")})...)
	before := w.copy()
	w.build(inputs(map[string]value.Value{"PGPASSWORD": secret("a/db"), "DSN": concat(lit("postgres://a:"), secret("a/db"), lit("@h/x")), "PLAIN": lit("x")})...)
	vars := variables(string(w.files["a/k8s/deploy/base/secret/cloud.env"]))
	if !strings.HasPrefix(vars["DSN"], "ENC[") || !strings.HasPrefix(vars["PGPASSWORD"], "ENC[") || vars["PLAIN"] != "x" {
		t.Errorf("%v", vars)
	}
	if !strings.Contains(string(w.files[".sops.yaml"]), `RESULT_BACKEND)$|^username$|^(DSN|PGPASSWORD)$`) {
		t.Errorf("%s", w.files[".sops.yaml"])
	}
	if string(w.files[cloudEnv]) != before[cloudEnv] {
		t.Error("a file without that name was rewritten")
	}
	w.opened(key)
}

func TestNoKeyAtAll(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	files, devKey, findings := w.run(shop("orders")...)
	if len(findings) != 1 || findings[0].Code != "W0116" || findings[0].Severity != diag.Warning {
		t.Fatalf("%+v", findings)
	}
	if len(files) == 0 || !strings.Contains(string(devKey), "\nAGE-SECRET-KEY-1") {
		t.Fatalf("%d files", len(files))
	}
	w.write(files)
	if err := os.MkdirAll(filepath.Join(w.options.ArchDir, ".platc"), 0o755); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(w.options.ArchDir, ".platc", "dev.agekey")
	if err := os.WriteFile(file, devKey, 0o600); err != nil {
		t.Fatal(err)
	}
	before := w.copy()
	w.build(shop("orders")...) // says nothing a second time
	if !maps.Equal(before, w.copy()) {
		t.Error("a second build changed something")
	}
	clear(w.files)
	w.build(shop("orders")...) // the identity is used again for a new tree
	if string(w.files[".sops.yaml"]) != before[".sops.yaml"] {
		t.Error("other recipients")
	}
	clear(w.files)
	if err := os.WriteFile(file, []byte("AGE-SECRET-KEY-1HALF"), 0o600); err != nil {
		t.Fatal(err)
	}
	if text := w.fails("E0401", shop("orders")...); !strings.Contains(text, "dev.agekey exists") || strings.Contains(text, "1HALF") {
		t.Error(text)
	}
}

func TestNoKeyAndNoDevelopmentIdentity(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.options.NoDevKey = true
	if text := w.fails("E0401", shop("orders")...); !strings.Contains(text, "age-keygen") || !strings.Contains(text, "SOPS_AGE_KEY_FILE") {
		t.Error(text)
	}
	if files, _, findings := w.run(); len(files)+len(findings) > 0 {
		t.Error("without secrets no key is needed")
	}
	if d := secrets.DevKeyUnwritten(fs.ErrPermission); d.Code != "E0401" || !strings.Contains(d.Message, "permission denied") {
		t.Errorf("%+v", d)
	}
}

func TestReadOnlyHandsOutNoIdentity(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.options.ReadOnly = true
	files, devKey, findings := w.run(shop("orders")...)
	if len(files) == 0 || devKey != nil || len(findings) > 0 {
		t.Errorf("%d files, %v", len(files), findings)
	}
}

func TestIdentitiesAreFoundWhereSOPSLooks(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	home := t.TempDir()
	file := func(name string) string {
		t.Helper()
		name = filepath.Join(home, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte("# a comment\r\n\r\n"+newKey(t).String()+"\r\n"+key.String()+"\r\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	named := file("named.txt")
	file("xdg/sops/age/keys.txt")
	file(".config/sops/age/keys.txt")
	dev := filepath.Dir(filepath.Dir(file("arch/.platc/dev.agekey")))
	log := filepath.Join(home, "asked")
	other := newKey(t).String()
	for name, set := range map[string]func(w *world){
		"SOPS_AGE_KEY":      func(w *world) { w.env["SOPS_AGE_KEY"] = other + " " + key.String() },
		"lines":             func(w *world) { w.env["SOPS_AGE_KEY"] = "# mine\n" + other + "\n" + key.String() + "\n" },
		"SOPS_AGE_KEY_FILE": func(w *world) { w.env["SOPS_AGE_KEY_FILE"] = named },
		"SOPS_AGE_KEY_CMD":  func(w *world) { w.env["SOPS_AGE_KEY_CMD"] = "cat " + named },
		"for a recipient": func(w *world) {
			w.env["SOPS_AGE_KEY_CMD"] = `test "$SOPS_AGE_RECIPIENT" = ` + key.Recipient().String() + " && cat " + named
		},
		"xdg":         func(w *world) { w.env["XDG_CONFIG_HOME"] = filepath.Join(home, "xdg") },
		"home":        func(w *world) { w.options.Home = home },
		"development": func(w *world) { w.options.ArchDir = dev },
		"others broken": func(w *world) {
			w.env["SOPS_AGE_KEY"], w.env["SOPS_AGE_KEY_FILE"], w.env["SOPS_AGE_KEY_CMD"] = "nonsense", "/does/not/exist", "exit 3"
			w.options.Home = home
		},
		"command only if needed": func(w *world) {
			w.env["SOPS_AGE_KEY"], w.env["SOPS_AGE_KEY_CMD"] = key.String(), "touch "+log
		},
	} {
		w := newWorld(t)
		w.options.Recipients = []string{key.Recipient().String()}
		w.build(shop("orders")...)
		w.env = map[string]string{"SOPS_AGE_KEY": "", "SOPS_AGE_KEY_FILE": "", "SOPS_AGE_KEY_CMD": ""} // empty counts as not set
		set(w)
		files, _, findings := w.run(shop("invoices", "orders")...)
		if len(findings) > 0 || len(files) == 0 {
			t.Errorf("%s: %v", name, findings)
		}
	}
	if _, err := os.Stat(log); !errors.Is(err, fs.ErrNotExist) {
		t.Error("the command ran though another key opens the files")
	}
}

func TestAKeyThatCannotBeReadIsNamedWhereItIsNeeded(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	w := newWorld(t, key)
	w.build(shop("orders")...)
	w.env = map[string]string{"SOPS_AGE_KEY": "AGE-SECRET-KEY-1SECRETTEXT", "SOPS_AGE_KEY_FILE": w.options.ArchDir, "SOPS_AGE_KEY_CMD": "echo nothing; exit 4"}
	w.build(shop("orders")...) // equal: no key is needed
	text := w.fails("E0402", shop("orders", "more")...)
	for _, want := range []string{"SOPS_AGE_KEY (line 1 is not an age identity)", "(cannot be read)", "SOPS_AGE_KEY_CMD (exit status 4)"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in %s", want, text)
		}
	}
	if strings.Contains(text, "SECRETTEXT") {
		t.Error("a part of a key is shown")
	}
}

func TestRecipientsInOrder(t *testing.T) {
	t.Parallel()
	configured, beside, out, found := newKey(t), newKey(t), newKey(t), newKey(t)
	w := newWorld(t)
	w.env["SOPS_AGE_KEY"] = found.String()
	used := func() string {
		t.Helper()
		files, _, findings := w.run(shop("orders")...)
		if len(findings) > 0 {
			t.Fatal(findings)
		}
		return string(files[len(files)-1].Data)
	}
	check := func(what string, key interface{ String() string }) {
		t.Helper()
		if !strings.Contains(used(), key.String()) {
			t.Errorf("%s: %s", what, used())
		}
	}
	check("identity", found.Recipient())
	w.files[".sops.yaml"] = []byte("creation_rules:\n  - age: [" + out.Recipient().String() + "]\n")
	check("output", out.Recipient())
	config := filepath.Join(w.options.ArchDir, ".sops.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("creation_rules:\n  - path_regex: ^other/\n    age: " + configured.Recipient().String() + "\n")
	check("no rule for the output", out.Recipient())
	write("creation_rules:\n  - path_regex: ^out/.*\\.(env|json)$\n    key_groups:\n      - age:\n          - " + beside.Recipient().String() + "\n")
	check("beside", beside.Recipient())
	write("creation_rules:\n  - path_regex: ^deploy/\n    age: >-\n      " + beside.Recipient().String() + ",\n      " + found.Recipient().String() + "\n")
	w.options.OutDir = filepath.Join(w.options.ArchDir, "deploy")
	check("folder of the output", beside.Recipient())
	check("the second in a text", found.Recipient())
	w.options.Recipients = []string{configured.Recipient().String(), configured.Recipient().String()}
	check("configured", configured.Recipient())
	w.options.Recipients = nil
	write("creation_rules: {")
	if text := w.fails("E0401", shop("orders")...); !strings.Contains(text, ".sops.yaml cannot be parsed") {
		t.Error(text)
	}
	write("creation_rules:\n  - path_regex: (\n    age: x\n")
	w.fails("E0401", shop("orders")...)
}

func TestARecipientThatIsNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.options.Recipients = []string{"age1nonsense"}
	if text := w.fails("E0401", shop("orders")...); !strings.Contains(text, `config.secrets.recipients has "age1nonsense", which is not an age recipient`) {
		t.Error(text)
	}
	private := newKey(t).String()
	w.options.Recipients = []string{private}
	if text := w.fails("E0401", shop("orders")...); strings.Contains(text, private) || !strings.Contains(text, "private key where a recipient belongs") {
		t.Error(text)
	}
}

func TestWhatCannotBeWritten(t *testing.T) {
	t.Parallel()
	given := map[string]func() string{"g": func() string { return "first\nsecond-hunter2" }}
	one := func(name string, v value.Value) []secrets.Input {
		return []secrets.Input{env(cloudEnv, "orders", group("c", map[string]value.Value{name: v}))}
	}
	for want, inputs := range map[string][]secrets.Input{
		"the value of A_PASSWORD has several lines": one("A_PASSWORD", secret("g")),
		"the value of B has several lines":          one("B", lit("hunter2\r")),
		"the value of C would be read by SOPS":      one("C", lit(`hunter2\n`)),
		"the value of D would be read":              one("D", lit("ENC[AES256_GCM,data:hunter2")),
		"the value of E is not UTF-8":               one("E", lit("hunter2\xff")),
		`"1A" is not a valid variable name`:         one("1A", lit("hunter2")),
		`"sops_mac" is not a valid variable name`:   one("sops_mac", lit("hunter2")),
		"TWICE is listed twice":                     {env(cloudEnv, "", group("a", map[string]value.Value{"TWICE": lit("hunter2")}), group("b", map[string]value.Value{"TWICE": lit("")}))},
		"files with secrets are":                    {env("orders/cloud.env", "", group("c", map[string]value.Value{"A": lit("hunter2")}))},
		"a comment has":                             {env(cloudEnv, "", group("c\nhunter2", map[string]value.Value{"A": lit("")}))},
		"is an object":                              {{Path: registry, JSON: []any{"hunter2"}}},
		`the key "sops" belongs`:                    {{Path: registry, JSON: map[string]any{"sops": "hunter2"}}},
		"SOPS does not encrypt names that end":      {{Path: registry, JSON: map[string]any{"a_unencrypted": secret("x")}}},
		"no value: ":                                {{Path: registry, JSON: map[string]any{"a": struct{ x string }{"hunter2"}}}},
		"no such algorithm":                         {{Path: rabbit, JSON: map[string]any{"password_hash": value.Hash{ID: "h", Algorithm: "md5", Of: secret("g2")}}}},
	} {
		w := newWorld(t, newKey(t))
		w.options.Given = given
		files, _, err := secrets.Encrypt(inputs, w.options, &diag.List{})
		if err == nil || files != nil {
			t.Errorf("%s: no error", want)
			continue
		}
		if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", want, err)
		}
	}
	w := newWorld(t, newKey(t))
	w.options.Old = func(string) ([]byte, error) { return nil, fs.ErrPermission }
	if _, _, err := secrets.Encrypt(shop("orders"), w.options, &diag.List{}); !errors.Is(err, fs.ErrPermission) {
		t.Error(err)
	}
	w.options.Old, w.options.Random = nil, strings.NewReader("too little")
	if _, _, err := secrets.Encrypt(shop("orders"), w.options, &diag.List{}); err == nil {
		t.Error("no error without randomness")
	}
}

func TestNothingPrintsASecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newKey(t))
	w.options.Given = map[string]func() string{"registry/password": func() string { return "hunter2" }}
	inputs := append(shop("orders"), secrets.Input{Path: "a/k8s/build/base/secret/registry.json", JSON: map[string]any{"password": secret("registry/password")}})
	w.build(inputs...)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		for _, data := range []any{inputs, w.options, inputs[0], &w.options} {
			if text := fmt.Sprintf(verb, data); strings.Contains(text, "hunter2") {
				t.Errorf("%s of %T shows a secret", verb, data)
			}
		}
	}
	for name, data := range w.files {
		if strings.Contains(string(data), "hunter2") {
			t.Errorf("%s has it in clear", name)
		}
	}
}

func TestDisplayAndPlaces(t *testing.T) {
	t.Parallel()
	inputs := shop("orders")
	shown, err := secrets.Display(inputs[3])
	if err != nil {
		t.Fatal(err)
	}
	want := `# orders
API_KEY=[secret orders/api-key]
# db
POSTGRES_DATABASES=orders:orders_orders:[secret orders/db/database/orders]:orders
`
	if !strings.HasPrefix(string(shown), want) {
		t.Errorf("%s", shown)
	}
	if shown, err = secrets.Display(inputs[2]); err != nil || !strings.Contains(string(shown), `"password_hash": "[hash events/admin/hash]"`) {
		t.Errorf("%v %s", err, shown)
	}
	places, err := secrets.Places(inputs)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, p := range places {
		if p.ID == "orders/events" {
			lines = append(lines, p.Path+" "+p.Name+" "+p.Component)
		}
	}
	if got := strings.Join(lines, "\n"); got != rabbit+" users[1].password_hash events\n"+cloudEnv+" RABBITMQ_PASSWORD orders\n"+workerEnv+" RABBITMQ_PASSWORD worker" {
		t.Error(got)
	}
}

func TestOrderOfInputsChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newKey(t))
	w.build(shop("orders", "invoices")...)
	before := w.copy()
	inputs := shop("orders", "invoices")
	slices.Reverse(inputs)
	w.build(inputs...)
	if !maps.Equal(before, w.copy()) {
		t.Error("the order of inputs changed something")
	}
}

func TestOtherCommentsLoseNoPassword(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	w := newWorld(t, key)
	w.build(shop("orders", "invoices")...)
	before := w.opened(key)
	inputs := shop("orders", "invoices")
	for _, in := range inputs {
		for i := range in.Groups {
			in.Groups[i].Comment = "other " + in.Groups[i].Comment
		}
	}
	w.build(inputs...)
	after := w.opened(key)
	for name, plain := range before {
		if !maps.Equal(variables(plain), variables(after[name])) {
			t.Errorf("%s has other values", name)
		}
	}
}

func TestPostQuantumKeys(t *testing.T) {
	t.Parallel()
	key, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	w.env["SOPS_AGE_KEY"] = key.String()
	w.build(shop("orders")...)
	if !strings.Contains(string(w.files[cloudEnv]), "=age1pq1") {
		t.Error("not encrypted to the public half of the key")
	}
	before := w.copy()
	w.build(shop("orders")...)
	if !maps.Equal(before, w.copy()) {
		t.Error("a second build changed something")
	}
	w.build(shop("orders", "invoices")...)
}

func TestALockedCopyIsCopiedOnlyWhereItIsTheSame(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	w := newWorld(t, key)
	auth := func(path, user string) secrets.Input {
		return secrets.Input{Path: path, JSON: map[string]any{"auths": map[string]any{"r": map[string]any{"auth": concat(lit(user), secret("registry"))}}, "n": 1}}
	}
	w.build(auth(registry, "robot"))
	first := string(w.files[registry])
	w.env = nil
	const other = "b/k8s/deploy/base/secret/registry.json"
	w.build(auth(registry, "robot"), auth(other, "robot"))
	if string(w.files[other]) != first {
		t.Error("the copy has other bytes")
	}
	delete(w.files, other)
	w.fails("E0402", auth(registry, "robot"), auth(other, "human"))
}

func TestTheNamesInAMessageAreFew(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newKey(t))
	w.build(shop("a")...)
	w.env = nil
	if text := w.fails("E0402", shop("a", "b", "c", "d", "e", "f", "g", "h")...); !strings.Contains(text, "ORDERS_F_PASSWORD and 2 more changed") {
		t.Error(text)
	}
}

// thousand is the inputs of 1,000 applications with a database each, on ten servers.
func thousand() []secrets.Input {
	var inputs []secrets.Input
	for i := range 1000 {
		name := fmt.Sprintf("app%d", i)
		inputs = append(inputs,
			env(name+"/k8s/deploy/base/secret/cloud.env", name, group("db", map[string]value.Value{
				"POSTGRES_HOST": lit("db"), "POSTGRES_PORT": lit("5432"), "POSTGRES_SSLMODE": lit("prefer"), "POSTGRES_DATABASES": databases(name, "main"),
			})),
			secrets.Input{Path: name + "/k8s/deploy/base/secret/registry.json", Component: name, JSON: map[string]any{"auths": map[string]any{}}},
			secrets.Input{Path: name + "/k8s/build/base/secret/registry.json", Component: name, JSON: map[string]any{"auths": map[string]any{}}})
	}
	return inputs
}

func BenchmarkCold(b *testing.B) {
	inputs, key := thousand(), newKey(b)
	for b.Loop() {
		if _, _, err := secrets.Encrypt(inputs, secrets.Options{Recipients: []string{key.Recipient().String()}}, &diag.List{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkUnchanged(b *testing.B) {
	inputs, key := thousand(), newKey(b)
	o := secrets.Options{
		Recipients: []string{key.Recipient().String()},
		Env:        func(name string) (string, bool) { return key.String(), name == "SOPS_AGE_KEY" },
	}
	files, _, err := secrets.Encrypt(inputs, o, &diag.List{})
	if err != nil {
		b.Fatal(err)
	}
	old := map[string][]byte{}
	for _, f := range files {
		old[f.Path] = f.Data
	}
	o.Old = func(path string) ([]byte, error) { return old[path], nil }
	for b.Loop() {
		if _, _, err := secrets.Encrypt(inputs, o, &diag.List{}); err != nil {
			b.Fatal(err)
		}
	}
}
