package value_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"platc.dev/platc/compiler/value"
)

// holder has a value where fmt calls no method of it.
type holder struct {
	hidden value.Value
	Shown  value.Value
	read   func() string
}

// A given secret is a function beside the value: however a struct around it is printed, its text is not there, and its name is.
func TestNoFormShowsASecret(t *testing.T) {
	t.Parallel()
	secret := value.Secret{ID: "orders:db"}
	values := []value.Value{
		secret,
		value.Concat{value.Literal("amqp://u:"), secret, value.Literal("@host")},
		value.Base64{Of: value.Concat{value.Literal("u:"), secret}},
		value.Hash{ID: "orders:db", Algorithm: "salted-sha256", Of: secret},
		value.Turn{ID: "orders:db", Of: [2]value.Value{secret, value.Secret{ID: "orders:db#2"}}},
	}
	for _, v := range values {
		h := holder{v, v, func() string { return "hunter2" }}
		for _, thing := range []any{v, &v, h, &h, []value.Value{v}, map[string]value.Value{"k": v}} {
			for _, form := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
				if text := fmt.Sprintf(form, thing); strings.Contains(text, "hunter2") {
					t.Errorf("%s of %T is %s", form, thing, text)
				}
			}
		}
		data, err := json.Marshal(map[string]value.Value{"k": v})
		if err != nil || !strings.Contains(string(data), "orders:db]") {
			t.Errorf("%s %v", data, err)
		}
		if text := value.Display(v); !strings.Contains(text, " orders:db]") || !value.IsSecret(v) {
			t.Errorf("%T is displayed as %s", v, text)
		}
		if text := fmt.Sprintf("%v", v); !strings.Contains(text, "orders:db]") {
			t.Errorf("%T is printed as %s", v, text)
		}
	}
}

func TestSecretsAreListedInOrder(t *testing.T) {
	t.Parallel()
	a, b := value.Secret{ID: "a"}, value.Secret{ID: "b", Length: 40}
	v := value.Concat{value.Literal("x"), b, value.Base64{Of: value.Concat{a, value.Literal(":")}}, value.Hash{ID: "h", Of: b}}
	if got := value.Secrets(v); !slices.Equal(got, []value.Secret{b, a, b}) {
		t.Errorf("%v", got)
	}
	if value.IsSecret(value.Concat{value.Literal("[secret a]")}) {
		t.Error("a literal that looks like a secret is none")
	}
	if value.Display(nil) != "" || value.Secrets(nil) != nil {
		t.Error("no value is displayed as nothing")
	}
}

func TestEqualComparesWhatValuesComeTo(t *testing.T) {
	t.Parallel()
	l := func(s string) value.Value { return value.Literal(s) }
	s := func(id string) value.Value { return value.Secret{ID: id} }
	classes := [][]value.Value{
		{l(""), value.Concat{}, value.Concat{l(""), value.Concat{}}},
		{l("ab"), value.Concat{l("a"), l("b")}, value.Concat{value.Concat{l("a")}, l(""), l("b")}},
		{s("a"), value.Secret{ID: "a", Length: 40}, value.Concat{s("a")}, value.Concat{l(""), value.Concat{s("a")}}},
		{l("[secret a]")},
		{l("secret \"a\"")},
		{s("b")},
		{value.Concat{l("x"), s("a"), s("b")}, value.Concat{l("x"), value.Concat{s("a"), s("b")}}},
		{value.Concat{l("x)(sa"), s("b")}},
		{value.Concat{l("x"), s("b"), s("a")}},
		{value.Base64{Of: s("a")}, value.Base64{Of: value.Concat{s("a")}}},
		{value.Base64{Of: l("a")}},
		{value.Hash{ID: "a", Algorithm: "x", Of: s("a")}},
		{value.Hash{ID: "a", Algorithm: "xa", Of: s("")}},
		{value.Hash{ID: "b", Algorithm: "x", Of: s("a")}},
		{value.Turn{ID: "a", Of: [2]value.Value{s("a"), s("b")}}, value.Concat{value.Turn{ID: "a", Of: [2]value.Value{value.Concat{s("a")}, s("b")}}}},
		{value.Turn{ID: "b", Of: [2]value.Value{s("a"), s("b")}}},
		{value.Turn{ID: "a", Of: [2]value.Value{s("b"), s("a")}}},
	}
	for i, one := range classes {
		for j, other := range classes {
			for _, a := range one {
				for _, b := range other {
					if value.Equal(a, b) != (i == j) {
						t.Errorf("%#v and %#v: equal %v", a, b, i != j)
					}
				}
			}
		}
	}
}

func TestTakenDecidesEveryTurn(t *testing.T) {
	t.Parallel()
	l, s := func(s string) value.Value { return value.Literal(s) }, func(id string) value.Value { return value.Secret{ID: id} }
	user := value.Turn{ID: "a", Of: [2]value.Value{l("u"), l("u_2")}}
	password := value.Turn{ID: "a", Of: [2]value.Value{s("a"), s("a#2")}}
	other := value.Turn{ID: "b", Of: [2]value.Value{s("b"), s("b#2")}}
	v := value.Concat{user, l(":"), value.Base64{Of: password}, value.Hash{ID: "h", Of: other}, l("@host")}
	got := value.Taken(v, func(id string) bool { return id == "a" })
	want := value.Concat{l("u_2"), l(":"), value.Base64{Of: s("a#2")}, value.Hash{ID: "h", Of: s("b")}, l("@host")}
	if fmt.Sprintf("%#v", got) != fmt.Sprintf("%#v", want) {
		t.Errorf("%#v", got)
	}
	if all := value.Turns(v); len(all) != 3 || all[0] != user || len(value.Turns(got)) != 0 {
		t.Errorf("%v", all)
	}
	if value.IsSecret(user) || !value.IsSecret(password) {
		t.Error("a turn is secret where one of its values is")
	}
}

func TestValuesAreReadFromData(t *testing.T) {
	t.Parallel()
	type object = map[string]any
	for _, c := range []struct {
		data any
		want value.Value
	}{
		{"x", value.Literal("x")},
		{true, value.Literal("true")},
		{int64(5432), value.Literal("5432")},
		{int64(1000000), value.Literal("1000000")},
		{0.5, value.Literal("0.5")},
		{value.Literal("x"), value.Literal("x")},
		{object{"secret": "a/admin"}, value.Secret{ID: "a/admin"}},
		{object{"secret": "a/admin", "length": int64(40)}, value.Secret{ID: "a/admin", Length: 40}},
		{object{"secret": "a", "hash": "salted-sha256", "of": object{"secret": "b"}}, value.Hash{ID: "a", Algorithm: "salted-sha256", Of: value.Secret{ID: "b"}}},
		{object{"secret": "b", "follows": "a"}, value.Secret{ID: "b", Follows: "a"}},
		{object{"base64": object{"secret": "a"}}, value.Base64{Of: value.Secret{ID: "a"}}},
		{object{"turn": "a", "of": []any{"u", object{"secret": "a"}}}, value.Turn{ID: "a", Of: [2]value.Value{value.Literal("u"), value.Secret{ID: "a"}}}},
		{object{"concat": []any{"a", int64(1), object{"secret": "b"}}}, value.Concat{value.Literal("a"), value.Literal("1"), value.Secret{ID: "b"}}},
		{object{"concat": []any{"a", object{"concat": []any{"b"}}}}, value.Concat{value.Literal("a"), value.Concat{value.Literal("b")}}},
	} {
		got, err := value.From(c.data)
		if err != nil || fmt.Sprintf("%#v", got) != fmt.Sprintf("%#v", c.want) {
			t.Errorf("%v is %#v (%v), want %#v", c.data, got, err, c.want)
		}
		if s, ok := c.want.(value.Secret); ok && got != s {
			t.Errorf("%v has the length %d and follows %q", c.data, got.(value.Secret).Length, got.(value.Secret).Follows)
		}
	}
	for _, data := range []any{nil, struct{}{}, object{}, object{"secrte": "a"}, object{"base64": nil}, object{"concat": []any{nil}}, []any{"x"}, object{"concat": []any{[]any{"x"}}}, object{"secret": "a", "hash": "x"}, object{"turn": "a"}, object{"turn": "a", "of": []any{"x"}}, object{"turn": "a", "of": []any{"x", nil}}, object{"turn": "a", "of": []any{"x", object{"turn": "b", "of": []any{"y", "z"}}}}} {
		if v, err := value.From(data); err == nil {
			t.Errorf("%v is taken for %#v", data, v)
		}
	}
}

func TestDataIsReadAgain(t *testing.T) {
	t.Parallel()
	for _, v := range []value.Value{
		value.Literal("a"),
		value.Secret{ID: "a"},
		value.Secret{ID: "b#previous", Length: 8, Follows: "b"},
		value.Hash{ID: "h", Algorithm: "salted-sha256", Of: value.Secret{ID: "a"}},
		value.Base64{Of: value.Literal("a")},
		value.Concat{value.Literal("a"), value.Turn{ID: "a", Of: [2]value.Value{value.Secret{ID: "a"}, value.Secret{ID: "a#2"}}}},
	} {
		got, err := value.From(value.Data(v))
		if err != nil || fmt.Sprintf("%#v", got) != fmt.Sprintf("%#v", v) || !value.Equal(got, v) {
			t.Errorf("%#v is read as %#v (%v)", v, got, err)
		}
	}
}

func TestReferencesAreToldFromStructures(t *testing.T) {
	t.Parallel()
	type object = map[string]any
	for _, c := range []struct {
		data object
		want bool
	}{
		{object{"secret": "a"}, true},
		{object{"secret": "a", "length": int64(4)}, true},
		{object{"concat": []any{}}, true},
		{object{"base64": "x"}, true},
		{object{"turn": "a", "of": []any{"x", "y"}}, true},
		{object{"turn": "a"}, false},
		{object{"turn": "a", "of": []any{}, "name": "x"}, false},
		{object{}, false},
		{object{"secret": object{"secret": "a"}}, false},
		{object{"concat": "x"}, false},
		{object{"base64": "x", "name": "y"}, false},
		{object{"name": "x"}, false},
	} {
		if got := value.IsReference(c.data); got != c.want {
			t.Errorf("%v: %v", c.data, got)
		}
	}
}

func TestKeptSecrets(t *testing.T) {
	t.Parallel()
	for _, kept := range []bool{false, true} {
		v, err := value.From(map[string]any{"base64": map[string]any{"concat": []any{"x:", map[string]any{"secret": "db/admin", "kept": kept}}}})
		if err != nil || len(value.Secrets(v)) != 1 || value.Secrets(v)[0].Kept != kept {
			t.Errorf("%v: %v %v", kept, v, err)
		}
	}
}

func TestPercent(t *testing.T) {
	t.Parallel()
	password := value.Secret{ID: "app/PASSWORD"}
	encoded := value.Encoded(value.Concat{value.Literal("a b/c"), password})
	want := value.Concat{value.Literal("a%20b%2Fc"), value.Percent{Of: password}}
	if !value.Equal(encoded, want) || value.Equal(encoded, value.Concat{value.Literal("a%20b%2Fc"), password}) {
		t.Errorf("encoded is %v", encoded)
	}
	if again, err := value.From(value.Data(encoded)); err != nil || !value.Equal(again, encoded) {
		t.Errorf("read again it is %v (%v)", again, err)
	}
	turn := value.Turn{ID: "x", Of: [2]value.Value{value.Literal("u"), value.Literal("u_2")}}
	taken := value.Taken(value.Concat{value.Percent{Of: turn}}, func(string) bool { return true })
	if value.Display(taken) != "u_2" {
		t.Errorf("the second turn is %s", value.Display(taken))
	}
	other := value.Replaced(value.Concat{value.Literal("://"), value.Percent{Of: turn}}, turn, value.Literal("m"))
	if value.Display(other) != "://m" {
		t.Errorf("replaced it is %s", value.Display(other))
	}
}

// TestDescribedTellsEverything: what differs in any field has another description, inside other values too.
func TestDescribedTellsEverything(t *testing.T) {
	t.Parallel()
	texts := map[string]value.Value{}
	add := func(v value.Value) {
		t.Helper()
		text := value.Described(v)
		if other, ok := texts[text]; ok {
			t.Errorf("%T and %T are both %s", other, v, text)
		}
		texts[text] = v
	}
	for _, base := range []value.Value{value.Secret{}, value.Hash{Of: value.Literal("")}, value.Turn{Of: [2]value.Value{value.Literal(""), value.Literal("")}}} {
		add(base)
		for i := range reflect.TypeOf(base).NumField() {
			changed := reflect.New(reflect.TypeOf(base)).Elem()
			changed.Set(reflect.ValueOf(base))
			switch f := changed.Field(i); f.Kind() {
			case reflect.String:
				f.SetString("x")
			case reflect.Int:
				f.SetInt(7)
			case reflect.Bool:
				f.SetBool(true)
			case reflect.Array:
				f.Index(1).Set(reflect.ValueOf(value.Literal("x")))
			default:
				f.Set(reflect.ValueOf(value.Literal("x")))
			}
			add(changed.Interface().(value.Value))
		}
	}
	long := value.Secret{ID: "a", Length: 9}
	for _, v := range []value.Value{
		value.Literal("a"), value.Literal("[secret a]"), long,
		value.Base64{Of: long},
		value.Percent{Of: long},
		value.Concat{long},
		value.Concat{long, long},
		value.Concat{value.Literal("a, b")},
		value.Concat{value.Literal("a"), value.Literal("b")},
		value.Hash{ID: "h", Of: long},
		value.Hash{ID: "h", Of: value.Secret{ID: "a"}},
	} {
		add(v)
	}
}
