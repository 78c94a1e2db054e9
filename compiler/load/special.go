package load

import (
	"os"
	"path/filepath"

	"platc.dev/platc/compiler/diag"
)

// special reports what is neither a file nor a folder among the files of a package: CUE opens all of them, and would wait for a pipe.
func (s Source) special(list *diag.List) (ok bool) {
	dir := s.dir()
	entries, err := os.ReadDir(dir)
	if err != nil {
		return true // what follows says why
	}
	ok = true
	for _, e := range entries {
		name := filepath.Join(dir, e.Name())
		if e.Type().IsRegular() || e.IsDir() || filepath.Ext(name) == "" {
			continue
		}
		if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() && !info.IsDir() {
			list.Add(diag.Diagnostic{
				Code: "E0101", Message: relative(diag.Pos{File: name}, s.Dir).File + " is not a regular file",
				Help: "move it out of the folder of the architecture, or put a file in its place",
			})
			ok = false
		}
	}
	return ok
}
