package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

	"muster/collector/api"
	"muster/internal/settings"
)

// What the program ends with.
const (
	ExitOK       = 0
	ExitFailure  = 1
	ExitUsage    = 2 // wrong flags, arguments, filters, SQL
	ExitNotFound = 3
	ExitRight    = 4 // not signed in, or no right
)

// usageError is a wrong use of the command line.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usage(format string, args ...any) error {
	return usageError{fmt.Errorf(format, args...)}
}

// ended is a number to end with, about which everything has been said.
type ended int

func (e ended) Error() string { return fmt.Sprintf("ended with %d", int(e)) }

// Main runs a command tree made by New and answers what the program ends with.
// An error is one line that begins with what was attempted.
func Main(ctx context.Context, root *cobra.Command, args []string) int {
	root.SetArgs(args)
	c, err := root.ExecuteContextC(ctx)
	if err == nil {
		return ExitOK
	}
	if code, ok := err.(ended); ok {
		return int(code)
	}
	w := root.ErrOrStderr()
	var problems settings.Problems
	if errors.As(err, &problems) {
		// These read like a compiler's: file, line, what was expected.
		for _, p := range problems {
			fmt.Fprintln(w, clean(p.Error()))
		}
		return exitCode(err)
	}
	said := sentence(c, err)
	if ctx.Err() != nil && c.Name() != "serve" {
		said = "stopped before it was done"
	}
	line := clean(attempted(c) + ": " + said)
	if exitCode(err) == ExitUsage && !fromCollector(err) {
		line += " (" + c.CommandPath() + " --help tells more)"
	}
	fmt.Fprintln(w, line)
	return exitCode(err)
}

// attempted is the command with its arguments, without what may be long.
func attempted(c *cobra.Command) string {
	path := c.CommandPath()
	if rest, ok := strings.CutPrefix(path, "muster "); ok {
		path = rest
	}
	if c.Name() == "sql" || c.HasSubCommands() {
		return path
	}
	for i, a := range c.Flags().Args() {
		if c.Annotations[secretNear] != "" && i >= len(strings.Fields(c.Use))-1 {
			return path
		}
		if i == 3 {
			return path + " …"
		}
		path += " " + quoteWord(a)
	}
	return path
}

func fromCollector(err error) bool {
	var p *api.Problem
	return errors.As(err, &p)
}

// sentence is an error of a command for people.
func sentence(c *cobra.Command, err error) string {
	var p *api.Problem
	switch {
	case errors.As(err, &p):
		return problemLine(inWords(c, p))
	case errors.Is(err, context.DeadlineExceeded):
		return "the collector did not answer in time: ask for less, or look at muster status"
	}
	// Errors that were joined have a line each.
	lines := strings.Split(strings.TrimSpace(err.Error()), "\n")
	return strings.Join(strings.Fields(strings.Join(lines, "; ")), " ")
}

func problemLine(p *api.Problem) string {
	text := p.Error()
	for i, c := range p.Candidates {
		switch {
		case i == 0:
			text += ": "
		case i == 10:
			return fmt.Sprintf("%s and %d more", text, len(p.Candidates)-i)
		default:
			text += "; "
		}
		text += string(c.ID)
		for _, part := range []string{c.Name, c.Site, c.Serial} {
			if part != "" {
				text += " " + part
			}
		}
	}
	if p.RetryAfter > 0 && !strings.Contains(text, "second") {
		text += fmt.Sprintf(" (try again in %d seconds)", p.RetryAfter)
	}
	if p.Kind() == "internal" && p.Instance != "" {
		text += " under " + p.Instance
	}
	return text
}

// exitCode is the number of an error.
func exitCode(err error) int {
	var wrong usageError
	if errors.As(err, &wrong) {
		return ExitUsage
	}
	var p *api.Problem
	if !errors.As(err, &p) {
		return ExitFailure
	}
	switch p.Kind() {
	case "not_found":
		return ExitNotFound
	case "forbidden", "signed_out":
		return ExitRight
	case "invalid", "bad_filter", "bad_sql", "too_much", "malformed":
		return ExitUsage
	}
	return ExitFailure
}

// fileError says what could not be done with a file, without the name of the
// system call.
func fileError(act, name string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s %s: there is no such file", act, name)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%s %s: this account may not", act, name)
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%s %s: it is there already; name another, or remove it", act, name)
	}
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	return fmt.Errorf("%s %s: %w", act, name, err)
}
