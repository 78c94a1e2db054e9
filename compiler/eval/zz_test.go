package eval_test

import (
	"testing"
	"os"
	"strings"
)

func TestZZ(t *testing.T) {
	data, _ := os.ReadFile(os.Getenv("ZZ"))
	for _, body := range strings.Split(string(data), "\n---\n") {
		want, cueErr := byCUE(t, body, nil)
		got, err := byEvaluator(t, body, nil)
		t.Logf("%s\n  CUE: %v %v\n  own: %v %v", body, want, cueErr, got, err)
	}
}
