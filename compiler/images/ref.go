package images

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Ref is what names one image of a repository: a tag, a digest, or both. The zero value is none.
type Ref struct{ Tag, Digest string }

// ParseRef reads TAG, @DIGEST or TAG@DIGEST.
func ParseRef(text string) (Ref, error) {
	tag, digest, pinned := strings.Cut(text, "@")
	r := Ref{Tag: tag, Digest: digest}
	if pinned && digest == "" {
		return Ref{}, badDigest(digest)
	}
	return r, r.Check()
}

// Check says what is wrong with a reference, in one clause that follows its name.
func (r Ref) Check() error {
	switch {
	case r == Ref{}:
		return errors.New("names neither a tag nor a digest")
	case r.Tag != "" && !regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$`).MatchString(r.Tag):
		return fmt.Errorf("has the tag %q, which is not valid: a tag has letters, digits and _ . -, at most 128, and begins with a letter, a digit or _", r.Tag)
	case r.Digest != "" && !regexp.MustCompile(`^sha256:[0-9a-f]{64}$`).MatchString(r.Digest):
		return badDigest(r.Digest)
	case r.Digest == "" && r.moves():
		return fmt.Errorf("has the tag %q, which another image may have tomorrow: give an exact one, or the digest as well", r.Tag)
	}
	return nil
}

func badDigest(digest string) error {
	return fmt.Errorf("has the digest %q, which is not valid: a digest is sha256: and 64 digits of 0-9 and a-f", digest)
}

// moves says whether a tag is one of those that registries give to one image after the other.
func (r Ref) moves() bool { return regexp.MustCompile(`^(latest|[0-9]+)$`).MatchString(r.Tag) }

// String is the reference as ParseRef reads it.
func (r Ref) String() string {
	if r.Digest == "" {
		return r.Tag
	}
	return r.Tag + "@" + r.Digest
}

// Of is the reference to an image of a repository, such as registry.example.com/shop/orders.
func (r Ref) Of(repository string) string {
	if r.Tag != "" {
		repository += ":"
	}
	return repository + r.String()
}
