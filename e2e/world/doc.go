// Package world finds what objects of an architecture refer to and nobody has: a Secret, a Service, a port by name, pods of a selector, a host.
// It never asks a cluster: it reads objects, wherever they come from.
package world
