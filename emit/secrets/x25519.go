package secrets

import (
	"bytes"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strings"

	"filippo.io/age"
	"golang.org/x/crypto/chacha20poly1305"
)

// age computes the public half of a private key anew each time it uses that. Multiplying points is nearly all that a file of ours costs, so the key
// of a file is wrapped here by two multiplications in place of three, and opened by one in place of two. The form is that of age.

const x25519Label = "age-encryption.org/v1/X25519"

var errBech32 = errors.New("it is not a key of age")

// x25519Recipient is an age recipient of the usual kind.
type x25519Recipient struct{ key *ecdh.PublicKey }

// newX25519Recipient reads a public key, which begins with "age1".
func newX25519Recipient(text string) (*x25519Recipient, error) {
	if _, err := age.ParseX25519Recipient(text); err != nil { // the checksum among others
		return nil, err
	}
	data, err := bech32(text)
	if err != nil {
		return nil, err
	}
	key, err := ecdh.X25519().NewPublicKey(data)
	return &x25519Recipient{key}, err
}

// Wrap makes the stanza of a file key.
func (r *x25519Recipient) Wrap(fileKey []byte) ([]*age.Stanza, error) {
	ephemeral, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	public := ephemeral.PublicKey().Bytes()
	box, err := x25519Box(ephemeral, r.key, public, r.key.Bytes())
	if err != nil {
		return nil, err
	}
	body := box.seal(fileKey)
	return []*age.Stanza{{Type: "X25519", Args: []string{base64.RawStdEncoding.EncodeToString(public)}, Body: body}}, nil
}

// x25519Identity is an age identity of the usual kind.
type x25519Identity struct {
	*age.X25519Identity
	key *ecdh.PrivateKey
}

// newX25519Identity reads a private key, which begins with "AGE-SECRET-KEY-1".
func newX25519Identity(text string) (*x25519Identity, error) {
	id, err := age.ParseX25519Identity(text)
	if err != nil {
		return nil, err
	}
	data, err := bech32(text)
	if err != nil {
		return nil, err
	}
	key, err := ecdh.X25519().NewPrivateKey(data)
	return &x25519Identity{id, key}, err
}

// Unwrap is the file key of one of the stanzas. What is not in order is left to age, and its errors.
func (id *x25519Identity) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	for _, s := range stanzas {
		if s.Type != "X25519" {
			continue
		}
		fileKey, regular := id.unwrap(s)
		if !regular {
			return id.X25519Identity.Unwrap(stanzas)
		}
		if fileKey != nil {
			return fileKey, nil
		}
	}
	return nil, age.ErrIncorrectIdentity
}

func (id *x25519Identity) unwrap(s *age.Stanza) (fileKey []byte, regular bool) {
	if len(s.Args) != 1 || len(s.Body) != fileKeySize+chacha20poly1305.Overhead {
		return nil, false
	}
	public, err := base64.RawStdEncoding.Strict().DecodeString(s.Args[0])
	if err != nil {
		return nil, false
	}
	theirs, err := ecdh.X25519().NewPublicKey(public)
	if err != nil {
		return nil, false
	}
	box, err := x25519Box(id.key, theirs, public, id.key.PublicKey().Bytes())
	if err != nil {
		return nil, false
	}
	return box.open(s.Body), true
}

const fileKeySize = 16 // of age

// fileKeyBox seals one file key.
type fileKeyBox struct{ key []byte }

// x25519Box is the box that both sides of an exchange find. The public keys are that of the file and that of the recipient.
func x25519Box(own *ecdh.PrivateKey, theirs *ecdh.PublicKey, ofFile, ofRecipient []byte) (fileKeyBox, error) {
	shared, err := own.ECDH(theirs)
	if err != nil {
		return fileKeyBox{}, err
	}
	key, err := hkdf.Key(sha256.New, shared, append(bytes.Clone(ofFile), ofRecipient...), x25519Label, chacha20poly1305.KeySize)
	return fileKeyBox{key}, err
}

// seal encrypts a file key. The key of a box is used once, so that the nonce is constant.
func (b fileKeyBox) seal(fileKey []byte) []byte {
	aead, _ := chacha20poly1305.New(b.key) // of a key of the right length there is always one
	return aead.Seal(nil, make([]byte, chacha20poly1305.NonceSize), fileKey, nil)
}

// open is nil for what another box sealed.
func (b fileKeyBox) open(body []byte) []byte {
	aead, _ := chacha20poly1305.New(b.key) // as above
	fileKey, err := aead.Open(nil, make([]byte, chacha20poly1305.NonceSize), body, nil)
	if err != nil {
		return nil
	}
	return fileKey
}

// bech32 is the data of a key whose checksum age has verified.
func bech32(text string) ([]byte, error) {
	const alphabet, checksum = "qpzry9x8gf2tvdw0s3jn54khce6mua7l", 6
	digits := strings.ToLower(text[strings.LastIndexByte(text, '1')+1:])
	if len(digits) < checksum {
		return nil, errBech32
	}
	var data []byte
	bits, held := 0, 0
	for _, c := range digits[:len(digits)-checksum] {
		digit := strings.IndexRune(alphabet, c)
		if digit < 0 {
			return nil, errBech32
		}
		bits, held = bits<<5|digit, held+5
		if held >= 8 {
			held -= 8
			data = append(data, byte(bits>>held))
			bits &= 1<<held - 1
		}
	}
	return data, nil
}
