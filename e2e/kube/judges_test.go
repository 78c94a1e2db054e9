package kube

import (
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"platc.dev/platc/e2e/netpol"
	"platc.dev/platc/e2e/world"
)

// connectivity compares the policies that are live with the links of the graph, for every pair of pods.
func (s *suite) connectivity(t *testing.T, g *graph, result *row) {
	links, err := netpol.ReadGraph(g.dir, g.environment)
	if err != nil {
		t.Fatal(err)
	}
	report, err := netpol.Check(s.applied(t), links)
	if err != nil {
		t.Fatal(err)
	}
	result.needed, result.asked = report.Needed, report.Asked
	result.findings += len(report.Findings)
	for _, finding := range report.Findings {
		t.Error(finding)
	}
}

// closedWorld follows every reference of the live objects. What the stand-ins made is left out: what an operator makes is the judge's own table.
func (s *suite) closedWorld(t *testing.T, g *graph, result *row) {
	links, err := netpol.ReadGraph(g.dir, g.environment)
	if err != nil {
		t.Fatal(err)
	}
	report := world.Check(append(s.applied(t), world.Elsewhere(links)...))
	result.references = report.References
	result.findings += len(report.Findings)
	for _, finding := range report.Findings {
		t.Error(finding)
	}
}

// applied are the live objects that deploy.sh made: neither those of controllers, nor the namespaces of prerequisites.
func (s *suite) applied(t *testing.T) []unstructured.Unstructured {
	t.Helper()
	live, err := s.objects.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var all []unstructured.Unstructured
	for _, each := range live {
		if len(each.GetOwnerReferences()) == 0 && each.GetLabels()["app.kubernetes.io/managed-by"] == "platc" {
			all = append(all, *each)
		}
	}
	return all
}
