package compiler

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"platc.dev/platc/compiler/load"
	"platc.dev/platc/emit/output"
	"platc.dev/platc/emit/secrets"
)

// maxInputs bounds the files and folders that are looked at to prove that an input did not change: with more, a build is cheaper.
const maxInputs = 200_000

var errUncertain = errors.New("the input is not sure to be the same another time")

// inputs is all that decides about a build but the tree that it writes to, as two sums.
type inputs struct {
	content [sha256.Size]byte // of what is read
	stamps  [sha256.Size]byte // of what the file system says of it: the same before and after a build where nothing changed meanwhile
	sources [sha256.Size]byte // the same without the keys
	program [sha256.Size]byte // of the program alone
	keys    [sha256.Size]byte // of what secrets need beside arch.cue: variables, files of keys, and whether a key may be made
	private bool              // an identity is among the keys: nobody without it can guess what their sum is
}

// look collects inputs.
type look struct {
	content, stamps hash.Hash
	skip            string // the output; "": there is none
	seen            map[string]bool
	imports         bool // a package of the module may be read, wherever it is
	private         bool // an identity was read
}

// readInputs reads what decides about a build: the program, what it was told, the variables and files that secrets need, and every file of CUE, of
// the module and of kinds/ that could be read, used or not. out is the folder of the output, "" for a check, which has none.
//
// Errors: errUncertain, where the program and the keys are known but not the rest, and what cannot be read: then nothing can be said of another build.
func readInputs(in Input, version string, out string, o RenderOptions) (inputs, error) {
	l := &look{content: sha256.New(), stamps: sha256.New(), seen: map[string]bool{}}
	if out != "" {
		var err error
		if l.skip, err = filepath.Abs(out); err != nil {
			return inputs{}, err
		}
	}
	program, err := os.Executable()
	if err != nil {
		return inputs{}, err
	}
	identity, ok := output.Identity(program)
	if !ok {
		return inputs{}, errors.New("the program cannot be told from another")
	}
	l.say("program", version, program, identity, in.Dir, l.skip, fmt.Sprint(o.NoDevKey, in.Restrict != nil))
	l.say("arguments", in.Args...)
	l.say("tags", in.Tags...)
	if in.Restrict != nil {
		l.say("restriction", in.Restrict.Env...)
	}
	s := load.Source{Args: in.Args, Dir: in.Dir, Tags: in.Tags, Env: in.Env}
	dir, root := s.Roots()
	home, _ := os.UserHomeDir()
	variables, files := secrets.Sources(secrets.Options{ArchDir: dir, Env: in.Env, Home: home})
	keys := &look{content: sha256.New(), stamps: sha256.New()}
	keys.say("a new key", strconv.FormatBool(!o.NoDevKey))
	for _, name := range append(variables, "HOME") {
		text, set := in.Env(name)
		keys.say("variable", name, text, strconv.FormatBool(set))
	}
	for _, pair := range slices.Sorted(slices.Values(os.Environ())) {
		if strings.HasPrefix(pair, "CUE_") {
			l.say("variable", pair)
		}
	}
	if err := l.file(s.ImagesFile()); err != nil {
		return inputs{}, err
	}
	for _, name := range files {
		if err := keys.file(name); err != nil {
			return inputs{}, err
		}
	}
	sums := inputs{program: sha256.Sum256([]byte(version + "\x00" + program + "\x00" + identity))}
	keys.content.Sum(sums.keys[:0])
	sums.private = keys.private
	if err := l.sources(s, dir, root); err != nil {
		return sums, err
	}
	l.stamps.Sum(sums.sources[:0])
	l.say("keys", string(sums.keys[:]))
	l.stamps.Write(keys.stamps.Sum(nil))
	l.content.Sum(sums.content[:0])
	l.stamps.Sum(sums.stamps[:0])
	return sums, nil
}

// say takes in texts, so that no two lists of texts are the same. A sum takes everything without an error.
func (l *look) say(what string, texts ...string) {
	_, _ = fmt.Fprintf(l.content, "%s %d\n", what, len(texts))
	for _, t := range texts {
		l.private = l.private || strings.Contains(t, "AGE-SECRET-KEY-1")
		_, _ = fmt.Fprintf(l.content, "%d %s\n", len(t), t)
	}
}

// sources takes in the files of CUE: those named, those in the folder of the architecture and above, which CUE may take for the same package, and
// those of the module, if one of them imports anything.
func (l *look) sources(s load.Source, dir, root string) error {
	for _, folder := range []string{dir, root} {
		if l.skip != "" && (l.skip == folder || strings.HasPrefix(folder, l.skip+string(filepath.Separator))) {
			return errUncertain
		}
	}
	for _, name := range s.Files() {
		info, err := os.Stat(name)
		switch {
		case err != nil:
			l.imports = true // a package of the module
		case !info.IsDir():
			if err := l.cue(name); err != nil {
				return err
			}
		}
	}
	if err := l.above(dir, root); err != nil {
		return err
	}
	if l.imports {
		for _, folder := range []string{root, dir} {
			if err := l.walk(folder, false); err != nil {
				return err
			}
		}
	}
	for _, folder := range []string{filepath.Join(dir, "kinds"), filepath.Join(root, "cue.mod")} {
		if err := l.walk(folder, true); err != nil {
			return err
		}
	}
	return nil
}

// above takes in the files of CUE in a folder and in those above it, up to that of a module above the root.
func (l *look) above(dir, root string) error {
	for folder := dir; ; folder = filepath.Dir(folder) {
		names, err := filepath.Glob(filepath.Join(folder, "*.cue"))
		if err != nil {
			return err
		}
		for _, name := range names {
			if err := l.cue(name); err != nil {
				return err
			}
		}
		outer := folder != root && load.ModuleRoot(folder) == folder // the root is the nearest module
		if outer || folder == filepath.Dir(folder) {
			l.say("above", folder, strconv.FormatBool(outer))
			return nil
		}
	}
}

// walk takes in the files of CUE below a folder, or all of them. A link may lead to anything, so that nothing can be said where there is one.
func (l *look) walk(folder string, all bool) error {
	if _, err := os.Lstat(folder); errors.Is(err, fs.ErrNotExist) {
		l.say("nothing", folder)
		return nil
	}
	return filepath.WalkDir(folder, func(name string, d fs.DirEntry, err error) error {
		hidden := !all && name != folder && strings.HasPrefix(d.Name(), ".")
		switch {
		case err != nil:
			return err
		case d.IsDir() && (hidden || name == l.skip):
			return fs.SkipDir
		case l.visited(name, all):
			return nil
		case len(l.seen) > maxInputs, d.Type()&fs.ModeSymlink != 0:
			return errUncertain
		case d.IsDir():
			return nil
		case filepath.Ext(name) == ".cue":
			return l.cue(name)
		case all:
			return l.file(name)
		}
		return nil
	})
}

// visited says whether a file or folder was looked at in the same way before.
func (l *look) visited(name string, all bool) bool {
	key := fmt.Sprint(all, name)
	was := l.seen[key]
	l.seen[key] = true
	return was
}

// cue takes in a file of CUE and those that it embeds. What else it may read, and what is another time another, leaves everything uncertain.
func (l *look) cue(name string) error {
	data, err := l.read(name)
	if err != nil {
		return err
	}
	l.imports = l.imports || bytes.Contains(data, []byte("import"))
	isModule := filepath.Base(name) == "module.cue" && filepath.Base(filepath.Dir(name)) == "cue.mod"
	switch {
	case bytes.Contains(data, []byte("@tag(")) && bytes.Contains(data, []byte("var")):
		return errUncertain // the time, a random number
	case isModule && bytes.Contains(data, []byte("deps")):
		return errUncertain // other modules
	}
	return l.embedded(name, data)
}

// embedded takes in the files that a file of CUE reads by `@embed(file=NAME)` and `@embed(glob=PATTERN)`, relative to its own folder.
func (l *look) embedded(name string, data []byte) error {
	attributes := regexp.MustCompile(`@embed\((file|glob)=("[^"\\]*"|[^",()\s]+)[,)]`).FindAllSubmatch(data, -1)
	if len(attributes) != bytes.Count(data, []byte("@embed")) {
		return errUncertain // a text, a comment, or another way to write it
	}
	for _, a := range attributes {
		from := filepath.Join(filepath.Dir(name), filepath.FromSlash(string(bytes.Trim(a[2], `"`))))
		files := []string{from}
		if string(a[1]) == "glob" {
			var err error
			if files, err = filepath.Glob(from); err != nil {
				return errUncertain
			}
			l.say("glob", append([]string{from}, files...)...)
		}
		for _, file := range files {
			if info, err := os.Lstat(file); err == nil && !info.Mode().IsRegular() {
				return errUncertain
			}
			if err := l.file(file); err != nil {
				return err
			}
		}
	}
	return nil
}

// file takes in a file that need not exist.
func (l *look) file(name string) error {
	_, err := l.read(name)
	if errors.Is(err, fs.ErrNotExist) {
		l.say("nothing", name)
		return nil
	}
	return err
}

func (l *look) read(name string) ([]byte, error) {
	identity, ok := output.Identity(name)
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, err
	case !ok, info.Size() > 64<<20:
		return nil, errUncertain
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	_, _ = fmt.Fprintf(l.stamps, "%q %q\n", name, identity)
	l.say("file", name, fmt.Sprint(info.Mode().Perm()), string(data))
	return data, nil
}

// shown says whether an excerpt of a file may be printed by who does not know what is hidden in it.
func (b *Build) shown(dir string) bool {
	files := map[string]bool{}
	for _, d := range b.Findings.Sorted() {
		files[d.Pos.File] = true
		for _, r := range d.Related {
			files[r.Pos.File] = true
		}
	}
	delete(files, "")
	for name := range files {
		if !filepath.IsAbs(name) {
			name = filepath.Join(dir, name)
		}
		if data, err := os.ReadFile(name); err == nil && !bytes.Equal(b.Hidden.Source(data), data) {
			return false
		}
	}
	return true
}

// encode is a receipt as it is stored.
func (r *Receipt) encode() ([]byte, error) {
	head, err := json.Marshal(r.head)
	if err != nil {
		return nil, err
	}
	return sealed(r.stamps.Append(append(append([]byte(receiptForm), head...), '\n'))), nil
}

const receiptForm = "platc receipt 1\n"

var errReceipt = errors.New("the receipt is damaged")

func decodeReceipt(data []byte) (*Receipt, error) {
	rest, ok := unsealed(data, receiptForm)
	head, stamps, ok2 := bytes.Cut(rest, []byte("\n"))
	if !ok || !ok2 {
		return nil, errReceipt
	}
	r := &Receipt{}
	if err := json.Unmarshal(head, &r.head); err != nil {
		return nil, err
	}
	var err error
	r.stamps, err = output.ParseStamps(stamps)
	return r, err
}

// sealed is data with its sum behind it.
func sealed(data []byte) []byte {
	sum := sha256.Sum256(data)
	return append(data, sum[:]...)
}

// unsealed is what is behind the form of sealed data; false where it is of another form, or damaged.
func unsealed(data []byte, form string) (rest []byte, ok bool) {
	at := len(data) - sha256.Size
	if at < 0 || sha256.Sum256(data[:at]) != [sha256.Size]byte(data[at:]) {
		return nil, false
	}
	return bytes.CutPrefix(data[:at], []byte(form))
}
