package secrets

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"filippo.io/age"
)

// Keys of clouds, of PGP and of Vault are the business of the program sops: it knows their services, and finds the user's credentials for them. It is
// run only where such keys are configured, or where nothing else opens a file that has some. To make a data key it encrypts an empty document of ours, for
// these keys and for an identity that lives as long as the call: so the data key comes to us, and no plaintext goes to it. To read a file it gets the
// ciphertext, and gives the plaintext through a pipe.

const programTimeout = 2 * time.Minute

// service is a kind of key that sops handles.
type service struct {
	field string   // of a rule of .sops.yaml
	flag  string   // of sops
	list  string   // of a file's metadata
	parts []string // of a key in that list, which together are how a rule names it
}

func services() []service {
	return []service{
		{"kms", "--kms", "kms", []string{"arn"}},
		{"gcp_kms", "--gcp-kms", "gcp_kms", []string{"resource_id"}},
		{"hckms", "--hckms", "hckms", []string{"key_id"}},
		{"azure_keyvault", "--azure-kv", "azure_kv", []string{"vault_url", "name"}},
		{"hc_vault_transit_uri", "--hc-vault-transit", "hc_vault", []string{"vault_address", "engine_path", "key_name"}},
		{"pgp", "--pgp", "pgp", []string{"fp"}},
	}
}

func isService(list string) bool {
	return slices.ContainsFunc(services(), func(s service) bool { return s.list == list })
}

// cloud is the keys of a rule that sops handles, by the field of the rule.
type cloud struct {
	keys    map[string][]string
	profile string // aws_profile
}

func (c cloud) isEmpty() bool { return len(c.keys) == 0 }

// names is what a message calls the keys.
func (c cloud) names() string { return strings.Join(slices.Sorted(maps.Keys(c.keys)), ", ") }

// fits says whether a file has just these keys.
func (c cloud) fits(others object) bool {
	want := 0
	for _, s := range services() {
		keys := c.keys[s.field]
		if len(keys) > 0 {
			want++
		}
		i := slices.IndexFunc(others, func(m member) bool { return m.key == s.list })
		if i < 0 {
			if len(keys) > 0 {
				return false
			}
			continue
		}
		have, _ := others[i].node.(list)
		if len(have) != len(keys) || slices.ContainsFunc(have, func(n node) bool { return !s.isAmong(n, keys) }) {
			return false
		}
	}
	return want == len(others)
}

// isAmong says whether a rule names a key of a file.
func (s service) isAmong(n node, keys []string) bool {
	o, _ := n.(object)
	return slices.ContainsFunc(keys, func(key string) bool {
		for _, part := range s.parts {
			i := slices.IndexFunc(o, func(m member) bool { return m.key == part })
			if i < 0 {
				return false
			}
			if text, _ := textOf(o[i].node); !strings.Contains(strings.ReplaceAll(key, " ", ""), text) {
				return false
			}
		}
		return len(o) > 0
	})
}

// identities is the keys of a file for a message.
func identities(others object) []string {
	var all []string
	for _, m := range others {
		for _, s := range services() {
			if s.list != m.key {
				continue
			}
			keys, _ := m.node.(list)
			for _, n := range keys {
				o, _ := n.(object)
				names := []string{m.key}
				for _, field := range o {
					if text, _ := textOf(field.node); slices.Contains(s.parts, field.key) {
						names = append(names, text)
					}
				}
				all = append(all, strings.Join(names, " "))
			}
		}
	}
	return all
}

// errProgram is trouble with the program.
type errProgram struct{ message, help string }

func (e *errProgram) Error() string { return e.message }

// newKey makes a data key, and its wraps for the keys that sops handles.
func (c cloud) newKey() (key []byte, others object, err error) {
	identity, err := age.GenerateX25519Identity()
	if err != nil {
		return nil, nil, err
	}
	arguments := []string{"encrypt", "--input-type", "json", "--output-type", "json", "--filename-override", "key.json", "--age", identity.Recipient().String()}
	for _, s := range services() {
		if keys := c.keys[s.field]; len(keys) > 0 {
			arguments = append(arguments, s.flag, strings.Join(keys, ","))
		}
	}
	if c.profile != "" {
		arguments = append(arguments, "--aws-profile", c.profile)
	}
	out, problems, err := runSOPS([]byte(`{"of": "platc"}`), append(arguments, "/dev/stdin")...)
	if errors.Is(err, exec.ErrNotFound) {
		return nil, nil, &errProgram{
			fmt.Sprintf("%s names keys of %s, which need the program sops, but it is not on the PATH", sopsConfig, c.names()),
			"install sops " + sopsVersion + ", or name age recipients only",
		}
	}
	if err != nil {
		return nil, nil, &errProgram{
			fmt.Sprintf("sops cannot use the keys of %s in %s: %v", c.names(), sopsConfig, err),
			"it says: " + problems,
		}
	}
	_, m, err := parse(jsonText, out)
	if err == nil {
		key = (&keyring{identities: []age.Identity{identity}}).unwrap(m.wraps)
	}
	if key == nil || !c.fits(m.others) {
		return nil, nil, &errProgram{"sops wrote a file that platc does not understand", "platc is tested with sops " + sopsVersion}
	}
	return key, m.others, nil
}

// openWithSOPS reads a file that none of our keys opens, and says whether it could.
func (s *stored) openWithSOPS() error {
	kind := "dotenv"
	if s.format == jsonText {
		kind = "json"
	}
	out, _, err := runSOPS(s.data, "decrypt", "--input-type", kind, "--output-type", kind, "/dev/stdin")
	if err != nil {
		return err
	}
	plain, err := parsePlain(s.format, out)
	if err != nil {
		return errDamaged
	}
	var values []any
	_ = plain.visit(func(_ []string, l *leaf) error {
		values = append(values, l.value)
		return nil
	})
	tree, err := s.tree.replaced(func(_ []string, l *leaf) (*leaf, error) {
		if len(values) == 0 {
			return nil, errDamaged
		}
		opened := *l
		opened.value, values = values[0], values[1:]
		return &opened, nil
	})
	if err != nil || len(values) > 0 {
		return errDamaged
	}
	s.tree, s.opened, s.intact = tree, true, true
	return nil
}

// parsePlain reads a document without metadata.
func parsePlain(f format, data []byte) (object, error) {
	if f == dotenv {
		o, _, err := parseDotenv(append(data, "\nsops_mac=none\n"...))
		return o, err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	n, err := decode(d, 0)
	o, ok := n.(object)
	if err != nil || !ok {
		return nil, errDamaged
	}
	return o, nil
}

// runSOPS runs the program with what the user has in the environment, but for variables that would add keys. problems is the end of what it says.
func runSOPS(stdin []byte, arguments ...string) (out []byte, problems string, err error) {
	program, err := exec.LookPath("sops")
	if err != nil {
		return nil, "", exec.ErrNotFound
	}
	ctx, cancel := context.WithTimeout(context.Background(), programTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, arguments...)
	adds := []string{"SOPS_KMS_ARN", "SOPS_GCP_KMS_IDS", "SOPS_HUAWEICLOUD_KMS_IDS", "SOPS_AZURE_KEYVAULT_URLS", "SOPS_VAULT_URIS", "SOPS_PGP_FP", "SOPS_AGE_RECIPIENTS"}
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		return slices.Contains(adds, name)
	})
	cmd.Env = append(cmd.Env, "SOPS_DISABLE_VERSION_CHECK=1")
	cmd.Dir = os.TempDir() // no .sops.yaml but the one whose keys it is told
	cmd.Stdin = bytes.NewReader(stdin)
	cmd.WaitDelay = time.Second
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err = cmd.Output()
	if ctx.Err() != nil {
		err = fmt.Errorf("no answer within %s", programTimeout)
	}
	const most = 400
	problems = strings.Join(strings.Fields(said.String()), " ")
	if len(problems) > most {
		problems = "…" + problems[len(problems)-most:]
	}
	return out, problems, err
}
