// Command fetch gets the definitions of the lock, so that a set-up, not a test, fails for want of them.
package main

import (
	"context"
	"fmt"
	"os"

	"platc.dev/platc/e2e/crds"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "fetch:", err)
		os.Exit(1)
	}
}

func run() error {
	places, err := crds.Find()
	if err != nil {
		return err
	}
	definitions, err := crds.Load(context.Background(), places)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(os.Stdout, "%d custom resource definitions are at hand\n", len(definitions))
	return err
}
