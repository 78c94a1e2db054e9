//go:build tools

// Package flux pins the controllers of Flux, so that `go build` makes them from the checksums in go.sum.
package flux

import (
	_ "github.com/fluxcd/kustomize-controller"
	_ "github.com/fluxcd/source-controller"
)
