package local

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// container is what Compose says of one.
type container struct {
	Service    string                                    `json:"Service"`
	State      string                                    `json:"State"`
	Health     string                                    `json:"Health"`
	ExitCode   int                                       `json:"ExitCode"`
	Publishers []struct{ TargetPort, PublishedPort int } `json:"Publishers"`
}

func (c container) how() string {
	switch {
	case c.State == "exited":
		return fmt.Sprintf("ended with code %d", c.ExitCode)
	case c.Health != "":
		return "is " + c.Health
	}
	return "is " + c.State
}

func (c container) failed(s *Service) bool {
	return c.State == "exited" && (c.ExitCode != 0 || !s.Once) || c.State == "restarting" || c.Health == "unhealthy" || c.State == "dead"
}

func (c container) ready(s *Service) bool {
	if s.Once {
		return c.State == "exited"
	}
	return c.State == "running" && (c.Health == "" || c.Health == "healthy")
}

// list is how long the engine may take to list its containers.
const list = 2 * time.Minute

func (p *Project) containers(ctx context.Context) ([]container, error) {
	ctx, cancel := context.WithTimeout(ctx, list)
	defer cancel()
	var out, failed bytes.Buffer
	cmd := p.compose(ctx, "ps", "--all", "--format", "json")
	cmd.Stdout, cmd.Stderr = &out, &failed
	err := cmd.Run()
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return nil, &Trouble{fmt.Sprintf("%s does not say in time which containers run (`%s compose ps`)", p.Engine.Program, p.Engine.Program), "look whether it answers `" + p.Engine.Program + " ps`"}
	case err != nil:
		return nil, fmt.Errorf("%s compose ps: %w: %s", p.Engine.Program, err, strings.TrimSpace(failed.String()))
	}
	var all []container
	for d := json.NewDecoder(&out); ; {
		var c container
		switch err := d.Decode(&c); {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return nil, fmt.Errorf("%s compose ps: %w", p.Engine.Program, err)
		}
		all = append(all, c)
	}
}
