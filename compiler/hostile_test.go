package compiler_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"go.yaml.in/yaml/v3"

	"platc.dev/platc/compiler"
	"platc.dev/platc/compiler/fixture"
	"platc.dev/platc/compiler/kind"
)

// hostile are texts that some format takes for something else than a text.
func hostile() []string {
	return []string{
		`'`, `"`, "`id`", "$(id)", "${HOME}", `\`, "\n- evil: y", "\nEVIL=1", "\r\n", "\r", "\t", "\x00", "\x01", "\x1b[31m", "\x7f", "\u0085", "\u2028", "\u202e", "\ufeff",
		"{{ .X }}", "{% x %}", "%s%n", "%", "#", " # c", ": x", "- x", "&a *a", "!!int 3", "yes", "NO", "null", "~", "0777", "0x1F", "1e3", "2001-01-01", "[a", "{a", "|", ">", "@x",
		"ENC[AES256_GCM,data:x,iv:y,tag:z,type:str]", "; id", "&& id", "| id", "<!--", "</script>", "../..", "//", "*", "?", "é", "😀", "lead ", " trail", "$X", "$$", `\N{DASH}`, `\u0041`,
		"'''", `"""`, "*/", "--", "\nEOF\nid\n", "a,b", "a:b", "a=b", "x;y", "\\\n", strings.Repeat("long", 1500),
	}
}

// hostileFor are the hostile values that a type lets through: as they are, and inside a value that it is meant for.
func hostileFor(t *kind.Type, base string) []string {
	var all []string
	for _, h := range hostile() {
		half := len(base) / 2
		for _, v := range []string{h, base + h, h + base, base[:half] + h + base[half:]} {
			if t.Fits(v) && v != base && !slices.Contains(all, v) {
				all = append(all, v)
			}
		}
	}
	return slices.DeleteFunc(all, plainText)
}

// plainText says whether a value means the same in every format.
func plainText(v string) bool {
	return v != "" && !strings.ContainsFunc(v, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '-' && r != '_' })
}

// leaf is a place of a text inside an attribute: how it is put there, and its type.
type leaf struct {
	of   attribute
	own  *kind.Type
	wrap func(string) any
}

// leaves are the texts of an attribute: itself, the items of a list, the values of a map.
func (a attribute) leaves() []leaf {
	var all []leaf
	var walk func(t *kind.Type, wrap func(any) any)
	walk = func(t *kind.Type, wrap func(any) any) {
		switch {
		case t == nil || t.IsStruct || a.own().Mark != nil: // a path is of a file that is there
		case t.IsList:
			walk(t.Elem, func(v any) any { return wrap([]any{v}) })
		case t.IsMap:
			walk(t.Elem, func(v any) any { return wrap(object{a.key(): v}) })
		case t.Check != nil && !t.Quantity:
			all = append(all, leaf{a, t, func(s string) any { return wrap(s) }})
		}
	}
	walk(a.own(), func(v any) any { return v })
	return all
}

// key is one that a map may have.
func (a attribute) key() string {
	known, _ := a.Value.(object)
	for _, key := range slices.Sorted(maps.Keys(known)) {
		return key
	}
	return "KEY"
}

// harmless is a value like the hostile ones that every format takes for a text; "" where the type has none.
func (l leaf) harmless() string {
	unique := fmt.Sprintf("zqharm%dless", l.of.number)
	// what package fixture knows to be accepted, with a remark
	if s, ok := l.of.Value.(string); ok && l.own.Fits(s+" # "+unique) {
		return s + " # " + unique
	}
	for _, v := range []string{unique, "https://" + unique + ".example.com/x.git", "/" + unique, unique + ".example.com", "INSERT INTO app.items (name) VALUES (:#" + unique + ")"} {
		if l.own.Fits(v) {
			return v
		}
	}
	if s, ok := fixture.Sample(l.own).(string); ok && len(s) > 5 {
		return s
	}
	return ""
}

// TestTextsArriveAsGivenOrAreRefused gives every text of every kind values that formats trip over. In the files, read by
// parsers, nothing but that value is another one than for a harmless value, and it is whole. A few of the values are
// tried; all of them with PLATC_HOSTILE=all.
func TestTextsArriveAsGivenOrAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	values := map[int][]string{}
	var all []leaf
	rounds := 0
	for _, a := range w.attributes() {
		if a.Code != "" {
			continue
		}
		for _, l := range a.leaves() {
			base := l.harmless()
			if base == "" {
				continue
			}
			if values[len(all)] = hostileFor(l.own, base); len(values[len(all)]) > 0 {
				rounds = max(rounds, len(values[len(all)]))
				all = append(all, l)
			}
		}
	}
	if len(all) < 5 {
		t.Fatalf("only %d attributes take texts", len(all))
	}
	step := 1
	if os.Getenv("PLATC_HOSTILE") != "all" {
		step = max(1, rounds/3)
	}
	if testing.Short() {
		step = rounds
	}
	bases := map[string]string{}
	for _, l := range all {
		bases[l.of.prefix()] = l.harmless()
	}
	w.layTexts(t, all, bases)
	before := tree(t, w.checkEscaped(t))
	for round := 0; round < rounds; round += step {
		t.Run(strconv.Itoa(round), func(t *testing.T) {
			t.Parallel()
			known := w.known
			w := newWorld(t)
			w.known = known
			given := map[string]string{}
			var laid []leaf
			for i, l := range all {
				if everything := step == 1; !everything || round < len(values[i]) {
					laid = append(laid, l)
					given[l.of.prefix()] = values[i][(round+7*i)%len(values[i])]
				}
			}
			w.layTexts(t, laid, given)
			b := w.checkEscaped(t)
			// what is refused is refused by name; the rest is compiled without it
			if found := errorsOf(b); len(found) > 0 {
				laid = slices.DeleteFunc(laid, func(l leaf) bool { return slices.ContainsFunc(found, l.of.concerns) })
				w.layTexts(t, laid, given)
				b = w.checkEscaped(t)
			}
			compareTexts(t, before, tree(t, b), laid, given)
		})
	}
}

// checkEscaped compiles the world; CUE takes no byte order mark inside of a source, but for an escaped one.
func (w world) checkEscaped(t *testing.T) *compiler.Build {
	t.Helper()
	files := map[string]string{"arch.cue": strings.ReplaceAll(w.text(t), "\ufeff", `\ufeff`)}
	maps.Copy(files, w.files)
	return compiler.Check(compiler.Input{Args: []string{"arch.cue"}, Dir: writeFiles(t, files), Env: env(), Answers: w.known, Untraced: true})
}

// layTexts gives each text a component of its own.
func (w world) layTexts(t *testing.T, all []leaf, values map[string]string) {
	t.Helper()
	clear(w.Components)
	for _, l := range all {
		holder := w.place(l.of)
		l.of.Lay(holder)
		l.of.set(holder, l.wrap(values[l.of.prefix()]))
	}
}

// compareTexts holds the files of the components that were laid against those with harmless texts.
func compareTexts(t *testing.T, before, after map[string]string, laid []leaf, given map[string]string) {
	t.Helper()
	bases := map[string]string{}
	for _, l := range laid {
		bases[l.of.prefix()] = l.harmless()
	}
	var scripts []string
	for _, change := range differences(before, after) {
		file := change[2:]
		component, _, _ := strings.Cut(file, "/")
		prefix, _, _ := strings.Cut(component, "-")
		base, value := bases[prefix], given[prefix]
		if base == "" {
			// of a component that is refused, or of the whole tree, which names several
			continue
		}
		if change[0] != '~' {
			t.Errorf("%s: %q makes the file come or go", file, value)
			continue
		}
		if path.Base(file) == "requirements.txt" {
			// sorted, so that the value may stand on another line
			x, y := strings.Split(strings.ReplaceAll(before[file], base, value), "\n"), strings.Split(after[file], "\n")
			slices.Sort(x)
			slices.Sort(y)
			if !slices.Equal(x, y) {
				t.Errorf("%s: with %q it says\n%s", file, value, after[file])
			}
			continue
		}
		// the tag of an image is a hash of its sources
		x, err := parsed(file, withoutTag(before[file]))
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		y, err := parsed(file, withoutTag(after[file]))
		if err != nil {
			t.Errorf("%s: with %q it is not one any more: %v", file, value, err)
			continue
		}
		if problem := onlyValue(x, y, base, value); problem != "" {
			t.Errorf("%s: with %q in place of %q %s", file, value, base, problem)
		}
		// a text of Python is the user's own as a whole
		if path.Ext(file) == ".sh" || path.Ext(file) == ".py" && strings.TrimSpace(before[file]) != base {
			scripts = append(scripts, file)
		}
	}
	for _, file := range scripts {
		if err := syntax(t, file, after[file]); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

// withoutTag is a text with one and the same hash in each tag of an image.
func withoutTag(text string) string {
	return regexp.MustCompile(`(:[A-Za-z0-9_.-]+-)[0-9a-f]{12}\b`).ReplaceAllString(text, "${1}0123456789ab")
}

// parsed is a file as its format reads it: documents, variables or lines.
func parsed(file, text string) (any, error) {
	switch path.Ext(file) {
	case ".yaml", ".yml":
		var all []any
		for d := yaml.NewDecoder(strings.NewReader(text)); ; {
			var v any
			err := d.Decode(&v)
			if errors.Is(err, io.EOF) {
				return all, nil
			}
			if err != nil {
				return nil, err
			}
			all = append(all, v)
		}
	case ".json":
		var v any
		return v, json.Unmarshal([]byte(text), &v)
	}
	return text, nil
}

// writings are how formats write a text inside of another one.
func writings(s string) []string {
	encoded, _ := json.Marshal(s)
	var plain bytes.Buffer
	e := json.NewEncoder(&plain)
	e.SetEscapeHTML(false)
	_ = e.Encode(s)
	twice, _ := json.Marshal(strings.TrimSuffix(plain.String(), "\n"))
	html := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&#34;", "'", "&#39;")
	return []string{
		s, strings.ReplaceAll(s, `'`, `''`), strings.ReplaceAll(s, `"`, `""`), strings.ReplaceAll(s, `'`, `'\''`), strings.ReplaceAll(s, "$", "$$"),
		string(encoded[1 : len(encoded)-1]), strings.Trim(strings.TrimSuffix(plain.String(), "\n"), `"`), string(twice[3 : len(twice)-3]),
		url.QueryEscape(s), url.PathEscape(s), html.Replace(s), strings.TrimSpace(s), strings.TrimRight(s, "\r\n"), strings.TrimRight(s, "\n"),
		strings.ReplaceAll(s, `\`, `\\`), strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s), strings.NewReplacer(`\`, `\\`, "`", "\\`", "|", `\|`).Replace(s),
		strings.Join(strings.Fields(s), " "),
	}
}

// onlyValue says where two parsed files differ in more than a value; "" if nowhere.
func onlyValue(x, y any, base, value string) string {
	switch x := x.(type) {
	case []any:
		l, ok := y.([]any)
		if !ok || len(l) != len(x) {
			return "a list has other items"
		}
		for i := range x {
			if p := onlyValue(x[i], l[i], base, value); p != "" {
				return p
			}
		}
	case map[string]any:
		o, ok := y.(map[string]any)
		if !ok || len(o) != len(x) {
			return "an object has other fields"
		}
		for key, item := range x {
			other, ok := o[key]
			if !ok {
				other, ok = o[strings.ReplaceAll(key, base, value)]
			}
			if !ok {
				return "there is no " + key
			}
			if p := onlyValue(item, other, base, value); p != "" {
				return p
			}
		}
	case string:
		s, ok := y.(string)
		if !ok {
			return fmt.Sprintf("a text becomes %T %v", y, y)
		}
		if s == x {
			return ""
		}
		for _, w := range writings(value) {
			if strings.ReplaceAll(x, base, w) == s {
				return ""
			}
		}
		// a name or a hash that is made of the value
		if !strings.ContainsFunc(s, func(r rune) bool {
			return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-.,", r)
		}) {
			return ""
		}
		return fmt.Sprintf("it says\n%s\nin place of\n%s", excerpt(s, x), excerpt(x, s))
	default:
		if fmt.Sprint(x) != fmt.Sprint(y) {
			return fmt.Sprintf("%v becomes %v", x, y)
		}
	}
	return ""
}

// excerpt is the first line of a text that another one does not have.
func excerpt(s, other string) string {
	have := strings.Split(other, "\n")
	for line := range strings.SplitSeq(s, "\n") {
		if !slices.Contains(have, line) {
			return line[:min(len(line), 300)]
		}
	}
	return s[:min(len(s), 300)]
}

// syntax has a script read by its own interpreter, where there is one.
func syntax(t *testing.T, file, text string) error {
	t.Helper()
	name := filepath.Join(t.TempDir(), path.Base(file))
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("sh", "-n", name)
	if path.Ext(file) == ".py" {
		cmd = exec.Command("python3", "-c", "import ast, sys; ast.parse(open(sys.argv[1]).read())", name)
	}
	out, err := cmd.CombinedOutput()
	if errors.Is(err, exec.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

// TestNamesAndKeysArePlain: no name of a sub-component and no key of a map may hold what a format takes for something else.
func TestNamesAndKeysArePlain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	plain := func(s string) bool {
		return !strings.ContainsFunc(s, func(r rune) bool {
			return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_./", r)
		})
	}
	for _, h := range hostile() {
		for _, name := range []string{h, "a" + h, h + "a", "a" + h + "a"} {
			if plain(name) {
				continue
			}
			for _, k := range slices.Sorted(maps.Keys(w.Library.Kinds)) {
				if n := w.Library.Kinds[k]; n.Parent != "" && n.Names.Check(name) == "" {
					t.Errorf("a %s may be called %q", k, name)
				}
			}
			var walk func(where string, t2 *kind.Type)
			walk = func(where string, t2 *kind.Type) {
				if t2 == nil {
					return
				}
				// patterns for names of tasks: texts of Python, and of nothing else; codes of warnings, which are compared with those that there are
				if t2.IsMap && where != "celery.routes" && where != "config.accept" && (t2.Keys == nil || t2.Keys.MatchString(name)) {
					t.Errorf("%s may have the key %q", where, name)
				}
				for _, f := range t2.Fields {
					walk(where+"."+f.Name, f.Type)
				}
				walk(where, t2.Elem)
			}
			walk("config", w.Library.Config)
			for _, k := range slices.Sorted(maps.Keys(w.Library.Kinds)) {
				walk(k, w.Library.Kinds[k].Attributes)
			}
			for _, r := range slices.Sorted(maps.Keys(w.Library.Rules)) {
				walk(r, w.Library.Rules[r].Attributes)
			}
		}
	}
}
