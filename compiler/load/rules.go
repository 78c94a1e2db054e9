package load

import (
	"fmt"
	"slices"
	"strings"

	"cuelang.org/go/cue"
	"cuelang.org/go/cue/ast"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/value"
)

// question is a value of a kind with the definitions that it declares (#self, #to, ...) still open.
type question struct {
	value    cue.Value
	declared []string        // of the inputs that there are
	mentions map[string]bool // names that the value, or the schema, ever refers to
}

// inputs are all that a kind may declare.
func inputs() []string {
	return []string{"arch", "from", "identity", "link", "parent", "self", "to"}
}

func (l *lib) question(v cue.Value, mentions map[string]bool) question {
	q := question{value: v, mentions: mentions}
	for _, name := range inputs() {
		if v.LookupPath(cue.MakePath(cue.Def("#" + name))).Exists() {
			q.declared = append(q.declared, name)
		}
	}
	return q
}

// ask fills the inputs in and gives the value; CUE evaluates it once, when it is read.
// What a node has and nothing refers to is left out: a server with a thousand clients would otherwise hand all of them to each of its edges.
func (l *lib) ask(q question, given map[string]kind.Object) cue.Value {
	filled := l.ctx.CompileString("{}")
	for _, name := range q.declared {
		if given[name] == nil {
			continue
		}
		filled = filled.FillPath(cue.MakePath(cue.Def("#"+name)), q.mentioned(given[name]))
	}
	return q.value.Unify(filled)
}

func (q question) mentioned(o kind.Object) kind.Object {
	kept := make(kind.Object, len(o))
	for k, v := range o {
		if !q.mentions[k] {
			continue
		}
		if k == "parent" {
			v = q.mentioned(object(v))
		}
		kept[k] = v
	}
	return kept
}

// mentions lists the names that syntax refers to: identifiers, fields and strings.
func mentions(nodes ...ast.Node) map[string]bool {
	all := map[string]bool{}
	for _, n := range nodes {
		ast.Walk(n, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.Ident:
				all[n.Name] = true
			case *ast.BasicLit:
				if s, ok := literalData(n); ok {
					if name, ok := s.(string); ok {
						all[name] = true
					}
				}
			}
			return true
		}, nil)
	}
	return all
}

func (l *lib) describe(r root, v cue.Value, names map[string]bool) func(self, parent, arch kind.Object) (kind.Description, error) {
	if !v.Exists() {
		return func(kind.Object, kind.Object, kind.Object) (kind.Description, error) { return kind.Description{}, nil }
	}
	q := l.question(v, names)
	return func(self, parent, arch kind.Object) (kind.Description, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		answer := l.ask(q, map[string]kind.Object{"self": self, "arch": arch, "parent": parent})
		o, err := decodeStruct(answer)
		if err == nil && r.own() {
			err = check(l.form.description, answer, "describe of "+str(self["id"]))
		}
		var d kind.Description
		if err == nil {
			d, err = description(o)
		}
		if err == nil {
			err = properPorts(r, keyOf(v), d)
		}
		if err != nil {
			return d, r.mistakes(keyOf(v), err)
		}
		return d, nil
	}
}

func description(o kind.Object) (kind.Description, error) {
	d := kind.Description{
		Host: str(o["host"]), Services: strs(o["services"]), Derived: object(o["derived"]), Claims: claims(o["claims"]), Findings: findings(o["findings"]), Level: level(o["level"]),
		Rollout: list(o["rollout"]), Requirements: strs(o["requirements"]), Prerequisites: objects(o["prerequisites"]), Notes: strs(o["notes"]),
		Data:  data(o["data"]),
		Ports: map[string]kind.Port{}, Pods: map[string]kind.Pods{}, Capacity: map[string]kind.Capacity{},
	}
	for name, p := range object(o["ports"]) {
		d.Ports[name] = port(p)
	}
	for name, p := range object(o["pods"]) {
		d.Pods[name] = pods(p)
	}
	for name, c := range object(o["capacity"]) {
		d.Capacity[name] = kind.Capacity{Limit: integer(object(c)["limit"]), What: str(object(c)["what"])}
	}
	var err error
	if d.Settings, err = values(o["settings"]); err != nil {
		return d, fmt.Errorf("settings: %w", err)
	}
	d.Variables, err = groups(o["variables"])
	return d, err
}

// properPorts finds ports of pods that a description does not have.
func properPorts(r root, pos diag.Pos, d kind.Description) error {
	for _, name := range sorted(d.Ports) {
		if group := d.Ports[name].Pods; len(d.Pods[group].Labels) == 0 {
			return kind.Mistake(r.own(), pos, fmt.Sprintf("the port %q is of the pods %q, which describe does not have", name, group), "its pods are "+strings.Join(sorted(d.Pods), ", "))
		}
	}
	return nil
}

func port(v any) kind.Port {
	o := object(v)
	return kind.Port{Port: integer(o["port"]), Pods: str(o["pods"])}
}

func pods(v any) kind.Pods {
	o := object(v)
	return kind.Pods{Labels: strMap(o["labels"]), Account: str(o["account"])}
}

func level(v any) *kind.Level {
	o := object(v)
	if o == nil {
		return nil
	}
	return &kind.Level{Enforce: str(o["enforce"]), Reason: str(o["reason"])}
}

func claims(v any) []kind.Claim {
	var all []kind.Claim
	for _, o := range objects(v) {
		c := kind.Claim{Key: str(o["key"]), Within: str(o["within"]), What: str(o["what"]), Code: str(o["code"]), Attribute: str(o["attribute"]), Help: str(o["help"]), Owner: str(o["owner"])}
		if c.Code == "" {
			c.Code = "E0205"
		}
		if c.What == "" {
			c.What = c.Key
		}
		if c.Within == "" {
			c.Within = "cluster"
		}
		all = append(all, c)
	}
	return all
}

func data(v any) []kind.Data {
	var all []kind.Data
	for _, o := range objects(v) {
		all = append(all, kind.Data{What: str(o["what"]), Namespace: str(o["namespace"]), Object: str(o["object"]), Format: str(o["format"]), Upgrade: str(o["upgrade"]), Attribute: str(o["attribute"])})
	}
	return all
}

func keeps(v any) []kind.Kept {
	var all []kind.Kept
	for _, o := range objects(v) {
		all = append(all, kind.Kept{What: str(o["what"]), Object: str(o["object"])})
	}
	return all
}

func findings(v any) []kind.Finding {
	var all []kind.Finding
	for _, o := range objects(v) {
		all = append(all, kind.Finding{Code: str(o["code"]), Message: str(o["message"]), Help: str(o["help"]), Attribute: str(o["attribute"])})
	}
	return all
}

func values(v any) (map[string]value.Value, error) {
	m := map[string]value.Value{}
	for k, item := range object(v) {
		val, err := value.From(item)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", k, err)
		}
		m[k] = val
	}
	return m, nil
}

func groups(v any) ([]kind.Group, error) {
	var all []kind.Group
	for _, o := range objects(v) {
		vars, err := values(o["vars"])
		if err != nil {
			return nil, err
		}
		all = append(all, kind.Group{Comment: str(o["comment"]), Vars: vars})
	}
	return all, nil
}

func (l *lib) ruleOf(r root, name string, v cue.Value, syntax scope, names map[string]bool) (*kind.Rule, error) {
	from, to, ok := strings.Cut(name, " -> ")
	if !ok {
		return nil, failure(v, "the rule %q is not written as source -> target", name)
	}
	if r.own() {
		if err := check(l.form.rule, v, fmt.Sprintf("the rule %q", name)); err != nil {
			return nil, err
		}
	}
	rule := &kind.Rule{
		From: from, To: to, Doc: text(v, "doc"), Inherit: texts(v, "inherit"), Startup: flag(v, "startup", true), Ports: texts(v, "ports"), FromPods: text(v, "from_pods"), Through: texts(v, "through"), Optional: texts(v, "optional"),
		Modules: texts(v, "modules"), Requirements: texts(v, "requirements"), Own: r.own(), Pos: keyOf(v),
	}
	if rule.Doc == "" {
		return nil, failure(v, "the rule %q needs a doc", name)
	}
	if lookup(v, "attributes").Exists() {
		var err error
		if rule.Attributes, err = l.structOf(syntax, v, "links", name); err != nil {
			return nil, err
		}
	}
	if i := lookup(v, "identity"); i.Exists() {
		rule.Identity = &kind.Identity{PerComponent: text(i, "scope") == "component", Style: text(i, "style"), Rotate: text(i, "rotate")}
	}
	q := l.question(v, names)
	rule.InModules = texts(v, "in.modules")
	rule.HasActs = lookup(v, "acts").Exists()
	if lookup(v, "marks").Exists() {
		rule.Marks = func(link, from, arch kind.Object) (kind.Object, error) {
			l.mu.Lock()
			defer l.mu.Unlock()
			o, err := decodeStruct(lookup(l.ask(q, map[string]kind.Object{"link": link, "from": from, "arch": arch}), "marks"))
			if err != nil {
				return nil, r.mistakes(rule.Pos, err)
			}
			return o, nil
		}
	}
	rule.Brings = brings(v)
	rule.Apply = func(in kind.Input) (kind.Result, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		answer := l.ask(q, map[string]kind.Object{"from": in.From, "to": in.To, "link": in.Link, "arch": in.Arch, "identity": in.Identity})
		res, err := result(answer)
		if err == nil && r.own() {
			err = check(l.form.rule, answer, fmt.Sprintf("the rule %q", name))
		}
		if err == nil {
			err = l.properResult(rule, in, res)
		}
		if err != nil {
			return res, r.mistakes(rule.Pos, err)
		}
		return res, nil
	}
	return rule, nil
}

// properResult finds modules and ports that a rule names for an edge, and that do not exist.
func (l *lib) properResult(r *kind.Rule, in kind.Input, res kind.Result) error {
	for _, m := range slices.Concat(res.Out.Modules, res.In.Modules) {
		if !l.asset(m) {
			return kind.Mistake(r.Own, r.Pos, fmt.Sprintf("the rule %q names the module %q, which does not exist", r.Name(), m), moduleHelp)
		}
	}
	offered := object(in.To["ports"])
	for _, name := range r.Ports {
		if offered[name] == nil {
			return kind.Mistake(r.Own, r.Pos, fmt.Sprintf("the rule %q opens the port %q, which %s does not have", r.Name(), name, r.To), "its ports are "+strings.Join(sorted(offered), ", "))
		}
	}
	return nil
}

// section decodes a field of a rule that may be absent.
func section(v cue.Value, name string) (any, error) {
	f := lookup(v, name)
	if !f.Exists() {
		return nil, nil
	}
	return decode(f)
}

func result(v cue.Value) (kind.Result, error) {
	if err := v.Err(); err != nil {
		return kind.Result{}, err
	}
	var r kind.Result
	sections := map[string]any{}
	for _, name := range []string{"about", "claims", "findings", "open", "keeps", "acts", "out", "in"} {
		data, err := section(v, name)
		if err != nil {
			return r, err
		}
		sections[name] = data
	}
	r.About = str(sections["about"])
	r.Claims, r.Findings, r.Keeps = claims(sections["claims"]), findings(sections["findings"]), keeps(sections["keeps"])
	for _, p := range list(sections["open"]) {
		r.Open = append(r.Open, port(p))
	}
	if a := object(sections["acts"]); a != nil {
		r.Acts = &kind.Acts{Group: str(a["pods"]), Pods: pods(a)}
	}
	var err error
	if r.Out, err = effects(object(sections["out"])); err != nil {
		return r, err
	}
	r.In, err = effects(object(sections["in"]))
	return r, err
}

func effects(o kind.Object) (kind.Effects, error) {
	e := kind.Effects{
		Prefix: str(o["prefix"]), Exports: object(o["exports"]), Requirements: strs(o["requirements"]), Modules: strs(o["modules"]), Notes: strs(o["notes"]), Prerequisites: objects(o["prerequisites"]), Rollout: list(o["rollout"]),
		Parts: map[string][]kind.Object{}, Uses: map[string]int{}, Names: map[string][]string{}, Lists: map[string][][]value.Value{},
	}
	var err error
	if e.Env, err = values(o["env"]); err != nil {
		return e, err
	}
	if e.Defaults, err = values(o["defaults"]); err != nil {
		return e, err
	}
	for key, records := range object(o["lists"]) {
		e.Lists[key] = [][]value.Value{}
		for _, record := range list(records) {
			var fields []value.Value
			for _, f := range list(record) {
				field, err := value.From(f)
				if err != nil {
					return e, err
				}
				fields = append(fields, field)
			}
			e.Lists[key] = append(e.Lists[key], fields)
		}
	}
	for key, names := range object(o["names"]) {
		e.Names[key] = strs(names)
	}
	for _, r := range objects(o["resources"]) {
		e.Resources = append(e.Resources, kind.Resource{Name: str(r["name"]), Kind: str(r["kind"]), Access: str(r["access"])})
	}
	for slot, parts := range object(o["parts"]) {
		e.Parts[slot] = objects(parts)
	}
	for what, n := range object(o["uses"]) {
		e.Uses[what] = integer(n)
	}
	if ns := object(o["namespace"]); ns != nil {
		e.Namespace = &kind.Namespace{Labels: strMap(ns["labels"]), Level: level(ns["level"])}
	}
	return e, nil
}
