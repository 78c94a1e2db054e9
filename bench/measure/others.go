package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// patience is how long one run of another program may be expected to take; a size that needs more is left out.
const patience = 120

// others are the programs of others on n equal web services: ServiceAccount, ConfigMap, Service, NetworkPolicy and Deployment each, or as near
// as the program comes to that.
func (b *bencher) others(n int) ([]command, error) {
	dir := filepath.Join(b.dir, fmt.Sprintf("others-%d", n))
	files := map[string]string{
		"chart/Chart.yaml":             "apiVersion: v2\nname: bench\nversion: 0.1.0\n",
		"chart/values.yaml":            "apps:\n" + repeat(n, func(i int) string { return fmt.Sprintf("  - app-%d\n", i) }),
		"chart/templates/all.yaml":     "{{- range .Values.apps }}\n" + objects("{{ . }}") + "{{- end }}\n",
		"kustomize/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nnamespace: apps\nresources:\n" + repeat(n, func(i int) string { return fmt.Sprintf("  - app-%d.yaml\n", i) }),
		"compose/compose.yaml":         "services:\n" + repeat(n, compose) + "networks:\n  apps: {}\n",
		"compose/app.env":              "LOG_LEVEL=info\nPORT=8000\n",
	}
	for i := range n {
		files[fmt.Sprintf("kustomize/app-%d.yaml", i)] = objects(fmt.Sprintf("app-%d", i))
	}
	if err := writeAll(dir, files); err != nil {
		return nil, err
	}
	emptied := func(name string) func() error {
		return func() error {
			out := filepath.Join(dir, name)
			if err := os.RemoveAll(out); err != nil {
				return err
			}
			return os.MkdirAll(out, 0o750)
		}
	}
	all := []command{
		{row: "helm template", args: []string{b.programs["helm"], "template", "bench", "chart"}},
		{row: "kustomize build", args: []string{b.programs["kustomize"], "build", "kustomize"}},
		{row: "kompose convert", prep: emptied("compose/out"), args: []string{b.programs["kompose"], "convert", "-f", "compose/compose.yaml", "-o", "compose/out"}},
		{row: "cdk8s synth", prep: emptied("cdk8s"), args: []string{"node", b.programs["cdk8s"], fmt.Sprint(n), filepath.Join(dir, "cdk8s")}},
	}
	var kept []command
	for _, c := range all {
		c.dir = dir
		program, _, _ := strings.Cut(c.row, " ")
		// ten times the workloads take at least ten times as long
		if b.programs[program] != "" && b.slow[c.row]*10 <= patience {
			kept = append(kept, c)
		}
	}
	return kept, nil
}

func repeat(n int, text func(i int) string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(text(i))
	}
	return b.String()
}

func compose(i int) string {
	return fmt.Sprintf("  app-%d:\n    image: registry.example.com/app-%[1]d:1\n    ports: [\"8000\"]\n    env_file: [app.env]\n    networks: [apps]\n", i)
}

func objects(name string) string {
	return strings.ReplaceAll(`---
apiVersion: v1
kind: ServiceAccount
metadata: {name: NAME, labels: {app: NAME}}
automountServiceAccountToken: false
---
apiVersion: v1
kind: ConfigMap
metadata: {name: NAME, labels: {app: NAME}}
data: {LOG_LEVEL: info, PORT: "8000"}
---
apiVersion: v1
kind: Service
metadata: {name: NAME, labels: {app: NAME}}
spec: {selector: {app: NAME}, ports: [{name: http, port: 8000, targetPort: 8000}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: NAME, labels: {app: NAME}}
spec: {podSelector: {matchLabels: {app: NAME}}, policyTypes: [Ingress], ingress: [{ports: [{port: 8000}]}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: NAME, labels: {app: NAME}}
spec:
  replicas: 1
  selector: {matchLabels: {app: NAME}}
  template:
    metadata: {labels: {app: NAME}}
    spec:
      serviceAccountName: NAME
      containers:
        - name: app
          image: registry.example.com/NAME:1
          ports: [{containerPort: 8000}]
          envFrom: [{configMapRef: {name: NAME}}]
          resources: {limits: {cpu: 500m, memory: 256Mi}}
`, "NAME", name)
}
