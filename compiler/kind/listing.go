package kind

import "platc.dev/platc/compiler/diag"

// Mark says that an attribute names files of the user's own, by paths relative to the file that says so.
type Mark struct {
	Many   bool // a list of files and folders, each of which keeps its name; else one folder, or one file
	File   bool // one file
	Python bool // the folder is a Python package
	Text   bool // the kind sees the text of the file
}

// Listing is what an attribute with a Mark names. It was looked at once: what is read later is what was listed, or an error.
type Listing struct {
	Name   string      // of the folder or the file; "" of many
	Source string      // as messages name it; "" of many
	Roots  []string    // the folder, the file, or each of many: absolute
	Files  []*UserFile // by Path
	Size   int64       // of all files, in bytes
	Names  []string    // of a Python package: what its __init__.py defines at the top level, sorted
	Pins   []string    // of a Python package: what its requirements.txt pins
	PinsAt []diag.Pos  // where each of these stands
	Hashes bool        // these have hashes, which are not among the Pins
	Text   string      // of a file whose text the kind sees
}

// UserFile is a file of the user's that is copied.
type UserFile struct {
	Path       string // below the place of the copy, slash-separated
	Source     string // as messages name it
	At, Root   string // absolute: the file, and the root of the listing that it is of
	Top        string // where the root lands below the place of the copy; "." for one folder
	Executable bool
	Read       func() ([]byte, error) // its bytes, read once; *Mistakes where the file is not as it was listed
}

// View is the listing as a kind sees it.
func (l *Listing) View() Object {
	files := make([]any, len(l.Files))
	for i, f := range l.Files {
		files[i] = Object{"path": f.Path, "source": f.Source}
	}
	return Object{"name": l.Name, "source": l.Source, "files": files, "names": texts(l.Names), "pins": texts(l.Pins), "hashes": l.Hashes, "text": l.Text}
}

// Marked calls do for every attribute with a mark that is given, or has a default, by its dotted path.
func (t *Type) Marked(data Object, do func(path string, t *Type)) {
	for _, f := range t.Fields {
		value, given := data[f.Name]
		if !given {
			continue
		}
		if f.Type.Mark != nil {
			do(f.Name, f.Type)
		}
		if inner, ok := value.(Object); ok && f.Type.IsStruct {
			f.Type.Marked(inner, func(path string, t *Type) { do(f.Name+"."+path, t) })
		}
	}
}

func texts(all []string) []any {
	list := make([]any, len(all))
	for i, text := range all {
		list[i] = text
	}
	return list
}
