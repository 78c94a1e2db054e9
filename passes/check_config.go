package passes

import (
	"slices"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/pass"
)

func checkConfig() pass.Pass {
	return pass.Pass{
		Name: "check-config",
		Doc:  "Settings whose defaults work nowhere: registry, repository, credentials.",
		After: []string{
			"describe-nodes", // a component says of itself that its image is built
		},
		Codes:   []string{"W0110", "W0111", "W0119"},
		Run:     runCheckConfig,
		Promise: "Settings change no plan.",
		Holds:   func(*pass.Context) error { return nil },
	}
}

// runCheckConfig warns of defaults that work nowhere, where something builds an image.
func runCheckConfig(c *pass.Context) bool {
	if !slices.ContainsFunc(c.Graph.Nodes, func(n *ir.Node) bool {
		return n.Description.Image != nil && !n.Description.Image.Foreign || slices.Contains(n.Kind.Provides, "image")
	}) {
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
		c.Report(diag.Diagnostic{Code: "W0110", Path: "config.registry.host", Of: []string{"config.registry.host"}, Pos: pos, Message: "config has no registry.host: images are named registry.local/…, which does not exist", Help: "set config.registry.host to your registry"})
	}
	if !given("git", "url") {
		c.Report(diag.Diagnostic{Code: "W0111", Path: "config.git.url", Of: []string{"config.git.url"}, Pos: pos, Message: "config has no git.url: the build Jobs clone from https://git.local/…, which does not exist", Help: "set config.git.url to the repository that holds the output"})
	}
	if !given("registry", "password") {
		c.Report(diag.Diagnostic{Code: "W0119", Path: "config.registry", Of: []string{"config.registry.username", "config.registry.password"}, Pos: pos, Message: "config.registry has no credentials: secret/registry.json is empty", Help: "set config.registry.username and password, as {env: \"NAME\"}, if the registry requires them"})
	}
	return true
}
