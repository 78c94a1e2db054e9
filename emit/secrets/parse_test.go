package secrets

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/value"
)

func never(string) bool { return false }

func TestEveryTextIsFoundInWhatWasMadeOfIt(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	pick := func(all ...string) string { return all[random.IntN(len(all))] }
	for range 5000 {
		var c value.Concat
		var text strings.Builder
		want := map[int]string{}
		for range 1 + random.IntN(6) {
			literal := pick(":", ";", ":a:", "://u:", "@host:1/", ";name:user:", "/", "=x&y=")
			var secret strings.Builder
			for range 1 + random.IntN(5) {
				secret.WriteString(pick("a", "Z", "9", "_", "-", "name", "x"))
			}
			want[len(want)] = secret.String()
			c = append(c, value.Literal(literal), value.Secret{ID: fmt.Sprint(len(want))})
			text.WriteString(literal + secret.String())
		}
		if random.IntN(2) == 0 {
			c = append(c, value.Literal(":end"))
			text.WriteString(":end")
		}
		if got := newPattern(c).match(text.String(), never); !maps.Equal(got, want) {
			t.Fatalf("%s in %s: %v, not %v", value.Display(c), text.String(), got, want)
		}
	}
}

func TestSecretsWithoutATextBetweenAreCutByLength(t *testing.T) {
	t.Parallel()
	c := value.Concat{value.Secret{ID: "a", Length: 3}, value.Secret{ID: "b", Length: 2}, value.Literal("-"), value.Secret{ID: "c"}}
	want := map[int]string{0: "abc", 1: "de", 2: "f"}
	if got := newPattern(c).match("abcde-f", never); !maps.Equal(got, want) {
		t.Error(got)
	}
}

func TestAGivenTextMayHaveAnyCharacter(t *testing.T) {
	t.Parallel()
	c := value.Concat{value.Literal("u:"), value.Secret{ID: "given"}, value.Literal("@"), value.Secret{ID: "drawn"}}
	got := newPattern(c).match("u:a b:$@x", func(id string) bool { return id == "given" })
	if got[1] != "x" {
		t.Error(got)
	}
	if newPattern(c).match("u:a b:$@x", never) != nil && newPattern(c).match("u:a b:$@x", never)[0] != "" {
		t.Error("a generated text with blanks")
	}
}

func TestALiteralLikeAHoleIsNoHole(t *testing.T) {
	t.Parallel()
	c := value.Concat{value.Literal("a" + hole + "b:"), value.Secret{ID: "s"}}
	if got := newPattern(c).match("else:x", never); got != nil {
		t.Error(got)
	}
}

func TestParseWhatWasEmitted(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(5, 6))
	for range 300 {
		o := randomObject(random, 0)
		m := metadata{
			wraps:    []wrap{{"age1x", "a\nb\n"}, {"age1y", "c\n"}},
			modified: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), mac: "ENC[x]", encrypted: "^a$",
		}
		data, err := emitFile(jsonText, o, m)
		if err != nil {
			t.Fatal(err)
		}
		again, meta, err := parse(jsonText, data)
		if err != nil || !reflect.DeepEqual(meta, m) || differences(o, again, func(a, b *leaf) bool { return a.value == b.value }) != nil {
			t.Fatalf("%v %+v\n%s", err, meta, data)
		}
	}
}

func randomObject(random *rand.Rand, depth int) object {
	o := object{}
	for i := range random.IntN(4) {
		o = append(o, member{key: fmt.Sprintf("k%d<>", i), node: randomNode(random, depth)})
	}
	return o
}

func randomNode(random *rand.Rand, depth int) node {
	if depth < 4 {
		switch random.IntN(3) {
		case 0:
			return randomObject(random, depth+1)
		case 1:
			l := list{}
			for range random.IntN(3) {
				l = append(l, randomNode(random, depth+1))
			}
			return l
		}
	}
	return &leaf{value: []any{"text\u2028\n\"", "", 7, -1 << 60, 1.25, true, false, nil}[random.IntN(8)]}
}

func TestCiphertextIsBoundToItsPlace(t *testing.T) {
	t.Parallel()
	x := zeroBox(t)
	for _, v := range []any{"text", 7, 1.5, true, false} {
		text := x.seal(v, "a:b:")
		if got, err := x.open(text, "a:b:"); err != nil || got != v {
			t.Errorf("%v became %v", v, got)
		}
		if _, err := x.open(text, "a:c:"); err == nil {
			t.Error("it opens in another place")
		}
		if again := x.seal(v, "a:b:"); again != text {
			t.Error("another ciphertext for what was opened")
		}
	}
	s := newStored(jsonText, sample(t))
	if s.open([]byte("short")); !s.locked() {
		t.Error("a short data key")
	}
}

// sample is an encrypted file with a data key of zeros.
func sample(t *testing.T) []byte {
	t.Helper()
	plain := object{{key: "text", node: &leaf{value: "abc"}}, {key: "number", node: &leaf{value: 7}}, {key: "clear_unencrypted", node: &leaf{value: "c"}}}
	x := zeroBox(t)
	m := metadata{wraps: []wrap{{"age1x", ""}}, suffix: unencryptedSuffix}
	m.mac = x.seal(code(plain), m.stamp())
	covers := m.covers()
	tree, _ := plain.replaced(func(path []string, l *leaf) (*leaf, error) {
		if !covers(path) {
			return l, nil
		}
		return &leaf{encrypted: true, cipher: x.seal(l.value, additional(path))}, nil
	})
	data, err := emitFile(jsonText, tree, m)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// zeroBox has a data key of zeros.
func zeroBox(t *testing.T) *box {
	t.Helper()
	x, err := newBox(make([]byte, dataKeySize))
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestAnEditedKindIsDamagedAndNeverANonceForTwoTexts(t *testing.T) {
	t.Parallel()
	key := make([]byte, dataKeySize)
	whole := newStored(jsonText, sample(t))
	if whole.open(key); !whole.sound {
		t.Fatal("the sample is not sound")
	}
	for _, kind := range []string{"int", "float", "bool", "bytes", "time", "comment", "none"} {
		s := newStored(jsonText, bytes.Replace(sample(t), []byte("type:str"), []byte("type:"+kind), 1))
		s.open(key)
		if text := s.tree[0].node.(*leaf); s.sound || text.value != (damaged{}) {
			t.Errorf("%s: %v", kind, text.value)
		}
		if number := s.tree[1].node.(*leaf); number.value != 7 {
			t.Errorf("%s: the other value is lost", kind)
		}
		_, nonce, _ := strings.Cut(s.tree[0].node.(*leaf).cipher, ",iv:")
		nonce, _, _ = strings.Cut(nonce, ",")
		for _, v := range []any{0, 0.0, false} {
			if again := s.box.seal(v, "text:"); strings.Contains(again, nonce) {
				t.Errorf("%s: the nonce is used again", kind)
			}
		}
	}
}

func TestANonceOfAnotherLengthIsReadButNotWritten(t *testing.T) {
	t.Parallel()
	key := make([]byte, dataKeySize)
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		t.Fatal(err)
	}
	nonce := make([]byte, gcm.NonceSize())
	sealed := gcm.Seal(nil, nonce, []byte("abc"), []byte("a:"))
	encode := base64.StdEncoding.EncodeToString
	x := zeroBox(t)
	v, err := x.open(cipherPrefix+encode(sealed[:3])+",iv:"+encode(nonce)+",tag:"+encode(sealed[3:])+",type:str]", "a:")
	if err != nil || v != "abc" {
		t.Fatal(v, err)
	}
	again := x.seal("abc", "a:")
	if strings.Contains(again, encode(nonce)) {
		t.Error("the nonce is used again")
	}
	if v, err := zeroBox(t).open(again, "a:"); err != nil || v != "abc" {
		t.Error(v, err)
	}
}

func TestWhatSOPSWouldRefuseIsStillRead(t *testing.T) {
	t.Parallel()
	w := string(sample(t))
	for name, edited := range map[string]string{
		"time":        strings.Replace(w, `"lastmodified": "0001`, `"lastmodified": "x0001`, 1),
		"two rules":   strings.Replace(w, `"version"`, `"encrypted_regex": "x", "version"`, 1),
		"another key": strings.Replace(w, `"version"`, `"pgp": [{"fp": "ABC"}], "version"`, 1),
		"groups":      strings.Replace(w, `"version"`, `"key_groups": [{}], "version"`, 1),
		"threshold":   strings.Replace(w, `"version"`, `"shamir_threshold": 2, "version"`, 1),
	} {
		s := newStored(jsonText, []byte(edited))
		if edited == w || s.broken || len(s.meta.wraps) != 1 || s.meta.wraps[0].recipient != "age1x" || !s.meta.foreign {
			t.Errorf("%s: broken %v, %+v", name, s.broken, s.meta)
			continue
		}
		if s.open(make([]byte, dataKeySize)); s.sound || s.tree[0].node.(*leaf).value != "abc" {
			t.Errorf("%s: its values are lost", name)
		}
	}
	for name, edited := range map[string]string{
		"no keys":  regexp.MustCompile(`(?s)"age": \[.*?\],`).ReplaceAllString(w, ""),
		"odd keys": strings.Replace(w, `"age": [`, `"age": [1,`, 1),
	} {
		if s := newStored(jsonText, []byte(edited)); edited == w || !s.locked() || !s.meta.foreign || len(s.meta.wraps) > 0 {
			t.Errorf("%s: broken %v, %+v", name, s.broken, s.meta)
		}
	}
	if s := newStored(jsonText, []byte(strings.Replace(w, `"version"`, `"kms": null, "pgp": [], "hc_vault": "", "version"`, 1))); s.broken || s.meta.foreign {
		t.Error("empty fields, as old versions write them, count")
	}
	for _, broken := range []string{w + "{}", w[:len(w)-3], "{" + strings.Repeat(`"a":{`, maxDepth) + strings.Repeat("}", maxDepth) + "," + w[1:], `{"sops": 1}`, `"sops"`} {
		if s := newStored(jsonText, []byte(broken)); !s.broken {
			t.Errorf("it is read: %.60s", broken)
		}
	}
}

func TestDrawnTextsAreLettersAndDigitsAlike(t *testing.T) {
	t.Parallel()
	count := map[rune]int{}
	for range 1000 {
		text, err := draw(defaultLength, alphabet, rand.NewChaCha8([32]byte{}))
		if err != nil || len(text) != defaultLength {
			t.Fatal(text, err)
		}
		for _, r := range text {
			count[r]++
		}
	}
	random := rand.NewChaCha8([32]byte{1})
	clear(count)
	for range 2000 {
		text, _ := draw(31, alphabet, random)
		for _, r := range text {
			count[r]++
		}
	}
	if len(count) != 62 {
		t.Errorf("%d different characters", len(count))
	}
	for r, n := range count {
		if n < 800 || n > 1200 {
			t.Errorf("%c came %d times", r, n)
		}
	}
}

func TestAPanicReachesTheCaller(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() != "here" {
			t.Error("no panic")
		}
	}()
	each(100, func(i int) {
		if i == 50 {
			panic("here")
		}
	})
}

// FuzzOldFile demands that no old file makes a build panic or fail with anything but a finding, and that what it says is never trusted half.
func FuzzOldFile(f *testing.F) {
	key, err := age.GenerateX25519Identity()
	if err != nil {
		f.Fatal(err)
	}
	inputs := []Input{
		{Path: "a/k8s/deploy/base/secret/cloud.env", Groups: []kind.Group{{Comment: "db", Vars: map[string]value.Value{
			"DB_PASSWORD": value.Secret{ID: "s"}, "HOST": value.Literal("h"),
			"A_DATABASES": value.Concat{value.Literal("n:u:"), value.Secret{ID: "s"}, value.Literal(":n;m:v:"), value.Secret{ID: "t"}, value.Literal(":m")},
		}}}},
		{Path: "a/k8s/deploy/base/secret/definitions.json", JSON: map[string]any{"users": []any{
			map[string]any{"name": "u", "password_hash": value.Hash{ID: "h", Algorithm: saltedSHA256, Of: value.Secret{ID: "s"}}},
		}}},
		{Path: "a/k8s/deploy/base/secret/registry.json", JSON: map[string]any{"auths": map[string]any{"x": map[string]any{"auth": value.Base64{Of: value.Concat{value.Literal("u:"), value.Secret{ID: "t"}}}}}}},
	}
	o := Options{
		Recipients: []string{key.Recipient().String()},
		ArchDir:    f.TempDir(),
		Env:        func(name string) (string, bool) { return key.String(), name == "SOPS_AGE_KEY" },
	}
	files, _, err := Encrypt(inputs, o, &diag.List{})
	if err != nil {
		f.Fatal(err)
	}
	for i := range inputs {
		f.Add(files[i].Data, i)
		f.Add(files[i].Data[:len(files[i].Data)/2], i)
	}
	f.Add([]byte("sops_mac=x\nsops_lastmodified=y\nsops_age__list_0__map_recipient=\nA_DATABASES=;;:::\n"), 0)
	f.Add([]byte(`{"sops":{"mac":"x","age":[1,{"enc":{}}]},"users":[1,{"name":"u"},[]]}`), 1)
	f.Fuzz(func(t *testing.T, data []byte, which int) {
		o := o
		o.Old = func(path string) ([]byte, error) {
			if i := which & 0xff % len(inputs); path != inputs[i].Path {
				return nil, fs.ErrNotExist
			}
			return data, nil
		}
		findings := &diag.List{}
		files, _, err := Encrypt(inputs, o, findings)
		if err != nil {
			t.Fatal(err)
		}
		if (files == nil) != findings.HasErrors() {
			t.Fatal("neither files nor findings")
		}
	})
}
