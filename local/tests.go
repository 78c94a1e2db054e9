package local

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Tested are the components whose image of tests the tree has, of those named; sorted.
func (p *Project) Tested(components []string) []string {
	return slices.DeleteFunc(slices.Clone(components), func(name string) bool {
		_, err := os.Stat(filepath.Join(p.Tree, name, testFile))
		return err != nil
	})
}

// testFile is how the image of a component's tests is built, from the folder of the component.
const testFile = "Dockerfile.test"

// Test builds the image of a component's tests, and runs them in it, without a network.
func (p *Project) Test(ctx context.Context, component string, quiet bool) error {
	folder, err := testContext(filepath.Join(p.Tree, component))
	if err != nil {
		return fmt.Errorf("copy %s for its tests: %w", component, err)
	}
	defer func() { _ = os.RemoveAll(folder) }() // a copy
	image := p.Name + "-" + component + "-test"
	var said bytes.Buffer
	out := p.Err
	if quiet {
		out = &said
	}
	build := p.command(ctx, "build", "--file", filepath.Join(folder, testFile), "--tag", image, folder)
	build.Stdout, build.Stderr = out, out
	if err := build.Run(); err != nil {
		return &Trouble{strings.TrimSpace(fmt.Sprintf("the image of the tests of %s was not built: %v\n%s", component, err, said.String())), "see what the engine said"}
	}
	run := p.command(ctx, "run", "--rm", "--network", "none", image)
	run.Stdout, run.Stderr = p.Out, p.Err
	return run.Run()
}

// testContext is a copy of a component's folder in which its tests are not left out: only some builders have a .dockerignore for each Dockerfile.
func testContext(component string) (string, error) {
	folder, err := os.MkdirTemp("", "platc-test-")
	if err != nil {
		return "", err
	}
	err = os.CopyFS(folder, os.DirFS(component))
	if err == nil {
		err = os.Rename(filepath.Join(folder, testFile+".dockerignore"), filepath.Join(folder, ".dockerignore"))
	}
	if err != nil {
		return "", errors.Join(err, os.RemoveAll(folder))
	}
	return folder, nil
}
