package main

import (
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// TestTheProgramReachesNoNetwork pins what the program is linked of. Who adds a module adds it here, and looks at what it brings: its initialisers run at
// every start, and some read files or dial servers. Nothing that we import may speak HTTP but CUE, whose registry we never ask.
func TestTheProgramReachesNoNetwork(t *testing.T) {
	t.Parallel()
	modules := []string{
		"cuelang.org/go", "cuelabs.dev/go/oci/ociregistry", "filippo.io/age", "filippo.io/edwards25519", "filippo.io/hpke",
		"github.com/cockroachdb/apd/v3", "github.com/emicklei/proto", "github.com/fsnotify/fsnotify", "github.com/google/uuid",
		"github.com/hashicorp/errwrap", "github.com/hashicorp/go-multierror", "github.com/mitchellh/go-wordwrap", "github.com/opencontainers/go-digest",
		"github.com/opencontainers/image-spec", "github.com/pelletier/go-toml/v2", "github.com/inconshreveable/mousetrap", "github.com/rogpeppe/go-internal", "github.com/protocolbuffers/txtpbfmt", "github.com/spf13/cobra",
		"github.com/spf13/pflag", "go.yaml.in/yaml/v2", "go.yaml.in/yaml/v3", "golang.org/x/crypto", "golang.org/x/net", "golang.org/x/oauth2",
		"golang.org/x/sync", "golang.org/x/sys", "golang.org/x/term", "golang.org/x/text", "golang.org/x/tools", "google.golang.org/protobuf",
		"gonum.org/v1/gonum", "platc.dev/platc",
		// init --from: Compose files
		"github.com/compose-spec/compose-go/v2", "github.com/distribution/reference", "github.com/docker/go-connections", "github.com/docker/go-units", "github.com/go-viper/mapstructure/v2",
		"github.com/mattn/go-shellwords", "github.com/sirupsen/logrus", "github.com/xhit/go-str2duration/v2", "go.yaml.in/yaml/v4",
		// man
		"github.com/cpuguy83/go-md2man/v2", "github.com/russross/blackfriday/v2",
	}
	mayHTTP := []string{"cuelang.org/go/", "cuelabs.dev/go/oci/ociregistry", "golang.org/x/oauth2"}
	out, err := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{.Path}} {{$.ImportPath}} {{join $.Imports \" \"}}{{end}}", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		module, name, imports := fields[0], fields[1], fields[2:]
		if !slices.Contains(modules, module) {
			t.Errorf("the program is linked of %s, module %s", name, module)
		}
		if slices.Contains(imports, "net/http") && !slices.ContainsFunc(mayHTTP, func(p string) bool { return strings.HasPrefix(name, p) }) {
			t.Errorf("%s imports net/http", name)
		}
	}
}

// The modules of SOPS bring five clouds' clients into every build of this module, be it only for a test.
func TestTheModuleNeedsNoSOPS(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"getsops", "aws", "azure", "cloud.google.com", "huaweicloud", "vault"} {
		if strings.Contains(strings.ToLower(string(data)), name) {
			t.Errorf("go.mod names %s", name)
		}
	}
}
