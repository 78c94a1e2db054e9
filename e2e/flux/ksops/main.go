// Program ksops stands in for KSOPS, whose module no proxy serves: of its form of a generator it knows secretFrom with envs and files, and it opens files
// with the program sops. It is run by Kustomize with --enable-exec, a ResourceList on its standard input.
package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"sigs.k8s.io/yaml"
)

type generator struct {
	FunctionConfig struct {
		Kind       string `json:"kind"`
		SecretFrom []struct {
			Metadata map[string]any `json:"metadata"`
			Type     string         `json:"type"`
			Envs     []string       `json:"envs"`
			Files    []string       `json:"files"`
		} `json:"secretFrom"`
	} `json:"functionConfig"`
}

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "ksops:", err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	text, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	var g generator
	if err := yaml.Unmarshal(text, &g); err != nil {
		return fmt.Errorf("read the generator: %w", err)
	}
	items := []any{}
	for _, from := range g.FunctionConfig.SecretFrom {
		data := map[string]string{}
		for _, file := range from.Envs {
			text, err := open(file)
			if err != nil {
				return err
			}
			for line := range strings.Lines(text) {
				if name, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "="); ok && !strings.HasPrefix(line, "#") {
					data[name] = value
				}
			}
		}
		for _, entry := range from.Files {
			key, file, named := strings.Cut(entry, "=")
			if !named {
				key, file = filepath.Base(entry), entry
			}
			if data[key], err = open(file); err != nil {
				return err
			}
		}
		items = append(items, map[string]any{"apiVersion": "v1", "kind": "Secret", "metadata": from.Metadata, "type": from.Type, "stringData": data})
	}
	list, err := yaml.Marshal(map[string]any{"apiVersion": "config.kubernetes.io/v1", "kind": "ResourceList", "items": items})
	if err != nil {
		return err
	}
	_, err = out.Write(list)
	return err
}

// open is what is in an encrypted file.
func open(file string) (string, error) {
	cmd := exec.Command("sops", "-d", file)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("open %s: %w", file, err)
	}
	return string(out), nil
}
