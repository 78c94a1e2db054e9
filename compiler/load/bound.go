package load

import (
	"fmt"
	"runtime/debug"
	"runtime/metrics"
	"time"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/kind"
)

const (
	// maxTime bounds the evaluation of an architecture: ten thousand components take seconds, and CUE that multiplies has no end.
	maxTime = 2 * time.Minute
	// maxMemory bounds what it takes meanwhile, in bytes.
	maxMemory = 6 << 30
	// maxComponents bounds an architecture.
	maxComponents = 20000
)

// boundHelp is what to do about an evaluation without end.
const boundHelp = "look for nested comprehensions, and for structs that include each other several times: they multiply"

// Panic is a broken invariant in a goroutine of this package, with its own trace.
type Panic struct {
	Cause any
	Stack []byte
}

func (p *Panic) Error() string { return fmt.Sprint(p.Cause) }

// Trace is where it happened.
func (p *Panic) Trace() []byte { return p.Stack }

// evaluated is what came of an evaluation.
type evaluated struct {
	list         *diag.List
	top          *kind.Given
	tags         []string    // that decide on the files
	ok           bool        // there is something to go on with: top, or environments
	environments *kind.Given // the list, where that was asked for; nil without
	misuse       *Misuse     // what the command line says, and no file knows
	broken       *Panic
}

// evaluateInTime evaluates an architecture within bounds of time and memory. CUE cannot be interrupted: where it goes beyond
// them it is left behind, and ends with the process.
func (s Source) evaluateInTime(list *diag.List, c *concealer) *evaluated {
	done := make(chan *evaluated, 1)
	go func() {
		e := &evaluated{list: &diag.List{}}
		defer func() {
			if r := recover(); r != nil {
				e.broken = &Panic{Cause: r, Stack: debug.Stack()}
			}
			done <- e
		}()
		s.evaluate(e, c)
	}()
	limit := s.limit
	if limit == 0 {
		limit = maxTime
	}
	deadline, tick := time.After(limit), time.NewTicker(200*time.Millisecond)
	defer tick.Stop()
	before := heap()
	for {
		select {
		case e := <-done:
			if e.broken != nil {
				panic(e.broken)
			}
			list.AddAll(e.list)
			return e
		case <-deadline:
			list.Add(diag.Diagnostic{Code: "E0101", Message: fmt.Sprintf("the architecture takes more than %s to evaluate", limit), Help: boundHelp, Pos: s.beginning()})
			return &evaluated{}
		case <-tick.C:
			if heap() > before+maxMemory {
				list.Add(diag.Diagnostic{Code: "E0101", Message: fmt.Sprintf("the architecture takes more than %d GiB to evaluate", maxMemory>>30), Help: boundHelp, Pos: s.beginning()})
				return &evaluated{}
			}
		}
	}
}

// heap is the memory in use, in bytes.
func heap() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return sample[0].Value.Uint64()
}

// beginning is the first place of the architecture, for what is wrong with all of it.
func (s Source) beginning() diag.Pos {
	files := s.files()
	if len(files) == 0 {
		return diag.Pos{}
	}
	return relative(diag.Pos{File: files[0], Line: 1, Column: 1}, s.Dir)
}
