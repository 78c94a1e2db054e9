package main

import (
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"

	library "platc.dev/platc/cue"
)

// The page of src/deps.py is made of its docstrings, and of those of the classes that it offers.

// definition is a function, a class or a method of a Python file that is formatted as all of ours are.
type definition struct {
	class     string // of a method
	name      string
	signature string
	doc       []string
}

var (
	// what a file begins with: a comment, and its docstring
	moduleDoc = regexp.MustCompile(`(?s)\A(?:#[^\n]*\n)*"""(.*?)"""`)
	head      = regexp.MustCompile(`^( {4})?(?:(async) )?(def|class) (\w+)`)
	// CLASSES of src/deps.py: the name, the module and what it is called there
	offered = regexp.MustCompile(`(?m)^    "(\w+)": \("\w+", "([\w.]+)", "(\w+)"\),$`)
)

// notOffered ends what a class offers.
const notOffered = "    # What follows is for src/ alone."

func pythonPage(t *testing.T) string {
	deps := pythonFile(t, "src.deps")
	var p page
	p.line("# src/deps.py\n\n%s", strings.Join(pythonModuleDoc(t, deps), "\n"))
	all := pythonDefinitions(deps)
	names := regexp.MustCompile(`"(\w+)"`)
	public := regexp.MustCompile(`(?s)__all__ = \[(.*?)\]`).FindStringSubmatch(deps)
	if public == nil {
		t.Fatal("src/deps.py has no __all__")
	}
	var exported []string
	for _, m := range names.FindAllStringSubmatch(public[1], -1) {
		exported = append(exported, m[1])
	}
	p.line("\n## Functions")
	for _, d := range all {
		if d.class == "" && strings.Contains(d.signature, "def ") && slices.Contains(exported, d.name) {
			definitionLines(&p, "###", d)
		}
	}
	p.line("\n## Classes")
	classLines(t, &p, deps, "Dependency", "Dependency")
	classLines(t, &p, deps, "DatabaseDependency", "DatabaseDependency")
	for _, m := range offered.FindAllStringSubmatch(deps, -1) {
		if !slices.Contains(exported, m[1]) {
			t.Errorf("src/deps.py offers %s, which is not in __all__", m[1])
		}
		classLines(t, &p, pythonFile(t, "src."+m[2]), m[1], m[3])
	}
	common := pythonFile(t, "src.common")
	classLines(t, &p, common, "Problem", "Problem")
	classLines(t, &p, common, "Unavailable", "Unavailable")
	return p.String()
}

// pythonFile is the text of a module: one of src/ of every application, or one that a link brings.
func pythonFile(t *testing.T, module string) string {
	t.Helper()
	name := strings.ReplaceAll(strings.TrimPrefix(module, "src."), ".", "/") + ".py"
	for _, pattern := range []string{"kinds/fastapi/python/src/" + name, "kinds/*/python/" + name} {
		found, err := fs.Glob(library.FS, pattern)
		if err != nil {
			t.Fatal(err)
		}
		if len(found) == 1 {
			text, err := fs.ReadFile(library.FS, found[0])
			if err != nil {
				t.Fatal(err)
			}
			return string(text)
		}
	}
	t.Fatalf("no kind has the module %s", module)
	return ""
}

func pythonModuleDoc(t *testing.T, text string) []string {
	t.Helper()
	m := moduleDoc.FindStringSubmatch(text)
	if m == nil {
		t.Fatal("a module has no docstring")
	}
	return strings.Split(strings.TrimSpace(m[1]), "\n")
}

// classLines writes a class with the methods that it offers, or the line that gives another class or type this name.
func classLines(t *testing.T, p *page, text, name, there string) {
	t.Helper()
	if m := regexp.MustCompile(`(?m)^` + there + ` = .*$`).FindString(text); m != "" {
		p.line("\n### %s\n\n```python\n%s\n```", name, m)
		return
	}
	known := false
	for _, d := range pythonDefinitions(text) {
		switch {
		case d.class == "" && d.name == there:
			known = true
			definitionLines(p, "###", d)
		case d.class == there && !strings.HasPrefix(d.name, "__"):
			definitionLines(p, "####", d)
		}
	}
	if !known {
		t.Errorf("there is no class %s", there)
	}
}

func definitionLines(p *page, level string, d definition) {
	p.line("\n%s %s\n\n```python\n%s\n```\n\n%s", level, d.name, d.signature, strings.Join(d.doc, "\n"))
}

// pythonDefinitions are the functions, the classes and their methods, in the order of the file.
func pythonDefinitions(text string) []definition {
	lines := strings.Split(text, "\n")
	var all []definition
	class, closed := "", false
	for i := 0; i < len(lines); i++ {
		if lines[i] == notOffered {
			closed = true
			continue
		}
		m := head.FindStringSubmatch(lines[i])
		if m == nil || (m[1] != "" && (class == "" || closed)) {
			continue
		}
		d := definition{name: m[4]}
		if m[1] != "" {
			d.class = class
		} else if class, closed = "", false; m[3] == "class" {
			class = m[4]
		}
		var signature []string
		for j := i - 1; j >= 0 && strings.HasPrefix(lines[j], m[1]+"@"); j-- {
			signature = slices.Insert(signature, 0, strings.TrimPrefix(lines[j], m[1]))
		}
		for ; i < len(lines); i++ {
			line := strings.TrimPrefix(lines[i], m[1])
			signature = append(signature, strings.TrimSuffix(line, ":"))
			if strings.HasSuffix(line, ":") {
				break
			}
		}
		d.signature = strings.Join(signature, "\n")
		d.doc = docstring(lines[i+1:], m[1]+"    ")
		all = append(all, d)
	}
	return all
}

// docstring are the lines of the docstring that a body with this indentation begins with.
func docstring(body []string, indent string) []string {
	if len(body) == 0 || !strings.HasPrefix(body[0], indent+`"""`) {
		return nil
	}
	var doc []string
	for i, line := range body {
		line = strings.TrimPrefix(line, indent)
		if i == 0 {
			line = strings.TrimPrefix(line, `"""`)
		}
		text, last := strings.CutSuffix(line, `"""`)
		doc = append(doc, text)
		if last {
			break
		}
	}
	return strings.Split(strings.TrimSpace(strings.Join(doc, "\n")), "\n")
}
