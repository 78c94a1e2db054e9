package load

import (
	"bytes"
	"io/fs"
	"path"
	"strings"
	"sync"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/build"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/errors"
	"cuelang.org/go/cue/parser"
	"cuelang.org/go/cue/token"

	library "platc.dev/platc/cue"
)

// engine is CUE, with one context for all kinds. It builds a kind when it is first asked for it: what the evaluator answers needs none of it.
// Whoever asks it holds its lock; while the kinds are read there is nobody else.
type engine struct {
	sync.Mutex

	ctx     *cue.Context
	build   *build.Context
	modules map[string]*build.Instance
	values  map[*pkg]cue.Value
}

func newEngine() *engine {
	e := &engine{ctx: cuecontext.New(), modules: map[string]*build.Instance{}, values: map[*pkg]cue.Value{}}
	e.build = build.NewContext(build.Loader(e.importInstance))
	return e
}

// value is all that a package says.
func (e *engine) value(p *pkg) cue.Value {
	v, ok := e.values[p]
	if !ok {
		v = e.ctx.BuildInstance(e.instance(p.root, p.dir, p.path))
		e.values[p] = v
	}
	return v
}

// importInstance resolves imports of the library's own packages; CUE's packages need none.
func (e *engine) importInstance(_ token.Pos, importPath string) *build.Instance {
	rest, ok := strings.CutPrefix(importPath, module+"/")
	if !ok {
		return nil
	}
	rest, _, _ = strings.Cut(rest, ":")
	return e.instance(root{fs: library.FS}, rest, importPath)
}

// instance is the CUE package in a folder.
func (e *engine) instance(r root, dir, importPath string) *build.Instance {
	key := r.name + "|" + dir
	if inst := e.modules[key]; inst != nil {
		return inst
	}
	inst := e.build.NewInstance(dir, nil)
	e.modules[key] = inst
	inst.ImportPath = importPath
	folder, err := fs.Sub(r.fs, dir)
	if err != nil {
		inst.Err = errors.Promote(err, dir)
		return inst
	}
	for _, name := range sources(folder, ".") {
		data, err := fs.ReadFile(folder, name)
		if err != nil {
			inst.Err = errors.Append(inst.Err, errors.Promote(err, name))
			continue
		}
		e.addFile(inst, path.Join(r.name, dir, name), data)
	}
	if err := inst.Complete(); err != nil && inst.Err == nil {
		inst.Err = errors.Promote(err, dir)
	}
	return inst
}

func (e *engine) addFile(inst *build.Instance, name string, data []byte) {
	if line := tooDeep(data); line > 0 {
		f := token.NewFile(name, -1, len(data))
		f.SetLinesForContent(data)
		start := len(bytes.Join(bytes.SplitAfter(data, []byte("\n"))[:line-1], nil))
		inst.Err = errors.Append(inst.Err, errors.Newf(f.Pos(start, token.NoRelPos), "the file nests more than %d levels deep", maxDepth))
		return
	}
	file, err := parser.ParseFile(name, data, parser.ParseComments)
	if err != nil {
		inst.Err = errors.Append(inst.Err, errors.Promote(err, name))
		return
	}
	switch declared := file.PackageName(); {
	case inst.PkgName == "":
		inst.PkgName = declared
	case declared != inst.PkgName:
		inst.Err = errors.Append(inst.Err, errors.Newf(file.Pos(), "the file is of package %q, but others of the kind are of package %q", declared, inst.PkgName))
		return
	}
	if err := inst.AddSyntax(file); err != nil {
		inst.Err = errors.Append(inst.Err, err)
	}
}
