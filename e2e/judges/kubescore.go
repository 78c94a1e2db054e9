package judges

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
)

// scored is an object in kube-score's own form.
type scored struct {
	Name string `json:"object_name"`
	Meta struct {
		Annotations map[string]string `json:"annotations"`
	} `json:"object_meta"`
	Checks []check `json:"checks"`
}

// check is what one rule says of an object: grade 10 is a pass.
type check struct {
	Check struct {
		ID string `json:"id"`
	} `json:"check"`
	Grade    int  `json:"grade"`
	Skipped  bool `json:"skipped"`
	Comments []struct {
		Path, Summary string
	} `json:"comments"`
}

func (c check) fails() bool { return !c.Skipped && c.Grade < 10 }

// ignorable are the checks that an annotation may switch off, with the rule that says so.
func ignorable() map[string]string {
	return map[string]string{
		"container-security-context-user-group-id": "K8S-16: the user asks for that number, or the image has it",
		"networkpolicy-targets-pod":                "PRV-06: an operator makes the pods",
		"service-targets-pod":                      "PRV-06: an operator makes the pods",
		"deployment-replicas":                      "the user asks for one pod",
		"deployment-strategy":                      "the user asks for one pod, whose volume no second one can have",
		"horizontalpodautoscaler-replicas":         "the user asks for one pod",
		"pod-probes-identical":                     "SRV-02: an image of any kind has one thing to ask, unless the user names two",
	}
}

// switchedOff are the checks that fail where the user switched off on purpose what they ask for (JDG-02), by attribute and value.
func switchedOff() map[string]map[any][]string {
	security := []string{"container-security-context-user-group-id", "container-security-context-privileged", "container-security-context-readonlyrootfilesystem"}
	return map[string]map[any][]string{
		"probes":             {false: {"pod-probes"}},
		"securityContext":    {false: security},
		"pod_level_security": {false: security},
		"service_type":       {"NodePort": {"service-type"}},
	}
}

// kubeScore looks at all objects that are rendered together. Every exception is an annotation of the object, and one that is not needed is a finding.
func kubeScore(ctx context.Context, c *Case) ([]string, error) {
	var findings []string
	for _, folder := range c.folders {
		text := c.text[folder]
		if len(text) == 0 {
			continue // a mesh alone has no objects
		}
		switch {
		case folder == ".", strings.HasSuffix(folder, "day2"):
			found, err := c.scores(ctx, text)
			if err != nil {
				return nil, err
			}
			findings = append(findings, found...)
		case strings.HasSuffix(folder, "k8s/build/base"):
			found, err := c.builds(ctx, text)
			if err != nil {
				return nil, err
			}
			findings = append(findings, found...)
		}
	}
	slices.Sort(findings)
	return slices.Compact(findings), nil
}

func (c *Case) scores(ctx context.Context, text []byte) ([]string, error) {
	var findings []string
	judged, err := c.score(ctx, text)
	if err != nil {
		return nil, err
	}
	for _, o := range judged {
		for _, one := range o.Checks {
			if one.fails() && !c.onPurpose(o.Name, one.Check.ID) {
				findings = append(findings, fmt.Sprintf("%s: %s: %v", o.Name, one.Check.ID, one.Comments))
			}
		}
	}
	// the same without the annotations: each has to hide something
	bare, err := c.score(ctx, text, "--disable-ignore-checks-annotations")
	if err != nil {
		return nil, err
	}
	for _, o := range bare {
		for _, ignored := range strings.FieldsFunc(o.Meta.Annotations["kube-score/ignore"], func(r rune) bool { return r == ',' }) {
			if ignorable()[ignored] == "" {
				findings = append(findings, fmt.Sprintf("%s: no rule lets it ignore %s", o.Name, ignored))
			}
			if !slices.ContainsFunc(o.Checks, func(one check) bool { return one.Check.ID == ignored && one.fails() }) {
				findings = append(findings, fmt.Sprintf("%s: it ignores %s, and would pass", o.Name, ignored))
			}
		}
	}
	return findings, nil
}

// builds: what builds images needs a user and a file system of its own (BLD-01 to BLD-03); nothing else is let pass.
func (c *Case) builds(ctx context.Context, text []byte) ([]string, error) {
	var findings []string
	judged, err := c.score(ctx, text)
	if err != nil {
		return nil, err
	}
	let := []string{"container-security-context-user-group-id", "container-security-context-readonlyrootfilesystem"}
	for _, o := range judged {
		for _, one := range o.Checks {
			if one.fails() && !slices.Contains(let, one.Check.ID) {
				findings = append(findings, fmt.Sprintf("%s: %s: %v", o.Name, one.Check.ID, one.Comments))
			}
		}
	}
	return findings, nil
}

// onPurpose says whether the component of an object (kind/group/version/namespace/name) has switched off what a check asks for.
func (c *Case) onPurpose(object, check string) bool {
	parts := strings.Split(object, "/")
	name := parts[len(parts)-1]
	for _, component := range c.Graph.Components {
		if name != component.Name && !strings.HasPrefix(name, component.Name+"-") {
			continue
		}
		for attribute, values := range switchedOff() {
			if slices.Contains(values[component.Attributes[attribute]], check) {
				return true
			}
		}
	}
	return false
}

func (c *Case) score(ctx context.Context, text []byte, flags ...string) ([]scored, error) {
	var out, trouble bytes.Buffer
	// an exact tag of somebody else's image is not asked for at every start (PRV-11): a database starts while its registry is away
	args := []string{"score", "--kubernetes-version", "v1.37", "--output-format", "json", "--ignore-test", "container-image-pull-policy"}
	cmd := exec.CommandContext(ctx, c.tools.kubeScore, append(args, append(flags, "-")...)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(text), &out, &trouble
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return nil, fmt.Errorf("kube-score: %w", err)
	}
	var judged []scored
	if err := json.Unmarshal(out.Bytes(), &judged); err != nil {
		return nil, fmt.Errorf("kube-score: %w\n%s", err, trouble.String())
	}
	return judged, nil
}
