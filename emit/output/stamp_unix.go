//go:build linux || darwin

package output

import "golang.org/x/sys/unix"

// stampAt is the stamp of a path below an open folder; of a link, that of the link.
func stampAt(dir int, name string) (stamp, error) {
	var s unix.Stat_t
	for {
		err := unix.Fstatat(dir, name, &s, unix.AT_SYMLINK_NOFOLLOW)
		if err != unix.EINTR {
			return stampFrom(&s), err
		}
	}
}

// stampOf is the stamp of a file by its name; links are followed.
func stampOf(name string) (stamp, error) {
	var s unix.Stat_t
	err := unix.Stat(name, &s)
	return stampFrom(&s), err
}

func stampFrom(s *unix.Stat_t) stamp {
	return stamp{mode: uint32(s.Mode), size: s.Size, changed: unix.TimespecToNsec(s.Ctim), wrote: unix.TimespecToNsec(s.Mtim), inode: s.Ino} //nolint:unconvert // it is narrower on Darwin
}
