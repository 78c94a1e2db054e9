// Package operators stands in for the operators that an emitted architecture needs: for each custom resource it makes the pods, Services
// and Secrets that the operator documents, and sets the status that scripts/deploy.sh waits for. It never reads what a resource
// configures, and proves nothing about it.
package operators
