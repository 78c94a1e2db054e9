package judges

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// secrets opens every file in secret/ with stock sops and the development identity, and compares: no key is lost or added, what was in clear is the
// same, and what was ciphertext is text.
func secrets(ctx context.Context, c *Case) ([]string, error) {
	files, err := c.files(func(path string) bool { return filepath.Base(filepath.Dir(path)) == "secret" })
	if err != nil {
		return nil, err
	}
	var findings []string
	for _, file := range files {
		var out, trouble bytes.Buffer
		cmd := exec.CommandContext(ctx, c.tools.sops, "--decrypt", file)
		cmd.Env = append(os.Environ(), "SOPS_AGE_KEY_FILE="+c.Tree.Key)
		cmd.Stdout, cmd.Stderr = &out, &trouble
		name := strings.TrimPrefix(file, c.Tree.Out+"/")
		if err := cmd.Run(); err != nil {
			findings = append(findings, fmt.Sprintf("%s: sops --decrypt: %v: %s", name, err, strings.TrimSpace(trouble.String())))
			continue
		}
		data, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		read := dotenv
		if strings.HasSuffix(file, ".json") {
			read = flat
		}
		closed, err := read(data)
		if err != nil {
			findings = append(findings, name+": "+err.Error())
			continue
		}
		open, err := read(out.Bytes())
		if err != nil {
			findings = append(findings, name+", decrypted: "+err.Error())
			continue
		}
		findings = append(findings, opened(name, closed, open)...)
	}
	return findings, nil
}

// opened compares an encrypted file with what it decrypts to.
func opened(name string, closed, open map[string]string) []string {
	const ciphertext = "ENC[AES256_GCM,"
	var findings []string
	find := func(format string, args ...any) { findings = append(findings, name+": "+fmt.Sprintf(format, args...)) }
	encrypted := 0
	for key, value := range closed {
		if strings.HasPrefix(key, "sops") {
			if key == "sops_mac" || key == "sops.mac" {
				encrypted++
			}
			continue
		}
		plain, there := open[key]
		switch {
		case !there:
			find("%s is lost", key)
		case strings.HasPrefix(value, ciphertext) && (strings.HasPrefix(plain, "ENC[") || plain == ""):
			find("%s does not open", key)
		case !strings.HasPrefix(value, ciphertext) && plain != value:
			find("%s is in clear, and another one when opened", key)
		}
	}
	if encrypted != 1 {
		find("it has no sops_mac")
	}
	for key := range open {
		if _, there := closed[key]; !there || strings.HasPrefix(key, "sops") {
			find("%s is added", key)
		}
	}
	slices.Sort(findings)
	return findings
}

// dotenv reads name=value lines; a comment has its own text as a key, so that a lost one shows.
func dotenv(data []byte) (map[string]string, error) {
	all := map[string]string{}
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSuffix(line, "\n")
		if line == "" || strings.HasPrefix(line, "#") {
			all[line] = line
			continue
		}
		key, value, ok := strings.Cut(line, "=")
		if !ok {
			return nil, errors.New("a line is neither a comment nor an assignment")
		}
		all[key] = value
	}
	return all, nil
}

// flat reads JSON as one level: paths to texts.
func flat(data []byte) (map[string]string, error) {
	var doc any
	if err := json.Unmarshal(data, &doc); err != nil {
		return nil, err
	}
	all := map[string]string{}
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for k, one := range v {
				walk(strings.TrimPrefix(path+"."+k, "."), one)
			}
		case []any:
			for i, one := range v {
				walk(fmt.Sprintf("%s[%d]", path, i), one)
			}
		default:
			all[path] = fmt.Sprint(v)
		}
	}
	walk("", doc)
	return all, nil
}
