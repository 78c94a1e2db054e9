package load

import (
	"fmt"
	"slices"
	"testing"
	"testing/fstest"

	"cuelang.org/go/cue/ast"

	"platc.dev/platc/compiler/eval"
	library "platc.dev/platc/cue"
)

// Every file of the library is told apart by its lines, and what is parsed of it later stands where it stands in the file.
func TestFilesOfTheLibraryAreSplit(t *testing.T) {
	t.Parallel()
	r := root{fs: library.FS}
	names := slices.Concat(sources(r.fs, "schema"), sources(r.fs, "kinds/*"), sources(r.fs, "gitops/*"))
	if len(names) < 50 {
		t.Fatalf("files: %v", names)
	}
	for _, name := range names {
		split, whole := r.split(name), r.parse(name)
		if len(split.Later) == 0 && len(whole.Decls) > 1 {
			t.Errorf("%s is parsed as a whole", name)
		}
		if got, want := nodes(joined(split)), nodes(whole); !slices.Equal(got, want) {
			t.Errorf("%s: %d nodes, want %d", name, len(got), len(want))
		}
	}
}

func TestAFileThatIsNotSplitIsParsed(t *testing.T) {
	t.Parallel()
	for text, later := range map[string]int{
		"package p\n\nimport \"list\"\n\n// a is first.\na: 1\n#b: {\n\tc: 1\n}\n_d: [\n\t1,\n]\n": 3,
		"package p\n\na: b: c: 1\n":              1,
		"package p\n\nlet x = 1\na: x\n":         0,
		"package p\n\n\"a-b\": 1\n":              0,
		"package p\n\na?: 1\n":                   0,
		"package p\n\na: \"\"\"\ntext\n\"\"\"\n": 0,
		"package p\n\n@experiment(x)\na: 1\n":    0,
		"package p\n":                            0,
	} {
		r := root{fs: fstest.MapFS{"x.cue": {Data: []byte(text)}}}
		split, whole := r.split("x.cue"), r.parse("x.cue")
		if len(split.Later) != later {
			t.Errorf("%q: %d fields are left for later, want %d", text, len(split.Later), later)
		}
		if got, want := nodes(joined(split)), nodes(whole); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// joined is a split file put together again.
func joined(f eval.File) *ast.File {
	whole := *f.Tree
	whole.Decls = slices.Clone(whole.Decls)
	for _, l := range f.Later {
		d := l.Parse()
		if name, _, err := ast.LabelName(d.Label); err != nil || name != l.Name {
			panic(fmt.Sprintf("%s is called %s", name, l.Name))
		}
		whole.Decls = append(whole.Decls, d)
	}
	return &whole
}

// nodes are the nodes of a file but comments, each with its place and, where it has one, its text.
func nodes(f *ast.File) []string {
	var all []string
	ast.Walk(f, func(n ast.Node) bool {
		text := ""
		switch n := n.(type) {
		case *ast.CommentGroup, *ast.File:
			return n == ast.Node(f)
		case *ast.Ident:
			text = n.Name
		case *ast.BasicLit:
			text = n.Value
		case *ast.BinaryExpr:
			text = n.Op.String()
		case *ast.UnaryExpr:
			text = n.Op.String()
		}
		all = append(all, fmt.Sprintf("%T %s %s", n, n.Pos().Position(), text))
		return true
	}, nil)
	return all
}
