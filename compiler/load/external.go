package load

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
)

// Restriction bounds what {env: NAME} and {file: PATH} read: these variables, and files below the project.
type Restriction struct{ Env []string }

// maxSecret bounds a file that a secret is read from.
const maxSecret = 1 << 20

// external is a secret that {env: NAME} or {file: PATH} stands for. It is read by who writes it, and not before;
// what may not be read at all is a finding at once, and so is, once it is read, what its file cannot hold.
func (l *lowering) external(name string, ref kind.Object, pos diag.Pos, holds func(text string) *problem) ir.Given {
	variable, isEnv := ref["env"].(string)
	file, _ := ref["file"].(string)
	from := fmt.Sprintf("the file %s", file)
	if isEnv {
		from = fmt.Sprintf("the environment variable %s", variable)
	}
	finding := func(p *problem) *diag.Diagnostic {
		return &diag.Diagnostic{Code: "E0107", Path: name, Pos: pos, Message: fmt.Sprintf("%s is read from %s, which %s", name, from, p.what), Help: p.help}
	}
	read := func() (string, *problem) { return l.source.variable(variable) }
	if !isEnv {
		read = func() (string, *problem) { return l.source.file(l.graph.Dir, file) }
	}
	var p *problem
	if isEnv {
		p = l.source.allowsVariable(variable)
	} else {
		var o opened
		if o, p = l.source.openable(l.graph.Dir, file); p == nil {
			o.close()
		}
	}
	if p != nil && !p.absent {
		l.add(*finding(p))
	}
	return func() (string, *diag.Diagnostic) {
		text, p := read()
		if p != nil {
			return "", finding(p)
		}
		l.source.Hidden.Add(text)
		if p := holds(text); p != nil {
			return "", finding(p)
		}
		return text, nil
	}
}

// singleLine refuses what the files of secrets cannot hold.
func singleLine(text string) *problem {
	if !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
		return &problem{what: "has several lines, or characters that are not text", help: "use a single line of text"}
	}
	return nil
}

// maxVariable is what Linux gives one variable, with room for its name.
const maxVariable = 130000

// oneVariable refuses what a variable of secret/*.env cannot hold.
func oneVariable(text string) *problem {
	if p := singleLine(text); p != nil {
		p.help = "a variable of secret/cloud.env is a single line of text: encode it, as with `base64 -w0`, and decode it in the application"
		return p
	}
	if len(text) > maxVariable {
		return &problem{what: fmt.Sprintf("has %d bytes, more than an environment variable can hold", len(text)), help: fmt.Sprintf("keep it below %d bytes", maxVariable)}
	}
	return nil
}

// problem says why something cannot be read.
type problem struct {
	what, help string
	absent     bool // it may be there another time
}

func (s Source) allowsVariable(name string) *problem {
	if s.Restrict == nil || slices.Contains(s.Restrict.Env, name) {
		return nil
	}
	return &problem{what: "--restrict-env does not allow", help: fmt.Sprintf("add it, as --restrict-env %s, if this architecture may read it", name)}
}

func (s Source) variable(name string) (string, *problem) {
	if p := s.allowsVariable(name); p != nil {
		return "", p
	}
	text, set := s.Env(name)
	if !set || text == "" {
		return "", &problem{what: "is not set", help: "export " + name, absent: true}
	}
	return text, nil
}

// opened is a file in the folder that bounds it.
type opened struct {
	root *os.Root // nil: not bounded
	name string
}

func (o opened) stat() (fs.FileInfo, error) {
	if o.root != nil {
		return o.root.Stat(o.name)
	}
	return os.Stat(o.name)
}

func (o opened) open() (*os.File, error) {
	if o.root != nil {
		return o.root.Open(o.name)
	}
	return os.Open(o.name)
}

func (o opened) close() {
	if o.root != nil {
		_ = o.root.Close()
	}
}

// openable says whether a file is one that a secret may be read from. What is not a regular file could never end, or wait for ever.
func (s Source) openable(dir, name string) (opened, *problem) {
	o := opened{name: name}
	if !filepath.IsAbs(name) {
		o.name = filepath.Join(dir, name)
	}
	if s.Restrict != nil {
		project := s.project(dir)
		outside := &problem{what: "is outside the project", help: "--restrict-env allows files below the project only"}
		rel, err := filepath.Rel(project, o.name)
		if err != nil || !filepath.IsLocal(rel) {
			return o, outside
		}
		root, err := os.OpenRoot(project)
		if err != nil {
			return o, &problem{what: "cannot be read: " + cause(err), absent: true}
		}
		o = opened{root: root, name: rel}
		if _, err := o.stat(); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
			o.close()
			return o, outside // a link that leads out of it
		}
	}
	info, err := o.stat()
	var p *problem
	switch {
	case err != nil:
		p = &problem{what: "cannot be read: " + cause(err), help: "create it, beside arch.cue where the path is relative", absent: true}
	case !info.Mode().IsRegular():
		p = &problem{what: "is not a regular file", help: "name a file that contains only the secret"}
	case info.Size() > maxSecret:
		p = &problem{what: fmt.Sprintf("is larger than %d MiB", maxSecret>>20), help: "name a file that contains only the secret"}
	}
	if p != nil {
		o.close()
	}
	return o, p
}

// project is the folder that restricted files are below: the module that the architecture is in, else its folder.
func (s Source) project(dir string) string {
	if !filepath.IsAbs(dir) {
		dir = filepath.Join(s.Dir, dir)
	}
	if root := ModuleRoot(dir); root != "" {
		return root
	}
	return dir
}

func (s Source) file(dir, name string) (string, *problem) {
	o, p := s.openable(dir, name)
	if p != nil {
		return "", p
	}
	defer o.close()
	unreadable := func(err error) *problem {
		return &problem{what: "cannot be read: " + cause(err), help: "create it, beside arch.cue where the path is relative", absent: true}
	}
	f, err := o.open()
	if err != nil {
		return "", unreadable(err)
	}
	defer func() { _ = f.Close() }() // nothing was written
	data, err := io.ReadAll(io.LimitReader(f, maxSecret))
	if err != nil {
		return "", unreadable(err)
	}
	return strings.TrimRight(string(data), "\r\n"), nil
}
