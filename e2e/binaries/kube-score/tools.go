//go:build tools

// Package kubescore pins the program kube-score, so that `go build` makes it from the checksums in go.sum.
package kubescore

import _ "github.com/zegl/kube-score/cmd/kube-score"
