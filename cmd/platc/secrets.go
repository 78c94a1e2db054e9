package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"platc.dev/platc/compiler"
	"platc.dev/platc/emit/output"
	"platc.dev/platc/emit/secrets"
)

// secretsOptions are the flags of all commands below secrets.
type secretsOptions struct {
	common
	out string
}

func secretsCommand(c *console) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "secrets list | set | rotate | rekey",
		Short: "List the secrets of an output, set and rotate them, encrypt them for other recipients",
		Long: `Works on the secrets in the output of an architecture: passwords of links and servers, and API keys. No value is
ever printed. A change is written on both ends, to the server and to its clients, completely or not at all.`,
		Example: "  platc secrets list\n  platc secrets rotate orders/db",
	}
	commands := []*cobra.Command{secretsListCommand(c), secretsSetCommand(c), secretsRotateCommand(c), secretsRekeyCommand(c)}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return usage{"secrets needs a command", "one of " + names(commands) + "; `platc secrets --help` says what they do"}
		}
		return unknownCommand("secrets", args[0], commands)
	}
	cmd.AddCommand(commands...)
	return cmd
}

func (o *secretsOptions) add(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().StringVarP(&o.out, "output", "o", "out", "the output directory, `DIR`")
	o.addInput(cmd.Flags())
	o.addOutput(cmd.Flags(), "text", "json")
	return cmd
}

func (o *secretsOptions) valid() error {
	if o.out == "" || o.out == "-" || strings.HasSuffix(o.out, ".tar") {
		return usage{"-o needs the directory of a build", "secrets are kept in a directory; rebuild the archive from it"}
	}
	return nil
}

// checked checks the architecture of the tree.
func (o *secretsOptions) checked(c *console, args []string) (*compiler.Build, error) {
	if err := output.Recover(o.out); err != nil {
		return nil, err
	}
	b, err := checked(o.input(c, args))
	if err != nil {
		return nil, err
	}
	if b.Findings.HasErrors() {
		return nil, c.refuse(&o.common, b.Findings.Sorted())
	}
	return b, nil
}

// read checks the architecture and lists its secrets, with what a tree has of them.
func (o *secretsOptions) read(c *console, args []string, tree string) (*compiler.Build, []compiler.Credential, error) {
	if err := o.valid(); err != nil {
		return nil, nil, err
	}
	b, err := o.checked(c, args)
	if err != nil {
		return nil, nil, err
	}
	if names := b.Graph.Environments; len(names) > 0 && len(o.choice.Names) != 1 {
		return nil, nil, usage{b.Graph.Name + " has environments, each with secrets of its own", "name one with -e: " + strings.Join(names, ", ")}
	}
	from := o.rendering(c)
	from.Out = tree
	all, err := compiler.Credentials(b, from)
	return b, all, err
}

func (o *secretsOptions) rendering(c *console) compiler.RenderOptions {
	return compiler.RenderOptions{Out: o.out, Written: output.Written(o.out), Env: c.env, Home: c.home, Random: c.random, Now: time.Now}
}

// complete completes the first argument with names of the architecture in the working directory.
func (o *secretsOptions) complete(c *console, names func(*compiler.Build, []compiler.Credential) []string) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		b := compiler.Check(o.input(c, nil))
		if len(args) > 0 || b.Findings.HasErrors() {
			return nil, cobra.ShellCompDirectiveDefault
		}
		all, err := compiler.Credentials(b, compiler.RenderOptions{Env: c.env})
		if err != nil {
			return nil, cobra.ShellCompDirectiveError
		}
		return names(b, all), cobra.ShellCompDirectiveNoFileComp
	}
}

func secretsListCommand(c *console) *cobra.Command {
	var o secretsOptions
	return o.add(&cobra.Command{
		Use:   "list [flags] [arch.cue | directory | package]",
		Short: "Names and places of secrets, how long they have been unchanged, and their links; never values",
		Long: `Lists every secret by the name that the other commands take, with its links and the places that hold it. The date
is the oldest one at which SOPS last wrote one of its files: the value has not changed since, and may be older.
A tree that was edited, or that no available key can decrypt, is listed too.`,
		Example: "  platc secrets list\n  platc secrets list -o deploy --json",
		RunE: func(_ *cobra.Command, args []string) error {
			if err := o.valid(); err != nil {
				return err
			}
			b, err := o.checked(c, args)
			if err != nil {
				return err
			}
			all, err := o.listed(c, b)
			if err != nil {
				return err
			}
			if o.format.value == "json" {
				return printJSON(c.out, map[string]any{"secrets": listJSON(all)})
			}
			return printSecrets(c.out, all, time.Now())
		},
	})
}

// listed are the secrets of all environments that were asked for, one after the other.
func (o *secretsOptions) listed(c *console, b *compiler.Build) ([]compiler.Credential, error) {
	var all []compiler.Credential
	for _, e := range b.Environments {
		if !e.Chosen {
			continue
		}
		own, err := compiler.Credentials(b.Of(e.Name), o.rendering(c))
		if err != nil {
			return nil, err
		}
		all = append(all, own...)
	}
	return all, nil
}

type secretJSON struct {
	Environment string `json:"environment,omitempty"`

	Name   string      `json:"name"`
	ID     string      `json:"id"`
	Links  []string    `json:"links"`
	Since  string      `json:"since"`    // "": no file of it is there
	Given  string      `json:"given_by"` // "": platc made it
	Keeps  string      `json:"keeps"`
	Differ bool        `json:"differ"`
	Places []placeJSON `json:"places"`
}

type placeJSON struct {
	File      string `json:"file"`
	Component string `json:"component"`
	Name      string `json:"name"`
	State     string `json:"state"`
}

func listJSON(all []compiler.Credential) []secretJSON {
	list := make([]secretJSON, 0, len(all))
	for _, s := range all {
		j := secretJSON{Environment: s.Environment, Name: s.Name, ID: s.ID, Links: append([]string{}, s.Links...), Given: s.By, Keeps: string(s.Keeps), Differ: s.Differ}
		if !s.Since.IsZero() {
			j.Since = s.Since.UTC().Format(time.RFC3339)
		}
		for _, p := range s.Places {
			j.Places = append(j.Places, placeJSON{p.Path, p.Component, p.Name, string(p.State)})
		}
		list = append(list, j)
	}
	return list
}

// printSecrets writes a line for each secret, and one for each of its places below it.
func printSecrets(w io.Writer, all []compiler.Credential, now time.Time) error {
	rows := [][]string{{"NAME", "UNCHANGED SINCE", "LINKS"}}
	locked, differ := false, false
	for _, s := range all {
		note := orDash(s.Links)
		if s.By != "" {
			note = "given by " + s.By
		}
		if s.Differ {
			note += " (differs between its places)"
			differ = true
		}
		name := s.Name
		if s.Environment != "" {
			name = s.Environment + ": " + name
		}
		rows = append(rows, []string{name, since(s.Since, now), note})
	}
	var table bytes.Buffer
	if err := printTable(&table, rows); err != nil {
		return err
	}
	var b strings.Builder
	lines := strings.SplitAfter(table.String(), "\n")
	b.WriteString(lines[0])
	for i, s := range all {
		b.WriteString(lines[i+1])
		for _, p := range s.Places {
			fmt.Fprintf(&b, "    %s: %s%s\n", p.Path, p.Name, stateNote(p.State))
			locked = locked || p.State == secrets.StateLocked
		}
	}
	if locked {
		b.WriteString("\nsome values cannot be read: no private key can decrypt their files\n")
	}
	if differ {
		b.WriteString("\nsome values differ between their places: a file was edited; see `platc build`\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func stateNote(s secrets.State) string {
	switch s {
	case secrets.StateRead:
		return ""
	case secrets.StateMissing:
		return " (missing)"
	case secrets.StateDamaged:
		return " (edited or damaged)"
	case secrets.StateLocked:
	}
	return " (" + string(s) + ")"
}

// since is "2026-11-16 (12 days)".
func since(t, now time.Time) string {
	if t.IsZero() {
		return "-"
	}
	days := max(0, int(now.Sub(t).Hours()/24))
	return fmt.Sprintf("%s (%s)", t.UTC().Format(time.DateOnly), plural(days, "day"))
}

func secretsSetCommand(c *console) *cobra.Command {
	var o secretsOptions
	return o.add(&cobra.Command{
		Use:   "set COMPONENT/NAME [flags] [arch.cue | directory | package]",
		Short: "Set a secret to the value on stdin, on both ends",
		Long: `Reads a value from stdin, or asks for it on a terminal, and sets a secret of "platc secrets list" to it on both ends.
This is a rotation to that value: what "platc secrets rotate" says about the credential in use also applies here.
A value consists only of letters, digits and the characters . _ ~ -; that of an application's own attribute secrets is any line of text.
A line break at its end is ignored.`,
		ValidArgsFunction: o.complete(c, func(b *compiler.Build, all []compiler.Credential) []string {
			return compiler.CredentialNames(all)
		}),
		Example: "  platc secrets set db/admin < password.txt\n  openssl rand -hex 24 | platc secrets set orders/api_key",
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage{"set needs the name of a secret", "`platc secrets list` prints the names"}
			}
			if len(args) > 1 && !isInput(c, args[1:]) {
				return usage{"the argument after the name is neither a file nor a directory", "the value is read from stdin, not from the command line"}
			}
			b, all, err := o.read(c, args[1:], "")
			if err != nil {
				return err
			}
			one, err := compiler.FindCredential(all, args[0])
			if err != nil {
				return unknownToUsage(err)
			}
			text, err := c.value(one)
			if err != nil {
				return err
			}
			change := compiler.SecretChange{Set: map[string]func() string{one.ID: func() string { return text }}}
			return o.change(c, b, []compiler.Credential{one}, change, "set")
		},
	})
}

// isInput says whether arguments can be an architecture: a value that was typed by mistake may reach no message.
func isInput(c *console, args []string) bool {
	for _, a := range args {
		if _, err := os.Stat(c.path(a)); err != nil && !strings.Contains(a, "/") {
			return false
		}
	}
	return true
}

// value reads a value from stdin, or asks for it twice on a terminal.
func (c *console) value(of compiler.Credential) (string, error) {
	if c.prompt == nil {
		text, err := io.ReadAll(io.LimitReader(c.in, 2*secrets.MaxText)) // more is too long in any case
		if err != nil {
			return "", fmt.Errorf("read stdin: %w", err)
		}
		return checkedValue(strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r"), of.Own)
	}
	text, err := c.prompt("value of " + of.Name)
	if err != nil {
		return "", err
	}
	again, err := c.prompt("once more")
	if err != nil {
		return "", err
	}
	if text != again {
		return "", usage{"the two values differ", "nothing changed"}
	}
	return checkedValue(text, of.Own)
}

func checkedValue(text string, own bool) (string, error) {
	if err := secrets.CheckText(text, own); err != nil {
		help := "use only letters, digits and the characters . _ ~ -"
		if own {
			help = "use a single line of text"
		}
		return "", usage{"the value " + err.Error(), help}
	}
	return text, nil
}

func secretsRotateCommand(c *console) *cobra.Command {
	var o secretsOptions
	return o.add(&cobra.Command{
		Use:   "rotate [COMPONENT[/RESOURCE]] [flags] [arch.cue | directory | package]",
		Short: "Generate new values for secrets, on both ends",
		Long: `Generates new values for all secrets, or for those of a component, on both ends. A component means its own secrets
and those of all links from and to it. RESOURCE narrows this: to the links to another component or resource, to those
to a resource of the component, or to one secret by its name. If a server can hold two credentials, the one in use
stays valid until the next rotation: deploy before you rotate again. Secrets that you provide, such as a registry password, are left out.`,
		ValidArgsFunction: o.complete(c, compiler.SelectionNames),
		Example:           "  platc secrets rotate\n  platc secrets rotate db\n  platc secrets rotate orders/db\n  platc secrets rotate db/admin",
		RunE: func(_ *cobra.Command, args []string) error {
			what := ""
			if len(args) > 0 && !isArchitecture(args[0]) {
				what, args = args[0], args[1:]
			}
			b, all, err := o.read(c, args, "")
			if err != nil {
				return err
			}
			chosen, err := compiler.SelectCredentials(b, all, what)
			if info, missing := os.Stat(c.path(what)); err != nil && what != "" && missing == nil && info.IsDir() {
				return usage{fmt.Sprintf("%s names no secret, component or resource", what), "to name a directory, write ./" + what}
			}
			if err != nil {
				return unknownToUsage(err)
			}
			change := compiler.SecretChange{Rotate: map[string]bool{}}
			for _, s := range chosen {
				change.Rotate[s.ID] = true
			}
			return o.change(c, b, chosen, change, "rotate")
		},
	})
}

// isArchitecture tells a file, a directory or a package from a component, whose name has no dot; ./NAME is always a directory.
func isArchitecture(arg string) bool {
	first, _, _ := strings.Cut(filepath.ToSlash(arg), "/")
	return first == "" || strings.Contains(first, ".") || strings.HasSuffix(arg, ".cue")
}

func secretsRekeyCommand(c *console) *cobra.Command {
	var o secretsOptions
	return o.add(&cobra.Command{
		Use:   "rekey [flags] [arch.cue | directory | package]",
		Short: "Encrypt all secrets with new data keys, for the current recipients",
		Long: `Encrypts every secret file with a new data key for the recipients that are configured now. A former recipient
cannot read what is written from now on, but knows the old values: rotate them too.`,
		Example: "  platc secrets rekey && platc secrets rotate",
		RunE: func(_ *cobra.Command, args []string) error {
			b, _, err := o.read(c, args, "")
			if err != nil {
				return err
			}
			return o.change(c, b, nil, compiler.SecretChange{Rekey: true}, "rekey")
		},
	})
}

func unknownToUsage(err error) error {
	if unknown, ok := errors.AsType[*compiler.Unknown](err); ok {
		return usage{unknown.Message, unknown.Help}
	}
	return err
}

// change writes a change of secrets, and says what it was.
func (o *secretsOptions) change(c *console, b *compiler.Build, chosen []compiler.Credential, s compiler.SecretChange, action string) error {
	planned, err := compiler.ChangeSecrets(b, o.rendering(c), s, platcVersion())
	if stale, ok := errors.AsType[*compiler.Stale](err); ok {
		help := "run `platc build` first: this command changes only secrets"
		if stale.Keys {
			help += "; if only the recipients changed, run `platc secrets rekey`"
		}
		c.say("platc: %s\n  = help: %s\n", stale.Error(), help)
		return exit(exitErrors)
	}
	if errors.Is(err, compiler.ErrFindings) {
		return c.refuse(&o.common, b.Findings.Sorted())
	}
	if err != nil {
		return err
	}
	ctx, stop := interruptible(context.Background())
	defer stop()
	if err := output.Write(ctx, planned); err != nil {
		return err
	}
	said := o.told(b, chosen, planned, action)
	switch {
	case o.format.value == "json":
		return printJSON(c.out, said)
	case o.quiet:
		return nil
	}
	_, err = io.WriteString(c.out, said.text())
	return err
}

// told is what a change of secrets says.
type told struct {
	Action     string       `json:"action"`
	Output     string       `json:"output"`
	Secrets    []toldSecret `json:"secrets"`
	Recipients []string     `json:"recipients,omitempty"`
	Files      []string     `json:"files"`
	ReadBy     []toldReader `json:"read_by"`
	Next       []string     `json:"next"`
}

type toldSecret struct {
	Name  string `json:"name"`
	Keeps string `json:"keeps"`
}

type toldReader struct {
	Component string `json:"component"`
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
}

func (o *secretsOptions) told(b *compiler.Build, chosen []compiler.Credential, planned *output.Change, action string) told {
	t := told{Action: action, Output: o.out, Secrets: []toldSecret{}, Files: []string{}, ReadBy: []toldReader{}, Next: []string{}}
	var components []string
	for _, e := range slices.Concat(planned.Added, planned.Changed, planned.Removed) {
		t.Files = append(t.Files, e.Path)
		if e.Component != "" {
			components = append(components, e.Component)
		}
	}
	slices.Sort(t.Files)
	slices.Sort(components)
	if len(t.Files) == 0 {
		return t
	}
	overlap := false
	for _, s := range chosen {
		t.Secrets = append(t.Secrets, toldSecret{s.Name, string(s.Keeps)})
		overlap = overlap || s.Keeps != secrets.OverlapNone
	}
	t.Next = append(t.Next, "commit the changes of "+o.out)
	if action == "rekey" {
		t.Next = append(t.Next, "former recipients know the values: `platc secrets rotate` generates new ones")
		return t
	}
	for _, r := range compiler.Readers(b, t.Files) {
		t.ReadBy = append(t.ReadBy, toldReader{r.Component, r.Kind, r.Namespace, r.Name})
	}
	t.Next = append(t.Next, "deploy: "+filepath.ToSlash(filepath.Join(o.out, "scripts/deploy.sh"))+" "+strings.Join(slices.Compact(components), " "))
	if overlap {
		t.Next = append(t.Next, "rotate again only after that: otherwise what is in use now ends at once")
	}
	return t
}

func (t told) text() string {
	var b strings.Builder
	switch {
	case len(t.Files) == 0:
		return t.Output + ": nothing changed, the value is the same\n"
	case t.Action == "rekey":
		fmt.Fprintf(&b, "%s: %s encrypted with new data keys\n", t.Output, plural(len(t.Files), "file"))
	case t.Action == "set":
		fmt.Fprintf(&b, "%s: %s set, %s changed\n", t.Output, t.Secrets[0].Name, plural(len(t.Files), "file"))
	default:
		fmt.Fprintf(&b, "%s: %s rotated, %s changed\n", t.Output, plural(len(t.Secrets), "secret"), plural(len(t.Files), "file"))
	}
	var lines []string
	for _, s := range t.Secrets {
		lines = append(lines, s.Name+": "+overlapText(secrets.Overlap(s.Keeps)))
	}
	section(&b, "secrets", lines)
	section(&b, "files", t.Files)
	lines = nil
	for _, r := range t.ReadBy {
		lines = append(lines, fmt.Sprintf("%s: %s %s/%s", r.Component, r.Kind, r.Namespace, r.Name))
	}
	section(&b, "read by", lines)
	section(&b, "next", t.Next)
	return b.String()
}

func overlapText(o secrets.Overlap) string {
	switch o {
	case secrets.OverlapUser:
		return "a second user takes over; the previous one stays valid until the next rotation"
	case secrets.OverlapPassword:
		return "the server accepts the previous value until the next rotation"
	case secrets.OverlapHandover:
		return "the previous value ends when a Job of the deployment has set the new one"
	case secrets.OverlapNone, secrets.OverlapFixed:
	}
	return "the previous value ends when the server gets the new one"
}
