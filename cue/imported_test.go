package library_test

import (
	"io/fs"
	"regexp"
	"slices"
	"testing"

	library "platc.dev/platc/cue"
)

// What the emitted Python imports is in the list of names that a package of the team's own cannot have.
func TestImportedModulesAreKnown(t *testing.T) {
	t.Parallel()
	list, err := fs.ReadFile(library.FS, "kinds/fastapi/imported.cue")
	if err != nil {
		t.Fatal(err)
	}
	var known []string
	for _, m := range regexp.MustCompile(`"([A-Za-z0-9_]+)"`).FindAllSubmatch(list, -1) {
		known = append(known, string(m[1]))
	}
	imports, found := regexp.MustCompile(`(?m)^\s*(?:from|import) ([A-Za-z_]\w*)`), 0
	err = fs.WalkDir(library.FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !regexp.MustCompile(`[.]py$`).MatchString(name) {
			return err
		}
		text, err := fs.ReadFile(library.FS, name)
		for _, m := range imports.FindAllSubmatch(text, -1) {
			found++
			if module := string(m[1]); module != "src" && module != "tests" && !slices.Contains(known, module) {
				t.Errorf("%s imports %s, which #Imported of fastapi does not have", name, module)
			}
		}
		return err
	})
	if err != nil || found == 0 {
		t.Errorf("%d imports, %v", found, err)
	}
}
