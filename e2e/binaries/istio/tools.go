//go:build tools

// Package istio pins the program istioctl, so that `go build` makes it from the checksums in go.sum.
package istio

import _ "istio.io/istio/istioctl/cmd/istioctl"
