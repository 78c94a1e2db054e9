// Package binaries says where the programs of the end-to-end suites are. It never builds one: build.sh does.
package binaries

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// Folders returns the folder of the programs of each module, in the order asked: "kubernetes", "kwok", "kustomize", "sops".
// A folder that does not exist is an error that says how to make it.
func Folders(ctx context.Context, modules ...string) ([]string, error) {
	_, file, _, ok := runtime.Caller(0)
	if !ok {
		return nil, errors.New("the folder of this package is not known")
	}
	script := filepath.Join(filepath.Dir(file), "build.sh")
	out, err := exec.CommandContext(ctx, script, append([]string{"--where"}, modules...)...).Output()
	if err != nil {
		return nil, fmt.Errorf("ask %s for the programs' folders: %w", script, err)
	}
	folders := strings.Fields(string(out))
	if len(folders) != len(modules) {
		return nil, fmt.Errorf("%s names %d folders for %d modules", script, len(folders), len(modules))
	}
	for i, folder := range folders {
		if _, err := os.Stat(folder); err != nil {
			return nil, fmt.Errorf("the programs of %s are missing, run %s %s: %w", modules[i], script, modules[i], err)
		}
	}
	return folders, nil
}
