package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"muster/collector/api"
)

func (s *session) softwareShow() *cobra.Command {
	var in api.SoftwareShowInput
	c := s.command(verb{
		use:   "show NAME",
		short: "Show a program: its versions, and how it spread",
		long: `Show a program by its whole name: on how many devices each version is, since when,
and how many devices had it over time. muster software list finds names, muster
software who the devices.`,
		example: `
			muster software show 'Adobe Reader'
			muster software show 'Adobe Reader' --days 365 -o csv`,
		run: func(ctx context.Context, args []string) error {
			in.Name = args[0]
			c, err := s.client()
			if err != nil {
				return err
			}
			x, err := c.SoftwareShow(ctx, in)
			if err != nil {
				return err
			}
			return s.showSoftware(&x)
		},
	})
	c.Flags().IntVar(&in.Days, "days", 0, "how many `days` back the spread goes (default 90, or since it was first seen)")
	return c
}

func (s *session) showSoftware(x *api.SoftwareShow) error {
	switch s.output {
	case "json":
		return s.json(x)
	case "csv": // the spread, a line for each version and time
		g := newGrid("name", "version", "at", "devices")
		for _, v := range x.Versions {
			for i, at := range x.Days {
				g.add(x.Name, v.Version, at, v.Spread[i])
			}
		}
		return s.csv(g)
	}
	s.block("", pair{name: "program", value: x.Name}, pair{name: "publisher", value: x.Publisher}, pair{name: "devices", value: x.Devices}, pair{name: "first seen", value: x.FirstSeen, unit: unitAgo})
	if len(x.Versions) == 0 || len(x.Days) == 0 {
		return nil
	}
	s.say("")
	// Four times are enough to see where it goes; CSV and JSON have all.
	last := len(x.Days) - 1
	day := func(i int) string { return x.Days[i].In(s.clock().Location()).Format(time.DateOnly) }
	g := newGrid("version", "first_seen:"+unitAgo, day(0), day(last/3), day(2*last/3), "now")
	for _, v := range x.Versions {
		g.add(v.Version, v.FirstSeen, v.Spread[0], v.Spread[last/3], v.Spread[2*last/3], v.Devices)
	}
	s.table(g, s.width(), "")
	return nil
}
