package text

import (
	"strings"
	"testing"
	"testing/fstest"

	"platc.dev/platc/compiler/kind"
)

func run(t *testing.T, source string) error {
	t.Helper()
	tmpl, err := Parse("x", source)
	if err != nil {
		return err
	}
	return tmpl.Execute(&bounded{}, kind.Object{turns: new(int), "n": int64(1 << 40), "list": []any{"a", "b"}, "long": strings.Repeat("x", 1<<20)})
}

// A template of a kind from elsewhere may not hold up the build, whatever its loops run over.
func TestTemplatesAreBounded(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ source, want string }{
		"a number":          {`{{range 1000000000000}}{{end}}`, "turns"},
		"a number of data":  {`{{range .n}}{{end}}`, "turns"},
		"inside a branch":   {`{{if .n}}{{with .list}}{{range $.n}}{{end}}{{end}}{{else}}x{{end}}`, "turns"},
		"else of a loop":    {`{{range 0}}{{else}}{{range 1000000000000}}{{end}}{{end}}`, "turns"},
		"much text":         {`{{range .list}}{{range 1000}}{{$.long}}{{end}}{{end}}`, "MiB"},
		"templates in it":   {`{{define "a"}}{{range 1000000000000}}{{end}}{{end}}{{template "a" 1}}`, "not available"},
		"what is all right": {`{{range .list}}{{.}}{{else}}none{{end}}`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := run(t, c.source)
			if c.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("it gives %v", err)
			}
		})
	}
}

// A template of the library may be of any length: it is of the whole tree. One of a kind is bounded.
func TestOnlyTemplatesOfKindsAreBounded(t *testing.T) {
	t.Parallel()
	assets := fstest.MapFS{"long.tmpl": {Data: []byte("{{range .list}}{{$.text}}{{end}}")}}
	content := kind.Template{Name: "long.tmpl", Assets: assets, Data: kind.Object{"list": make([]any, 17), "text": strings.Repeat("x", 1<<20)}}
	var templates Templates
	if data, err := templates.Write("x.txt", content); err != nil || len(data) < 17<<20 {
		t.Errorf("%d bytes, %v", len(data), err)
	}
	content.Bounded = true
	if _, err := templates.Write("x.txt", content); err == nil || !strings.Contains(err.Error(), "more than 16 MiB") {
		t.Errorf("%v", err)
	}
}

// Two kinds may have a template of one name.
func TestTemplatesOfOneName(t *testing.T) {
	t.Parallel()
	var templates Templates
	for _, want := range []string{"a", "b"} {
		data, err := templates.Write("x.json", kind.Template{Name: "x.tmpl", Assets: fstest.MapFS{"x.tmpl": {Data: []byte(want)}}, Data: kind.Object{}})
		if err != nil || string(data) != want+"\n" {
			t.Errorf("%q, %v", data, err)
		}
	}
}
