package flux

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/cgi"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// repository is a git repository that is served on loopback, and a clone of it that is committed to.
type repository struct {
	url   string
	clone string
	serve *http.Server
}

// newRepository serves an empty repository below dir by git's own program for HTTP, until close.
func newRepository(ctx context.Context, dir string) (*repository, error) {
	served := filepath.Join(dir, "served")
	r := &repository{clone: filepath.Join(dir, "clone")}
	if err := os.MkdirAll(r.clone, 0o755); err != nil {
		return nil, err
	}
	if _, err := git(ctx, dir, "init", "--quiet", "--bare", "--initial-branch=main", filepath.Join(served, "deploy.git")); err != nil {
		return nil, err
	}
	programs, err := git(ctx, dir, "--exec-path")
	if err != nil {
		return nil, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	r.url = "http://" + listener.Addr().String() + "/deploy.git"
	r.serve = &http.Server{Handler: &cgi.Handler{
		Path: filepath.Join(programs, "git-http-backend"),
		Env:  []string{"GIT_PROJECT_ROOT=" + served, "GIT_HTTP_EXPORT_ALL=1", "GIT_CONFIG_NOSYSTEM=1"},
	}}
	go func() { _ = r.serve.Serve(listener) }() // ends with close
	for _, args := range [][]string{
		{"init", "--quiet", "--initial-branch=main"},
		{"config", "user.name", "suite"},
		{"config", "user.email", "suite@example.com"},
		{"remote", "add", "origin", filepath.Join(served, "deploy.git")},
	} {
		if _, err := git(ctx, r.clone, args...); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (r *repository) close() error { return r.serve.Close() }

// commit takes all that is in the clone over, and gives the commit.
func (r *repository) commit(ctx context.Context, message string) (string, error) {
	for _, args := range [][]string{{"add", "--all"}, {"commit", "--quiet", "--message", message}, {"push", "--quiet", "origin", "main"}} {
		if _, err := git(ctx, r.clone, args...); err != nil {
			return "", err
		}
	}
	return git(ctx, r.clone, "rev-parse", "HEAD")
}

func git(ctx context.Context, dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("git %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out)), nil
}
