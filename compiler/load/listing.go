package load

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"unicode/utf8"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/python"
)

const (
	// maxListing bounds the files that one attribute names, in bytes.
	maxListing = 64 << 20
	// largeFiles is what to do with more.
	largeFiles = "move large files into a bucket, or into a volume"
	// maxListed bounds how many they are.
	maxListed = 10_000
)

// trusted are the folders that no file of a component is in: git runs what one says, platc believes the other.
var trusted = regexp.MustCompile(`^(?i:\.git|\.platc)$`)

// leftOut are the folders and files that are never copied: what tools make again, and what version control keeps for itself. A virtual environment is
// known by its pyvenv.cfg, and a tree that platc wrote by its record.
var leftOut = regexp.MustCompile(`^(__pycache__|(?i:\.git)|\.hg|\.svn|\.venv|\.mypy_cache|\.pytest_cache|\.ruff_cache|\.tox|\.nox|\.cache|\.hypothesis|\.ipynb_checkpoints|(?i:\.platc)|\.coverage|\.DS_Store|node_modules|[^/]*\.egg-info|[^/]*\.py[co])$`)

var (
	pythonName    = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	pythonKeyword = regexp.MustCompile(`^(False|None|True|and|as|assert|async|await|break|class|continue|def|del|elif|else|except|finally|for|from|global|if|import|in|is|lambda|nonlocal|not|or|pass|raise|return|try|while|with|yield)$`)
)

// listings looks at the files of the user's own that the attributes of a node name. What cannot be copied is a finding at the attribute, and an empty
// listing then: the kind is asked all the same, and nothing is written.
func (l *lowering) listings(n *ir.Node) {
	n.Kind.Attributes.Marked(n.Attrs, func(attribute string, t *kind.Type) {
		if n.Listings == nil {
			n.Listings = map[string]*kind.Listing{}
		}
		n.Listings[attribute] = l.listing(n, attribute, t.Mark)
	})
}

func (l *lowering) listing(n *ir.Node, attribute string, mark *kind.Mark) *kind.Listing {
	at := attributePlace{node: n, name: attribute}
	given := n.Given
	for part := range strings.SplitSeq(attribute, ".") {
		given = given.Field(part)
	}
	if !mark.Many {
		name, ok := dataAt(n.Attrs, attribute).(string)
		if !ok {
			return &kind.Listing{} // what was given is no text, which is reported
		}
		at.pos = n.AttrPos(attribute)
		return l.single(at, name, mark)
	}
	all := &kind.Listing{}
	for i, item := range list(dataAt(n.Attrs, attribute)) {
		name, _ := item.(string)
		at.pos = n.AttrPos(attribute)
		if given != nil && i < len(given.Items) {
			at.pos = given.Items[i].Pos
		}
		one := l.single(at, name, mark)
		if all.Size+one.Size > maxListing {
			l.misnamed(at, "E0110", largeFiles, "cannot be copied: its files have more than %d MiB together", maxListing>>20)
			break
		}
		all.Roots, all.Files, all.Size = append(all.Roots, one.Roots...), append(all.Files, one.Files...), all.Size+one.Size
	}
	slices.SortStableFunc(all.Files, func(a, b *kind.UserFile) int { return cmp.Compare(a.Path, b.Path) })
	if !l.apart(at, all.Files) {
		all.Files = nil
	}
	return all
}

// dataAt is the data at a dotted path.
func dataAt(o kind.Object, dotted string) any {
	var data any = o
	for part := range strings.SplitSeq(dotted, ".") {
		data = object(data)[part]
	}
	return data
}

// attributePlace is an attribute that names files.
type attributePlace struct {
	node *ir.Node
	name string
	pos  diag.Pos
}

func (at attributePlace) finding(code, help, format string, args ...any) diag.Diagnostic {
	return diag.Diagnostic{Code: code, Path: at.node.Path() + "." + at.name, Pos: at.pos, Message: fmt.Sprintf("%s %s ", kind.Own(at.node.ID), at.name) + fmt.Sprintf(format, args...), Help: help}
}

// uncopied is the error about a file that was listed, and cannot be copied after all.
func (at attributePlace) uncopied(problem, help string) error {
	return &kind.Mistakes{Found: []diag.Diagnostic{at.finding("E0110", help, "cannot be copied: %s", problem)}}
}

func (l *lowering) misnamed(at attributePlace, code, help, format string, args ...any) {
	l.add(at.finding(code, help, format, args...))
}

// unread reports a file that Read has an error for.
func (l *lowering) unread(err error) {
	if m, ok := errors.AsType[*kind.Mistakes](err); ok {
		l.add(m.Found[0])
	}
}

// single lists one folder or file.
func (l *lowering) single(at attributePlace, name string, mark *kind.Mark) *kind.Listing {
	empty := &kind.Listing{Name: path.Base(name), Source: name}
	if problem, help := l.namedBadly(at, name); problem != "" {
		l.misnamed(at, "E0110", help, "is %s, %s", strconv.Quote(name), problem)
		return empty
	}
	root := filepath.Join(l.folderOf(at.pos), filepath.FromSlash(name))
	l.graph.Named = append(l.graph.Named, root)
	shown := relative(diag.Pos{File: root}, l.source.Dir).File
	empty.Name, empty.Source = filepath.Base(root), shown
	if mark.Python && !l.pythonPackage(at, root, shown) {
		return empty
	}
	s := &survey{root: root, shown: shown, uncopied: at.uncopied}
	if s.whole(mark); s.problem != "" {
		l.misnamed(at, "E0110", s.help, "cannot be copied: %s", s.problem)
		return empty
	}
	found := &kind.Listing{Name: empty.Name, Source: shown, Roots: []string{root}, Files: s.files, Size: s.size}
	if !l.apart(at, found.Files) {
		return empty
	}
	if mark.Python {
		l.readPython(at, found)
	}
	if mark.Text {
		l.readText(at, found)
	}
	return found
}

// namedBadly says what is wrong with the path itself.
func (l *lowering) namedBadly(at attributePlace, name string) (problem, help string) {
	help = "write a path relative to the file that says it, such as \"backend/app\""
	switch {
	case strings.TrimSpace(name) == "":
		return "which names nothing", help
	case path.IsAbs(name) || filepath.IsAbs(name):
		return "which is an absolute path", help
	case strings.ContainsRune(name, '\\'):
		return "which has a backslash", "write / between folders"
	}
	if l.source.Restrict == nil {
		return "", ""
	}
	root := filepath.Join(l.folderOf(at.pos), filepath.FromSlash(name))
	project := l.source.project(l.graph.Dir)
	if target, err := filepath.EvalSymlinks(root); err == nil {
		root = target
	}
	if target, err := filepath.EvalSymlinks(project); err == nil {
		project = target
	}
	if rel, err := filepath.Rel(project, root); err != nil || !filepath.IsLocal(rel) {
		return "which is outside the project", "--restrict-env allows files below the project only"
	}
	return "", ""
}

// folderOf is the folder of the file that a position is in.
func (l *lowering) folderOf(pos diag.Pos) string {
	file := pos.File
	switch {
	case file == "":
		return l.graph.Dir
	case !filepath.IsAbs(file):
		file = filepath.Join(l.source.Dir, file)
	}
	return filepath.Dir(file)
}

// pythonPackage says whether a folder can be imported by its name, as far as that shows without looking into it.
func (l *lowering) pythonPackage(at attributePlace, root, shown string) bool {
	name := filepath.Base(root)
	if info, err := os.Stat(root); err == nil && !info.IsDir() {
		return true // which is refused for that
	}
	if pythonName.MatchString(name) && !pythonKeyword.MatchString(name) {
		return true
	}
	l.misnamed(at, "E0108", "rename the folder: letters, digits and _, not beginning with a digit, and not a keyword", "is the folder %s, whose name %s is not a valid name of a Python package", shown, strconv.Quote(name))
	return false
}

// apart refuses files of one listing that would be one file somewhere: of one path, or of paths that differ only in case.
func (l *lowering) apart(at attributePlace, files []*kind.UserFile) bool {
	seen := map[string]*kind.UserFile{}
	for _, f := range files {
		key := strings.ToLower(f.Path)
		if old := seen[key]; old != nil {
			l.misnamed(at, "E0110", "rename one of them", "cannot be copied: %s and %s would both be %s, or differ only in case", old.Source, f.Source, f.Path)
			return false
		}
		seen[key] = f
	}
	return true
}

// maxText bounds a file whose text a kind sees.
const maxText = 256 << 10

// readText reads a file whose text a kind sees.
func (l *lowering) readText(at attributePlace, found *kind.Listing) {
	for _, f := range found.Files {
		data, err := f.Read()
		switch {
		case err != nil:
			l.unread(err)
		case len(data) > maxText || !utf8.Valid(data):
			l.misnamed(at, "E0110", fmt.Sprintf("name a file of text of at most %d KiB", maxText>>10), "cannot be copied: %s is not a text of that size", found.Source)
		default:
			found.Text = string(data)
		}
	}
}

// readPython reads what the build has to know of a Python package.
func (l *lowering) readPython(at attributePlace, found *kind.Listing) {
	byPath := map[string]*kind.UserFile{}
	for _, f := range found.Files {
		byPath[f.Path] = f
	}
	init := byPath["__init__.py"]
	if init == nil {
		l.misnamed(at, "E0110", "add an empty "+path.Join(found.Source, "__init__.py")+", or name the folder of the package itself", "is the folder %s, which is not a Python package: it has no __init__.py", found.Source)
		return
	}
	data, err := init.Read()
	if err != nil {
		l.unread(err)
		return
	}
	found.Names = python.Names(data)
	list := byPath["requirements.txt"]
	if list == nil {
		return
	}
	if data, err = list.Read(); err != nil {
		l.unread(err)
		return
	}
	pins, hashes, problems := python.Requirements(data)
	found.Hashes = hashes
	for _, p := range pins {
		found.Pins = append(found.Pins, p.Pin)
		found.PinsAt = append(found.PinsAt, diag.Pos{File: list.Source, Line: p.Line, Column: 1})
	}
	for _, p := range problems {
		l.add(diag.Diagnostic{
			Code: "E0111", Path: at.node.Path() + "." + at.name, Pos: diag.Pos{File: list.Source, Line: p.Line, Column: 1}, Message: fmt.Sprintf("%s of %s %s", list.Source, at.node.ID, p.What), Help: p.Help,
			Related: []diag.Related{{Message: "it is part of this folder", Pos: at.pos}},
		})
	}
}

// survey is a walk over a folder, or a look at a file.
type survey struct {
	root, shown   string
	top           string // see kind.UserFile
	files         []*kind.UserFile
	size          int64
	problem, help string
	uncopied      func(problem, help string) error // of a file that is read later
}

// whole lists everything below the root, sorted. It stops at the first thing that cannot be copied.
func (s *survey) whole(mark *kind.Mark) {
	if s.top = "."; mark.Many || mark.File {
		s.top = filepath.Base(s.root)
	}
	info, err := os.Lstat(s.root)
	switch {
	case trusted.MatchString(s.top):
		s.refuse(s.shown+" is what other programs trust", "name what your application needs of it, or leave it out")
	case errors.Is(err, fs.ErrNotExist):
		s.refuse(s.shown+" does not exist", "create it; the path is relative to the file that says it")
	case err != nil:
		s.refuse(fmt.Sprintf("%s cannot be read: %s", s.shown, cause(err)), "")
	case info.Mode()&fs.ModeSymlink != 0:
		s.refuse(s.shown+" is a symbolic link", "name what it leads to")
	case info.IsDir() && mark.File:
		s.refuse(s.shown+" is a folder, not a file", "name a file")
	case !info.IsDir() && !mark.Many && !mark.File:
		s.refuse(s.shown+" is not a folder", "name a folder")
	case !info.IsDir():
		s.file(s.root, filepath.Base(s.root), info)
	default:
		s.folder()
	}
}

func (s *survey) refuse(problem, help string) { s.problem, s.help = problem, help }

func (s *survey) folder() {
	err := filepath.WalkDir(s.root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name != s.root && (leftOut.MatchString(d.Name()) || d.IsDir() && made(name)) {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		if d.IsDir() {
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(s.root, name)
		if err != nil {
			return err
		}
		if s.file(name, path.Join(s.top, filepath.ToSlash(rel)), info); s.problem != "" {
			return fs.SkipAll
		}
		return nil
	})
	switch {
	case s.problem != "":
	case err != nil:
		s.refuse(notRead(s.name(pathIn(err, s.root)), err))
	case len(s.files) == 0:
		s.refuse(s.shown+" has no file that would be copied", "name a folder with files; caches, virtual environments and .git are left out")
	}
}

// made says whether a folder is what a tool makes again: a virtual environment, or a tree that platc wrote.
func made(folder string) bool {
	for _, mark := range []string{"pyvenv.cfg", filepath.Join(".platc", "manifest.json")} {
		if _, err := os.Lstat(filepath.Join(folder, mark)); err == nil {
			return true
		}
	}
	return false
}

func pathIn(err error, otherwise string) string {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Path
	}
	return otherwise
}

// name is a path below the root as messages name it.
func (s *survey) name(at string) string {
	rel, err := filepath.Rel(s.root, at)
	if err != nil || rel == "." {
		return s.shown
	}
	return filepath.Join(s.shown, rel)
}

func (s *survey) file(at, name string, info fs.FileInfo) {
	shown := s.name(at)
	s.size += info.Size()
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		s.refuse(shown+" is a symbolic link", "put a copy of what it leads to in its place, or remove it")
	case !info.Mode().IsRegular():
		s.refuse(shown+" is not a regular file", "move it out of the folder")
	case !utf8.ValidString(name) || strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' || r == ':' }):
		s.refuse(strconv.Quote(shown)+" has a name that not every system can hold", "rename it: without control characters, backslash and colon, in UTF-8")
	case s.size > maxListing:
		s.refuse(fmt.Sprintf("%s has more than %d MiB", s.shown, maxListing>>20), largeFiles)
	case len(s.files) == maxListed:
		s.refuse(fmt.Sprintf("%s has more than %d files", s.shown, maxListed), "move out what the application does not need to run")
	default:
		f := &kind.UserFile{Path: name, Source: shown, At: at, Root: s.root, Top: s.top, Executable: info.Mode()&0o100 != 0}
		f.Read = sync.OnceValues(func() ([]byte, error) { return s.read(f, info) })
		if err := readable(at); err != nil {
			s.refuse(notRead(shown, err))
			return
		}
		s.files = append(s.files, f)
	}
}

// readable says whether a file may be opened.
func readable(name string) error {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err == nil {
		err = f.Close()
	}
	return err
}

func notRead(shown string, err error) (problem, help string) {
	return fmt.Sprintf("%s cannot be read: %s", shown, cause(err)), "make it readable, or move it out of the folder"
}

// read reads a file that is as it was listed.
func (s *survey) read(f *kind.UserFile, listed fs.FileInfo) ([]byte, error) {
	changed := func() error { return s.uncopied(f.Source+" changed while platc was building", "build again") }
	open, err := os.OpenFile(f.At, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return nil, s.uncopied(notRead(f.Source, err))
	case err != nil:
		return nil, changed()
	}
	defer func() { _ = open.Close() }() // nothing was written
	same := func() bool {
		info, err := open.Stat()
		return err == nil && os.SameFile(info, listed) && info.Mode() == listed.Mode() && info.Size() == listed.Size() && info.ModTime().Equal(listed.ModTime())
	}
	if !same() {
		return nil, changed()
	}
	data, err := io.ReadAll(io.LimitReader(open, maxListing+1))
	if err != nil {
		return nil, s.uncopied(notRead(f.Source, err))
	}
	if int64(len(data)) != listed.Size() || !same() {
		return nil, changed()
	}
	return data, nil
}

// Relist is what the folder or file at an absolute path holds now, as a listing of it would have it.
//
// Errors: what cannot be copied.
func Relist(root string) ([]*kind.UserFile, error) {
	s := &survey{root: root, shown: root, uncopied: func(problem, _ string) error { return errors.New(problem) }}
	if s.whole(&kind.Mark{Many: true}); s.problem != "" {
		return nil, errors.New(s.problem)
	}
	return s.files, nil
}
