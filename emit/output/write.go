package output

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"platc.dev/platc/emit"
)

// Write brings the output directory to what was planned, entirely or not at all. Without a difference it writes nothing.
//
// Files of secrets come before what refers to them, and go after it. Modes are 0644 and 0755, those of directories 0755, whatever the umask.
// Errors: conflicts of the change; another build is running there, or has been since Plan; a file that changed since Plan; trouble with
// the disk; the end of the context. After an error the tree is as it was; if even that failed the error says so, and Recover goes on.
func Write(ctx context.Context, c *Change) error { return c.write(ctx, nil) }

func (c *Change) write(ctx context.Context, before func(action, name string) error) error {
	if err := c.Conflicts.Err(); err != nil {
		return err
	}
	if !c.Differs() {
		return nil
	}
	d, made, err := makeOut(c.out, before)
	if err == nil {
		err = c.writeTo(ctx, d)
		d.close()
	}
	if err != nil {
		for _, dir := range slices.Backward(made) {
			if before == nil || before("remove", dir) == nil {
				_ = os.Remove(dir) // an empty directory that stays does no harm
			}
		}
	}
	return err
}

// makeOut opens the output directory. It makes it, and what is missing above it; those it returns, from the top.
func makeOut(out string, before func(action, name string) error) (d disk, made []string, err error) {
	missing := []string{}
	for dir := out; ; dir = filepath.Dir(dir) {
		if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) || dir == filepath.Dir(dir) {
			break
		}
		missing = append(missing, dir)
	}
	for _, dir := range slices.Backward(missing) {
		if before != nil {
			err = before("create", dir)
		}
		if err == nil {
			err = os.Mkdir(dir, 0o755)
		}
		if err != nil {
			return disk{}, made, fmt.Errorf("create %s: %w", dir, cause(err))
		}
		made = append(made, dir)
	}
	root, err := openOut(out)
	if err != nil {
		return disk{}, made, err
	}
	if root == nil {
		return disk{}, made, fmt.Errorf("open output directory %s: %w", out, fs.ErrNotExist)
	}
	d = disk{root: root, name: out, before: before}
	if len(made) > 0 {
		if err := d.chmodDir("."); err != nil {
			d.close()
			return disk{}, made, d.failed("create", ".", err)
		}
	}
	return d, made, nil
}

func (c *Change) writeTo(ctx context.Context, d disk) error {
	locked, err := d.take()
	if err != nil {
		return err
	}
	defer unlock(locked)
	current, err := readRecord(c.out, d.root)
	if err != nil {
		return err
	}
	if !bytes.Equal(current, c.before) || (current == nil) != (c.before == nil) {
		return c.overtaken()
	}
	if err := d.clean(); err != nil {
		return err
	}
	w := writer{disk: d, change: c}
	err = w.run(ctx, locked)
	w.spot.close()
	cleaned := d.clean()
	if err == nil {
		return nil // the build is committed; what could not be cleaned, the next one cleans
	}
	if cleaned == nil {
		_, cleaned = d.removeEmpty(own)
	}
	if cleaned != nil {
		return fmt.Errorf("%w; besides: %w", err, cleaned)
	}
	return err
}

// writer is one build that writes.
type writer struct {
	disk
	change *Change
	spot   spot
}

func (w *writer) run(ctx context.Context, locked *os.File) error {
	order := w.change.order()
	j := w.change.journal(order)
	if err := w.prepare(ctx, j, locked); err != nil {
		return err
	}
	err := w.apply(order)
	if err == nil {
		err = w.remove(journalPath) // the commit
	}
	if err != nil {
		if undone := w.undo(j); undone != nil {
			return fmt.Errorf("%w; undoing the build failed too, and the next build continues that: %w", err, undone)
		}
	}
	return err
}

// prepare writes the new files and the journal, and changes nothing in the tree.
func (w *writer) prepare(ctx context.Context, j journal, locked *os.File) error {
	if err := w.probe(); err != nil {
		return err
	}
	if err := w.stage(ctx); err != nil {
		return err
	}
	data, err := json.Marshal(j)
	if err != nil {
		return fmt.Errorf("encode the journal: %w", err)
	}
	waiting := newDir + "/" + path.Base(journalPath)
	if err := w.create(waiting, data, 0o644); err != nil {
		return err
	}
	if err := w.step("flush", own); err != nil {
		return w.failed("flush", own, err)
	}
	// A journal that is read is complete, and what it refers to is on the disk.
	if err := flush(locked); err != nil {
		return w.failed("flush", own, err)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return w.rename(waiting, journalPath)
}

// probe makes the folder of the new files, and looks what the umask leaves of its mode.
func (w *writer) probe() error {
	if err := w.step("create", newDir); err != nil {
		return w.failed("create", newDir, err)
	}
	err := w.root.Mkdir(newDir, 0o755)
	if err != nil {
		return w.failed("create", newDir, err)
	}
	info, err := w.root.Lstat(newDir)
	if err != nil {
		return w.failed("create", newDir, err)
	}
	w.exact = info.Mode().Perm() == 0o755
	return w.mkdir(newDir + "/tree")
}

func (w *writer) stage(ctx context.Context) error {
	top, err := w.sub(newDir + "/tree")
	if err != nil {
		return err
	}
	defer top.close()
	top.name = w.name // a message names the place that a file is meant for
	tree := w.change.tree
	if err := stageItems(ctx, top, tree.items); err != nil {
		return err
	}
	err = parallel(w.change.workers, len(tree.folders), func(i int) error { return stageFolder(ctx, top, tree.folders[i]) })
	if err != nil {
		return err
	}
	if !w.change.Record {
		return nil
	}
	return w.create(staged(recordPath), w.change.after, 0o644)
}

func stageFolder(ctx context.Context, parent disk, f *folder) error {
	if !f.any((*item).writes) {
		return nil
	}
	name := path.Base(f.path)
	if err := parent.mkdir(name); err != nil {
		return err
	}
	d, err := parent.sub(name)
	if err != nil {
		return err
	}
	defer d.close()
	if err := stageItems(ctx, d, f.items); err != nil {
		return err
	}
	for _, sub := range f.folders {
		if err := stageFolder(ctx, d, sub); err != nil {
			return err
		}
	}
	return nil
}

func stageItems(ctx context.Context, d disk, items []*item) error {
	for _, it := range items {
		if !it.writes() {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := d.create(path.Base(it.path), it.file.Data, it.file.Mode); err != nil {
			return err
		}
	}
	return nil
}

// order is the items that change, as they do: what makes room, new folders and state, what is generated, what goes, state that goes.
func (c *Change) order() []*item {
	rank := func(it *item) int {
		switch state := it.ownership() == emit.State; {
		case it.room != "":
			return 0
		case it.action == remove && state:
			return 4
		case it.action == remove:
			return 3
		case state, it.action == add && it.unit != it.path:
			return 1
		}
		return 2
	}
	var order []*item
	for _, it := range c.items {
		if it.writes() || it.action == remove {
			order = append(order, it)
		}
	}
	slices.SortStableFunc(order, func(a, b *item) int { return rank(a) - rank(b) })
	return order
}

func (c *Change) journal(order []*item) journal {
	j := journal{Format: journalFormat, Steps: make([]step, 0, len(order)+1)}
	for _, it := range order {
		s := step{Path: it.path}
		switch it.action {
		case add:
			s.Do, s.Unit, s.SHA256 = stepAdd, it.unit, it.sum
		case change:
			s.Do, s.SHA256 = stepChange, it.sum
		case remove:
			s.Do = stepRemove
		case nothing, keep:
		}
		j.Steps = append(j.Steps, s)
	}
	if c.Record {
		s := step{Do: stepChange, Path: recordPath, SHA256: sumOf(c.after)}
		if c.before == nil {
			s.Do, s.Unit = stepAdd, recordPath
		}
		j.Steps = append(j.Steps, s)
	}
	return j
}

// apply moves everything to its place.
func (w *writer) apply(order []*item) error {
	rooms, gone := map[string]bool{}, map[string]bool{}
	placed := map[string]bool{}
	for _, it := range order {
		var err error
		switch {
		case it.action == remove:
			err = w.away(it.path, it.info)
			for dir := path.Dir(it.path); dir != "."; dir = path.Dir(dir) {
				gone[dir] = true
				if within(dir, it.room) {
					rooms[dir] = true
				}
			}
		case it.action == change:
			err = w.replace(it.path, it.info)
		case !placed[it.unit]:
			placed[it.unit] = true
			if err = w.prune(rooms); err == nil {
				err = w.place(it.unit)
			}
			clear(rooms)
		}
		if err != nil {
			return err
		}
	}
	if err := w.applyRecord(); err != nil {
		return err
	}
	return w.prune(gone)
}

// within says whether a path is another, or below it.
func within(name, top string) bool { return name == top || strings.HasPrefix(name, top+"/") }

func (w *writer) applyRecord() error {
	switch {
	case !w.change.Record:
		return nil
	case w.change.before == nil:
		return w.place(recordPath)
	}
	info, err := w.root.Lstat(recordPath)
	if err != nil {
		return w.failed("read", recordPath, err)
	}
	return w.replace(recordPath, info)
}

// place moves a new file or folder to where nothing is.
func (w *writer) place(name string) error {
	info, err := lstat(w.root, name)
	if err != nil {
		return w.failed("read", name, err)
	}
	if info != nil {
		return w.changed(name)
	}
	return w.rename(staged(name), name)
}

// replace moves an old file away and the new one to its place.
func (w *writer) replace(name string, planned fs.FileInfo) error {
	if err := w.away(name, planned); err != nil {
		return err
	}
	if w.spot.waiting == nil {
		var err error
		if w.spot.waiting, err = w.root.Open(path.Dir(staged(name))); err != nil {
			return w.failed("move", name, err)
		}
	}
	return w.shift(w.spot.waiting, w.spot.here, name)
}

// away moves an old file to where undo finds it.
func (w *writer) away(name string, planned fs.FileInfo) error {
	if err := w.moveTo(name); err != nil {
		return err
	}
	info, err := lstat(w.spot.root, path.Base(name))
	if err != nil {
		return w.failed("read", name, err)
	}
	if info == nil || info.Mode() != planned.Mode() || info.Size() != planned.Size() || !info.ModTime().Equal(planned.ModTime()) {
		return w.changed(name)
	}
	return w.shift(w.spot.here, w.spot.gone, name)
}

// spot is the folder that is worked on, with the folders from which and to which its files move. Looking these up for each file, from the
// top, would cost ten times the moves themselves.
type spot struct {
	dir                 string
	root                *os.Root
	here, waiting, gone *os.File
}

// moveTo opens the folder of a file, unless it is open.
func (w *writer) moveTo(name string) error {
	if dir := path.Dir(name); w.spot.root == nil || w.spot.dir != dir {
		w.spot.close()
		w.spot = spot{dir: dir}
		gone := path.Dir(kept(name))
		if err := w.mkdirs(gone); err != nil {
			return err
		}
		var err error
		if w.spot.root, err = w.root.OpenRoot(dir); err == nil {
			if w.spot.here, err = w.spot.root.Open("."); err == nil {
				w.spot.gone, err = w.root.Open(gone)
			}
		}
		if err != nil {
			return w.failed("open", dir, err)
		}
	}
	return nil
}

func (s *spot) close() {
	if s.root != nil {
		shut(s.root)
	}
	for _, f := range []*os.File{s.here, s.waiting, s.gone} {
		if f != nil {
			shut(f)
		}
	}
	*s = spot{}
}

// shift moves a file from one folder to another.
func (w *writer) shift(from, to *os.File, name string) error {
	err := w.step("move", name)
	if err == nil {
		err = renameBetween(from, to, path.Base(name))
	}
	if err != nil {
		return w.failed("move", name, err)
	}
	return nil
}

func (w *writer) changed(name string) error {
	return changed(filepath.Join(w.name, filepath.FromSlash(name)))
}

func changed(name string) error {
	return fmt.Errorf("%s changed while platc was building: build again", name)
}

// prune removes folders where they are empty, deepest first.
func (w *writer) prune(dirs map[string]bool) error {
	deepest := sorted(dirs)
	slices.SortStableFunc(deepest, func(a, b string) int { return strings.Count(b, "/") - strings.Count(a, "/") })
	for _, dir := range deepest {
		if _, err := w.removeEmpty(dir); err != nil {
			return err
		}
	}
	return nil
}
