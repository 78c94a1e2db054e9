//go:build unix

package doctor

import (
	"os/exec"
	"syscall"
)

// alone makes that a program which is killed takes with it what it started.
func alone(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
