package load

import (
	"fmt"
	"slices"
	"strings"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/value"
)

// describe asks a kind for the description of a node.
func (l *lib) describe(q *question) func(self, parent, arch kind.Object) (kind.Description, error) {
	r := q.pkg.root
	return func(self, parent, arch kind.Object) (kind.Description, error) {
		in := given{"self": self, "arch": arch, "parent": parent}
		read := func(a answer, o kind.Object) (kind.Description, error) {
			d, err := description(o)
			d.Trace = l.tracedFor(d.Findings, q, in, a)
			if err == nil {
				err = properPorts(r, q.Pos, a, d)
			}
			return d, err
		}
		if o, ok := l.recallObject(q, "", in, decodedFields); ok {
			if d, err := read(ownAnswer{}, o); err == nil {
				return d, nil
			}
		}
		d, err := ask(l, q, in, func(a answer) (kind.Description, error) {
			o, err := decodedFields(a)
			if err == nil && r.own() {
				err = a.check(l.form.description, "describe of "+str(self["id"]))
			}
			if err != nil {
				return kind.Description{}, err
			}
			return read(a, o)
		})
		if err != nil {
			return d, r.mistakes(q.Pos, err)
		}
		return d, nil
	}
}

func description(o kind.Object) (kind.Description, error) {
	d := kind.Description{
		Host: str(o["host"]), Services: strs(o["services"]), Derived: object(o["derived"]), Claims: claims(o["claims"]), Findings: findings(o["findings"]), Level: level(o["level"]),
		Rollout: list(o["rollout"]), Requirements: strs(o["requirements"]), Overrides: strs(o["overrides"]), Seams: seams(o["seams"]), Prerequisites: objects(o["prerequisites"]), Notes: strs(o["notes"]),
		Data: data(o["data"]), Exposes: exposures(o["exposes"]),
		Ports: map[string]kind.Port{}, Pods: map[string]kind.Pods{}, Capacity: map[string]kind.Capacity{},
	}
	if external := object(o["external"]); external != nil {
		d.External = &kind.External{At: str(external["at"]), Given: str(external["users"]) == "given"}
	}
	if image := object(o["image"]); image != nil {
		d.Image = &kind.Image{Name: str(image["name"]), Version: str(image["version"]), Context: str(image["context"]), Foreign: !boolean(image["built"], true)}
	}
	for name, p := range object(o["ports"]) {
		d.Ports[name] = port(p)
	}
	for name, p := range object(o["pods"]) {
		d.Pods[name] = pods(p)
	}
	for _, c := range objects(o["cleartext"]) {
		d.Cleartext = append(d.Cleartext, kind.Cleartext{Port: str(c["port"]), Unless: str(c["unless"])})
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
func properPorts(r root, pos diag.Pos, a answer, d kind.Description) error {
	for _, name := range sorted(d.Ports) {
		if r.own() {
			if at, ok := (facts{answer: a}).at("ports", name, "pods"); ok {
				pos = at.place(r)
			}
		}
		if group := d.Ports[name].Pods; len(d.Pods[group].Labels) == 0 && len(d.Pods[group].Addresses) == 0 && d.External == nil {
			return kind.Mistake(r.own(), pos, fmt.Sprintf("the port %q belongs to the pods %q, which describe does not have", name, group), "its pods are "+strings.Join(sorted(d.Pods), ", "))
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
	return kind.Pods{Labels: strMap(o["labels"]), Account: str(o["account"]), Process: str(o["process"]), Namespace: str(o["namespace"]), Addresses: strs(o["addresses"])}
}

func level(v any) *kind.Level {
	o := object(v)
	if o == nil {
		return nil
	}
	return &kind.Level{Enforce: str(o["enforce"]), Reason: str(o["reason"])}
}

func exposures(v any) []kind.Exposure {
	var all []kind.Exposure
	for _, e := range objects(v) {
		tls, _ := e["tls"].(bool)
		all = append(all, kind.Exposure{From: str(e["from"]), By: str(e["by"]), Host: str(e["host"]), Path: str(e["path"]), TLS: tls, Allow: strs(e["allow"]), Auth: str(e["auth"])})
	}
	return all
}

func claims(v any) []kind.Claim {
	var all []kind.Claim
	for _, o := range objects(v) {
		c := kind.Claim{Key: str(o["key"]), Within: str(o["within"]), What: str(o["what"]), Code: str(o["code"]), Attribute: str(o["attribute"]), Help: str(o["help"]), Owner: str(o["owner"]), Reach: str(o["reach"])}
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
		all = append(all, kind.Finding{Code: str(o["code"]), Message: str(o["message"]), Help: str(o["help"]), Attribute: str(o["attribute"]), At: str(o["at"])})
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

func (l *lib) ruleOf(p *pkg, name string, f facts, syntax scope, d *declarations) (*kind.Rule, error) {
	from, to, ok := strings.Cut(name, " -> ")
	if !ok {
		return nil, failure(f, "the rule %q is not written as source -> target", name)
	}
	if p.root.own() {
		if err := f.check(l.form.rule, fmt.Sprintf("the rule %q", name)); err != nil {
			return nil, err
		}
	}
	rule := &kind.Rule{
		From: from, To: to, Doc: f.text("doc"), Inherit: f.texts("inherit"), Startup: f.flag(true, "startup"), Follows: f.text("follows"), Behind: f.text("behind"), Lends: f.texts("lends"), Ports: f.texts("ports"), FromPods: f.text("from_pods"), Through: f.texts("through"), Optional: f.texts("optional"),
		Modules: f.texts("modules"), InModules: f.knownTexts("in", "modules"), Requirements: f.texts("requirements"), HasActs: f.has("acts") || f.has("acting"), HasExports: f.has("out", "exports"), Own: p.root.own(), Pos: f.place(p.root),
	}
	if rule.Doc == "" {
		return nil, failure(f, "the rule %q needs a doc", name)
	}
	if f.has("attributes") {
		var err error
		if rule.Attributes, err = syntax.structOf(f, "links", name); err != nil {
			return nil, err
		}
	}
	if i, ok := f.at("identity"); ok {
		rule.Identity = &kind.Identity{PerComponent: i.text("scope") == "component", Style: i.text("style"), Rotate: i.text("rotate"), More: i.texts("more"), Given: i.text("given")}
	}
	rule.Brings = brings(f, syntax.find("links", name))
	d.Asked = append(d.Asked, asked{Sort: "rule", Of: name, Path: []string{"links", name}, Pos: rule.Pos, Marks: f.has("marks")})
	return rule, nil
}

// marks asks a rule what an edge says of its target before any rule is applied.
func (l *lib) marks(rule *kind.Rule, q *question) func(link, from, arch kind.Object) (kind.Object, kind.Trace, error) {
	return func(link, from, arch kind.Object) (kind.Object, kind.Trace, error) {
		inputs := given{"link": link, "from": from, "arch": arch}
		if marks, ok := l.recallObject(q, "marks", inputs, marksOf); ok {
			return marks, l.traced(q, inputs, ownAnswer{}), nil
		}
		m, err := ask(l, q, inputs, func(a answer) (m noted, err error) {
			m.trace = l.traced(q, inputs, a)
			m.marks, err = marksOf(a)
			return m, err
		})
		if err != nil {
			return nil, nil, q.pkg.root.mistakes(rule.Pos, err)
		}
		return m.marks, m.trace, nil
	}
}

// noted is what an edge says of its target.
type noted struct {
	marks kind.Object
	trace kind.Trace
}

func marksOf(a answer) (kind.Object, error) {
	marks, _ := a.field("marks")
	return decodedFields(marks)
}

// apply asks a rule what it says of an edge.
func (l *lib) apply(rule *kind.Rule, q *question) func(in kind.Input) (kind.Result, error) {
	r := q.pkg.root
	return func(in kind.Input) (kind.Result, error) {
		inputs := given{"from": in.From, "to": in.To, "link": in.Link, "arch": in.Arch, "identity": in.Identity}
		read := func(a answer, parts kind.Object) (kind.Result, error) {
			res, err := result(parts)
			res.Trace = l.tracedFor(res.Findings, q, inputs, a)
			return res, err
		}
		if parts, ok := l.recallObject(q, "", inputs, partsOf); ok {
			if res, err := read(ownAnswer{}, parts); err == nil && l.properResult(rule, in, res) == nil {
				return res, nil
			}
		}
		res, err := ask(l, q, inputs, func(a answer) (kind.Result, error) {
			parts, err := partsOf(a)
			if err != nil {
				return kind.Result{}, err
			}
			res, err := read(a, parts)
			if err == nil && r.own() {
				err = a.check(l.form.rule, fmt.Sprintf("the rule %q", rule.Name()))
			}
			return res, err
		})
		if err == nil {
			err = l.properResult(rule, in, res)
		}
		if err != nil {
			return res, r.mistakes(rule.Pos, err)
		}
		return res, nil
	}
}

// partsOf are the parts of a rule that depend on the edge.
func partsOf(a answer) (kind.Object, error) {
	if err := a.err(); err != nil {
		return nil, err
	}
	parts := kind.Object{}
	for _, name := range []string{"about", "claims", "findings", "open", "keeps", "exposes", "acts", "acting", "joins", "out", "in"} {
		data, err := decoded(a, name)
		if err != nil {
			return nil, err
		}
		parts[name] = data
	}
	return parts, nil
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

func result(parts kind.Object) (kind.Result, error) {
	var r kind.Result
	r.About = str(parts["about"])
	r.Claims, r.Findings, r.Keeps = claims(parts["claims"]), findings(parts["findings"]), keeps(parts["keeps"])
	r.Exposes = exposures(parts["exposes"])
	for _, p := range list(parts["open"]) {
		r.Open = append(r.Open, port(p))
	}
	if a := object(parts["acts"]); a != nil {
		r.Acts = []kind.Acts{acts(a, "acts")}
	}
	for i, a := range objects(parts["acting"]) {
		r.Acts = append(r.Acts, acts(a, "acting", i))
	}
	if j := object(parts["joins"]); j != nil {
		joins := acts(j, "joins")
		r.Joins = &joins
	}
	var err error
	if r.Out, err = effects(object(parts["out"])); err != nil {
		return r, err
	}
	r.In, err = effects(object(parts["in"]))
	return r, err
}

func acts(o kind.Object, at ...any) kind.Acts {
	return kind.Acts{Group: str(o["pods"]), Pods: pods(o), At: at}
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
	if e.Fields, err = values(o["fields"]); err != nil {
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

func seams(data any) []kind.Seam {
	var all []kind.Seam
	for _, o := range objects(data) {
		all = append(all, kind.Seam{Name: str(o["name"]), Of: str(o["of"]), Finds: str(o["finds"]), File: str(o["file"])})
	}
	return all
}
