package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"muster/collector/doctor"
	"muster/collector/migrate"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// tree is the command tree as main makes it.
func tree(out io.Writer) *cobra.Command {
	return New(Streams{Out: out, Err: out, Now: noon, Env: func(string) string { return "" }},
		Serve(func(context.Context, Start) error { return nil }),
		SQLWorker(func(io.Reader, io.Writer) int { return 0 }),
		Restore(Streams{}, func(RestoreOrder) (Restored, error) { return Restored{}, nil }),
		Doctor(Streams{}, func(context.Context, doctor.Order) []doctor.Check { return nil }),
		Migrate(Streams{}, func(context.Context, MigrateOrder) (migrate.Outcome, error) { return migrate.Outcome{}, nil }))
}

func walk(c *cobra.Command, visit func(*cobra.Command)) {
	visit(c)
	for _, sub := range c.Commands() {
		walk(sub, visit)
	}
}

func TestEveryCommandHelps(t *testing.T) {
	walk(tree(io.Discard), func(c *cobra.Command) {
		path := c.CommandPath()
		switch {
		case c.Hidden:
			return
		case c.Short == "":
			t.Errorf("%s says nothing of itself", path)
		case c.Example == "":
			t.Errorf("%s has no example", path)
		case !strings.Contains(c.Example, path):
			t.Errorf("the example of %s does not use it:\n%s", path, c.Example)
		}
		if strings.HasSuffix(c.Short, ".") {
			t.Errorf("%s: the short text ends with a full stop", path)
		}
		for line := range strings.SplitSeq(c.Long, "\n") {
			if len(line) > 82 {
				t.Errorf("%s: %q is too long for a terminal", path, line)
			}
		}
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if f.Usage == "" {
				t.Errorf("%s --%s has no text", path, f.Name)
			}
		})
	})
}

// Secrets must not be taken from the command line, where every process sees
// them.
func TestNoFlagTakesASecret(t *testing.T) {
	walk(tree(io.Discard), func(c *cobra.Command) {
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if f.Name == "token" || f.Name == "password" || f.Name == "secret" || f.Name == "enroll" {
				t.Errorf("%s --%s takes a secret", c.CommandPath(), f.Name)
			}
		})
	})
}

// docs/cli.md is made from the tree, so that it cannot tell of commands that
// do not exist, or hide one that does.
func TestReferencePageIsUpToDate(t *testing.T) {
	const page = "../../docs/cli.md"
	fresh := reference(tree(io.Discard))
	old, err := os.ReadFile(page)
	if err != nil && !*update {
		t.Fatal(err)
	}
	if bytes.Equal(old, fresh) {
		return
	}
	if !*update {
		t.Fatalf("%s is out of date: run `go test ./collector/cli -update`", page)
	}
	if err := os.WriteFile(page, fresh, 0o644); err != nil {
		t.Fatal(err)
	}
}

func reference(root *cobra.Command) []byte {
	var b bytes.Buffer
	b.WriteString(`# The command line: muster

Made from the program itself by ` + "`go test ./collector/cli -update`" + `; the same test fails when they differ. That of agents is
in [cli-agent.md](cli-agent.md).

` + root.Long + `

**Output.** ` + "`-o table`" + ` is for people: sizes as 8.0 GiB, times in this machine's zone or as 3 min ago, nothing cut unless
the terminal is too narrow: then long texts end in … first, and columns are left out last; both are told.
` + "`-o csv`" + ` and ` + "`-o json`" + ` are for programs: exact values, times in UTC as RFC 3339. JSON is the API's answer. What devices say is shown without control characters; in JSON these are escaped, in
CSV a text that a spreadsheet would calculate begins with an apostrophe. Hints go to the error output, never into the
answer.

**Times** are written as ` + "`2026-11-20`, `\"2026-11-20 14:00\"`, `2026-11-20T14:00:00Z`, `\"2h ago\"`, `-2h`, `7d`, `today`, `yesterday`" + `;
without a zone in that of this machine, or in UTC with ` + "`--utc`" + `. A day is its start, and its end where it ends a range.
What lies ahead (snooze, maintenance, expiry) is also ` + "`4h`, `3d`" + ` from now, ` + "`tomorrow` or `monday`" + `, which are 8:00 of that day.

**The program ends with** 0 when all went well, 1 when something failed, 2 when it was used wrongly (also a filter or a
statement that cannot be read), 3 when a thing was not found, 4 when the right was lacking. An error is one line that
begins with what was attempted.

| global flag | meaning |
|---|---|
`)
	flagRows(&b, root.PersistentFlags())
	walk(root, func(c *cobra.Command) {
		if c == root || c.Hidden {
			return
		}
		if c.HasSubCommands() {
			fmt.Fprintf(&b, "\n## %s\n\n%s.\n", c.CommandPath(), c.Short)
			return
		}
		level := "###"
		if !c.Parent().HasParent() {
			level = "##"
		}
		use := c.CommandPath()
		if _, args, ok := strings.Cut(c.Use, " "); ok {
			use += " " + args
		}
		about := c.Long
		if about == "" {
			about = c.Short + "."
		}
		fmt.Fprintf(&b, "\n%s %s\n\n", level, use)
		// Indented lines would become code, and a bracket a link.
		fmt.Fprintf(&b, "%s\n\n```\n%s\n```\n", strings.ReplaceAll(about, "<", `\<`), strings.ReplaceAll(strings.TrimPrefix(c.Example, "  "), "\n  ", "\n"))
		if c.HasLocalFlags() {
			b.WriteString("\n| flag | meaning |\n|---|---|\n")
			flagRows(&b, c.LocalNonPersistentFlags())
		}
	})
	return b.Bytes()
}

func flagRows(b *bytes.Buffer, flags *pflag.FlagSet) {
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Name == "help" {
			return
		}
		word, text := pflag.UnquoteUsage(f)
		name := "--" + f.Name
		if f.Shorthand != "" {
			name = "-" + f.Shorthand + ", " + name
		}
		if word != "" {
			name += " " + word
		}
		if f.DefValue != "" && f.DefValue != "0" && f.DefValue != "false" && f.DefValue != "[]" {
			text += " (default " + f.DefValue + ")"
		}
		fmt.Fprintf(b, "| `%s` | %s |\n", name, strings.ReplaceAll(text, "|", `\|`))
	})
}
