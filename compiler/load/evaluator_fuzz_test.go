package load

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"cuelang.org/go/cue/ast"
	"cuelang.org/go/cue/cuecontext"
	"cuelang.org/go/cue/parser"

	"platc.dev/platc/compiler/eval"
	"platc.dev/platc/compiler/kind"
)

// FuzzEvaluator makes programs of the part of CUE that kinds are written in, one for every text of bytes: what the evaluator answers is what CUE answers.
func FuzzEvaluator(f *testing.F) {
	for seed := range 256 {
		f.Add([]byte(fmt.Sprintf("%c%c%c seed %d of a program that says something", seed, seed*7, seed*31, seed*seed)))
	}
	f.Fuzz(func(t *testing.T, choices []byte) {
		if len(choices) > 400 {
			return
		}
		source := (&writer{choices: choices}).program()
		own, refused, err := ownProgram(t, source)
		closed := err != nil && strings.Contains(err.Error(), "not allowed")
		if refused || err != nil && (!closed || strings.Contains(source, further)) {
			return // CUE is asked then
		}
		byCUE, wrong := cueProgram(source)
		if closed {
			if wrong == nil {
				t.Fatalf("%s\nCUE says %#v, the evaluator: %v", source, byCUE, err)
			}
			return
		}
		if err := wrong; err != nil {
			t.Fatalf("%s\nCUE: %v, the evaluator says %#v", source, err, own)
		}
		if !reflect.DeepEqual(own, byCUE) {
			t.Fatalf("%s\nCUE says %#v, the evaluator %#v", source, byCUE, own)
		}
	})
}

// programInput is what the programs are asked about.
func programInput() kind.Object {
	return kind.Object{
		"name": "orders", "port": int64(8080), "on": true, "off": false, "none": kind.Object{}, "empty": []any{},
		"names": []any{"b", "a", "c"}, "ports": []any{int64(3), int64(1)}, "labels": kind.Object{"x": "1", "y": "2"},
		"nested": kind.Object{"deep": kind.Object{"text": "t", "number": int64(5)}},
	}
}

func ownProgram(t *testing.T, source string) (answer any, refused bool, err error) {
	t.Helper()
	f, err := parser.ParseFile("p.cue", source)
	if err != nil {
		t.Skip()
	}
	q, refusal := eval.Compile(eval.Package{Path: "p", Files: func() []*ast.File { return []*ast.File{f} }}).Question("p", "out")
	if refusal != nil {
		return nil, true, nil
	}
	a, err := q.Ask(given{"self": programInput()})
	if err != nil {
		return nil, false, err
	}
	answer, err = a.Data()
	return answer, false, err
}

// cueProgram asks CUE, of which a struct that is asked about has its input from the start: what is wrong only without it is no mistake.
func cueProgram(source string) (any, error) {
	input, err := json.Marshal(programInput())
	if err != nil {
		return nil, err
	}
	v := cuecontext.New().CompileString(fmt.Sprintf("%s\nasked: out & {#self: %s}\n", source, input))
	return decode(lookup(v, "asked"))
}

// writer writes a program by choices.
type writer struct {
	choices []byte
	fields  []string // that are in scope
}

// pick is one of n.
func (w *writer) pick(n int) int {
	if len(w.choices) == 0 {
		return 0
	}
	c := w.choices[0]
	w.choices = w.choices[1:]
	return int(c) % n
}

func (w *writer) of(all ...string) string { return all[w.pick(len(all))] }

// program is a package with definitions, and a struct "out" that is asked.
func (w *writer) program() string {
	var b strings.Builder
	b.WriteString("package p\nimport (\"strings\", \"list\", \"strconv\", \"math\")\n_use: [strings.MinRunes, list.MinItems, strconv.Atoi, math.Pi]\n")
	fmt.Fprintf(&b, "#Part: {\n\tname: string\n\tport: *%d | int\n\tlabel: \"\\(name)-\\(port)\"\n\t#of?: _\n\t...\n}\n", w.pick(9))
	fmt.Fprintf(&b, "#Named: {\n\t#of: _\n\tmetadata: {name: #of.name, if #of.%s != _|_ {found: true}}\n\tspec: %s\n}\n", w.of("port", "missing", "nested.deep", "none"), w.of("{...}", "{replicas: *1 | int, ...}", "{items: [...string], ...}"))
	b.WriteString("#Closed: {c: 1, d: {e: 2}}\n")
	fmt.Fprintf(&b, "#Both: {b: 1, %s}\n", w.of("#Closed", "if true {#Closed}", "if true {#Closed, x: 1}", "d: _"))
	fmt.Fprintf(&b, "constants: {a: %s, b: \"text\", list: [1, 2, 3]}\n", w.of("1", "\"x\"", "true", "1.5"))
	b.WriteString("out: {\n\t#self: _\n")
	if w.pick(3) == 0 {
		b.WriteString("\tlet local = " + w.expression(2) + "\n\tkept: [local]\n")
		w.fields = append(w.fields, "local")
	}
	for i := range 1 + w.pick(5) {
		name := fmt.Sprintf("f%d", i)
		text := w.declaration(name)
		b.WriteString("\t" + text + "\n")
		if !strings.HasPrefix(text, "if ") {
			w.fields = append(w.fields, name)
		}
	}
	b.WriteString("}\n")
	return b.String()
}

// declaration is a field, a condition, a loop or an embedding of a struct.
func (w *writer) declaration(name string) string {
	switch w.pick(10) {
	case 8, 9:
		return name + ": " + w.embedding()
	case 0:
		return fmt.Sprintf("if %s {%s: %s}", w.condition(2), name, w.expression(2))
	case 1:
		return fmt.Sprintf("%s: {for k, v in #self.%s {(k): %s}}", name, w.of("labels", "none", "nested"), w.of("v", "\"\\(k)\"", "k", w.expression(1)))
	case 2:
		return fmt.Sprintf("%s: %s", name, w.object(2))
	case 3:
		return fmt.Sprintf("%s: #Named & {#of: #self, spec: %s}", name, w.of("{}", "{replicas: 3}", "{items: [\"x\"]}", "{other: "+w.expression(1)+"}"))
	case 4:
		return fmt.Sprintf("%s: {%s, name: %s}", name, "#Part", w.of("\"n\"", "#self.name", w.expression(1)))
	case 5:
		return fmt.Sprintf("%s: *%s | %s", name, w.of("1", "2"), w.of("int", "string", "_"))
	}
	return fmt.Sprintf("%s: %s", name, w.expression(3))
}

// further stands before fields that a struct with closed definitions may not have. Where these are embedded on a condition that inputs decide, CUE takes them.
const further = "} & {"

// embedding is a struct with definitions in it that are closed, and now and then further fields.
func (w *writer) embedding() string {
	var parts []string
	for range 1 + w.pick(3) {
		parts = append(parts, w.of("#Closed", "#Both", "x: 1", "d: {e: 2}", "#Closed & {c: 1}", "{#Both}",
			"if #self.on {"+w.of("#Closed", "#Both", "#Closed, x: 1", "{#Both}", "if #self.on {#Closed}", "x: 1", "#Closed & {d: _}")+"}",
			"for k in #self.names {"+w.of("#Closed", "#Both, (k): 1", "(k): #Closed")+"}", "n: {#Closed, y: 1}"))
	}
	return "{" + strings.Join(parts, ", ") + "}" + w.of("", "", " & {y: 1}", " & {x: 1}", " & {d: f: 1}", " & {d: e: 2}")
}

// missing is now and then what is not there, or of another type.
func (w *writer) missing() string {
	if w.pick(5) == 0 {
		return w.of("#self.missing", "#self.none.missing", "#self.none")
	}
	return "#self.port"
}

func (w *writer) object(depth int) string {
	var b strings.Builder
	for i := range 1 + w.pick(3) {
		switch w.pick(4) {
		case 0:
			fmt.Fprintf(&b, "if %s {g%d: %s}, ", w.condition(depth-1), i, w.expression(depth-1))
		case 1:
			fmt.Fprintf(&b, "\"\\(#self.name)-%d\": %s, ", i, w.expression(depth-1))
		default:
			fmt.Fprintf(&b, "g%d: %s, ", i, w.expression(depth-1))
		}
	}
	return "{" + b.String() + "}"
}

func (w *writer) condition(depth int) string {
	if depth <= 0 {
		return w.of("true", "false", "#self.on", "#self.off")
	}
	switch w.pick(6) {
	case 0:
		return "#self." + w.of("port", "missing", "nested.deep.text", "nested.none", "labels.x") + w.of(" != _|_", " == _|_")
	case 1:
		return "len(" + w.listing(1) + ") " + w.of("> 0", "== 0", "<= 2")
	case 2:
		return w.condition(depth-1) + w.of(" && ", " || ") + w.condition(depth-1)
	case 3:
		return "!(" + w.condition(depth-1) + ")"
	case 4:
		return w.text(1) + w.of(" == ", " != ", " < ", " =~ ") + w.of("\"orders\"", "\"b\"", "\"^o\"")
	}
	return w.number(1) + w.of(" == ", " != ", " < ", " >= ") + w.number(1)
}

func (w *writer) text(depth int) string {
	if depth <= 0 {
		return w.of("\"x\"", "\"\"", "#self.name", "#self.nested.deep.text", "#self.labels.x", "constants.b", "#self.names[1]", "#self.labels.y", "#self.name", w.missing())
	}
	switch w.pick(6) {
	case 0:
		return fmt.Sprintf("\"a\\(%s)b\\(%s)\"", w.text(depth-1), w.number(depth-1))
	case 1:
		return w.of("strings.ToUpper(", "strings.ToLower(", "strings.TrimSpace(") + w.text(depth-1) + ")"
	case 2:
		return fmt.Sprintf("strings.%s", w.of("Replace(", "Replace(")) + w.text(depth-1) + ", \"o\", \"-\", -1)"
	case 3:
		return "strings.Join(" + w.of("#self.names", "list.SortStrings(#self.names)", w.listing(depth-1)) + ", \",\")"
	case 4:
		return w.text(depth-1) + " + " + w.text(depth-1)
	}
	return w.of("strconv.FormatInt("+w.number(depth-1)+", 10)", "#self.names["+w.of("0", "1", "5")+"]", w.text(0))
}

func (w *writer) number(depth int) string {
	if depth <= 0 {
		return w.of("1", "0", "-2", "#self.port", "#self.nested.deep.number", "7", "#self.ports[0]", w.missing())
	}
	switch w.pick(4) {
	case 0:
		return "(" + w.number(depth-1) + w.of(" + ", " - ", " * ") + w.number(depth-1) + ")"
	case 1:
		return "len(" + w.of("#self.names", "#self.labels", "#self.name", w.listing(depth-1)) + ")"
	case 2:
		return w.of("div(", "mod(") + w.number(depth-1) + ", 3)"
	}
	return w.of("math.Floor("+w.number(depth-1)+" / 2)", w.number(0))
}

func (w *writer) listing(depth int) string {
	if depth <= 0 {
		return w.of("[]", "[1, 2]", "#self.names", "#self.ports", "#self.empty", "constants.list")
	}
	switch w.pick(6) {
	case 0:
		return fmt.Sprintf("[for x in %s {%s}]", w.listing(depth-1), w.of("x", "\"\\(x)\"", "{v: x}", w.expression(depth-1)))
	case 1:
		return fmt.Sprintf("[for i, x in %s if %s {%s}]", w.listing(depth-1), w.of("i > 0", "x != \"a\"", w.condition(depth-1)), w.of("x", "i"))
	case 2:
		return fmt.Sprintf("list.Concat([%s, %s])", w.listing(depth-1), w.listing(depth-1))
	case 3:
		return fmt.Sprintf("[%s, if %s {%s}]", w.expression(depth-1), w.condition(depth-1), w.expression(depth-1))
	case 4:
		return w.of("list.SortStrings(#self.names)", "strings.Split("+w.text(depth-1)+", \"e\")", "[for k, _ in #self.labels {k}]")
	}
	return "[" + w.expression(depth-1) + ", " + w.expression(depth-1) + "]"
}

func (w *writer) expression(depth int) string {
	if depth <= 0 {
		if n := len(w.fields); n > 0 && w.pick(3) == 0 {
			return w.fields[w.pick(n)]
		}
		return w.of("1", "\"x\"", "true", "null", "#self.name", "#self.port", "#self.on", "#self.names", "#self.labels", "constants.a", "constants.list", w.missing())
	}
	switch w.pick(8) {
	case 0:
		return w.text(depth)
	case 1:
		return w.number(depth)
	case 2:
		return w.condition(depth)
	case 3:
		return w.listing(depth)
	case 4:
		return w.object(depth)
	case 5:
		return fmt.Sprintf("[if %s {%s}, %s][0]", w.condition(depth-1), w.expression(depth-1), w.expression(depth-1))
	case 6:
		return fmt.Sprintf("(%s & %s)", w.expression(depth-1), w.of("_", "string", "int", w.expression(depth-1)))
	}
	return w.expression(0)
}
