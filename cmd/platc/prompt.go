package main

import (
	"context"
	"fmt"
	"os"

	"golang.org/x/term"
)

// askHidden reads a line from the terminal without an echo. An interrupt gives the terminal its echo back.
func (c *console) askHidden(question string) (string, error) {
	stdin := int(os.Stdin.Fd())
	before, err := term.GetState(stdin)
	if err != nil {
		return "", fmt.Errorf("ask on the terminal: %w", err)
	}
	ctx, stop := interruptible(context.Background())
	defer stop()
	answered := make(chan struct{})
	defer close(answered)
	go func() {
		select {
		case <-answered:
		case <-ctx.Done():
			_ = term.Restore(stdin, before)
			c.say("\n")
			os.Exit(exitErrors)
		}
	}()
	c.say("%s: ", question)
	text, err := term.ReadPassword(stdin)
	c.say("\n")
	if err != nil {
		return "", fmt.Errorf("read from the terminal: %w", err)
	}
	return string(text), nil
}
