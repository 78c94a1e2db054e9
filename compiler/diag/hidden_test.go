package diag_test

import (
	"strings"
	"testing"

	"platc.dev/platc/compiler/diag"
)

func TestHiddenTextsAreInNoForm(t *testing.T) {
	t.Parallel()
	h := &diag.Hidden{}
	h.Add(`p"ss wörd/1`, "first line\nsecond line", "word", strings.Repeat("long", 40), "shop", "abc")
	h.Except("shop")
	for text, want := range map[string]string{
		`it is p"ss wörd/1 there`:                   "it is [secret] there",
		`it is "p\"ss wörd/1" there`:                `it is "[secret]" there`,
		"at p%22ss+w%C3%B6rd%2F1":                   "at [secret]",
		"cCJzcyB3w7ZyZC8x":                          "[secret]",
		"only second line here":                     "only [secret] here",
		"a password, a word":                        "a password, a [secret]",
		"cut: " + strings.Repeat("long", 20) + "…":  "cut: [secret]…",
		"shop and abc stay":                         "shop and abc stay",
		"git https://robot:pw@git.example.com/x":    "git https://robot:[secret]@git.example.com/x",
		"git https://ghp_123@git.example.com/x":     "git https://[secret]@git.example.com/x",
		"git ssh://git@git.example.com/x and a@b.c": "git ssh://git@git.example.com/x and a@b.c",
	} {
		if got := h.Text(text); got != want {
			t.Errorf("%q: %q, not %q", text, got, want)
		}
	}
	source := "x: \"second line\" // word\n"
	if got := string(h.Source([]byte(source))); got != "x: \"***********\" // ****\n" || len(got) != len(source) {
		t.Errorf("%q", got)
	}
	var none *diag.Hidden
	none.Add("word")
	none.Except("x")
	none.CoverWith(nil)
	if got := none.Text("word"); got != "word" {
		t.Error(got)
	}
}
