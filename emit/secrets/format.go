package secrets

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// What SOPS calls its own part of a file.
const (
	sopsKey           = "sops"  // in a JSON document
	sopsPrefix        = "sops_" // of the lines of a dotenv file
	sopsVersion       = "3.13.3"
	unencryptedSuffix = "_unencrypted"
	cipherPrefix      = "ENC[AES256_GCM,data:"
	nonceSize         = 32
	dataKeySize       = 32
	maxDepth          = 200 // of a JSON document; ours have less than ten levels
)

// errNoSOPS is a file without the metadata of SOPS, or one that has no form at all.
var errNoSOPS = errors.New("it is no SOPS file")

// wrap is the data key of a file, encrypted for one recipient.
type wrap struct{ recipient, text string }

// metadata is SOPS's own part of a file.
type metadata struct {
	wraps     []wrap
	modified  string // RFC 3339; the additional data of the code
	mac       string // message authentication code, encrypted
	encrypted string // expression for the keys of encrypted values
	suffix    string // of keys whose values are clear
	foreign   bool   // something that we do not write: keys of another kind, key groups, another way to choose values
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
	fields := map[string]string{}
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
	meta := metadata{}
	for i := 0; ; i++ {
		prefix := fmt.Sprintf("age__list_%d__map_", i)
		recipient, ok := fields[prefix+"recipient"]
		if !ok {
			break
		}
		meta.wraps = append(meta.wraps, wrap{recipient, fields[prefix+"enc"]})
	}
	for name, text := range fields {
		if name, _, ok := strings.Cut(name, "__"); !ok || name != "age" {
			meta.field(name, text)
		}
	}
	return lines, meta, meta.check()
}

func parseJSON(data []byte) (object, metadata, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	n, err := decode(d, 0)
	if err != nil {
		return nil, metadata{}, errNoSOPS
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, metadata{}, errNoSOPS
	}
	o, ok := n.(object)
	if !ok {
		return nil, metadata{}, errNoSOPS
	}
	meta := metadata{}
	rest := make(object, 0, len(o))
	for _, m := range o {
		if m.key != sopsKey {
			rest = append(rest, m)
			continue
		}
		own, ok := m.node.(object)
		if !ok {
			return nil, metadata{}, errNoSOPS
		}
		for _, field := range own {
			meta.node(field.key, field.node)
		}
	}
	return rest, meta, meta.check()
}

// node takes a field of the metadata of a JSON document.
func (m *metadata) node(name string, n node) {
	switch n := n.(type) {
	case *leaf:
		if text, ok := n.text(); ok {
			m.field(name, text)
		} else if n.value != nil {
			m.foreign = true
		}
	case list:
		if name != "age" {
			m.foreign = m.foreign || len(n) > 0
			return
		}
		for _, item := range n {
			o, _ := item.(object)
			w := wrap{}
			for _, field := range o {
				l, _ := field.node.(*leaf)
				text, _ := l.text()
				switch field.key {
				case "recipient":
					w.recipient = text
				case "enc":
					w.text = text
				}
			}
			m.wraps = append(m.wraps, w)
		}
	default:
		m.foreign = true
	}
}

// text is the text of a leaf as it stands in the file.
func (l *leaf) text() (string, bool) {
	if l == nil {
		return "", false
	}
	if l.encrypted {
		return l.cipher, true
	}
	text, ok := l.value.(string)
	return text, ok
}

func (m *metadata) field(name, text string) {
	switch name {
	case "lastmodified":
		m.modified = text
	case "mac":
		m.mac = text
	case "encrypted_regex":
		m.encrypted = text
	case "unencrypted_suffix":
		m.suffix = text
	case "version":
	default:
		m.foreign = m.foreign || text != ""
	}
}

func (m *metadata) check() error {
	if m.mac == "" && m.modified == "" {
		return errNoSOPS
	}
	return nil
}

// covers is the rule by which the file says that a value is encrypted; expr is its expression, nil where that is none. The path is as in object.visit.
func (m *metadata) covers(path []string, expr *regexp.Regexp) bool {
	if m.encrypted != "" {
		return expr != nil && slices.ContainsFunc(path, expr.MatchString)
	}
	return !slices.ContainsFunc(path, func(key string) bool { return m.suffix != "" && strings.HasSuffix(key, m.suffix) })
}

// decode reads one JSON value; the keys stay in order.
func decode(d *json.Decoder, depth int) (node, error) {
	token, err := d.Token()
	if err != nil {
		return nil, err
	}
	if depth > maxDepth {
		return nil, errNoSOPS
	}
	switch token := token.(type) {
	case json.Delim:
		if token == '[' {
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
		name, ok := key.(string)
		if !ok {
			return nil, errNoSOPS
		}
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

// emitFile writes an encrypted file as the store of SOPS does: metadata behind the content, by name.
func emitFile(f format, o object, m metadata) ([]byte, error) {
	all := append(make(object, 0, len(o)+8), o...)
	if f == jsonText {
		all = append(all, member{key: sopsKey, node: m.object()})
		return emitPlain(f, all)
	}
	for i, w := range m.wraps {
		all = append(all,
			member{key: fmt.Sprintf("%sage__list_%d__map_enc", sopsPrefix, i), node: &leaf{value: w.text}},
			member{key: fmt.Sprintf("%sage__list_%d__map_recipient", sopsPrefix, i), node: &leaf{value: w.recipient}})
	}
	for _, field := range m.fields() {
		all = append(all, member{key: sopsPrefix + field.key, node: field.node})
	}
	return emitPlain(f, all)
}

func (m *metadata) object() object {
	wraps := make(list, len(m.wraps))
	for i, w := range m.wraps {
		wraps[i] = object{{key: "enc", node: &leaf{value: w.text}}, {key: "recipient", node: &leaf{value: w.recipient}}}
	}
	return append(object{{key: "age", node: wraps}}, m.fields()...)
}

// fields is the metadata but for the wraps, by name.
func (m *metadata) fields() object {
	var all object
	for _, field := range [][2]string{
		{"encrypted_regex", m.encrypted},
		{"lastmodified", m.modified},
		{"mac", m.mac},
		{"unencrypted_suffix", m.suffix},
		{"version", sopsVersion},
	} {
		if field[1] != "" {
			all = append(all, member{key: field[0], node: &leaf{value: field[1]}})
		}
	}
	return all
}

// emitPlain writes a document in its format; an encrypted leaf by its ciphertext.
func emitPlain(f format, o object) ([]byte, error) {
	if f == jsonText {
		b, err := appendJSON(nil, o, 0)
		return append(b, '\n'), err
	}
	var b []byte
	for _, m := range o {
		if m.comment {
			b = append(append(append(b, '#'), m.key...), '\n')
			continue
		}
		text, ok := m.node.(*leaf).text()
		if !ok {
			return nil, fmt.Errorf("%s: only texts stand in a dotenv file", m.key)
		}
		b = append(append(append(append(b, m.key...), '='), strings.ReplaceAll(text, "\n", `\n`)...), '\n')
	}
	return b, nil
}

// appendJSON writes as encoding/json does with tabs, which is what the store uses.
func appendJSON(b []byte, n node, depth int) ([]byte, error) {
	var err error
	switch n := n.(type) {
	case object:
		if len(n) == 0 {
			return append(b, "{}"...), nil
		}
		b = append(b, '{')
		for i, m := range n {
			if b, err = appendScalar(appendBreak(b, i > 0, depth+1), m.key); err != nil {
				return nil, err
			}
			if b, err = appendJSON(append(b, ": "...), m.node, depth+1); err != nil {
				return nil, err
			}
		}
		return append(appendBreak(b, false, depth), '}'), nil
	case list:
		if len(n) == 0 {
			return append(b, "[]"...), nil
		}
		b = append(b, '[')
		for i, item := range n {
			if b, err = appendJSON(appendBreak(b, i > 0, depth+1), item, depth+1); err != nil {
				return nil, err
			}
		}
		return append(appendBreak(b, false, depth), ']'), nil
	case *leaf:
		if n.encrypted {
			return appendScalar(b, n.cipher)
		}
		return appendScalar(b, n.value)
	}
	return nil, fmt.Errorf("no part of a document: %T", n)
}

func appendBreak(b []byte, comma bool, depth int) []byte {
	if comma {
		b = append(b, ',')
	}
	b = append(b, '\n')
	for range depth {
		b = append(b, '\t')
	}
	return b
}

func appendScalar(b []byte, v any) ([]byte, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("write a scalar of type %T", v)
	}
	return append(b, text...), nil
}

// plainBytes is a scalar as SOPS encrypts it and takes it into the code.
func plainBytes(v any) (text, kind string) {
	switch v := v.(type) {
	case string:
		return v, "str"
	case int:
		return strconv.Itoa(v), "int"
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), "float"
	case bool:
		if v {
			return "True", "bool"
		}
		return "False", "bool"
	}
	return "", ""
}

// box encrypts and opens values with one data key.
type box struct {
	block cipher.Block
	gcm   cipher.AEAD // for nonces of nonceSize
}

func newBox(key []byte) (*box, error) {
	if len(key) != dataKeySize {
		return nil, errors.New("a data key has 32 bytes")
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	gcm, err := cipher.NewGCMWithNonceSize(block, nonceSize)
	return &box{block, gcm}, err
}

// seal is the ciphertext of a scalar. The additional data binds it to its place: the keys of the path, each with a colon behind it.
func (x *box) seal(v any, additional string, random io.Reader) (string, error) {
	text, kind := plainBytes(v)
	nonce := make([]byte, nonceSize)
	if _, err := io.ReadFull(random, nonce); err != nil {
		return "", fmt.Errorf("draw a nonce: %w", err)
	}
	out := x.gcm.Seal(nil, nonce, []byte(text), []byte(additional))
	tag := len(out) - x.gcm.Overhead()
	encode := base64.StdEncoding.EncodeToString
	return cipherPrefix + encode(out[:tag]) + ",iv:" + encode(nonce) + ",tag:" + encode(out[tag:]) + ",type:" + kind + "]", nil
}

// sealed is the parts of a ciphertext.
type sealed struct {
	data, nonce, tag []byte
	kind             string
}

func parseSealed(text string) (sealed, bool) {
	rest, ok := strings.CutPrefix(text, cipherPrefix)
	if !ok || !strings.HasSuffix(rest, "]") {
		return sealed{}, false
	}
	parts := strings.Split(rest[:len(rest)-1], ",")
	if len(parts) != 4 || !strings.HasPrefix(parts[1], "iv:") || !strings.HasPrefix(parts[2], "tag:") || !strings.HasPrefix(parts[3], "type:") {
		return sealed{}, false
	}
	decode := base64.StdEncoding.DecodeString
	data, err1 := decode(parts[0])
	nonce, err2 := decode(parts[1][len("iv:"):])
	tag, err3 := decode(parts[2][len("tag:"):])
	if errors.Join(err1, err2, err3) != nil || len(nonce) == 0 {
		return sealed{}, false
	}
	return sealed{data, nonce, tag, parts[3][len("type:"):]}, true
}

// open is the scalar of a ciphertext; false where key, place or text are not those it was made with.
func (x *box) open(text, additional string) (any, bool) {
	s, ok := parseSealed(text)
	if !ok {
		return nil, false
	}
	gcm := x.gcm
	if len(s.nonce) != nonceSize {
		var err error
		if gcm, err = cipher.NewGCMWithNonceSize(x.block, len(s.nonce)); err != nil {
			return nil, false
		}
	}
	plain, err := gcm.Open(nil, s.nonce, append(s.data, s.tag...), []byte(additional))
	if err != nil {
		return nil, false
	}
	return typed(string(plain), s.kind)
}

func typed(text, kind string) (any, bool) {
	switch kind {
	case "str":
		return text, true
	case "int":
		i, err := strconv.Atoi(text)
		return i, err == nil
	case "float":
		f, err := strconv.ParseFloat(text, 64)
		return f, err == nil && !math.IsNaN(f) && !math.IsInf(f, 0)
	case "bool":
		b, err := strconv.ParseBool(text)
		return b, err == nil
	}
	return nil, false
}

// additional is the additional data of a value.
func additional(path []string) string { return strings.Join(path, ":") + ":" }

// code is the message authentication code of a plaintext: every scalar in order, comments and nulls left out.
func code(plain object) string {
	h := sha512.New()
	_ = plain.visit(func(_ []string, l *leaf) error {
		text, _ := plainBytes(l.value)
		_, err := io.WriteString(h, text)
		return err
	})
	return fmt.Sprintf("%X", h.Sum(nil))
}

// stamp is a time as the metadata has it.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
