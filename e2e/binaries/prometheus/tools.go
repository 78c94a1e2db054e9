//go:build tools

// Package prometheus pins the program promtool, so that `go build` makes it from the checksums in go.sum.
package prometheus

import _ "github.com/prometheus/prometheus/cmd/promtool"
