package value

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Value is a Literal, a Secret, a Concat, a Base64, a Percent, a Hash or a Turn, and nothing else.
type Value interface{ isValue() }

// Literal is text that everybody may see.
type Literal string

// Secret is a generated or given text that is only known by its ID, such as "orders/db/database/orders".
type Secret struct {
	ID     string // names the thing, not the file: both ends of an edge use the same one
	Length int    // characters of a generated text; 0 means the default of 32
	Kept   bool   // a server takes it over only when its volume is made, and keeps it from then on
	// Follows names the secret whose text this one takes over when that one gets a new text: a server that knows both knows the credential
	// of before, too. Until then it has a text that nobody uses. "" for most.
	Follows string
	// Alphabet is what a generated text is made of; "" means letters and digits.
	Alphabet string
	// Own says that the text belongs to the user's own code, which alone reads it, whole: any line of text may be set.
	Own bool
}

// Concat is the values one after the other.
type Concat []Value

// Base64 is the standard base64 encoding of a value, as a registry's credentials want it.
type Base64 struct{ Of Value }

// Percent is a value percent-encoded, as a part of a URL wants it: all but letters, digits and . _ ~ -.
type Percent struct{ Of Value }

// Hash is a salted hash of a value. The salt is drawn once; a hash that still fits its value is kept between builds.
type Hash struct {
	ID        string // names the hash, for messages
	Algorithm string // "salted-sha256": base64(salt ‖ SHA-256(salt ‖ text)) with a salt of 4 bytes
	Of        Value
}

// Turn is one of two values: the one whose turn it is. All turns of one ID change together, when the credential that the ID names is rotated;
// one of them has values in clear, which tell the turn of an old file. It belongs into files of secrets alone: whose turn it is, is state.
type Turn struct {
	ID string   // of the credential: that of the first secret
	Of [2]Value // the first is the one to begin with
}

func (Literal) isValue() {}
func (Secret) isValue()  {}
func (Concat) isValue()  {}
func (Base64) isValue()  {}
func (Percent) isValue() {}
func (Hash) isValue()    {}
func (Turn) isValue()    {}

// String is what everybody may see of a secret: its name.
func (s Secret) String() string { return "[secret " + s.ID + "]" }

// GoString is String, for %#v.
func (s Secret) GoString() string { return s.String() }

// MarshalJSON writes String.
func (s Secret) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// String is what everybody may see of a hash: its name.
func (h Hash) String() string { return "[hash " + h.ID + "]" }

// GoString is String, for %#v.
func (h Hash) GoString() string { return h.String() }

// MarshalJSON writes String.
func (h Hash) MarshalJSON() ([]byte, error) { return json.Marshal(h.String()) }

// String is what everybody may see of the value inside.
func (b Base64) String() string { return "[base64 " + Display(b.Of) + "]" }

// MarshalJSON writes String.
func (b Base64) MarshalJSON() ([]byte, error) { return json.Marshal(b.String()) }

// String is what everybody may see of the value inside.
func (p Percent) String() string {
	if l, ok := p.Of.(Literal); ok {
		return PercentEncoded(string(l))
	}
	return Display(p.Of)
}

// MarshalJSON writes String.
func (p Percent) MarshalJSON() ([]byte, error) { return json.Marshal(p.String()) }

// MarshalJSON writes Display.
func (c Concat) MarshalJSON() ([]byte, error) { return json.Marshal(Display(c)) }

// String is what everybody may see of the value to begin with, which names the credential: whose turn it is, the files of secrets alone tell.
func (t Turn) String() string { return Display(t.Of[0]) }

// GoString is String, for %#v.
func (t Turn) GoString() string { return t.String() }

// MarshalJSON writes String.
func (t Turn) MarshalJSON() ([]byte, error) { return json.Marshal(t.String()) }

// Display is the value as people and dumps may see it: every secret as "[secret ID]".
func Display(v Value) string {
	switch v := v.(type) {
	case Literal:
		return string(v)
	case Secret:
		return v.String()
	case Concat:
		var b strings.Builder
		for _, part := range v {
			b.WriteString(Display(part))
		}
		return b.String()
	case Base64:
		return v.String()
	case Percent:
		return v.String()
	case Hash:
		return v.String()
	case Turn:
		return v.String()
	}
	return ""
}

// Secrets lists the secrets inside a value, in order of appearance.
func Secrets(v Value) []Secret {
	switch v := v.(type) {
	case Literal:
		return nil
	case Secret:
		return []Secret{v}
	case Concat:
		var all []Secret
		for _, part := range v {
			all = append(all, Secrets(part)...)
		}
		return all
	case Base64:
		return Secrets(v.Of)
	case Percent:
		return Secrets(v.Of)
	case Hash:
		return Secrets(v.Of)
	case Turn:
		return append(Secrets(v.Of[0]), Secrets(v.Of[1])...)
	}
	return nil
}

// Turns lists the turns inside a value, in order of appearance.
func Turns(v Value) []Turn {
	switch v := v.(type) {
	case Concat:
		var all []Turn
		for _, part := range v {
			all = append(all, Turns(part)...)
		}
		return all
	case Base64:
		return Turns(v.Of)
	case Percent:
		return Turns(v.Of)
	case Hash:
		return Turns(v.Of)
	case Turn:
		return []Turn{v}
	}
	return nil
}

// Taken is the value with each turn decided: second says whether it is that of the second value, by ID.
func Taken(v Value, second func(id string) bool) Value {
	switch v := v.(type) {
	case Concat:
		all := make(Concat, len(v))
		for i, part := range v {
			all[i] = Taken(part, second)
		}
		return all
	case Base64:
		return Base64{Of: Taken(v.Of, second)}
	case Percent:
		return Percent{Of: Taken(v.Of, second)}
	case Hash:
		v.Of = Taken(v.Of, second)
		return v
	case Turn:
		if second(v.ID) {
			return v.Of[1]
		}
		return v.Of[0]
	}
	return v
}

// Replaced is a value in which by stands for every value inside it that equals of.
func Replaced(v, of, by Value) Value {
	if Equal(v, of) {
		return by
	}
	switch v := v.(type) {
	case Concat:
		all := make(Concat, len(v))
		for i, part := range v {
			all[i] = Replaced(part, of, by)
		}
		return all
	case Base64:
		return Base64{Of: Replaced(v.Of, of, by)}
	case Percent:
		return Percent{Of: Replaced(v.Of, of, by)}
	case Hash:
		v.Of = Replaced(v.Of, of, by)
		return v
	}
	return v
}

// PercentEncoded is a text as Percent has it.
func PercentEncoded(text string) string {
	var b strings.Builder
	for _, c := range []byte(text) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', strings.IndexByte("._~-", c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

// Encoded is a value percent-encoded: at once where it is known, else as a Percent.
func Encoded(v Value) Value {
	switch v := v.(type) {
	case Literal:
		return Literal(PercentEncoded(string(v)))
	case Concat:
		all := make(Concat, len(v))
		for i, part := range v {
			all[i] = Encoded(part)
		}
		return all
	}
	return Percent{Of: v}
}

// IsSecret says whether the value holds a secret or a hash of one.
func IsSecret(v Value) bool { return len(Secrets(v)) > 0 }

// Equal compares two values by what they come to; secrets are equal when their IDs are.
func Equal(a, b Value) bool { return key(a) == key(b) }

// Described is all that a value is made of, as a text: what differs in anything has another one. It names secrets.
func Described(v Value) string {
	switch v := v.(type) {
	case Secret:
		type fields Secret // without the methods that show its name alone
		return fmt.Sprintf("%#v", fields(v))
	case Concat:
		all := make([]string, len(v))
		for i, part := range v {
			all[i] = Described(part)
		}
		return "concat(" + strings.Join(all, ", ") + ")"
	case Base64:
		return "base64(" + Described(v.Of) + ")"
	case Percent:
		return "percent(" + Described(v.Of) + ")"
	case Hash:
		return fmt.Sprintf("hash(%q, %q, %s)", v.ID, v.Algorithm, Described(v.Of))
	case Turn:
		return fmt.Sprintf("turn(%q, %s, %s)", v.ID, Described(v.Of[0]), Described(v.Of[1]))
	}
	return fmt.Sprintf("%#v", v)
}

// key tells a literal from a secret that looks like it.
func key(v Value) string {
	switch v := v.(type) {
	case Literal:
		return fmt.Sprintf("literal %q", string(v))
	case Secret:
		return fmt.Sprintf("secret %q", v.ID)
	case Concat:
		flat := flatten(v)
		switch len(flat) {
		case 0:
			return key(Literal(""))
		case 1:
			return key(flat[0])
		}
		keys := make([]string, len(flat))
		for i, part := range flat {
			keys[i] = key(part)
		}
		return "concat(" + strings.Join(keys, ", ") + ")"
	case Base64:
		return "base64(" + key(v.Of) + ")"
	case Percent:
		return "percent(" + key(v.Of) + ")"
	case Hash:
		return fmt.Sprintf("hash %q %q (%s)", v.Algorithm, v.ID, key(v.Of))
	case Turn:
		return fmt.Sprintf("turn %q (%s, %s)", v.ID, key(v.Of[0]), key(v.Of[1]))
	}
	return ""
}

// flatten is the parts of a concat with those of the concats inside it; neighbouring literals are one, empty ones none.
func flatten(c Concat) Concat {
	var flat Concat
	for _, part := range c {
		inner := Concat{part}
		if nested, ok := part.(Concat); ok {
			inner = flatten(nested)
		}
		for _, p := range inner {
			l, literal := p.(Literal)
			switch {
			case literal && l == "":
			case literal && len(flat) > 0 && isLiteral(flat[len(flat)-1]):
				flat[len(flat)-1] = flat[len(flat)-1].(Literal) + l
			default:
				flat = append(flat, p)
			}
		}
	}
	return flat
}

func isLiteral(v Value) bool { _, ok := v.(Literal); return ok }

// From reads a value from the data of a kind (docs/reference/KINDS.md, section 3): a scalar, {secret: ID, length?, alphabet?, follows?, own?}, {secret: ID, hash, of},
// {concat: [...]}, {base64: value}, {percent: value} or {turn: ID, of: [value, value]}.
func From(data any) (Value, error) {
	switch d := data.(type) {
	case Value:
		return d, nil
	case string:
		return Literal(d), nil
	case bool:
		return Literal(strconv.FormatBool(d)), nil
	case int, int64, float64, json.Number:
		return Literal(fmt.Sprint(d)), nil
	case map[string]any:
		return fromMap(d)
	}
	if _, ok := data.([]any); ok {
		return nil, errors.New("a list is not a value: write a string, or put the list into concat")
	}
	return nil, errors.New("null is not a value: write a string")
}

func concat(parts []any) (Value, error) {
	all := make(Concat, 0, len(parts))
	for _, part := range parts {
		v, err := From(part)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

func fromMap(d map[string]any) (Value, error) {
	if parts, ok := d["concat"].([]any); ok {
		return concat(parts)
	}
	if of, ok := d["base64"]; ok {
		v, err := From(of)
		if err != nil {
			return nil, err
		}
		return Base64{Of: v}, nil
	}
	if of, ok := d["percent"]; ok {
		v, err := From(of)
		if err != nil {
			return nil, err
		}
		return Encoded(v), nil
	}
	if id, ok := d["turn"].(string); ok {
		return turn(id, d["of"])
	}
	id, ok := d["secret"].(string)
	if !ok {
		return nil, fmt.Errorf("no value: %v", d)
	}
	if algorithm, ok := d["hash"].(string); ok {
		v, err := From(d["of"])
		if err != nil {
			return nil, err
		}
		return Hash{ID: id, Algorithm: algorithm, Of: v}, nil
	}
	length := 0
	switch n := d["length"].(type) {
	case int:
		length = n
	case int64:
		length = int(n)
	}
	kept, _ := d["kept"].(bool)
	follows, _ := d["follows"].(string)
	alphabet, _ := d["alphabet"].(string)
	own, _ := d["own"].(bool)
	return Secret{ID: id, Length: length, Kept: kept, Follows: follows, Alphabet: alphabet, Own: own}, nil
}

func turn(id string, of any) (Value, error) {
	both, _ := of.([]any)
	if len(both) != 2 {
		return nil, fmt.Errorf("the turn %q is not that of two values", id)
	}
	t := Turn{ID: id}
	for i, data := range both {
		v, err := From(data)
		if err != nil {
			return nil, err
		}
		if len(Turns(v)) > 0 {
			return nil, fmt.Errorf("the turn %q is one of turns", id)
		}
		t.Of[i] = v
	}
	return t, nil
}

// Data is a value in the form that From reads.
func Data(v Value) any {
	switch v := v.(type) {
	case Secret:
		d := map[string]any{"secret": v.ID}
		if v.Length > 0 {
			d["length"] = int64(v.Length)
		}
		if v.Follows != "" {
			d["follows"] = v.Follows
		}
		if v.Alphabet != "" {
			d["alphabet"] = v.Alphabet
		}
		if v.Own {
			d["own"] = true
		}
		return d
	case Concat:
		parts := make([]any, len(v))
		for i, part := range v {
			parts[i] = Data(part)
		}
		return map[string]any{"concat": parts}
	case Base64:
		return map[string]any{"base64": Data(v.Of)}
	case Percent:
		return map[string]any{"percent": Data(v.Of)}
	case Hash:
		return map[string]any{"secret": v.ID, "hash": v.Algorithm, "of": Data(v.Of)}
	case Turn:
		return map[string]any{"turn": v.ID, "of": []any{Data(v.Of[0]), Data(v.Of[1])}}
	case Literal:
		return string(v)
	}
	return nil
}

// IsReference says whether a map is a value in the form of From rather than a structure of its own.
func IsReference(d map[string]any) bool {
	if _, ok := d["secret"].(string); ok {
		return true
	}
	if _, ok := d["concat"].([]any); ok && len(d) == 1 {
		return true
	}
	if _, ok := d["turn"].(string); ok && len(d) == 2 && d["of"] != nil {
		return true
	}
	_, base64 := d["base64"]
	_, percent := d["percent"]
	return (base64 || percent) && len(d) == 1
}

// InData lists the secrets inside data of a kind, where a map may be a reference: maps in order of their keys.
func InData(data any) []Secret {
	if !mayHold(data) { // hardly any does, and no order is needed to know
		return nil
	}
	return inData(data)
}

func inData(data any) []Secret {
	switch d := data.(type) {
	case Value:
		return Secrets(d)
	case []any:
		var all []Secret
		for _, item := range d {
			all = append(all, inData(item)...)
		}
		return all
	case map[string]any:
		if IsReference(d) {
			if v, err := From(d); err == nil {
				return Secrets(v)
			}
		}
		var all []Secret
		for _, key := range slices.Sorted(maps.Keys(d)) {
			all = append(all, inData(d[key])...)
		}
		return all
	}
	return nil
}

// mayHold says whether there is a value or a reference inside data.
func mayHold(data any) bool {
	switch d := data.(type) {
	case Value:
		return true
	case []any:
		return slices.ContainsFunc(d, mayHold)
	case map[string]any:
		if IsReference(d) {
			return true
		}
		for _, v := range d {
			if mayHold(v) {
				return true
			}
		}
	}
	return false
}
