package ir

import "fmt"

// Verify checks what holds for every plan: each decision has an origin, and both ends of an opening agree.
func (p *Plan) Verify() error {
	for n, np := range p.Of {
		if err := np.verify(n); err != nil {
			return err
		}
		for group, policy := range np.Policies {
			for _, d := range policy.Egress {
				other := p.Of[d.Value.Peer.Node].Policies[d.Value.Peer.Group]
				if other == nil || !mirrored(other.Ingress, Opening{Peer: Peer{Node: n, Group: group}, Port: d.Value.Port}) {
					return fmt.Errorf("%s may reach port %d of %s, which does not admit it", n.Name, d.Value.Port, d.Value.Peer.Node.Name)
				}
			}
		}
	}
	return nil
}

func mirrored(list []Decided[Opening], want Opening) bool {
	for _, d := range list {
		if d.Value == want {
			return true
		}
	}
	return false
}

func (np *NodePlan) verify(n *Node) error {
	for name, d := range np.Env {
		if len(d.By) == 0 {
			return fmt.Errorf("variable %s of %s has no origin", name, n.Name)
		}
	}
	for name, d := range np.Requirements {
		if len(d.By) == 0 {
			return fmt.Errorf("requirement %s of %s has no origin", name, n.Name)
		}
	}
	for name, d := range np.Modules {
		if len(d.By) == 0 {
			return fmt.Errorf("module %s of %s has no origin", name, n.Name)
		}
	}
	for name, d := range np.Files {
		if len(d.By) == 0 {
			return fmt.Errorf("file %s of %s has no origin", name, n.Name)
		}
	}
	for slot, parts := range np.Parts {
		for _, d := range parts {
			if len(d.By) == 0 {
				return fmt.Errorf("a part %s of %s has no origin", slot, n.Name)
			}
		}
	}
	return nil
}
