package pass

import (
	"crypto/sha256"
	"fmt"
	"slices"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/value"
)

// Pass is one row of the table.
type Pass struct {
	Name string // verb-noun: "bind-env"
	Doc  string // what it decides or checks, as a sentence
	// After names the passes whose promises this one relies on. Where one of them did not keep its promise this one is skipped.
	After []string
	// Codes are the diagnostics that it may report.
	Codes []string
	// Run decides. It says whether the promise holds; a pass that leaves a broken part out, and goes on, keeps it for the rest.
	Run func(*Context) bool
	// Promise is what holds from then on, as a sentence, and Holds finds what contradicts it. Tests ask after this pass and after each later one.
	Promise string
	Holds   func(*Context) error
}

// Context is what a pass works on. Only its methods write decisions.
type Context struct {
	Graph    *ir.Graph
	Plan     *ir.Plan
	Findings *diag.List
	// Digest is the hash of the bytes of a row of a component: what is in a file passes decide, its bytes others make. It is safe for several goroutines.
	// Nil: there are no bytes, and the tags of images are made of versions alone.
	Digest func(component string, row kind.Row) ([sha256.Size]byte, error)

	pass string
}

// Check proves that every pass has a name, a text and a promise, and that each runs after those that it relies on.
func Check(passes []Pass) error {
	before := map[string]bool{}
	for _, p := range passes {
		if p.Name == "" || p.Doc == "" || p.Run == nil || p.Promise == "" || p.Holds == nil {
			return fmt.Errorf("pass %q: name, doc, run, promise and holds are required", p.Name)
		}
		if before[p.Name] {
			return fmt.Errorf("pass %s is in the table twice", p.Name)
		}
		for _, name := range p.After {
			if !before[name] {
				return fmt.Errorf("pass %s runs after %s, which is no pass before it", p.Name, name)
			}
		}
		before[p.Name] = true
	}
	return nil
}

// Run runs the passes in order, which Check must find sound. One that relies on a pass that did not keep its promise is skipped; after calls see each pass that ran, with
// the names of all that kept theirs.
func Run(passes []Pass, c *Context, after func(p Pass, kept map[string]bool)) {
	if err := Check(passes); err != nil {
		panic(err)
	}
	kept := map[string]bool{}
	for _, p := range passes {
		if slices.ContainsFunc(p.After, func(name string) bool { return !kept[name] }) {
			continue
		}
		c.pass = p.Name
		kept[p.Name] = c.run(p)
		if after != nil {
			after(p, kept)
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

// Branch is a context with findings of its own, for what is done beside other things. It may only decide what nobody else does.
func (c *Context) Branch() *Context {
	branch := *c
	branch.Findings = c.Findings.Branch()
	return &branch
}

// Join takes in what was found in a branch.
func (c *Context) Join(branch *Context) { c.Findings.Join(branch.Findings) }

// Report adds a finding.
func (c *Context) Report(d diag.Diagnostic) { c.Findings.Add(d) }

// Of is the plan of a node's component.
func (c *Context) Of(n *ir.Node) *ir.NodePlan { return c.Plan.Of[n.Component()] }

// SetEnv decides a variable of a component or of a process; a second, different value is E0301 with both origins.
func (c *Context) SetEnv(n *ir.Node, name string, v value.Value, group string, by ...ir.Origin) {
	p := c.Plan.VariablesOf(n)
	if _, exists := p.Env[name]; !exists {
		p.EnvGroup[name] = group
	}
	if first, ok := Set(c, p.Env, name, v, value.Equal, by...); !ok {
		c.Conflict("E0301", fmt.Sprintf("%s would have two values for the variable %s", n.Component().Name, name), "rename one of them with env on its link", first.By()[0], by[0])
	}
}
