package main

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/explain"
	"platc.dev/platc/compiler/kind"
)

// codeDoc is a diagnostic as `explain` prints it in JSON.
type codeDoc struct {
	Code     string `json:"code"`
	Severity string `json:"severity"`
	Title    string `json:"title"`
	Cause    string `json:"cause"`
	Example  string `json:"example"`
	Fix      string `json:"fix"`
}

// wordPart is what `explain` has for the building blocks of kinds.
const wordPart = "part"

func explainCommand(c *console) *cobra.Command {
	var o common
	cmd := &cobra.Command{
		Use:   "explain CODE | KIND | KIND KIND | part [NAME] [flags]",
		Short: "A diagnostic, a kind or the rules between two kinds",
		Long: `Explains a diagnostic by its code (cause, example, fix), a kind (attributes, sub-components, links,
files), or what a link from one kind to another changes (also written 'fastapi -> postgresql'). For who writes kinds: "part" lists the building
blocks of the schema, "part NAME" explains one.`,
		Example:           "  platc explain E0201\n  platc explain postgresql\n  platc explain fastapi postgresql/database\n  platc explain part Labels",
		ValidArgsFunction: completeTopics(c),
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) > 0 && args[0] == wordPart && len(args) <= 2 {
				return explainPart(c, &o, args[1:])
			}
			if len(args) == 2 && !looksLikeCode(args[0]) {
				args = []string{args[0] + "->" + args[1]}
			}
			if len(args) != 1 {
				return usage{"explain needs a code, a kind, or two kinds", "for example `platc explain E0201` or `platc explain fastapi postgresql`"}
			}
			topic := args[0]
			if looksLikeCode(topic) {
				return explainCode(c, &o, topic)
			}
			l, err := c.library(&o)
			if err != nil {
				return err
			}
			if from, to, ok := strings.Cut(topic, "->"); ok {
				return explainLink(c, &o, l, strings.TrimSpace(from), strings.TrimSpace(to))
			}
			return explainKind(c, &o, l, topic)
		},
	}
	o.addOutput(cmd.Flags(), "text", "json")
	return cmd
}

func looksLikeCode(s string) bool { return regexp.MustCompile(`^[A-Za-z]\d+$`).MatchString(s) }

func explainCode(c *console, o *common, id string) error {
	code, ok := diag.Lookup(id)
	if !ok {
		var known []string
		for _, d := range diag.Codes() {
			known = append(known, d.ID)
		}
		help := fmt.Sprintf("codes go from %s to %s", known[0], known[len(known)-1])
		if near := diag.Nearest(strings.ToUpper(id), known); near != "" {
			help = fmt.Sprintf("did you mean %s?", near)
		}
		return usage{fmt.Sprintf("there is no diagnostic %q", id), help}
	}
	doc := codeDoc{code.ID, code.Severity().String(), code.Title, code.Cause, strings.TrimSpace(code.Example), code.Fix}
	if o.format.value == "json" {
		return printJSON(c.out, doc)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s): %s\n\n%s\n", doc.Code, doc.Severity, doc.Title, doc.Cause)
	section(&b, "Example", strings.Split(strings.ReplaceAll(doc.Example, "\t", "    "), "\n"))
	fmt.Fprintf(&b, "\nFix\n  %s\n", doc.Fix)
	_, err := fmt.Fprint(c.out, b.String())
	return err
}

// findKind is the kind of a name: whole ("postgresql/database"), or the short name of a sub-kind that only one kind has.
func findKind(l *kind.Library, name string) (*kind.Kind, error) {
	if k := l.Kinds[name]; k != nil {
		return k, nil
	}
	var found, known []string
	for _, full := range slices.Sorted(maps.Keys(l.Kinds)) {
		_, short, isSub := strings.Cut(full, "/")
		known = append(known, full)
		if isSub {
			known = append(known, short)
		}
		if isSub && short == name {
			found = append(found, full)
		}
	}
	switch {
	case len(found) == 1:
		return l.Kinds[found[0]], nil
	case len(found) > 1:
		return nil, usage{fmt.Sprintf("%q is a sub-component of several kinds", name), "one of " + strings.Join(found, ", ")}
	}
	if strings.HasPrefix(name, "@") {
		return nil, usage{fmt.Sprintf("%q is a capability that kinds have, and no kind", name), "`platc links` lists the rules with it; one is explained by its name, such as `platc explain '@application -> redis'`"}
	}
	near := diag.Meant(name, known, func(word string) []string { return l.Words("kinds", word) })
	return nil, usage{fmt.Sprintf("there is no kind %q", name), cmp.Or(diag.DidYouMean(near), "`platc kinds` lists them")}
}

func explainKind(c *console, o *common, l *kind.Library, name string) error {
	k, err := findKind(l, name)
	if err != nil {
		return err
	}
	doc := explain.DescribeKind(l, k)
	if o.format.value == "json" {
		return printJSON(c.out, doc)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n", doc.Name, oneLine(doc.Doc))
	if doc.Names != "" {
		fmt.Fprintf(&b, "Its name is %s.\n", strings.TrimSuffix(doc.Names, "."))
	}
	kindAttributes(&b, "Attributes", doc.Attributes)
	for _, sub := range doc.SubComponents {
		_, short, _ := strings.Cut(sub.Name, "/")
		kindAttributes(&b, fmt.Sprintf("Sub-component %s: %s", short, oneLine(sub.Doc)), sub.Attributes)
		if sub.Names != "" {
			fmt.Fprintf(&b, "  (its name is %s)\n", sub.Names)
		}
	}
	section(&b, "It can link to", rules(l, doc.Outbound))
	section(&b, "It can be linked from", rules(l, doc.Inbound))
	var files []string
	for _, f := range doc.Files {
		files = append(files, fmt.Sprintf("%s (%s)", f.Path, f.When))
	}
	section(&b, "Files", files)
	_, err = fmt.Fprint(c.out, b.String())
	return err
}

func kindAttributes(b *strings.Builder, heading string, all []explain.AttributeDoc) {
	fmt.Fprintf(b, "\n%s\n", heading)
	attributes(b, all, "  ")
	if len(all) == 0 {
		b.WriteString("  none\n")
	}
}

func rules(l *kind.Library, names []string) []string {
	var all []string
	for _, name := range names {
		all = append(all, name+": "+oneLine(l.Rules[name].Doc))
	}
	return all
}

// explainLink explains a rule of a capability by its name, and otherwise what a link between two kinds changes.
func explainLink(c *console, o *common, l *kind.Library, from, to string) error {
	if r := l.Rules[from+" -> "+to]; r != nil && strings.Contains(r.Name(), "@") {
		return printRules(c, o, l, []*kind.Rule{r})
	}
	source, err := findKind(l, from)
	if err != nil {
		return err
	}
	target, err := findKind(l, to)
	if err != nil {
		return err
	}
	found := l.RulesBetween(source, target)
	if len(found) == 0 {
		help := fmt.Sprintf("%s links to nothing", source.Name)
		if ends := explain.DescribeKind(l, source).Outbound; len(ends) > 0 {
			help = "its rules are " + strings.Join(ends, ", ")
		}
		if len(l.RulesBetween(target, source)) > 0 {
			help = fmt.Sprintf("a link leads from %s to %s: `platc explain %s %s`", target.Name, source.Name, target.Name, source.Name)
		}
		return usage{fmt.Sprintf("there is no rule for a link from %s to %s", source.Name, target.Name), help}
	}
	return printRules(c, o, l, found)
}

func printRules(c *console, o *common, l *kind.Library, found []*kind.Rule) error {
	var docs []explain.LinkDoc
	for _, r := range found {
		d := explain.DescribeRule(r)
		d.Serves = explain.Serves(l, r)
		docs = append(docs, d)
	}
	if o.format.value == "json" {
		return printJSON(c.out, map[string]any{"rules": docs})
	}
	var b strings.Builder
	for i, d := range docs {
		if i > 0 {
			b.WriteByte('\n')
		}
		ruleText(&b, d)
	}
	_, err := fmt.Fprint(c.out, b.String())
	return err
}

func ruleText(b *strings.Builder, d explain.LinkDoc) {
	fmt.Fprintf(b, "%s: %s\n", d.Rule, oneLine(d.Doc))
	if d.Startup {
		b.WriteString("The source starts after the target, unless the link sets startup: false.\n")
	}
	if len(d.Attributes) > 0 {
		b.WriteString("\nAttributes of the link\n")
		attributes(b, d.Attributes, "  ")
	}
	var both []string
	if len(d.Ports) > 0 {
		word := "port "
		if len(d.Ports) > 1 {
			word = "ports "
		}
		both = append(both, "network policies open the target's "+word+strings.Join(d.Ports, ", "))
	}
	if d.Identity != "" {
		both = append(both, "a credential, "+d.Identity)
	}
	if d.Rotation != "" {
		both = append(both, "when the credential is rotated, "+d.Rotation)
	}
	section(b, "Both sides", both)
	section(b, "Outbound: the source gets", slices.Concat(labelled("variables", d.Variables), sideLines(d.Outbound)))
	section(b, "Inbound: the target gets", sideLines(d.Inbound))
}

func sideLines(s explain.SideDoc) []string {
	return slices.Concat(labelled("requirements", s.Requirements), labelled("modules", s.Modules), labelled("parts", s.Parts))
}

func labelled(label string, all []string) []string {
	if len(all) == 0 {
		return nil
	}
	return []string{label + ": " + strings.Join(all, ", ")}
}
