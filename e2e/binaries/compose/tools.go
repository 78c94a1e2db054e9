//go:build tools

// Package compose pins the Docker Compose that the end-to-end suite runs the architecture with.
package compose

import _ "github.com/docker/compose/v5/cmd"
