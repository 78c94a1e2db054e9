package output

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// The disk is full at any point: a file system of a few pages.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root mounts a small file system")
	}
	big := tree{}
	for i := range 40 {
		big["orders/f"+strconv.Itoa(i)] = strings.Repeat("x", 4000) + "\n"
	}
	done := false
	for pages := 8; !done; pages += 12 {
		mount := tempDir(t)
		if err := syscall.Mount("tmpfs", mount, "tmpfs", 0, "size="+strconv.Itoa(pages*4)+"k"); err != nil {
			t.Skip("no small file system: ", err)
		}
		out := mount + "/out"
		build(t, out, tree{"orders/f1": "old\n", "README.md": "old\n"})
		before := look(t, mount, false)
		err := Write(t.Context(), plan(t, out, big, Options{}))
		if done = err == nil; !done {
			if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), mount) || strings.Contains(err.Error(), newDir+"/tree") {
				t.Errorf("%d pages: %v", pages, err)
			}
			if text := differences(look(t, mount, false), before); text != "" {
				t.Errorf("%d pages: %v\n%s", pages, err, text)
			}
		} else {
			same(t, look(t, out, false), big.expect("1.0.0"))
		}
		// a program that another test starts holds our open files until it is another program
		must(t, syscall.Unmount(mount, syscall.MNT_DETACH))
	}
}
