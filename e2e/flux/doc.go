// Package flux has the controllers of Flux reconcile a control plane with an emitted tree in a git repository, and renders what Argo CD would.
// It never applies a component itself.
package flux
