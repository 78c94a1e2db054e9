package passes

import (
	"fmt"
	"path"
	"strings"

	"platc.dev/platc/compiler/diag"
	"platc.dev/platc/compiler/ir"
	"platc.dev/platc/compiler/kind"
	"platc.dev/platc/compiler/pass"
)

// keepFolder decides the files of a row that copies the user's own: one row for each.
func keepFolder(c *pass.Context, n *ir.Node, row kind.Row, content kind.Folder) {
	p := c.Of(n)
	if n.Listings[content.Of] == nil {
		pass.Set(c, p.Files, row.Path, false, equalBools, c.OfAttribute(n, content.Of, "the attribute "+content.Of+" is not set"))
		return
	}
	for _, file := range folderFiles(n, row, content) {
		source := file.Content.(kind.Folder).File.Source
		pass.Set(c, p.Files, file.Path, true, equalBools, c.OfAttribute(n, content.Of, fmt.Sprintf("a copy of %s, which %s names", source, content.Of)))
		p.Rows = append(p.Rows, file)
	}
}

// folderFiles are the copies of the user's own files that a row stands for.
func folderFiles(n *ir.Node, row kind.Row, content kind.Folder) []kind.Row {
	listing := n.Listings[content.Of]
	if listing == nil {
		return nil
	}
	place := path.Clean(strings.ReplaceAll(row.Path, "{name}", listing.Name))
	var all []kind.Row
	for _, file := range listing.Files {
		copied := row
		copied.Path, copied.Trace = path.Join(place, file.Path), nil
		if file.Executable {
			copied.Mode = "0755"
		}
		copied.Content = kind.Folder{Of: content.Of, File: file, Root: path.Join(place, file.Top)}
		all = append(all, copied)
	}
	return all
}

// apart refuses copies of the user's own files that do not fit beside the other files of a component: a file where a folder is, or names that differ
// only in case. Two files of one path are found by once.
func apart(c *pass.Context, n *ir.Node, rows []kind.Row) {
	if len(n.Listings) == 0 {
		return
	}
	type entry struct {
		name   string
		folder bool
		row    kind.Row
	}
	entries := map[string]entry{} // by path in lower case
	for _, row := range rows {
		for name := row.Path; name != "."; name = path.Dir(name) {
			here := entry{name, name != row.Path, row}
			old, taken := entries[strings.ToLower(name)]
			if !taken {
				entries[strings.ToLower(name)] = here
				continue
			}
			own, ok := copied(row, old.row)
			if ok && (old.name != here.name || old.folder != here.folder) {
				c.Report(diag.Diagnostic{
					Code: "E0205", Path: attrPath(n.Path(), own.Of), Pos: n.AttrPos(own.Of), Help: "rename " + own.File.Source,
					Message: fmt.Sprintf("%s would have %s and %s, which cannot be beside each other", n.Name, old.row.Path, row.Path),
				})
			}
			break
		}
	}
}

// copied is the first of two rows that copies a file of the user's own.
func copied(rows ...kind.Row) (kind.Folder, bool) {
	for _, row := range rows {
		if f, ok := row.Content.(kind.Folder); ok {
			return f, true
		}
	}
	return kind.Folder{}, false
}
