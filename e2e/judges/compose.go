package judges

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
)

// composeVariable is a variable that whoever starts the containers has to set.
var composeVariable = regexp.MustCompile(`\$\{(PLATC_[A-Z0-9_]+):\?`)

// compose reads local/compose.yaml as Docker Compose does, with a stand-in of each secret: it is a project, all that it mounts is in the tree, and it
// publishes nothing to other machines.
func compose(ctx context.Context, c *Case) ([]string, error) {
	file := filepath.Join(c.Tree.Deployed(c.Tree.Out), "local", "compose.yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	secrets, err := os.MkdirTemp("", "secrets")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(secrets) }()
	env := []string{"PLATC_SECRETS=" + secrets}
	for _, found := range composeVariable.FindAllStringSubmatch(string(text), -1) {
		if found[1] != "PLATC_SECRETS" {
			env = append(env, found[1]+"=se$cret")
		}
	}
	options, err := cli.NewProjectOptions([]string{file}, cli.WithEnv(env), cli.WithProfiles([]string{"*"}), cli.WithResolvedPaths(true), cli.WithConsistency(true), cli.WithoutEnvironmentResolution)
	if err != nil {
		return nil, err
	}
	project, err := options.LoadProject(ctx)
	if err != nil {
		return []string{fmt.Sprintf("local/compose.yaml: %s", err)}, nil
	}
	var findings []string
	for name, s := range project.Services {
		for _, finding := range composeService(c.Tree.Out, secrets, s) {
			findings = append(findings, fmt.Sprintf("local/compose.yaml: %s %s", name, finding))
		}
	}
	slices.Sort(findings)
	return findings, nil
}

// certified says whether a Certificate of the component asks for the Secret that a path stands for: then whoever starts the containers makes it.
func certified(secret string) bool {
	files, err := filepath.Glob(filepath.Join(filepath.Dir(filepath.Dir(secret)), "*.yaml"))
	if err != nil {
		return false
	}
	return slices.ContainsFunc(files, func(file string) bool {
		text, err := os.ReadFile(file)
		return err == nil && slices.ContainsFunc(strings.Split(string(text), "\n---\n"), func(object string) bool {
			return strings.Contains(object, "\nkind: Certificate\n") && strings.Contains(object, "\n  secretName: "+filepath.Base(secret)+"\n")
		})
	})
}

func composeService(tree, secrets string, s types.ServiceConfig) []string {
	var all []string
	exists := func(source string) {
		if rest, ok := strings.CutPrefix(source, secrets+"/"); ok {
			source = filepath.Join(tree, strings.Split(rest, ".d/")[0])
			if certified(source) {
				return
			}
		}
		if _, err := os.Stat(source); err != nil || !strings.HasPrefix(source, tree) {
			all = append(all, "reads "+source+", which is not in the tree")
		}
	}
	for _, v := range s.Volumes {
		if v.Type == types.VolumeTypeBind {
			exists(v.Source)
		}
	}
	for _, f := range s.EnvFiles {
		exists(f.Path)
	}
	for _, p := range s.Ports {
		if p.HostIP != "127.0.0.1" || p.Published != "" {
			all = append(all, fmt.Sprintf("publishes %s at %q:%q", fmt.Sprint(p.Target), p.HostIP, p.Published))
		}
	}
	for other, d := range s.DependsOn {
		if d.Condition == "" {
			all = append(all, "waits for "+other+" without a condition")
		}
	}
	return all
}
