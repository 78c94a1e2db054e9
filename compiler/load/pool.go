package load

import (
	"hash/maphash"
	"reflect"
	"sync"

	"platc.dev/platc/compiler/kind"
)

// pool keeps equal parts of answers once: most of what the files of components are made of is the same in many of them, and is in memory until the last
// file is written. Nobody changes an answer. It is safe on many goroutines.
type pool struct {
	seed   maphash.Seed
	shards [64]shard
}

// shard is a part of a pool, so that few wait for each other. Of two parts with one hash the first is kept.
type shard struct {
	mu      sync.Mutex
	objects map[uint64]kind.Object
	lists   map[uint64][]any
}

func newPool() *pool {
	p := &pool{seed: maphash.MakeSeed()}
	for i := range p.shards {
		p.shards[i].objects, p.shards[i].lists = map[uint64]kind.Object{}, map[uint64][]any{}
	}
	return p
}

// fields replaces what is in fields by what equals it.
func (p *pool) fields(o kind.Object) {
	for name, v := range o {
		o[name], _ = p.part(v)
	}
}

// object is the one that equals o, with all that is in it.
func (p *pool) object(o kind.Object) kind.Object {
	sum := uint64(len(o))
	for name, v := range o {
		one, of := p.part(v)
		o[name] = one
		sum += mixed(maphash.String(p.seed, name), of)
	}
	s := p.shard(sum)
	s.mu.Lock()
	defer s.mu.Unlock()
	return once(s.objects, sum, o, sameFields)
}

func (p *pool) list(l []any) []any {
	sum := uint64(len(l))
	for i, v := range l {
		one, of := p.part(v)
		l[i] = one
		sum = mixed(sum, of)
	}
	s := p.shard(sum)
	s.mu.Lock()
	defer s.mu.Unlock()
	return once(s.lists, sum, l, sameItems)
}

// once is the part that is kept under a hash, if it is the same as this one; else this one, which is kept where none was.
func once[T any](kept map[uint64]T, sum uint64, part T, same func(a, b T) bool) T {
	first, there := kept[sum]
	switch {
	case !there:
		kept[sum] = part
	case same(first, part):
		return first
	}
	return part
}

// part is the one that equals a value, and a hash of it: of an object or a list, which is there once, that of its address.
func (p *pool) part(v any) (any, uint64) {
	switch v := v.(type) {
	case kind.Object:
		if v == nil {
			return v, 0
		}
		o := p.object(v)
		return o, maphash.Comparable(p.seed, addressOf(o))
	case []any:
		if len(v) == 0 {
			return v, 0
		}
		l := p.list(v)
		return l, maphash.Comparable(p.seed, &l[0])
	case string:
		return v, maphash.String(p.seed, v)
	case bool, int64, float64:
		return v, maphash.Comparable(p.seed, v)
	}
	return v, 0
}

func (p *pool) shard(sum uint64) *shard { return &p.shards[sum%uint64(len(p.shards))] }

// addressOf tells an object from others.
func addressOf(o kind.Object) uintptr { return reflect.ValueOf(o).Pointer() }

// mixed is a hash of two, in this order.
func mixed(a, b uint64) uint64 {
	const odd = 0x9e3779b97f4a7c15
	a = (a ^ b>>29) * odd
	return (a ^ a>>32 ^ b) * odd
}

func sameFields(a, b kind.Object) bool {
	if len(a) != len(b) {
		return false
	}
	for name, v := range a {
		other, ok := b[name]
		if !ok || !same(v, other) {
			return false
		}
	}
	return true
}

func sameItems(a, b []any) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !same(a[i], b[i]) {
			return false
		}
	}
	return true
}

// same compares parts: objects and lists are the same where they are one.
func same(a, b any) bool {
	switch a := a.(type) {
	case kind.Object:
		b, ok := b.(kind.Object)
		return ok && addressOf(a) == addressOf(b)
	case []any:
		b, ok := b.([]any)
		return ok && len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
	case nil, string, bool, int64, float64:
		return a == b
	}
	return false
}
