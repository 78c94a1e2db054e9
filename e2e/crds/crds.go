// Package crds gets the custom resource definitions that lock.yaml names. It never applies one, and none is kept in the repository.
package crds

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

//go:embed lock.yaml
var lock []byte

// ErrChecksum is what a file is refused with that is not the one of the lock.
var ErrChecksum = errors.New("not the file that lock.yaml names")

// Places says where files are looked for. Dir is the value of PLATC_CRD_DIR and may be empty; Cache keeps what was downloaded, by checksum.
type Places struct{ Dir, Cache string }

// Find takes the places from the environment: PLATC_CRD_DIR, and a folder of PLATC_CACHE, or of what stands in for it.
func Find() (Places, error) {
	cache := os.Getenv("PLATC_CACHE")
	if cache == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return Places{}, err
		}
		cache = filepath.Join(home, ".cache", "platc")
	}
	return Places{Dir: os.Getenv("PLATC_CRD_DIR"), Cache: filepath.Join(cache, "crds")}, nil
}

type source struct {
	Folder      string            `json:"folder"`
	Upstream    string            `json:"upstream"`
	Release     string            `json:"release"`
	Module      string            `json:"module"`
	Path        string            `json:"path"`
	URL         string            `json:"url"`
	Definitions []string          `json:"definitions"`
	Files       map[string]string `json:"files"`
}

// Load returns the definitions of the lock, sorted by name. A file whose checksum differs is ErrChecksum, wherever it was found.
func Load(ctx context.Context, places Places) ([]*unstructured.Unstructured, error) {
	var locked struct {
		Sources []source `json:"sources"`
	}
	if err := yaml.UnmarshalStrict(lock, &locked); err != nil {
		return nil, fmt.Errorf("decode lock.yaml: %w", err)
	}
	var all []*unstructured.Unstructured
	for _, from := range locked.Sources {
		for _, name := range slices.Sorted(maps.Keys(from.Files)) {
			text, err := from.file(ctx, name, places)
			if err != nil {
				return nil, fmt.Errorf("%s of %s %s: %w", name, from.Upstream, from.Release, err)
			}
			found, err := definitions(text)
			if err != nil {
				return nil, fmt.Errorf("decode %s of %s %s: %w", name, from.Upstream, from.Release, err)
			}
			for _, each := range found {
				if len(from.Definitions) == 0 || slices.Contains(from.Definitions, each.GetName()) {
					all = append(all, each)
				}
			}
		}
	}
	slices.SortFunc(all, func(a, b *unstructured.Unstructured) int { return strings.Compare(a.GetName(), b.GetName()) })
	return all, nil
}

// file returns a file of the source from the first place that has it.
func (s source) file(ctx context.Context, name string, places Places) ([]byte, error) {
	sum := s.Files[name]
	cached := filepath.Join(places.Cache, sum+".yaml")
	known := []string{cached}
	if places.Dir != "" {
		known = []string{filepath.Join(places.Dir, s.Folder, name), cached}
	}
	for _, path := range known {
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if err := check(text, sum, path); err != nil {
			return nil, err
		}
		return text, nil
	}
	text, from, err := s.download(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("it is not in PLATC_CRD_DIR (%q), and %w", places.Dir, err)
	}
	if err := check(text, sum, from); err != nil {
		return nil, err
	}
	return text, keep(cached, text)
}

// download asks the Go module of the source, or its URL, and says which.
func (s source) download(ctx context.Context, name string) (text []byte, from string, err error) {
	if s.Module == "" {
		from = s.URL + "/" + name
		text, err = get(ctx, from)
		return text, from, err
	}
	out, err := exec.CommandContext(ctx, "go", "mod", "download", "-json", s.Module).Output()
	var module struct{ Dir, Error string }
	if jsonErr := json.Unmarshal(out, &module); jsonErr != nil {
		return nil, "", errors.Join(fmt.Errorf("ask for the module %s: %w", s.Module, jsonErr), err)
	}
	if module.Error != "" {
		return nil, "", fmt.Errorf("ask for the module %s: %s", s.Module, module.Error)
	}
	from = filepath.Join(module.Dir, s.Path, name)
	text, err = os.ReadFile(from)
	return text, from, err
}

func get(ctx context.Context, url string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("it cannot be downloaded: %w", err)
	}
	text, err := io.ReadAll(answer.Body)
	if err := errors.Join(err, answer.Body.Close()); err != nil {
		return nil, fmt.Errorf("download %s: %w", url, err)
	}
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s", url, answer.Status)
	}
	return text, nil
}

func check(text []byte, sum, from string) error {
	got := sha256.Sum256(text)
	if hex.EncodeToString(got[:]) != sum {
		return fmt.Errorf("%w: %s has the SHA-256 %x, the lock wants %s", ErrChecksum, from, got, sum)
	}
	return nil
}

// keep writes a file complete or not at all.
func keep(path string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	temporary, err := os.CreateTemp(filepath.Dir(path), ".*")
	if err != nil {
		return err
	}
	_, err = temporary.Write(text)
	if err := errors.Join(err, temporary.Close()); err != nil {
		return errors.Join(err, os.Remove(temporary.Name()))
	}
	return os.Rename(temporary.Name(), path)
}

func definitions(text []byte) ([]*unstructured.Unstructured, error) {
	var found []*unstructured.Unstructured
	decoder := utilyaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096)
	for {
		var each unstructured.Unstructured
		err := decoder.Decode(&each.Object)
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return nil, err
		}
		if each.GetName() != "" {
			found = append(found, &each)
		}
	}
}
