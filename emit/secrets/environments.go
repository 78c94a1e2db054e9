package secrets

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// folder is where the files of the environment are in the output.
func (o Options) folder() string {
	if o.Environment == "" {
		return ""
	}
	return "env/" + o.Environment
}

// pathOf is the expression of a rule for the files of the environment alone: what it deploys, and what its Jobs build with, which is named by component.
func (b *build) pathOf(r *rule) string {
	if b.options.Environment == "" {
		return r.path
	}
	deployed := b.options.folder() + "/[^/]+/k8s/deploy"
	_, rest, _ := strings.Cut(r.path, "/base/")
	built := b.built()
	if len(built) == 0 || !strings.Contains(r.path, "build") {
		return "^" + deployed + "/base/" + rest
	}
	return fmt.Sprintf("^(%s|(%s)/k8s/build)/base/%s", deployed, strings.Join(built, "|"), rest)
}

// built are the components whose images are built with secrets of the environment, sorted.
func (b *build) built() []string {
	var all []string
	for _, d := range b.docs {
		if !strings.HasPrefix(d.path, b.options.folder()+"/") {
			all = append(all, regexp.QuoteMeta(d.component))
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// withOthers is the rules of the environment between those of the others, which stay as they are.
func (b *build) withOthers(own []any) ([]any, error) {
	if b.options.Environment == "" {
		return own, nil
	}
	var config struct {
		CreationRules []map[string]any `yaml:"creation_rules"`
	}
	if err := yaml.Unmarshal(b.options.Config, &config); err != nil {
		return nil, fmt.Errorf("read %s: it is not YAML", sopsConfig)
	}
	var all []any
	for _, name := range b.options.Environments {
		if name == b.options.Environment {
			all = append(all, own...)
			continue
		}
		for _, r := range config.CreationRules {
			path, _ := r["path_regex"].(string)
			if rest, ok := strings.CutPrefix(strings.TrimLeft(path, "^("), "env/"+name+"/"); ok && rest != "" {
				all = append(all, r)
			}
		}
	}
	return all, nil
}
