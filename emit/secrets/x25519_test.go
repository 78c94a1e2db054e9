package secrets

import (
	"bytes"
	"errors"
	"testing"

	"filippo.io/age"
)

// TestX25519IsThatOfAge: what we wrap age opens, and the reverse; another key opens neither, and a damaged stanza is refused as age does.
func TestX25519IsThatOfAge(t *testing.T) {
	t.Parallel()
	other, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	for range 50 {
		theirs, err := age.GenerateX25519Identity()
		if err != nil {
			t.Fatal(err)
		}
		ours, err := newX25519Identity(theirs.String())
		if err != nil {
			t.Fatal(err)
		}
		to, err := newX25519Recipient(theirs.Recipient().String())
		if err != nil {
			t.Fatal(err)
		}
		fileKey := bytes.Repeat([]byte{7}, fileKeySize)
		for _, wrap := range []age.Recipient{to, theirs.Recipient()} {
			stanzas, err := wrap.Wrap(fileKey)
			if err != nil {
				t.Fatal(err)
			}
			for _, id := range []age.Identity{ours, theirs} {
				if got, err := id.Unwrap(stanzas); err != nil || !bytes.Equal(got, fileKey) {
					t.Fatalf("%T opens what %T wrapped as %x, %v", id, wrap, got, err)
				}
			}
			if _, err := other.Unwrap(stanzas); !errors.Is(err, age.ErrIncorrectIdentity) {
				t.Fatalf("another key: %v", err)
			}
			stanzas[0].Body[0] ^= 1
			if _, err := ours.Unwrap(stanzas); !errors.Is(err, age.ErrIncorrectIdentity) {
				t.Fatalf("a damaged key: %v", err)
			}
			stanzas[0].Args[0] = "?"
			_, err1 := ours.Unwrap(stanzas)
			_, err2 := theirs.Unwrap(stanzas)
			if err1 == nil || err2 == nil || err1.Error() != err2.Error() {
				t.Fatalf("a damaged stanza: %v, and age says %v", err1, err2)
			}
		}
	}
	if _, err := newX25519Identity("AGE-SECRET-KEY-1QQ"); err == nil {
		t.Error("half a key is one")
	}
	if _, err := newX25519Recipient("age1qqqq"); err == nil {
		t.Error("half a recipient is one")
	}
}

// BenchmarkWrap is what a file costs for each recipient.
func BenchmarkWrap(b *testing.B) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		b.Fatal(err)
	}
	to, err := parseRecipient(id.Recipient().String())
	if err != nil {
		b.Fatal(err)
	}
	identity, err := parseIdentity(id.String())
	if err != nil {
		b.Fatal(err)
	}
	sides := []struct {
		name     string
		to       recipient
		identity age.Identity
	}{{"age", recipient{to.text, id.Recipient()}, id}, {"ours", to, identity}}
	key := make([]byte, dataKeySize)
	for _, side := range sides {
		b.Run(side.name, func(b *testing.B) {
			for b.Loop() {
				if _, err := side.to.wrap(key); err != nil {
					b.Fatal(err)
				}
			}
		})
		w, err := side.to.wrap(key)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(side.name+" opens", func(b *testing.B) {
			for b.Loop() {
				if w.unwrap([]age.Identity{side.identity}) == nil {
					b.Fatal("it does not open")
				}
			}
		})
	}
}
