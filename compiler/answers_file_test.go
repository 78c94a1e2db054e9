package compiler

import (
	"bytes"
	"crypto/sha256"
	"os"
	"path/filepath"
	"testing"
)

// TestDamagedAnswersAreNone: a file of answers that is cut off, changed or of another program is not there, and what this build did not use is gone.
func TestDamagedAnswersAreNone(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "cache", "builds", "x"+answersSuffix)
	program := sha256.Sum256([]byte("one"))
	first := openAnswers(file, program)
	one, two := sha256.Sum256([]byte("1")), sha256.Sum256([]byte("2"))
	first.Keep(one, []byte("a"))
	first.Keep(two, nil)
	first.store()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := openAnswers(file, program).Find(one); !ok || string(got) != "a" {
		t.Fatalf("%q, %v", got, ok)
	}
	if _, ok := openAnswers(file, sha256.Sum256([]byte("two"))).Find(one); ok {
		t.Error("an answer of another program is found")
	}
	for i := range data {
		for _, bad := range [][]byte{data[:i], append(bytes.Clone(data[:i]), append([]byte{data[i] ^ 1}, data[i+1:]...)...)} {
			if err := os.WriteFile(file, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			if len(storedAnswers(file, program)) > 0 {
				t.Fatalf("%d of %d bytes, or another one there, are answers", i, len(data))
			}
		}
	}
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	second := openAnswers(file, program)
	second.Find(one)
	second.store()
	if third := storedAnswers(file, program); len(third) != 1 {
		t.Errorf("%d answers are kept", len(third))
	}
}

func storedAnswers(file string, program [sha256.Size]byte) map[[sha256.Size]byte][]byte {
	a := openAnswers(file, program)
	a.reading.Wait()
	return a.old
}
