package encode

import (
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"
)

// JSON writes data as JSON: two spaces, sorted keys, one final newline, and < > & as they are.
// It takes what YAML takes and refuses what YAML refuses.
func JSON(v any) ([]byte, error) { return encodeJSON(v, nil) }

// JSONLines is JSON that also says what each line was written from.
func JSONLines(v any) ([]byte, []Line, error) {
	t := &tracer{}
	b, err := encodeJSON(v, t)
	return b, t.lines, err
}

func encodeJSON(v any, t *tracer) ([]byte, error) {
	e := jsonEncoder{b: make([]byte, 0, 1024), keys: make([]string, 0, 64), trace: t}
	if err := e.value(v, 0); err != nil {
		return nil, fmt.Errorf("encode JSON: %w", err)
	}
	e.b = append(e.b, '\n')
	e.trace.line()
	return e.b, nil
}

type jsonEncoder struct {
	b     []byte
	keys  []string // of the maps that are open, so that each needs no slice of its own
	trace *tracer  // nil: nobody asks
}

func (e *jsonEncoder) value(v any, indent int) error {
	v, err := simplify(v)
	if err != nil {
		return err
	}
	switch v := v.(type) {
	case nil:
		e.b = append(e.b, "null"...)
	case string:
		e.b, err = appendJSONString(e.b, v)
	case bool:
		e.b = strconv.AppendBool(e.b, v)
	case map[string]any:
		return e.mapping(v, indent)
	case []any:
		return e.list(v, indent)
	default:
		e.b, err = appendNumber(e.b, v)
	}
	return err
}

func (e *jsonEncoder) mapping(m map[string]any, indent int) error {
	if len(m) == 0 {
		e.b = append(e.b, "{}"...)
		return nil
	}
	start := len(e.keys)
	for key := range m {
		e.keys = append(e.keys, key)
	}
	keys := e.keys[start:]
	slices.Sort(keys)
	e.open('{')
	for i, key := range keys {
		e.trace.field(key)
		e.b = appendIndent(e.b, indent+2)
		var err error
		if e.b, err = appendJSONString(e.b, key); err != nil {
			return err
		}
		e.b = append(e.b, ": "...)
		if err := e.value(m[key], indent+2); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		e.end(i == len(keys)-1)
	}
	e.keys = e.keys[:start]
	e.b = append(appendIndent(e.b, indent), '}')
	return nil
}

func (e *jsonEncoder) list(list []any, indent int) error {
	if len(list) == 0 {
		e.b = append(e.b, "[]"...)
		return nil
	}
	e.open('[')
	for i, item := range list {
		e.trace.index(i)
		e.b = appendIndent(e.b, indent+2)
		if err := e.value(item, indent+2); err != nil {
			return fmt.Errorf("%d: %w", i, err)
		}
		e.end(i == len(list)-1)
	}
	e.b = append(appendIndent(e.b, indent), ']')
	return nil
}

// open begins a map or a list, whose fields or items have lines of their own.
func (e *jsonEncoder) open(bracket byte) {
	e.b = append(e.b, bracket, '\n')
	e.trace.line()
}

// end ends a field or an item, and the last line of it.
func (e *jsonEncoder) end(last bool) {
	if !last {
		e.b = append(e.b, ',')
	}
	e.b = append(e.b, '\n')
	e.trace.line()
	e.trace.leave()
}

func appendJSONString(b []byte, s string) ([]byte, error) {
	if err := checkText(s); err != nil {
		return b, err
	}
	b = append(b, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, `\n`...)
		case r == '\r':
			b = append(b, `\r`...)
		case r == '\t':
			b = append(b, `\t`...)
		case r == '\b':
			b = append(b, `\b`...)
		case r == '\f':
			b = append(b, `\f`...)
		case r < ' ' || r == '\u2028' || r == '\u2029': // JavaScript ends a line at the last two
			b = appendHex(append(b, `\u`...), r, 4)
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"'), nil
}

// appendHex writes a rune in lower-case digits, the last of the width given.
func appendHex(b []byte, r rune, width int) []byte {
	for shift := 4 * (width - 1); shift >= 0; shift -= 4 {
		b = append(b, "0123456789abcdef"[r>>shift&0xf])
	}
	return b
}

func appendIndent(b []byte, n int) []byte {
	for range n {
		b = append(b, ' ')
	}
	return b
}
