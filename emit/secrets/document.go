package secrets

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/value"
)

// node is an object, a list or a *leaf.
type node any

// object is the members of a JSON object, or the lines of a dotenv file, in order.
type object []member

// member is a key with its node, or a comment of a dotenv file.
type member struct {
	key     string // of a comment: the text behind #
	comment bool
	node    node // nil for a comment
}

type list []node

// leaf is a scalar. A document exists in three forms, all made of leaves: as it is wanted (with values), in plaintext, and as it was stored.
type leaf struct {
	value     any    // string, int, float64, bool or nil; wanted: a value.Value in place of a string; stored: damaged, or locked without a key
	encrypted bool   // whether its text is, or shall be, a ciphertext; an empty text stays empty all the same
	cipher    string // stored: the ciphertext
}

// damaged is the value of a leaf whose ciphertext does not open with the file's own key.
type damaged struct{}

// locked is the value of an encrypted leaf in a file that no key opens.
type locked struct{}

// format is one of the two forms of a file.
type format int

const (
	dotenv format = iota
	jsonText
)

// document is one input with everything that is known of it.
type document struct {
	path, component string
	format          format
	rule            *rule
	want            object
	old             *stored        // nil: there is no file
	edited          []string       // what changed in it since it was written
	doubtful        map[*leaf]bool // leaves of old that did
}

// newDocument reads an input.
//
// Errors: a path that no rule covers, a name or a text that the format cannot hold, a leaf of an unknown type. They show names, never values.
func newDocument(in Input, rules []*rule) (*document, error) {
	d := &document{path: in.Path, component: in.Component, rule: ruleFor(rules, in.Path)}
	if d.rule == nil {
		return nil, fmt.Errorf("%s: files with secrets are .env or .json, in a component's k8s/deploy/base/secret or k8s/build/base/secret", in.Path)
	}
	var err error
	if path.Ext(in.Path) == ".json" {
		d.format = jsonText
		d.want, err = jsonObject(in.JSON)
	} else {
		d.want, err = dotenvLines(in.Groups)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", in.Path, err)
	}
	return d, nil
}

// dotenvLines is the lines of a dotenv file: a comment for each group, then its variables by name (OUTPUT.md, OUT-05).
func dotenvLines(groups []kind.Group) (object, error) {
	var lines object
	seen := map[string]bool{}
	for _, g := range groups {
		if len(g.Vars) == 0 {
			continue
		}
		if g.Comment != "" {
			if hasControl(g.Comment) {
				return nil, errors.New("a comment has a control character or several lines")
			}
			lines = append(lines, member{key: " " + g.Comment, comment: true})
		}
		for _, name := range slices.Sorted(maps.Keys(g.Vars)) {
			if !isVariable(name) {
				return nil, fmt.Errorf("%q is not a valid variable name", name)
			}
			if seen[name] {
				return nil, fmt.Errorf("%s is listed twice", name)
			}
			seen[name] = true
			lines = append(lines, member{key: name, node: &leaf{value: g.Vars[name]}})
		}
	}
	if len(seen) == 0 {
		return object{{key: " no variables", comment: true}}, nil
	}
	return lines, nil
}

// isVariable says whether a name can stand in a dotenv file. SOPS keeps the names that begin with its own for itself.
func isVariable(name string) bool {
	for i, r := range name {
		letter := r == '_' || 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return false
		}
	}
	return name != "" && !strings.HasPrefix(name, sopsPrefix)
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f }) || !utf8.ValidString(s)
}

// jsonObject is a JSON document with sorted keys. Maps that are references (value.IsReference) are values.
func jsonObject(data any) (object, error) {
	n, err := jsonNode(data, nil)
	if err != nil {
		return nil, err
	}
	o, ok := n.(object)
	if !ok {
		return nil, errors.New("a JSON file with secrets is an object")
	}
	for _, m := range o {
		if m.key == sopsKey {
			return nil, fmt.Errorf("the key %q belongs to SOPS", m.key)
		}
	}
	return o, nil
}

func jsonNode(data any, path []string) (node, error) {
	switch data := data.(type) {
	case map[string]any:
		if value.IsReference(data) {
			v, err := value.From(data)
			if err != nil {
				return nil, fmt.Errorf("%s: not a reference to a secret", strings.Join(path, "."))
			}
			return &leaf{value: v}, nil
		}
		o := make(object, 0, len(data))
		for _, key := range slices.Sorted(maps.Keys(data)) {
			n, err := jsonNode(data[key], append(path, key))
			if err != nil {
				return nil, err
			}
			o = append(o, member{key: key, node: n})
		}
		return o, nil
	case []any:
		l := make(list, 0, len(data))
		for i, item := range data {
			n, err := jsonNode(item, append(path, strconv.Itoa(i)))
			if err != nil {
				return nil, err
			}
			l = append(l, n)
		}
		return l, nil
	case value.Value:
		return &leaf{value: data}, nil
	case string:
		return &leaf{value: value.Literal(data)}, nil
	case int64:
		return &leaf{value: int(data)}, nil
	case float64:
		if math.IsNaN(data) || math.IsInf(data, 0) {
			return nil, fmt.Errorf("%s: no number of JSON", strings.Join(path, "."))
		}
		return &leaf{value: data}, nil
	case int, bool, nil:
		return &leaf{value: data}, nil
	}
	return nil, fmt.Errorf("%s: no value: %T", strings.Join(path, "."), data)
}

// visit calls f for every leaf, in order. The path is the keys that lead to it, without the indices of lists: that is how SOPS names a value.
func (o object) visit(f func(path []string, l *leaf) error) error { return visit(o, nil, f) }

func visit(n node, path []string, f func(path []string, l *leaf) error) error {
	switch n := n.(type) {
	case object:
		for _, m := range n {
			if m.comment {
				continue
			}
			if err := visit(m.node, append(path, m.key), f); err != nil {
				return err
			}
		}
	case list:
		for _, item := range n {
			if err := visit(item, path, f); err != nil {
				return err
			}
		}
	case *leaf:
		return f(path, n)
	}
	return nil
}

// replaced is a copy of the document with other leaves.
func (o object) replaced(f func(path []string, l *leaf) (*leaf, error)) (object, error) {
	n, err := replaced(o, nil, f)
	if err != nil {
		return nil, err
	}
	return n.(object), nil
}

func replaced(n node, path []string, f func(path []string, l *leaf) (*leaf, error)) (node, error) {
	switch n := n.(type) {
	case object:
		c := make(object, len(n))
		for i, m := range n {
			c[i] = m
			if m.comment {
				continue
			}
			var err error
			if c[i].node, err = replaced(m.node, append(path, m.key), f); err != nil {
				return nil, err
			}
		}
		return c, nil
	case list:
		c := make(list, len(n))
		for i, item := range n {
			var err error
			if c[i], err = replaced(item, path, f); err != nil {
				return nil, err
			}
		}
		return c, nil
	case *leaf:
		return f(path, n)
	}
	return nil, fmt.Errorf("no part of a document: %T", n)
}

// line is one leaf, comment or empty container of a document, with a name that is unique but for comments: "users[2].password_hash".
type line struct {
	name    string
	comment bool
	leaf    *leaf // nil for a comment or an empty container
}

// lines is the document without its nesting.
func (o object) lines() []line {
	var all []line
	var walk func(n node, name string)
	walk = func(n node, name string) {
		switch n := n.(type) {
		case object:
			if len(n) == 0 {
				all = append(all, line{name: name + "{}"})
			}
			for _, m := range n {
				if m.comment {
					all = append(all, line{name: m.key, comment: true})
					continue
				}
				child := m.key
				if name != "" {
					child = name + "." + m.key
				}
				walk(m.node, child)
			}
		case list:
			if len(n) == 0 {
				all = append(all, line{name: name + "[]"})
			}
			for i, item := range n {
				walk(item, fmt.Sprintf("%s[%d]", name, i))
			}
		case *leaf:
			all = append(all, line{name: name, leaf: n})
		}
	}
	walk(o, "")
	return all
}

// differences names the lines in which two documents differ, sorted; nil without any. same compares two leaves.
func differences(want, old object, same func(want, old *leaf) bool) []string {
	left, right := want.lines(), old.lines()
	if slices.EqualFunc(left, right, func(x, y line) bool { return sameLine(x, y, same) }) {
		return nil
	}
	others := make(map[string]line, len(right))
	for _, l := range right {
		others[l.title()] = l
	}
	var names []string
	for _, l := range left {
		if other, ok := others[l.title()]; !ok || !sameLine(l, other, same) {
			names = append(names, l.title())
		}
		delete(others, l.title())
	}
	names = append(names, slices.Collect(maps.Keys(others))...)
	if len(names) == 0 {
		return []string{"the order of lines"}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func sameLine(x, y line, same func(a, b *leaf) bool) bool {
	if x.name != y.name || x.comment != y.comment || (x.leaf == nil) != (y.leaf == nil) {
		return false
	}
	return x.leaf == nil || same(x.leaf, y.leaf)
}

// title is the name of a line for people.
func (l line) title() string {
	if l.comment {
		return "#" + l.name
	}
	return l.name
}

// Display is the plaintext of a file as people and golden files may see it: each secret as "[secret ID]", each hash as "[hash ID]".
//
// Errors: those of Encrypt that a single input can have.
func Display(in Input) ([]byte, error) {
	d, err := newDocument(in, newRules())
	if err != nil {
		return nil, err
	}
	shown, err := d.want.replaced(func(_ []string, l *leaf) (*leaf, error) {
		if v, ok := l.value.(value.Value); ok {
			return &leaf{value: value.Display(v)}, nil
		}
		return l, nil
	})
	if err != nil {
		return nil, err
	}
	return emitPlain(d.format, shown)
}

// Place is where a secret stands.
type Place struct {
	ID        string // of the secret
	Path      string // of the file
	Component string // that the file belongs to
	Name      string // of the variable, or the way through a JSON document: "users[2].password_hash"
}

// Places lists the secrets of all files, by ID, path and name: where each stands, never its text.
//
// Errors: those of Encrypt that an input by itself can have.
func Places(inputs []Input) ([]Place, error) {
	rules := newRules()
	var all []Place
	for _, in := range inputs {
		d, err := newDocument(in, rules)
		if err != nil {
			return nil, err
		}
		for _, l := range d.want.lines() {
			if l.leaf == nil {
				continue
			}
			v, ok := l.leaf.value.(value.Value)
			if !ok {
				continue
			}
			for _, s := range value.Secrets(v) {
				all = append(all, Place{ID: s.ID, Path: in.Path, Component: in.Component, Name: l.name})
			}
		}
	}
	slices.SortFunc(all, func(a, b Place) int {
		return slices.Compare([]string{a.ID, a.Path, a.Name}, []string{b.ID, b.Path, b.Name})
	})
	return slices.Compact(all), nil
}

// rule says which values of a file are encrypted; it becomes a creation rule of .sops.yaml.
type rule struct {
	path      string // expression for the file's path, without environments
	encrypted string // expression for the keys of encrypted values; "": all but those that end in _unencrypted
	pathExpr  *regexp.Regexp
	keyExpr   *regexp.Regexp
	known     map[string]bool // keys and whether they are covered: they recur in every component
}

// newRules is the three rules of OUTPUT.md, SEC-02, in order.
func newRules() []*rule {
	return []*rule{
		newRule(`^[^/]+/k8s/(deploy|build)/base/secret/[^/]+\.env$`,
			`(?i)(^|_)(DATABASES|BUCKETS|PASSWORD|(API|ADMIN|ACCESS|SECRET)_KEY|TOKEN|BROKER_URL|RESULT_BACKEND)$|^username$`),
		newRule(`^[^/]+/k8s/deploy/base/secret/definitions\.json$`, `^password_hash$`),
		newRule(`^[^/]+/k8s/(deploy|build)/base/secret/[^/]+\.json$`, ""),
	}
}

func newRule(path, encrypted string) *rule {
	r := &rule{path: path, pathExpr: regexp.MustCompile("^(env/[^/]+/)?" + strings.TrimPrefix(path, "^"))}
	r.cover(encrypted)
	return r
}

func (r *rule) cover(encrypted string) {
	r.encrypted, r.known, r.keyExpr = encrypted, map[string]bool{}, nil
	if encrypted != "" {
		r.keyExpr = regexp.MustCompile(encrypted)
	}
}

func ruleFor(rules []*rule, path string) *rule {
	i := slices.IndexFunc(rules, func(r *rule) bool { return r.pathExpr.MatchString(path) })
	if i < 0 {
		return nil
	}
	return rules[i]
}

// covers says whether a value is encrypted, by the keys that lead to it.
func (r *rule) covers(path []string) bool {
	if r.keyExpr == nil {
		return !slices.ContainsFunc(path, func(key string) bool { return strings.HasSuffix(key, unencryptedSuffix) })
	}
	return slices.ContainsFunc(path, func(key string) bool {
		covered, ok := r.known[key]
		if !ok {
			covered = r.keyExpr.MatchString(key)
			r.known[key] = covered
		}
		return covered
	})
}

// markEncrypted decides for every leaf whether it is encrypted. Keys that hold a secret but do not match are added to their rule.
func markEncrypted(docs []*document) error {
	extra := map[*rule][]string{}
	for _, d := range docs {
		err := d.want.visit(func(path []string, l *leaf) error {
			v, ok := l.value.(value.Value)
			if !ok || !value.IsSecret(v) || d.rule.covers(path) {
				return nil
			}
			if d.rule.keyExpr == nil {
				return fmt.Errorf("%s: %s holds a secret, but SOPS does not encrypt names that end in %s", d.path, strings.Join(path, "."), unencryptedSuffix)
			}
			extra[d.rule] = append(extra[d.rule], regexp.QuoteMeta(path[len(path)-1]))
			return nil
		})
		if err != nil {
			return err
		}
	}
	for r, keys := range extra {
		slices.Sort(keys)
		r.cover(r.encrypted + "|^(" + strings.Join(slices.Compact(keys), "|") + ")$")
	}
	for _, d := range docs {
		_ = d.want.visit(func(path []string, l *leaf) error {
			l.encrypted = l.value != nil && d.rule.covers(path)
			return nil
		})
	}
	return nil
}
