package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"muster/collector/api"
	"muster/internal/settings"
)

func (s *session) maintenanceCommand() *cobra.Command {
	return nounCommand("maintenance", "Maintenance: times in which rules are silent and nobody is told", `
		muster maintenance list
		muster maintenance add 'patch night' --days tue,wed --start 22:00 --for 4h
		muster maintenance add 'office move' --until 4h --filter site:health/hartford --all-rules`,
		s.maintenanceList(),
		s.maintenanceAdd(),
		s.command(verb{
			use:     "remove NUMBER",
			short:   "Delete a time of maintenance",
			example: `muster maintenance remove 3`,
			run: func(ctx context.Context, args []string) error {
				id, err := numbered("maintenance", args[0])
				if err != nil {
					return err
				}
				c, err := s.client()
				if err != nil {
					return err
				}
				if err := c.MaintenanceDelete(ctx, api.NumberInput{ID: id}); err != nil {
					return err
				}
				return s.did(done{true}, "maintenance %d is deleted", id)
			},
		}),
	)
}

func (s *session) maintenanceList() *cobra.Command {
	return s.command(verb{
		use:     "list",
		short:   "List times of maintenance",
		example: `muster maintenance list`,
		run: func(ctx context.Context, _ []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			list, err := c.MaintenanceList(ctx)
			if err != nil {
				return err
			}
			g := newGrid("id", "name", "when", "now", "devices", "rules", "reason", "by")
			if s.output == "csv" {
				g = newGrid("id", "name", "filter", "all", "from", "to", "days", "start", "minutes", "zone", "now", "by", "reason")
			}
			for _, m := range list.Maintenance {
				if s.output == "csv" {
					g.add(m.ID, m.Name, m.Filter, m.All, m.From, m.To, m.Days, m.Start, m.Minutes, m.Zone, m.Now, m.By, m.Reason)
					continue
				}
				filter, rules := m.Filter, "those that say so"
				if filter == "" {
					filter = "all"
				}
				if m.All {
					rules = "all"
				}
				g.add(m.ID, m.Name, s.windowWords(m), m.Now, filter, rules, m.Reason, m.By)
			}
			return s.show(g, list, "there is no maintenance; muster maintenance add NAME makes one")
		},
	})
}

// windowWords is when maintenance is.
func (s *session) windowWords(m api.Maintenance) string {
	l := s.look()
	if len(m.Days) == 0 {
		return l.time(m.From) + " to " + l.time(m.To)
	}
	zone := m.Zone
	if zone == "" || zone == "Local" {
		zone = "the collector's zone"
	}
	text := fmt.Sprintf("%s at %s for %s (%s)", strings.Join(m.Days, ", "), m.Start, length(time.Duration(m.Minutes)*time.Minute), zone)
	if !m.To.IsZero() {
		text += " until " + l.time(m.To)
	}
	return text
}

func (s *session) maintenanceAdd() *cobra.Command {
	var in api.MaintenanceNew
	var from, until, long string
	c := s.command(verb{
		use:   "add NAME",
		short: "Make a time of maintenance, once or each week",
		long: `Make a time of maintenance, once (--from, --until) or each week (--days, --start,
--for). Rules that say they are muted in maintenance do not fire then, with
--all-rules none does, and nobody is told of the devices it is about. It needs an
account without a scope, because a filter reaches everybody's devices.`,
		example: `
			muster maintenance add 'patch night' --days tue,wed --start 22:00 --for 4h --zone America/New_York
			muster maintenance add 'office move' --until 4h --filter site:health/hartford --all-rules --reason 'new building'
			muster maintenance add 'core switch' --from '2026-11-28 20:00' --until '2026-11-29 02:00'`,
		run: func(ctx context.Context, args []string) error {
			in.Name = args[0]
			var err error
			if in.From, err = s.beginning("--from", from); err != nil {
				return err
			}
			if in.To, err = s.expiry("--until", until); err != nil {
				return err
			}
			if len(in.Days) == 0 && until == "" {
				return usage("say when it ends, --until 4h, or on which days it is, --days tue")
			}
			if len(in.Days) > 0 && in.Start == "" {
				return usage("--start is missing: at which time of the day it begins, such as 22:00")
			}
			if len(in.Days) > 0 && long == "" {
				return usage("--for is missing: how long it takes each time, such as 4h")
			}
			if long != "" {
				d, err := settings.ParseDuration(long)
				if err != nil {
					return usage("--for: %w", err)
				}
				if d.D()%time.Minute != 0 || d.D() < time.Minute || d.D() > 24*time.Hour {
					return usage("--for %s: whole minutes up to 24h are expected", quoteWord(long))
				}
				in.Minutes = int(d.D() / time.Minute)
			}
			c, err := s.client()
			if err != nil {
				return err
			}
			m, err := c.MaintenanceNew(ctx, api.MaintenanceNewInput{Body: in})
			if err != nil {
				return err
			}
			about := ""
			if m.Devices != nil {
				about = ", about " + plural(*m.Devices, "device", "devices")
			}
			if err := s.did(m, "maintenance %d, %s: %s%s", m.ID, m.Name, s.windowWords(m), about); err != nil {
				return err
			}
			if m.Devices != nil && *m.Devices == 0 {
				s.note("no device fits %s now, so nothing is silent: muster maintenance remove %d takes it back", quoteWord(m.Filter), m.ID)
			}
			return nil
		},
	})
	f := c.Flags()
	f.StringVar(&in.Filter, "filter", "", "devices that this `filter` chooses (default all)")
	f.BoolVar(&in.All, "all-rules", false, "mute all rules, not only those that say so")
	f.StringVar(&from, "from", "", "when it begins: a `time`, or a duration from now (default now)")
	f.StringVar(&until, "until", "", "when it ends: a `time`, tomorrow, monday, or a duration from now such as 4h")
	f.StringSliceVar(&in.Days, "days", nil, "each week on these `days`: sun, mon, tue, wed, thu, fri, sat")
	f.StringVar(&in.Start, "start", "", "with --days: the `time` of day it begins, such as 22:00")
	f.StringVar(&long, "for", "", "with --days: how `long` it takes, such as 4h")
	f.StringVar(&in.Zone, "zone", "", "with --days: the time `zone` (IANA name; default that of the office)")
	f.StringVar(&in.Reason, "reason", "", "`text`: why")
	return c
}
