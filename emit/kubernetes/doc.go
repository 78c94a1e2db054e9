// Package kubernetes writes objects, patches, and the kustomizations that list them.
// It never decides whether a file exists.
package kubernetes
