package secrets

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"

	"filippo.io/age"
	"filippo.io/age/agessh"
	"go.yaml.in/yaml/v3"
	"golang.org/x/crypto/ssh"

	"platc.dev/platc/emit"
)

const (
	devKeyFile     = ".platc/dev.agekey" // beside arch.cue
	sopsConfig     = ConfigFile
	commandTimeout = 30 * time.Second
)

// The variables by which SOPS finds keys, and what it tells the user's commands.
const (
	keyVariable        = "SOPS_AGE_KEY"
	keyFileVariable    = "SOPS_AGE_KEY_FILE"
	keyCommandVariable = "SOPS_AGE_KEY_CMD"
	sshFileVariable    = "SOPS_AGE_SSH_PRIVATE_KEY_FILE"
	sshCommandVariable = "SOPS_AGE_SSH_PRIVATE_KEY_CMD"
	recipientVariable  = "SOPS_AGE_RECIPIENT"
)

// keyring is the private keys at hand, from the places where SOPS looks and the development identity (OUTPUT.md, SEC-06).
type keyring struct {
	options    Options
	loaded     bool
	identities []age.Identity
	public     []string        // public halves of age's identities, in order of the places
	own        map[string]bool // the same as a set
	places     []string        // what was looked at and what was there, for messages
	command    string          // of SOPS_AGE_KEY_CMD; "" where not set
	asked      map[string]bool // recipients that the command was run for
	sshLoaded  bool
	devKey     bool // .platc/dev.agekey exists
}

// load reads every place but the commands, which may ask the user, and the keys of SSH: both are for files that nothing else opens.
func (k *keyring) load() {
	if k.loaded {
		return
	}
	k.loaded, k.own, k.asked = true, map[string]bool{}, map[string]bool{}
	if text, ok := k.variable(keyVariable); ok {
		k.add(keyVariable, strings.Join(strings.Fields(withoutComments(text)), "\n"))
	}
	if name, ok := k.variable(keyFileVariable); ok {
		k.addFile(keyFileVariable+" "+name, name)
	}
	k.command, _ = k.variable(keyCommandVariable)
	if name := k.userFile(); name != "" {
		k.addFile(name, name)
	}
	name := filepath.Join(k.options.ArchDir, filepath.FromSlash(devKeyFile))
	k.devKey = k.addFile(name, name)
	if len(k.options.DevKey) > 0 {
		k.add(name, string(k.options.DevKey))
	}
}

// variable is a variable of the environment; an empty one counts as not set.
func (k *keyring) variable(name string) (string, bool) {
	if text := k.options.env(name); text != "" {
		return text, true
	}
	k.places = append(k.places, name+" (not set)")
	return "", false
}

func (o Options) env(name string) string {
	if o.Env == nil {
		return ""
	}
	text, _ := o.Env(name)
	return text
}

// userFile is where SOPS keeps a user's keys, "" where nobody knows.
func (k *keyring) userFile() string {
	folder := k.options.env("XDG_CONFIG_HOME")
	switch {
	case runtime.GOOS == "windows":
		folder = k.options.env("AppData")
	case folder != "" && !filepath.IsAbs(folder) && runtime.GOOS != "darwin":
		k.places = append(k.places, "XDG_CONFIG_HOME "+folder+" (is relative, and SOPS ignores it)")
		return ""
	case folder != "":
	case k.options.Home == "":
		return ""
	case runtime.GOOS == "darwin":
		folder = filepath.Join(k.options.Home, "Library", "Application Support")
	default:
		folder = filepath.Join(k.options.Home, ".config")
	}
	if folder == "" {
		return ""
	}
	return filepath.Join(folder, "sops", "age", "keys.txt")
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

// content is the content of a file with keys, false where it is of no use. One that cannot be read is an error only where a key is needed, so it
// is noted, not returned.
func (k *keyring) content(place, name string) (data []byte, exists, ok bool) {
	read := os.ReadFile // the user may name a pipe
	if place == filepath.Join(k.options.ArchDir, filepath.FromSlash(devKeyFile)) {
		read = emit.ReadFile
	}
	data, err := read(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		k.places = append(k.places, place+" (does not exist)")
		return nil, false, false
	case emit.Refused(err) != nil:
		k.places = append(k.places, fmt.Sprintf("%s (%v)", place, emit.Refused(err)))
	case err != nil:
		k.places = append(k.places, place+" (cannot be read)")
	}
	return data, true, err == nil
}

// addFile reads an identity file, and says whether it exists.
func (k *keyring) addFile(place, name string) bool {
	data, exists, ok := k.content(place, name)
	switch {
	case !ok:
	case strings.HasPrefix(string(data), "age-encryption") || strings.HasPrefix(string(data), "-----BEGIN AGE"):
		k.places = append(k.places, place+" (has a passphrase)")
	default:
		k.add(place, string(data))
	}
	return exists
}

// add takes the identities of a place, one a line. What cannot be read is noted by its line: its text may be half of a key.
func (k *keyring) add(place, text string) {
	found := 0
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		identity, err := parseIdentity(line)
		if err != nil {
			k.places = append(k.places, fmt.Sprintf("%s (line %d is not an age identity)", place, i+1))
			continue
		}
		found++
		k.identities = append(k.identities, identity)
		if p := publicHalf(identity); p != "" {
			k.public = append(k.public, p)
			k.own[p] = true
		}
	}
	k.places = append(k.places, fmt.Sprintf("%s (%d identities)", place, found))
}

// publicHalf is the recipient of an identity; "" for one that is kept by a plugin.
func publicHalf(id age.Identity) string {
	switch id := id.(type) {
	case *x25519Identity:
		return id.Recipient().String()
	case *age.HybridIdentity:
		return id.Recipient().String()
	}
	return ""
}

// loadSSH reads the keys of SSH: the variable's file, what the user's command prints, and the two usual files.
func (k *keyring) loadSSH(recipient string) {
	if k.sshLoaded {
		return
	}
	k.sshLoaded = true
	if name, ok := k.variable(sshFileVariable); ok {
		k.addSSHFile(sshFileVariable+" "+name, name)
	}
	if command, ok := k.variable(sshCommandVariable); ok {
		if out, ok := k.run(sshCommandVariable, command, recipient); ok {
			k.addSSH(sshCommandVariable, out)
		}
	}
	if k.options.Home == "" {
		return
	}
	for _, name := range []string{"id_ed25519", "id_rsa"} {
		file := filepath.Join(k.options.Home, ".ssh", name)
		k.addSSHFile(file, file)
	}
}

func (k *keyring) addSSHFile(place, name string) {
	if data, _, ok := k.content(place, name); ok {
		k.addSSH(place, data)
	}
}

func (k *keyring) addSSH(place string, data []byte) {
	identity, err := agessh.ParseIdentity(data)
	var passphrase *ssh.PassphraseMissingError
	switch {
	case errors.As(err, &passphrase):
		k.places = append(k.places, place+" (has a passphrase)")
	case err != nil:
		k.places = append(k.places, place+" (is not a private key of SSH that age can use)")
	default:
		k.identities = append(k.identities, identity)
		k.places = append(k.places, place+" (1 identity)")
	}
}

// unwrap is the data key of a file, nil where no identity opens it. It may be called by several goroutines.
func (k *keyring) unwrap(wraps []wrap) []byte {
	order := slices.Clone(wraps)
	slices.SortStableFunc(order, func(a, b wrap) int {
		switch {
		case k.own[a.recipient] == k.own[b.recipient]:
			return 0
		case k.own[a.recipient]:
			return -1
		}
		return 1
	})
	for _, w := range order {
		if key := w.unwrap(k.identities); key != nil {
			return key
		}
	}
	return nil
}

// ask takes what load left out: the keys of SSH where the file is for one, and then the user's command for each recipient that it was not run for, until
// an identity opens the file.
func (k *keyring) ask(wraps []wrap) []byte {
	if i := slices.IndexFunc(wraps, func(w wrap) bool { return strings.HasPrefix(w.recipient, "ssh-") }); i >= 0 {
		k.loadSSH(wraps[i].recipient)
	}
	for _, w := range wraps {
		if k.command == "" || k.asked[w.recipient] {
			continue
		}
		if key := k.unwrap(wraps); key != nil {
			return key
		}
		k.askFor(w.recipient)
	}
	return k.unwrap(wraps)
}

// askFor takes the identities that the user's command prints.
func (k *keyring) askFor(recipient string) {
	k.asked[recipient] = true
	if out, ok := k.run(keyCommandVariable, k.command, recipient); ok {
		k.add(keyCommandVariable, string(out))
	}
}

// run is what a command of the user prints. SOPS tells it the recipient.
func (k *keyring) run(variable, command, recipient string) ([]byte, bool) {
	ctx, cancel := context.WithTimeout(context.Background(), commandTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-c", command)
	cmd.Env = append(os.Environ(), recipientVariable+"="+recipient)
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	switch {
	case ctx.Err() != nil:
		k.places = append(k.places, fmt.Sprintf("%s (no answer within %s)", variable, commandTimeout))
	case err != nil:
		k.places = append(k.places, fmt.Sprintf("%s (%v)", variable, err))
	}
	return out, err == nil
}

// publicHalf is the public half of the first identity found, "" without any. A key of SSH is for logins: it opens files that name it, and is taken for
// no other.
func (k *keyring) publicHalf() string {
	k.load()
	if len(k.public) == 0 && k.command != "" && !k.asked[""] {
		k.askFor("")
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
	return fmt.Sprintf("%s has %q, which is not an age recipient", e.where, e.text)
}

// recipients is the public keys to encrypt to, sorted; the first of these that exist: those of arch.cue, of .sops.yaml beside arch.cue, of .sops.yaml in
// the output, the public half of an identity found (OUTPUT.md, SEC-06). Empty where there are none.
// theirs is the keys beside them that the program sops handles; outConfig is the .sops.yaml of the output where that says who they are.
//
// Errors: a file that cannot be read, a text that is no recipient.
func recipients(o Options, paths []string, keys *keyring) (to []recipient, theirs cloud, outConfig []byte, err error) {
	if len(o.Recipients) > 0 {
		to, err = parseRecipients("config.secrets.recipients", o.Recipients)
		return to, cloud{}, nil, err
	}
	configs := []struct {
		name string
		seen func(path string) string // a file of the output, from where the configuration stands
		read func() ([]byte, error)
	}{
		{filepath.Join(o.ArchDir, sopsConfig), o.seenFromArch, func() ([]byte, error) { return emit.ReadFile(filepath.Join(o.ArchDir, sopsConfig)) }},
		{filepath.Join(cmp.Or(o.OutDir, "out"), sopsConfig), func(path string) string { return path }, func() ([]byte, error) { return o.old(sopsConfig) }},
	}
	for i, c := range configs {
		data, err := c.read()
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if why := emit.Refused(err); why != nil {
			return nil, cloud{}, nil, &errConfig{c.name, why}
		}
		if err != nil {
			return nil, cloud{}, nil, fmt.Errorf("read %s: %w", c.name, err)
		}
		texts, theirs, err := configRecipients(data, c.seen, paths)
		if err != nil {
			return nil, cloud{}, nil, &errConfig{c.name, err}
		}
		if len(texts) == 0 && theirs.isEmpty() {
			continue
		}
		if i > 0 {
			outConfig = data
		}
		to, err = parseRecipients(c.name, texts)
		return to, theirs, outConfig, err
	}
	if p := keys.publicHalf(); p != "" {
		to, err = parseRecipients("an identity", []string{p})
	}
	return to, cloud{}, nil, err
}

// errConfig is a .sops.yaml that cannot be understood.
type errConfig struct {
	name string
	err  error
}

func (e *errConfig) Error() string { return fmt.Sprintf("%s cannot be parsed: %v", e.name, e.err) }

func (e *errConfig) Unwrap() error { return e.err }

// RecipientHelp is what to do about a recipient that is none.
const RecipientHelp = `name age public keys, which begin with "age1"; age-keygen generates a pair`

// CheckRecipient says what is wrong with a recipient of a place; nil if nothing is.
func CheckRecipient(where, text string) error {
	if _, err := parseRecipient(strings.TrimSpace(text)); err != nil {
		return &errRecipient{where, text}
	}
	return nil
}

// parseRecipients parses recipients, sorted and each once.
func parseRecipients(where string, texts []string) ([]recipient, error) {
	trimmed := make([]string, len(texts))
	for i, text := range texts {
		trimmed[i] = strings.TrimSpace(text)
	}
	slices.Sort(trimmed)
	var all []recipient
	for _, text := range slices.Compact(trimmed) {
		r, err := parseRecipient(text)
		if err != nil {
			return nil, &errRecipient{where, text}
		}
		all = append(all, r)
	}
	return all, nil
}

// creationRule is what matters here of a rule of .sops.yaml. SOPS takes a text with commas or a list of texts.
type creationRule struct {
	PathRegex string             `yaml:"path_regex"`
	Profile   string             `yaml:"aws_profile"`
	Threshold int                `yaml:"shamir_threshold"`
	Age       ageKeys            `yaml:"age"`
	Services  map[string]ageKeys `yaml:"-"` // keys that the program sops handles, by field
	KeyGroups []struct {
		Age    ageKeys        `yaml:"age"`
		Others map[string]any `yaml:",inline"`
	} `yaml:"key_groups"`
}

// UnmarshalYAML reads the fields of the services by their names.
func (r *creationRule) UnmarshalYAML(n *yaml.Node) error {
	type plain creationRule
	if err := n.Decode((*plain)(r)); err != nil {
		return err
	}
	var fields map[string]yaml.Node
	if err := n.Decode(&fields); err != nil {
		return err
	}
	r.Services = map[string]ageKeys{}
	for _, s := range services() {
		field, ok := fields[s.field]
		if !ok {
			continue
		}
		var keys ageKeys
		if err := field.Decode(&keys); err != nil {
			return err
		}
		if len(keys) > 0 {
			r.Services[s.field] = keys
		}
	}
	return nil
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

// configRecipients is the age recipients, and the keys that sops handles, of the rules that SOPS would take for the files, by the paths that it sees.
func configRecipients(data []byte, seen func(path string) string, paths []string) ([]string, cloud, error) {
	var config struct {
		CreationRules []creationRule `yaml:"creation_rules"`
	}
	if err := yaml.Unmarshal(data, &config); err != nil {
		return nil, cloud{}, errors.New("it is not YAML, or not in a form that SOPS knows")
	}
	exprs := make([]*regexp.Regexp, len(config.CreationRules))
	for i, r := range config.CreationRules {
		var err error
		if exprs[i], err = regexp.Compile(r.PathRegex); err != nil {
			return nil, cloud{}, fmt.Errorf("rule %d: path_regex is not a valid regular expression", i+1)
		}
	}
	var all []string
	c := cloud{}
	taken := make([]bool, len(exprs))
	for _, p := range paths {
		i := slices.IndexFunc(exprs, func(e *regexp.Regexp) bool { return e.MatchString(seen(p)) })
		if i < 0 || taken[i] {
			continue
		}
		taken[i] = true
		r := config.CreationRules[i]
		all = append(all, r.Age...)
		for _, g := range r.KeyGroups {
			all = append(all, g.Age...)
			if len(g.Others) > 0 || r.Threshold > 1 {
				return nil, cloud{}, fmt.Errorf("rule %d: key groups can contain only age keys; name other keys in the rule itself", i+1)
			}
		}
		for field, keys := range r.Services {
			if c.keys == nil {
				c.keys = map[string][]string{}
			}
			c.keys[field] = append(c.keys[field], keys...)
			slices.Sort(c.keys[field])
			c.keys[field] = slices.Compact(c.keys[field])
		}
		c.profile = cmp.Or(c.profile, r.Profile)
	}
	return all, c, nil
}

// newIdentity makes a development identity and the file that holds it. It has no time in it: a second one differs by its key alone.
func newIdentity() (recipient, []byte, error) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		return recipient{}, nil, fmt.Errorf("make a development identity: %w", err)
	}
	public := id.Recipient().String()
	file := "# Development identity made by platc. Anyone who has it can decrypt the secrets: keep a copy, and keep it out of version control.\n" +
		"# public key: " + public + "\n" + id.String() + "\n"
	to, err := parseRecipient(public)
	return to, []byte(file), err
}
