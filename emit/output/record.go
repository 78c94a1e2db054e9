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
	Path      string         `json:"path"`
	SHA256    string         `json:"sha256"`
	Mode      string         `json:"mode"`
	Component string         `json:"component"`
	Ownership emit.Ownership `json:"ownership"`
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
	return entry{Path: f.Path, SHA256: sum, Mode: mode, Component: f.Component, Ownership: f.Ownership}
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
		b = append(append(append(b, ", \"ownership\": \""...), e.Ownership...), "\"}"...)
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

// sumOf is a SHA-256 in hexadecimal digits.
func sumOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
