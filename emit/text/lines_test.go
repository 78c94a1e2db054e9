package text

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"platc.dev/platc/compiler/kind"
)

const sample = `#!/bin/sh
# {{.name}}{{if .debug}} in debug{{end}}
{{- range $i, $c := .components}}
{{if .on}}{{$c.name}} {{range $.arch.tags}}{{.}},{{end}}
{{end}}{{end}}
{{- with .owner}}
owner: {{.mail}}
{{- else}}
nobody
{{- end}}
{{range $key, $v := .labels}}{{$key}}={{$v}}
{{end}}last {{printf "%s-%s" .name .arch.name | quote}}

end
`

func TestLinesOfATemplate(t *testing.T) {
	t.Parallel()
	view := kind.Object{
		"name": "app", "debug": false, "arch": kind.Object{"name": "demo", "tags": []string{"x", "y"}}, "owner": kind.Object{"mail": "m"}, "labels": kind.Object{"b": "2", "a": "1"},
		"components": []kind.Object{{"name": "one", "on": true}, {"name": "two", "on": false}, {"name": "three", "on": true}},
	}
	data, lines, err := Lines("x", sample, view)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := Parse("x", sample)
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	view[turns] = new(int)
	if err := plain.Execute(&want, view); err != nil || want.String() != string(data) {
		t.Fatalf("got %q, without marks %q, %v", data, want.String(), err)
	}
	var got []string
	for i, text := range strings.Split(strings.TrimSuffix(string(data), "\n"), "\n") {
		got = append(got, fmt.Sprintf("%s | %d read %s exists %s", text, lines[i].Source, refs(lines[i].Read), refs(lines[i].Exists)))
	}
	expected := []string{
		"#!/bin/sh | 1 read  exists ",
		"# app | 2 read debug name exists ",
		"one x,y, | 4 read arch.tags arch.tags.0 arch.tags.1 components.0.name exists arch.tags.0 arch.tags.1 components.0 components.0.on",
		" | 3 read  exists components.1",
		" | 3 read  exists components.2",
		"three x,y, | 4 read arch.tags arch.tags.0 arch.tags.1 components.2.name exists arch.tags.0 arch.tags.1 components.2 components.2.on",
		" | 6 read  exists owner",
		"owner: m | 7 read owner.mail exists owner",
		"a=1 | 11 read labels.a exists labels.a",
		"b=2 | 11 read labels.b exists labels.b",
		"last \"app-demo\" | 12 read arch.name name exists ",
		" | 13 read  exists ",
		"end | 14 read  exists ",
	}
	if !slices.Equal(got, expected) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(expected, "\n"))
	}
}

func refs(all []kind.Ref) string {
	var texts []string
	for _, ref := range all {
		texts = append(texts, strings.Join(ref, "."))
	}
	slices.Sort(texts)
	return strings.Join(slices.Compact(texts), " ")
}
