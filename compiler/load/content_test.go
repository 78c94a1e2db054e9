package load

import (
	"reflect"
	"strings"
	"testing"

	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/value"
)

func TestEveryContentIsDecoded(t *testing.T) {
	t.Parallel()
	type object = map[string]any
	group := []any{object{"comment": "c", "vars": object{"A": "1"}}}
	groups := []kind.Group{{Comment: "c", Vars: map[string]value.Value{"A": value.Literal("1")}}}
	for name, c := range map[string]struct {
		row  object
		want kind.Row
	}{
		"objects":          {object{"objects": []any{object{"kind": "Service"}}}, kind.Row{Content: kind.Objects{{"kind": "Service"}}}},
		"a kustomization":  {object{"kustomization": object{"a": "b"}, "stray": []any{"x"}}, kind.Row{Role: kind.Deploy, Content: kind.Kustomization{Object: object{"a": "b"}, Stray: []string{"x"}}}},
		"a role":           {object{"kustomization": object{}, "role": "day2"}, kind.Row{Role: kind.Day2, Content: kind.Kustomization{Object: object{}}}},
		"a text":           {object{"text": "", "comment": "--"}, kind.Row{Content: kind.Text{Comment: "--"}}},
		"a verbatim text":  {object{"verbatim": "x", "mode": "0755"}, kind.Row{Mode: "0755", Content: kind.Verbatim("x")}},
		"a template":       {object{"template": "x.tmpl"}, kind.Row{Content: kind.Template{Name: "x.tmpl"}}},
		"a copy":           {object{"copy": "x", "header": true, "comment": ";"}, kind.Row{Content: kind.Copy{Name: "x", Header: true, Comment: ";"}}},
		"variables":        {object{"dotenv": group}, kind.Row{Content: kind.Dotenv(groups)}},
		"no variables":     {object{"dotenv": []any{}}, kind.Row{Content: kind.Dotenv(nil)}},
		"an environment":   {object{"environment": object{"of": "a", "without": []any{"B"}, "extra": group}}, kind.Row{Secret: true, Content: kind.Environment{Of: "a", Without: []string{"B"}, Extra: groups}}},
		"a document":       {object{"json": []any{}}, kind.Row{Content: kind.JSON{Data: []any{}}}},
		"null":             {object{"json": nil}, kind.Row{Content: kind.JSON{}}},
		"main":             {object{"requirements": "main"}, kind.Row{Content: kind.Requirements{Main: true}}},
		"pins":             {object{"requirements": []any{"a==1"}}, kind.Row{Content: kind.Requirements{Pins: []string{"a==1"}}}},
		"modules":          {object{"modules": true}, kind.Row{Content: kind.Modules{}}},
		"each":             {object{"each": object{"a": object{"text": "x", "mode": "0755"}}}, kind.Row{Content: kind.Each{"a": {Mode: "0755", Content: kind.Text{Text: "x"}}}}},
		"secret document":  {object{"json": object{"a": object{"secret": "x/y"}}}, kind.Row{Secret: true, Content: kind.JSON{Data: object{"a": object{"secret": "x/y"}}}}},
		"secret variables": {object{"dotenv": []any{object{"vars": object{"A": object{"secret": "x/y"}}}}}, kind.Row{Secret: true, Content: kind.Dotenv{{Vars: map[string]value.Value{"A": value.Secret{ID: "x/y"}}}}}},
	} {
		var got kind.Row
		if err := contentOf(&got, c.row); err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v\n%#v\nwant\n%#v", name, err, got, c.want)
		}
	}
}

func TestRowsThatAreNoFile(t *testing.T) {
	t.Parallel()
	type object = map[string]any
	for want, row := range map[string]object{
		"a file has one content": {},
		"and not 2":              {"text": "a", "copy": "b"},
		"role is for a kustomization, and not for text": {"text": "a", "role": "build"},
		"a: a file has one content":                     {"each": object{"a": object{}}},
	} {
		if err := contentOf(&kind.Row{}, row); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestFilesInPlainTextHoldNoSecret(t *testing.T) {
	t.Parallel()
	k := &kind.Kind{Name: "evil", Own: true}
	secret := map[string]any{"secret": "x/y"}
	for want, row := range map[string]map[string]any{
		"holds the secret A, but is not below secret/":                      {"dotenv": []any{map[string]any{"vars": map[string]any{"A": secret}}}},
		"holds a secret, but is not below secret/":                          {"json": map[string]any{"a": secret}},
		"holds the variables of a, but is not below secret/":                {"environment": map[string]any{"of": "a"}},
		"names the secret [secret x/y], which would be in plain text there": {"kustomization": map[string]any{"a": secret}},
		"names the secret [secret x/y] in objects[0], where it wo":          {"objects": []any{map[string]any{"apiVersion": "v1", "kind": "X", "metadata": map[string]any{"name": "x"}, "a": secret}}},
		"has no apiVersion, kind or metadata.name in objects[0]":            {"objects": []any{map[string]any{}}},
		`the file "b.env" of evil holds the secret A, but is not belo`:      {"each": map[string]any{"b": map[string]any{"dotenv": []any{map[string]any{"vars": map[string]any{"A": secret}}}}}},
	} {
		r := kind.Row{}
		if err := contentOf(&r, row); err != nil {
			t.Fatal(err)
		}
		if err := proper(k, "{name}.env", r); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
		if r.Secret && proper(k, "k8s/deploy/base/secret/x.env", r) != nil {
			t.Errorf("%s: refused below secret/", want)
		}
	}
}
