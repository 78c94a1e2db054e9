package secrets_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
)

// sshKey is a key of SSH, and the recipient that names it.
func sshKey(t *testing.T, public, private any, passphrase string) (file []byte, recipient string) {
	t.Helper()
	key, err := ssh.NewPublicKey(public)
	if err != nil {
		t.Fatal(err)
	}
	var block *pem.Block
	if passphrase == "" {
		block, err = ssh.MarshalPrivateKey(private, "")
	} else {
		block, err = ssh.MarshalPrivateKeyWithPassphrase(private, "", []byte(passphrase))
	}
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(block), strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))
}

func TestKeysOfSSH(t *testing.T) {
	t.Parallel()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	edFile, edRecipient := sshKey(t, public, private, "")
	rsaFile, rsaRecipient := sshKey(t, &rsaKey.PublicKey, rsaKey, "")
	lockedFile, _ := sshKey(t, public, private, "secret words")
	home := t.TempDir()
	put := func(name string, data []byte) string {
		t.Helper()
		file := filepath.Join(home, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	ed, rs := put("elsewhere/ed", edFile), put("elsewhere/rsa", rsaFile)
	put("ed/.ssh/id_ed25519", edFile)
	put("rsa/.ssh/id_rsa", rsaFile)
	put("locked/.ssh/id_ed25519", lockedFile)
	age := newKey(t)
	for name, set := range map[string]func(w *world){
		"SOPS_AGE_SSH_PRIVATE_KEY_FILE, ed25519": func(w *world) { w.env["SOPS_AGE_SSH_PRIVATE_KEY_FILE"] = ed },
		"SOPS_AGE_SSH_PRIVATE_KEY_FILE, rsa":     func(w *world) { w.env["SOPS_AGE_SSH_PRIVATE_KEY_FILE"] = rs },
		"SOPS_AGE_SSH_PRIVATE_KEY_CMD":           func(w *world) { w.env["SOPS_AGE_SSH_PRIVATE_KEY_CMD"] = "cat " + ed },
		"~/.ssh/id_ed25519":                      func(w *world) { w.options.Home = filepath.Join(home, "ed") },
		"~/.ssh/id_rsa":                          func(w *world) { w.options.Home = filepath.Join(home, "rsa") },
		"age, beside two of SSH":                 func(w *world) { w.env["SOPS_AGE_KEY"] = age.String() },
		"two keys, the second fits":              func(w *world) { w.env["SOPS_AGE_KEY"] = newKey(t).String() + "\n" + age.String() },
		"a passphrase before the command": func(w *world) {
			w.options.Home = filepath.Join(home, "locked")
			w.env["SOPS_AGE_SSH_PRIVATE_KEY_CMD"] = "cat " + rs
		},
	} {
		w := newWorld(t)
		w.options.Recipients = []string{edRecipient, rsaRecipient, age.Recipient().String()}
		w.build(shop("orders")...)
		set(w)
		files, _, findings := w.run(shop("invoices", "orders")...)
		if len(findings) > 0 || len(files) == 0 {
			t.Errorf("%s: %v", name, findings)
		}
	}
	w := newWorld(t)
	w.options.Recipients = []string{edRecipient}
	w.build(shop("orders")...)
	w.options.Home = filepath.Join(home, "locked")
	text := w.fails("E0402", shop("invoices", "orders")...)
	if !strings.Contains(text, "id_ed25519 (has a passphrase)") || !strings.Contains(text, "SOPS_AGE_SSH_PRIVATE_KEY_FILE (not set)") {
		t.Error(text)
	}
}

func TestAKeyOfSSHIsForNoFileThatDoesNotNameIt(t *testing.T) {
	t.Parallel()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	file, _ := sshKey(t, public, private, "")
	w := newWorld(t)
	w.env = map[string]string{}
	w.options.Home = t.TempDir()
	if err := os.MkdirAll(filepath.Join(w.options.Home, ".ssh"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(w.options.Home, ".ssh", "id_ed25519"), file, 0o600); err != nil {
		t.Fatal(err)
	}
	files, devKey, _ := w.run(shop("orders")...)
	if devKey == nil || strings.Contains(string(files[0].Data), "ssh-ed25519") {
		t.Error("a key for logins became the key of the secrets")
	}
	w.write(files)
	if text := w.fails("E0402", shop("more")...); strings.Contains(text, ".ssh") {
		t.Errorf("keys of SSH were read for a file of age: %s", text)
	}
}

func TestXDGConfigHomeAsSOPSHasIt(t *testing.T) {
	t.Parallel()
	key := newKey(t)
	w := newWorld(t)
	w.options.Recipients = []string{key.Recipient().String()}
	w.build(shop("orders")...)
	w.env = map[string]string{"XDG_CONFIG_HOME": "relative"}
	w.options.Home = t.TempDir()
	if text := w.fails("E0402", shop("more")...); !strings.Contains(text, "XDG_CONFIG_HOME relative (is relative, and SOPS ignores it)") {
		t.Error(text)
	}
}
