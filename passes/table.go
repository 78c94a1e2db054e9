package passes

import "platc.dev/platc/compiler/pass"

// Facts that passes establish; facts.go checks them in tests.
const (
	edges        pass.Fact = "edges"
	described    pass.Fact = "described"
	rules        pass.Fact = "rules"
	acyclic      pass.Fact = "acyclic"
	marks        pass.Fact = "marks"
	hosts        pass.Fact = "hosts"
	identities   pass.Fact = "identities"
	effects      pass.Fact = "effects"
	unique       pass.Fact = "unique"
	env          pass.Fact = "env"
	requirements pass.Fact = "requirements"
	modules      pass.Fact = "modules"
	outbound     pass.Fact = "outbound"
	inbound      pass.Fact = "inbound"
	exposure     pass.Fact = "exposure"
	capacity     pass.Fact = "capacity"
	policies     pass.Fact = "policies"
	order        pass.Fact = "order"
	files        pass.Fact = "files"
	roles        pass.Fact = "roles"
	treeKept     pass.Fact = "tree"
	configured   pass.Fact = "configured"
	objects      pass.Fact = "objects"
	reachable    pass.Fact = "reachable"
	sealed       pass.Fact = "sealed"
)

// Table is the passes in the order in which they run. The order is written by hand; pass.Check proves that it is sound.
func Table() []pass.Pass {
	type facts = []pass.Fact
	return []pass.Pass{
		row("resolve-links", "An edge for every link; the implied sub-component of a link to a whole component.", nil, facts{edges}, []string{"E0103", "E0108", "E0201", "E0202", "W0113"}, resolveLinks),
		row("describe-nodes", "What each node offers: host, ports, pods, derived values; what its kind finds wrong.", facts{edges}, facts{described}, []string{"E0104", "E0208", "E0303", "W0115", "W0122"}, describeNodes),
		row("check-rules", "The rules of each edge and its complete attributes; counts of links.", facts{described}, facts{rules}, []string{"E0102", "E0103", "E0104", "E0106", "E0203", "E0206"}, checkRules),
		row("check-cycles", "Components do not wait for each other at start-up.", facts{rules}, facts{acyclic}, []string{"E0204"}, checkCycles),
		row("set-marks", "What edges say of their target before any effect is applied, such as that it is in a mesh.", facts{rules}, facts{marks}, []string{"E0301"}, setMarks),
		row("assign-hosts", "Groups of pods of every component, from what its kind describes and from edges whose target acts for their source.", facts{described, rules}, facts{hosts}, nil, assignHosts),
		row("assign-identities", "One credential per edge, or per pair of components: user name, password, access.", facts{rules}, facts{identities}, nil, assignIdentities),
		row("apply-rules", "Each rule once per edge, targets first, so that exports reach the next edge.", facts{acyclic, marks, hosts, identities}, facts{effects}, []string{"E0107", "E0108", "E0203", "E0208", "W0112", "W0114", "W0118", "W0121"}, applyRules),
		row("check-conflicts", "No two claims for one name, route or ingress class.", facts{effects}, facts{unique}, []string{"E0108", "E0205", "E0207", "E0208", "E0303"}, checkConflicts),
		row("bind-env", "Names of variables: prefix, instances, primary, renames; sorted lists joined.", facts{effects}, facts{env}, []string{"E0104", "E0208", "E0301"}, bindEnv),
		row("collect-requirements", "The pins of kinds, rules and sub-components, merged.", facts{effects}, facts{requirements}, []string{"E0302"}, collectRequirements),
		row("keep-modules", "Modules that a rule asks for; a reason for each left out.", facts{effects}, facts{modules}, nil, keepModules),
		row("wire-outbound", "Parts for the source: routes of a gateway, backups, connectors, targets of a scraper.", facts{effects}, facts{outbound}, nil, wireOutbound),
		row("wire-inbound", "Parts for the target: monitors, routes, roles, workers, the mesh.", facts{outbound}, facts{inbound}, nil, wireInbound),
		row("check-exposure", "What the components of a namespace ask of it: labels, and the lowest level of pod security that one of them needs.", facts{effects}, facts{exposure}, []string{"E0205", "W0117"}, checkExposure),
		row("check-capacity", "What edges use of a component together does not exceed what it has.", facts{effects}, facts{capacity}, []string{"E0208"}, checkCapacity),
		row("network-policies", "Egress at the source, ingress at the target, just that port and those pods.", facts{hosts, effects}, facts{policies}, nil, networkPolicies),
		row("order-start", "The place of each component in the start-up order, and what it waits for.", facts{acyclic}, facts{order}, nil, orderStart),
		row("keep-files", "The condition of every file with a reason either way, and the content of those kept.", facts{env, requirements, modules, inbound, exposure, policies, order}, facts{files}, []string{"E0101", "E0205"}, keepFiles),
		row("assign-roles", "The kustomization that is deployed, the one that builds and the one that tests, and the Jobs of each.", facts{files}, facts{roles}, []string{"E0101", "E0205"}, assignRoles),
		row("keep-tree-files", "The files of the whole tree and what stands in them: what is applied, what deploy.sh waits for, prerequisites, notes.", facts{roles}, facts{treeKept}, nil, keepTreeFiles),
		row("check-config", "Settings whose defaults work nowhere: registry, repository, credentials.", nil, facts{configured}, []string{"W0110", "W0111", "W0119"}, checkConfig),
		row("check-objects", "No two components emit an object of one kind, namespace and name, and none is too large for Kubernetes.", facts{files, unique}, facts{objects}, []string{"E0205", "E0208"}, checkObjects),
		row("check-reach", "What a kind of the user's own writes and names is its own, or given to it by a link, and is used.", facts{files}, facts{reachable}, []string{"E0109", "W0125"}, checkReach),
		row("seal", "Every decision has an origin; the plan is closed.", facts{unique, capacity, objects, reachable, treeKept, configured}, facts{sealed}, nil, seal),
	}
}

func row(name, doc string, requires, provides []pass.Fact, codes []string, run func(*pass.Context) bool) pass.Pass {
	return pass.Pass{Name: name, Doc: doc, Requires: requires, Provides: provides, Codes: codes, Run: run}
}
