//go:build !unix

package local

import "io/fs"

// ours says whether a file is the user's own: the folder of temporary files is.
func ours(fs.FileInfo) bool { return true }
