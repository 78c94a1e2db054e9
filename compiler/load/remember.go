package load

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"reflect"
	"slices"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/kind"
)

// told is what a kind says of a file of a component.
type told struct {
	path string
	pos  diag.Pos
	when any
	data kind.Object // nil where the condition does not hold
}

// asked is a sum of all that an answer depends on, but the program; false where it holds something that is not plain data, and where nobody keeps
// answers. A kind of the user's own is always asked: what it imports is not known here.
func (l *lib) asked(p *pkg, k *kind.Kind, context bool, in given) (sum [sha256.Size]byte, ok bool) {
	if l.out.Answers == nil || p.root.own() {
		return sum, false
	}
	arch, ok := l.archSum(in["arch"])
	if !ok {
		return sum, false
	}
	data, ok := appendData(nil, []any{k.Name, context, in["self"], arch})
	return sha256.Sum256(data), ok
}

// archSum is a sum of #arch, which all components are asked with, and which holds a name for each of them: it is made once. Nobody changes it meanwhile.
func (l *lib) archSum(arch kind.Object) (sum string, ok bool) {
	at := reflect.ValueOf(arch).Pointer()
	if s, ok := l.archSums.Load(at); ok {
		return s.(archSum).text, true
	}
	data, ok := appendData(nil, arch)
	if !ok {
		return "", false
	}
	s := archSum{arch, fmt.Sprintf("%x", sha256.Sum256(data))}
	l.archSums.Store(at, s)
	return s.text, true
}

// archSum keeps the data as well, so that nothing else can have its address.
type archSum struct {
	data kind.Object
	text string
}

// recalled is what a kind answered when it was asked the same before.
func (l *lib) recalled(sum [sha256.Size]byte) []told {
	data, ok := l.out.Answers.Find(sum)
	if !ok {
		return nil
	}
	r := recorded{text: string(data)}
	rows, _ := r.value().([]any)
	if r.broken || r.text != "" {
		return nil
	}
	all := make([]told, 0, len(rows))
	for _, row := range rows {
		f := list(row)
		if len(f) != 6 {
			return nil
		}
		all = append(all, told{path: str(f[0]), pos: diag.Pos{File: str(f[1]), Line: integer(f[2]), Column: integer(f[3])}, when: f[4], data: object(f[5])})
	}
	return all
}

// remember keeps an answer for the next build.
func (l *lib) remember(sum [sha256.Size]byte, all []told) {
	rows := make([]any, len(all))
	for i, t := range all {
		row := []any{t.path, t.pos.File, t.pos.Line, t.pos.Column, t.when, nil}
		if t.data != nil {
			row[5] = t.data
		}
		rows[i] = row
	}
	if data, ok := appendData(nil, rows); ok {
		l.out.Answers.Keep(sum, data)
	}
}

// The forms of plain data.
const (
	formNull = iota
	formFalse
	formTrue
	formInt
	formFloat
	formText
	formList
	formObject
)

// appendData writes plain data behind b, the same for the same; false where it is more than that.
func appendData(b []byte, v any) (_ []byte, ok bool) {
	switch v := v.(type) {
	case nil:
		return append(b, formNull), true
	case bool:
		if v {
			return append(b, formTrue), true
		}
		return append(b, formFalse), true
	case int64:
		return binary.AppendVarint(append(b, formInt), v), true
	case int:
		return binary.AppendVarint(append(b, formInt), int64(v)), true
	case float64:
		return binary.BigEndian.AppendUint64(append(b, formFloat), math.Float64bits(v)), true
	case string:
		return appendText(append(b, formText), v), true
	case []any:
		return appendItems(b, v)
	case []string:
		return appendItems(b, v)
	case []map[string]any:
		return appendItems(b, v)
	case map[string]any:
		return appendFields(b, v)
	case map[string]string:
		return appendFields(b, v)
	}
	return b, false
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendItems[T any](b []byte, items []T) (_ []byte, ok bool) {
	b = binary.AppendUvarint(append(b, formList), uint64(len(items)))
	for _, item := range items {
		if b, ok = appendData(b, item); !ok {
			return b, false
		}
	}
	return b, true
}

func appendFields[T any](b []byte, fields map[string]T) (_ []byte, ok bool) {
	b = binary.AppendUvarint(append(b, formObject), uint64(len(fields)))
	var few [40]string // most have no more: no allocation
	names := few[:0]
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if b, ok = appendData(appendText(b, name), fields[name]); !ok {
			return b, false
		}
	}
	return b, true
}

// recorded reads what appendData wrote. Texts are parts of what is read.
type recorded struct {
	text   string
	broken bool
}

func (r *recorded) value() any {
	form := r.bytes(1)
	if r.broken {
		return nil
	}
	switch form[0] {
	case formNull:
		return nil
	case formFalse, formTrue:
		return form[0] == formTrue
	case formInt:
		u := r.natural()
		return int64(u>>1) ^ -int64(u&1)
	case formFloat:
		if b := r.bytes(8); !r.broken {
			return math.Float64frombits(binary.BigEndian.Uint64([]byte(b)))
		}
	case formText:
		return r.bytes(r.natural())
	case formList:
		items := make([]any, 0, r.count())
		for range cap(items) {
			items = append(items, r.value())
		}
		return items
	case formObject:
		n := r.count()
		fields := make(map[string]any, n)
		for range n {
			name := r.bytes(r.natural())
			fields[name] = r.value()
		}
		return fields
	}
	r.broken = true
	return nil
}

func (r *recorded) bytes(n uint64) string {
	if n > uint64(len(r.text)) {
		r.broken, r.text = true, ""
		return ""
	}
	s := r.text[:n]
	r.text = r.text[n:]
	return s
}

// count is a number of parts, each of which takes a byte at least.
func (r *recorded) count() int {
	n := r.natural()
	if n > uint64(len(r.text)) {
		r.broken, r.text = true, ""
		return 0
	}
	return int(n)
}

func (r *recorded) natural() (n uint64) {
	for shift := 0; shift < 64; shift += 7 {
		b := r.bytes(1)
		if r.broken {
			return 0
		}
		n |= uint64(b[0]&0x7f) << shift
		if b[0] < 0x80 {
			return n
		}
	}
	r.broken = true
	return 0
}
