// Package local runs an architecture in containers on one machine, with Docker Compose or Podman Compose: the file that a build wrote, secrets
// and certificates handed over in memory, ports of 127.0.0.1. It knows services and components by name, and nothing of kinds.
package local

// Trouble is what keeps the containers from running, and what to do about it.
type Trouble struct{ Message, Help string }

func (t *Trouble) Error() string { return t.Message }
