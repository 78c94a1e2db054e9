package kind

// Part is a building block of the library's schema: a definition that kinds use, as schema.#Labels.
type Part struct {
	Name       string // "Labels"
	Doc        string
	Parameters []Parameter // in order of the name
}

// Parameter is a definition inside a part that its user sets, as #of in schema.#Labels & {#of: self}.
type Parameter struct {
	Name     string // "#of"
	Type     string // as it is written in CUE, without the default
	Default  string // as it is written in CUE; "" without one
	Required bool
	Doc      string
}
