package encode

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// maxKey is below the 1,024 characters that readers allow a key on one line.
const maxKey = 1000

// YAML writes documents, separated by ---. A document is built of map[string]any, []any, string, bool, nil, int, int32, int64, uint64,
// float64 and json.Number; []string, []map[string]any, map[string]string and a value.Value without secrets are taken too.
//
// At the top apiVersion, kind, metadata and spec come first; everything else is sorted. Blocks are indented by two spaces, the items of a list
// stand at the column of their key, as kubectl and Kustomize write them. A string is quoted where YAML 1.1 or 1.2 would take it for
// something else, a text of several lines is a literal block unless that would change it or leave trailing blanks.
//
// Errors: ErrSecret, text that is not UTF-8, a number without notation, a key of more than 1,000 bytes, other Go types. They name the place.
func YAML(docs ...any) ([]byte, error) { return encodeYAML(docs, nil) }

// YAMLLines is YAML that also says what each line was written from: a path begins with the index of its document.
func YAMLLines(docs ...any) ([]byte, []Line, error) {
	t := &tracer{}
	b, err := encodeYAML(docs, t)
	return b, t.lines, err
}

func encodeYAML(docs []any, t *tracer) ([]byte, error) {
	e := yamlEncoder{b: make([]byte, 0, 1024*len(docs)), keys: make([]string, 0, 64), trace: t}
	for i, doc := range docs {
		e.trace.index(i)
		if i > 0 {
			e.b = append(e.b, "---\n"...)
			e.trace.line()
		}
		if err := e.document(doc); err != nil {
			return nil, fmt.Errorf("encode YAML: %w", err)
		}
		e.trace.leave()
	}
	return e.b, nil
}

type yamlEncoder struct {
	b     []byte
	keys  []string // of the maps that are open, so that each needs no slice of its own
	trace *tracer  // nil: nobody asks
}

// end ends a line.
func (e *yamlEncoder) end() {
	e.b = append(e.b, '\n')
	e.trace.line()
}

func (e *yamlEncoder) document(doc any) error {
	doc, err := simplify(doc)
	if err != nil {
		return err
	}
	switch doc := doc.(type) {
	case map[string]any:
		if len(doc) > 0 {
			return e.mapping(doc, 0, true)
		}
	case string: // never a block: it would have no parent to be indented against
		err := e.text(doc)
		e.end()
		return err
	}
	return e.value(doc, 0, 0)
}

// mapping writes the fields at a column; the caller has written the blanks in front of the first.
func (e *yamlEncoder) mapping(m map[string]any, column int, top bool) error {
	start := len(e.keys)
	for key := range m {
		e.keys = append(e.keys, key)
	}
	keys := e.keys[start:]
	if top {
		slices.SortFunc(keys, compareTop)
	} else {
		slices.Sort(keys)
	}
	for i, key := range keys {
		if i > 0 {
			e.b = appendIndent(e.b, column)
		}
		e.trace.field(key)
		if err := e.field(key, m[key], column); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		e.trace.leave()
	}
	e.keys = e.keys[:start]
	return nil
}

func (e *yamlEncoder) field(key string, v any, column int) error {
	before := len(e.b)
	if err := e.text(key); err != nil {
		return err
	}
	if len(e.b)-before > maxKey {
		return fmt.Errorf("the key is longer than %d bytes", maxKey)
	}
	e.b = append(e.b, ':')
	v, err := simplify(v)
	if err != nil {
		return err
	}
	switch v := v.(type) {
	case map[string]any:
		if len(v) > 0 {
			e.end()
			e.b = appendIndent(e.b, column+2)
			return e.mapping(v, column+2, false)
		}
	case []any:
		if len(v) > 0 {
			e.end()
			e.b = appendIndent(e.b, column)
			return e.list(v, column)
		}
	}
	e.b = append(e.b, ' ')
	return e.value(v, column, column)
}

// list writes the items at a column; the caller has written the blanks in front of the first.
func (e *yamlEncoder) list(items []any, column int) error {
	for i, item := range items {
		if i > 0 {
			e.b = appendIndent(e.b, column)
		}
		e.b = append(e.b, "- "...)
		e.trace.index(i)
		if err := e.value(item, column, column+2); err != nil {
			return fmt.Errorf("%d: %w", i, err)
		}
		e.trace.leave()
	}
	return nil
}

// value writes what follows a key or a dash that stands at a column, and ends the line. Fields and items that begin on this line stand at inner.
func (e *yamlEncoder) value(v any, column, inner int) error {
	v, err := simplify(v)
	if err != nil {
		return err
	}
	switch v := v.(type) {
	case nil:
		e.b = append(e.b, "null"...)
		e.end()
		return nil
	case bool:
		e.b = strconv.AppendBool(e.b, v)
		e.end()
		return nil
	case string:
		return e.scalar(v, column)
	case map[string]any:
		if len(v) > 0 {
			return e.mapping(v, inner, false)
		}
		e.b = append(e.b, "{}"...)
		e.end()
		return nil
	case []any:
		if len(v) > 0 {
			return e.list(v, inner)
		}
		e.b = append(e.b, "[]"...)
		e.end()
		return nil
	}
	return e.number(v)
}

// number writes a number that YAML 1.1 takes for one too: it wants a point in front of an exponent, and a sign after it.
func (e *yamlEncoder) number(v any) error {
	start := len(e.b)
	var err error
	if e.b, err = appendNumber(e.b, v); err != nil {
		return err
	}
	if bytes.ContainsAny(e.b[start:], "eE") {
		mantissa, exponent, _ := strings.Cut(strings.ToLower(string(e.b[start:])), "e")
		if !strings.Contains(mantissa, ".") {
			mantissa += ".0"
		}
		if exponent[0] != '-' && exponent[0] != '+' {
			exponent = "+" + exponent
		}
		e.b = append(e.b[:start], mantissa+"e"+exponent...)
	}
	e.end()
	return nil
}

// compareTop sorts the fields of a document.
func compareTop(a, b string) int {
	return cmp.Or(cmp.Compare(rank(a), rank(b)), strings.Compare(a, b))
}

func rank(key string) int {
	switch key {
	case "apiVersion":
		return 0
	case "kind":
		return 1
	case "metadata":
		return 2
	case "spec":
		return 3
	}
	return 4
}
