package secrets

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"io"
)

// saltedSHA256 is the only algorithm of hashes so far: base64(salt ‖ SHA-256(salt ‖ text)), as RabbitMQ's rabbit_password_hashing_sha256 has it.
const (
	saltedSHA256 = "salted-sha256"
	saltSize     = 4 // bytes
)

// newHash draws a salt.
//
// Errors: an unknown algorithm, no randomness.
func newHash(algorithm, text string, random io.Reader) (string, error) {
	if algorithm != saltedSHA256 {
		return "", fmt.Errorf("hash with %q: no such algorithm", algorithm)
	}
	salt := make([]byte, saltSize)
	if _, err := io.ReadFull(random, salt); err != nil {
		return "", fmt.Errorf("draw a salt: %w", err)
	}
	return saltedHash(salt, text), nil
}

func saltedHash(salt []byte, text string) string {
	sum := sha256.Sum256(append(append([]byte{}, salt...), text...))
	return base64.StdEncoding.EncodeToString(append(append([]byte{}, salt...), sum[:]...))
}

// isHash says whether a text has the form of a hash.
func isHash(algorithm, hash string) bool {
	data, err := base64.StdEncoding.DecodeString(hash)
	return algorithm == saltedSHA256 && err == nil && len(data) == saltSize+sha256.Size
}

// fits says whether a hash is that of a text.
func fits(algorithm, hash, text string) bool {
	if !isHash(algorithm, hash) {
		return false
	}
	data, err := base64.StdEncoding.DecodeString(hash)
	return err == nil && subtle.ConstantTimeCompare([]byte(saltedHash(data[:saltSize], text)), []byte(hash)) == 1
}
