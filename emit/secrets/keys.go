package secrets

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"

	"filippo.io/age"
	sopsage "github.com/getsops/sops/v3/age"
	"go.yaml.in/yaml/v3"
)

const (
	devKeyFile     = ".platc/dev.agekey" // beside arch.cue
	sopsConfig     = ConfigFile
	commandTimeout = 30 * time.Second
)

// keyring is the private keys at hand, from the places where SOPS looks and the development identity (OUTPUT.md, SEC-06).
type keyring struct {
	options    Options
	loaded     bool
	identities sopsage.ParsedIdentities
	public     []string        // public halves of the identities, in order of the places
	own        map[string]bool // the same as a set
	places     []string        // what was looked at and what was there, for messages
	command    string          // of SOPS_AGE_KEY_CMD; "" where not set
	asked      map[string]bool // recipients that the command was run for
	devKey     bool            // .platc/dev.agekey exists
}

// load reads every place but the command, which is run when the others do not help: it may ask the user.
func (k *keyring) load() {
	if k.loaded {
		return
	}
	k.loaded, k.own, k.asked = true, map[string]bool{}, map[string]bool{}
	if text, ok := k.variable(sopsage.SopsAgeKeyEnv); ok {
		k.add(sopsage.SopsAgeKeyEnv, strings.Join(strings.Fields(withoutComments(text)), "\n"))
	}
	if name, ok := k.variable(sopsage.SopsAgeKeyFileEnv); ok {
		k.addFile(sopsage.SopsAgeKeyFileEnv+" "+name, name)
	}
	k.command, _ = k.variable(sopsage.SopsAgeKeyCmdEnv)
	if name := k.userFile(); name != "" {
		k.addFile(name, name)
	}
	name := filepath.Join(k.options.ArchDir, filepath.FromSlash(devKeyFile))
	k.devKey = k.addFile(name, name)
}

// variable is a variable of the environment; an empty one counts as not set.
func (k *keyring) variable(name string) (string, bool) {
	if k.options.Env != nil {
		if text, ok := k.options.Env(name); ok && text != "" {
			return text, true
		}
	}
	k.places = append(k.places, name+" (not set)")
	return "", false
}

// userFile is where SOPS keeps a user's keys, "" where nobody knows.
func (k *keyring) userFile() string {
	folder := ""
	if k.options.Env != nil {
		folder, _ = k.options.Env("XDG_CONFIG_HOME")
	}
	switch {
	case folder != "":
	case k.options.Home == "":
		return ""
	case runtime.GOOS == "darwin":
		folder = filepath.Join(k.options.Home, "Library", "Application Support")
	default:
		folder = filepath.Join(k.options.Home, ".config")
	}
	return filepath.Join(folder, filepath.FromSlash(sopsage.SopsAgeKeyUserConfigPath))
}

func withoutComments(text string) string {
	var kept []string
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(strings.TrimSpace(line), "#") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "\n")
}

// addFile reads an identity file, and says whether it exists. One that cannot be read is an error only where a key is needed, so it is noted, not returned.
func (k *keyring) addFile(place, name string) bool {
	data, err := os.ReadFile(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		k.places = append(k.places, place+" (does not exist)")
	case err != nil:
		k.places = append(k.places, place+" (cannot be read)")
	case strings.HasPrefix(string(data), "age-encryption") || strings.HasPrefix(string(data), "-----BEGIN AGE"):
		k.places = append(k.places, place+" (has a passphrase)")
	default:
		k.add(place, string(data))
	}
	return !errors.Is(err, fs.ErrNotExist)
}

// add takes the identities of a place, one a line. What cannot be read is noted by its line: its text may be half of a key.
func (k *keyring) add(place, text string) {
	found := 0
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		var parsed sopsage.ParsedIdentities
		if err := parsed.Import(line); err != nil || len(parsed) == 0 {
			k.places = append(k.places, fmt.Sprintf("%s (line %d is no age identity)", place, i+1))
			continue
		}
		found++
		k.identities = append(k.identities, parsed...)
		if p := publicHalf(parsed[0]); p != "" {
			k.public = append(k.public, p)
			k.own[p] = true
		}
	}
	k.places = append(k.places, fmt.Sprintf("%s (%d identities)", place, found))
}

// publicHalf is the recipient of an identity; "" for one that is kept by a plugin.
func publicHalf(id age.Identity) string {
	switch id := id.(type) {
	case *age.X25519Identity:
		return id.Recipient().String()
	case *age.HybridIdentity:
		return id.Recipient().String()
	}
	return ""
}

// unwrap is the data key of a file, nil where no identity opens it. It may be called by several goroutines.
func (k *keyring) unwrap(wraps []*sopsage.MasterKey) []byte {
	if len(k.identities) == 0 {
		return nil // without identities SOPS would look for some in the environment of this process
	}
	order := slices.Clone(wraps)
	slices.SortStableFunc(order, func(a, b *sopsage.MasterKey) int {
		switch {
		case k.own[a.Recipient] == k.own[b.Recipient]:
			return 0
		case k.own[a.Recipient]:
			return -1
		}
		return 1
	})
	for _, w := range order {
		master := &sopsage.MasterKey{Recipient: w.Recipient, EncryptedKey: w.EncryptedKey} // the file's own stays without identities
		k.identities.ApplyToMasterKey(master)
		if key, err := master.Decrypt(); err == nil {
			return key
		}
	}
	return nil
}

// ask runs the user's command for each recipient that it was not asked for, until an identity opens the file.
func (k *keyring) ask(wraps []*sopsage.MasterKey) []byte {
	if k.command == "" {
		return nil
	}
	for _, w := range wraps {
		if k.asked[w.Recipient] {
			continue
		}
		k.run(w.Recipient)
		if key := k.unwrap(wraps); key != nil {
			return key
		}
	}
	return k.unwrap(wraps) // the answer for another file may fit this one
}

// run takes the identities that the user's command prints. SOPS tells it the recipient in SOPS_AGE_RECIPIENT.
func (k *keyring) run(recipient string) {
	k.asked[recipient] = true
	ctx, cancel := context.WithTimeout(context.Background(), commandTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", k.command)
	cmd.Env = append(os.Environ(), sopsage.SopsAgeRecipientEnv+"="+recipient)
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	switch {
	case ctx.Err() != nil:
		k.places = append(k.places, fmt.Sprintf("%s (no answer in %s)", sopsage.SopsAgeKeyCmdEnv, commandTimeout))
	case err != nil:
		k.places = append(k.places, fmt.Sprintf("%s (%v)", sopsage.SopsAgeKeyCmdEnv, err))
	default:
		k.add(sopsage.SopsAgeKeyCmdEnv, string(out))
	}
}

// publicHalf is the public half of the first identity found, "" without any.
func (k *keyring) publicHalf() string {
	k.load()
	if len(k.public) == 0 && k.command != "" && !k.asked[""] {
		k.run("")
	}
	if len(k.public) == 0 {
		return ""
	}
	return k.public[0]
}

// searched is the places for a message.
func (k *keyring) searched() string {
	k.load()
	return strings.Join(k.places, ", ")
}

// errRecipient is a text that is no recipient. Its own text shows no more than that, since it may be a private key.
type errRecipient struct{ where, text string }

func (e *errRecipient) Error() string {
	if strings.HasPrefix(strings.ToUpper(e.text), "AGE-SECRET-KEY") {
		return e.where + " has a private key where a recipient belongs"
	}
	return fmt.Sprintf("%s has %q, which is no age recipient", e.where, e.text)
}

// recipients is the public keys to encrypt to, sorted; the first of these that exist: those of arch.cue, of .sops.yaml beside arch.cue, of .sops.yaml in
// the output, the public half of an identity found (OUTPUT.md, SEC-06). Empty where there are none.
//
// Errors: a file that cannot be read, a text that is no recipient.
func recipients(o Options, paths []string, keys *keyring) ([]*sopsage.MasterKey, error) {
	if len(o.Recipients) > 0 {
		return masterKeys("config.secrets.recipients", o.Recipients)
	}
	configs := []struct {
		name, folder string
		read         func() ([]byte, error)
	}{
		{filepath.Join(o.ArchDir, sopsConfig), o.outFolder(), func() ([]byte, error) { return os.ReadFile(filepath.Join(o.ArchDir, sopsConfig)) }},
		{path.Join(o.outFolder(), sopsConfig), "", func() ([]byte, error) { return o.old(sopsConfig) }},
	}
	for _, c := range configs {
		data, err := c.read()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", c.name, err)
		}
		texts, err := configRecipients(data, c.folder, paths)
		if err != nil {
			return nil, &errConfig{c.name, err}
		}
		if len(texts) > 0 {
			return masterKeys(c.name, texts)
		}
	}
	if p := keys.publicHalf(); p != "" {
		return masterKeys("an identity", []string{p})
	}
	return nil, nil
}

// errConfig is a .sops.yaml that cannot be understood.
type errConfig struct {
	name string
	err  error
}

func (e *errConfig) Error() string { return fmt.Sprintf("%s cannot be understood: %v", e.name, e.err) }

func (e *errConfig) Unwrap() error { return e.err }

// masterKeys parses recipients, sorted and each once.
func masterKeys(where string, texts []string) ([]*sopsage.MasterKey, error) {
	trimmed := make([]string, len(texts))
	for i, text := range texts {
		trimmed[i] = strings.TrimSpace(text)
	}
	slices.Sort(trimmed)
	var keys []*sopsage.MasterKey
	for _, text := range slices.Compact(trimmed) {
		key, err := sopsage.MasterKeyFromRecipient(text)
		if err != nil {
			return nil, &errRecipient{where, text}
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// creationRule is what matters here of a rule of .sops.yaml. SOPS takes a text with commas or a list of texts.
type creationRule struct {
	PathRegex string  `yaml:"path_regex"`
	Age       ageKeys `yaml:"age"`
	KeyGroups []struct {
		Age ageKeys `yaml:"age"`
	} `yaml:"key_groups"`
}

type ageKeys []string

// UnmarshalYAML takes a text with commas or a list of texts.
func (a *ageKeys) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.SequenceNode {
		return n.Decode((*[]string)(a))
	}
	var text string
	if err := n.Decode(&text); err != nil {
		return err
	}
	for key := range strings.SplitSeq(text, ",") {
		if key = strings.TrimSpace(key); key != "" {
			*a = append(*a, key)
		}
	}
	return nil
}

// configRecipients is the age recipients of the rules that SOPS would take for the files, which stand below the folder.
func configRecipients(data []byte, folder string, paths []string) ([]string, error) {
	var config struct {
		CreationRules []creationRule `yaml:"creation_rules"`
	}
	if err := yaml.Unmarshal(data, &config); err != nil {
		return nil, errors.New("it is no YAML, or has another form than SOPS knows")
	}
	exprs := make([]*regexp.Regexp, len(config.CreationRules))
	for i, r := range config.CreationRules {
		var err error
		if exprs[i], err = regexp.Compile(r.PathRegex); err != nil {
			return nil, fmt.Errorf("rule %d: path_regex is no regular expression", i+1)
		}
	}
	var all []string
	taken := make([]bool, len(exprs))
	for _, p := range paths {
		i := slices.IndexFunc(exprs, func(e *regexp.Regexp) bool { return e.MatchString(path.Join(folder, p)) })
		if i < 0 || taken[i] {
			continue
		}
		taken[i] = true
		all = append(all, config.CreationRules[i].Age...)
		for _, g := range config.CreationRules[i].KeyGroups {
			all = append(all, g.Age...)
		}
	}
	return all, nil
}

// newIdentity makes a development identity and the file that holds it. It has no time in it: a second one differs by its key alone.
func newIdentity() (*sopsage.MasterKey, []byte, error) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		return nil, nil, fmt.Errorf("make a development identity: %w", err)
	}
	public := id.Recipient().String()
	key, err := sopsage.MasterKeyFromRecipient(public)
	if err != nil {
		return nil, nil, fmt.Errorf("make a development identity: %w", err)
	}
	file := "# Development identity made by platc. Whoever has it can open the secrets: keep a copy, and keep it out of version control.\n" +
		"# public key: " + public + "\n" + id.String() + "\n"
	return key, []byte(file), nil
}
