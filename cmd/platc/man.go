package main

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

func manCommand(c *console) *cobra.Command {
	return &cobra.Command{
		Use:   "man DIR",
		Short: "Write manual pages into a directory",
		Long: `Writes a manual page of each command, in section 1, into a directory, which is made if it is not there. Releases have them in
the archive.`,
		Example: "  platc man ~/.local/share/man/man1",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage{"man needs one directory", "for example `platc man ~/.local/share/man/man1`"}
			}
			dir := c.path(args[0])
			if err := os.MkdirAll(dir, 0o755); err != nil {
				return fmt.Errorf("make the directory of manual pages: %w", err)
			}
			date, err := time.Parse(time.RFC3339, builtFrom().date)
			if err != nil {
				date = time.Unix(0, 0).UTC() // of a build from no commit: the same pages each time
			}
			root := cmd.Root()
			root.DisableAutoGenTag = true
			return doc.GenManTree(root, &doc.GenManHeader{Section: "1", Source: "platc " + platcVersion(), Manual: "platc", Date: &date}, dir)
		},
	}
}
