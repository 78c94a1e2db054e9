package diag_test

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"platc.dev/platc/compiler/diag"
)

const source = `name: "shop"
components: {
	orders: {
		kind: "fastapi"
		port: -80
		links: {
			"db/ordrs": {}
		}
	}
}
`

func read(file string) []byte {
	if file == "arch.cue" {
		return []byte(source)
	}
	return nil
}

func text(t *testing.T, findings ...diag.Diagnostic) string {
	t.Helper()
	var l diag.List
	for _, d := range findings {
		l.Add(d)
	}
	var b bytes.Buffer
	if err := diag.Text(&b, l.Sorted(), read, false); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func missing() diag.Diagnostic {
	return diag.Diagnostic{
		Code: "E0201", Path: `components.orders.links["db/ordrs"]`,
		Message: `orders links to "db/ordrs", but db has no database "ordrs"`, Help: `did you mean "db/orders"?`,
		Pos: diag.Pos{File: "arch.cue", Line: 7, Column: 4},
	}
}

func TestTextShowsTheLineWithTheTokenUnderlined(t *testing.T) {
	t.Parallel()
	want := `error[E0201]: orders links to "db/ordrs", but db has no database "ordrs"
 --> arch.cue:7:4
  |
7 |             "db/ordrs": {}
  |             ^^^^^^^^^^
  = help: did you mean "db/orders"?
`
	if got := text(t, missing()); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestTextShowsRelatedPlacesAndNotes(t *testing.T) {
	t.Parallel()
	d := diag.Diagnostic{
		Code: "W0113", Message: "orders is alone", Pos: diag.Pos{File: "arch.cue", Line: 3, Column: 2},
		Related: []diag.Related{
			{Message: "its port", Pos: diag.Pos{File: "arch.cue", Line: 5, Column: 9}},
			{Message: "declared by the library", Pos: diag.Pos{File: "kinds/x/kind.cue", Line: 120, Column: 3}},
			{Message: "nobody reaches it"},
		},
	}
	want := `warning[W0113]: orders is alone
   --> arch.cue:3:2
    |
  3 |     orders: {
    |     ^^^^^^
   ::: arch.cue:5:9
    |
  5 |         port: -80
    |               --- its port
   ::: kinds/x/kind.cue:120:3: declared by the library
    = note: nobody reaches it
`
	if got := text(t, d); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestTextWithoutPlace(t *testing.T) {
	t.Parallel()
	d := diag.Diagnostic{Code: "E0401", Message: "shop has no recipient", Help: "make a key:\nage-keygen -o keys.txt"}
	want := "error[E0401]: shop has no recipient\n  = help: make a key:\n          age-keygen -o keys.txt\n"
	if got := text(t, d); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestFindingsAreSortedAndPrintedOnce(t *testing.T) {
	t.Parallel()
	later := missing()
	later.Pos.Line = 8
	got := text(t, later, missing(), missing())
	if strings.Count(got, "error[") != 2 || strings.Index(got, ":7:4") > strings.Index(got, ":8:4") {
		t.Errorf("got\n%s", got)
	}
}

func TestColoursOnlyWhenAsked(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := diag.Text(&b, []diag.Diagnostic{missing()}, read, true); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "\x1b[1;31merror[E0201]\x1b[0m") {
		t.Errorf("no colour in %q", b.String())
	}
	plain := regexp.MustCompile("\x1b\\[[0-9;]*m").ReplaceAllString(b.String(), "")
	if plain != text(t, missing()) {
		t.Errorf("colours change the text:\n%s", plain)
	}
}

func TestLongLinesAndBinaryPrintSafely(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 5000) + ` "here" ` + strings.Repeat("y", 5000)
	junk := "a\x1b[31m\x00\xff\u202e\u0085b"
	for name, line := range map[string]string{"long": long, "junk": junk, "empty": "", "one token": strings.Repeat("z", 900), "wide": "名前: 日本"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for column := range 40 {
				checkSafe(t, line, column*130)
				checkSafe(t, line, column)
			}
		})
	}
	d := diag.Diagnostic{Code: "E0101", Message: "x", Pos: diag.Pos{File: "f", Line: 1, Column: 5002}}
	var b bytes.Buffer
	if err := diag.Text(&b, []diag.Diagnostic{d}, func(string) []byte { return []byte(long) }, false); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(b.String(), "\n")
	at := []rune(lines[4])
	if got := string([]rune(lines[3])[strings.IndexByte(lines[4], '^'):][:6]); got != `"here"` || !strings.HasSuffix(string(at), "^^^^^^") {
		t.Errorf("the mark stands under %q:\n%s", got, b.String())
	}
}

func checkSafe(t *testing.T, line string, column int) {
	t.Helper()
	d := diag.Diagnostic{Code: "E0101", Message: "m\x1b\xff", Help: line, Pos: diag.Pos{File: "f\x07", Line: 1, Column: column}}
	d.Related = []diag.Related{{Message: line, Pos: d.Pos}}
	var b bytes.Buffer
	if err := diag.Text(&b, []diag.Diagnostic{d}, func(string) []byte { return []byte(line) }, false); err != nil {
		t.Fatal(err)
	}
	if !utf8.Valid(b.Bytes()) {
		t.Errorf("column %d: not UTF-8: %q", column, b.String())
	}
	if i := strings.IndexFunc(b.String(), func(r rune) bool { return (r < ' ' && r != '\n') || (r >= 0x7f && r < 0xa0) || r == 0x202e }); i >= 0 {
		t.Errorf("column %d: control character in %q", column, b.String())
	}
	if excerpt := strings.Split(b.String(), "\n")[2:4]; utf8.RuneCountInString(excerpt[1]) > 170 {
		t.Errorf("column %d: a line of %d characters", column, utf8.RuneCountInString(excerpt[1]))
	}
}

func FuzzText(f *testing.F) {
	f.Add([]byte(source), 5, 9)
	f.Add([]byte("\xff\t\"\"\"\n#\"a\\#\"\"#"), 2, 1)
	f.Fuzz(func(t *testing.T, src []byte, line, column int) {
		d := diag.Diagnostic{Code: "E0101", Message: string(src), Pos: diag.Pos{File: "f", Line: line, Column: column}}
		var b bytes.Buffer
		if err := diag.Text(&b, []diag.Diagnostic{d}, func(string) []byte { return src }, false); err != nil || !utf8.Valid(b.Bytes()) {
			t.Errorf("%v: %q", err, b.String())
		}
		if err := diag.SARIF(&b, []diag.Diagnostic{d}, func(string) []byte { return src }, "", ""); err != nil {
			t.Error(err)
		}
	})
}

func TestMarkCoversOneToken(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		line   string
		column int
		want   int
	}{
		{`port: 8080`, 7, 4},
		{`port: -80`, 7, 3},
		{`a: "b\"c" // d`, 4, 6},
		{`a: #"b"c"# x`, 4, 7},
		{`a: """`, 4, 3},
		{`x: #Name & y`, 4, 5},
		{`x: {`, 4, 1},
		{`ratio: 1.5e3,`, 8, 5},
		{`a: 'raw'`, 4, 5},
		{`größe: 1`, 1, 5},
		{`n: >1`, 4, 2},
		{`n: !="a"`, 4, 5},
		{`a: ["x]", 1] // y`, 4, 9},
		{`a: {b: (1)}, c: 2`, 4, 8},
		{`a: [`, 4, 1},
	} {
		d := diag.Diagnostic{Code: "E0101", Message: "m", Pos: diag.Pos{File: "f", Line: 1, Column: c.column}}
		var b bytes.Buffer
		if err := diag.Text(&b, []diag.Diagnostic{d}, func(string) []byte { return []byte(c.line) }, false); err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(b.String(), "^"); got != c.want {
			t.Errorf("%s at %d: %d marks, want %d", c.line, c.column, got, c.want)
		}
	}
}

func TestJSONHasEveryKey(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	d := missing()
	d.Related = []diag.Related{{Message: "declared here", Pos: diag.Pos{File: "arch.cue", Line: 2, Column: 1}}}
	if err := diag.JSON(&b, []diag.Diagnostic{d, {Code: "W0116", Severity: diag.Warning, Message: "a <development> identity"}}, nil); err != nil {
		t.Fatal(err)
	}
	want := `{
  "diagnostics": [
    {
      "code": "E0201",
      "severity": "error",
      "message": "orders links to \"db/ordrs\", but db has no database \"ordrs\"",
      "path": "components.orders.links[\"db/ordrs\"]",
      "file": "arch.cue",
      "line": 7,
      "column": 4,
      "end_line": 7,
      "end_column": 4,
      "help": "did you mean \"db/orders\"?",
      "related": [
        {
          "message": "declared here",
          "file": "arch.cue",
          "line": 2,
          "column": 1,
          "end_line": 2,
          "end_column": 1
        }
      ]
    },
    {
      "code": "W0116",
      "severity": "warning",
      "message": "a <development> identity",
      "path": "",
      "file": "",
      "line": 0,
      "column": 0,
      "end_line": 0,
      "end_column": 0,
      "help": "",
      "related": []
    }
  ]
}
`
	if b.String() != want {
		t.Errorf("got\n%s", b.String())
	}
	b.Reset()
	if err := diag.JSON(&b, nil, nil); err != nil || b.String() != "{\n  \"diagnostics\": []\n}\n" {
		t.Errorf("%v: %s", err, b.String())
	}
}

func TestSARIFFollowsThePublishedSchema(t *testing.T) {
	t.Parallel()
	published, err := os.Open("testdata/sarif-2.1.0.json")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = published.Close() }()
	doc, err := jsonschema.UnmarshalJSON(published)
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("sarif.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := c.Compile("sarif.json")
	if err != nil {
		t.Fatal(err)
	}
	related := missing()
	related.Related = []diag.Related{{Message: "note"}, {Message: "note"}, {Message: "there", Pos: diag.Pos{File: "arch.cue", Line: 3, Column: 2}}}
	var all []diag.Diagnostic
	for _, c := range diag.Codes() {
		all = append(all, diag.Diagnostic{Code: c.ID, Severity: c.Severity(), Message: "m"})
	}
	for name, findings := range map[string][]diag.Diagnostic{
		"none": nil, "all codes": all, "places": {missing(), related},
		"odd files": {
			{Code: "E0101", Message: "m", Pos: diag.Pos{File: "a b/#ä:1.cue", Line: 1, Column: 1}},
			{Code: "E0101", Message: "m", Pos: diag.Pos{File: "/x/arch.cue", Line: 1}},
			{Code: "E0101", Message: "m", Pos: diag.Pos{File: "c:d.cue"}},
		},
	} {
		var b bytes.Buffer
		if err := diag.SARIF(&b, findings, read, "v1.0.0", ""); err != nil {
			t.Fatal(err)
		}
		got, err := jsonschema.UnmarshalJSON(&b)
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(got); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSARIFNamesRuleLevelAndRegion(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	if err := diag.SARIF(&b, []diag.Diagnostic{missing()}, read, "", ""); err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"ruleId": "E0201"`, `"level": "error"`, `"uri": "arch.cue"`, `"startLine": 7`, `"startColumn": 4`, `"endColumn": 14`} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %s in\n%s", want, b.String())
		}
	}
}

func TestEveryCodeIsExplained(t *testing.T) {
	t.Parallel()
	last := ""
	for _, c := range diag.Codes() {
		if !regexp.MustCompile(`^[EW]\d{4}$`).MatchString(c.ID) || c.ID <= last {
			t.Errorf("%s after %s", c.ID, last)
		}
		last = c.ID
		if c.Title == "" || c.Cause == "" || c.Fix == "" || strings.TrimSpace(c.Example) == "" {
			t.Errorf("%s lacks a text", c.ID)
		}
		if strings.HasSuffix(c.Title, ".") || !strings.HasSuffix(c.Cause, ".") || !strings.HasSuffix(c.Fix, ".") {
			t.Errorf("%s: a title is a clause, cause and fix are sentences", c.ID)
		}
		if _, ok := diag.Lookup(strings.ToLower(c.ID)); !ok {
			t.Errorf("%s is not found", c.ID)
		}
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name       string
		candidates []string
		want       string
	}{
		{"ordrs", []string{"billing", "orders"}, "orders"},
		{"postgres", []string{"redis", "postgresql", "prometheus"}, "postgresql"},
		{"storage_sise", []string{"storage_class", "storage_size"}, "storage_size"},
		{"x", []string{"y"}, ""},
		{"completely", []string{"different"}, ""},
		{"Orders", []string{"orders"}, "orders"},
		{"bd", []string{"db"}, "db"},
		{"pg", []string{"cnpg"}, ""},
		{"REDIS", []string{"redis"}, "redis"},
		{"mongo", []string{"kong", "mongodb"}, "mongodb"},
		{"ingress", []string{"egress", "ingress_from"}, "ingress_from"},
		{"cpu", []string{"hpa", "cpu_request", "cpu_limit"}, "cpu_request"},
		{"host", []string{"port"}, ""},
		{"health", []string{"auth"}, ""},
		{"nodeSelector", []string{"node_selector"}, "node_selector"},
		{"access_mode", []string{"access"}, "access"},
		{"", []string{"db"}, ""},
		{"db", nil, ""},
	} {
		if got := diag.Nearest(c.name, c.candidates); got != c.want {
			t.Errorf("%q: got %q, want %q", c.name, got, c.want)
		}
	}
}
