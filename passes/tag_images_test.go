package passes_test

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/images"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
	"platc.dev/platc/passes"
)

// contextual is an application that is built of some rows, and one that names its image.
func contextual(t *testing.T, rows []kind.Row, others ...kind.Row) *world {
	t.Helper()
	w := newWorld(t)
	w.kind("app", func(k *kind.Kind) {
		k.Assets = fstest.MapFS{"files/a/one.txt": &fstest.MapFile{Data: []byte("one")}, "files/a/two.txt": &fstest.MapFile{Data: []byte("two")}}
		if rows != nil {
			k.Context = func(self, arch object) ([]kind.Row, error) {
				if self["image"] != nil || arch["images"] != nil {
					return nil, errors.New("the build context sees an image")
				}
				return rows, nil
			}
		}
		k.Manifests = func(object, object) ([]kind.Row, error) { return others, nil }
	}, described(func(_ object, d *kind.Description) { d.Image = &kind.Image{Name: "registry/shop", Version: "1.4.0"} }))
	w.kind("worker", func(k *kind.Kind) {
		k.Manifests = func(_, arch object) ([]kind.Row, error) {
			return []kind.Row{{Path: "image.txt", Content: kind.Verbatim(fmt.Sprint(arch["images"]))}}, nil
		}
	})
	w.add("app", "shop")
	w.rule("worker -> app")
	w.add("worker", "jobs other")
	w.link("jobs -> shop")
	return w
}

// tagged runs the passes with a digest that tells all contents apart.
func (w *world) tagged() *built {
	w.t.Helper()
	w.sort()
	c := &pass.Context{Graph: w.graph, Plan: ir.NewPlan(w.graph), Findings: &diag.List{}, Digest: func(_ string, row kind.Row) ([sha256.Size]byte, error) {
		if text, ok := row.Content.(kind.Text); ok && text.Text == "broken" {
			return [sha256.Size]byte{}, errors.New("it has no bytes")
		}
		if c, ok := row.Content.(kind.Copy); ok {
			return sha256.Sum256([]byte(c.Name)), nil
		}
		return sha256.Sum256(fmt.Append(nil, row.Content)), nil
	}}
	table := passes.Table()
	for i, p := range table {
		if p.Name == "keep-files" {
			table = table[:i+1]
		}
	}
	watch(w.t, table, c)
	return &built{Context: c, t: w.t}
}

func TestAnotherBuildContextIsAnotherTag(t *testing.T) {
	t.Parallel()
	context := func(path, mode, text string) kind.Row {
		return kind.Row{Path: path, Mode: mode, Context: true, Content: kind.Text{Text: text}}
	}
	of := func(rows ...kind.Row) string {
		b := contextual(t, rows, kind.Row{Path: "other.txt", Content: kind.Verbatim("x")}).tagged().clean()
		image := b.of("shop").Image.Value()
		if !regexp.MustCompile(`^registry/shop:1[.]4[.]0-[0-9a-f]{12}$`).MatchString(image) || b.of("shop").View["image"] != image {
			t.Errorf("%s, seen as %v", image, b.of("shop").View["image"])
		}
		if got := b.of("jobs").Rows[0].Content; got != kind.Verbatim(fmt.Sprint(object{"shop": image})) {
			t.Errorf("another component sees %s", got)
		}
		return image
	}
	base := of(context("a", "", "x"), context("b", "", "y"))
	if again := of(context("b", "0644", "y"), context("a", "", "x")); again != base {
		t.Errorf("the order of rows counts: %s, %s", base, again)
	}
	for what, other := range map[string]string{
		"bytes":        of(context("a", "", "x"), context("b", "", "z")),
		"a mode":       of(context("a", "", "x"), context("b", "0755", "y")),
		"a path":       of(context("a", "", "x"), context("c", "", "y")),
		"one file":     of(context("a", "", "x")),
		"one more":     of(context("a", "", "x"), context("b", "", "y"), context("c", "", "")),
		"a swap":       of(context("a", "", "y"), context("b", "", "x")),
		"a folder":     of(context("a", "", "x"), context("b", "", "y"), kind.Row{Path: "c/", Context: true, Content: kind.Copy{Name: "files/a"}}),
		"several rows": of(context("a", "", "x"), context("b", "", "y"), kind.Row{Path: "{name}.txt", Context: true, Content: kind.Each{"one": {Content: kind.Text{Text: "1"}}}}),
	} {
		if other == base {
			t.Errorf("another tag for %s: %s", what, other)
		}
	}
}

func TestFilesOfTheBuildContextAreWritten(t *testing.T) {
	t.Parallel()
	b := contextual(t, []kind.Row{
		{Path: "{name}.txt", Context: true, Content: kind.Each{"one": {Content: kind.Text{Text: "1"}}}},
		{Path: "c/", Context: true, Content: kind.Copy{Name: "files/a"}},
		{Path: "never.txt", Context: true, When: &kind.When{Attribute: "never"}},
	}, kind.Row{Path: "other.txt", Content: kind.Verbatim("x")}).tagged().clean()
	var paths []string
	for _, row := range b.of("shop").Rows {
		paths = append(paths, fmt.Sprint(row.Path, row.Context))
	}
	if got := strings.Join(paths, " "); got != "c/one.txttrue c/two.txttrue one.txttrue other.txtfalse" {
		t.Errorf("files %s", got)
	}
	if d, ok := b.of("shop").Files["never.txt"]; !ok || d.Value() {
		t.Errorf("never.txt: %v", d)
	}
}

func TestATagWithoutAHash(t *testing.T) {
	t.Parallel()
	row := []kind.Row{{Path: "a", Context: true, Content: kind.Text{Text: "x"}}}
	plain := contextual(t, row)
	plain.graph.Arch["image_tag"] = "version"
	for what, w := range map[string]*world{"config.image_tag": plain, "no build context": contextual(t, nil), "an empty one": contextual(t, []kind.Row{})} {
		if image := w.tagged().clean().of("shop").Image.Value(); image != "registry/shop:1.4.0" {
			t.Errorf("%s: %s", what, image)
		}
	}
}

func TestABuildContextThatCannotBeMade(t *testing.T) {
	t.Parallel()
	w := contextual(t, []kind.Row{{Path: "a", Context: true, Content: kind.Text{Text: "broken"}}})
	w.graph.Library.Kinds["app"].Own = true
	b := w.tagged()
	all := b.Findings.Sorted()
	if len(all) == 0 || all[0].Code != "E0101" || !strings.Contains(all[0].Message, `the file "a" of app cannot be written: it has no bytes`) {
		t.Errorf("%v", all)
	}
	if images := archSeen(b); !reflect.DeepEqual(images, kind.Verbatim("map[shop:registry/shop:1.4.0]")) {
		t.Errorf("others see %v", images)
	}
}

func TestAnImageIsSeenByThoseThatAreLinkedWithItsComponent(t *testing.T) {
	t.Parallel()
	b := contextual(t, []kind.Row{}).tagged().clean()
	if images := archSeen(b); !reflect.DeepEqual(images, kind.Verbatim("map[shop:registry/shop:1.4.0]")) {
		t.Errorf("a component with a link sees %v", images)
	}
	if images := b.of("other").Rows[0].Content; !reflect.DeepEqual(images, kind.Verbatim("map[]")) {
		t.Errorf("one without sees %v", images)
	}
}

func archSeen(b *built) kind.Content { return b.of("jobs").Rows[0].Content }

func TestASecretInTheBuildContext(t *testing.T) {
	t.Parallel()
	w := contextual(t, []kind.Row{{Path: "base/secret/a.env", Context: true, Content: kind.Dotenv{{Vars: vars("A=b")}}}},
		kind.Row{Path: "base/kustomization.yaml", Role: kind.Deploy, Content: kind.Kustomization{Object: object{"secretGenerator": []any{object{"name": "x", "envs": []any{"secret/a.env"}}}}}})
	all := w.tagged().Findings.Sorted()
	if len(all) == 0 || all[0].Code != "E0101" || !strings.Contains(all[0].Message, "becomes a Secret, but belongs to the build context") {
		t.Errorf("%v", all)
	}
}

// TestImagesJSONNamesWhatIsDeployed wherever the image is seen, and not what is built.
func TestImagesJSONNamesWhatIsDeployed(t *testing.T) {
	t.Parallel()
	at := diag.Pos{File: "images.json", Line: 3, Column: 12}
	w := contextual(t, []kind.Row{{Path: "a", Context: true, Content: kind.Text{Text: "x"}}})
	w.graph.Images = images.File{Components: []images.Component{{Name: "shop", Entry: images.Entry{Ref: images.Ref{Tag: "1.5.0"}, Pos: at}}}}
	b := w.tagged().clean()
	p := b.of("shop")
	if p.Image.Value() != "registry/shop:1.5.0" || p.View["image"] != p.Image.Value() || !reflect.DeepEqual(archSeen(b), kind.Verbatim("map[shop:registry/shop:1.5.0]")) {
		t.Errorf("%s, seen as %v and by others as %v", p.Image.Value(), p.View["image"], archSeen(b))
	}
	if built := p.Built.Value(); !strings.HasPrefix(built, "registry/shop:1.4.0-") || p.View["built"] != built {
		t.Errorf("built is %s", built)
	}
	if by := p.Image.By(); by[len(by)-1].Pos != at {
		t.Errorf("origins %v", by)
	}
}

// A component whose image another build makes has one to name in the plan where images.json says so.
func TestAnImageOfAnotherBuild(t *testing.T) {
	t.Parallel()
	foreign := func(named ...images.Component) *built {
		w := newWorld(t)
		w.kind("app", described(func(_ object, d *kind.Description) {
			d.Image = &kind.Image{Name: "ghcr.io/acme/web", Version: "2.0.0", Foreign: true}
		}))
		w.add("app", "web")
		w.graph.Images.Components = named
		return w.tagged().clean()
	}
	if p := foreign().of("web"); p.Image.Value() != "" || p.Built.Value() != "" || p.View["image"] != nil {
		t.Errorf("%v", p.View["image"])
	}
	if p := foreign(images.Component{Name: "web", Entry: images.Entry{Ref: images.Ref{Tag: "2.1.0"}}}).of("web"); p.View["image"] != "ghcr.io/acme/web:2.1.0" || p.View["built"] != nil {
		t.Errorf("%v, %v", p.View["image"], p.View["built"])
	}
}

func TestImagesJSONNamesWhatIsThere(t *testing.T) {
	t.Parallel()
	w := contextual(t, nil)
	for _, name := range []string{"jobs", "shap", "shop"} {
		w.graph.Images.Components = append(w.graph.Images.Components, images.Component{Name: name, Entry: images.Entry{Ref: images.Ref{Tag: "1.5.0"}}})
	}
	var found []string
	for _, d := range w.tagged().Findings.Sorted() {
		if d.Severity == diag.Error {
			found = append(found, d.Code+" "+d.Message)
		}
	}
	want := []string{"E0116 images.json names the image of jobs, which has none of its own: its kind, worker, brings it", "E0116 images.json names the image of shap, which is not a component"}
	if !reflect.DeepEqual(found, want) {
		t.Errorf("%q", found)
	}
}
