//go:build tools

// Package kwok pins the program kwok, so that `go build` makes it from the checksums in go.sum.
package kwok

import _ "sigs.k8s.io/kwok/cmd/kwok"
