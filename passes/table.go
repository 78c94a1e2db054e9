package passes

import "platc.dev/platc/compiler/pass"

// Table is the passes in the order in which they run. The order is written by hand; pass.Check proves that it is sound, and each pass says why
// it comes after others.
func Table() []pass.Pass {
	return []pass.Pass{
		resolveLinks(),
		describeNodes(),
		findSeams(),
		findRules(),
		checkCounts(),
		checkCycles(),
		setMarks(),
		assignIdentities(),
		applyRules(),
		checkLinks(),
		assignPods(),
		checkConflicts(),
		bindEnv(),
		collectRequirements(),
		keepModules(),
		wireParts(),
		assignNamespaces(),
		sumUses(),
		checkCapacity(),
		networkPolicies(),
		orderStart(),
		tagImages(),
		keepFiles(),
		assignRoles(),
		localServices(),
		keepTreeFiles(),
		planGitOps(),
		checkConfig(),
		checkEncryption(),
		checkObjects(),
		checkReach(),
		seal(),
	}
}
