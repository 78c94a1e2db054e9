package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"platc.dev/platc/compiler"

	"platc.dev/platc/emit/secrets"
)

// asking is a console whose terminal gives these answers.
func asking(answers ...string) (*console, *[]string) {
	asked := &[]string{}
	return &console{in: strings.NewReader("of stdin"), prompt: func(question string) (string, error) {
		*asked = append(*asked, question)
		answer := answers[len(*asked)-1]
		return answer, nil
	}}, asked
}

func TestATerminalIsAskedTwice(t *testing.T) {
	t.Parallel()
	c, asked := asking("LEAK-1", "LEAK-1")
	if text, err := c.value(compiler.Credential{Name: "db/admin"}); err != nil || text != "LEAK-1" || strings.Join(*asked, "|") != "value of db/admin|once more" {
		t.Errorf("%v %v", *asked, err)
	}
	c, _ = asking("LEAK-1", "LEAK-2")
	var wrong usage
	if _, err := c.value(compiler.Credential{Name: "db/admin"}); !errors.As(err, &wrong) || wrong.message != "the two values differ" {
		t.Errorf("%v", err)
	}
	c, _ = asking("", "")
	if _, err := c.value(compiler.Credential{Name: "db/admin"}); !errors.As(err, &wrong) || wrong.message != "the value is empty" {
		t.Errorf("%v", err)
	}
}

func TestValuesOfStdin(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", secrets.MaxText)
	for given, want := range map[string]string{"a": "a", "a\n": "a", "a\r\n": "a", "a.b_c~d-E9\n": "a.b_c~d-E9", long + "\n": long} {
		c := &console{in: strings.NewReader(given)}
		if text, err := c.value(compiler.Credential{Name: "db/admin"}); err != nil || text != want {
			t.Errorf("%q: %v", given, err)
		}
	}
	for _, given := range []string{"", "\n", "\r\n", "a\n\n", " a", "a b", "a\tb", "ä", "a:b", "a;b", "a@b", "a$b", "a'b", "a\x00", "a\xff", "${A}", "a,b", "a/b", long + "x", strings.Repeat("x", 1<<20)} {
		c := &console{in: strings.NewReader(given)}
		text, err := c.value(compiler.Credential{Name: "db/admin"})
		if err == nil || text != "" || len(strings.TrimSpace(given)) > 2 && strings.Contains(err.Error(), given) {
			t.Errorf("%q is taken: %v", given, err)
		}
	}
}

func TestTheAgeOfASecret(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for now, want := range map[time.Time]string{
		at:                      "2026-01-02 (0 days)",
		at.Add(-time.Hour):      "2026-01-02 (0 days)",
		at.Add(24 * time.Hour):  "2026-01-02 (1 day)",
		at.Add(240 * time.Hour): "2026-01-02 (10 days)",
	} {
		if got := since(at, now); got != want {
			t.Errorf("%s: %s", now, got)
		}
	}
	if got := since(time.Time{}, at); got != "-" {
		t.Error(got)
	}
}

// A value that was typed behind the name by mistake is in no message.
func TestAValueAsAnArgumentIsNotRepeated(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	c := &console{out: &out, err: &out, dir: t.TempDir(), env: func(string) (string, bool) { return "", false }}
	if code := run([]string{"secrets", "set", "db/admin", "hunter2"}, c); code != exitUsage || strings.Contains(out.String(), "hunter2") {
		t.Errorf("%d %s", code, out.String())
	}
}
