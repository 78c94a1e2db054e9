package bench

import "strings"

// Environments is Generate(n, 1) in environments. They share everything but their names, and what prod alone has: a domain.
func Environments(n int, names ...string) map[string]string {
	return map[string]string{
		"arch.cue":         Generate(n, 1),
		"environments.cue": "package bench\n\nenvironments: [\"" + strings.Join(names, `", "`) + "\"]\n",
		"prod.cue":         "@if(prod)\n\npackage bench\n\nconfig: domain: \"example.com\"\n",
	}
}
