package compiler

import (
	"platc.dev/platc/emit"
	"platc.dev/platc/emit/kubernetes"
	"platc.dev/platc/emit/python"
	"platc.dev/platc/emit/text"
)

// emitters are all that turn a plan into files, but emit/secrets, which needs old files and keys.
func emitters() []emit.Emitter {
	return []emit.Emitter{kubernetes.New(), python.New(), text.New()}
}
