// Package cluster runs a Kubernetes control plane on loopback: etcd, kube-apiserver, kube-controller-manager, kube-scheduler, and kwok,
// which plays the nodes. It never runs a container, and knows nothing of what is applied to it.
package cluster
