// Package draft owns the first architecture of somebody who has a Compose file.
// It never knows a kind: which one stands for an image is said by the kinds.
package draft
