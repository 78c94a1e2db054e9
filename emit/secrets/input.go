package secrets

import "platc.dev/platc/compiler/kind"

// InputOf is a file that was decided to be secret, at a path from the root of the tree: variables or a JSON document.
func InputOf(path, component string, content kind.Content) Input {
	in := Input{Path: path, Component: component}
	switch c := content.(type) {
	case kind.Dotenv:
		in.Groups = c
	case kind.Environment:
		in.Groups = c.Groups()
	case kind.JSON:
		in.JSON = c.Data
	}
	return in
}
