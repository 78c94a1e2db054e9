package kind

import (
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"platc.dev/platc/compiler/diag"
)

// Place is where a value stands: its path in arch.cue, and the user's own name for what it belongs to.
type Place struct {
	Path    string // components.orders
	Subject string // orders
	KeyPos  diag.Pos
	More    []string                  // names that may stand there beside the fields of the type
	Words   Words                     // what other words for a field mean; nil: nobody knows
	Help    func(field string) string // about one that does not exist and is near no other; nil: the fields are named
}

// Words are the names that a word of another trade may mean, such as env for environment.
type Words func(word string) []string

// Complete checks what the user wrote against a type, adds the findings to list, and returns the data with defaults.
// given may be nil: then the data is the defaults alone. A value that does not fit gives way to the default, or stays where there is none, so that later checks find the next mistake.
func (t *Type) Complete(given *Given, at Place, list *diag.List) any {
	if given == nil {
		return t.absent(at, list)
	}
	if given.Invalid {
		return nil
	}
	if !given.Struct && !given.List && !given.Concrete {
		t.open(given, at, list)
		return t.Default
	}
	switch {
	case t.IsStruct && given.Struct:
		return t.completeStruct(given, at, list)
	case t.IsMap && given.Struct:
		return t.completeMap(given, at, list)
	case t.IsList && given.List:
		items := make([]any, 0, len(given.Items))
		for i, item := range given.Items {
			items = append(items, t.Elem.Complete(item, Place{Path: fmt.Sprintf("%s[%d]", at.Path, i), Subject: fmt.Sprintf("%s[%d]", at.Subject, i), KeyPos: item.Pos, Words: at.Words}, list))
		}
		return items
	case t.Check != nil:
		if given.find(func(g *Given) bool { return g.Invalid }) != nil {
			return nil
		}
		if found := t.wrongIn(given, at); len(found) > 0 {
			for _, d := range found {
				list.Add(d)
			}
			return t.inPlaceOf(given)
		}
		if inner := given.find(func(g *Given) bool { return !g.Struct && !g.List && !g.Concrete }); inner != nil {
			t.open(inner, at, list)
			return t.Default
		}
		data := given.Data()
		if t.Check.Holds(data) && (!t.Quantity || isQuantity(data)) {
			if d := t.senseless(data, at); d != nil {
				d.Pos, d.Related = given.place()
				list.Add(*d)
				return t.Default
			}
			return data
		}
	}
	code := t.Code
	if code == "" {
		code = "E0104"
	}
	value := given.describe()
	secret := t.holdsSecret()
	if secret && !given.Struct && !given.List || t.Secret {
		value = "a value that is not shown"
	}
	pos, related := given.place()
	if secret {
		pos, related = given.Pos, nil // an excerpt hides what stands there
	}
	list.Add(diag.Diagnostic{Code: code, Path: at.Path, Pos: pos, Message: fmt.Sprintf("%s is %s, which is not allowed", at.Subject, value), Help: t.instead(given), Secret: secret, Related: related})
	return t.inPlaceOf(given)
}

// inPlaceOf is what stands for a value that does not fit.
func (t *Type) inPlaceOf(given *Given) any {
	if t.Default == nil && !t.Optional {
		return given.Data()
	}
	return t.Default
}

// open reports a value that is not concrete.
func (t *Type) open(given *Given, at Place, list *diag.List) {
	list.Add(given.Open(at, t.allowed(), t.holdsSecret()))
}

// holdsSecret says whether a value of the type is a secret, or has one in it.
func (t *Type) holdsSecret() bool {
	return t != nil && (t.Secret || slices.ContainsFunc(t.Fields, func(f Field) bool { return f.Type.holdsSecret() }) || t.Elem.holdsSecret())
}

// absent is the data of a value that was not given.
func (t *Type) absent(at Place, list *diag.List) any {
	if t.Optional {
		return nil
	}
	if t.IsStruct {
		return t.completeStruct(&Given{Struct: true, Concrete: true, KeyPos: at.KeyPos, Pos: at.KeyPos}, at, list)
	}
	switch {
	case t.IsMap && t.Default == nil:
		return Object{}
	case t.IsList && t.Default == nil:
		return []any{}
	}
	return t.Default
}

func (t *Type) completeStruct(given *Given, at Place, list *diag.List) Object {
	o := Object{}
	meant := map[string]*Given{}
	var unknown *diag.Diagnostic // one that is near no field
	for _, f := range given.Fields {
		if t.Field(f.Key) == nil {
			near := t.near(f.Key, at)
			for _, name := range near {
				meant[name] = f
			}
			switch {
			case f.Invalid:
			case len(near) == 0 && at.Help == nil && unknown == nil:
				d := t.Unknown(f, at, at.More)
				unknown = &d
			default:
				list.Add(t.Unknown(f, at, at.More))
			}
		}
	}
	defer func() {
		if unknown != nil {
			list.Add(*unknown)
		}
	}()
	for _, f := range t.Fields {
		sub, found := given.Field(f.Name), list
		if sub == nil && meant[f.Name] != nil && !meant[f.Name].Invalid {
			// a misspelt field is one mistake, which is reported: what follows goes on with its value
			sub, found = meant[f.Name], &diag.List{}
		}
		if sub == nil && f.Required {
			if meant[f.Name] != nil || f.Unless != "" && given.Field(f.Unless) != nil {
				continue
			}
			if unknown != nil {
				// most likely it is what is missing: one mistake
				unknown.Help += fmt.Sprintf("; %s is required: %s", f.Name, f.Type.allowed())
				continue
			}
			pos := given.KeyPos
			if !pos.IsValid() {
				pos = at.KeyPos
			}
			list.Add(diag.Diagnostic{Code: "E0103", Path: at.Path, Pos: pos, Message: fmt.Sprintf("%s has no %s, which is required", at.Subject, f.Name), Help: fmt.Sprintf("add %s: %s", f.Name, f.Type.allowed())})
			continue
		}
		if data := f.Type.Complete(sub, Place{Path: at.Path + "." + f.Name, Subject: of(f.Name, at.Subject), KeyPos: given.KeyPos, Words: at.Words}, found); data != nil {
			o[f.Name] = data
		}
	}
	return o
}

func (t *Type) completeMap(given *Given, at Place, list *diag.List) Object {
	o := Object{}
	for _, f := range given.Fields {
		if !t.allows(f.Key) {
			list.Add(diag.Diagnostic{Code: "E0104", Path: at.Path, Pos: f.KeyPos, Message: fmt.Sprintf("%s has the key %s, which is not allowed", at.Subject, strconv.Quote(f.Key)), Help: "use " + t.allowed()})
			continue
		}
		if data := t.Elem.Complete(f, Place{Path: at.Path + "." + f.Key, Subject: of(f.Key, at.Subject), KeyPos: f.KeyPos, Words: at.Words}, list); data != nil || f.Scalar == nil && f.Concrete && !f.Struct && !f.List {
			o[f.Key] = data
		}
	}
	return o
}

// allows says whether a map may have a key.
func (t *Type) allows(key string) bool {
	return (t.Keys == nil || t.Keys.MatchString(key)) && (t.Reserved == nil || !t.Reserved.MatchString(key))
}

// Unknown is the finding for a field that a struct type does not have; more are further names that may stand there.
func (t *Type) Unknown(f *Given, at Place, more []string) diag.Diagnostic {
	at.More = more
	names := t.names(more)
	d := diag.Diagnostic{Code: "E0102", Path: at.Path, Pos: f.KeyPos, Message: fmt.Sprintf("%s has a field %s, which does not exist", at.Subject, strconv.Quote(f.Key))}
	near := t.near(f.Key, at)
	switch {
	case len(near) > 0:
		d.Help = diag.DidYouMean(near)
	case at.Help != nil:
		d.Help = at.Help(f.Key)
	case len(names) > 0:
		d.Help = "its fields are " + strings.Join(names, ", ")
	default:
		d.Help = "it has no fields"
	}
	return d
}

// names are those of the fields, and more.
func (t *Type) names(more []string) []string {
	names := slices.Clone(more)
	for _, field := range t.Fields {
		names = append(names, field.Name)
	}
	return names
}

// near are the fields that a name which does not exist may mean.
func (t *Type) near(name string, at Place) []string {
	return diag.Meant(name, t.names(at.More), at.Words)
}

// allowed says in words what fits.
func (t *Type) allowed() string {
	switch {
	case t.Help != "":
		return t.Help
	case t.IsStruct && len(t.Fields) > 0:
		return "a struct with " + t.someFields()
	case t.IsStruct, t.IsMap:
		return "a struct"
	case t.IsList && t.Elem != nil && t.Elem.IsStruct && len(t.Elem.Fields) > 0:
		return "a list of structs with " + t.Elem.someFields()
	case t.IsList:
		return "a list"
	}
	return alternatives(t.Text)
}

// someFields names the fields of a struct, those that are required first: host, port and credentials.
func (t *Type) someFields() string {
	const most = 6
	var names, others []string
	for _, f := range t.Fields {
		if f.Required {
			names = append(names, f.Name)
		} else {
			others = append(others, f.Name)
		}
	}
	names = append(names, others...)
	if len(names) > most {
		names = append(names[:most:most], "others")
	}
	if len(names) == 1 {
		return names[0]
	}
	return strings.Join(names[:len(names)-1], ", ") + " and " + names[len(names)-1]
}

// alternatives is a choice in words, each alternative once: a default stands in front and again among the rest.
func alternatives(text string) string {
	text = strings.NewReplacer("*false | bool", "true or false", "*true | bool", "true or false").Replace(text)
	var all []string
	for alternative := range strings.SplitSeq(text, " | ") {
		alternative = strings.TrimPrefix(alternative, "*")
		if !slices.Contains(all, alternative) {
			all = append(all, alternative)
		}
	}
	return brief(strings.Join(all, " or "))
}

// describe is the value as the user wrote it, shortened; a secret could stand there, so long texts are cut.
func (g *Given) describe() string {
	switch {
	case g.Struct:
		return "a struct"
	case g.List:
		return "a list"
	case g.Digits != "":
		return brief(g.Digits)
	}
	switch v := g.Scalar.(type) {
	case string:
		return brief(strconv.Quote(v))
	case nil:
		return "null"
	case *big.Int:
		return brief(v.String())
	case []byte:
		return "bytes"
	case float64:
		// 8080.0 is refused because it is no integer, which 8080 would not show
		if v == math.Trunc(v) && math.Abs(v) < 1e15 {
			return strconv.FormatFloat(v, 'f', 1, 64)
		}
		return fmt.Sprint(v)
	default:
		return fmt.Sprint(v)
	}
}

// find is the value itself or the first one inside it of which something is true, nil without.
func (g *Given) find(is func(*Given) bool) *Given {
	if is(g) {
		return g
	}
	for _, inner := range slices.Concat(g.Fields, g.Items) {
		if found := inner.find(is); found != nil {
			return found
		}
	}
	return nil
}

func brief(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	const limit = 80
	if r := []rune(s); len(r) > limit {
		return string(r[:limit]) + "…"
	}
	return s
}
