package encode

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"platc.dev/platc/compiler/value"
)

// ErrSecret is what encoding a secret, or a hash of one, ends in. Only emit/secrets knows their texts.
var ErrSecret = errors.New("a secret has no text here")

// errText is what a string that is not UTF-8 ends in.
var errText = errors.New("text is not UTF-8")

// simplify turns the less usual Go types into the ones that the encoders switch on; those it returns as they are.
func simplify(v any) (any, error) {
	switch v := v.(type) {
	case nil, bool, string, map[string]any, []any, int, int32, int64, uint64, float64, json.Number:
		return v, nil
	case value.Value:
		return textOf(v)
	case []string:
		return listOf(v), nil
	case []map[string]any:
		return listOf(v), nil
	case map[string]string:
		m := make(map[string]any, len(v))
		for key, text := range v {
			m[key] = text
		}
		return m, nil
	}
	return nil, fmt.Errorf("%T is no data", v)
}

func listOf[T any](items []T) []any {
	all := make([]any, len(items))
	for i, item := range items {
		all[i] = item
	}
	return all
}

// textOf is the text of a value that holds no secret.
func textOf(v value.Value) (string, error) {
	switch v := v.(type) {
	case value.Literal:
		return string(v), nil
	case value.Concat:
		var b strings.Builder
		for _, part := range v {
			text, err := textOf(part)
			if err != nil {
				return "", err
			}
			b.WriteString(text)
		}
		return b.String(), nil
	case value.Base64:
		text, err := textOf(v.Of)
		return base64.StdEncoding.EncodeToString([]byte(text)), err
	case value.Percent:
		text, err := textOf(v.Of)
		return value.PercentEncoded(text), err
	case value.Secret, value.Hash, value.Turn:
		return "", fmt.Errorf("%s: %w", value.Display(v), ErrSecret)
	}
	return "", fmt.Errorf("%T is no value", v)
}

// appendNumber appends a number as JSON writes it.
func appendNumber(b []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case int:
		return strconv.AppendInt(b, int64(v), 10), nil
	case int32:
		return strconv.AppendInt(b, int64(v), 10), nil
	case int64:
		return strconv.AppendInt(b, v, 10), nil
	case uint64:
		return strconv.AppendUint(b, v, 10), nil
	case float64:
		return appendFloat(b, v)
	case json.Number:
		if isNumber(string(v)) {
			return append(b, v...), nil
		}
		return b, fmt.Errorf("%q is no number", string(v))
	}
	return b, fmt.Errorf("%T is no data", v)
}

// appendFloat writes whole numbers without a point, as encoding/json does: data that went through JSON has only floats.
func appendFloat(b []byte, f float64) ([]byte, error) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return b, fmt.Errorf("%v has no notation", f)
	}
	format, size := byte('f'), math.Abs(f)
	if size != 0 && (size < 1e-6 || size >= 1e21) {
		format = 'e'
	}
	b = strconv.AppendFloat(b, f, format, -1, 64)
	if n := len(b); format == 'e' && b[n-2] == '0' && b[n-3] == '-' {
		b[n-2] = b[n-1] // e-09 is e-9
		b = b[:n-1]
	}
	return b, nil
}

// isNumber says whether a text is a number of JSON.
func isNumber(s string) bool {
	if s == "" || s[0] != '-' && !isDigit(s[0]) || !isDigit(s[len(s)-1]) {
		return false
	}
	return json.Valid([]byte(s))
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// checkText refuses bytes that no reader would accept. It does not show them.
func checkText(s string) error {
	if !utf8.ValidString(s) {
		return errText
	}
	return nil
}
