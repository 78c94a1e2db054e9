package load

import (
	"fmt"
	"strings"

	"cuelang.org/go/cue"

	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/value"
)

// ask fills the definitions that v declares (#self, #to, ...) and gives the value; CUE evaluates it when it is read.
func (l *lib) ask(v cue.Value, inputs map[string]any) cue.Value {
	for _, name := range sorted(inputs) {
		if inputs[name] == nil {
			continue
		}
		p := cue.MakePath(cue.Def("#" + name))
		if v.LookupPath(p).Exists() {
			v = v.FillPath(p, inputs[name])
		}
	}
	return v
}

func (l *lib) describe(v cue.Value) func(self, parent, arch kind.Object) (kind.Description, error) {
	if !v.Exists() {
		return func(kind.Object, kind.Object, kind.Object) (kind.Description, error) { return kind.Description{}, nil }
	}
	return func(self, parent, arch kind.Object) (kind.Description, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		inputs := map[string]any{"self": self, "arch": arch}
		if parent != nil {
			inputs["parent"] = parent
		}
		o, err := decodeStruct(l.ask(v, inputs))
		if err != nil {
			return kind.Description{}, err
		}
		return description(o)
	}
}

func description(o kind.Object) (kind.Description, error) {
	d := kind.Description{
		Host: str(o["host"]), Derived: object(o["derived"]), Claims: claims(o["claims"]), Findings: findings(o["findings"]), Level: level(o["level"]),
		Rollout: list(o["rollout"]), Requirements: strs(o["requirements"]), Prerequisites: objects(o["prerequisites"]), Notes: strs(o["notes"]),
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
		all = append(all, c)
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

func (l *lib) ruleOf(name string, v cue.Value, syntax scope) (*kind.Rule, error) {
	from, to, ok := strings.Cut(name, " -> ")
	if !ok {
		return nil, failure(v, "the rule %q is not written as source -> target", name)
	}
	r := &kind.Rule{
		From: from, To: to, Doc: text(v, "doc"), Inherit: texts(v, "inherit"), Startup: flag(v, "startup", true), Ports: texts(v, "ports"), FromPods: text(v, "from_pods"), Through: texts(v, "through"), Optional: texts(v, "optional"),
		Modules: texts(v, "modules"), Requirements: texts(v, "requirements"), Pos: position(v.Pos()),
	}
	if r.Doc == "" {
		return nil, failure(v, "the rule %q needs a doc", name)
	}
	if a := lookup(v, "attributes"); a.Exists() {
		var err error
		if r.Attributes, err = l.attributesOf(syntax, a, "links", name, "attributes"); err != nil {
			return nil, err
		}
	}
	if i := lookup(v, "identity"); i.Exists() {
		r.Identity = &kind.Identity{PerComponent: text(i, "scope") == "component", Style: text(i, "style")}
	}
	r.InModules = texts(v, "in.modules")
	r.HasActs = lookup(v, "acts").Exists()
	if lookup(v, "marks").Exists() {
		r.Marks = func(link, from, arch kind.Object) (kind.Object, error) {
			l.mu.Lock()
			defer l.mu.Unlock()
			return decodeStruct(lookup(l.ask(v, map[string]any{"link": link, "from": from, "arch": arch}), "marks"))
		}
	}
	r.Brings = brings(v)
	r.Apply = func(in kind.Input) (kind.Result, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		inputs := map[string]any{"from": in.From, "to": in.To, "link": in.Link, "arch": in.Arch}
		if in.Identity != nil {
			inputs["identity"] = in.Identity
		}
		return result(l.ask(v, inputs))
	}
	return r, nil
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
	for _, name := range []string{"claims", "findings", "open", "acts", "out", "in"} {
		data, err := section(v, name)
		if err != nil {
			return r, err
		}
		sections[name] = data
	}
	r.Claims, r.Findings = claims(sections["claims"]), findings(sections["findings"])
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
		Prefix: str(o["prefix"]), Exports: object(o["exports"]), Requirements: strs(o["requirements"]), Modules: strs(o["modules"]), Notes: strs(o["notes"]), Prerequisites: objects(o["prerequisites"]),
		Parts: map[string][]kind.Object{}, Uses: map[string]int{}, Names: map[string][]string{}, Lists: map[string][][]value.Value{},
	}
	var err error
	if e.Env, err = values(o["env"]); err != nil {
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
