package output

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"syscall"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/owners"
	"platc.dev/platc/emit"
	"platc.dev/platc/emit/encode"
)

// Options say how a tree is written.
type Options struct {
	Version      string       // of platc; stands in the record
	Tree         owners.Tree  // what the tree stands for from now on
	Old          *owners.Tree // what Recorded said, where that was compared with the plan: Plan refuses another one
	Environments []string     // whose files are written and pruned, beside those that all share; the others stay as recorded; empty: all
	Only         []string     // components whose files are written and pruned, all others stay as recorded ("" means the files of the whole tree); empty: every file
	Force        bool         // files that were edited are overwritten, or removed
	Yours        []string     // files and folders that the user keeps there, and that the output uses: nothing of them is written, removed or recorded
	Workers      int          // files that are read or written at a time; 0: 2
	Known        *Stamps      // of an earlier build: a file that still has its stamp is not read again; nil: every file is
}

// Change is what a build does to the output directory. The lists are by path.
type Change struct {
	Added, Changed, Removed, Kept []Entry
	Record                        bool      // the record changes, be it only by platc's version
	Overwritten                   []string  // edits that Force overwrites or removes, as the user names them, sorted
	Conflicts                     diag.List // E0501, E0502: Write refuses them

	out     string
	workers int
	items   []*item
	tree    *folder
	before  []byte // the record as it was read; nil: there was none
	after   []byte
}

// Entry is a file of a change.
type Entry struct {
	Path      string // slash-separated, relative to the output directory
	Component string
	Ownership emit.Ownership
	Mode      fs.FileMode
	Old, New  []byte // nil where there is none; equal where only the mode changes
}

// Differs says whether Write would change anything on the disk.
func (c *Change) Differs() bool {
	return len(c.Added)+len(c.Changed)+len(c.Removed) > 0 || c.Record
}

// SameRecord says whether two changes were planned while the tree had one and the same record: no other build wrote to it in between.
func (c *Change) SameRecord(other *Change) bool {
	return bytes.Equal(c.before, other.before) && (c.before == nil) == (other.before == nil)
}

// Plan compares rendered files with the output directory and the record of what platc wrote there. It reads, and never writes.
// Call Recover first.
//
// A file is kept when its bytes are, whoever wrote it; of its mode only the right to execute counts, since version control keeps no more.
// An edited file is a conflict (E0501) unless it is a state file that is written again: emit/secrets has read it and kept what it holds.
//
// Errors: the output directory is a file or a symbolic link or cannot be read, a record that platc did not write, an emitted path that is
// not one (these never depend on the user's input alone, but must not leave the tree).
func Plan(out string, files []emit.File, o Options) (*Change, error) {
	emitted, err := checkFiles(files)
	if err != nil {
		return nil, err
	}
	root, err := openOut(out)
	if err != nil {
		return nil, err
	}
	if root != nil {
		defer disk{root: root}.close()
	}
	c := &Change{out: filepath.Clean(out), workers: o.Workers}
	if c.workers == 0 {
		c.workers = 2
	}
	if c.before, err = readRecord(c.out, root); err != nil {
		return nil, err
	}
	if emit.InConflict(c.before) {
		c.Conflicts.Add(recordInConflict(c.out))
		return c, nil
	}
	if err := c.asCompared(o); err != nil {
		return nil, err
	}
	items := emittedItems(emitted, c.workers)
	known := o.Known.below(root)
	defer known.close()
	recorded, stood, err := c.recorded(items, o)
	if err != nil {
		return nil, err
	}
	s := scan{out: c.out, root: root, force: o.Force, known: known}
	c.items = union(items, recorded, o)
	c.tree, s.folders = treeOf(c.items)
	if err := s.run(c.tree, c.workers); err != nil {
		return nil, err
	}
	c.Conflicts = s.conflicts()
	if c.Conflicts.HasErrors() {
		// what looks like the user's doing may be another build that is writing
		if now, err := readRecord(c.out, root); err != nil || !bytes.Equal(now, c.before) {
			return nil, c.overtaken()
		}
	}
	if o.partly() {
		o.Tree = o.Tree.Only(stood, o.selects)
	}
	slices.Sort(s.overwritten)
	c.Overwritten = s.overwritten
	// a record of many files is long: it is made once, and kept once
	if c.after == nil || o.partly() || slices.ContainsFunc(c.items, func(it *item) bool { return it.left }) {
		c.after = newRecord(c.items, recorded, o).encode()
	}
	if c.Record = !bytes.Equal(c.before, c.after); !c.Record {
		c.after = c.before
	}
	c.list()
	return c, nil
}

func (c *Change) overtaken() error {
	return fmt.Errorf("another build wrote to %s in the meantime: build again", c.out)
}

// asCompared refuses a record that another build has written since the old one was compared with the plan.
func (c *Change) asCompared(o Options) error {
	if o.Old == nil {
		return nil
	}
	var stands owners.Tree
	if c.before != nil {
		var err error
		if stands, err = StandsFor(c.before); err != nil {
			return notOurs(c.out, err)
		}
	}
	if !reflect.DeepEqual(stands, *o.Old) {
		return c.overtaken()
	}
	return nil
}

// emittedItems is the emitted files with their sums.
func emittedItems(emitted []*emit.File, workers int) []*item {
	items := make([]*item, len(emitted))
	const chunk = 64 // files a worker takes at a time
	_ = parallel(workers, (len(items)+chunk-1)/chunk, func(n int) error {
		for i := n * chunk; i < min((n+1)*chunk, len(items)); i++ {
			items[i] = &item{path: emitted[i].Path, file: emitted[i], sum: emitted[i].Sum}
			if items[i].sum == "" {
				items[i].sum = sumOf(emitted[i].Data)
			}
		}
		return nil
	})
	return items
}

// recorded is the entries of the record by path, and what the tree stands for by it.
func (c *Change) recorded(items []*item, o Options) (map[string]*entry, owners.Tree, error) {
	if c.before == nil {
		return nil, owners.Tree{}, nil
	}
	r := record{Version: o.Version, Tree: o.Tree, Files: make([]entry, 0, len(items))}
	for _, it := range items {
		r.Files = append(r.Files, entryOf(it.file, it.sum))
	}
	c.after = r.encode()
	// Most builds change nothing, and then the record need not be parsed.
	if !bytes.Equal(c.after, c.before) {
		var err error
		if r, err = decodeBeside(c.before, c.after, r.Files); err != nil {
			return nil, owners.Tree{}, notOurs(c.out, err)
		}
	}
	recorded := make(map[string]*entry, len(r.Files))
	for i := range r.Files {
		recorded[r.Files[i].Path] = &r.Files[i]
	}
	return recorded, r.Tree, nil
}

// union adds what was recorded to what is emitted, leaves out what is not asked for, and sorts by path.
func union(emitted []*item, recorded map[string]*entry, o Options) []*item {
	items := make([]*item, 0, len(emitted))
	seen := make(map[string]bool, len(emitted))
	for _, it := range emitted {
		if o.selects(it.file.Environment, it.file.Component) {
			it.recorded = recorded[it.path]
			seen[it.path] = true
			items = append(items, it)
		}
	}
	for name, e := range recorded {
		if !seen[name] && o.selects(e.Environment, e.Component) && !o.yours(name) {
			items = append(items, &item{path: name, recorded: e})
		}
	}
	slices.SortFunc(items, func(a, b *item) int { return strings.Compare(a.path, b.path) })
	return items
}

// partly says whether files of the tree stay as they are recorded.
func (o Options) partly() bool { return len(o.Only) > 0 || len(o.Environments) > 0 }

// selects says whether files of an environment and a component are written and pruned.
func (o Options) selects(environment, component string) bool {
	return (len(o.Only) == 0 || slices.Contains(o.Only, component)) && (len(o.Environments) == 0 || environment == "" || slices.Contains(o.Environments, environment))
}

// yours says whether a path is the user's own, or below a folder that is.
func (o Options) yours(name string) bool {
	return slices.ContainsFunc(o.Yours, func(own string) bool { return within(name, own) })
}

// newRecord is the record after the build: what is emitted, and what was not asked for as it was.
func newRecord(items []*item, recorded map[string]*entry, o Options) record {
	r := record{Version: o.Version, Tree: o.Tree, Files: make([]entry, 0, len(items))}
	emitted := map[string]bool{}
	for _, it := range items {
		if it.file != nil && !it.left {
			r.Files = append(r.Files, entryOf(it.file, it.sum))
			if o.partly() {
				emitted[it.path] = true
			}
		}
	}
	if !o.partly() {
		return r
	}
	for name, e := range recorded {
		if !o.selects(e.Environment, e.Component) && !emitted[name] {
			r.Files = append(r.Files, *e)
		}
	}
	slices.SortFunc(r.Files, func(a, b entry) int { return strings.Compare(a.Path, b.Path) })
	return r
}

func (c *Change) list() {
	for _, it := range c.items {
		e := Entry{Path: it.path, Component: it.component(), Ownership: it.ownership(), Old: it.old}
		if it.file != nil {
			e.Mode, e.New = it.file.Mode, it.file.Data
		} else {
			e.Mode = it.recorded.mode()
		}
		switch it.action {
		case nothing:
		case keep:
			e.Old = e.New
			c.Kept = append(c.Kept, e)
		case add:
			c.Added = append(c.Added, e)
		case change:
			c.Changed = append(c.Changed, e)
		case remove:
			c.Removed = append(c.Removed, e)
		}
	}
}

// scan looks at the disk. Folders at the top are looked at in parallel.
type scan struct {
	out     string
	root    *os.Root // nil: the output directory is not there
	force   bool
	known   knownFiles
	folders map[string]*folder

	mu          sync.Mutex
	edited      []string
	copies      []string // edited, of the user's own files
	originals   []string // of these
	conflicted  []string // edited, with the marks of a merge
	inWay       []string
	unrecorded  []string // in the way, but made by platc
	overwritten []string
	blocked     []*item // where a folder stands
}

func (s *scan) run(tree *folder, workers int) error {
	if err := s.items(tree, s.root, "", &reader{}); err != nil {
		return err
	}
	err := parallel(workers, len(tree.folders), func(i int) error { return s.folder(tree, tree.folders[i], s.root, "", &reader{}) })
	if err != nil {
		return err
	}
	return s.clearBlocked()
}

// folder looks at a folder of a parent, which is open as dir, or not there. unit is what the parent is moved into place with, "" if it is there.
func (s *scan) folder(parent, f *folder, dir *os.Root, unit string, r *reader) error {
	name := path.Base(f.path)
	if dir != nil {
		info, err := lstat(dir, name)
		switch {
		case err != nil:
			return s.failed(f.path, err)
		case info != nil && info.IsDir():
			sub, err := dir.OpenRoot(name)
			if err != nil {
				return s.failed(f.path, err)
			}
			defer disk{root: sub}.close()
			return s.inside(f, sub, "", r)
		case info != nil && !makesRoom(parent, f):
			s.refuse(f, info)
			return nil
		}
	}
	if unit == "" {
		unit = f.path
	}
	return s.inside(f, nil, unit, r)
}

func (s *scan) inside(f *folder, dir *os.Root, unit string, r *reader) error {
	if err := s.items(f, dir, unit, r); err != nil {
		return err
	}
	for _, sub := range f.folders {
		if err := s.folder(f, sub, dir, unit, r); err != nil {
			return err
		}
	}
	return nil
}

// makesRoom says whether a file that platc wrote, and removes, stands where the folder shall be. It then goes first.
func makesRoom(parent, f *folder) bool {
	for _, it := range parent.items {
		if it.path == f.path && it.action == remove {
			it.room = f.path
			return true
		}
	}
	return false
}

// refuse notes that something is in the way of a folder. Files that platc wrote there before are gone.
func (s *scan) refuse(f *folder, info fs.FileInfo) {
	if f.any(func(it *item) bool { return it.file != nil }) {
		s.note(&s.inWay, s.name(f.path)+" ("+what(info)+")")
	}
}

func what(info fs.FileInfo) string {
	switch {
	case info.IsDir():
		return "a directory"
	case info.Mode().IsRegular():
		return "a file"
	case info.Mode()&fs.ModeSymlink != 0:
		return "a symbolic link"
	}
	return "a special file"
}

func (s *scan) items(f *folder, dir *os.Root, unit string, r *reader) error {
	for _, it := range f.items {
		if err := s.item(it, dir, r); err != nil {
			return s.failed(it.path, err)
		}
		if it.file != nil && it.file.Stands && it.action != keep {
			return changed(s.name(it.path))
		}
		it.unit = unit
		if unit == "" {
			it.unit = it.path
		}
	}
	return nil
}

func (s *scan) item(it *item, dir *os.Root, r *reader) error {
	if dir != nil {
		if it.file != nil && s.known.holds(it.path, it.sum, it.file.Mode) {
			it.action = keep // most files, which are looked at once
			return nil
		}
		var err error
		if it.info, err = lstat(dir, path.Base(it.path)); err != nil {
			return err
		}
	}
	switch {
	case it.info == nil && it.file != nil:
		it.action = add
		return nil
	case it.info == nil, it.info.IsDir() && it.file == nil:
		return nil // the user removed it, or put a folder there
	case it.info.IsDir():
		s.mu.Lock()
		s.blocked = append(s.blocked, it)
		s.mu.Unlock()
		return nil
	case !it.info.Mode().IsRegular(), it.info.Size() > emit.MaxFile:
		s.replace(it, nil)
		return nil
	}
	old, err := r.read(dir, path.Base(it.path), it.info.Size())
	if err != nil {
		return err
	}
	if it.file != nil && it.file.Stands {
		return nil // it did a moment ago
	}
	equal := it.file != nil && bytes.Equal(old, it.file.Data)
	if equal && it.info.Mode()&0o100 == it.file.Mode&0o100 {
		it.action = keep
		return nil
	}
	it.old = bytes.Clone(old)
	if equal {
		it.action = change
		return nil
	}
	s.replace(it, it.old)
	return nil
}

// replace decides about something that is not what platc wants there; old is its content, nil if it is no file that one would read.
func (s *scan) replace(it *item, old []byte) {
	name := s.name(it.path)
	ours := it.recorded != nil && old != nil && (it.recorded.SHA256 == sumOf(old) || it.file != nil && it.file.Ownership == emit.State)
	made := it.recorded != nil || old != nil && (encode.HasHeader(old) || it.ownership() == emit.State && isEncrypted(old))
	switch {
	case !made && it.file.Yields:
		it.left = true
		return
	case !made:
		s.note(&s.inWay, name+ifNotFile(it.info))
		return
	case ours:
	case s.force:
		s.note(&s.overwritten, name)
	case emit.InConflict(old):
		s.note(&s.conflicted, name)
	case it.recorded == nil:
		s.note(&s.unrecorded, name)
		return
	case it.file != nil && it.file.CopyOf != "":
		s.note(&s.copies, name)
		s.note(&s.originals, it.file.CopyOf)
	default:
		s.note(&s.edited, name)
	}
	it.action = change
	if it.file == nil {
		it.action = remove
	}
}

// isEncrypted says whether a file looks as SOPS writes it, in dotenv or JSON: emit/secrets has read it, and kept what it holds.
func isEncrypted(data []byte) bool {
	return bytes.Contains(data, []byte("\nsops_mac=")) || bytes.Contains(data, []byte("\"sops\":"))
}

func ifNotFile(info fs.FileInfo) string {
	if info.Mode().IsRegular() {
		return ""
	}
	return " (" + what(info) + ")"
}

// clearBlocked lets a file take the place of a folder that holds nothing but what platc wrote, and removes.
func (s *scan) clearBlocked() error {
	for _, it := range s.blocked {
		goes := map[string]*item{}
		if f := s.folders[it.path]; f != nil {
			f.any(func(below *item) bool {
				goes[below.path] = below
				return false
			})
		}
		foreign := false
		err := fs.WalkDir(s.root.FS(), it.path, func(name string, d fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case d.IsDir():
				foreign = foreign || s.folders[name] == nil
			default:
				foreign = foreign || goes[name] == nil || goes[name].action != remove
			}
			return nil
		})
		if err != nil {
			return s.failed(it.path, err)
		}
		if foreign {
			s.note(&s.inWay, s.name(it.path)+" (a directory)")
			continue
		}
		it.action = add
		for _, below := range goes {
			below.room = it.path
		}
	}
	return nil
}

func (s *scan) note(list *[]string, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*list = append(*list, text)
}

func (s *scan) name(p string) string { return filepath.Join(s.out, filepath.FromSlash(p)) }

func (s *scan) failed(p string, err error) error {
	return fmt.Errorf("read %s: %w", s.name(p), cause(err))
}

func (s *scan) conflicts() diag.List {
	var l diag.List
	add := func(code string, names []string, one, many, help string) {
		slices.Sort(names)
		switch len(names) {
		case 0:
		case 1:
			l.Add(diag.Diagnostic{Code: code, Message: names[0] + " " + one, Help: help})
		default:
			l.Add(diag.Diagnostic{Code: code, Message: strings.Join(names, ", ") + " " + many, Help: help})
		}
	}
	edits, them := "the edit", "it"
	if len(s.edited) > 1 {
		edits, them = "the edits", "them"
	}
	add("E0501", s.edited, "has been edited since platc wrote it", "have been edited since platc wrote them", "undo "+edits+", or overwrite "+them+" with --force")
	slices.Sort(s.originals)
	add("E0501", s.copies, "has been edited since platc wrote it", "have been edited since platc wrote them",
		"edit the original, "+strings.Join(s.originals, ", ")+", and build; --force overwrites the copy")
	add("E0501", s.conflicted, "has conflict markers from an unresolved merge", "have conflict markers from an unresolved merge", emit.ResolveConflict(s.out))
	add("E0502", s.inWay, "is in the way, and platc did not write it", "are in the way, and platc did not write them", "move it away, or choose another directory with -o")
	add("E0502", s.unrecorded, "was written by platc, but is not in its record", "were written by platc, but are not in its record",
		"restore "+s.name(recordPath)+" from version control, or use --force to take over files that begin with platc's header")
	return l
}

// reader reads one file after the other into the same memory: most are equal and need not be kept.
type reader struct{ buffer []byte }

// read returns what is valid until the next call. A regular file of that size takes one call of the system.
func (r *reader) read(dir *os.Root, name string, size int64) ([]byte, error) {
	f, err := dir.OpenFile(name, emit.ReadFlags, 0)
	if err != nil {
		return nil, err
	}
	defer shut(f)
	if int64(len(r.buffer)) <= size {
		r.buffer = make([]byte, 2*size+4096)
	}
	n, err := f.Read(r.buffer[:size+1])
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	if int64(n) == size {
		return r.buffer[:n], nil
	}
	rest, err := io.ReadAll(io.LimitReader(f, emit.MaxFile)) // it changes at this moment
	return append(bytes.Clone(r.buffer[:n]), rest...), err
}

// lstat is nil for what is not there, and for what would be below a file.
func lstat(dir *os.Root, name string) (fs.FileInfo, error) {
	info, err := dir.Lstat(name)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return nil, nil
	}
	return info, err
}

// openOut opens the output directory; nil without one. A link is refused: nobody expects a build to write elsewhere than where it says.
func openOut(out string) (*os.Root, error) {
	if out == "" {
		return nil, errors.New("the name of the output directory is empty")
	}
	clean := filepath.Clean(out) // a slash at the end would follow a link
	info, err := os.Lstat(clean)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("open output directory %s: %w", out, cause(err))
	case info.Mode()&fs.ModeSymlink != 0:
		target, err := os.Readlink(clean)
		if err != nil {
			return nil, fmt.Errorf("open output directory %s: %w", out, cause(err))
		}
		return nil, fmt.Errorf("output directory %s is a symbolic link to %s: name the directory itself", out, target)
	case !info.IsDir():
		return nil, fmt.Errorf("output directory %s is %s, not a directory", out, what(info))
	}
	root, err := os.OpenRoot(clean)
	if err != nil {
		return nil, fmt.Errorf("open output directory %s: %w", out, cause(err))
	}
	return root, nil
}

// readRecord returns the bytes of the record, nil without one.
func readRecord(out string, root *os.Root) ([]byte, error) {
	if root == nil {
		return nil, nil
	}
	for _, name := range []string{own, recordPath, journalPath} {
		info, err := lstat(root, name)
		switch {
		case err != nil:
			return nil, fmt.Errorf("read %s: %w", filepath.Join(out, name), cause(err))
		case info == nil && name == own:
			return nil, nil
		case info == nil:
		case name == own && !info.IsDir(), name == recordPath && !info.Mode().IsRegular():
			return nil, fmt.Errorf("%s is %s, and platc did not write it", filepath.Join(out, name), what(info))
		case name == journalPath:
			return nil, fmt.Errorf("%s: an earlier build was interrupted, and has to be undone first", filepath.Join(out, name))
		}
	}
	data, err := emit.ReadBelow(root, recordPath)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read record %s: %w", filepath.Join(out, recordPath), cause(err))
	}
	return data, nil
}

// cause is the reason alone: the messages name the path as the user knows it.
func cause(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	if e, ok := errors.AsType[*os.LinkError](err); ok {
		return e.Err
	}
	return err
}
