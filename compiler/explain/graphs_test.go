package explain

import (
	"os"
	"path/filepath"
	"testing"
)

func TestGraphs(t *testing.T) {
	files, _ := filepath.Glob(os.Getenv("GRAPHS") + "/*/arch.cue")
	for _, file := range files {
		name := filepath.Base(filepath.Dir(file))
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			newWorld(t, filepath.Dir(file)).examine(1)
		})
	}
}
