package cluster

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// process is one program of the control plane. Its output goes to <dir>/<name>.log.
type process struct {
	name string
	cmd  *exec.Cmd
	log  *os.File
	done chan struct{}
	err  error // how it ended, once done is closed
}

func start(dir, program string, args ...string) (*process, error) {
	name := filepath.Base(program)
	log, err := os.Create(filepath.Join(dir, name+".log"))
	if err != nil {
		return nil, fmt.Errorf("open the log of %s: %w", name, err)
	}
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	cmd.Stdout, cmd.Stderr = log, log
	// a suite that is killed must not leave a control plane behind
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", name, err), log.Close())
	}
	p := &process{name: name, cmd: cmd, log: log, done: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// ended says whether the process is over, which none may be before stop.
func (p *process) ended() error {
	select {
	case <-p.done:
		return fmt.Errorf("%s ended (%w), see %s", p.name, p.err, p.log.Name())
	default:
		return nil
	}
}

func (p *process) stop() error {
	if p.ended() == nil {
		if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
			return fmt.Errorf("stop %s: %w", p.name, err)
		}
	}
	select {
	case <-p.done:
	case <-time.After(5 * time.Second):
		if err := p.cmd.Process.Kill(); err != nil {
			return fmt.Errorf("kill %s: %w", p.name, err)
		}
		<-p.done
	}
	return p.log.Close()
}
