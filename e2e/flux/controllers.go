package flux

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// controller is a program of Flux that runs. Its output goes to <dir>/<name>.log.
type controller struct {
	name string
	cmd  *exec.Cmd
	done chan struct{}
}

// startControllers runs source-controller and kustomize-controller of a folder against the cluster of a kubeconfig.
func startControllers(dir, programs, kubeconfig string) ([]*controller, error) {
	ports, err := loopback(5)
	if err != nil {
		return nil, err
	}
	artifacts := filepath.Join(dir, "artifacts")
	if err := os.MkdirAll(artifacts, 0o755); err != nil {
		return nil, err
	}
	var all []*controller
	for name, args := range map[string][]string{
		"source-controller": {
			"--storage-path=" + artifacts, "--storage-addr=" + ports[0], "--storage-adv-addr=" + ports[0], "--metrics-addr=" + ports[1], "--health-addr=" + ports[2],
		},
		"kustomize-controller": {"--requeue-dependency=1s", "--metrics-addr=" + ports[3], "--health-addr=" + ports[4]},
	} {
		c, err := startController(dir, filepath.Join(programs, name), kubeconfig, args)
		if err != nil {
			return all, err
		}
		all = append(all, c)
	}
	return all, nil
}

func startController(dir, program, kubeconfig string, args []string) (*controller, error) {
	name := filepath.Base(program)
	log, err := os.Create(filepath.Join(dir, name+".log"))
	if err != nil {
		return nil, fmt.Errorf("open the log of %s: %w", name, err)
	}
	defer func() { _ = log.Close() }() // the program has it
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "KUBECONFIG="+kubeconfig, "RUNTIME_NAMESPACE="+namespace, "TMPDIR="+dir)
	cmd.Stdout, cmd.Stderr = log, log
	// a suite that is killed must not leave a controller behind
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	c := &controller{name: name, cmd: cmd, done: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // who asks whether it runs looks at done
		close(c.done)
	}()
	return c, nil
}

// ended is an error when the controller is over, which it may not be before stop.
func (c *controller) ended() error {
	select {
	case <-c.done:
		return fmt.Errorf("%s ended: %s", c.name, c.cmd.ProcessState)
	default:
		return nil
	}
}

func (c *controller) stop() error {
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop %s: %w", c.name, err)
	}
	select {
	case <-c.done:
		return nil
	case <-time.After(10 * time.Second):
		return c.cmd.Process.Kill()
	}
}

// loopback are addresses of loopback that nobody uses now.
func loopback(n int) ([]string, error) {
	var all []string
	for range n {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, fmt.Errorf("find a free port: %w", err)
		}
		defer func() { _ = listener.Close() }()
		all = append(all, listener.Addr().String())
	}
	return all, nil
}
