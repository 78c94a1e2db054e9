// Package kubernetes writes objects and kustomizations, and finds which objects read a Secret.
// It never decides which objects there are, nor what a kustomization lists.
package kubernetes
