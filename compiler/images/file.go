package images

import (
	"slices"

	"platc.dev/platc/compiler/diag"
)

// Name is the file, in the folder of arch.cue.
const Name = "images.json"

// File is the content of images.json: components in the order in which they are there. The zero value is a file that is not there.
type File struct{ Components []Component }

// Component is what the file says of one: what holds in every environment that has nothing of its own, which may be nothing, and what some have.
type Component struct {
	Name string
	At   diag.Pos // of the name
	Entry
	Environments []Environment
}

// Environment is what the file says of a component in one environment.
type Environment struct {
	Name string
	At   diag.Pos // of the name
	Entry
}

// Entry is a reference and its place in the file; where it was set since, there is none.
type Entry struct {
	Ref
	Pos diag.Pos
}

// Of is what holds for a component in an environment, "" where there are none: what the file says of that one, else what it says of all.
func (f File) Of(component, environment string) (Entry, bool) {
	c := f.component(component)
	if c == nil {
		return Entry{}, false
	}
	if e := c.environment(environment); e != nil {
		return e.Entry, true
	}
	return c.Entry, c.Ref != Ref{}
}

// Set changes what holds for a component in an environment; without one, in all of them. It says what was changed: of each the former reference.
func (f *File) Set(component, environment string, to Ref) []Change {
	c := f.component(component)
	if c == nil {
		c = f.insert(component)
	}
	var changes []Change
	if environment == "" {
		for _, e := range c.Environments {
			changes = changed(changes, component, e.Name, e.Ref, to)
		}
		changes = changed(changes, component, "", c.Ref, to)
		c.Entry, c.Environments = Entry{Ref: to}, nil
		return changes
	}
	now, _ := f.Of(component, environment)
	if now.Ref == to {
		return nil
	}
	e := c.environment(environment)
	if e == nil {
		e = c.insert(environment)
	}
	e.Entry = Entry{Ref: to}
	return changed(nil, component, environment, now.Ref, to)
}

// Unset takes out what the file says of a component in an environment, for which then holds what it says of all; without one, all that it says of it.
func (f *File) Unset(component, environment string) []Change {
	c := f.component(component)
	if c == nil {
		return nil
	}
	var changes []Change
	of := func(e Environment) bool { return environment == "" || e.Name == environment }
	for _, e := range c.Environments {
		if of(e) {
			to := c.Ref
			if environment == "" {
				to = Ref{}
			}
			changes = append(changes, Change{component, e.Name, e.Ref, to})
		}
	}
	c.Environments = slices.DeleteFunc(c.Environments, of)
	if environment == "" {
		changes = changed(changes, component, "", c.Ref, Ref{})
		c.Entry = Entry{}
	}
	if c.Ref == (Ref{}) && len(c.Environments) == 0 {
		f.Components = slices.DeleteFunc(f.Components, func(other Component) bool { return other.Name == component })
	}
	return changes
}

// Change is what was changed for one component in one environment, "" for all: the zero Ref is none.
type Change struct {
	Component, Environment string
	From, To               Ref
}

func changed(all []Change, component, environment string, from, to Ref) []Change {
	if from == to {
		return all
	}
	return append(all, Change{component, environment, from, to})
}

func (f *File) component(name string) *Component {
	i := slices.IndexFunc(f.Components, func(c Component) bool { return c.Name == name })
	if i < 0 {
		return nil
	}
	return &f.Components[i]
}

// insert puts a component before the first one with a greater name, so that a sorted file stays sorted and no other line moves.
func (f *File) insert(name string) *Component {
	i := slices.IndexFunc(f.Components, func(c Component) bool { return c.Name > name })
	if i < 0 {
		i = len(f.Components)
	}
	f.Components = slices.Insert(f.Components, i, Component{Name: name})
	return &f.Components[i]
}

func (c *Component) environment(name string) *Environment {
	i := slices.IndexFunc(c.Environments, func(e Environment) bool { return e.Name == name })
	if i < 0 {
		return nil
	}
	return &c.Environments[i]
}

func (c *Component) insert(name string) *Environment {
	i := slices.IndexFunc(c.Environments, func(e Environment) bool { return e.Name > name })
	if i < 0 {
		i = len(c.Environments)
	}
	c.Environments = slices.Insert(c.Environments, i, Environment{Name: name})
	return &c.Environments[i]
}

// Promote gives an environment the references that components have in another one. A component that has none there stays as it is.
func (f *File) Promote(from, to string, components []string) []Change {
	var changes []Change
	for _, name := range components {
		if e, ok := f.Of(name, from); ok {
			changes = append(changes, f.Set(name, to, e.Ref)...)
		}
	}
	return changes
}
