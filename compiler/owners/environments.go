package owners

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
)

// Predecessor is the environment of a tree that another one goes on from: itself, or, of a tree that is taken over, all of a tree without environments, or the
// only environment of one with them.
func Predecessor(old Tree, environment string) string {
	switch {
	case slices.Contains(old.Environments, environment):
		return environment
	case environment != "" && len(old.Environments) == 0:
		return ""
	case environment == "" && len(old.Environments) == 1:
		return old.Environments[0]
	}
	return environment
}

// otherwiseDivided says whether just one of the tree and the plan has environments, and reports it where nobody says which environment the tree is.
func (c *comparison) otherwiseDivided() bool {
	g := c.plan.Graph
	d := diag.Diagnostic{Code: "E0503", Path: "environments", Pos: g.EnvironmentsPos}
	switch {
	case g.Environment != "" && len(c.whole.Environments) == 0:
		d.Message = fmt.Sprintf("%s is built with environments, but the tree in %s was built without", g.Name, c.options.Tree)
		d.Help = fmt.Sprintf("run build -e NAME --adopt with the environment that the tree stands for, one of %s, which keeps its secrets and its data; or build into another directory with -o", strings.Join(g.Environments, ", "))
		if c.options.Adopt && (len(c.options.Environments) == 1 || len(g.Environments) == 1) {
			return false
		}
	case g.Environment == "" && len(c.whole.Environments) > 0:
		d.Message = fmt.Sprintf("%s is built without environments, but the tree in %s was built with %s", g.Name, c.options.Tree, strings.Join(c.whole.Environments, ", "))
		d.Help = "put environments back, or build into another directory with -o"
		if len(c.whole.Environments) == 1 {
			d.Help += fmt.Sprintf("; with --adopt the secrets and the data of %s are those of the whole tree", c.whole.Environments[0])
		}
		if c.options.Adopt && len(c.whole.Environments) == 1 {
			return false
		}
	default:
		return false
	}
	c.found.Add(d)
	return true
}

// Gone says what environments leave behind that a tree has and the architecture has no longer, where all are built.
func Gone(old Tree, p *ir.Plan, o Options) *diag.List {
	found := &diag.List{}
	g := p.Graph
	if g.Environment == "" || len(o.Environments) > 0 || len(o.Only) > 0 {
		return found
	}
	for _, name := range old.Environments {
		id := "env/" + name
		data := old.In(name).Data
		if slices.Contains(g.Environments, name) || len(data) == 0 || g.Retired[id] != "" {
			continue
		}
		d := diag.Diagnostic{
			Code: "E0504", Path: "environments", Pos: g.EnvironmentsPos, Message: fmt.Sprintf("the environment %s is gone, and leaves behind %s", name, data[0].where()),
			Help: fmt.Sprintf("put it back, or write retired: %s: %s in arch.cue", strconv.Quote(id), strconv.Quote("why its data may stay behind")),
		}
		if len(data) > 1 {
			d.Message += fmt.Sprintf(" and %d more", len(data)-1)
			for _, row := range data {
				d.Related = append(d.Related, diag.Related{Message: fmt.Sprintf("left behind by %s: %s", row.Node, row.where())})
			}
		}
		found.Add(d)
	}
	return found
}
