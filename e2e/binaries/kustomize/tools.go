//go:build tools

// Package kustomize pins the program kustomize, so that `go build` makes it from the checksums in go.sum.
package kustomize

import _ "sigs.k8s.io/kustomize/kustomize/v5"
