package output

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"platc.dev/platc/emit"
)

func TestMarksAreKeptInTheRecord(t *testing.T) {
	t.Parallel()
	r := record{Version: "1", Files: []entry{
		entryOf(&emit.File{Path: "a/Dockerfile", Component: "a", Mode: 0o644, Ownership: emit.Generated}, sumOf(nil)),
		entryOf(&emit.File{Path: "a/secret/x.env", Component: "a", Mode: 0o644, Ownership: emit.State, Marks: map[string]string{"": "0a", "B": "1", `A"\`: "2"}}, sumOf(nil)),
	}}
	again, err := decodeRecord(r.encode())
	if err != nil || !bytes.Equal(r.encode(), again.encode()) || !reflect.DeepEqual(r.Files, again.Files) {
		t.Fatalf("%v\n%s", err, r.encode())
	}
	out := t.TempDir()
	if err := os.Mkdir(filepath.Join(out, own), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, data := range []string{string(r.encode()), "\n\n" + string(r.encode()), `{"version":"1","files":[{"path":"a/secret/x.env","sha256":"` + sumOf(nil) +
		`","mode":"0644","component":"a","ownership": "state","marks":{"B":"1"}}]}`} {
		if err := os.WriteFile(filepath.Join(out, filepath.FromSlash(recordPath)), []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
		if w, ok := Written(out)("a/secret/x.env"); !ok || w.SHA256 != sumOf(nil) || w.Marks["B"] != "1" {
			t.Errorf("%+v of %s", w, data)
		}
	}
	for _, none := range []string{filepath.Join(out, "none"), "-", filepath.Join(out, filepath.FromSlash(recordPath))} {
		if _, ok := Written(none)("a/secret/x.env"); ok {
			t.Errorf("%s has a record", none)
		}
	}
}
