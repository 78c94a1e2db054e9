package output

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/owners"
	"platc.dev/platc/emit"
)

// Old is what earlier builds left, whose secrets are kept: the output directory, and behind it the tree or archive of --state.
type Old struct{ places []*place }

// place is one tree or archive.
type place struct {
	name   string
	root   *os.Root          // of a tree; nil: files
	files  map[string][]byte // of an archive
	record []byte            // nil: none
	sums   map[string]string // what the record says of each file; nil: not read yet
}

// OpenOld opens the output directory ("": there is none, or it is an archive) and a tree or archive of an earlier build ("": none).
// Call Recover first.
//
// Findings: E0501 where a record was left in the middle of a merge.
// Errors: a place that cannot be read; a state that no build wrote.
func OpenOld(out, state string, findings *diag.List) (*Old, error) {
	o := &Old{}
	if out != "" {
		root, err := openOut(out)
		if err != nil {
			return nil, err
		}
		if root != nil {
			o.places = append(o.places, &place{name: filepath.Clean(out), root: root})
		}
	}
	if state != "" {
		p, err := openState(state)
		if err != nil {
			o.Close()
			return nil, fmt.Errorf("--state %s: %w", state, cause(err))
		}
		o.places = append(o.places, p)
	}
	for _, p := range o.places {
		if err := p.open(); err != nil {
			o.Close()
			return nil, err
		}
		if emit.InConflict(p.record) {
			findings.Add(recordInConflict(p.name))
		}
		if p.name == state && p.record == nil {
			o.Close()
			return nil, fmt.Errorf("--state %s: it has no %s, so no build wrote it", state, recordPath)
		}
	}
	return o, nil
}

// StateOf is what the tree or archive of an earlier build stands for.
//
// Errors: those of OpenOld.
func StateOf(name string) (owners.Tree, error) {
	old, err := OpenOld("", name, &diag.List{})
	if err != nil {
		return owners.Tree{}, err
	}
	defer old.Close()
	record := old.places[0].record
	if emit.InConflict(record) {
		return owners.Tree{}, nil // who reads its secrets says so
	}
	t, err := StandsFor(record)
	if err != nil {
		return t, notOurs(name, err)
	}
	return t, nil
}

func recordInConflict(out string) diag.Diagnostic {
	return diag.Diagnostic{
		Code: "E0501", Message: filepath.Join(out, filepath.FromSlash(recordPath)) + " has conflict markers from an unresolved merge",
		Help: emit.ResolveConflict(out),
	}
}

// openState opens a tree, or reads an archive.
func openState(name string) (*place, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		root, err := os.OpenRoot(name)
		if err != nil {
			return nil, err
		}
		return &place{name: name, root: root}, nil
	}
	f, err := os.OpenFile(name, emit.ReadFlags, 0)
	if err != nil {
		return nil, err
	}
	defer shut(f)
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is neither a directory nor a file")
	}
	files, err := readArchive(f)
	return &place{name: name, files: files}, err
}

// maxArchive is more bytes than the files of any tree have together: 200 kB for each component.
const maxArchive = 16 * emit.MaxFile

// readArchive is the files of an archive that Archive wrote. Their sum is bounded.
func readArchive(r io.Reader) (map[string][]byte, error) {
	files := map[string][]byte{}
	left := int64(maxArchive)
	for archive := tar.NewReader(r); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, errors.New("it is not a tar archive, or is truncated")
		}
		if header.Typeflag != tar.TypeReg {
			continue
		}
		if left -= header.Size; left < 0 {
			return nil, fmt.Errorf("it holds more than %d MiB", maxArchive>>20)
		}
		if files[header.Name], err = io.ReadAll(archive); err != nil {
			return nil, errors.New("it is not a tar archive, or is truncated")
		}
	}
}

func (p *place) open() (err error) {
	if p.root == nil {
		p.record = p.files[recordPath]
		return nil
	}
	p.record, err = readRecord(p.name, p.root)
	return err
}

// Close closes what OpenOld opened.
func (o *Old) Close() {
	for _, p := range o.places {
		if p.root != nil {
			shut(p.root)
		}
	}
}

// Read is a file of the first place that has it, fs.ErrNotExist where none does. Only a regular file that is in its tree is read.
func (o *Old) Read(name string) ([]byte, error) {
	for _, p := range o.places {
		data, err := p.read(name)
		if !errors.Is(err, fs.ErrNotExist) {
			return data, err
		}
	}
	return nil, fs.ErrNotExist
}

func (p *place) read(name string) ([]byte, error) {
	if p.root == nil {
		if data, ok := p.files[name]; ok {
			return data, nil
		}
		return nil, fs.ErrNotExist
	}
	data, err := emit.ReadBelow(p.root, filepath.FromSlash(name))
	if errors.Is(err, syscall.ENOTDIR) {
		return nil, fs.ErrNotExist
	}
	return data, cause(err)
}

// Recorded says whether a build has left its record.
func (o *Old) Recorded() bool {
	for _, p := range o.places {
		if p.record != nil {
			return true
		}
	}
	return false
}

// Files lists what the records say was written, by path, without content.
func (o *Old) Files() []emit.File {
	var all []emit.File
	for _, p := range o.places {
		r, err := decodeRecord(p.record)
		if p.record == nil || err != nil {
			continue
		}
		for _, e := range r.Files {
			all = append(all, emit.File{Path: e.Path, Component: e.Component, Environment: e.Environment, Ownership: e.Ownership, Sum: e.SHA256})
		}
	}
	return all
}

// Lost says where a file that a build wrote was removed or edited since; "" where it is as it was, or was never there.
func (o *Old) Lost(name string) (where string, removed bool) {
	for _, p := range o.places {
		sum, ok := p.sum(name)
		if !ok {
			continue
		}
		data, err := p.read(name)
		if err != nil || sumOf(data) != sum {
			return filepath.Join(p.name, filepath.FromSlash(name)), err != nil
		}
	}
	return "", false
}

// sum is what the record says of a file. A record that cannot be read says nothing: Plan reports it.
func (p *place) sum(name string) (string, bool) {
	if p.sums == nil {
		p.sums = map[string]string{}
		if r, err := decodeRecord(p.record); p.record != nil && err == nil {
			for _, e := range r.Files {
				p.sums[e.Path] = e.SHA256
			}
		}
	}
	sum, ok := p.sums[name]
	return sum, ok
}
