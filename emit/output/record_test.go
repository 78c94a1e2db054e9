package output

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"platc.dev/platc/compiler/owners"
	"platc.dev/platc/emit"
)

// recordOf has a line for each path.
func recordOf(paths ...string) record {
	r := record{Version: "1", Tree: owners.Tree{Architecture: "shop", Tags: []string{"a=b"}}, Files: []entry{}}
	for _, name := range paths {
		r.Files = append(r.Files, entryOf(&emit.File{Path: name, Component: "orders", Mode: 0o644, Ownership: emit.Generated}, sumOf([]byte(name))))
	}
	return r
}

// sameRecord demands that a record is decoded beside another one as it is alone.
func sameRecord(t *testing.T, data string, other record) {
	t.Helper()
	want, wanted := decodeRecord([]byte(data))
	got, err := decodeBeside([]byte(data), other.encode(), other.Files)
	byPath := func(a, b entry) int { return strings.Compare(a.Path, b.Path) }
	slices.SortFunc(want.Files, byPath)
	slices.SortFunc(got.Files, byPath)
	if (err == nil) != (wanted == nil) || !reflect.DeepEqual(got, want) {
		t.Errorf("beside another record: %+v, %v\nalone: %+v, %v\n%s", got, err, want, wanted, data)
	}
}

// TestRecordsAreDecodedBesideAnother edits a record as builds do, and as nobody should: by bytes, by lines, and by its form.
func TestRecordsAreDecodedBesideAnother(t *testing.T) {
	t.Parallel()
	var paths []string
	for i := range 12 {
		paths = append(paths, fmt.Sprintf("orders/%02d.yaml", i))
	}
	other := recordOf(paths...)
	whole := string(other.encode())
	sameRecord(t, whole, recordOf())
	sameRecord(t, string(recordOf().encode()), other)
	for _, data := range []string{
		strings.Replace(whole, `"files": [`, `"files":[`, 1), strings.ReplaceAll(whole, "\n", "\r\n"), strings.ReplaceAll(whole, "\n", ""), whole + "{}", whole[:len(whole)-2], "",
		strings.Replace(whole, `"architecture": "shop"`, `"architecture": "other"`, 1), strings.Replace(whole, `"version": "1"`, `"version": 1`, 1),
		strings.Replace(whole, "\n  \"files\": [", "\n  \"files\": [],\n  \"files\": [", 1), strings.Replace(whole, filesEnd, ",\n"+filesEnd, 1),
		strings.Replace(whole, `"component": "orders"`, `"component": "orders", "more": {}`, 1), strings.Replace(whole, "},\n", "}\n", 1),
	} {
		sameRecord(t, data, other)
	}
	r := rand.New(rand.NewPCG(1, 1))
	for range 3000 {
		lines := strings.SplitAfter(whole, "\n")
		for range 1 + r.IntN(3) {
			i, j := r.IntN(len(lines)), r.IntN(len(lines))
			switch r.IntN(4) {
			case 0:
				lines = slices.Delete(lines, i, i+1)
			case 1:
				lines = slices.Insert(lines, i, lines[j])
			case 2:
				lines[i], lines[j] = lines[j], lines[i]
			default:
				if at := r.IntN(len(lines[i]) + 1); at < len(lines[i]) {
					lines[i] = lines[i][:at] + string(`{}[]",:a0 .`[r.IntN(11)]) + lines[i][at+1:]
				}
			}
		}
		sameRecord(t, strings.Join(lines, ""), other)
	}
}

// TestTreesOfManyComponentsAreRead: the record of 20,000 components has 200 MB, and an archive of them 4 GB.
func TestTreesOfManyComponentsAreRead(t *testing.T) {
	t.Parallel()
	out := tempDir(t)
	build(t, out, oldTree)
	f, err := os.OpenFile(filepath.Join(out, recordPath), os.O_APPEND|os.O_WRONLY, 0)
	must(t, err)
	_, err = f.Write(bytes.Repeat([]byte{' '}, 70<<20))
	must(t, err)
	must(t, f.Close())
	plan(t, out, newTree, Options{Version: "1.0.0"})

	r, w := io.Pipe()
	go func() {
		archive := tar.NewWriter(w)
		for i := range 2 {
			_ = archive.WriteHeader(&tar.Header{Name: strconv.Itoa(i), Size: 40 << 20})
			_, _ = archive.Write(make([]byte, 40<<20))
		}
		_ = w.CloseWithError(archive.Close())
	}()
	if files, err := readArchive(r); err != nil || len(files) != 2 {
		t.Errorf("%d files, %v", len(files), err)
	}
}
