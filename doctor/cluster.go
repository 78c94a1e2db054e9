package doctor

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// cluster is what a cluster was asked, and answered.
type cluster struct {
	kubectl func(args ...string) (answer, trouble string)
	trouble string // why it cannot be asked
}

func newCluster(ctx context.Context, o Options) *cluster {
	return &cluster{kubectl: func(args ...string) (answer, trouble string) {
		args = append(args, "--request-timeout="+o.Timeout.String())
		if o.Context != "" {
			args = append(args, "--context="+o.Context)
		}
		return ask(ctx, o.Timeout, "kubectl", args...)
	}}
}

// check asks for the cluster itself.
func (c *cluster) check(n Needs) Check {
	check := Check{Name: "cluster", State: OK, Wants: n.Oldest + " to " + n.Newest, For: []Purpose{Deploy, Images}}
	name, trouble := c.kubectl("config", "view", "--minify", "--output=jsonpath={.current-context} ({.clusters[0].cluster.server})")
	check.Note = cmp.Or(strings.TrimSpace(name), "no context is set")
	if trouble != "" {
		check.Note = trouble
	}
	said, trouble := c.kubectl("version", "--output=json")
	if trouble != "" {
		c.trouble, check.State = trouble, Absent
		if trouble != check.Note {
			check.Note += ": " + trouble
		}
		return check
	}
	var answer struct {
		ServerVersion struct {
			GitVersion string `json:"gitVersion"`
		} `json:"serverVersion"`
	}
	if err := json.Unmarshal([]byte(said), &answer); err != nil || answer.ServerVersion.GitVersion == "" {
		c.trouble, check.State = "it does not say its version", Absent
		check.Note += ": it does not say its version"
		return check
	}
	check.Version = version(answer.ServerVersion.GitVersion)
	switch {
	case compare(check.Version, n.Oldest) < 0:
		check.State = Old
	case compare(check.Version, n.Newest) > 0:
		check.Note += ": newer than what the output was tested on"
	}
	return check
}

// crds are the custom resource definitions that are there, of those named, each with its annotations of the given names.
func (c *cluster) crds(names, annotations []string) (map[string]map[string]string, string) {
	columns := []string{"NAME:.metadata.name"}
	for i, a := range annotations {
		columns = append(columns, fmt.Sprintf("A%d:.metadata.annotations.%s", i, strings.ReplaceAll(a, ".", `\.`)))
	}
	args := slices.Concat([]string{"get", "customresourcedefinitions.apiextensions.k8s.io"}, names, []string{"--ignore-not-found", "--no-headers", "--output=custom-columns=" + strings.Join(columns, ",")})
	said, trouble := c.kubectl(args...)
	if trouble != "" {
		return nil, trouble
	}
	all := map[string]map[string]string{}
	for line := range strings.Lines(said) {
		words := strings.Fields(line)
		if len(words) != len(annotations)+1 {
			continue
		}
		all[words[0]] = map[string]string{}
		for i, a := range annotations {
			if words[i+1] != "<none>" {
				all[words[0]][a] = words[i+1]
			}
		}
	}
	return all, ""
}

// images are those of all controllers that run, with their tags.
func (c *cluster) images() ([]string, string) {
	said, trouble := c.kubectl("get", "deployments.apps,statefulsets.apps", "--all-namespaces",
		`--output=jsonpath={range .items[*]}{range .spec.template.spec.containers[*]}{.image}{"\n"}{end}{end}`)
	return strings.Fields(said), trouble
}

// prerequisites asks for what has to be there before the first deployment.
func (c *cluster) prerequisites(n Needs) []Check {
	if len(n.Prerequisites) == 0 {
		return nil
	}
	names, annotations := map[string]bool{}, map[string]bool{}
	byImage := false
	for _, p := range n.Prerequisites {
		for _, crd := range p.CRDs {
			names[crd] = true
		}
		if p.Annotation != "" {
			annotations[p.Annotation] = true
		}
		byImage = byImage || len(p.Images) > 0
	}
	seen := sight{trouble: c.trouble}
	if c.trouble == "" && len(names) > 0 {
		seen.crds, seen.noCRDs = c.crds(slices.Sorted(maps.Keys(names)), slices.Sorted(maps.Keys(annotations)))
	}
	if c.trouble == "" && byImage {
		seen.images, seen.noImages = c.images()
	}
	var all []Check
	for _, p := range n.Prerequisites {
		all = append(all, seen.check(p))
	}
	return all
}

// sight is what is seen of the prerequisites in a cluster.
type sight struct {
	crds     map[string]map[string]string
	images   []string
	trouble  string // why nothing is known
	noCRDs   string // why definitions are not known
	noImages string // why images are not known
}

func (s sight) check(p Prerequisite) Check {
	check := Check{Name: p.Name, State: OK, Wants: version(p.Version), For: []Purpose{Deploy}, Note: "needed by " + strings.Join(p.NeededBy, ", ")}
	var gone []string
	for _, crd := range p.CRDs {
		if _, there := s.crds[crd]; !there {
			gone = append(gone, crd)
		}
	}
	check.Version = s.version(p)
	switch {
	case s.trouble != "":
		check.State, check.Note = Unknown, check.Note+"; the cluster could not be asked"
	case s.noCRDs != "" && len(p.CRDs) > 0:
		check.State, check.Note = Unknown, check.Note+"; its definitions are not known: "+s.noCRDs
	case len(gone) > 0:
		check.State, check.Note = Missing, check.Note+"; the cluster has no "+strings.Join(gone, ", ")
	case len(p.CRDs)+len(p.Images) == 0:
		check.State, check.Note = Unknown, check.Note+"; look yourself: it leaves no mark in a cluster"
	case check.Version == "" && s.noImages != "" && len(p.Images) > 0:
		check.State, check.Note = Unknown, check.Note+"; its version is not known: "+s.noImages
	case check.Version == "" && len(p.CRDs) == 0:
		check.State, check.Note = Missing, check.Note+"; nothing in the cluster runs it"
	case check.Version == "":
		check.State, check.Note = Unknown, check.Note+"; its definitions are there, but nothing shows its version"
	case compare(check.Version, check.Wants) < 0:
		check.State = Old
	}
	return check
}

// version is the newest one that images or annotations show.
func (s sight) version(p Prerequisite) string {
	var all []string
	for _, image := range s.images {
		name, _, _ := strings.Cut(image, "@")
		repository, tag := name, ""
		if i := strings.LastIndexByte(name, ':'); i > strings.LastIndexByte(name, '/') {
			repository, tag = name[:i], name[i+1:]
		}
		if slices.ContainsFunc(p.Images, func(end string) bool { return repository == end || strings.HasSuffix(repository, "/"+end) }) {
			all = append(all, version(tag))
		}
	}
	for _, crd := range p.CRDs {
		all = append(all, version(s.crds[crd][p.Annotation]))
	}
	all = slices.DeleteFunc(all, func(v string) bool { return v == "" })
	if len(all) == 0 {
		return ""
	}
	return slices.MaxFunc(all, compare)
}
