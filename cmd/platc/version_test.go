package main

import (
	"runtime/debug"
	"testing"
)

func TestAVersionSaysItsCommit(t *testing.T) {
	t.Parallel()
	noted := []debug.BuildSetting{{Key: "vcs", Value: "git"}, {Key: "vcs.revision", Value: "ee3fdafa"}, {Key: "vcs.time", Value: "2026-11-29T12:37:05Z"}, {Key: "vcs.modified", Value: "false"}}
	if got := revisionOf(noted); got != (revision{"ee3fdafa", "2026-11-29T12:37:05Z"}) {
		t.Errorf("%+v", got)
	}
	noted[3].Value = "true"
	if got := revisionOf(noted); got.commit != "ee3fdafa+dirty" {
		t.Errorf("%+v", got)
	}
	if got := revisionOf(nil); got != (revision{}) {
		t.Errorf("%+v", got)
	}
}
