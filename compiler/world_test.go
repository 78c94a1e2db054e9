package compiler_test

import (
	"maps"
	"strings"
	"testing"

	"platc.dev/platc/compiler"
	"platc.dev/platc/compiler/fixture"
)

type object = fixture.Object

// world is an architecture that a test puts together.
type world struct {
	*fixture.World

	files map[string]string // beside arch.cue
	known *answers          // of its components, for the next check: most are as they were
}

func newWorld(t testing.TB) world {
	t.Helper()
	w, err := fixture.New()
	if err != nil {
		t.Fatal(err)
	}
	return world{World: w, known: &answers{}, files: map[string]string{"sample/app/__init__.py": "", "sample/app/main.py": "app = None\n", "sample/app/Dockerfile": "FROM scratch\n", "sample/note.txt": "x\n", "sample/ca.pem": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"}}
}

// check compiles the world.
func (w world) check(t testing.TB) *compiler.Build {
	t.Helper()
	return w.checkIn(t, t.TempDir())
}

// checkIn is check with the files in a folder.
func (w world) checkIn(t testing.TB, dir string) *compiler.Build {
	t.Helper()
	files := map[string]string{"arch.cue": w.text(t)}
	maps.Copy(files, w.files)
	writeInto(t, dir, files)
	return compiler.Check(compiler.Input{Args: []string{"arch.cue"}, Dir: dir, Env: env(), Answers: w.known, Untraced: true})
}

// text is arch.cue of the world.
func (w world) text(t testing.TB) string {
	t.Helper()
	source, err := w.Source()
	if err != nil {
		t.Fatal(err)
	}
	return string(source)
}

// byComponent groups differences of two trees by the component's folder; files of the whole tree are left out.
func byComponent(changes []string) map[string][]string {
	all := map[string][]string{}
	for _, change := range changes {
		folder, file, below := strings.Cut(change[2:], "/")
		if below && folder != "scripts" && folder != "local" { // those of the whole tree
			all[folder] = append(all[folder], change[:2]+file)
		}
	}
	return all
}
