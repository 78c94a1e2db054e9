package images_test

import (
	"slices"
	"strings"
	"testing"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/images"
)

const digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

func TestAReferenceIsATagADigestOrBoth(t *testing.T) {
	t.Parallel()
	for text, image := range map[string]string{
		"1.4.0":            "r/shop/orders:1.4.0",
		"1.4.0-rc.1":       "r/shop/orders:1.4.0-rc.1",
		"@" + digest:       "r/shop/orders@" + digest,
		"1.4.0@" + digest:  "r/shop/orders:1.4.0@" + digest,
		"latest@" + digest: "r/shop/orders:latest@" + digest,
	} {
		ref, err := images.ParseRef(text)
		if err != nil || ref.Of("r/shop/orders") != image || ref.String() != text {
			t.Errorf("%s: %q, %q, %v", text, ref.Of("r/shop/orders"), ref, err)
		}
	}
	for _, text := range []string{"", "@", "1.4.0@", "latest", "1", ":1.4.0", "-1", "a b", strings.Repeat("a", 129), "@sha256:0123", "@" + strings.ToUpper(digest), "1.4.0@" + digest + "@" + digest} {
		if ref, err := images.ParseRef(text); err == nil {
			t.Errorf("%q is %v", text, ref)
		}
	}
}

const whole = `{
  "web": {
    "tag": "2.0.0"
  },
  "orders": {
    "tag": "1.4.0",
    "digest": "` + digest + `",
    "environments": {
      "prod": {
        "tag": "1.3.9"
      },
      "dev": {
        "digest": "` + digest + `"
      }
    }
  },
  "api": {
    "environments": {
      "dev": {
        "tag": "1.0.0"
      }
    }
  }
}
`

func parsed(t *testing.T, text string) images.File {
	t.Helper()
	f, found := images.Parse([]byte(text), "images.json")
	if len(found) > 0 {
		t.Fatalf("%v", found)
	}
	return f
}

func TestAFileIsWrittenAsItWasRead(t *testing.T) {
	t.Parallel()
	for _, text := range []string{whole, "{}\n"} {
		if got := string(parsed(t, text).Encode()); got != text {
			t.Errorf("%s", got)
		}
	}
}

func TestWhatHoldsInAnEnvironment(t *testing.T) {
	t.Parallel()
	f := parsed(t, whole)
	for _, c := range []struct{ component, environment, ref, at string }{
		{"web", "", "2.0.0", "images.json:3:12"},
		{"web", "prod", "2.0.0", "images.json:3:12"},
		{"orders", "staging", "1.4.0@" + digest, "images.json:6:12"},
		{"orders", "prod", "1.3.9", "images.json:10:16"},
		{"orders", "dev", "@" + digest, "images.json:13:19"},
		{"api", "dev", "1.0.0", "images.json:20:16"},
		{"api", "prod", "", ""},
		{"other", "", "", ""},
	} {
		e, ok := f.Of(c.component, c.environment)
		if e.String() != c.ref || ok != (c.ref != "") || ok && e.Pos.String() != c.at {
			t.Errorf("%s in %q: %v at %s, %v", c.component, c.environment, e.Ref, e.Pos, ok)
		}
	}
}

func TestAChangeOfOneEnvironmentLeavesTheOthers(t *testing.T) {
	t.Parallel()
	f := parsed(t, whole)
	to := images.Ref{Tag: "3.0.0"}
	if got := f.Set("web", "prod", to); !slices.Equal(got, []images.Change{{Component: "web", Environment: "prod", From: images.Ref{Tag: "2.0.0"}, To: to}}) {
		t.Errorf("%v", got)
	}
	if got := f.Set("web", "prod", to); len(got) > 0 {
		t.Errorf("again: %v", got)
	}
	if e, _ := f.Of("web", "dev"); e.Tag != "2.0.0" {
		t.Errorf("dev has %v", e)
	}
	if got := f.Set("orders", "", to); len(got) != 3 {
		t.Errorf("all: %v", got)
	}
	if e, _ := f.Of("orders", "prod"); e.Ref != to {
		t.Errorf("prod has %v", e)
	}
	f.Set("billing", "", to)
	var names []string
	for _, c := range f.Components {
		names = append(names, c.Name)
	}
	if got := strings.Join(names, " "); got != "billing web orders api" {
		t.Errorf("the order is %s", got)
	}
	if got := f.Unset("api", "dev"); len(got) != 1 || len(f.Components) != 3 {
		t.Errorf("%v, %v", got, f.Components)
	}
	if got := f.Unset("api", ""); got != nil {
		t.Errorf("%v", got)
	}
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{whole, "", "{", `{"a"`, `{"a":`, `{"a": {"tag": "b"}`, "[]", `{"a": {"environments": {"b": {}}}}`, "<<<<<<< a\n", strings.Repeat(`{"a":`, 100)} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		file, found := images.Parse([]byte(text), "images.json")
		for _, d := range found {
			if !d.Pos.IsValid() || d.Severity != diag.Error {
				t.Errorf("%v", d)
			}
		}
		if len(found) > 0 {
			return
		}
		again, found := images.Parse(file.Encode(), "images.json")
		if len(found) > 0 || string(again.Encode()) != string(file.Encode()) {
			t.Errorf("%s: %v", file.Encode(), found)
		}
	})
}
