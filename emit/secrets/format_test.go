package secrets

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"filippo.io/age"
)

func stockFile(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "stock", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// stockKey opens the files of testdata/stock, which the program sops 3.13.3 made.
func stockKey(t testing.TB) *keyring {
	t.Helper()
	k := &keyring{own: map[string]bool{}}
	k.add("testdata", string(stockFile(t, "key.txt")))
	if len(k.identities) != 1 {
		t.Fatal(k.places)
	}
	return k
}

func TestFilesOfSOPSAreReadAndWrittenToTheByte(t *testing.T) {
	t.Parallel()
	for f, suffix := range map[format]string{dotenv: ".env", jsonText: ".json"} {
		data := stockFile(t, "sealed"+suffix)
		s := newStored(f, data)
		if again, err := emitFile(f, s.tree, s.meta); err != nil || !bytes.Equal(again, data) {
			t.Errorf("locked, it is written as\n%s%v", again, err)
		}
		if s.open(stockKey(t).unwrap(s.meta.wraps)); !s.sound {
			t.Fatalf("sealed%s is not sound: %+v", suffix, s.meta)
		}
		plain, err := emitPlain(f, s.tree)
		if err != nil || !bytes.Equal(plain, stockFile(t, "plain"+suffix)) {
			t.Errorf("it reads as\n%s%v", plain, err)
		}
		b := &build{now: s.meta.modified}
		j := &job{document: &document{format: f, rule: &rule{encrypted: s.meta.encrypted}}, plain: s.tree, old: s}
		for _, w := range s.meta.wraps {
			b.to = append(b.to, recipient{text: w.recipient})
		}
		if err := b.encryptNew(j); err != nil || !bytes.Equal(j.data, data) {
			t.Errorf("encrypted with the same key and time it is\n%s%v", j.data, err)
		}
	}
}

// FuzzFormat demands that no bytes make the reader panic, that what it reads is read alike when written again, and that any text comes back from a
// file of ours.
func FuzzFormat(f *testing.F) {
	for _, name := range []string{"sealed.env", "sealed.json"} {
		data := stockFile(f, name)
		f.Add(data, name == "sealed.json")
		f.Add(bytes.ReplaceAll(data, []byte("type:str"), []byte("type:int")), name == "sealed.json")
		f.Add(data[:len(data)/2], name == "sealed.json")
	}
	f.Add([]byte("sops_mac=ENC[AES256_GCM,data:,iv:,tag:,type:]\nsops_age__list_1__map_enc=\n"), false)
	keys := stockKey(f)
	f.Fuzz(func(t *testing.T, data []byte, isJSON bool) {
		form := dotenv
		if isJSON {
			form = jsonText
		}
		s := newStored(form, data)
		if s.broken {
			return
		}
		written, err := emitFile(form, s.tree, s.meta)
		if err != nil {
			t.Fatal(err)
		}
		again := newStored(form, written)
		same := func(a, b *leaf) bool { return a.value == b.value && a.cipher == b.cipher }
		if again.broken || differences(s.tree, again.tree, same) != nil {
			t.Fatalf("%q became %q", data, written)
		}
		if s.open(keys.unwrap(s.meta.wraps)); s.sound {
			return // the code of the stock files fits
		}
		s.open(make([]byte, dataKeySize))
		x, err := newBox(make([]byte, dataKeySize))
		if err != nil {
			t.Fatal(err)
		}
		if v, err := x.open(x.seal(string(data), "a:"), "a:"); len(data) > 0 && (err != nil || v != string(data)) {
			t.Fatalf("%q became %v: %v", data, v, err)
		}
	})
}

func TestKeysThatCannotBeUnwrapped(t *testing.T) {
	t.Parallel()
	other, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	s := newStored(jsonText, stockFile(t, "sealed.json"))
	for _, ids := range [][]age.Identity{nil, {other}} {
		if key := (&keyring{identities: ids}).unwrap(s.meta.wraps); key != nil {
			t.Error("a key out of nothing")
		}
	}
}
