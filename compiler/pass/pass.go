package pass

import (
	"fmt"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/value"
)

// Fact is something that holds once a pass has run; later passes rely on it.
type Fact string

// Pass is one row of the table. Run says whether its facts hold: passes that require them are skipped otherwise.
type Pass struct {
	Name, Doc          string
	Requires, Provides []Fact
	Codes              []string // diagnostics that it may report
	Run                func(*Context) bool
}

// Context is what a pass works on. Only its methods write decisions.
type Context struct {
	Graph    *ir.Graph
	Plan     *ir.Plan
	Findings *diag.List

	pass string
}

// Check proves that every pass has a name and a text, that each fact has one provider, and that the provider stands ahead of whoever requires it.
func Check(passes []Pass) error {
	provided := map[Fact]string{}
	names := map[string]bool{}
	for _, p := range passes {
		if p.Name == "" || p.Doc == "" || p.Run == nil {
			return fmt.Errorf("pass %q: name, doc and run are required", p.Name)
		}
		if names[p.Name] {
			return fmt.Errorf("pass %s stands twice in the table", p.Name)
		}
		names[p.Name] = true
		for _, f := range p.Requires {
			if provided[f] == "" {
				return fmt.Errorf("pass %s requires %s, which no pass before it provides", p.Name, f)
			}
		}
		for _, f := range p.Provides {
			if by := provided[f]; by != "" {
				return fmt.Errorf("%s is provided by %s and by %s", f, by, p.Name)
			}
			provided[f] = p.Name
		}
	}
	return nil
}

// Run runs the passes in order. A pass whose facts are missing is skipped; after calls see each pass that ran, with the facts that hold.
func Run(passes []Pass, c *Context, after func(p Pass, holds map[Fact]bool)) {
	holds := map[Fact]bool{}
	for _, p := range passes {
		if !ready(p, holds) {
			continue
		}
		c.pass = p.Name
		if c.run(p) {
			for _, f := range p.Provides {
				holds[f] = true
			}
		}
		if after != nil {
			after(p, holds)
		}
	}
}

// Panic is a broken invariant inside a pass.
type Panic struct {
	Pass  string
	Cause any
}

func (p Panic) Error() string { return fmt.Sprintf("internal error in pass %s: %v", p.Pass, p.Cause) }

func (c *Context) run(p Pass) bool {
	defer func() {
		if r := recover(); r != nil {
			panic(Panic{Pass: p.Name, Cause: r})
		}
	}()
	return p.Run(c)
}

func ready(p Pass, holds map[Fact]bool) bool {
	for _, f := range p.Requires {
		if !holds[f] {
			return false
		}
	}
	return true
}

// Report adds a finding.
func (c *Context) Report(d diag.Diagnostic) { c.Findings.Add(d) }

// Of is the plan of a node's component.
func (c *Context) Of(n *ir.Node) *ir.NodePlan { return c.Plan.Of[n.Component()] }

// SetEnv decides a variable; a second, different value is E0301 with both origins.
func (c *Context) SetEnv(n *ir.Node, name string, v value.Value, group string, by ...ir.Origin) {
	p := c.Of(n)
	if _, exists := p.Env[name]; !exists {
		p.EnvGroup[name] = group
	}
	if first, ok := Set(c, p.Env, name, v, value.Equal, by...); !ok {
		c.Conflict("E0301", fmt.Sprintf("%s would have two values for the variable %s", n.Component().Name, name), "rename one of them with env on its link", first.By()[0], by[0])
	}
}
