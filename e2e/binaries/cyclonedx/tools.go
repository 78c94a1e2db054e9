//go:build tools

// Package cyclonedx pins the program cyclonedx, so that `go build` makes it from the checksums in go.sum.
package cyclonedx

import _ "github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod"
