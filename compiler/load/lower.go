package load

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
)

var (
	label = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$`)
	// a component's folder stands beside those of the whole tree, and is checked out on any system
	reserved  = regexp.MustCompile(`^(env|gitops|local|scripts|con|prn|aux|nul|com[0-9]|lpt[0-9])$`)
	component = regexp.MustCompile(`^[a-z0-9]([-a-z0-9]{0,38}[a-z0-9])?$`)
)

// fixed are the fields of a component that no kind declares.
func fixed() []string { return []string{"accept", "extra", "kind", "links", "patches"} }

func (l *lowering) add(d diag.Diagnostic) { l.list.Add(d) }

// lower reads the top level: name, config, retired, components.
func (l *lowering) lower(top *kind.Given) {
	known := []string{"name", "config", "components", "retired", "environments"}
	elsewhere := l.unknownTop(top, known)
	if !elsewhere["name"] {
		l.name(top)
	}
	l.sameEnvironments(top.Field("environments"))
	l.graph.ConfigGiven = top.Field("config")
	config := l.config(l.graph.ConfigGiven)
	l.accept("", kind.Place{Path: "config", Subject: "config"}, l.graph.ConfigGiven.Field("accept"), &diag.List{}) // config has said what is wrong with the values
	l.graph.Images = l.images()
	l.graph.Retired = l.retired(top.Field("retired"))
	components := top.Field("components")
	if components == nil && elsewhere["components"] {
		return
	}
	if components == nil {
		l.add(diag.Diagnostic{Code: "E0103", Path: "components", Pos: top.FirstPos(), Message: "the architecture has no components, which are required", Help: "add components: {name: {kind: \"fastapi\", …}}; `platc init` writes a small one"})
		return
	}
	if !components.Struct {
		l.notStruct(components, "components", "the architecture's components", byName(components, `{kind: "fastapi", …}`))
		return
	}
	if n := len(components.Fields); n > maxComponents {
		l.add(diag.Diagnostic{Code: "E0101", Path: "components", Pos: components.KeyPos, Message: fmt.Sprintf("the architecture has %d components, more than the limit of %d", n, maxComponents), Help: "split it: an architecture is what is built and deployed together"})
		return
	}
	l.graph.Arch, l.graph.ComponentsPos, l.components = config, components.KeyPos, components
	defer l.exceptNames()
	defer func() { slices.Sort(l.graph.Named) }()
	l.astray = l.nameless(components, "components", "component", func(f *kind.Given) bool {
		return !f.Struct && !f.Invalid && l.componentField(f.Key)
	})
	for _, f := range components.Fields {
		if !slices.Contains(l.astray, f) {
			l.component(f)
		}
	}
	slices.SortFunc(l.graph.Nodes, func(a, b *ir.Node) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortFunc(l.graph.Links, func(a, b ir.Link) int {
		return cmp.Or(cmp.Compare(a.Source.ID, b.Source.ID), cmp.Compare(a.Target, b.Target))
	})
	for _, n := range l.graph.Nodes {
		slices.SortFunc(n.Subs, func(a, b *ir.Node) int { return cmp.Compare(a.ID, b.ID) })
	}
}

// unknownTop reports fields at the top level that do not exist. elsewhere are those that are in them, or that they are meant for: nobody misses them as well.
func (l *lowering) unknownTop(top *kind.Given, known []string) (elsewhere map[string]bool) {
	elsewhere = map[string]bool{}
	for _, f := range top.Fields {
		if slices.Contains(known, f.Key) {
			continue
		}
		var inside []string
		for _, name := range known {
			if f.Field(name) != nil && top.Field(name) == nil {
				inside, elsewhere[name] = append(inside, name), true
			}
		}
		near := diag.Meant(f.Key, known, l.fields)
		for _, name := range near {
			elsewhere[name] = true
		}
		if f.Invalid {
			continue
		}
		d := (&kind.Type{}).Unknown(f, kind.Place{Path: f.Key, Subject: "the architecture", Words: l.fields}, known)
		if len(inside) > 0 && len(near) == 0 {
			d.Help = fmt.Sprintf("write %s at the top level, not in %s", strings.Join(inside, " and "), f.Key)
		}
		l.add(d)
	}
	return elsewhere
}

// exceptNames keeps the names of the architecture readable: a secret that has the text of one is in every file anyway.
func (l *lowering) exceptNames() {
	names := []string{l.graph.Name}
	for _, n := range l.graph.Nodes {
		names = append(names, n.Name, n.Namespace(), n.Kind.Name, n.SubKind())
	}
	l.source.Hidden.Except(names...)
}

func (l *lowering) name(top *kind.Given) {
	f := top.Field("name")
	if f == nil {
		l.add(diag.Diagnostic{Code: "E0103", Path: "name", Pos: top.FirstPos(), Message: "the architecture has no name, which is required", Help: "add name: \"shop\", a DNS-1123 label"})
		return
	}
	l.graph.Pos = f.Pos
	s, ok := f.Scalar.(string)
	switch {
	case f.Invalid:
	case !f.Struct && !f.List && !f.Concrete:
		l.add(f.Open(kind.Place{Path: "name", Subject: "the architecture's name"}, "a DNS-1123 label", false))
	case !ok:
		l.add(diag.Diagnostic{Code: "E0108", Path: "name", Pos: f.Pos, Message: "the architecture's name is not a string", Help: "give it a DNS-1123 label, such as \"shop\""})
	case !label.MatchString(s):
		l.add(diag.Diagnostic{Code: "E0108", Path: "name", Pos: f.Pos, Message: fmt.Sprintf("the architecture's name is %s, which is not a valid DNS-1123 label", strconv.Quote(s)), Help: "use lower-case letters, digits and -, at most 63 characters"})
	default:
		l.graph.Name = s
	}
}

// config completes the settings, and is what kinds see as #arch. Secrets that the user gave become references.
func (l *lowering) config(given *kind.Given) kind.Object {
	arch := kind.Object{"name": l.graph.PartOf(), "image_tag": "hash", "labels": kind.Object{}, "registry": kind.Object{"host": "registry.local", "project": l.graph.Name}, "git": kind.Object{"url": "https://git.local/" + l.graph.Name + ".git", "ref": "main", "path": ""}}
	if given != nil && !given.Struct {
		l.notStruct(given, "config", "config", "write settings in braces: {domain: \"example.com\"}")
		given = nil
	}
	if l.graph.Environment != "" {
		arch["environment"] = l.graph.Environment
	}
	l.concealer.values(l.library.Config, given)
	data, _ := l.library.Config.Complete(given, kind.Place{Path: "config", Subject: "config", Words: l.fields}, l.list).(kind.Object)
	for _, section := range []string{"registry", "git"} {
		var g *kind.Given
		if given != nil {
			g = given.Field(section)
		}
		maps.Copy(object(arch[section]), l.withSecrets(section, object(data[section]), g))
	}
	l.openURL("config.git.url", given.Field("git").Field("url"), "which the build Jobs show in plain text", "remove it from the URL, and set config.git.username and password: {env: \"NAME\"}")
	arch["labels"] = data["labels"]
	if arch["labels"] == nil {
		arch["labels"] = kind.Object{}
	}
	arch["cluster"], arch["certificates"] = object(data["cluster"]), object(data["certificates"])
	if t, ok := data["image_tag"]; ok {
		arch["image_tag"] = t
	}
	if d, ok := data["domain"]; ok {
		arch["domain"] = d
	}
	arch["gitops"] = kind.Object{}
	if g, ok := data["gitops"].(kind.Object); ok {
		arch["gitops"] = g
		l.openURL("config.gitops.repo", given.Field("gitops").Field("repo"), "which whoever reads the cluster's objects sees", "remove it from the URL, and set config.gitops.secret, or give the repository to Argo CD by a Secret of its own")
	}
	arch["third_party"] = kind.Object{}
	if images, ok := data["images"].(kind.Object); ok {
		arch["third_party"] = images
	}
	l.graph.Config.Recipients = strs(object(data["secrets"])["recipients"])
	return arch
}

// openURL warns of a URL that has a password or a token in it.
func (l *lowering) openURL(path string, given *kind.Given, shown, help string) {
	if given == nil {
		return
	}
	if url, _ := given.Scalar.(string); inURL(url) != "" {
		l.add(diag.Diagnostic{Code: "W0120", Path: path, Pos: given.Pos, Message: path + " holds a password or a token, " + shown, Help: help})
	}
}

// withSecrets replaces user names and passwords by references to what the user gave.
func (l *lowering) withSecrets(section string, data kind.Object, given *kind.Given) kind.Object {
	out := kind.Object{}
	for _, key := range sorted(data) {
		inner, isObject := data[key].(kind.Object)
		isSecret := key == userName || key == "password"
		switch {
		case isObject && !isSecret:
			out[key] = l.withSecrets(section+"/"+key, inner, given.Field(key))
		case !isSecret:
			out[key] = data[key]
		default:
			id := "config/" + section + "/" + key
			if read := l.secret(strings.ReplaceAll(id, "/", "."), key, data[key], given.Field(key)); read != nil {
				l.graph.Given[id], l.graph.GivenBy[id] = read, givenBy(data[key])
				out[key] = kind.Object{"secret": id}
			}
		}
	}
	if given == nil || strings.Contains(section, "/") {
		return out
	}
	for _, pair := range [][2]string{{"username", "password"}, {"password", "username"}} {
		if f := given.Field(pair[0]); f != nil && given.Field(pair[1]) == nil && data[pair[1]] == nil {
			l.add(diag.Diagnostic{Code: "E0103", Path: "config." + section, Pos: given.KeyPos, Message: fmt.Sprintf("config.%s has a %s but no %s", section, pair[0], pair[1]), Help: "add " + pair[1] + ", or remove " + pair[0]})
		}
	}
	return out
}

// givenBy says where a text comes from.
func givenBy(data any) (by ir.GivenBy) {
	v, _ := data.(kind.Object)
	by.Env, _ = v["env"].(string)
	by.File, _ = v["file"].(string)
	return by
}

// secret is what reads a secret; name is its place in arch.cue. Nothing reads what is given under a misspelt name.
func (l *lowering) secret(name, key string, data any, given *kind.Given) ir.Given {
	if given == nil {
		return nil
	}
	switch v := data.(type) {
	case string:
		// what -t gave is in no file
		if key == "password" && l.concealer.written(v) {
			l.add(diag.Diagnostic{Code: "W0120", Secret: true, Path: name, Pos: given.Pos, Message: name + " is in plain text in arch.cue", Help: "write {env: \"NAME\"} or {file: \"PATH\"}, and change the password if the file was shared"})
		}
		return func() (string, *diag.Diagnostic) { return v, nil }
	case kind.Object:
		return l.external(name, v, given.Pos, singleLine)
	}
	return nil
}

// givenSecrets are the secrets of a component's own that the user gives: {env: NAME} or {file: PATH} in an attribute with @given(), or one with @given(ID).
func (l *lowering) givenSecrets(n *ir.Node) {
	l.givenIn(n, n.Kind.Attributes, n.Given, n.Attrs, n.Path())
	for _, f := range n.Kind.Attributes.Fields {
		given := n.Given.Field(f.Name)
		if !f.Type.Given || given == nil {
			continue
		}
		entries := object(n.Attrs[f.Name])
		for _, key := range sorted(entries) {
			entry, id := object(entries[key]), n.ID+"/"+key
			if entry["env"] == nil && entry["file"] == nil {
				continue
			}
			l.graph.Given[id] = l.external(n.Path()+"."+f.Name+"."+key, entry, given.Field(key).Pos, oneVariable)
			l.graph.GivenTo[id], l.graph.GivenBy[id] = n.ID, givenBy(entry)
		}
	}
}

// givenIn are the secrets in a struct of attributes that the user gives by a name of their own.
func (l *lowering) givenIn(n *ir.Node, t *kind.Type, given *kind.Given, data kind.Object, path string) {
	for _, f := range t.Fields {
		inner := given.Field(f.Name)
		switch {
		case inner == nil || data[f.Name] == nil:
		case f.Type.GivenAs != "":
			id := n.ID + "/" + f.Type.GivenAs
			l.give(id, n.ID, path+"."+f.Name, f.Name, data[f.Name], inner)
		case f.Type.IsStruct:
			l.givenIn(n, f.Type, inner, object(data[f.Name]), path+"."+f.Name)
		}
	}
}

// give notes a secret that the user gives, and whose it is.
func (l *lowering) give(id, owner, path, key string, data any, given *kind.Given) {
	if read := l.secret(path, key, data, given); read != nil {
		l.graph.Given[id], l.graph.GivenTo[id], l.graph.GivenBy[id] = read, owner, givenBy(data)
	}
}

// credentials are those that a link gives: {user, password} in an attribute that a rule names for it.
func (l *lowering) credentials(link ir.Link) {
	for _, r := range l.library.Rules {
		if r.Identity == nil || r.Identity.Given == "" || link.Given.Field(r.Identity.Given) == nil {
			continue
		}
		attribute := r.Identity.Given
		given := link.Given.Field(attribute)
		for _, key := range ir.CredentialKeys() {
			f := given.Field(key)
			if f == nil || f.Invalid {
				continue
			}
			if data := f.Data(); key == ir.CredentialPassword || object(data) != nil {
				l.give(link.Credential(key), link.Source.Component().Name, link.Path()+"."+attribute+"."+key, key, data, f)
			}
		}
		return
	}
}

// retired reads why data of owners that are gone may stay behind.
func (l *lowering) retired(given *kind.Given) map[string]string {
	if given == nil {
		return nil
	}
	if !given.Struct {
		l.notStruct(given, "retired", "retired", byName(given, `"why"`))
		return nil
	}
	data, _ := l.library.Retired.Complete(given, kind.Place{Path: "retired", Subject: "retired", KeyPos: given.KeyPos}, l.list).(kind.Object)
	return strMap(data)
}

// labelHelp is how the name of a component is written, with one that is like the user's where there is.
func labelHelp(name string) string {
	if near := nearLabel(name); component.MatchString(near) && !reserved.MatchString(near) {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return "use lower-case letters, digits and -"
}

// nearLabel is a name as a label would have it.
func nearLabel(name string) string {
	return strings.Trim(strings.Map(func(r rune) rune {
		if r == '_' || r == '.' || r == ' ' {
			return '-'
		}
		return r
	}, strings.ToLower(name)), "-")
}

// component reads one component.
func (l *lowering) component(g *kind.Given) {
	path := "components." + ir.Label(g.Key)
	if reserved.MatchString(g.Key) {
		l.add(diag.Diagnostic{Code: "E0108", Path: path, Pos: g.KeyPos, Message: fmt.Sprintf("component %s: the name is reserved for a folder of the output or a device on Windows", strconv.Quote(g.Key)), Help: "choose another name"})
	}
	if !component.MatchString(g.Key) {
		l.add(diag.Diagnostic{Code: "E0108", Path: path, Pos: g.KeyPos, Message: fmt.Sprintf("component %s: the name is not a DNS-1123 label of at most 40 characters", strconv.Quote(g.Key)), Help: labelHelp(g.Key)})
		l.graph.Failed[nearLabel(g.Key)] = true // others may have its name right
	}
	if !g.Struct {
		l.graph.Failed[g.Key] = true
		l.notStruct(g, path, g.Key, l.asComponent(g))
		return
	}
	k := l.kindOf(g, path)
	if k == nil {
		l.graph.Failed[g.Key] = true
		l.withoutKind(g, path)
		return
	}
	n := &ir.Node{ID: g.Key, Name: g.Key, Kind: k, Given: g, Pos: g.KeyPos}
	l.graph.Nodes = append(l.graph.Nodes, n)
	subs := sorted(k.Subs)
	n.Attrs = l.attributes(n, append(fixed(), subs...))
	l.listings(n)
	if ns := n.Namespace(); slices.Contains([]string{"default", "kube-system", "kube-public", "kube-node-lease"}, ns) {
		l.add(diag.Diagnostic{Code: "E0108", Path: path + ".namespace", Pos: n.AttrPos("namespace"), Message: fmt.Sprintf("%s has the namespace %s, which belongs to the cluster: platc would hold all pods in it to the pod security level restricted", g.Key, ns), Help: "choose a namespace of your own"})
	}
	l.givenSecrets(n)
	l.accept(g.Key, kind.Place{Path: path, Subject: g.Key, KeyPos: g.KeyPos}, g.Field("accept"), l.list)
	names := namesOf(k)
	l.links(n, l.meant(g, "links", names))
	l.patches(n, g.Field("patches"))
	l.extra(n, g.Field("extra"))
	l.lost(n, names)
	for _, short := range subs {
		f := l.meant(g, short, names)
		if f == nil {
			continue
		}
		if !f.Struct {
			l.notStruct(f, path+"."+short, kind.Own(g.Key)+" "+short, byName(f, "{}"))
			continue
		}
		astray := l.nameless(f, path+"."+short, short, func(item *kind.Given) bool { return attributeOf(k.Subs[short], item) })
		for _, item := range f.Fields {
			if !slices.Contains(astray, item) {
				l.sub(n, k.Subs[short], item)
			}
		}
	}
}

// lost marks as refused what may be a sub-component of a component, but stands in a field that it does not have, or that is no struct: that is reported, and
// links to it are no second mistake.
func (l *lowering) lost(n *ir.Node, names []string) {
	for _, f := range n.Given.Fields {
		if n.Kind.Subs[f.Key] == nil && slices.Contains(names, f.Key) {
			continue
		}
		inside := f.Names()
		for short := range n.Kind.Subs {
			for _, name := range inside {
				if n.Kind.Subs[f.Key] == nil || !f.Struct {
					l.graph.Failed[n.ID+"/"+short+"/"+name], l.graph.Failed[n.ID+"/"+f.Key+"/"+name] = true, true
				}
			}
		}
	}
}

func (l *lowering) kindOf(g *kind.Given, path string) *kind.Kind {
	f := l.kindField(g, path)
	if f == nil {
		if slices.ContainsFunc(l.astray, func(f *kind.Given) bool { return f.Key == "kind" }) {
			return nil // it may stand beside it
		}
		l.add(diag.Diagnostic{Code: "E0103", Path: path, Pos: g.KeyPos, Message: g.Key + " has no kind, which is required", Help: "add kind: \"fastapi\" or another kind from `platc kinds`"})
		return nil
	}
	if f.Invalid {
		return nil
	}
	if !f.Concrete && !f.Struct && !f.List {
		l.add(f.Open(kind.Place{Path: path + ".kind", Subject: kind.Own(g.Key) + " kind"}, "the name of a kind", false))
		return nil
	}
	name, ok := f.Scalar.(string)
	if !ok {
		l.add(diag.Diagnostic{Code: "E0104", Path: path + ".kind", Pos: f.Pos, Message: g.Key + " has a kind that is not a string", Help: "give it the name of a kind in double quotes, such as \"fastapi\""})
		return nil
	}
	k := l.library.Kinds[name]
	if l.library.Failed[name] {
		return nil
	}
	if k == nil || k.Parent != "" {
		help := "the kinds are " + strings.Join(l.componentKinds(), ", ")
		near, as := l.nearKinds(name)
		if len(near) > 0 {
			help = diag.DidYouMean(near)
		}
		l.add(diag.Diagnostic{Code: "E0105", Path: path + ".kind", Pos: f.Pos, Message: fmt.Sprintf("%s has the kind %s, which does not exist", g.Key, strconv.Quote(name)), Help: help})
		return as
	}
	return k
}

func (l *lowering) componentKinds() []string {
	var names []string
	for _, name := range sorted(l.library.Kinds) {
		if l.library.Kinds[name].Parent == "" {
			names = append(names, name)
		}
	}
	return names
}

// attributes completes a node's attributes; more are the fields that are not attributes.
func (l *lowering) attributes(n *ir.Node, more []string) kind.Object {
	own := &kind.Given{Struct: true, Concrete: true, KeyPos: n.Given.KeyPos, Pos: n.Given.Pos}
	at := kind.Place{Path: n.Path(), Subject: n.ID, KeyPos: n.Given.KeyPos, More: more, Words: l.fields, Help: func(field string) string { return l.elsewhere(n.Kind, field) }}
	if n.Parent != nil {
		at.Subject = kind.Own(n.Parent.Name) + " " + n.SubKind() + " " + n.Name
	}
	for _, f := range n.Given.Fields {
		if !slices.Contains(more, f.Key) {
			own.Fields = append(own.Fields, f)
		}
	}
	l.concealer.values(n.Kind.Attributes, own)
	found := &diag.List{}
	attrs, _ := n.Kind.Attributes.Complete(own, at, found).(kind.Object)
	if n.Parent == nil && (len(l.astray) > 0 || n.Given.Field("kind") != nil && n.Given.Field("kind").Scalar != n.Kind.Name) {
		found.Drop("E0103") // what it requires may stand beside it; and may not be wanted where the kind is guessed
	}
	l.list.AddAll(found)
	l.atMost(n, attrs, at)
	l.oneOf(n, at)
	return attrs
}

// oneOf demands exactly one of some attributes, whether or not its value is right; of those inside another one where that is given.
func (l *lowering) oneOf(n *ir.Node, at kind.Place) {
	for _, group := range n.Kind.OneOf {
		outer, _, inside := strings.Cut(group[0], ".")
		holder, t := n.Given, n.Kind.Attributes
		if inside {
			holder, t = n.Given.Field(outer), t.Field(outer)
		}
		if holder == nil || inside && !holder.Struct {
			continue
		}
		var names, given []string
		for _, path := range group {
			name := path[strings.LastIndexByte(path, '.')+1:]
			names = append(names, name)
			if n.Given.At(path) != nil {
				given = append(given, path)
			}
		}
		misspelt := func(f *kind.Given) bool { return t.Field(f.Key) == nil && diag.Nearest(f.Key, names) != "" }
		switch {
		case len(given) == 0 && slices.ContainsFunc(holder.Fields, misspelt): // one mistake
		case len(given) == 0:
			l.add(diag.Diagnostic{Code: "E0103", Path: at.Path, Pos: holder.KeyPos, Message: fmt.Sprintf("%s has no %s, one of which is required", at.Subject, strings.Join(group, " and no ")), Help: "add " + strings.Join(names, " or ")})
		case len(given) > 1:
			l.add(diag.Diagnostic{Code: "E0208", Path: at.Path + "." + given[1], Pos: n.AttrPos(given[1]), Message: fmt.Sprintf("%s has %s, of which it can have one", at.Subject, strings.Join(given, " and ")), Help: "leave out all but one of them"})
		}
	}
}

func (l *lowering) atMost(n *ir.Node, attrs kind.Object, at kind.Place) {
	for _, pair := range n.Kind.AtMost {
		low, ok := kind.Quantity(attrs[pair[0]])
		high, ok2 := kind.Quantity(attrs[pair[1]])
		if !ok || !ok2 || low.Cmp(high) <= 0 {
			continue
		}
		blame := pair[0]
		if n.Given.Field(blame) == nil {
			blame = pair[1]
		}
		l.add(diag.Diagnostic{Code: "E0208", Path: at.Path + "." + blame, Pos: n.AttrPos(blame), Message: fmt.Sprintf("%s has %s %v above %s %v", at.Subject, pair[0], attrs[pair[0]], pair[1], attrs[pair[1]]), Help: "raise " + pair[1] + " or lower " + pair[0]})
	}
}

// sub reads a sub-component.
func (l *lowering) sub(parent *ir.Node, k *kind.Kind, g *kind.Given) {
	n := &ir.Node{Name: g.Key, Kind: k, Parent: parent, Given: g, Pos: g.KeyPos}
	n.ID = parent.ID + "/" + n.SubKind() + "/" + g.Key
	if problem := k.Names.Check(g.Key); problem != "" {
		l.graph.Failed[n.ID], l.graph.Failed[strings.ToLower(n.ID)] = true, true // others may have its name right
		l.add(diag.Diagnostic{Code: "E0108", Path: n.Path(), Pos: g.KeyPos, Message: fmt.Sprintf("%s has a %s called %s, which %s", parent.Name, n.SubKind(), strconv.Quote(g.Key), problem), Help: k.Names.Instead(g.Key)})
		return
	}
	if !g.Struct {
		l.graph.Failed[n.ID] = true
		l.notStruct(g, n.Path(), n.ID, withoutAttributes)
		return
	}
	l.graph.Nodes = append(l.graph.Nodes, n)
	parent.Subs = append(parent.Subs, n)
	n.Attrs = l.attributes(n, []string{"links"})
	l.listings(n)
	l.links(n, g.Field("links"))
}

func (l *lowering) links(source *ir.Node, g *kind.Given) {
	if g == nil {
		return
	}
	if !g.Struct {
		l.notStruct(g, source.Path()+".links", kind.Own(source.ID)+" links", byName(g, "{}"))
		return
	}
	if other := l.componentWith(g); other != nil {
		l.add(diag.Diagnostic{
			Code: "E0104", Path: source.Path() + ".links", Pos: g.KeyPos, Message: fmt.Sprintf("%s links have the fields of %s, rather than its name", kind.Own(source.ID), other.Key),
			Help: fmt.Sprintf("without quotes a name is a reference: write links: {%q: {}}", other.Key), Related: []diag.Related{{Message: "these are the fields", Pos: other.KeyPos}},
		})
		return
	}
	elsewhere := slices.Contains(l.fields(g.Key), "links")
	for _, f := range g.Fields {
		l.concealer.named(f)
		if elsewhere {
			// what another tool has in it, as depends_on has conditions, are no attributes
			f = &kind.Given{Key: f.Key, KeyPos: f.KeyPos, Pos: f.Pos, Struct: true}
		}
		if !f.Struct {
			l.notStruct(f, source.Path()+".links["+strconv.Quote(f.Key)+"]", kind.Own(source.ID)+" link to "+strconv.Quote(f.Key), withoutAttributes)
			continue
		}
		link := ir.Link{Source: source, Target: f.Key, Given: f, Pos: f.KeyPos}
		l.credentials(link)
		l.openVariables(link)
		l.graph.Links = append(l.graph.Links, link)
	}
}
