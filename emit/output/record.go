package output

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"platc.dev/platc/compiler/owners"
	"platc.dev/platc/emit"
)

// entry is what the record says of one file that platc wrote.
type entry struct {
	Path      string `json:"path"`
	SHA256    string `json:"sha256"`
	Mode      string `json:"mode"`
	Component string `json:"component"`

	Environment string `json:"environment,omitempty"` // "": all share it, or there are none

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
	return entry{Path: f.Path, SHA256: sum, Mode: mode, Component: f.Component, Environment: f.Environment, Ownership: f.Ownership, Marks: f.Marks}
}

// record is the content of .platc/manifest.json. It does not list itself.
type record struct {
	Version string `json:"version"` // of platc, and nowhere else in the tree
	owners.Tree
	Files []entry `json:"files"` // by path
}

// encode writes one line per file and owner, so that a diff of two records is short. What the tree stands for comes before the files.
func (r record) encode() []byte {
	b := make([]byte, 0, 256+200*(len(r.Files)+len(r.Data)+len(r.Keeps)+len(r.Variables)))
	b = append(b, "{\n  \"version\": "...)
	b = appendString(b, r.Version)
	b = append(b, ",\n  \"architecture\": "...)
	b = appendString(b, r.Architecture)
	b = append(b, ",\n  \"tags\": "...)
	b = appendStrings(b, r.Tags)
	if len(r.Environments) > 0 {
		b = appendStrings(append(b, ",\n  \"environments\": "...), r.Environments)
	}
	b = appendRows(b, "data", r.Data, func(b []byte, d owners.Data) []byte {
		return appendFields(b, d.Environment, "node", d.Node, "kind", d.Kind, "what", d.What, "namespace", d.Namespace, "object", d.Object, "format", d.Format)
	})
	b = appendRows(b, "keeps", r.Keeps, func(b []byte, k owners.Kept) []byte {
		return appendFields(b, k.Environment, "source", k.Source, "target", k.Target, "what", k.What, "object", k.Object)
	})
	b = appendRows(b, "variables", r.Variables, func(b []byte, v owners.Variables) []byte {
		b = appendFields(b, v.Environment, "source", v.Source, "prefix", v.Prefix, "target", v.Target)
		return append(appendStrings(append(b[:len(b)-1], ", \"names\": "...), v.Names), '}')
	})
	b = append(b, ","+filesBegin...)
	for i, e := range r.Files {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, "\n    {\"path\": "...)
		b = appendString(b, e.Path)
		b = append(append(b, ", \"sha256\": \""...), e.SHA256...)
		b = append(append(b, "\", \"mode\": \""...), e.Mode...)
		b = appendString(append(b, "\", \"component\": "...), e.Component)
		if e.Environment != "" {
			b = appendString(append(b, ", \"environment\": "...), e.Environment)
		}
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
	return append(b, filesEnd...)
}

// appendRows writes a list, one line per row.
func appendRows[R any](b []byte, name string, rows []R, row func([]byte, R) []byte) []byte {
	b = append(append(append(b, ",\n  \""...), name...), "\": ["...)
	for i, r := range rows {
		if i > 0 {
			b = append(b, ',')
		}
		b = row(append(b, "\n    "...), r)
	}
	if len(rows) > 0 {
		b = append(b, "\n  "...)
	}
	return append(b, ']')
}

// appendFields writes an object of strings: names and values in turn, behind the environment where there is one.
func appendFields(b []byte, environment string, fields ...string) []byte {
	b = append(b, '{')
	if environment != "" {
		fields = append([]string{"environment", environment}, fields...)
	}
	for i, s := range fields {
		switch {
		case i == 0:
		case i%2 == 0:
			b = append(b, ", "...)
		default:
			b = append(b, ": "...)
		}
		b = appendString(b, s)
	}
	return append(b, '}')
}

func appendStrings(b []byte, all []string) []byte {
	b = append(b, '[')
	for i, s := range all {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = appendString(b, s)
	}
	return append(b, ']')
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

// Recorded is what a tree stands for by its record, if there is one; of a record that is older than this it is the zero value.
//
// Errors: those of Plan.
func Recorded(out string) (t owners.Tree, found bool, err error) {
	root, err := openOut(out)
	if err != nil || root == nil {
		return t, false, err
	}
	defer disk{root: root}.close()
	data, err := readRecord(filepath.Clean(out), root)
	if err != nil || data == nil {
		return t, false, err
	}
	if emit.InConflict(data) {
		return t, true, nil // Plan says so
	}
	if t, err = StandsFor(data); err != nil {
		return t, true, notOurs(out, err)
	}
	return t, true, nil
}

// StandsFor is what a tree stands for by the bytes of its record. The list of files, which comes last and is long, is not looked at.
func StandsFor(data []byte) (t owners.Tree, err error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	if start, err := decoder.Token(); err != nil || start != json.Delim('{') {
		return t, cmp.Or(err, errors.New("it is not a JSON object"))
	}
	head := map[string]json.RawMessage{}
	for {
		key, err := decoder.Token()
		if err != nil {
			return t, err
		}
		name, more := key.(string)
		if !more || name == "files" {
			break
		}
		var field json.RawMessage
		if err := decoder.Decode(&field); err != nil {
			return t, err
		}
		head[name] = field
	}
	whole, err := json.Marshal(head)
	if err != nil {
		return t, err
	}
	err = json.Unmarshal(whole, &t)
	return t, err
}

// notOurs says that there is a record that platc cannot have written.
func notOurs(out string, err error) error {
	return fmt.Errorf("read record %s: %w (restore it from version control; if there is no copy, move it away and run platc build --force, which takes over files that begin with platc's header)", filepath.Join(out, recordPath), err)
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
			return record{}, listedTwice(e.Path)
		}
		seen[e.Path] = true
	}
	return r, nil
}

// The list of files in a record, one line for each.
const (
	filesBegin = "\n  \"files\": ["
	filesEnd   = "\n  ]\n}\n"
)

// decodeBeside is decodeRecord for a record that has most lines of another one, of which the entries are known: only the others are decoded.
func decodeBeside(data, other []byte, files []entry) (record, error) {
	head, lines := fileLines(data)
	_, known := fileLines(other)
	if lines == nil || len(known) != len(files) {
		return decodeRecord(data)
	}
	var same []entry
	rest := lines[:0:0]
	next := 0
	for _, line := range lines { // both are in the order of paths
		for next < len(known) && bytes.Compare(known[next], line) < 0 {
			next++
		}
		if next < len(known) && bytes.Equal(known[next], line) {
			same = append(same, files[next])
			next++
		} else {
			rest = append(rest, line)
		}
	}
	r, err := decodeRecord(slices.Concat(head, bytes.Join(rest, []byte(",")), []byte(filesEnd)))
	if err != nil {
		return record{}, err
	}
	r.Files = append(r.Files, same...)
	slices.SortFunc(r.Files, func(a, b entry) int { return strings.Compare(a.Path, b.Path) })
	for i := range r.Files[:max(len(r.Files), 1)-1] {
		if name := r.Files[i].Path; name == r.Files[i+1].Path {
			return record{}, listedTwice(name)
		}
	}
	return r, nil
}

// fileLines splits a record as encode writes it into what is before the list of files, and the lines of these without commas; nil where it was formatted since.
func fileLines(data []byte) (head []byte, lines [][]byte) {
	at := bytes.Index(data, []byte(filesBegin))
	list, whole := bytes.CutSuffix(data, []byte(filesEnd))
	if at < 0 || !whole || len(list) <= at+len(filesBegin) {
		return nil, nil
	}
	at += len(filesBegin)
	lines = bytes.Split(list[at:], []byte(",\n"))
	for i, line := range lines {
		if i == 0 {
			line, _ = bytes.CutPrefix(line, []byte("\n"))
			lines[0] = line
		}
		if !bytes.HasPrefix(line, []byte("    {\"path\": ")) || !bytes.HasSuffix(line, []byte("}")) {
			return nil, nil
		}
	}
	return data[:at], lines
}

func listedTwice(name string) error { return fmt.Errorf("%q is listed twice", name) }

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
