package main

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

var update = flag.Bool("update", false, "write docs/cli-agent.md anew")

// docs/cli-agent.md is made from the program's own commands, so that it cannot
// tell of some that do not exist, or hide one that does.
func TestReferencePageIsUpToDate(t *testing.T) {
	const page = "../../../docs/cli-agent.md"
	root := command(strings.NewReader(""), io.Discard, io.Discard, func(string) string { return "" })
	fresh := reference(root)
	for _, name := range []string{"prepare-image", "service install", "collect", "report"} {
		if !bytes.Contains(fresh, []byte("## muster-agent "+name)) {
			t.Errorf("the page lacks muster-agent %s", name)
		}
	}
	if *update {
		if err := os.WriteFile(page, fresh, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if old, err := os.ReadFile(page); err != nil || !bytes.Equal(old, fresh) {
		t.Errorf("%s is out of date (%v): run `go test ./agent/cmd/muster-agent -update`", page, err)
	}
}

func reference(root *cobra.Command) []byte {
	var b bytes.Buffer
	b.WriteString(`# The command line of an agent: muster-agent

Made from the program itself by ` + "`go test ./agent/cmd/muster-agent -update`" + `; the same test fails when they differ. That of the
collector is in [cli.md](cli.md).

` + root.Long + `

**The program ends with** 0 when all went well, 1 when something failed, 2 when it was used wrongly.

| global flag | meaning |
|---|---|
`)
	flagRows(&b, root.PersistentFlags())
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		for _, sub := range c.Commands() {
			if sub.Hidden || sub.Name() == "help" || sub.Name() == "completion" {
				continue
			}
			section(&b, sub)
			walk(sub)
		}
	}
	walk(root)
	return b.Bytes()
}

func section(b *bytes.Buffer, c *cobra.Command) {
	use := c.CommandPath()
	if _, args, ok := strings.Cut(c.Use, " "); ok {
		use += " " + args
	}
	about := c.Long
	if about == "" {
		about = c.Short + "."
	}
	fmt.Fprintf(b, "\n## %s\n\n%s\n", use, strings.ReplaceAll(about, "<", `\<`))
	if c.Example != "" {
		fmt.Fprintf(b, "\n```\n%s\n```\n", strings.ReplaceAll(strings.TrimPrefix(c.Example, "  "), "\n  ", "\n"))
	}
	flags := c.LocalNonPersistentFlags()
	if flags.HasAvailableFlags() {
		b.WriteString("\n| flag | meaning |\n|---|---|\n")
		flagRows(b, flags)
	}
}

func flagRows(b *bytes.Buffer, flags *pflag.FlagSet) {
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
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
		if f.DefValue != "" && f.DefValue != "0" && f.DefValue != "0s" && f.DefValue != "false" && f.DefValue != "[]" {
			text += " (default " + f.DefValue + ")"
		}
		fmt.Fprintf(b, "| `%s` | %s |\n", name, strings.ReplaceAll(text, "|", `\|`))
	})
}
