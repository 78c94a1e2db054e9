package kind_test

import (
	"maps"
	"math/big"
	"reflect"
	"strings"
	"testing"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/kind"
)

type object = kind.Object

// given makes what a user wrote of plain data; each value stands on a line of its own, each key before it.
func given(key string, data any) *kind.Given {
	line := 0
	var read func(key string, data any) *kind.Given
	read = func(key string, data any) *kind.Given {
		line++
		g := &kind.Given{Key: key, KeyPos: diag.Pos{File: "a", Line: line, Column: 1}, Pos: diag.Pos{File: "a", Line: line, Column: 2}, Concrete: true}
		switch d := data.(type) {
		case []field:
			g.Struct = true
			for _, f := range d {
				g.Fields = append(g.Fields, read(f.key, f.data))
			}
		case []any:
			g.List = true
			for _, item := range d {
				g.Items = append(g.Items, read("", item))
			}
		case open:
			g.Concrete, g.Text = false, string(d)
		case broken:
			g.Concrete, g.Invalid = false, true
		default:
			g.Scalar = data
		}
		return g
	}
	return read(key, data)
}

type field struct {
	key  string
	data any
}

type (
	open   string   // a value that is not concrete
	broken struct{} // one that CUE found an error in
)

func basic(name string) *kind.Check { return &kind.Check{Basic: name} }

func lowerCase() *kind.Pattern {
	p, err := kind.NewPattern("^[a-z]+$")
	if err != nil {
		panic(err)
	}
	return p
}

func text() *kind.Type { return &kind.Type{Text: "string", Check: basic("string")} }

// full has one attribute of every form.
func full() *kind.Type {
	return &kind.Type{IsStruct: true, Fields: []kind.Field{
		{Name: "name", Required: true, Type: &kind.Type{Text: "string", Help: "a name", Check: basic("string")}},
		{Name: "port", Type: &kind.Type{Text: "*80 | int", Check: &kind.Check{All: []*kind.Check{basic("int"), {Op: "<=", Limit: int64(65535)}}}, Default: int64(80)}},
		{Name: "class", Type: &kind.Type{Text: "string", Check: basic("string"), Optional: true}},
		{Name: "memory", Type: &kind.Type{Text: "string", Check: basic("string"), Quantity: true, Default: "1Gi", Help: "a quantity"}},
		{Name: "space", Type: &kind.Type{Text: "string", Check: &kind.Check{Op: "==", Limit: "apps"}, Code: "E0108", Optional: true}},
		{Name: "list", Type: &kind.Type{IsList: true, Elem: text(), Default: []any{}}},
		{Name: "labels", Type: &kind.Type{IsMap: true, Elem: text(), Keys: lowerCase(), Help: "lower-case names"}},
		{Name: "names", Type: &kind.Type{IsMap: true, Optional: true, Elem: &kind.Type{Text: "string | null", Check: &kind.Check{Any: []*kind.Check{basic("string"), basic("null")}}}}},
		{Name: "inner", Type: &kind.Type{IsStruct: true, Fields: []kind.Field{{Name: "ref", Type: &kind.Type{Text: "string", Check: basic("string"), Default: "main"}}, {Name: "path", Type: &kind.Type{Text: "string", Check: basic("string"), Optional: true}}}}},
		{Name: "tls", Type: &kind.Type{IsStruct: true, Optional: true, Fields: []kind.Field{{Name: "secret", Required: true, Type: text()}}}},
		{Name: "any", Type: &kind.Type{Text: "string | {env: string}", Optional: true, Check: &kind.Check{Any: []*kind.Check{basic("string"), {Fits: &kind.Type{
			IsStruct: true, Fields: []kind.Field{{Name: "env", Required: true, Type: text()}},
		}}}}}},
	}}
}

// defaults are what full gives without attributes but name.
func defaults(more object) object {
	o := object{"name": "x", "port": int64(80), "memory": "1Gi", "list": []any{}, "labels": object{}, "inner": object{"ref": "main"}}
	maps.Copy(o, more)
	return o
}

func TestCompleteFillsDefaultsAndReportsWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	big1, _ := new(big.Int).SetString("99999999999999999999", 10)
	for _, c := range []struct {
		what string
		data []field
		want object
		code string // of the one finding, with line and column
		says string // in its message or help
	}{
		{"the defaults", nil, defaults(nil), "", ""},
		{
			"all that may be given",
			[]field{{"port", int64(8)}, {"class", "fast"}, {"memory", "2Gi"}, {"space", "apps"}, {"list", []any{"a"}}, {"labels", []field{{"a", "b"}}}, {"names", []field{{"A", nil}, {"B", "C"}}}, {"inner", []field{{"path", "p"}}}, {"tls", []field{{"secret", "s"}}}, {"any", []field{{"env", "E"}}}},
			defaults(object{"port": int64(8), "class": "fast", "memory": "2Gi", "space": "apps", "list": []any{"a"}, "labels": object{"a": "b"}, "names": object{"A": nil, "B": "C"}, "inner": object{"ref": "main", "path": "p"}, "tls": object{"secret": "s"}, "any": object{"env": "E"}}), "", "",
		},
		{"a wrong type gives way to the default", []field{{"port", "80"}}, defaults(nil), "E0104 3:2", `its port is "80", which is not allowed; write the number 80 without quotes`},
		{"null", []field{{"class", nil}}, defaults(nil), "E0104 3:2", "its class is null"},
		{"a whole number with a fraction", []field{{"port", 80.0}}, defaults(nil), "E0104 3:2", "its port is 80.0, which"},
		{"bytes", []field{{"class", []byte("x")}}, defaults(nil), "E0104 3:2", "its class is bytes"},
		{"a number beyond 64 bits", []field{{"port", big1}}, defaults(nil), "E0104 3:2", "99999999999999999999"},
		{"a long text is cut", []field{{"port", strings.Repeat("x", 200)}}, defaults(nil), "E0104 3:2", strings.Repeat("x", 79) + "…"},
		{"a struct for a scalar", []field{{"class", []field{{"a", "b"}}}}, defaults(nil), "E0104 3:2", "its class is a struct"},
		{"a scalar for a list", []field{{"list", "a"}}, defaults(nil), "E0104 3:2", "give it a list"},
		{"a wrong item", []field{{"list", []any{"a", int64(1)}}}, defaults(object{"list": []any{"a", int64(1)}}), "E0104 5:2", "its list[1] is 1"},
		{"no quantity", []field{{"memory", "1GiB"}}, defaults(nil), "E0104 3:2", "give it a quantity"},
		{"a code of the type's own", []field{{"space", "Apps"}}, defaults(nil), "E0108 3:2", ""},
		{"an unknown field, which is read as the one that is meant", []field{{"prot", int64(1)}}, defaults(object{"port": int64(1)}), "E0102 3:1", `did you mean "port"?`},
		{"an unknown field inside", []field{{"inner", []field{{"x", "y"}}}}, defaults(nil), "E0102 4:1", "its fields are ref, path"},
		{"a missing field inside", []field{{"tls", []field{}}}, defaults(object{"tls": object{}}), "E0103 3:1", "its tls has no secret, which is required; add secret: string"},
		{"a key that is not allowed", []field{{"labels", []field{{"A", "b"}}}}, defaults(nil), "E0104 4:1", `its labels has the key "A", which is not allowed; use lower-case names`},
		{"what is not concrete", []field{{"port", open("int")}}, defaults(nil), "E0106 3:2", "its port is int, which is not a concrete value"},
		{"what is not concrete inside a choice", []field{{"any", []field{{"env", open("string")}}}}, defaults(nil), "E0106 4:2", "its any.env is string"},
		{"an unknown field with a mistake in it, which is reported already", []field{{"prot", broken{}}}, defaults(nil), "", ""},
		{"what CUE reported already", []field{{"port", broken{}}, {"list", []any{broken{}}}, {"any", []field{{"env", broken{}}}}}, object{"name": "x", "memory": "1Gi", "list": []any{nil}, "labels": object{}, "inner": object{"ref": "main"}}, "", ""},
	} {
		var list diag.List
		got := full().Complete(given("", append([]field{{"name", "x"}}, c.data...)), kind.Place{Path: "components.it", Subject: "it", KeyPos: diag.Pos{File: "a", Line: 1, Column: 1}}, &list)
		for _, v := range got.(object) {
			if v == nil {
				t.Errorf("%s: %v has a nil", c.what, got)
			}
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s:\n%v, want\n%v", c.what, got, c.want)
		}
		all := list.Sorted()
		if c.code == "" && len(all) == 0 {
			continue
		}
		if len(all) != 1 || all[0].Code+" "+strings.TrimPrefix(all[0].Pos.String(), "a:") != c.code {
			t.Errorf("%s: %v, want %s", c.what, all, c.code)
			continue
		}
		said := strings.ReplaceAll(all[0].Message+"; "+all[0].Help, "it's", "its")
		if !strings.Contains(said, c.says) {
			t.Errorf("%s: %q does not say %q", c.what, said, c.says)
		}
	}
}

func TestMissingFieldStandsAtTheKeyOfWhatLacksIt(t *testing.T) {
	t.Parallel()
	at := kind.Place{Path: "components.it", Subject: "it", KeyPos: diag.Pos{File: "a", Line: 7, Column: 3}}
	for _, g := range []*kind.Given{nil, {Struct: true, Concrete: true}} {
		var list diag.List
		full().Complete(g, at, &list)
		if all := list.Sorted(); len(all) != 1 || all[0].Code != "E0103" || all[0].Pos != at.KeyPos || all[0].Path != at.Path {
			t.Errorf("%+v", all)
		}
	}
}

func TestPlainDataFitsItsType(t *testing.T) {
	t.Parallel()
	f := full()
	for _, c := range []struct {
		name string
		data any
		want bool
	}{
		{"port", int64(1), true},
		{"port", "1", false},
		{"memory", "1Gi", true},
		{"memory", "1GiB", false},
		{"list", []any{}, true},
		{"list", []any{"a", int64(1)}, false},
		{"list", object{}, false},
		{"labels", object{"a": "b"}, true},
		{"labels", object{"A": "b"}, false},
		{"labels", []any{}, false},
		{"names", object{"X": nil}, true},
		{"tls", object{"secret": "s"}, true},
		{"tls", object{}, false},
		{"tls", object{"secret": "s", "x": "y"}, false},
		{"tls", "s", false},
		{"any", "s", true},
		{"any", object{"env": "E"}, true},
		{"any", object{"evn": "E"}, false},
		{"any", nil, false},
	} {
		if got := f.Field(c.name).Fits(c.data); got != c.want {
			t.Errorf("%s, %v: %v", c.name, c.data, got)
		}
	}
}

func TestGivenIsReadByNameAndPlace(t *testing.T) {
	t.Parallel()
	g := given("", []field{{"b", int64(1)}, {"a", []any{"x", []field{{"c", nil}}}}})
	if got := g.Data(); !reflect.DeepEqual(got, object{"b": int64(1), "a": []any{"x", object{"c": nil}}}) {
		t.Errorf("%v", got)
	}
	var none *kind.Given
	if none.Field("a") != nil || g.Field("x") != nil || g.Field("a").Key != "a" {
		t.Error("fields are found by their keys")
	}
	g.Fields[0], g.Fields[1] = g.Fields[1], g.Fields[0]
	if g.FirstPos().Line != 2 || (&kind.Given{}).FirstPos().IsValid() {
		t.Errorf("%v", g.FirstPos())
	}
}

func TestNamesFollowTheirRule(t *testing.T) {
	t.Parallel()
	r := kind.NameRule{Pattern: lowerCase(), Not: []string{"postgres"}, Help: "a lower-case name"}
	for name, want := range map[string]string{"orders": "", "postgres": "is reserved", "Orders": "is not a lower-case name", "": "is not a lower-case name"} {
		if got := r.Check(name); got != want {
			t.Errorf("%q %s, want %q", name, got, want)
		}
	}
	if got := (kind.NameRule{}).Check("Any thing"); got != "" {
		t.Error(got)
	}
}

func TestConditionsHoldForWhatIsThere(t *testing.T) {
	t.Parallel()
	self := object{
		"attrs":   object{"on": true, "off": false, "text": "x", "none": "", "zero": int64(0), "half": 0.5},
		"derived": object{"list": []any{"x"}, "empty": []any{}},
		"parts":   object{"roles": []any{object{}}, "monitors": []any{}},
		"subs":    object{"table": object{"x": object{}}, "view": object{}},
	}
	for _, c := range []struct {
		when kind.When
		want bool
		says string
	}{
		{kind.When{Attribute: "on"}, true, "attribute on"},
		{kind.When{Attribute: "off"}, false, "attribute off"},
		{kind.When{Attribute: "text"}, true, "attribute text"},
		{kind.When{Attribute: "none"}, false, "attribute none"},
		{kind.When{Attribute: "zero"}, false, "attribute zero"},
		{kind.When{Attribute: "half"}, true, "attribute half"},
		{kind.When{Attribute: "absent"}, false, "attribute absent"},
		{kind.When{Derived: "list"}, true, "derived value list"},
		{kind.When{Derived: "empty"}, false, "derived value empty"},
		{kind.When{Part: "roles"}, true, "links that bring roles"},
		{kind.When{Part: "monitors"}, false, "links that bring monitors"},
		{kind.When{Sub: "table"}, true, "sub-components table"},
		{kind.When{Sub: "view"}, false, "sub-components view"},
		{kind.When{Any: []kind.When{{Part: "monitors"}, {Sub: "table"}}}, true, "links that bring monitors or sub-components table"},
		{kind.When{Any: []kind.When{{Part: "monitors"}, {Sub: "view"}}}, false, "links that bring monitors or sub-components view"},
		{kind.When{}, false, ""},
	} {
		if got := c.when.Holds(self); got != c.want || c.when.String() != c.says {
			t.Errorf("%s: %v", c.when.String(), got)
		}
		if !c.want && (c.says != "") != (c.when.Unmet() != "") {
			t.Errorf("%s is unmet as %q", c.says, c.when.Unmet())
		}
	}
	var always *kind.When
	if !always.Holds(nil) || always.String() != "always" || always.Slots() != nil {
		t.Error("no condition always holds")
	}
	nested := kind.When{Any: []kind.When{{Part: "a"}, {Any: []kind.When{{Sub: "x"}, {Part: "b"}}}}}
	if got := nested.Slots(); !reflect.DeepEqual(got, []string{"a", "b"}) {
		t.Errorf("%v", got)
	}
}

func TestRulesOfAPair(t *testing.T) {
	t.Parallel()
	app := &kind.Kind{Name: "app", Provides: []string{"workload", "image"}}
	store := &kind.Kind{Name: "store", Provides: []string{"metrics", "sql"}}
	l := kind.Library{Rules: map[string]*kind.Rule{}, Kinds: map[string]*kind.Kind{"app": app, "store": store}}
	rules := func(from, to *kind.Kind) string {
		var all []string
		for _, r := range l.RulesOf(from, to) {
			all = append(all, r.Name())
		}
		return strings.Join(all, ", ")
	}
	for _, c := range []struct{ add, want string }{
		{"app -> @sql", "app -> @sql"},
		{"app -> @metrics", "app -> @metrics"}, // in the order of what the target provides
		{"app -> store", "app -> store"},       // the target's name wins
		{"@image -> @sql", "app -> store, @image -> @sql"},
		{"@image -> store", "app -> store, @image -> store"},
		{"@workload -> store", "app -> store, @workload -> store, @image -> store"},
	} {
		from, to, _ := strings.Cut(c.add, " -> ")
		l.Rules[c.add] = &kind.Rule{From: from, To: to}
		if got := rules(app, store); got != c.want {
			t.Errorf("with %s the rules are %s, not %s", c.add, got, c.want)
		}
	}
	if got := rules(store, app); got != "" {
		t.Errorf("the other way there is %s", got)
	}
}
