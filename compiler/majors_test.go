package compiler_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// TestAServerRefusesDataOfAnotherMajorVersion runs the emitted check of a PostgreSQL server on volumes as images of each layout leave them.
func TestAServerRefusesDataOfAnotherMajorVersion(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ version, data, of, refused string }{
		{"18", "", "", ""},
		{"18", "18/docker", "18", ""},
		{"18", "pgdata", "17", "is of PostgreSQL 17, and this is 18"},
		{"18", "19/docker", "19", "is of PostgreSQL 19, and this is 18"},
		{"17", "pgdata", "17", ""},
		{"17", "18/docker", "18", "is of PostgreSQL 18, and this is 17"},
		{"17", ".", "16", "is of PostgreSQL 16, and this is 17"},
	} {
		files := tree(t, check(t, `
name: "shop"
components: db: {kind: "postgresql", namespace: "data", version: "`+c.version+`", database: orders: {}}
`))
		var script, cluster, mount string
		for document := range strings.SplitSeq(files["db/k8s/deploy/base/postgresql.yaml"], "\n---\n") {
			var o struct {
				Kind string
				Spec struct {
					Template struct {
						Spec struct {
							InitContainers []struct {
								Command      []string
								Env          []struct{ Value string }
								VolumeMounts []struct {
									MountPath string `yaml:"mountPath"`
								} `yaml:"volumeMounts"`
							} `yaml:"initContainers"`
						}
					}
				}
			}
			if err := yaml.Unmarshal([]byte(document), &o); err != nil {
				t.Fatal(err)
			}
			if o.Kind == "StatefulSet" {
				one := o.Spec.Template.Spec.InitContainers[0]
				script, cluster, mount = one.Command[2], one.Env[0].Value, one.VolumeMounts[0].MountPath
			}
		}
		volume := t.TempDir()
		if c.data != "" {
			if err := os.MkdirAll(filepath.Join(volume, c.data), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(volume, c.data, "PG_VERSION"), []byte(c.of+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		command := exec.CommandContext(t.Context(), "sh", "-euc", strings.ReplaceAll(script, mount, volume))
		command.Env = append(os.Environ(), "PGDATA="+strings.Replace(cluster, mount, volume, 1))
		said, err := command.CombinedOutput()
		if (err != nil) != (c.refused != "") || !strings.Contains(string(said), c.refused) {
			t.Errorf("%s on %s of %s: %v, %s", c.version, c.data, c.of, err, said)
		}
	}
}
