package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"platc.dev/platc/compiler"
)

// ofRevision is the architecture as it is in a revision of git. Its files lie in a folder of their own, which done removes.
func (o *diffOptions) ofRevision(c *console, in compiler.Input, revision string) (was side, done func(), err error) {
	done = func() {}
	if slices.Contains(in.Args, compiler.Stdin) {
		return was, done, usage{"--against " + revision + ": stdin has no revision of git", "name the file, or compare with the folder of another architecture"}
	}
	root, err := git(c.dir, "rev-parse", "--show-toplevel")
	if err != nil {
		return was, done, usage{fmt.Sprintf("--against %s: there is no such folder or archive, and git says: %v", revision, err), "name a revision, the folder of an architecture, or the output of a build"}
	}
	if _, err := git(c.dir, "rev-parse", "--verify", "--quiet", "--end-of-options", revision+"^{commit}"); err != nil {
		return was, done, usage{fmt.Sprintf("%s is not a revision of git, a folder or an archive", revision), "`git fetch` may be missing"}
	}
	top := strings.TrimSpace(string(root))
	dir, err := filepath.EvalSymlinks(c.dir)
	if err != nil {
		return was, done, err
	}
	below, err := filepath.Rel(top, dir)
	if err != nil || !filepath.IsLocal(below) {
		return was, done, fmt.Errorf("the working directory is not in the repository %s", top)
	}
	place, err := os.MkdirTemp("", "platc-diff-*")
	if err != nil {
		return was, done, err
	}
	done = func() { _ = os.RemoveAll(place) }
	data, err := git(top, "archive", "--format=tar", revision)
	if err == nil {
		err = unpack(place, data)
	}
	if err != nil {
		return was, done, fmt.Errorf("read the revision %s: %w", revision, err)
	}
	in.Dir = filepath.Join(place, below)
	for i, arg := range in.Args {
		if !filepath.IsAbs(arg) {
			continue
		}
		inside, err := filepath.Rel(top, arg)
		if err != nil || !filepath.IsLocal(inside) {
			return was, done, fmt.Errorf("%s is not in the repository %s", arg, top)
		}
		in.Args = append(append(in.Args[:i:i], filepath.Join(place, inside)), in.Args[i+1:]...)
	}
	was, err = o.ofInput(in, revision)
	return was, done, err
}

// git runs git in a folder. Its own messages are the error.
func git(dir string, args ...string) ([]byte, error) {
	var out, said bytes.Buffer
	cmd := exec.Command("git", append([]string{"-C", dir}, args...)...)
	cmd.Stdout, cmd.Stderr = &out, &said
	err := cmd.Run()
	if text := strings.TrimSpace(said.String()); err != nil && text != "" {
		return nil, errors.New(text)
	}
	return out.Bytes(), err
}

// unpack writes the folders and regular files of an archive of git. Links are left out: what they lead to may be outside.
func unpack(dir string, archive []byte) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	for files := tar.NewReader(bytes.NewReader(archive)); ; {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		name := filepath.FromSlash(strings.TrimSuffix(header.Name, "/"))
		switch header.Typeflag {
		case tar.TypeDir:
			err = root.MkdirAll(name, 0o700)
		case tar.TypeReg:
			err = unpackFile(root, name, files)
		}
		if err != nil {
			return err
		}
	}
}

func unpackFile(root *os.Root, name string, data io.Reader) error {
	if err := root.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, data)
	return errors.Join(err, f.Close())
}
