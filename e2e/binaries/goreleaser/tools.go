//go:build tools

// Package goreleaser pins the program goreleaser, so that `go build` makes it from the checksums in go.sum.
package goreleaser

import _ "github.com/goreleaser/goreleaser/v2"
