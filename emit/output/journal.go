package output

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"platc.dev/platc/emit"
)

// journal is what a build is about to do to the tree; while its file exists the build is not committed.
type journal struct {
	Format int    `json:"format"`
	Steps  []step `json:"steps"`
}

// journalFormat changes with the meaning of the journal, so that another version of platc does not undo what it does not understand.
const journalFormat = 1

// step is what happens to one file.
type step struct {
	Do     string `json:"do"`               // stepAdd, stepChange or stepRemove
	Path   string `json:"path"`             //
	Unit   string `json:"unit,omitempty"`   // of an added file: what was moved into place with it
	SHA256 string `json:"sha256,omitempty"` // of the new content
}

const (
	stepAdd    = "add"
	stepChange = "change"
	stepRemove = "remove"
)

// staged is where a new file waits.
func staged(name string) string { return below(newDir, name) }

// kept is where an old file waits until the build is committed.
func kept(name string) string { return below(oldDir, name) }

func below(dir, name string) string {
	if name == recordPath {
		return dir + "/" + path.Base(recordPath)
	}
	return dir + "/tree/" + name
}

// Recover undoes what a crash left half done in the output directory, so that the tree is again as the last complete build left it.
// It comes before everything that reads the tree. Without such remains it reads one folder and writes nothing.
//
// What the user did to a file since the crash is left alone; the next Plan reports it.
// Errors: another build is running there; a journal that this version did not write; trouble with the disk.
func Recover(out string) error { return recoverTree(out, false, nil) }

// Repair is Recover that also gets past a journal which nobody can read: old files go back to where nothing is, and what else was done
// stays. The next build puts it right.
func Repair(out string) error { return recoverTree(out, true, nil) }

func recoverTree(out string, repair bool, before func(action, name string) error) error {
	root, err := openOut(out)
	if root == nil {
		return err
	}
	d := disk{root: root, name: filepath.Clean(out), before: before}
	defer d.close()
	if left, err := d.leftovers(); err != nil || !left {
		return err
	}
	locked, err := d.take()
	if err != nil {
		return err
	}
	defer unlock(locked)
	j, err := d.readJournal()
	if errors.Is(err, errJournal) && repair {
		if err := d.putBackAll(); err != nil {
			return fmt.Errorf("undo an interrupted build: %w", err)
		}
	} else if err != nil {
		return err
	}
	if j != nil {
		if err := d.undo(*j); err != nil {
			return fmt.Errorf("undo an interrupted build: %w", err)
		}
	}
	if err := d.clean(); err != nil {
		return err
	}
	_, err = d.removeEmpty(own)
	return err
}

// leftovers says whether a build left its work.
func (d disk) leftovers() (bool, error) {
	info, err := lstat(d.root, own)
	if err != nil {
		return false, d.failed("read", own, err)
	}
	if info == nil || !info.IsDir() {
		return false, nil // Plan says what is wrong
	}
	entries, err := fs.ReadDir(d.root.FS(), own)
	if err != nil {
		return false, d.failed("read", own, err)
	}
	for _, e := range entries {
		if name := own + "/" + e.Name(); name == journalPath || name == newDir || name == oldDir {
			return true, nil
		}
	}
	return len(entries) == 0, nil
}

// clean removes the work of a build, but for what is in the tree. While there is a journal, that work is still needed.
func (d disk) clean() error {
	for _, name := range []string{journalPath, newDir, oldDir} {
		info, err := lstat(d.root, name)
		if err != nil {
			return d.failed("read", name, err)
		}
		if info == nil {
			continue
		}
		if name == journalPath {
			return nil
		}
		if err := d.removeAll(name); err != nil {
			return err
		}
	}
	return nil
}

// errJournal is what to do about a journal that nobody can read.
var errJournal = errors.New("platc build --force continues without it, restores the old files that are missing, and writes the others again")

// readJournal is nil without one.
func (d disk) readJournal() (*journal, error) {
	unreadable := func(err error) error {
		return fmt.Errorf("%s of an interrupted build cannot be read (%w): %w", filepath.Join(d.name, filepath.FromSlash(journalPath)), cause(err), errJournal)
	}
	data, err := emit.ReadBelow(d.root, journalPath)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, unreadable(err)
	}
	var j journal
	if json.Unmarshal(data, &j) == nil && j.Format != 0 && j.Format != journalFormat {
		return nil, d.failed("read journal", journalPath, errors.New("another version of platc wrote it, and that version has to undo it"))
	}
	j = journal{}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&j); err != nil {
		return nil, unreadable(err)
	}
	if j.Format != journalFormat {
		return nil, unreadable(errors.New("it has no format"))
	}
	for _, s := range j.Steps {
		if s.Path != recordPath {
			if err := checkPath(s.Path); err != nil {
				return nil, unreadable(err)
			}
		}
	}
	return &j, nil
}

// undo brings the old tree back, from any point of a build or of another undo.
func (d disk) undo(j journal) error {
	for _, s := range slices.Backward(j.Steps) {
		if s.Do == stepAdd {
			if err := d.takeBack(s); err != nil {
				return err
			}
		}
	}
	for _, s := range slices.Backward(j.Steps) {
		if s.Do != stepAdd {
			if err := d.putBack(s); err != nil {
				return err
			}
		}
	}
	return d.remove(journalPath)
}

// putBackAll moves the old record to its place and old files to where nothing is, and removes the journal, without knowing what it said.
func (d disk) putBackAll() error {
	var names []string
	err := fs.WalkDir(d.root.FS(), oldDir, func(name string, e fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return err
		case e.Type().IsRegular():
			names = append(names, name)
		}
		return nil
	})
	if err != nil {
		return d.failed("read", oldDir, err)
	}
	for _, name := range names {
		if name == kept(recordPath) { // it knows what was to be removed
			if err := d.rename(name, recordPath); err != nil {
				return err
			}
			continue
		}
		to := strings.TrimPrefix(name, oldDir+"/tree/")
		// a new file may be where the folder of an old one was
		if err := d.putBack(step{Path: to}); err != nil && !errors.Is(err, syscall.ENOTDIR) {
			return err
		}
	}
	return d.removeAll(journalPath)
}

// takeBack removes an added file, and the folders that came with it.
func (d disk) takeBack(s step) error {
	waiting, err := lstat(d.root, staged(s.Unit))
	if err != nil {
		return d.failed("read", staged(s.Unit), err)
	}
	if waiting != nil {
		return nil // it never got to its place
	}
	there, err := d.holds(s.Path, s.SHA256)
	if err != nil {
		return err
	}
	if there {
		if err := d.remove(s.Path); err != nil {
			return err
		}
	}
	for dir := path.Dir(s.Path); within(dir, s.Unit); dir = path.Dir(dir) {
		if gone, err := d.removeEmpty(dir); err != nil || !gone {
			return err
		}
	}
	return nil
}

// putBack moves an old file to its place, unless the user has put another there.
func (d disk) putBack(s step) error {
	waiting, err := lstat(d.root, kept(s.Path))
	if err != nil {
		return d.failed("read", kept(s.Path), err)
	}
	if waiting == nil {
		return nil
	}
	info, err := lstat(d.root, s.Path)
	if err != nil {
		return d.failed("read", s.Path, err)
	}
	if info == nil {
		if err := d.mkdirs(path.Dir(s.Path)); err != nil {
			return err
		}
		return d.rename(kept(s.Path), s.Path)
	}
	if ours, err := d.holds(s.Path, s.SHA256); err != nil || !ours {
		return err
	}
	return d.rename(kept(s.Path), s.Path)
}

// holds says whether a regular file with that content stands at a path.
func (d disk) holds(name, sum string) (bool, error) {
	info, err := lstat(d.root, name)
	if err != nil {
		return false, d.failed("read", name, err)
	}
	if info == nil || !info.Mode().IsRegular() || info.Size() > emit.MaxFile {
		return false, nil
	}
	data, err := emit.ReadBelow(d.root, name)
	if err != nil {
		return false, d.failed("read", name, err)
	}
	return sumOf(data) == sum, nil
}

// take locks the directory for this build. The lock is on .platc itself, so that no lock file stays in the tree.
func (d disk) take() (*os.File, error) {
	for range 100 { // each time another build has just ended
		if err := d.mkdirs(own); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
		f, err := d.root.Open(own)
		if errors.Is(err, fs.ErrNotExist) {
			continue // another build removed it at its end
		}
		if err != nil {
			return nil, d.failed("open", own, err)
		}
		free, err := lock(f)
		if err == nil && free && d.isAt(f, own) {
			return f, nil
		}
		unlock(f)
		if err != nil {
			return nil, d.failed("lock", own, err)
		}
		if !free {
			break
		}
	}
	return nil, fmt.Errorf("another platc is writing to %s: wait for it to finish", d.name)
}

// isAt says whether an open file is the one of a name.
func (d disk) isAt(f *os.File, name string) bool {
	opened, err := f.Stat()
	if err != nil {
		return false
	}
	named, err := d.root.Lstat(name)
	return err == nil && os.SameFile(opened, named)
}
