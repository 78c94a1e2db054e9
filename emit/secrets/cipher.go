package secrets

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha512"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

const (
	cipherPrefix = "ENC[AES256_GCM,data:"
	nonceSize    = 32 // of SOPS, which is not the usual one
	tagSize      = 16
	dataKeySize  = 32
)

var errDamaged = errors.New("it cannot be decrypted with the file's key")

// box encrypts and opens the values of one file. It remembers what it opened, so that a value that did not change gets its old ciphertext again.
type box struct {
	block cipher.Block
	aead  cipher.AEAD // for nonces of nonceSize
	known map[place]string
}

// place is a plaintext in its place.
type place struct {
	value      any
	additional string
}

func newBox(key []byte) (*box, error) {
	if len(key) != dataKeySize {
		return nil, errDamaged
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithNonceSize(block, nonceSize)
	return &box{block, aead, map[place]string{}}, err
}

// seal is the ciphertext of a scalar. The additional data binds it to its place.
func (x *box) seal(v any, additional string) string {
	if text, ok := x.known[place{v, additional}]; ok {
		return text
	}
	text, kind := plainText(v)
	nonce := make([]byte, nonceSize)
	_, _ = rand.Read(nonce) // it never fails
	sealed := x.aead.Seal(nil, nonce, []byte(text), []byte(additional))
	data, tag := sealed[:len(sealed)-tagSize], sealed[len(sealed)-tagSize:]
	encode := base64.StdEncoding.EncodeToString
	return cipherPrefix + encode(data) + ",iv:" + encode(nonce) + ",tag:" + encode(tag) + ",type:" + kind + "]"
}

// open is the scalar of a ciphertext.
//
// Errors: errDamaged, where key, place or text are not those it was made with, or of a kind that a document of ours cannot have.
func (x *box) open(text, additional string) (any, error) {
	s, ok := parseSealed(text)
	if !ok {
		return nil, errDamaged
	}
	aead := x.aead
	if len(s.nonce) != nonceSize {
		var err error
		if aead, err = cipher.NewGCMWithNonceSize(x.block, len(s.nonce)); err != nil {
			return nil, errDamaged
		}
	}
	data, err := aead.Open(nil, s.nonce, append(s.data, s.tag...), []byte(additional))
	if err != nil {
		return nil, errDamaged
	}
	v, ok := typed(string(data), s.kind)
	if !ok {
		return nil, errDamaged
	}
	// The kind is in clear: whoever edits it, or writes "true" for "True", must not make us use a nonce for two texts.
	if plain, kind := plainText(v); plain == string(data) && kind == s.kind && len(s.nonce) == nonceSize {
		x.known[place{v, additional}] = text
	}
	return v, nil
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
	if len(parts) != 4 {
		return sealed{}, false
	}
	nonce, ok1 := strings.CutPrefix(parts[1], "iv:")
	tag, ok2 := strings.CutPrefix(parts[2], "tag:")
	kind, ok3 := strings.CutPrefix(parts[3], "type:")
	if !ok1 || !ok2 || !ok3 {
		return sealed{}, false
	}
	s := sealed{kind: kind}
	var err1, err2, err3 error
	s.data, err1 = base64.StdEncoding.DecodeString(parts[0])
	s.nonce, err2 = base64.StdEncoding.DecodeString(nonce)
	s.tag, err3 = base64.StdEncoding.DecodeString(tag)
	return s, errors.Join(err1, err2, err3) == nil && len(s.nonce) > 0
}

// plainText is a scalar as SOPS encrypts it and takes it into the code, and its kind. Null has neither.
func plainText(v any) (text, kind string) {
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

func typed(text, kind string) (v any, ok bool) {
	var err error
	switch kind {
	case "str":
		return text, true
	case "int":
		v, err = strconv.Atoi(text)
	case "float":
		var f float64
		f, err = strconv.ParseFloat(text, 64)
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return nil, false
		}
		v = f
	case "bool":
		v, err = strconv.ParseBool(text)
	default:
		return nil, false
	}
	return v, err == nil
}

// additional is the additional data of a value: it binds a ciphertext to the keys that lead to it.
func additional(path []string) string { return strings.Join(path, ":") + ":" }

// code is the message authentication code of a plaintext: every scalar in order, comments and nulls left out.
func code(plain object) string {
	h := sha512.New()
	_ = plain.visit(func(_ []string, l *leaf) error {
		text, _ := plainText(l.value)
		_, err := io.WriteString(h, text)
		return err
	})
	return fmt.Sprintf("%X", h.Sum(nil))
}

// cipherLength is the length of the text of a ciphertext, which anybody can see.
func cipherLength(cipher string) (int, bool) {
	text, _, ok := strings.Cut(strings.TrimPrefix(cipher, cipherPrefix), ",iv:")
	data, err := base64.StdEncoding.DecodeString(text)
	return len(data), ok && err == nil
}
