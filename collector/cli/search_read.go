package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"muster/collector/api"
)

func (s *session) searchField() *cobra.Command {
	return s.command(verb{
		use:   "field NAME",
		short: "Show how a field can be searched by, and what values are in use",
		long: `Show how a field can be searched by, and what values are in use. NAME is a word of
the search language (muster schema device lists them) or a section's column, as
disk.size_bytes.`,
		example: `
			muster search field model
			muster search field disk.size_bytes`,
		run: func(ctx context.Context, args []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			x, err := c.SearchField(ctx, api.SearchFieldInput{Field: args[0]})
			if err != nil {
				return err
			}
			switch s.output {
			case "json":
				return s.json(x)
			case "csv":
				g := newGrid("name", "kind", "how", "word", "value", "second")
				for _, y := range x.Choices {
					g.add(x.Name, x.Kind, y.How, y.Word, y.Value, y.Second)
				}
				return s.csv(g)
			}
			s.block("", pair{name: "field", value: x.Name}, pair{name: "title", value: x.Title}, pair{name: "kind", value: x.Kind}, pair{name: "what it is", value: x.Doc}, pair{name: "example", value: x.Example})
			s.say("")
			g := newGrid("how", "means")
			for _, y := range x.Choices {
				g.add(x.Name+y.How, y.Word)
			}
			s.table(g, s.width(), "")
			if len(x.Values) > 0 {
				s.say("")
				what := "Values in use"
				if x.Closed {
					what = "There is no other value than"
				}
				s.say("%s: %s", what, strings.Join(x.Values, ", "))
			}
			return nil
		},
	})
}

func (s *session) searchRead() *cobra.Command {
	return s.command(verb{
		use:   "read FILTER...",
		short: "Read a filter back in words, to see that it asks for what was meant",
		long:  "Read a filter back in words, to see that it asks for what was meant.\n\n" + filterHelp,
		example: `
			muster search read 'os:windows ram<8GB -label:kiosk'`,
		run: func(ctx context.Context, args []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			x, err := c.SearchRead(ctx, api.SearchReadInput{Filter: strings.Join(args, " "), Cursor: -1})
			if err != nil {
				return err
			}
			if x.Fault != "" && s.output != "json" {
				return usage("%s", x.Fault)
			}
			g := newGrid("condition", "in_words")
			for _, p := range x.Parts {
				var words []string
				for _, w := range p.Words {
					words = append(words, w.Text)
				}
				g.add(p.Text, strings.Join(strings.Fields(strings.Join(words, " ")), " "))
			}
			return s.show(g, x, "nothing is asked for: all devices")
		},
	})
}
