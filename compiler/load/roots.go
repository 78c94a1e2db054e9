package load

// Roots are the folder that an architecture lies in, and the root of the module that it is part of; outside of one that is the folder too.
// All that a build reads of it, but for other modules and what the architecture names itself, lies in them, or in the folders above.
func (s Source) Roots() (dir, root string) {
	dir = s.dir()
	if root = ModuleRoot(dir); root == "" {
		root = dir
	}
	return dir, root
}

// Files are the files that the arguments name, but for folders and packages.
func (s Source) Files() []string {
	var all []string
	for _, arg := range s.Args {
		all = append(all, s.path(arg))
	}
	return all
}
