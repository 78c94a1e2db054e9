package output

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"

	"platc.dev/platc/emit"
)

// entry is what the record says of one file that platc wrote.
type entry struct {
	Path      string            `json:"path"`
	SHA256    string            `json:"sha256"`
	Mode      string            `json:"mode"`
	Component string            `json:"component"`
	Ownership emit.Ownership    `json:"ownership"`
	Marks     map[string]string `json:"marks,omitempty"` // see emit.File
}

func (e entry) mode() fs.FileMode {
	if e.Mode == "0755" {
		return 0o755
	}
	return 0o644
}

func entryOf(f *emit.File, sum string) entry {
	mode := "0644"
	if f.Mode == 0o755 {
		mode = "0755"
	}
	return entry{Path: f.Path, SHA256: sum, Mode: mode, Component: f.Component, Ownership: f.Ownership, Marks: f.Marks}
}

// record is the content of .platc/manifest.json. It does not list itself.
type record struct {
	Version string  `json:"version"` // of platc, and nowhere else in the tree
	Files   []entry `json:"files"`   // by path
}

// encode writes one line per file, so that a diff of two records is short.
func (r record) encode() []byte {
	b := make([]byte, 0, 256+200*len(r.Files))
	b = append(b, "{\n  \"version\": "...)
	b = appendString(b, r.Version)
	b = append(b, ",\n  \"files\": ["...)
	for i, e := range r.Files {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, "\n    {\"path\": "...)
		b = appendString(b, e.Path)
		b = append(append(b, ", \"sha256\": \""...), e.SHA256...)
		b = append(append(b, "\", \"mode\": \""...), e.Mode...)
		b = appendString(append(b, "\", \"component\": "...), e.Component)
		b = append(append(append(b, ", \"ownership\": \""...), e.Ownership...), '"')
		for j, name := range sorted(e.Marks) {
			if j == 0 {
				b = append(b, ", \"marks\": {"...)
			} else {
				b = append(b, ", "...)
			}
			b = appendString(append(appendString(b, name), ": "...), e.Marks[name])
		}
		if len(e.Marks) > 0 {
			b = append(b, '}')
		}
		b = append(b, '}')
	}
	return append(b, "\n  ]\n}\n"...)
}

// appendString writes a JSON string; most need no escape.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			quoted, _ := json.Marshal(s) // a string has always a JSON form
			return append(b, quoted...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}

// decodeRecord reads a record, and refuses one that platc cannot have written: it says which files may be replaced and removed.
func decodeRecord(data []byte) (record, error) {
	var r record
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&r); err != nil {
		return record{}, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return record{}, errors.New("more than one JSON value")
	}
	if r.Files == nil {
		return record{}, errors.New("files are missing")
	}
	seen := make(map[string]bool, len(r.Files))
	for _, e := range r.Files {
		if err := e.check(); err != nil {
			return record{}, err
		}
		if seen[e.Path] {
			return record{}, fmt.Errorf("%q stands there twice", e.Path)
		}
		seen[e.Path] = true
	}
	return r, nil
}

func (e entry) check() error {
	if err := checkPath(e.Path); err != nil {
		return err
	}
	if sum, err := hex.DecodeString(e.SHA256); err != nil || len(sum) != sha256.Size {
		return fmt.Errorf("%q has no SHA-256", e.Path)
	}
	if e.Mode != "0644" && e.Mode != "0755" {
		return fmt.Errorf("%q has mode %q", e.Path, e.Mode)
	}
	if e.Ownership != emit.Generated && e.Ownership != emit.State {
		return fmt.Errorf("%q has ownership %q", e.Path, e.Ownership)
	}
	return nil
}

// Written gives what the record of an output directory says of a file. A record that is not there or cannot be read knows none: Plan says why.
func Written(out string) func(path string) (emit.Written, bool) {
	files := map[string]emit.Written{}
	if root, err := openOut(out); err == nil && root != nil {
		defer disk{root: root}.close()
		if data, err := readRecord(out, root); err == nil && data != nil {
			for _, e := range stateEntries(data) {
				files[e.Path] = emit.Written{SHA256: e.SHA256, Marks: e.Marks}
			}
		}
	}
	return func(path string) (emit.Written, bool) {
		w, ok := files[path]
		return w, ok
	}
}

// stateEntries are the entries that tell of secrets: those of state files, and of the whole tree. A record has a line for each file, so most of it need
// not be decoded; one that somebody has formatted is.
func stateEntries(data []byte) []entry {
	var all []entry
	for line := range bytes.Lines(data) {
		if !bytes.Contains(line, []byte(`"ownership": "state"`)) && !bytes.Contains(line, []byte(`"component": ""`)) {
			continue
		}
		var e entry
		if err := json.Unmarshal(bytes.TrimRight(bytes.TrimSpace(line), ","), &e); err != nil || e.Path == "" {
			r, _ := decodeRecord(data)
			return r.Files
		}
		all = append(all, e)
	}
	return all
}

// sumOf is a SHA-256 in hexadecimal digits.
func sumOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
