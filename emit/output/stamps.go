package output

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"platc.dev/platc/emit"
)

// Stamps tell whether a tree is still as a build left it: what the file system says of each file, and the sum of its content, for where that differs.
type Stamps struct {
	taken  int64 // nanoseconds; what changed shortly before may have changed again within one tick of the file system's clock
	record sum
	files  []stamped // by path
}

type sum [sha256.Size]byte

// stamped is a file that decides about a build.
type stamped struct {
	path string
	sum  sum
	stamp
}

// stamp is what the file system says of a file. Whatever changes a file changes it, but for a change within one tick of the clock.
type stamp struct {
	mode           uint32
	size           int64
	changed, wrote int64 // nanoseconds
	inode          uint64
}

const (
	typeBits = 0o170000
	isDir    = 0o040000
	isFile   = 0o100000
	execute  = 0o100
	allOwner = 0o700
)

// ticks is more than the time in which a file system's clock may stand still.
func (s stamp) ticks() int64 {
	if s.changed%int64(time.Millisecond) == 0 { // a clock of milliseconds, or of seconds
		return int64(2 * time.Second)
	}
	return int64(30 * time.Millisecond)
}

// settled says whether a file that still has this stamp, which was taken at some time, cannot have changed since.
func (s stamp) settled(taken int64) bool { return max(s.changed, s.wrote) < taken-s.ticks() }

// Stamps are those of the tree as Write has left it; nil where they cannot tell: not every file belongs to the build, what is there is no file, or
// the system has no stamps.
func (c *Change) Stamps(now time.Time) *Stamps {
	s := &Stamps{taken: now.UnixNano(), record: sha256.Sum256(c.after), files: make([]stamped, 0, len(c.items))}
	for _, it := range c.items {
		f := stamped{path: it.path}
		switch {
		case it.file == nil:
			continue // it is gone
		case it.left && it.old == nil:
			return nil
		case it.left:
			f.sum = sha256.Sum256(it.old)
		default:
			if n, err := hex.Decode(f.sum[:], []byte(it.sum)); err != nil || n != len(f.sum) {
				return nil
			}
		}
		s.files = append(s.files, f)
	}
	if !s.look(c.out, c.workers, func(dir *os.Root, f *stamped, now stamp) bool {
		f.stamp = now
		return true
	}) {
		return nil
	}
	return s
}

// Hold says whether the tree is as it was when the stamps were taken: the record is the same, and so is every file, by its stamp, or else by its
// content and the right to execute. Where content had to be read, renewed says that the stamps are new ones.
func (s *Stamps) Hold(out string, workers int, now time.Time) (hold, renewed bool) {
	root, err := openOut(out)
	if err != nil || root == nil {
		return false, false
	}
	record, err := readRecord(filepath.Clean(out), root)
	shut(root)
	if err != nil || record == nil || sha256.Sum256(record) != s.record {
		return false, false
	}
	var read atomic.Bool
	hold = s.look(out, workers, func(dir *os.Root, f *stamped, now stamp) bool {
		if now == f.stamp && now.settled(s.taken) {
			return true
		}
		if now.size != f.size || now.mode&execute != f.mode&execute {
			return false
		}
		data, err := emit.ReadBelow(dir, filepath.FromSlash(f.path))
		if err != nil || sha256.Sum256(data) != f.sum {
			return false
		}
		read.Store(true)
		f.stamp = now
		return true
	})
	if hold {
		s.taken = now.UnixNano()
	}
	return hold, hold && read.Load()
}

// look shows the stamp of every file, if each is a file in real folders; false as soon as see says so.
func (s *Stamps) look(out string, workers int, see func(dir *os.Root, f *stamped, now stamp) bool) bool {
	root, err := openOut(out)
	if err != nil || root == nil {
		return false
	}
	defer shut(root)
	top, err := root.Open(".")
	if err != nil {
		return false
	}
	defer shut(top)
	at := int(top.Fd())
	const chunk = 512 // files a worker takes at a time
	return parallel(max(workers, 2), (len(s.files)+chunk-1)/chunk, func(n int) error {
		folders := map[string]bool{".": true}
		for i := n * chunk; i < min((n+1)*chunk, len(s.files)); i++ {
			f := &s.files[i]
			if !realFolders(at, path.Dir(f.path), folders) {
				return errNotAsLeft
			}
			now, err := stampAt(at, f.path)
			if err != nil || now.mode&typeBits != isFile || !see(root, f, now) {
				return errNotAsLeft
			}
		}
		return nil
	}) == nil
}

var errNotAsLeft = errors.New("the tree is not as the build left it")

// realFolders says whether a folder and all above it are folders, and no links to some.
func realFolders(at int, dir string, known map[string]bool) bool {
	if known[dir] {
		return true
	}
	if !realFolders(at, path.Dir(dir), known) {
		return false
	}
	s, err := stampAt(at, dir)
	known[dir] = err == nil && s.mode&typeBits == isDir && s.mode&allOwner == allOwner
	return known[dir]
}

// knownFiles are the files of a tree that need not be read, if they still have their stamps.
type knownFiles struct {
	root   *os.Root
	top    *os.File // nil: none is known
	at     int
	taken  int64
	byPath map[string]*stamped
}

func (s *Stamps) below(root *os.Root) knownFiles {
	if s == nil || root == nil {
		return knownFiles{}
	}
	top, err := root.Open(".")
	if err != nil {
		return knownFiles{}
	}
	k := knownFiles{root: root, top: top, at: int(top.Fd()), taken: s.taken, byPath: make(map[string]*stamped, len(s.files))}
	for i := range s.files {
		k.byPath[s.files[i].path] = &s.files[i]
	}
	return k
}

func (k knownFiles) close() {
	if k.top != nil {
		shut(k.top)
	}
}

// holds says whether what stands at a path is a file of this content, of which the right to execute is that of mode.
func (k knownFiles) holds(name, sum string, mode fs.FileMode) bool {
	f := k.byPath[name]
	if f == nil || f.mode&execute != uint32(mode)&execute {
		return false
	}
	var known [2 * sha256.Size]byte
	if hex.Encode(known[:], f.sum[:]); string(known[:]) != sum {
		return false
	}
	now, err := stampAt(k.at, name)
	if err != nil || now != f.stamp {
		return false
	}
	if now.settled(k.taken) {
		return true
	}
	data, err := emit.ReadBelow(k.root, filepath.FromSlash(name))
	return err == nil && sha256.Sum256(data) == f.sum
}

// Standing tells of single files of an output directory whether they still are as the build left them that took the stamps. The zero value knows none.
type Standing struct {
	known   knownFiles
	mu      *sync.Mutex
	folders map[string]bool // whether they are folders, and no links to some
}

// Standing opens the output directory. Where that cannot be, or its record is another one, nothing is known of its files.
func (s *Stamps) Standing(out string) Standing {
	if s == nil {
		return Standing{}
	}
	root, err := openOut(out)
	if err != nil || root == nil {
		return Standing{}
	}
	if record, err := readRecord(filepath.Clean(out), root); err == nil && sha256.Sum256(record) == s.record {
		if known := s.below(root); known.top != nil {
			return Standing{known, new(sync.Mutex), map[string]bool{".": true}}
		}
	}
	shut(root)
	return Standing{}
}

// Has says whether a file is as it was left, and what it was left with has this sum and the right to execute of mode.
func (s Standing) Has(name, sum string, mode fs.FileMode) bool {
	if s.known.top == nil || !s.known.holds(name, sum, mode) {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return realFolders(s.known.at, path.Dir(name), s.folders)
}

// Close closes the output directory.
func (s Standing) Close() {
	if s.known.top == nil {
		return
	}
	s.known.close()
	shut(s.known.root)
}

// Files is how many files the build wrote, or kept.
func (c *Change) Files() int { return len(c.Added) + len(c.Changed) + len(c.Kept) }

// Append writes the stamps behind b.
func (s *Stamps) Append(b []byte) []byte {
	b = binary.AppendVarint(b, s.taken)
	b = append(b, s.record[:]...)
	b = binary.AppendUvarint(b, uint64(len(s.files)))
	for _, f := range s.files {
		b = binary.AppendUvarint(b, uint64(len(f.path)))
		b = append(append(b, f.path...), f.sum[:]...)
		b = binary.AppendUvarint(b, uint64(f.mode))
		b = binary.AppendVarint(b, f.size)
		b = binary.AppendVarint(b, f.changed)
		b = binary.AppendVarint(b, f.wrote)
		b = binary.AppendUvarint(b, f.inode)
	}
	return b
}

// ParseStamps reads what Append wrote.
func ParseStamps(data []byte) (*Stamps, error) {
	r := bytes.NewReader(data)
	broken := false
	number := func() int64 {
		n, err := binary.ReadVarint(r)
		broken = broken || err != nil
		return n
	}
	natural := func() uint64 {
		n, err := binary.ReadUvarint(r)
		broken = broken || err != nil
		return n
	}
	fill := func(b []byte) {
		n, _ := r.Read(b)
		broken = broken || n != len(b)
	}
	s := &Stamps{taken: number()}
	fill(s.record[:])
	n := natural()
	damaged := errors.New("the stamps are damaged")
	if broken || n > uint64(len(data)) {
		return nil, damaged
	}
	s.files = make([]stamped, n)
	for i := range s.files {
		f := &s.files[i]
		length := natural()
		if broken || length > uint64(r.Len()) {
			return nil, damaged
		}
		at := len(data) - r.Len()
		f.path = string(data[at : at+int(length)])
		_, _ = r.Seek(int64(length), 1)
		fill(f.sum[:])
		f.mode = uint32(natural())
		f.size, f.changed, f.wrote, f.inode = number(), number(), number(), natural()
		if broken || !fs.ValidPath(f.path) {
			return nil, damaged
		}
	}
	return s, nil
}

// Identity is what tells a file from any other that stands, or stood, at its place; false where the system does not say.
func Identity(name string) (string, bool) {
	s, err := stampOf(name)
	if err != nil || s.mode&typeBits != isFile {
		return "", false
	}
	var b strings.Builder
	for _, n := range []int64{s.size, s.changed, s.wrote, int64(s.inode)} {
		b.WriteString(string(binary.AppendVarint(nil, n)))
	}
	return b.String(), true
}
