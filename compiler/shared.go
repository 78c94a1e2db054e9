package compiler

import (
	"bytes"
	"crypto/sha256"
	"hash/maphash"
	"sync"
)

// contents keeps each content once: most files of most components are copies of the same modules, and all are in memory until the last one is made.
type contents struct {
	seed maphash.Seed
	mu   sync.Mutex
	all  map[uint64][]byte
	sums map[*byte][sha256.Size]byte // of contents that are kept, by their first byte
}

func newContents() *contents {
	return &contents{seed: maphash.MakeSeed(), all: map[uint64][]byte{}, sums: map[*byte][sha256.Size]byte{}}
}

// share is the content that is kept, where it equals the data.
func (c *contents) share(data []byte) []byte {
	key := maphash.Bytes(c.seed, data)
	c.mu.Lock()
	kept, ok := c.all[key]
	if !ok {
		c.all[key] = data
	}
	c.mu.Unlock()
	if ok && bytes.Equal(kept, data) {
		return kept
	}
	return data
}

// sum is the hash of a content that share gave.
func (c *contents) sum(data []byte) [sha256.Size]byte {
	if len(data) == 0 {
		return sha256.Sum256(nil)
	}
	c.mu.Lock()
	sum, ok := c.sums[&data[0]]
	c.mu.Unlock()
	if ok {
		return sum
	}
	sum = sha256.Sum256(data)
	c.mu.Lock()
	c.sums[&data[0]] = sum
	c.mu.Unlock()
	return sum
}
