package encode

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"
)

// JSON writes data as JSON: two spaces, sorted keys, one final newline, and < > & as they are.
// It takes what YAML takes and refuses what YAML refuses.
func JSON(v any) ([]byte, error) {
	b, err := appendJSON(nil, v, 0)
	if err != nil {
		return nil, fmt.Errorf("encode JSON: %w", err)
	}
	return append(b, '\n'), nil
}

func appendJSON(b []byte, v any, indent int) ([]byte, error) {
	v, err := simplify(v)
	if err != nil {
		return b, err
	}
	switch v := v.(type) {
	case nil:
		return append(b, "null"...), nil
	case string:
		return appendJSONString(b, v)
	case bool:
		return strconv.AppendBool(b, v), nil
	case map[string]any:
		return appendJSONMap(b, v, indent)
	case []any:
		return appendJSONList(b, v, indent)
	}
	return appendNumber(b, v)
}

func appendJSONMap(b []byte, m map[string]any, indent int) ([]byte, error) {
	if len(m) == 0 {
		return append(b, "{}"...), nil
	}
	b = append(b, '{')
	for i, key := range slices.Sorted(maps.Keys(m)) {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendIndent(append(b, '\n'), indent+2)
		var err error
		if b, err = appendJSONString(b, key); err != nil {
			return b, err
		}
		if b, err = appendJSON(append(b, ": "...), m[key], indent+2); err != nil {
			return b, fmt.Errorf("%s: %w", key, err)
		}
	}
	return append(appendIndent(append(b, '\n'), indent), '}'), nil
}

func appendJSONList(b []byte, list []any, indent int) ([]byte, error) {
	if len(list) == 0 {
		return append(b, "[]"...), nil
	}
	b = append(b, '[')
	for i, item := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendIndent(append(b, '\n'), indent+2)
		var err error
		if b, err = appendJSON(b, item, indent+2); err != nil {
			return b, fmt.Errorf("%d: %w", i, err)
		}
	}
	return append(appendIndent(append(b, '\n'), indent), ']'), nil
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
