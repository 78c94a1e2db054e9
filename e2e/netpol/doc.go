// Package netpol says which connections the network policies of an architecture allow, and compares them with the links of its graph.
// It never asks a cluster: it reads objects, wherever they come from.
package netpol
