package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"

	"platc.dev/platc/compiler"
	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/images"
)

// settle is how long files must be quiet before the next build: an editor writes more than once.
const settle = 150 * time.Millisecond

// watch builds, and again whenever a file that an architecture may be made of changes, until it is interrupted.
// Errors of a build are printed, and the next change is waited for.
func watch(ctx context.Context, c *console, o *buildOptions, args []string) error {
	o.kinds = &compiler.Kinds{}
	return watching(ctx, c, &o.common, c.path(o.out), args, func() (owned, error) {
		o.built = nil
		err := build(ctx, c, o, args)
		return o.built, err
	})
}

// watching runs a round, and another whenever a file changes that an architecture may be made of, but for those in out.
func watching(ctx context.Context, c *console, o *common, out string, args []string, round func() (owned, error)) error {
	w, err := fsnotify.NewWatcher()
	if err != nil {
		return fmt.Errorf("watch files: %w", err)
	}
	defer func() { _ = w.Close() }() // nothing is written through it
	o.watch = &watched{}
	root := folder(c, args)
	first := true
	for {
		reads, err := watchFolders(w, root, out)
		if err != nil {
			return err
		}
		built, err := round()
		if err := tolerate(c, err); err != nil {
			return err
		}
		if built != nil {
			follow(w, built.Own(), out)
			if built.OwnChanged() {
				continue // before its folders were watched, so that nobody knows which
			}
			reads = either(reads, below(built.Own(), out))
		}
		if first && !o.quiet {
			c.say("watching %s; end it with Ctrl-C\n", c.named(root))
		}
		first = false
		debug.FreeOSMemory() // it may take long until something changes
		names := changed(ctx, w, reads)
		if len(names) == 0 {
			return nil
		}
		if !o.quiet {
			c.say("\n%s %s changed\n", time.Now().Format(time.TimeOnly), c.few(names))
		}
	}
}

// folder is the one that the files of an architecture lie in, or below.
func folder(c *console, args []string) string {
	if len(args) == 0 {
		return c.dir
	}
	first := c.path(args[0])
	info, err := os.Stat(first)
	switch {
	case err != nil: // a package path of a module
		return c.dir
	case info.IsDir():
		return first
	}
	return filepath.Dir(first)
}

// tolerate ends the watch only for wrong usage: every other trouble may be gone after the next change.
func tolerate(c *console, err error) error {
	var wrong usage
	var ended exit
	switch {
	case errors.As(err, &wrong):
		return wrong
	case err != nil && !errors.As(err, &ended):
		c.say("platc: %v\n", err)
	}
	return nil
}

// watchFolders adds the folders below root, but not the output and what platc and version control keep for themselves. It returns which
// files a build may read: CUE files, those of kinds/, and all others as soon as a CUE file embeds or names files.
func watchFolders(w *fsnotify.Watcher, root, out string) (reads func(string) bool, err error) {
	named := false
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil //nolint:nilerr // a folder that cannot be read, or is gone meanwhile, is not watched
		}
		if !d.IsDir() {
			if data, err := os.ReadFile(path); err == nil && filepath.Ext(path) == ".cue" {
				named = named || bytes.Contains(data, []byte("@embed(")) || bytes.Contains(data, []byte("file:"))
			}
			return nil
		}
		if path != root && (path == out || strings.HasPrefix(d.Name(), ".") || d.Name() == "cue.mod") {
			return filepath.SkipDir
		}
		if err := w.Add(path); err != nil {
			return fmt.Errorf("watch %s: %w", path, err)
		}
		return nil
	})
	kinds := filepath.Join(root, "kinds") + string(filepath.Separator)
	return func(name string) bool {
		if name == out || strings.HasPrefix(filepath.Base(name), ".") {
			return false
		}
		return named || name == filepath.Join(root, images.Name) || filepath.Ext(name) == ".cue" || strings.HasPrefix(name, kinds)
	}, err
}

// follow watches folders and files of the user's own, wherever they are. One that is not there yet is watched from the folder above.
func follow(w *fsnotify.Watcher, own []string, out string) {
	for _, root := range own {
		_ = w.Add(filepath.Dir(root)) // what cannot be watched is not followed
		_ = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.IsDir() {
				return nil //nolint:nilerr // a folder that cannot be read, or is gone meanwhile, is not watched
			}
			if path == out || d.Name() == "__pycache__" || d.Name() == "node_modules" || path != root && strings.HasPrefix(d.Name(), ".") {
				return filepath.SkipDir
			}
			_ = w.Add(path)
			return nil
		})
	}
}

// below says of a path whether it is one of some files and folders, or in one of them.
func below(own []string, out string) func(string) bool {
	return func(name string) bool {
		if name == out || strings.HasPrefix(name, out+string(filepath.Separator)) {
			return false
		}
		return slices.ContainsFunc(own, func(root string) bool {
			return name == root || strings.HasPrefix(name, root+string(filepath.Separator))
		})
	}
}

func either(a, b func(string) bool) func(string) bool {
	return func(name string) bool { return a(name) || b(name) }
}

// changed waits until files have changed and are quiet again, and gives their names, "" for what is not known; none when the watch is over.
func changed(ctx context.Context, w *fsnotify.Watcher, reads func(string) bool) []string {
	var quiet <-chan time.Time
	names := map[string]bool{}
	for {
		select {
		case <-ctx.Done():
			return nil
		case e, ok := <-w.Events:
			if !ok {
				return nil
			}
			if e.Op != fsnotify.Chmod && reads(e.Name) {
				names[e.Name] = true
				quiet = time.After(settle)
			}
		case _, ok := <-w.Errors:
			if !ok {
				return nil
			}
			names[""] = true // events were lost: look again
			quiet = time.After(settle)
		case <-quiet:
			return slices.Sorted(maps.Keys(names))
		}
	}
}

// few names one file of several that changed.
func (c *console) few(names []string) string {
	names = slices.DeleteFunc(names, func(name string) bool { return name == "" })
	switch len(names) {
	case 0:
		return "files"
	case 1:
		return c.named(names[0])
	}
	return fmt.Sprintf("%s and %d more", c.named(names[0]), len(names)-1)
}

// named is a path as the user would name it.
func (c *console) named(name string) string {
	rel, err := filepath.Rel(c.dir, name)
	if err != nil {
		return name
	}
	return rel
}

// watched is what the rounds of a watch have printed.
type watched struct {
	warnings map[string]bool // of the round before
}

// fresh leaves out the warnings that the round before had too, and counts them. One that went and came back is new.
func (w *watched) fresh(findings []diag.Diagnostic) (shown []diag.Diagnostic, known int) {
	warnings := map[string]bool{}
	for _, d := range findings {
		key := fmt.Sprint(d.Code, d.Pos.File, d.Message)
		if d.Severity == diag.Warning {
			warnings[key] = true
			if w.warnings[key] {
				known++
				continue
			}
		}
		shown = append(shown, d)
	}
	w.warnings = warnings
	return shown, known
}
