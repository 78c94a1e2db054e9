package secrets

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// What SOPS calls its own part of a file, and what else must be known of it.
const (
	sopsKey           = "sops"   // in a JSON document
	sopsPrefix        = "sops_"  // of the lines of a dotenv file
	sopsVersion       = "3.13.3" // that our files are equal to; the test against its program builds the same
	unencryptedSuffix = "_unencrypted"
	mapSeparator      = "__map_"  // in the name of a line of metadata: what follows is a key
	listSeparator     = "__list_" // what follows is an index
	maxDepth          = 200       // of a JSON document; ours have less than ten levels
)

// Errors that never show a line or a value.
var (
	errNoSOPS = errors.New("it is not a SOPS file")
	errWrite  = errors.New("the format cannot hold it")
)

// wrap is the data key of a file, encrypted for one age recipient.
type wrap struct{ recipient, text string }

// metadata is SOPS's own part of a file.
type metadata struct {
	wraps     []wrap
	others    object // keys that the program sops handles, by the name of their list
	modified  time.Time
	mac       string // message authentication code, encrypted
	encrypted string // expression for the keys of encrypted values; or
	suffix    string // of keys whose values are clear
	foreign   bool   // something that age alone does not need, or that is odd
	odd       bool   // something that we do not write, or cannot read: key groups, another way to choose values
}

func (m *metadata) recipients() []string {
	texts := make([]string, len(m.wraps))
	for i, w := range m.wraps {
		texts[i] = w.recipient
	}
	return texts
}

// stamp is the time as the file has it; it is the additional data of the code.
func (m *metadata) stamp() string { return m.modified.Format(time.RFC3339) }

// covers is the rule by which the file says whether a value is encrypted, by the keys that lead to it. An expression that is none covers nothing.
func (m *metadata) covers() func(path []string) bool {
	if m.encrypted == "" {
		return func(path []string) bool {
			return !slices.ContainsFunc(path, func(key string) bool { return strings.HasSuffix(key, m.suffix) })
		}
	}
	expr, err := regexp.Compile(m.encrypted)
	if err != nil {
		return func([]string) bool { return false }
	}
	return func(path []string) bool { return slices.ContainsFunc(path, expr.MatchString) }
}

// parse reads an encrypted file. Encrypted leaves come back locked.
//
// Errors: errNoSOPS. They never show a part of the file.
func parse(f format, data []byte) (object, metadata, error) {
	if f == jsonText {
		return parseJSON(data)
	}
	return parseDotenv(data)
}

func parseDotenv(data []byte) (object, metadata, error) {
	var lines object
	fields := map[string]string{} // of two lines with one name, as a merge may leave them, the last counts
	for text := range strings.SplitSeq(string(data), "\n") {
		if text == "" {
			continue
		}
		if text[0] == '#' {
			lines = append(lines, member{key: text[1:], comment: true})
			continue
		}
		name, text, ok := strings.Cut(text, "=")
		if !ok {
			return nil, metadata{}, errNoSOPS
		}
		text = strings.ReplaceAll(text, `\n`, "\n")
		if field, ok := strings.CutPrefix(name, sopsPrefix); ok {
			fields[field] = text
			continue
		}
		lines = append(lines, member{key: name, node: storedLeaf(text)})
	}
	m, err := newMetadata(unflatten(fields))
	return lines, m, err
}

func parseJSON(data []byte) (object, metadata, error) {
	if !json.Valid(data) {
		return nil, metadata{}, errNoSOPS // a decoder reads half a document as a short one
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	n, err := decode(d, 0)
	o, ok := n.(object)
	if err != nil || !ok {
		return nil, metadata{}, errNoSOPS
	}
	own := map[string]node{}
	content := make(object, 0, len(o))
	for _, m := range o {
		if m.key != sopsKey {
			content = append(content, m)
			continue
		}
		fields, ok := m.node.(object)
		if !ok {
			return nil, metadata{}, errNoSOPS
		}
		for _, field := range fields {
			own[field.key] = field.node
		}
	}
	m, err := newMetadata(own)
	return content, m, err
}

// decode reads one JSON value; the keys stay in order.
func decode(d *json.Decoder, depth int) (node, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch token := token.(type) {
	case json.Delim:
		switch {
		case depth == maxDepth:
			return nil, errNoSOPS
		case token == '[':
			return decodeList(d, depth)
		}
		return decodeObject(d, depth)
	case json.Number:
		if i, err := token.Int64(); err == nil {
			return &leaf{value: int(i)}, nil
		}
		f, err := token.Float64()
		return &leaf{value: f}, err
	case string:
		return storedLeaf(token), nil
	}
	return &leaf{value: token}, nil
}

func decodeList(d *json.Decoder, depth int) (node, error) {
	l := list{}
	for d.More() {
		item, err := decode(d, depth+1)
		if err != nil {
			return nil, err
		}
		l = append(l, item)
	}
	_, err := d.Token()
	return l, err
}

func decodeObject(d *json.Decoder, depth int) (node, error) {
	o := object{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, err
		}
		name, _ := key.(string)
		n, err := decode(d, depth+1)
		if err != nil {
			return nil, err
		}
		o = append(o, member{key: name, node: n})
	}
	_, err := d.Token()
	return o, err
}

func storedLeaf(text string) *leaf {
	if strings.HasPrefix(text, cipherPrefix) {
		return &leaf{value: locked{}, encrypted: true, cipher: text}
	}
	return &leaf{value: text}
}

// unflatten is the metadata of a dotenv file, whose lines are named by the way to a text: age__list_0__map_enc. A name of another form is left as it is.
func unflatten(fields map[string]string) map[string]node {
	own := map[string]node{}
	lists := map[string]map[string]map[string]string{} // by field, index and key
	for name, text := range fields {
		field, way, _ := strings.Cut(name, listSeparator)
		index, key, ok := strings.Cut(way, mapSeparator)
		if !ok || field != "age" && !isService(field) {
			own[name] = &leaf{value: text}
			continue
		}
		if lists[field] == nil {
			lists[field] = map[string]map[string]string{}
		}
		if lists[field][index] == nil {
			lists[field][index] = map[string]string{}
		}
		lists[field][index][key] = text
	}
	for field, items := range lists {
		var all list
		for i := range len(items) {
			item, ok := items[strconv.Itoa(i)]
			if !ok {
				all = append(all, nil) // SOPS takes a list with a gap for none
				continue
			}
			var o object
			for _, key := range slices.Sorted(maps.Keys(item)) {
				o = append(o, member{key: key, node: &leaf{value: item[key]}})
			}
			all = append(all, o)
		}
		own[field] = all
	}
	return own
}

func (w wrap) object() object {
	return object{{key: "enc", node: &leaf{value: w.text}}, {key: "recipient", node: &leaf{value: w.recipient}}}
}

// newMetadata reads the fields that we write. SOPS refuses a whole file for one field that it cannot read; here the rest is read all the same.
//
// Errors: errNoSOPS.
func newMetadata(own map[string]node) (metadata, error) {
	var m metadata
	for name, n := range own {
		text, isText := textOf(n)
		switch {
		case name == "age":
			m.wraps = wrapsOf(n)
		case name == "mac" && isText:
			m.mac = text
		case name == "encrypted_regex" && isText:
			m.encrypted = text
		case name == "unencrypted_suffix" && isText:
			m.suffix = text
		case name == "lastmodified", name == "version" && isText:
		case isService(name) && isKeys(n):
			m.others = append(m.others, member{key: name, node: n})
		default:
			m.odd = m.odd || !isEmpty(n)
		}
	}
	slices.SortFunc(m.others, func(a, b member) int { return strings.Compare(a.key, b.key) })
	if m.mac == "" && isEmpty(own["lastmodified"]) {
		return metadata{}, errNoSOPS
	}
	text, _ := textOf(own["lastmodified"])
	var err error
	if m.modified, err = time.Parse(time.RFC3339, text); err != nil {
		m.modified, m.odd = time.Time{}, true
	}
	switch {
	case m.encrypted != "" && m.suffix != "":
		m.suffix, m.odd = "", true
	case m.encrypted == "" && m.suffix == "":
		m.suffix = unencryptedSuffix
	}
	m.odd = m.odd || len(m.wraps)+len(m.others) == 0 || len(m.wraps) == 0 && !isEmpty(own["age"])
	m.foreign = m.odd || len(m.others) > 0
	return m, nil
}

// textOf is the text of a leaf as it stands in the file.
func textOf(n node) (string, bool) {
	l, _ := n.(*leaf)
	if l == nil {
		return "", false
	}
	text, ok := storedScalar(l).(string)
	return text, ok
}

// wrapsOf reads the list of age recipients; nil where it is anything else, since nobody knows then which key is whose.
func wrapsOf(n node) []wrap {
	l, _ := n.(list)
	var wraps []wrap
	for _, item := range l {
		o, ok := item.(object)
		if !ok {
			return nil
		}
		var w wrap
		for _, field := range o {
			text, _ := textOf(field.node)
			switch field.key {
			case "enc":
				w.text = text
			case "recipient":
				w.recipient = text
			}
		}
		wraps = append(wraps, w)
	}
	return wraps
}

// isKeys says whether a field is a list of keys.
func isKeys(n node) bool {
	l, _ := n.(list)
	return len(l) > 0 && !slices.ContainsFunc(l, func(item node) bool { _, ok := item.(object); return !ok })
}

func isEmpty(n node) bool {
	switch n := n.(type) {
	case nil:
		return true
	case list:
		return len(n) == 0
	case *leaf:
		return n.value == nil || n.value == ""
	}
	return false
}

// emitFile writes an encrypted file as SOPS's stores do: the metadata behind the content, by name.
func emitFile(f format, content object, m metadata) ([]byte, error) {
	fields := m.fields()
	if f == jsonText {
		return emitDocument(f, append(slices.Clip(content), member{key: sopsKey, node: fields}), storedScalar)
	}
	all := slices.Clip(content)
	for _, field := range fields {
		all = append(all, flatten(sopsPrefix+field.key, field.node)...)
	}
	return emitDocument(f, all, storedScalar)
}

// fields is the metadata by name.
func (m *metadata) fields() object {
	wraps := make(list, len(m.wraps))
	for i, w := range m.wraps {
		wraps[i] = w.object()
	}
	all := map[string]node{
		"lastmodified": &leaf{value: m.stamp()},
		"mac":          &leaf{value: m.mac},
		"version":      &leaf{value: sopsVersion},
	}
	if len(wraps) > 0 {
		all["age"] = wraps
	}
	for _, keys := range m.others {
		all[keys.key] = keys.node
	}
	if m.encrypted != "" {
		all["encrypted_regex"] = &leaf{value: m.encrypted}
	}
	if m.suffix != "" {
		all["unencrypted_suffix"] = &leaf{value: m.suffix}
	}
	var fields object
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fields = append(fields, member{key: name, node: all[name]})
	}
	return fields
}

// flatten is a part of the metadata as lines, named by the way to each text.
func flatten(name string, n node) object {
	var lines object
	switch n := n.(type) {
	case list:
		for i, item := range n {
			lines = append(lines, flatten(name+listSeparator+strconv.Itoa(i), item)...)
		}
	case object:
		for _, m := range n {
			lines = append(lines, flatten(name+mapSeparator+m.key, m.node)...)
		}
	default:
		lines = object{{key: name, node: n}}
	}
	return lines
}

func plainScalar(l *leaf) any { return l.value }

// storedScalar is what stands in the file.
func storedScalar(l *leaf) any {
	if l.encrypted {
		return l.cipher
	}
	return l.value
}

// emitPlain writes a document in its format, with its plaintext.
func emitPlain(f format, o object) ([]byte, error) { return emitDocument(f, o, plainScalar) }

func emitDocument(f format, o object, scalar func(l *leaf) any) ([]byte, error) {
	if f == jsonText {
		return emitJSON(o, scalar)
	}
	var b bytes.Buffer
	for _, m := range o {
		if m.comment {
			fmt.Fprintf(&b, "#%s\n", m.key)
			continue
		}
		l, _ := m.node.(*leaf)
		if l == nil {
			return nil, errWrite
		}
		text, ok := scalar(l).(string)
		if !ok {
			return nil, errWrite
		}
		fmt.Fprintf(&b, "%s=%s\n", m.key, strings.ReplaceAll(text, "\n", `\n`))
	}
	return b.Bytes(), nil
}

// emitJSON writes with tabs, as the store does.
func emitJSON(o object, scalar func(l *leaf) any) ([]byte, error) {
	var line, b bytes.Buffer
	if err := writeJSON(&line, o, scalar); err != nil {
		return nil, err
	}
	if err := json.Indent(&b, line.Bytes(), "", "\t"); err != nil {
		return nil, errWrite
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}

func writeJSON(b *bytes.Buffer, n node, scalar func(l *leaf) any) error {
	switch n := n.(type) {
	case object:
		b.WriteByte('{')
		for i, m := range n {
			if i > 0 {
				b.WriteByte(',')
			}
			if err := writeScalar(b, m.key); err != nil {
				return err
			}
			b.WriteByte(':')
			if err := writeJSON(b, m.node, scalar); err != nil {
				return err
			}
		}
		b.WriteByte('}')
		return nil
	case list:
		b.WriteByte('[')
		for i, item := range n {
			if i > 0 {
				b.WriteByte(',')
			}
			if err := writeJSON(b, item, scalar); err != nil {
				return err
			}
		}
		b.WriteByte(']')
		return nil
	case *leaf:
		return writeScalar(b, scalar(n))
	}
	return errWrite
}

func writeScalar(w io.Writer, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return errWrite
	}
	_, err = w.Write(text)
	return err
}
