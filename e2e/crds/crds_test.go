package crds_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"platc.dev/platc/e2e/crds"
)

func TestLoadRefusesAnotherFileThanTheLocked(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "apisix", "apisix.apache.org_apisixroutes.yaml")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("kind: CustomResourceDefinition\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := crds.Load(t.Context(), crds.Places{Dir: dir, Cache: t.TempDir()})
	if !errors.Is(err, crds.ErrChecksum) {
		t.Errorf("Load of a changed file: %v", err)
	}
}

func TestLoadSaysWhereItLooked(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // the network does not answer
	_, err := crds.Load(ctx, crds.Places{Cache: t.TempDir()})
	if err == nil || !errors.Is(err, context.Canceled) {
		t.Errorf("Load without a folder and a network: %v", err)
	}
}
