package encode_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"reflect"
	"regexp"
	"strings"
	"testing"

	yaml11 "go.yaml.in/yaml/v2"
	yaml12 "go.yaml.in/yaml/v3"

	"platc.dev/platc/compiler/value"
	"platc.dev/platc/emit/encode"
)

func TestYAML(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		docs []any
		want string
	}{
		{"no document", nil, ""},
		{"key order", []any{map[string]any{
			"spec": map[string]any{"b": 1, "apiVersion": "v2", "a": 2}, "kind": "Service", "data": "x", "apiVersion": "v1",
			"metadata": map[string]any{"namespace": "n", "name": "db", "labels": map[string]any{"b": "1", "a": "c"}},
		}}, `apiVersion: v1
kind: Service
metadata:
  labels:
    a: c
    b: "1"
  name: db
  namespace: "n"
spec:
  a: 2
  apiVersion: v2
  b: 1
data: x
`},
		{"documents", []any{map[string]any{"a": 1}, map[string]any{}, []any{}, []any{1}, "on", "a\nb", nil}, `a: 1
---
{}
---
[]
---
- 1
---
"on"
---
"a\nb"
---
null
`},
		{"lists", []any{map[string]any{"l": []any{
			1, "a", nil, true, []any{}, map[string]any{}, []any{1, []any{2, 3}, map[string]any{"x": 1, "y": []any{1}}}, map[string]any{"b": []any{"c"}, "a": map[string]any{"d": 1}},
		}}}, `l:
- 1
- a
- null
- true
- []
- {}
- - 1
  - - 2
    - 3
  - x: 1
    "y":
    - 1
- a:
    d: 1
  b:
  - c
`},
		{
			"texts",
			[]any{map[string]any{"one": "a\nb\n", "none": "a\n\nb", "led": "  a\nb", "tab": "\ta\nb\n", "gap": "\n\na\n", "nested": []any{map[string]any{"k": "x\n y\n"}, "p\nq", []any{"r\n s"}}}},
			`gap: |2


  a
led: |2-
    a
  b
nested:
- k: |
    x
     y
- |-
  p
  q
- - |-
    r
     s
none: |-
  a

  b
one: |
  a
  b
tab: |2
  	a
  b
`,
		},
		{
			"texts that a block would change",
			[]any{map[string]any{"a": "x \ny\n", "b": "x\n\n", "c": "\n", "d": "x\r\ny\n", "e": "x\n\ty\t", "f": "x\n\u0085y"}},
			`a: "x \ny\n"
b: "x\n\n"
c: "\n"
d: "x\r\ny\n"
e: "x\n\ty\t"
f: "x\n\x85y"
`,
		},
		{
			"numbers",
			[]any{map[string]any{"a": 1.0, "b": 1.5, "c": 1e21, "d": 1e-7, "e": json.Number("1e3"), "f": json.Number("12345678901234567890"), "g": int64(-3), "h": uint64(math.MaxUint64), "i": -2.5e-9}},
			"a: 1\nb: 1.5\nc: 1.0e+21\nd: 1.0e-7\ne: 1.0e+3\nf: 12345678901234567890\ng: -3\nh: 18446744073709551615\ni: -2.5e-9\n",
		},
		{"values and Go types", []any{map[string]any{
			"a": value.Concat{value.Literal("http://"), value.Literal("db")}, "b": value.Base64{Of: value.Literal("x:y")}, "c": []string{"a", "on"},
			"d": map[string]string{"k": "1"}, "e": []map[string]any{{"x": 1}}, "f": map[string]string{}, "g": []string(nil), "h": map[string]any(nil),
		}}, `a: http://db
b: eDp5
c:
- a
- "on"
d:
  k: "1"
e:
- x: 1
f: {}
g: []
h: {}
`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got, err := encode.YAML(test.docs...)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != test.want {
				t.Errorf("got:\n%s\nwant:\n%s", got, test.want)
			}
		})
	}
}

func TestStringsThatStayPlain(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"a", "orders", "db.data.svc.cluster.local", "postgres:18.6-trixie", "registry.local/shop/orders:0.1.0", "100m", "1Gi", "15d", "30s", "5432-tcp", "10.0.0.0/8", "--flag=x", "-c", "$(NAME)", "${NAME}",
		"/data", "./x", "../y", "a b c", "a:b", "http://x:80/", "a#b", "Größe", "it's", `say "x"`, "a, b", "x[0]", "a{b}", "RollingUpdate", "app.kubernetes.io/name", "yesterday", "none", "inf", "1st", "0xyz", "e3", "<=", "a\\b",
	} {
		if got := one(t, s); got != s {
			t.Errorf("%q became %s", s, got)
		}
	}
}

func TestStringsThatAreQuoted(t *testing.T) {
	t.Parallel()
	for _, s := range guesses {
		if got := one(t, s); !strings.HasPrefix(got, `"`) || !strings.HasSuffix(got, `"`) {
			t.Errorf("%q became %s", s, got)
		}
		if got := one(t, map[string]any{s: 1}); !strings.HasPrefix(got, `"`) {
			t.Errorf("key %q became %s", s, got)
		}
	}
}

// guesses are strings that some reader takes for something else.
var guesses = []string{
	"", " ", "a ", " a", "\ta", "a\t", "y", "Y", "n", "N", "yes", "Yes", "YES", "no", "No", "on", "On", "ON", "off", "OFF", "true", "True", "TRUE", "false", "null", "Null", "NULL", "~", "=", "<<", ".inf", "-.INF", "+.Inf", ".nan", ".NaN",
	"0", "1", "-1", "+1", "0123", "0o17", "0x1f", "0X1F", "-0x1", "0b101", "0x", "1_000", "-_0", "1,000", "1e3", "1E3", "1e+3", ".5", "5.", "1.5", "-.5", ".", "..", "1:30", "12:30:45", "190:20:30.15", "-1:30", "2001-12-14",
	"2001-12-14t21:59:43.10-05:00", "2001-12-14 21:59:43.10 -5", "2001-12-15T02:59:43Z", "1.2.3", "10.0.0.1",
	"a: b", "a:", ":", ": a", "a #b", "#a", "- a", "-", "---", "--- a", "...", "? a", "?", "[a", "]", "{a}", "}", ", a", "&a", "*a", "!a", "|", "|-", ">", "'a'", `"a"`, "%a", "@a", "`a", "a\x00b", "a\x7fb", "a\u0085b", "a\u2028b", "\ufeffa", "a\u00a0b", "a\rb",
}

// one is the encoding of a value behind the key k, without it.
func one(t *testing.T, v any) string {
	t.Helper()
	b, err := encode.YAML(map[string]any{"k": v})
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(strings.TrimPrefix(string(b), "k:"))
}

// The regular expressions of the type repository of YAML 1.1 and of the core schema of YAML 1.2.
var implicit = []*regexp.Regexp{
	regexp.MustCompile(`^(~|null|Null|NULL|)$`),
	regexp.MustCompile(`^(y|Y|yes|Yes|YES|n|N|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$`),
	regexp.MustCompile(`^([-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(:[0-5]?[0-9])+)$`),
	regexp.MustCompile(`^([-+]?([0-9][0-9_]*)?\.[0-9.]*([eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN))$`),
	regexp.MustCompile(`^([0-9]{4}-[0-9]{2}-[0-9]{2}|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(\.[0-9]*)?(([ \t]*)Z|[-+][0-9]{1,2}(:[0-9]{2})?)?)$`),
	regexp.MustCompile(`^(<<|=)$`),
	regexp.MustCompile(`^([-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+|[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?)$`),
}

func TestNothingPlainIsImplicit(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	const letters = "0123456789+-._:eExXobTtZ ~yYnNosffalruIiNnA<="
	for range 200_000 {
		b := make([]byte, 1+r.IntN(8))
		for i := range b {
			b[i] = letters[r.IntN(len(letters))]
		}
		for _, expression := range implicit {
			if s := string(b); expression.MatchString(s) && one(t, s) == s {
				t.Fatalf("%q is plain, but matches %v", s, expression)
			}
		}
	}
}

func TestReadBack(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 4))
	for range 20_000 {
		docs := make([]any, 1+r.IntN(3))
		for i := range docs {
			docs[i] = randomMap(r, 4)
		}
		checkReadBack(t, docs...)
	}
	for _, s := range guesses {
		checkReadBack(t, map[string]any{s: s, "l": []any{s, []any{s}, map[string]any{s: s}}, "m": map[string]any{"n": s + "\n" + s, "o": s + "\n", "p": "\n" + s}})
	}
}

func FuzzEncode(f *testing.F) {
	for _, s := range guesses {
		f.Add(s, s+"\n"+s)
	}
	f.Add("a\n\n b\n", "\n\n  a")
	f.Fuzz(func(t *testing.T, key, text string) {
		data := map[string]any{key: text, "l": []any{text, []any{text, key}, map[string]any{key: text}}, "m": map[string]any{"n": map[string]any{key: text}}}
		checkReadBack(t, data)
		checkReadBack(t, text)
	})
}

// checkReadBack encodes documents, looks at the layout, and reads them with readers of YAML 1.1 and 1.2, and of JSON.
func checkReadBack(t *testing.T, docs ...any) {
	t.Helper()
	b, err := encode.YAML(docs...)
	if err != nil {
		for _, doc := range docs {
			if _, inJSON := encode.JSON(doc); inJSON == nil && !strings.Contains(err.Error(), "longer than") {
				t.Fatalf("%#v: %v", docs, err)
			}
		}
		return
	}
	if !bytes.HasSuffix(b, []byte("\n")) || bytes.HasSuffix(b, []byte("\n\n")) || bytes.Contains(b, []byte(" \n")) || bytes.Contains(b, []byte("\t\n")) || bytes.ContainsRune(b, '\r') {
		t.Fatalf("trailing blanks, or not one line break at the end:\n%q", b)
	}
	readers := map[string]func() func(any) error{
		"1.1": func() func(any) error { return yaml11.NewDecoder(bytes.NewReader(b)).Decode },
		"1.2": func() func(any) error { return yaml12.NewDecoder(bytes.NewReader(b)).Decode },
	}
	for version, reader := range readers {
		decode := reader()
		for _, doc := range docs {
			var got any
			if err := decode(&got); err != nil {
				t.Fatalf("YAML %s: %v\n%s\n%q", version, err, b, b)
			}
			if want := plainData(doc); !reflect.DeepEqual(plainData(got), want) {
				t.Fatalf("YAML %s: got %#v\nwant %#v\n%s\n%q", version, plainData(got), want, b, b)
			}
		}
		var more any
		if err := decode(&more); !errors.Is(err, io.EOF) {
			t.Fatalf("YAML %s: a document too many: %v %v\n%s", version, more, err, b)
		}
	}
	for _, doc := range docs {
		checkJSON(t, doc)
	}
}

// plainData brings what readers return to one form: string keys, and float64 for every number.
func plainData(v any) any {
	switch v := v.(type) {
	case map[any]any:
		m := map[string]any{}
		for key, item := range v {
			text, ok := key.(string)
			if !ok {
				return fmt.Errorf("key %v is %T", key, key)
			}
			m[text] = plainData(item)
		}
		return m
	case map[string]any:
		m := map[string]any{}
		for key, item := range v {
			m[key] = plainData(item)
		}
		return m
	case []any:
		l := make([]any, len(v))
		for i, item := range v {
			l[i] = plainData(item)
		}
		return l
	case int:
		return float64(v)
	case int64:
		return float64(v)
	case uint64:
		return float64(v)
	case json.Number:
		f, _ := v.Float64()
		return f
	}
	return v
}

func randomMap(r *rand.Rand, depth int) map[string]any {
	m := map[string]any{}
	for range r.IntN(5) {
		m[randomString(r)] = randomData(r, depth-1)
	}
	if r.IntN(4) == 0 {
		m["apiVersion"], m["kind"] = randomString(r), randomString(r)
	}
	return m
}

func randomData(r *rand.Rand, depth int) any {
	n := r.IntN(10)
	if depth <= 0 {
		n = 3 + r.IntN(7)
	}
	switch n {
	case 0, 1:
		return randomMap(r, depth)
	case 2:
		l := make([]any, r.IntN(4))
		for i := range l {
			l[i] = randomData(r, depth-1)
		}
		return l
	case 3:
		return r.IntN(2) == 0
	case 4:
		return nil
	case 5:
		return []any{r.Int64() >> r.IntN(64), r.NormFloat64() * math.Pow(10, float64(r.IntN(60)-30)), json.Number("-1.5E7")}[r.IntN(3)]
	}
	return randomString(r)
}

func randomString(r *rand.Rand) string {
	parts := []string{
		"a", "b", "key", "Ä", "日", "😀", "1", "0", ".", ":", "-", "#", " ", " ", "  ", "\n", "\n", "\n\n", "\t", "\r", "'", `"`, `\`, "{", "}", "[", "]", ",", "&", "*", "!", "|", ">", "%", "@", "`", "?", "=", "<", "~", "$", "/", "_",
		"null", "true", "no", "0x", "e3", "---", "...", "\u0085", "\u2028", "\ufeff", "\u00a0", "\x00", "\x1b", "\x7f", "\U0001F600", "\U000E0001", ": ", " #", "- ",
	}
	var b strings.Builder
	for range r.IntN(7) {
		b.WriteString(parts[r.IntN(len(parts))])
	}
	return b.String()
}

func TestRefused(t *testing.T) {
	t.Parallel()
	secret := value.Secret{ID: "orders/db"}
	tests := []struct {
		name string
		data any
		want string
	}{
		{"secret", map[string]any{"spec": []any{map[string]any{"password": secret}}}, "spec: 0: password: [secret orders/db]: a secret has no text here"},
		{"inside", map[string]any{"url": value.Concat{value.Literal("x"), value.Base64{Of: secret}}}, "url: [secret orders/db]: a secret has no text here"},
		{"hash", map[string]any{"h": value.Hash{ID: "h", Of: value.Literal("x")}}, "h: [hash h]: a secret has no text here"},
		{"key not UTF-8", map[string]any{"a": map[string]any{"\xff": 1}}, "text is not UTF-8"},
		{"text not UTF-8", map[string]any{"a": "\xff"}, "a: text is not UTF-8"},
		{"infinite", map[string]any{"a": math.Inf(1)}, "a: +Inf has no notation"},
		{"number", map[string]any{"a": json.Number("0x1")}, `a: "0x1" is no number`},
		{"blank", map[string]any{"a": json.Number("1 ")}, `a: "1 " is no number`},
		{"type", map[string]any{"a": struct{}{}}, "a: struct {} is no data"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, inYAML := encode.YAML(test.data)
			_, inJSON := encode.JSON(test.data)
			for _, err := range []error{inYAML, inJSON} {
				if err == nil || !strings.HasSuffix(err.Error(), test.want) {
					t.Errorf("got %v, want …%s", err, test.want)
				}
			}
			if strings.Contains(test.want, "secret has") && !errors.Is(inYAML, encode.ErrSecret) {
				t.Error("not ErrSecret")
			}
		})
	}
	if _, err := encode.YAML(map[string]any{strings.Repeat("k", 2000): 1}); err == nil {
		t.Error("a key that readers refuse was written")
	}
}

func BenchmarkYAML(b *testing.B) {
	var size int
	for b.Loop() {
		out, err := encode.YAML(deployment)
		if err != nil {
			b.Fatal(err)
		}
		size = len(out)
	}
	b.ReportMetric(float64(size), "bytes")
}

func BenchmarkJSON(b *testing.B) {
	for b.Loop() {
		if _, err := encode.JSON(deployment); err != nil {
			b.Fatal(err)
		}
	}
}

// deployment is an object of about 1 KB.
var deployment = map[string]any{
	"apiVersion": "apps/v1", "kind": "Deployment",
	"metadata": map[string]any{"name": "orders", "namespace": "orders", "labels": map[string]any{"app.kubernetes.io/name": "orders", "app.kubernetes.io/part-of": "shop", "app.kubernetes.io/managed-by": "platc"}},
	"spec": map[string]any{
		"replicas": int64(2), "selector": map[string]any{"matchLabels": map[string]any{"app.kubernetes.io/name": "orders"}},
		"template": map[string]any{
			"metadata": map[string]any{"labels": map[string]any{"app.kubernetes.io/name": "orders"}},
			"spec": map[string]any{
				"automountServiceAccountToken": false, "serviceAccountName": "orders", "securityContext": map[string]any{"runAsNonRoot": true, "runAsUser": int64(10001), "seccompProfile": map[string]any{"type": "RuntimeDefault"}},
				"containers": []any{map[string]any{
					"name": "app", "image": "registry.example.com/shop/orders:0.1.0", "ports": []any{map[string]any{"containerPort": int64(8080), "name": "http"}},
					"envFrom":   []any{map[string]any{"secretRef": map[string]any{"name": "orders-cloud"}}, map[string]any{"configMapRef": map[string]any{"name": "orders"}}},
					"resources": map[string]any{"limits": map[string]any{"cpu": "500m", "memory": "512Mi"}, "requests": map[string]any{"cpu": "100m", "memory": "128Mi"}},
				}},
			},
		},
	},
}
