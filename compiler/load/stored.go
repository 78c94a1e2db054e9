package load

import (
	"fmt"
	"hash/crc32"
	"io/fs"

	"platc.dev/platc/compiler/kind"
)

// What the built-in kinds say of themselves is written out as Go, in kinds_gen.go: most builds use few of the kinds, and then need not parse the others.
// The tag leaves that file out, so that it can be made anew whatever is in it.
//
//go:generate env PLATC_UPDATE=1 go test -count=1 -tags platc_generate -run ^TestStoredKindsAreCurrent$ .

// stored is what is known of a package, and the sum of the files that it was read from.
type stored struct {
	sum         string
	definitions func() definitions   // of the schema
	declared    func() *declarations // of a kind
}

// definitions are the types of the schema that a library has.
type definitions struct{ Config, Retired, Environments *kind.Type }

// stored is what is known of the kinds without their files: of none if the schema changed since. What files say counts; to read them only takes longer.
func (l *lib) stored() map[string]stored {
	all := storedPackages()
	schema := all[l.schema.dir]
	if schema.sum != l.schema.sum() {
		return nil
	}
	d := schema.definitions()
	l.out.Config, l.out.Retired, l.out.Environments = d.Config, d.Retired, d.Environments
	return all
}

// storedIn is what is known of a kind, nil where it has to be read: a user's own, and one whose files changed since.
func (p *pkg) storedIn(all map[string]stored) *declarations {
	if known := all[p.dir]; !p.root.own() && known.declared != nil && known.sum == p.sum() {
		return known.declared()
	}
	return nil
}

// sum tells the files of a package from those that it had earlier.
func (p *pkg) sum() string {
	h := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	for _, name := range sources(p.root.fs, p.dir) {
		data, err := fs.ReadFile(p.root.fs, name)
		if err != nil {
			panic(err)
		}
		h.Write(fmt.Appendln(nil, name, len(data)))
		h.Write(data)
	}
	return fmt.Sprintf("%08x", h.Sum32())
}
