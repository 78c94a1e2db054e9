// Package emit says what a file and an emitter are.
// It never knows a format.
package emit
