// Command dockerlint runs BuildKit's parser and linter, all of its rules, over Dockerfiles. The only base images that it knows are those given,
// so that a Dockerfile that needs another one does not pass.
//
//	dockerlint IMAGE[,IMAGE…] DOCKERFILE…
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/containerd/platforms"
	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/client/llb/sourceresolver"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerui"
	"github.com/opencontainers/go-digest"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: dockerlint IMAGE[,IMAGE…] DOCKERFILE…")
		os.Exit(2)
	}
	clean, err := run(context.Background(), os.Stdout, strings.Split(os.Args[1], ","), os.Args[2:])
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "dockerlint:", err)
		os.Exit(2)
	case !clean:
		os.Exit(1)
	}
}

// run prints a line for each finding, and says whether there was none.
func run(ctx context.Context, out io.Writer, images, files []string) (bool, error) {
	clean := true
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return false, err
		}
		platform := platforms.DefaultSpec()
		source := llb.NewSourceMap(nil, filepath.Base(file), "Dockerfile", text)
		source.Definition = &llb.Definition{}
		results, err := dockerfile2llb.DockerfileLint(ctx, text, dockerfile2llb.ConvertOpt{
			Config:         dockerui.Config{LinterConfig: &linter.Config{ExperimentalAll: true}},
			SourceMap:      source,
			TargetPlatform: &platform,
			MetaResolver:   bases(images),
		})
		if err != nil {
			return false, fmt.Errorf("lint %s: %w", file, err)
		}
		if results.Error != nil {
			clean = false
			fmt.Fprintf(out, "%s: %s\n", file, results.Error.Message)
		}
		for _, w := range results.Warnings {
			clean = false
			line := int32(0)
			if len(w.Location.GetRanges()) > 0 {
				line = w.Location.GetRanges()[0].GetStart().GetLine()
			}
			fmt.Fprintf(out, "%s:%d: %s: %s\n", file, line, w.RuleName, w.Detail)
		}
	}
	return clean, nil
}

// bases are the images that can be built upon.
type bases []string

// ResolveImageConfig implements llb.ImageMetaResolver without a registry.
func (known bases) ResolveImageConfig(_ context.Context, ref string, _ sourceresolver.Opt) (string, digest.Digest, []byte, error) {
	if !slices.Contains(known, strings.TrimPrefix(ref, "docker.io/library/")) {
		return "", "", nil, fmt.Errorf("the base image %s is not one of %s", ref, strings.Join(known, ", "))
	}
	config, err := json.Marshal(ocispecs.Image{
		Platform: platforms.DefaultSpec(),
		Config:   ocispecs.ImageConfig{Env: []string{"PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"}, Cmd: []string{"python3"}},
	})
	return ref, digest.FromBytes(config), config, err
}
