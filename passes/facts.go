package passes

import (
	"errors"
	"fmt"
	"regexp"
	"slices"

	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
)

// Fact is what holds once the pass that provides it has run. Tests check it after that pass and after every later one.
type Fact struct {
	Name  pass.Fact
	Doc   string
	Check func(*pass.Context) error
}

// Facts are the facts of the table, in its order. A build with errors leaves broken nodes and edges out, so that some hold for the rest alone.
func Facts() []Fact {
	return []Fact{
		{edges, "Nodes are sorted by ID, edges by their ends; both ends are nodes, and every link that was not refused is an edge.", edgesHold},
		{described, "The ports of a component are those of its groups of pods.", describedHolds},
		{rules, "Every edge has rules and complete attributes, and an edge inside one component orders nothing.", rulesHold},
		{acyclic, "No component waits for itself.", acyclicHolds},
		{marks, "A mark of a component comes from an edge that ends at it.", marksHold},
		{hosts, "Every group of pods that a kind describes is there.", hostsHold},
		{identities, "No two credentials of a server have one user, and every user name fits every server.", identitiesHold},
		{effects, "Every rule of every edge was applied, in the order of the rules.", effectsHold},
		{unique, "No name is claimed twice.", uniqueHolds},
		{env, "A variable has a valid name and a group, and is no setting of its component.", envHolds},
		{requirements, "A requirement is a pin, once per distribution.", requirementsHold},
		{modules, "A module that is kept was asked for by an edge; one that is left out was not.", modulesHold},
		{outbound, "Parts for the source stand in slots that its manifests read.", partsHold},
		{inbound, "Parts for the target stand in slots that its manifests read.", partsHold},
		{exposure, "Every namespace has a level of pod security.", exposureHolds},
		{capacity, "Nothing is used beyond what there is of it.", capacityHolds},
		{policies, "Every group of pods has a policy, and what it opens leads to a group of another component.", policiesHold},
		{order, "A component stands behind what it waits for.", orderHolds},
		{files, "Every file with content was decided, and no two are one path.", filesHold},
		{roles, "Every Job that a script runs is an object of a file that is kept.", rolesHold},
		{treeKept, "Every deployed component has an entry in the top kustomization, and every file of the tree was decided once.", treeHolds},
		{configured, "Settings change no plan.", func(*pass.Context) error { return nil }},
		{objects, "No two components have an object of one kind, namespace and name.", objectsHold},
		{reachable, "No file is in a folder that another program trusts.", reachHolds},
		{sealed, "The plan is closed, and it verifies.", sealedHolds},
	}
}

func edgesHold(c *pass.Context) error {
	known := map[*ir.Node]bool{}
	for _, n := range c.Graph.Nodes {
		known[n] = true
	}
	for _, e := range c.Graph.Edges {
		if !known[e.Source] || !known[e.Target] {
			return fmt.Errorf("an end of %s is no node", e.Name())
		}
	}
	switch {
	case !slices.IsSortedFunc(c.Graph.Nodes, byNodeID):
		return errors.New("the nodes are not sorted")
	case !slices.IsSortedFunc(c.Graph.Edges, byEnds):
		return errors.New("the edges are not sorted")
	case len(c.Graph.Edges) != len(c.Graph.Links) && len(c.Graph.Failed) == 0 && !c.Findings.HasErrors():
		return fmt.Errorf("%d links are %d edges", len(c.Graph.Links), len(c.Graph.Edges))
	}
	return nil
}

func describedHolds(c *pass.Context) error {
	for _, n := range c.Graph.Components() {
		for name, p := range n.Description.Ports {
			if _, ok := n.Description.Pods[p.Pods]; !ok {
				return fmt.Errorf("port %s of %s is of %q, which is no group of its pods", name, n.Name, p.Pods)
			}
		}
	}
	return nil
}

func rulesHold(c *pass.Context) error {
	for _, e := range c.Graph.Edges {
		if len(e.Rules) == 0 || e.Attrs == nil || e.Startup && e.Internal() {
			return fmt.Errorf("%s has %d rules, attributes %v, startup %v", e.Name(), len(e.Rules), e.Attrs, e.Startup)
		}
	}
	return nil
}

func acyclicHolds(c *pass.Context) error {
	if n := len(c.Graph.Cycles()); n > 0 {
		return fmt.Errorf("there are %d cycles", n)
	}
	return nil
}

func marksHold(c *pass.Context) error {
	for n, p := range c.Plan.Of {
		for name, d := range p.Marks {
			for _, o := range d.By() {
				if o.Edge == nil || o.Edge.Target.Component() != n {
					return fmt.Errorf("mark %s of %s comes from elsewhere", name, n.Name)
				}
			}
		}
	}
	return nil
}

func hostsHold(c *pass.Context) error {
	for n, p := range c.Plan.Of {
		for group := range n.Description.Pods {
			if _, ok := p.Pods[group]; !ok {
				return fmt.Errorf("%s has no pods %s", n.Name, group)
			}
		}
	}
	return nil
}

func identitiesHold(c *pass.Context) error {
	type user struct {
		server *ir.Node
		name   string
	}
	fits, owner := regexp.MustCompile(`^[a-z0-9_-]{1,63}$`), map[user]string{}
	for e, d := range c.Plan.Identities {
		for _, id := range d.Value().Logins() {
			u := user{e.Target.Component(), id.User}
			if other, ok := owner[u]; ok && other != d.Value().Password.ID || !fits.MatchString(id.User) || id.Password.ID == "" {
				return fmt.Errorf("%s has the user %q with the password %q, which is also that of %q", e.Name(), id.User, id.Password.ID, other)
			}
			owner[u] = d.Value().Password.ID
		}
	}
	return nil
}

func effectsHold(c *pass.Context) error {
	for _, e := range c.Graph.Edges {
		applied := c.Plan.Applied[e]
		if len(applied) != len(e.Rules) && !c.Findings.HasErrors() {
			return fmt.Errorf("%d of the %d rules of %s were applied", len(applied), len(e.Rules), e.Name())
		}
		for i, a := range applied {
			if len(applied) == len(e.Rules) && a.Rule != e.Rules[i] {
				return fmt.Errorf("the rules of %s were applied in another order", e.Name())
			}
		}
	}
	return nil
}

func uniqueHolds(c *pass.Context) error {
	owner := map[[3]string]string{}
	for _, by := range claimants(c) {
		key := [3]string{by.claim.Code, by.claim.Within, by.claim.Key}
		if other, ok := owner[key]; ok && (other == "" || other != by.claim.Owner) {
			return fmt.Errorf("%s is claimed twice", by.claim.What)
		}
		owner[key] = by.claim.Owner
	}
	return nil
}

func envHolds(c *pass.Context) error {
	for n, p := range c.Plan.Of {
		for name := range p.Env {
			if _, setting := n.Description.Settings[name]; setting || !variableName(name) || p.EnvGroup[name] == "" {
				return fmt.Errorf("variable %q of %s, of the group %q, is a setting: %v", name, n.Name, p.EnvGroup[name], setting)
			}
		}
	}
	return nil
}

func requirementsHold(c *pass.Context) error {
	for n, p := range c.Plan.Of {
		for name, d := range p.Requirements {
			if distribution, _, version := splitPin(d.Value()); distribution != name || version == "" {
				return fmt.Errorf("requirement %s of %s is %q", name, n.Name, d.Value())
			}
		}
	}
	return nil
}

func modulesHold(c *pass.Context) error {
	for n, p := range c.Plan.Of {
		for name, d := range p.Modules {
			if len(d.By()) == 0 || d.Value() != (d.By()[0].Edge != nil) {
				return fmt.Errorf("module %s of %s is kept: %v, by %v", name, n.Name, d.Value(), d.By())
			}
		}
	}
	return nil
}

func partsHold(c *pass.Context) error {
	for n, p := range c.Plan.Of {
		for slot := range p.Parts {
			if !slices.Contains(n.Kind.Slots, slot) {
				return fmt.Errorf("%s has parts %s, which no manifest of its kind reads", n.Name, slot)
			}
		}
	}
	return nil
}

func exposureHolds(c *pass.Context) error {
	for _, n := range c.Graph.Components() {
		ns := c.Plan.Namespaces[n.Namespace()]
		if ns == nil {
			return fmt.Errorf("namespace %s of %s was not decided", n.Namespace(), n.Name)
		}
		if rank(ns.Enforce.Value()) < 0 {
			return fmt.Errorf("namespace %s has the level %q", ns.Name, ns.Enforce.Value())
		}
	}
	return nil
}

func capacityHolds(c *pass.Context) error {
	for n, p := range c.Plan.Of {
		for what, uses := range p.Uses {
			total := 0
			for _, d := range uses {
				total += d.Value()
			}
			if limit, bounded := n.Description.Capacity[what]; bounded && total > limit.Limit && !c.Findings.HasErrors() {
				return fmt.Errorf("%d %s of %s are used", total, what, n.Name)
			}
		}
	}
	return nil
}

func policiesHold(c *pass.Context) error {
	for n, p := range c.Plan.Of {
		for group := range p.Pods {
			policy := p.Policies[group]
			if policy == nil {
				return fmt.Errorf("the pods %s of %s have no policy", group, n.Name)
			}
			for _, d := range slices.Concat(policy.Ingress, policy.Egress) {
				peer := d.Value().Peer
				if _, ok := c.Of(peer.Node).Pods[peer.Group]; !ok || peer.Node == n || d.Value().Port == 0 {
					return fmt.Errorf("the pods %s of %s have an opening to %s %s, port %d", group, n.Name, peer.Node.Name, peer.Group, d.Value().Port)
				}
			}
		}
	}
	return nil
}

func orderHolds(c *pass.Context) error {
	for n, p := range c.Plan.Of {
		for _, d := range p.Waits {
			target := d.Value()
			if c.Of(target).Order.Value() >= p.Order.Value() {
				return fmt.Errorf("%s does not stand behind %s", n.Name, target.Name)
			}
		}
	}
	return nil
}

func filesHold(c *pass.Context) error {
	for n, p := range c.Plan.Of {
		seen := map[string]bool{}
		for _, row := range p.Rows {
			if !p.Files[row.Path].Value() || seen[row.Path] && !c.Findings.HasErrors() {
				return fmt.Errorf("file %s of %s stands there twice, or was not kept", row.Path, n.Name)
			}
			seen[row.Path] = true
		}
	}
	return nil
}

func rolesHold(c *pass.Context) error {
	for n, p := range c.Plan.Of {
		for _, d := range p.Jobs {
			if _, ok := p.Folders[d.Value().Role]; !ok || !p.Files[d.Value().File].Value() || d.Value().Name == "" {
				return fmt.Errorf("%s has the Job %+v", n.Name, d.Value())
			}
		}
	}
	return nil
}

func treeHolds(c *pass.Context) error {
	for n, p := range c.Plan.Of {
		_, deployed := p.Folders[kind.Deploy]
		if _, entered := c.Plan.Tree.Entries[n.Name]; deployed != entered {
			return fmt.Errorf("%s is deployed: %v, and listed: %v", n.Name, deployed, entered)
		}
	}
	seen := map[string]bool{}
	for _, row := range c.Plan.Tree.Rows {
		if !c.Plan.Tree.Files[row.Path].Value() || seen[row.Path] {
			return fmt.Errorf("file %s of the tree stands there twice, or was not kept", row.Path)
		}
		seen[row.Path] = true
	}
	return nil
}

func objectsHold(c *pass.Context) error {
	owner := map[object]*ir.Node{}
	for _, n := range c.Graph.Components() {
		for _, o := range objectsOf(c, n) {
			if other := owner[o]; other != nil && other != n && !c.Findings.HasErrors() {
				return fmt.Errorf("%s and %s have the object %v", other.Name, n.Name, o)
			}
			owner[o] = n
		}
	}
	return nil
}

func reachHolds(c *pass.Context) error {
	for _, n := range c.Graph.Components() {
		for _, row := range c.Of(n).Rows {
			if reservedFolder(row.Path) != "" && !c.Findings.HasErrors() {
				return fmt.Errorf("%s has the file %s", n.Name, row.Path)
			}
		}
	}
	return nil
}

func sealedHolds(c *pass.Context) error {
	if !c.Plan.Sealed || c.Findings.HasErrors() {
		return errors.New("the plan is not closed, or has errors")
	}
	return c.Plan.Verify()
}
