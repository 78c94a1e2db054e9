package eval_test

import (
	"testing"

	"platc.dev/platc/compiler/kind"
)

// TestConstructsAnswerAsCUE holds every construct against CUE.
func TestConstructsAnswerAsCUE(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"scalars":                   `x: {a: 1, b: "t", c: true, d: null, e: 1.50, f: -3, g: 0o17, h: 1_000, i: 1Ki, j: 1e3}`,
		"numbers as text":           `x: {a: "\(1.50)", b: "\(1e3)", c: "\(6/3)", d: "\(true)", e: "\(-2)", f: "\(0.1+0.2)", g: "\(1.5*2)", h: "\(-1e3)", i: "\(10/4)"}`,
		"arithmetic":                `x: {a: 1 + 2*3, b: 7/2, c: div(-7, 2), d: mod(-7, 2), e: quo(-7, 2), f: rem(-7, 2), g: "ab"*3, h: 2*"ab", i: "a"+"b", j: -(1+2)}`,
		"comparisons":               `x: {a: 1 < 2, b: "a" >= "b", c: 1 == 1.0, d: "a" =~ "^[ab]$", e: "a" !~ "b", f: !true, g: true && false, h: true || false, i: [1, 2] == [1, 2], j: null == null, k: "a" != 1, l: {a: 1} == {a: 1}}`,
		"references":                "y: {a: 1, b: {c: a}}\nx: {d: y.b.c, e: y[\"a\"], f: y}",
		"scopes":                    `x: {a: 1, b: {a: 2, c: a}, d: {e: a}}`,
		"late binding":              "#A: {n: int, m: n + 1}\nx: #A & {n: 4}",
		"late binding of nested":    "#A: {n: int, l: {m: {k: n}}}\nx: {y: #A & {n: 4}}.y",
		"definition in definition":  "#A: {#of: _, l: #of.n}\n#B: {#of: _, a: (#A & {#of: X}).l\n let X = #of}\nx: #B & {#of: n: 5}",
		"let":                       `x: {let a = 1, b: a + 1, let c = b + 1, d: c}`,
		"let in comprehension":      `x: [for v in [1, 2] let w = v * 2 {w}]`,
		"hidden":                    `x: {_a: 1, b: _a}`,
		"embedded struct":           "y: {a: 1}\nx: {y, b: 2}",
		"embedded twice":            "y: {a: 1}\nx: {y, y, a: 1}",
		"conditions":                `x: {if true {a: 1}, if false {b: 2}, if 1 < 2 if 2 < 3 {c: 3}}`,
		"loops":                     `x: {for k, v in {a: 1, b: 2} {"\(k)1": v}, l: [for i, v in ["p", "q"] {"\(i)\(v)"}], m: [for v in [1, 2, 3] if v > 1 for w in [v, v] {w}]}`,
		"computed names":            "y: \"k\"\nx: {(y): 1, \"\\(y)2\": 2}",
		"choice":                    `x: {a: [if true {1}, 2][0], b: [if false {1}, 2][0], c: [for v in [7, 8] {v}, 9][1]}`,
		"choice of structs":         "x: {a: [if false {b: 1}, {c: 2}][0], d: {[if true {e: 1}, {}][0], f: 2}}",
		"defaults":                  `x: {a: *1 | int, b: *1 | int, b: 2, c: *"p" | "q" | "r", c: "r"}`,
		"default list":              "#A: {#l: [...] | *[], m: #l}\nx: {a: #A, b: #A & {#l: [1]}}",
		"default of a reference":    "#A: {#of: _, #n: *#of.n | string, m: #n}\nx: {a: #A & {#of: n: \"p\"}, b: #A & {#of: n: \"p\", #n: \"q\"}}",
		"default under a condition": "#A: {#of: _, #p: *false | bool\n if #of {#p: true}\n q: #p}\nx: {a: #A & {#of: true}, b: #A & {#of: false}}",
		"types and bounds":          `x: {a: int & >=1 & <=5, a: 3, b: string, b: "t", c: =~"^a" & !~"b", c: "ac", d: number & 1.5, e: uint8 & 200, f: !=3, f: 4, g: >"a", g: "b"}`,
		"optional":                  "#A: {a?: int, b: [if a != _|_ {a}, 0][0]}\nx: {p: #A, q: #A & {a: 3}}",
		"required":                  "#A: {a!: int}\nx: #A & {a: 3}",
		"patterns":                  `x: {[string]: int, a: 1, b: 2}`,
		"patterns of names":         `x: {[=~"^a"]: string, a1: "t", b: 2}`,
		"ellipsis":                  "#A: {a: 1, ...}\nx: #A & {b: 2}",
		"lists":                     `x: {a: [1, "b", {c: 2}], b: [...int] & [1, 2], c: [_, 2] & [1, _], d: [...{n: int, m: *3 | int}] & [{n: 1}]}`,
		"index":                     "y: [1, {a: 2}]\nx: {p: y[0], q: y[1].a, r: {a: 1, b: 2}[\"b\"], s: len(y)}",
		"presence":                  "y: {a: 1, b: {}}\nx: {p: y.a != _|_, q: y.b.c != _|_, r: y.b.c == _|_, s: [if y.z != _|_ {1}, 2][0]}",
		"texts of several lines":    "y: \"n\"\nx: \"\"\"\n\ta \\(y)\n\t  b\n\n\tc\\\\d\n\t\"\"\"",
		"raw texts":                 `x: {a: #"a\(1)"#, b: #"a\#(1)"#}`,
		"len":                       `x: {a: len("äb"), b: len([1, 2]), c: len({a: 1, #b: 2, _c: 3})}`,
		"two files' worth of units": "#A: {a: 1}\n#A: {b: 2}\nx: #A",
		"package let":               "let y = {a: 1}\nx: y.a",
		"merge of references":       "y: {a: 1}\nz: {b: 2}\nx: y & z & {c: 3}",
		"scalar in braces":          `x: {a: {"t"}, b: {{3}}, c: {[1]}}`,
		"scalar with definitions":   `x: {a: {#n: 1, #n + 1}}`,
		"strings":                   `x: {a: strings.Join(["a", "b"], "-"), b: strings.Split("a,b", ","), c: strings.ToUpper("a"), d: strings.Replace("aaa", "a", "b", 2), e: strings.TrimRight("a--", "-"), f: strings.HasPrefix("ab", "a"), g: strings.Fields(" a b "), h: strings.SliceRunes("äbc", 0, 2), i: strings.Repeat("a", 3), j: strings.ToTitle("a b"), k: strings.Index("ab", "b"), l: strings.SplitN("a,b,c", ",", 2), m: strings.Count("aa", "a"), n: strings.TrimSpace(" a "), o: strings.MinRunes("abc", 2)}`,
		"list":                      `x: {a: list.Concat([[1], [2, 3]]), b: list.SortStrings(["b", "a"]), c: list.Contains([1, 2], 2), d: list.Max([1, 3, 2]), e: list.Min([1.5, 3]), f: list.Sum([1, 2]), g: list.Range(0, 6, 2), h: list.Take([1, 2], 1), i: list.Drop([1, 2], 1), j: list.Slice([1, 2, 3], 1, 2), k: list.Repeat([1], 2), l: list.Reverse([1, 2]), m: list.FlattenN([1, [2, [3]]], 1), n: list.Avg([1, 2]), o: list.Product([2, 3]), p: list.IsSortedStrings(["a"]), q: list.Max([1.0, 2.0])}`,
		"strconv":                   `x: {a: strconv.Atoi("12"), b: strconv.Quote("a\"b"), c: strconv.FormatInt(10, 16), d: strconv.ParseInt("7f", 16, 64), e: strconv.ParseBool("true"), f: strconv.FormatBool(false)}`,
		"regexp":                    `x: {a: regexp.ReplaceAll("[0-9]+", "a12b", "-"), b: regexp.Match("^a", "ab"), c: regexp.Find("[0-9]+", "a12b3"), d: regexp.FindAll("[0-9]+", "a12b3", -1), e: regexp.FindSubmatch("a(.)", "ab"), f: regexp.ReplaceAllLiteral("a", "ab", "$1"), g: regexp.QuoteMeta("a.b")}`,
		"math":                      `x: {a: math.Floor(2.7), b: math.Ceil(2.1), c: math.Round(2.5), d: math.Trunc(-2.5), e: math.Abs(-3), f: math.Pow(2, 10), g: math.MultipleOf(6, 3), h: math.Floor(7/2), i: math.RoundToEven(2.5)}`,
		"hashes":                    `x: {a: hex.Encode(sha256.Sum256("a")), b: hex.Encode(sha1.Sum("a")), c: hex.Encode(md5.Sum("a")), d: base64.Encode(null, "a")}`,
		"net":                       `x: {a: net.IPv4("10.0.0.1"), b: net.IP("::1"), c: net.PathEscape("a b"), d: net.QueryEscape("a b")}`,
		"json":                      `x: {a: json.Marshal({b: 1, a: ["<", true, null]})}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			agree(t, body, nil, true)
		})
	}
}

// TestMistakesAreLeftToCUE gives sources that CUE finds a mistake in: the evaluator may not answer.
func TestMistakesAreLeftToCUE(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"two values":             `x: {a: 1, a: 2}`,
		"type":                   `x: {a: string, a: 2}`,
		"integer and float":      `x: {a: int, a: 2.0}`,
		"bound":                  `x: {a: >5, a: 2}`,
		"pattern":                `x: {a: =~"^b", a: "a"}`,
		"enumeration":            `x: {a: "p" | "q", a: "r"}`,
		"default":                `x: {a: *"p" | "q", a: "r"}`,
		"open":                   `x: {a: string}`,
		"open choice":            `x: {a: "p" | "q"}`,
		"missing":                "y: {}\nx: {a: y.b}",
		"missing condition":      "y: {}\nx: {if y.b {c: 1}}",
		"missing in a text":      "y: {}\nx: \"a\\(y.b)\"",
		"condition of a text":    `x: {if "a" {c: 1}}`,
		"index":                  `x: [1][3]`,
		"division":               `x: 1 / 0`,
		"operands":               `x: 1 + "a"`,
		"list too long":          `x: [int] & [1, 2]`,
		"item type":              `x: [...string] & [1]`,
		"item of another shape":  `x: [...{n: string}] & [{n: 1}]`,
		"pattern of names":       `x: {[string]: int, a: "t"}`,
		"definition unread":      `x: {a: 1, #b: int, #b: "t"}`,
		"list and struct":        `x: [] & {}`,
		"empty struct and list":  "y: {}\nx: {#l: [...string], #l: y, m: [for v in #l {v}]}",
		"loop over a text":       `x: [for v in "abc" {v}]`,
		"join of numbers":        `x: strings.Join([1], "")`,
		"no match":               `x: regexp.Find("b", "a")`,
		"empty list":             `x: list.Max([])`,
		"Unknown name of a let":  "x: {let a = {b: 1}, c: a.d}",
		"required and unread":    "#A: {a!: int}\nx: #A",
		"two defaults":           `x: {a: *"a" | "b", a: *"b" | "a"}`,
		"contradiction unread":   `x: {a: [if 1 > 2 {"t" & int}, 2][0]}`,
		"required field missing": "#A: {a!: int, b: a}\nx: #A",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			agree(t, body, nil, false)
		})
	}
}

// TestQuestionsAreRefused says what is outside, where, and in which words.
func TestQuestionsAreRefused(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`x: {a: 'bytes'}`:                       "p.cue:2:8: bytes are used",
		`x: {a: *1}`:                            "p.cue:2:8: a default stands outside of a disjunction",
		`x: {a: *1 | *2}`:                       "p.cue:2:8: a disjunction has several defaults",
		`x: {A=a: 1, b: A}`:                     "p.cue:2:5: a name of this form is used",
		`x: {a: _|_}`:                           "p.cue:2:8: _|_ stands outside of a comparison",
		`x: {a: close({})}`:                     "p.cue:2:8: the function close is called",
		`x: {a: strings.Join(["a"])}`:           "p.cue:3:8: strings.Join is called with 1 arguments, and takes 2",
		`x: {a: strings.Nothing("a")}`:          "p.cue:3:8: the function strings.Nothing is called",
		"#A: {b: 'bytes'}\nx: {a: {c: #A}}":     "p.cue:2:9: bytes are used",
		"#A: {b: nobody}\n#B: #A\nx: {a: #B.c}": "p.cue:2:9: the name nobody is not known",
	} {
		_, r := program(t, body).Question("example.com/p", "x")
		if r == nil {
			t.Errorf("%s is compiled", body)
			continue
		}
		if got := r.Pos.String() + ": " + r.Reason; got != want {
			t.Errorf("%s\nis refused with %s\nwant %s", body, got, want)
		}
	}
}

// TestRefusalsReachNoFurther says that what stands beside a question does not refuse it.
func TestRefusalsReachNoFurther(t *testing.T) {
	t.Parallel()
	p := program(t, "x: {describe: {#self: _, name: kind + \"-\" + #self.name}, kind: \"k\", attributes: 'bytes'}\n")
	q, r := p.Question("example.com/p", "x", "describe")
	if r != nil {
		t.Fatal(r)
	}
	a, err := q.Ask(map[string]kind.Object{"self": {"name": "db"}})
	if err != nil {
		t.Fatal(err)
	}
	if data, err := a.Look("name").Data(); err != nil || data != "k-db" {
		t.Errorf("name is %v, %v", data, err)
	}
	if _, r := p.Question("example.com/p", "x"); r == nil {
		t.Error("the whole is not refused")
	}
}

// TestTrapsAreKnown holds what an evaluator of CUE is likely to get wrong against CUE.
func TestTrapsAreKnown(t *testing.T) {
	t.Parallel()
	self := map[string]kind.Object{"self": {"name": "db", "attrs": map[string]any{"n": nil, "on": false, "many": []any{"b", "a"}}, "host": ""}}
	for name, body := range map[string]string{
		"1 self-reference":             "#L: {#of: _, l: #of.name}\n#P: {#of: _\n let _of = #of\n #L & {#of: _of}\n m: #of.host}\nx: {#self: _, a: #P & {#of: #self}}",
		"2 order of comprehensions":    "#K: {g?: [...]\n if g != _|_ {o: 1}\n}\nx: {#self: _, a: #K & {if !#self.attrs.on {g: [1]}}, b: #K}",
		"3 order of fields":            `x: {#self: _, a: list.SortStrings([for k, _ in {for m in #self.attrs.many {(m): 1}} {k}])}`,
		"3 an embedding's fields":      "y: {b: 1}\nx: {#self: _, l: [for k, v in {c: 1, y, a: 2} {k}]}",
		"3 computed fields":            `x: {#self: _, l: [for k, v in {(#self.name): 1, a: 2} {k}]}`,
		"3 joined":                     `x: {#self: _, l: strings.Join([for k, v in {(#self.name): 1, a: 2} {k}], "")}`,
		"4 a fault poisons a list":     `x: {#self: _, a: [if len([for m in #self.missing {m}]) > 0 {1}, 2][0]}`,
		"4 but not that of an item":    `x: {#self: _, a: [1, 1/0][0]}`,
		"4 nor behind the chosen item": `x: {#self: _, a: [1, if #self.missing {2}][0]}`,
		"5 nil is not filled in":       `x: {#self: _, a: #self.attrs.n != _|_}`,
		"5 nil is not null":            `x: {#self: _, a: #self.attrs.n}`,
		"6 lists are checked":          "#A: {#l: [...{name: string}], a: len(#l)}\nx: {#self: _, b: #A & {#l: [{name: 1}]}}",
		"6 structs are checked":        `x: {#self: _, a: {...}, a: #self.name}`,
		"7 missing is no mistake":      "y: {a: b.c, b: {}}\nx: {#self: _, a: [if #self.attrs.none.more != _|_ {1}, 2][0]}",
		"7 a condition may not miss":   `x: {#self: _, if #self.attrs.none {a: 1}}`,
		"8 defaults give way":          "#A: {#d: *\"p\" | string, a: #d}\nx: {#self: _, a: #A & {#d: #self.name}, b: #A}",
		"8 defaults that meet":         "#L: {#of: _, #p: *#of | {...}\n let p = #p\n l: p.name}\n#P: {#of: _, #p: *#of | {...}\n let of = #of\n let p = #p\n #L & {#of: of, #p: p}}\nx: {#self: _, a: #P & {#of: #self}}",
		"9 a quoted label is no name":  `x: {#self: _, let host = #self.name, a: {"host": host}}`,
		"9 a field again is a name":    "#A: {#c: a: 1}\nx: {#self: _, #A, #c: _, b: #c}",
		"9 an optional field too":      "#A: {c?: int, d: {e: [if c != _|_ {c}, 0][0]}}\nx: {#self: _, a: #A, b: #A & {c: 3}}",
		"10 a let of each instance":    "#A: {#n: int, let m = #n * 2, a: m}\nx: {#self: _, a: #A & {#n: 1}, b: #A & {#n: 2}}",
		"10 braces around one thing":   `x: {#self: _, a: [for m in #self.attrs.many {m}]}`,
		"11 decimals":                  `x: {#self: _, a: "\(1.50) \(6/3) \(1e3) \(0.1+0.2) \(7.0/2)"}`,
		"12 closed":                    "#A: {a: 1}\nx: {#self: _, b: #A & {typo: 1}}",
		"12 but for definitions":       "#A: {a: 1}\nx: {#self: _, b: #A & {#typo: 1}}",
		"12 and embeddings":            "#A: {a: 1, b: c: 1}\nx: {#self: _, d: {#A, typo: 1, b: e: 1}}",
		"12 closed below":              "#A: {a: b: 1}\nx: {#self: _, c: #A & {a: typo: 1}}",
		"12 closed items":              "#A: {#l: [...{n: int}], a: len(#l)}\nx: {#self: _, b: #A & {#l: [{n: 1, typo: 2}]}}",
		"12 closed by an embedding":    "#A: {a: 1}\nx: {#self: _, b: {#A, c: {d: 1}} & {c: typo: 1}}",
		"13 alternatives are held":     `x: {#self: _, a: *"p" | "q", a: #self.name}`,
		"13 of structs":                `x: {#self: _, a: {n: 1} | *{m: 1}, a: {m: 1}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			agree(t, body, self, false)
		})
	}
}

// TestComprehensionsEmbed holds what a comprehension gives to what an embedding does: it adds fields, and a definition in it closes the literal around it.
func TestComprehensionsEmbed(t *testing.T) {
	t.Parallel()
	definitions := "#A: {a: 1}\n#B: {b: 2}\n#D: {d: 1\n if true {#B}\n}\n"
	for body, answered := range map[string]bool{
		"{#A, if true {#B}, y: 1}":                             true,
		"{if true {#B}, y: 1}":                                 true,
		"{y: 1, if true {#B, #A}}":                             true,
		"{y: 1, if true {#B & {b: 2}}}":                        true,
		"{y: 1, for k in [\"p\"] {#B, (k): 1}}":                true,
		"{y: 1, if true {z: 1}} & {w: 1}":                      true,
		"{if true {#B}, if true {#A}}":                         true,
		"{for k in [\"p\", \"q\"] {#B, (k): 1}}":               true,
		"{for k in [\"p\", \"q\"] {#B, (k): 1}, if true {#A}}": true,
		"{#D, y: 1}":                             true,
		"#D":                                     true,
		"{if true {#B}, y: 1} & {z: 2}":          false,
		"{y: 1, if true {#B, #A}} & {z: 1}":      false,
		"{y: 1, if true {#B & {b: 2}}} & {z: 1}": false,
		"{y: 1, for k in [\"p\"] {#B, (k): 1}} & {z: 1}": false,
		"{y: 1, if true {{#B}}} & {z: 1}":                false,
		"{if true {if true {#B}}, y: 1} & {z: 2}":        false,
		"{if true {#B}} & {z: 2}":                        false,
		"#D & {z: 1}":                                    false,
	} {
		agree(t, definitions+"x: "+body, nil, answered)
	}
}

// TestTrapsAreAnswered says which of the traps the evaluator answers itself.
func TestTrapsAreAnswered(t *testing.T) {
	t.Parallel()
	self := map[string]kind.Object{"self": {"name": "db", "on": false, "host": ""}}
	for _, body := range []string{
		"#L: {#of: _, l: #of.name}\n#P: {#of: _\n let _of = #of\n #L & {#of: _of}\n m: #of.host}\nx: {#self: _, a: #P & {#of: #self}}",
		"#K: {g?: [...]\n if g != _|_ {o: 1}\n}\nx: {#self: _, a: #K & {if !#self.on {g: [1]}}, b: #K}",
		"#A: {a: 1, b: c: 1}\nx: {#self: _, d: {#A, typo: 1, b: e: 1}}",
		"#A: {a: 1}\nx: {#self: _, b: #A & {#typo: 1}}",
		`x: {#self: _, a: [1, 1/0][0]}`,
		`x: {#self: _, let host = #self.name, a: {"host": host}}`,
	} {
		agree(t, body, self, true)
	}
}
