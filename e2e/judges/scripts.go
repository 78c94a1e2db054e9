package judges

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// scripts reads every shell script: those that are files, and those that a container's command holds.
func scripts(ctx context.Context, c *Case) ([]string, error) {
	dir := filepath.Join(c.Tree.Dir, "scripts")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	files, err := c.files(func(path string) bool { return strings.HasSuffix(path, ".sh") })
	if err != nil {
		return nil, err
	}
	for _, o := range c.objects {
		for where, text := range commands("", o.Object) {
			file := filepath.Join(dir, strings.NewReplacer("/", "_", "[", "_", "]", "").Replace(o.GetKind()+"-"+o.GetNamespace()+"-"+o.GetName()+where)+".sh")
			// the shell's options stand before the text
			if err := os.WriteFile(file, []byte("#!/bin/sh\nset -eu\n"+text+"\n"), 0o644); err != nil {
				return nil, err
			}
			files = append(files, file)
		}
	}
	if len(files) == 0 {
		return nil, nil
	}
	var findings []string
	for _, file := range files {
		shell, err := shellOf(file)
		if err != nil {
			return nil, err
		}
		if out, err := exec.CommandContext(ctx, shell, "-n", file).CombinedOutput(); err != nil {
			findings = append(findings, fmt.Sprintf("%s -n %s: %s", shell, filepath.Base(file), strings.TrimSpace(string(out))))
		}
	}
	// it reads the first line too, and finds a script without one
	found, err := c.run(ctx, "shellcheck", append([]string{"--format", "gcc"}, files...)...)
	return append(findings, found...), err
}

// shellOf is bash where the first line of a script says so, and else sh.
func shellOf(file string) (string, error) {
	text, err := os.ReadFile(file)
	if bytes.HasPrefix(text, []byte("#!/bin/bash\n")) {
		return "bash", err
	}
	return "sh", err
}

// commands finds the texts that a container gives to sh -c, by where they stand.
func commands(field string, v any) map[string]string {
	all := map[string]string{}
	switch v := v.(type) {
	case []any:
		if len(v) >= 3 && (v[0] == "sh" || v[0] == "/bin/sh") {
			if flags, _ := v[len(v)-2].(string); strings.HasPrefix(flags, "-") && strings.HasSuffix(flags, "c") {
				all[field], _ = v[len(v)-1].(string)
			}
		}
		for i, one := range v {
			maps.Copy(all, commands(fmt.Sprintf("%s[%d]", field, i), one))
		}
	case map[string]any:
		for name, one := range v {
			maps.Copy(all, commands(field+"."+name, one))
		}
	}
	return all
}

// rules gives every PrometheusRule to Prometheus' own parser and linter.
func rules(ctx context.Context, c *Case) ([]string, error) {
	dir := filepath.Join(c.Tree.Dir, "rules")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	files := map[string]bool{}
	for _, o := range c.objects {
		if o.GetKind() != "PrometheusRule" {
			continue
		}
		text, err := yaml.Marshal(o.Object["spec"])
		if err != nil {
			return nil, err
		}
		file := filepath.Join(dir, o.GetNamespace()+"-"+o.GetName()+".yaml")
		if err := os.WriteFile(file, text, 0o644); err != nil {
			return nil, err
		}
		files[file] = true
	}
	if len(files) == 0 {
		return nil, nil
	}
	args := append([]string{"check", "rules", "--lint=all", "--lint-fatal"}, slices.Sorted(maps.Keys(files))...)
	out, err := exec.CommandContext(ctx, c.tools.promtool, args...).CombinedOutput()
	if err == nil {
		return nil, nil
	}
	var findings []string
	for line := range strings.Lines(strings.ReplaceAll(string(out), dir+"/", "")) {
		if !strings.Contains(line, "SUCCESS") && strings.TrimSpace(line) != "" && !strings.HasPrefix(line, "Checking") {
			findings = append(findings, strings.TrimSpace(line))
		}
	}
	return findings, nil
}
