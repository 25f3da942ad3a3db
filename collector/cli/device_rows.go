package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"muster/collector/api"
	"muster/internal/inventory"
)

func (s *session) deviceRows() *cobra.Command {
	var in api.SectionRowsInput
	c := s.command(verb{
		use:   "rows SECTION [FILTER...]",
		short: "List a section of many devices at once",
		long: `List a section of many devices at once, a line for each row: all disks of a site,
all batteries. muster schema lists sections and their columns.

` + filterHelp,
		example: `
			muster device rows battery --columns condition,cycle_count
			muster device rows disk site:health/hartford --columns model,size_bytes -o csv`,
		run: func(ctx context.Context, args []string) error {
			in.Section, in.Filter = strings.ToLower(args[0]), strings.Join(args[1:], " ")
			c, err := s.client()
			if err != nil {
				return err
			}
			x, err := c.SectionRows(ctx, in)
			if err != nil {
				return err
			}
			return s.showRows(&x)
		},
	})
	c.Flags().StringSliceVar(&in.Columns, "columns", nil, "`names` of the columns to show, separated by commas")
	c.Flags().IntVar(&in.Limit, "limit", 0, "show at most `n` rows (default 1000)")
	return c
}

func (s *session) showRows(x *api.SectionRows) error {
	g := newGrid("device", "site")
	if s.output == "csv" { // the API's columns
		g = newGrid("device_id", "device", "site")
	}
	section, known := inventory.Lookup(x.Section)
	for _, name := range x.Columns {
		col := column{name: name}
		if known {
			if c, ok := section.Column(name); ok {
				col.unit = unitOf(c)
			}
		}
		g.columns = append(g.columns, col)
	}
	for _, r := range x.Rows {
		line := []any{r.Device.Name, r.Device.Site}
		if s.output == "csv" {
			line = []any{r.Device.ID, r.Device.Name, r.Device.Site}
		}
		for _, name := range x.Columns {
			line = append(line, r.Values[name])
		}
		g.add(line...)
	}
	if err := s.show(g, x, "no device of these has any"); err != nil {
		return err
	}
	if x.More {
		s.note("only %d rows are shown; --limit asks for more, a filter for fewer devices", len(x.Rows))
	}
	s.hiddenNote(x.Hidden)
	return nil
}

func (s *session) deviceCount() *cobra.Command {
	var in api.DeviceFacetsInput
	c := s.command(verb{
		use:   "count [FILTER...]",
		short: "Count devices by what they are, where they are and how they do",
		long: `Count devices, all or those that a filter chooses: by the severity of their worst
open incident, presence, kind, site, system, model and memory.

` + filterHelp,
		example: `
			muster device count
			muster device count 'kind:pc site:health/hartford' --builds -o csv`,
		run: func(ctx context.Context, args []string) error {
			in.Filter = strings.Join(args, " ")
			c, err := s.client()
			if err != nil {
				return err
			}
			x, err := c.DeviceFacets(ctx, in)
			if err != nil {
				return err
			}
			g := newGrid("by", "value", "devices", "online", "-filter")
			for _, f := range x.Facets {
				for _, v := range f.Values {
					g.add(f.Name, v.Value, v.Count, v.Online, v.Filter)
				}
			}
			if err := s.show(g, x, "no device matches"); err != nil {
				return err
			}
			for _, f := range x.Facets {
				if f.More > 0 {
					s.note("%d more values of %s are not shown", f.More, f.Name)
				}
			}
			return nil
		},
	})
	c.Flags().BoolVar(&in.Builds, "builds", false, "also by the build of the system")
	return c
}
