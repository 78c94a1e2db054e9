package passes

import (
	"slices"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/pass"
)

// checkConfig warns of defaults that work nowhere, where something builds an image.
func checkConfig(c *pass.Context) bool {
	if !slices.ContainsFunc(c.Graph.Nodes, func(n *ir.Node) bool { return slices.Contains(n.Kind.Provides, "image") }) {
		return true
	}
	config, pos := c.Graph.ConfigGiven, c.Graph.Pos
	if config != nil {
		pos = config.KeyPos
	}
	given := func(section, key string) bool {
		return config.Field(section).Field(key) != nil
	}
	if !given("registry", "host") {
		c.Report(diag.Diagnostic{Code: "W0110", Path: "config.registry.host", Pos: pos, Message: "config has no registry.host: images are named registry.local/…, which exists nowhere", Help: "set config.registry.host to your registry"})
	}
	if !given("git", "url") {
		c.Report(diag.Diagnostic{Code: "W0111", Path: "config.git.url", Pos: pos, Message: "config has no git.url: the build Jobs clone from https://git.local/…, which exists nowhere", Help: "set config.git.url to the repository that holds the output"})
	}
	if !given("registry", "password") {
		c.Report(diag.Diagnostic{Code: "W0119", Path: "config.registry", Pos: pos, Message: "config.registry has no credentials: secret/registry.json is empty", Help: "set config.registry.username and password, as {env: \"NAME\"}, if the registry wants them"})
	}
	return true
}
