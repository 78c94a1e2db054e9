//go:build tools

// Package sops pins the program sops, so that `go build` makes it from the checksums in go.sum.
package sops

import _ "github.com/getsops/sops/v3/cmd/sops"
