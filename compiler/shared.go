package compiler

import (
	"bytes"
	"hash/maphash"
	"sync"

	"platc.dev/platc/emit"
)

// contents keeps each content once: most files of most components are copies of the same modules, and all are in memory until the last one is made.
type contents struct {
	seed maphash.Seed
	mu   sync.Mutex
	all  map[uint64][]byte
}

func newContents() *contents {
	return &contents{seed: maphash.MakeSeed(), all: map[uint64][]byte{}}
}

// share puts the content that is kept in the place of equal ones.
func (c *contents) share(files []emit.File) {
	for i := range files {
		key := maphash.Bytes(c.seed, files[i].Data)
		c.mu.Lock()
		kept, ok := c.all[key]
		if !ok {
			c.all[key] = files[i].Data
		}
		c.mu.Unlock()
		if ok && bytes.Equal(kept, files[i].Data) {
			files[i].Data = kept
		}
	}
}
