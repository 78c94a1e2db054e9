package compiler_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"platc.dev/platc/compiler"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/value"
)

const ciphertext = "ENC[AES256_GCM,data:c2VjcmV0,iv:eA==,tag:eA==,type:str]"

// TestCiphertextNeverBecomesAPassword holds every pod that reads a Secret to a container that ends before any other starts, where SOPS did not decrypt
// it: the script is run as it is emitted, with such values. Programs that look themselves have tests of their own.
func TestCiphertextNeverBecomesAPassword(t *testing.T) {
	t.Parallel()
	pods, ran := 0, map[string]bool{}
	for name, b := range architectures(t) {
		for _, n := range b.Graph.Components() {
			for _, row := range b.Plan.Of[n].Rows {
				objects, _ := row.Content.(kind.Objects)
				for _, o := range objects {
					for _, spec := range podSpecs(o) {
						if !readsSecrets(spec) || looksItself(spec) || builds(row.Path) || n.Kind.Name == "service" && !hasSecret(b, n) {
							continue
						}
						pods++
						script, dir := guard(t, spec)
						if script == nil {
							t.Errorf("%s: %s/%s: pods of %v start with secrets that are still encrypted", name, n.Name, row.Path, o["metadata"].(map[string]any)["name"])
							continue
						}
						if key := fmt.Sprint(script.Args, script.Env); !ran[key] {
							ran[key] = true
							refuses(t, name+": "+n.Name+"/"+row.Path, script, dir)
						}
					}
				}
			}
		}
	}
	if pods < 20 || len(ran) < 5 {
		t.Errorf("%d pods, %d scripts", pods, len(ran))
	}
}

// podSpecs are the specs of pods in an object, its own or those that an operator makes of it.
func podSpecs(v any) []map[string]any {
	var all []map[string]any
	switch v := v.(type) {
	case map[string]any:
		if _, ok := v["containers"].([]any); ok {
			return []map[string]any{v}
		}
		for _, inner := range v {
			all = append(all, podSpecs(inner)...)
		}
	case []any:
		for _, inner := range v {
			all = append(all, podSpecs(inner)...)
		}
	}
	return all
}

func objectsOf(v any) []map[string]any {
	var all []map[string]any
	list, _ := v.([]any)
	for _, item := range list {
		m, _ := item.(map[string]any)
		all = append(all, m)
	}
	return all
}

func containers(spec map[string]any) []map[string]any {
	return slices.Concat(objectsOf(spec["initContainers"]), objectsOf(spec["containers"]))
}

// readsSecrets says whether a pod has values that SOPS encrypts, in its variables or in a volume. Certificates are made in the cluster.
func readsSecrets(spec map[string]any) bool {
	for _, c := range containers(spec) {
		if len(secretVariables(c)) > 0 {
			return true
		}
	}
	for _, v := range objectsOf(spec["volumes"]) {
		secret, _ := v["secret"].(map[string]any)
		name, _ := secret["secretName"].(string)
		if strings.HasSuffix(name, "-server") || strings.HasSuffix(name, "-definitions") {
			return true
		}
	}
	return false
}

// secretVariables are the variables of a container that come from Secrets. Of a whole Secret it has the message authentication code too.
func secretVariables(c map[string]any) []string {
	var names []string
	for _, e := range objectsOf(c["env"]) {
		from, _ := e["valueFrom"].(map[string]any)
		if from["secretKeyRef"] != nil {
			names = append(names, e["name"].(string))
		}
	}
	for _, e := range objectsOf(c["envFrom"]) {
		if e["secretRef"] != nil {
			names = append(names, "sops_mac")
		}
	}
	return names
}

// hasSecret says whether the Secret of an application has anything encrypted in it.
func hasSecret(b *compiler.Build, n *ir.Node) bool {
	for _, d := range b.Plan.VariablesOf(n).Env {
		if value.IsSecret(d.Value()) {
			return true
		}
	}
	return len(n.Description.Variables) > 0
}

// looksItself says whether the program of a pod refuses such values: that of platc's own Python (tests/test_config.py), and that of redis (files/fill.sh).
func looksItself(spec map[string]any) bool {
	return slices.ContainsFunc(objectsOf(spec["containers"]), func(c map[string]any) bool {
		command, _ := c["command"].([]any)
		text := fmt.Sprint(command...)
		return strings.Contains(text, "/app/files/startup.sh") || strings.HasPrefix(text, "celery") || strings.Contains(text, "/etc/redis/start.sh")
	})
}

// builds says whether a file is of pods that log in elsewhere alone, and serve nobody: builders and tests.
func builds(file string) bool {
	return strings.HasPrefix(file, "k8s/build/") || strings.HasPrefix(file, "day2/")
}

// guard is the first container of a pod as a command, with ciphertext in all its variables; nil where that does not look at them.
func guard(t *testing.T, spec map[string]any) (*exec.Cmd, string) {
	t.Helper()
	first := containers(spec)[0]
	words, _ := first["command"].([]any)
	if len(words) == 0 || !strings.Contains(fmt.Sprint(words...), "ENC[AES256_GCM,") {
		return nil, ""
	}
	dir := t.TempDir()
	var args []string
	for _, w := range words {
		args = append(args, strings.ReplaceAll(w.(string), "/secret/", dir+"/"))
	}
	cmd := exec.Command("/bin/sh", args[1:]...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
	for _, name := range secretVariables(first) {
		cmd.Env = append(cmd.Env, name+"="+ciphertext)
	}
	return cmd, dir
}

// refuses runs a script where nothing is decrypted, and a script that does nothing else where all is.
func refuses(t *testing.T, what string, cmd *exec.Cmd, dir string) {
	t.Helper()
	file := filepath.Join(dir, "definitions.json")
	if err := os.WriteFile(file, []byte(`{"users": [{"password_hash": "`+ciphertext+`"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	again := exec.Command(cmd.Path, cmd.Args[1:]...)
	var said bytes.Buffer
	cmd.Stderr = &said
	err := cmd.Run()
	if ended, ok := errors.AsType[*exec.ExitError](err); !ok || ended.ExitCode() != 78 || !strings.Contains(said.String(), "still SOPS-encrypted") || strings.Contains(said.String(), "c2VjcmV0") {
		t.Errorf("%s: %v, %q", what, err, said.String())
	}
	if !strings.HasSuffix(strings.TrimSpace(cmd.Args[len(cmd.Args)-1]), "esac") {
		return
	}
	if err := os.WriteFile(file, []byte(`{"users": [{"password_hash": "c2VjcmV0"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, v := range cmd.Env {
		again.Env = append(again.Env, strings.ReplaceAll(v, ciphertext, "'\"$secret`"))
	}
	if out, err := again.CombinedOutput(); err != nil {
		t.Errorf("%s, decrypted: %v, %q", what, err, out)
	}
}

// TestOperatorsRefuseCiphertext: those that read Secrets themselves. CloudNativePG compares the name of a role with the user name in its Secret, so
// that has to be encrypted with the password. Java of Strimzi's user operator starts with options from a Secret, and with a ciphertext for one it does not.
func TestOperatorsRefuseCiphertext(t *testing.T) {
	t.Parallel()
	files := rendered(t, check(t, `package shop

name: "shop"
components: {
	orders: {kind: "fastapi", namespace: "orders", port: 8080, links: {"pg/orders": {}, "bus/placed": {}}}
	pg: {kind: "cnpg", namespace: "data", db: orders: {}}
	bus: {kind: "kafka", namespace: "bus", topic: placed: {}}
}
`))
	for _, line := range []struct{ file, encrypted string }{
		{"pg/k8s/deploy/base/secret/bootstrap.env", "username"},
		{"pg/k8s/deploy/base/secret/bootstrap.env", "password"},
		{"pg/k8s/deploy/base/secret/role-orders_orders.env", "username"},
		{"bus/k8s/deploy/base/secret/users.env", "DECRYPTED_TOKEN"},
	} {
		if !bytes.Contains(files[line.file].Data, []byte("\n"+line.encrypted+"=ENC[AES256_GCM,")) {
			t.Errorf("%s: %s is not encrypted:\n%s", line.file, line.encrypted, files[line.file].Data)
		}
	}
	operator := string(files["bus/k8s/deploy/base/kafka.yaml"].Data)
	if !strings.Contains(operator, "name: JDK_JAVA_OPTIONS\n") || !strings.Contains(operator, "key: DECRYPTED_TOKEN\n") {
		t.Error("the user operator starts without options of the Secret")
	}
	java, err := exec.LookPath("java")
	if err != nil {
		t.Log("java is not installed: it is not asked what it does with a ciphertext")
		return
	}
	for options, starts := range map[string]bool{ciphertext: false, "-Dplatc.secrets=decrypted": true} {
		cmd := exec.Command(java, "-version")
		cmd.Env = append(os.Environ(), "JDK_JAVA_OPTIONS="+options)
		if err := cmd.Run(); (err == nil) != starts {
			t.Errorf("java with %s: %v", options, err)
		}
	}
}
