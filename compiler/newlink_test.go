package compiler_test

import (
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"platc.dev/platc/compiler/fixture"
	"platc.dev/platc/compiler/kind"
)

// inPlace are fields of custom resources that the operator applies to running pods.
func inPlace() map[string][]string {
	return map[string][]string{
		"Kafka":            {"kafka"},             // its listener's networkPolicyPeers; the pods follow config, template and the pools
		"MongoDBCommunity": {"users", "security"}, // the agent makes users and roles
		"Prometheus":       {"serviceMonitorNamespaceSelector", "podMonitorNamespaceSelector"},
	}
}

// TestANewLinkRestartsNoServer links one application after the other to each server, and compares what its pods are made of: their templates, and
// what the Secrets and ConfigMaps hold that these name by a hash. What only another container can give, metrics and a mesh, is left out.
func TestANewLinkRestartsNoServer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i, p := range fixture.Pairs(w.Library) {
		if testing.Short() && i%sampled != 0 {
			continue
		}
		if slices.Contains([]string{"prometheus", "istio"}, p.Source.Name) || slices.Contains(owning(p.Target.Name, w).Provides, "application") || owning(p.Source.Name, w) == owning(p.Target.Name, w) {
			continue
		}
		t.Run(p.Source.Name+" to "+p.Target.Name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			var before map[string]string
			for linked := range 3 {
				w.Components = object{}
				for i := range 2 {
					made := w.Pair(p.Rule, p.Source, p.Target, string(rune('a'+i)))
					delete(w.Components, made.To)
					_, made.TargetNode = w.Add(p.Target, "server")
					made.To = "server"
					w.Client(made)
					if i < linked {
						w.Connect(made)
					}
				}
				pods := podsOf(t, tree(t, w.check(t)), "server")
				for name, pod := range before {
					if pods[name] != pod {
						t.Errorf("%s with %d links: %s", name, linked, firstDifference(pod, pods[name]))
					}
				}
				before = pods
			}
		})
	}
}

// owning is the kind of the component that a kind is, or is part of.
func owning(name string, w world) *kind.Kind {
	parent, _, _ := strings.Cut(name, "/")
	return w.Library.Kinds[parent]
}

// podsOf are the templates of a component's pods, by object, each with what it names by a hash.
func podsOf(t *testing.T, files map[string]string, component string) map[string]string {
	t.Helper()
	base := component + "/k8s/deploy/base/"
	hashed := generatedOf(t, files, base)
	all := map[string]string{}
	for name, text := range files {
		if path.Dir(name)+"/" != base || path.Base(name) == "kustomization.yaml" || !strings.HasSuffix(name, ".yaml") {
			continue
		}
		for decoder := yaml.NewDecoder(strings.NewReader(text)); ; {
			var o object
			if decoder.Decode(&o) != nil {
				break
			}
			what, _ := o["kind"].(string)
			spec, _ := o["spec"].(object)
			if !slices.Contains([]string{"StatefulSet", "Deployment", "RabbitmqCluster", "Kafka", "KafkaNodePool", "MongoDBCommunity", "Cluster", "Prometheus"}, what) {
				continue
			}
			for _, field := range inPlace()[what] {
				if what == "Kafka" {
					spec = spec[field].(object)
					delete(spec, "listeners")
					continue
				}
				delete(spec, field)
			}
			data, err := yaml.Marshal(spec)
			if err != nil {
				t.Fatal(err)
			}
			var shown strings.Builder
			shown.Write(data)
			for _, name := range slices.Sorted(maps.Keys(hashed)) {
				if strings.Contains(string(data), ": "+name+"\n") {
					shown.WriteString("\n# " + name + "\n" + hashed[name])
				}
			}
			all[what+" "+name] = shown.String()
		}
	}
	return all
}

// generatedOf is what the ConfigMaps and Secrets of a kustomization hold whose names have a hash of it.
func generatedOf(t *testing.T, files map[string]string, base string) map[string]string {
	t.Helper()
	type generator struct {
		Name    string
		Files   []string
		Envs    []string
		Options struct {
			DisableNameSuffixHash bool `yaml:"disableNameSuffixHash"`
		}
	}
	var k struct {
		ConfigMaps []generator `yaml:"configMapGenerator"`
		Secrets    []generator `yaml:"secretGenerator"`
	}
	if err := yaml.Unmarshal([]byte(files[base+"kustomization.yaml"]), &k); err != nil {
		t.Fatal(err)
	}
	all, plain := map[string]string{}, []string{}
	for _, g := range slices.Concat(k.ConfigMaps, k.Secrets) {
		if g.Options.DisableNameSuffixHash {
			plain = append(plain, g.Name)
		}
		for _, f := range slices.Concat(g.Files, g.Envs) {
			all[g.Name] += files[base+f[strings.Index(f, "=")+1:]]
		}
	}
	for _, name := range plain {
		delete(all, name)
	}
	return all
}
