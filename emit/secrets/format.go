package secrets

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/getsops/sops/v3"
	"github.com/getsops/sops/v3/aes"
	sopsage "github.com/getsops/sops/v3/age"
	"github.com/getsops/sops/v3/config"
	"github.com/getsops/sops/v3/stores"
	dotenvstore "github.com/getsops/sops/v3/stores/dotenv"
	jsonstore "github.com/getsops/sops/v3/stores/json"
)

// What must be known of SOPS's files beside its packages.
const (
	sopsVersion       = "3.13.3" // as in go.mod; SOPS's own constant stands in a package that links its command line
	unencryptedSuffix = sops.DefaultUnencryptedSuffix
	cipherPrefix      = "ENC[AES256_GCM,data:"
	dataKeySize       = 32
	maxDepth          = 200 // of a JSON document; ours have less than ten levels
)

// Errors that stand for SOPS's own, whose texts may show a line or a value.
var (
	errNoSOPS  = errors.New("it is no SOPS file")
	errDamaged = errors.New("it does not open with the file's key")
	errWrite   = errors.New("SOPS cannot write it")
)

// metadata is SOPS's own part of a file.
type metadata struct {
	sops.Metadata
	foreign bool // something that we do not write, or that SOPS cannot read: keys of another kind, key groups, another way to choose values
}

// wraps is the data key of the file, encrypted for each recipient.
func (m *metadata) wraps() []*sopsage.MasterKey {
	var wraps []*sopsage.MasterKey
	for _, group := range m.KeyGroups {
		for _, key := range group {
			if age, ok := key.(*sopsage.MasterKey); ok {
				wraps = append(wraps, age)
			}
		}
	}
	return wraps
}

func (m *metadata) recipients() []string {
	wraps := m.wraps()
	texts := make([]string, len(wraps))
	for i, w := range wraps {
		texts[i] = w.Recipient
	}
	return texts
}

func (f format) store() sops.Store {
	c := config.NewStoresConfig()
	if f == jsonText {
		return jsonstore.NewStore(&c.JSON)
	}
	return dotenvstore.NewStore(&c.Dotenv)
}

func (f format) metadataOptions() stores.MetadataOpts {
	if f == jsonText {
		return stores.MetadataOpts{Flatten: stores.MetadataFlattenNone}
	}
	return stores.MetadataOpts{Flatten: stores.MetadataFlattenFull}
}

// parse reads an encrypted file. Encrypted leaves come back locked.
//
// Errors: errNoSOPS. They never show a part of the file.
func parse(f format, data []byte) (o object, m metadata, err error) {
	defer func() {
		if recover() != nil { // any bytes may stand on disk, and SOPS's parsers are not ours
			o, m, err = nil, metadata{}, errNoSOPS
		}
	}()
	if f == jsonText && !isDocument(data) {
		return nil, metadata{}, errNoSOPS
	}
	branches, err := f.store().LoadPlainFile(data)
	if err != nil {
		return nil, metadata{}, errNoSOPS
	}
	content, own, err := f.split(branches[0])
	if err != nil {
		return nil, metadata{}, err
	}
	if m, err = f.metadata(own); err != nil {
		return nil, metadata{}, err
	}
	return fromBranch(content, storedLeaf), m, nil
}

// isDocument says whether a text is one whole JSON value that is not nested too deeply. SOPS's store reads half a document as a short one.
func isDocument(data []byte) bool {
	if !json.Valid(data) {
		return false
	}
	d := json.NewDecoder(bytes.NewReader(data))
	for depth := 0; ; {
		token, err := d.Token()
		if err != nil {
			return errors.Is(err, io.EOF)
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth > maxDepth {
			return false
		}
	}
}

// split parts the content of a file from the metadata, whose keys come back without their prefix.
func (f format) split(branch sops.TreeBranch) (content, own sops.TreeBranch, err error) {
	for _, item := range branch {
		key, _ := item.Key.(string)
		name, isOwn := strings.CutPrefix(key, stores.SopsPrefix)
		switch {
		case f == dotenv && isOwn:
			own = append(own, sops.TreeItem{Key: name, Value: item.Value})
		case f == jsonText && key == stores.SopsMetadataKey:
			fields, ok := item.Value.(sops.TreeBranch)
			if !ok {
				return nil, nil, errNoSOPS
			}
			own = append(own, fields...)
		default:
			content = append(content, item)
		}
	}
	return content, own, nil
}

// metadata reads the fields that we write. SOPS refuses a whole file for one field that it cannot read; here the file is written anew instead, with the
// values that it has.
//
// Errors: errNoSOPS.
func (f format) metadata(own sops.TreeBranch) (metadata, error) {
	fields, foreign := map[string]any{}, false // of two fields with one name, as a merge may leave them, the last counts
	for _, item := range own {
		name, _ := item.Key.(string)
		switch base, _, _ := strings.Cut(name, "__"); base {
		case "age", "lastmodified", "mac", "encrypted_regex", "unencrypted_suffix", "version":
			fields[name] = item.Value
		default:
			foreign = foreign || !isEmpty(item.Value)
		}
	}
	if isEmpty(fields["mac"]) && isEmpty(fields["lastmodified"]) {
		return metadata{}, errNoSOPS
	}
	modified, _ := fields["lastmodified"].(string)
	if _, err := time.Parse(time.RFC3339, modified); err != nil {
		fields["lastmodified"], foreign = time.Time{}.Format(time.RFC3339), true
	}
	if !isEmpty(fields["encrypted_regex"]) && !isEmpty(fields["unencrypted_suffix"]) {
		delete(fields, "unencrypted_suffix")
		foreign = true
	}
	var branch sops.TreeBranch
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		key := name
		if f == dotenv {
			key = stores.SopsPrefix + name
		}
		branch = append(branch, sops.TreeItem{Key: key, Value: fields[name]})
	}
	if f == jsonText {
		branch = sops.TreeBranch{{Key: stores.SopsMetadataKey, Value: branch}}
	}
	if _, m, err := stores.ExtractMetadata(sops.TreeBranches{branch}, f.metadataOptions()); err == nil {
		return metadata{m, foreign}, nil
	}
	return metadata{foreign: true}, nil // nobody's key is found in it, so it is a file that no key opens
}

func isEmpty(field any) bool {
	switch field := field.(type) {
	case nil:
		return true
	case string:
		return field == ""
	case []any:
		return len(field) == 0
	}
	return false
}

func storedLeaf(v any) *leaf {
	if text, ok := v.(string); ok && strings.HasPrefix(text, cipherPrefix) {
		return &leaf{value: locked{}, encrypted: true, cipher: text}
	}
	return plainLeaf(v)
}

func plainLeaf(v any) *leaf { return &leaf{value: v} }

// fromBranch is a branch of SOPS's tree with leaves of its scalars.
func fromBranch(branch sops.TreeBranch, f func(v any) *leaf) object {
	o := make(object, len(branch))
	for i, item := range branch {
		if c, ok := item.Key.(sops.Comment); ok {
			o[i] = member{key: c.Value, comment: true}
			continue
		}
		key, _ := item.Key.(string)
		o[i] = member{key: key, node: fromValue(item.Value, f)}
	}
	return o
}

func fromValue(v any, f func(v any) *leaf) node {
	switch v := v.(type) {
	case sops.TreeBranch:
		return fromBranch(v, f)
	case []any:
		l := make(list, len(v))
		for i, item := range v {
			l[i] = fromValue(item, f)
		}
		return l
	}
	return f(v)
}

// toBranch is a document as SOPS has it, with scalars of its leaves.
func toBranch(o object, f func(l *leaf) any) sops.TreeBranch {
	branch := make(sops.TreeBranch, len(o))
	for i, m := range o {
		if m.comment {
			branch[i].Key = sops.Comment{Value: m.key}
			continue
		}
		branch[i] = sops.TreeItem{Key: m.key, Value: toValue(m.node, f)}
	}
	return branch
}

func toValue(n node, f func(l *leaf) any) any {
	switch n := n.(type) {
	case object:
		return toBranch(n, f)
	case list:
		items := make([]any, len(n))
		for i, item := range n {
			items[i] = toValue(item, f)
		}
		return items
	case *leaf:
		return f(n)
	}
	return nil
}

func plainScalar(l *leaf) any { return l.value }

// storedScalar is what stands in the file.
func storedScalar(l *leaf) any {
	if l.encrypted {
		return l.cipher
	}
	return l.value
}

// emitFile writes an encrypted file.
func emitFile(f format, branch sops.TreeBranch, m sops.Metadata) ([]byte, error) {
	data, err := f.store().EmitEncryptedFile(sops.Tree{Branches: sops.TreeBranches{branch}, Metadata: m})
	if err != nil {
		return nil, errWrite
	}
	return data, nil
}

// emitPlain writes a document in its format.
func emitPlain(f format, o object) ([]byte, error) {
	data, err := f.store().EmitPlainFile(sops.TreeBranches{toBranch(o, plainScalar)})
	if err != nil {
		return nil, errWrite
	}
	return data, nil
}

// guarded is SOPS's cipher of one file. It remembers what it opened, and gives the same ciphertext for it again. It panics for ciphertexts of a kind
// that SOPS never writes, and whoever edits a file may write them.
type guarded struct{ aes.Cipher }

func newCipher() guarded { return guarded{aes.NewCipher()} }

func (g guarded) Decrypt(text string, key []byte, place string) (v any, err error) {
	defer func() {
		if recover() != nil { // of the kind "bytes", which cannot be remembered
			v, err = nil, errDamaged
		}
	}()
	return g.Cipher.Decrypt(text, key, place)
}

func (g guarded) Encrypt(v any, key []byte, place string) (text string, err error) {
	defer func() {
		if recover() != nil { // it remembers a nonce of a length that it can only open
			text, err = aes.NewCipher().Encrypt(v, key, place)
		}
	}()
	return g.Cipher.Encrypt(v, key, place)
}

// isScalar says whether a decrypted value is one that a document of ours can have.
func isScalar(v any) bool {
	switch v := v.(type) {
	case nil, string, int, bool:
		return true
	case float64:
		return !math.IsNaN(v) && !math.IsInf(v, 0)
	}
	return false
}

// additional is the additional data of a value: it binds a ciphertext to the keys that lead to it.
func additional(path []string) string { return strings.Join(path, ":") + ":" }

// cipherLength is the length of the text of a ciphertext. SOPS's packages tell it only to who has the key.
func cipherLength(cipher string) (int, bool) {
	text, _, ok := strings.Cut(strings.TrimPrefix(cipher, cipherPrefix), ",iv:")
	data, err := base64.StdEncoding.DecodeString(text)
	return len(data), ok && err == nil
}
