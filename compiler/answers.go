package compiler

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"os"
	"sync"
)

// answers are what the kinds of a program said of components in the last build of a tree, and what they say in this one. They lie beside the receipt.
// An answer is known by a sum of all that it depends on, and the whole by one of its own: what is damaged, or of another program, is not there.
type answers struct {
	file    string
	program [sha256.Size]byte

	reading sync.WaitGroup // of the file, while arch.cue is read

	mu   sync.Mutex
	old  map[[sha256.Size]byte][]byte
	used map[[sha256.Size]byte][]byte
	more bool // some are new
}

const (
	answersForm   = "platc answers 1\n"
	answersSuffix = ".answers"
	maxAnswers    = 128 << 20 // bytes; beyond it asking again is cheaper than reading
)

var errDamaged = errors.New("the file is damaged")

func openAnswers(file string, program [sha256.Size]byte) *answers {
	a := &answers{file: file, program: program, old: map[[sha256.Size]byte][]byte{}, used: map[[sha256.Size]byte][]byte{}}
	a.reading.Go(a.read)
	return a
}

func (a *answers) read() {
	if info, err := os.Stat(a.file); err != nil || info.Size() > maxAnswers {
		return
	}
	data, err := os.ReadFile(a.file)
	if err != nil {
		return
	}
	if old, err := a.decode(data); err == nil {
		a.old = old
	}
}

// Find gives the answer that the last build stored, or that was kept in this one.
func (a *answers) Find(sum [sha256.Size]byte) ([]byte, bool) {
	a.reading.Wait()
	a.mu.Lock()
	defer a.mu.Unlock()
	if data, ok := a.used[sum]; ok {
		return data, true
	}
	data, ok := a.old[sum]
	if ok {
		a.used[sum] = data
	}
	return data, ok
}

// Keep takes an answer in, for the next build.
func (a *answers) Keep(sum [sha256.Size]byte, answer []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.used[sum], a.more = answer, true
}

// store writes the answers that this build made use of.
func (a *answers) store() {
	a.reading.Wait()
	if !a.more && len(a.used) == len(a.old) {
		return
	}
	size := 0
	for _, answer := range a.used {
		size += sha256.Size + binary.MaxVarintLen64 + len(answer)
	}
	if size > maxAnswers {
		return
	}
	data := make([]byte, 0, size+1024)
	data = append(append(data, answersForm...), a.program[:]...)
	for sum, answer := range a.used {
		data = append(binary.AppendUvarint(append(data, sum[:]...), uint64(len(answer))), answer...)
	}
	sum := sha256.Sum256(data)
	_ = replace(a.file, append(data, sum[:]...)) // it may be lost
}

func (a *answers) decode(data []byte) (map[[sha256.Size]byte][]byte, error) {
	head := append([]byte(answersForm), a.program[:]...)
	at := len(data) - sha256.Size
	if at < len(head) || !bytes.Equal(data[:len(head)], head) || sha256.Sum256(data[:at]) != [sha256.Size]byte(data[at:]) {
		return nil, errDamaged
	}
	all := map[[sha256.Size]byte][]byte{}
	for rest := data[len(head):at]; len(rest) > 0; {
		if len(rest) < sha256.Size {
			return nil, errDamaged
		}
		sum := [sha256.Size]byte(rest)
		n, width := binary.Uvarint(rest[sha256.Size:])
		if width <= 0 || n > uint64(len(rest)-sha256.Size-width) {
			return nil, errDamaged
		}
		rest = rest[sha256.Size+width:]
		all[sum], rest = rest[:n:n], rest[n:]
	}
	return all, nil
}
