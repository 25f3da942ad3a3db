package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"muster/collector/api"
	"muster/collector/summary"
)

func (s *session) summaryCommand() *cobra.Command {
	return nounCommand("summary", "Figures for a board: shown, and mailed each week or month", `
		muster summary show --days 90 -o csv
		muster summary set Board --channel desk --to board@example.org --every month --day 1 --hour 7`,
		s.summaryShow(),
		s.summaryList(),
		s.summarySet(),
		s.summarySend(),
		s.command(verb{
			use:     "remove NAME",
			short:   "Mail a summary no more",
			example: `muster summary remove Board`,
			run: func(ctx context.Context, args []string) error {
				c, err := s.client()
				if err != nil {
					return err
				}
				if err := c.SummaryDelete(ctx, api.ChannelInput{Name: args[0]}); err != nil {
					return err
				}
				return s.did(done{true}, "the summary %s is mailed no more", args[0])
			},
		}),
	)
}

func (s *session) summaryShow() *cobra.Command {
	var in api.SummaryInput
	c := s.command(verb{
		use:   "show",
		short: "Count what a board asks for: incidents, rules, the fleet",
		long: `Count what a board asks for. Of incidents that opened in the time: how many were
found before a call, how long it took until they were claimed and resolved, and
what each rule was worth; and of the fleet as it is now: what there is, what is
not known of it, and what has to be replaced.`,
		example: `
			muster summary show
			muster summary show --from 2026-10-01 --to 2026-11-01 --agency health -o csv`,
		run: func(ctx context.Context, _ []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			x, err := c.SummaryShow(ctx, in)
			if err != nil {
				return err
			}
			g := newGrid("part", "about", "measure", "value")
			if err := x.Each(func(part, about, measure string, value any) error {
				if s.output != "csv" && strings.HasSuffix(measure, "_seconds") {
					if n, ok := value.(float64); ok {
						value = spanWords(int(n))
					}
				}
				g.add(part, about, measure, value)
				return nil
			}); err != nil {
				return err
			}
			return s.show(g, x, "there is nothing to count")
		},
	})
	f := c.Flags()
	f.IntVar(&in.Days, "days", 0, "the last `n` days (default 30)")
	f.StringVar(&in.From, "from", "", "from this `time` on, in the place of --days")
	f.StringVar(&in.To, "to", "", "until this `time` (default now)")
	f.StringVar(&in.Agency, "agency", "", "only of this `agency`")
	f.StringVar(&in.Site, "site", "", "only of this `site`, as AGENCY/SITE")
	f.StringSliceVar(&in.Parts, "parts", nil, "only these `parts`: "+partWords())
	return c
}

func partWords() string {
	var out []string
	for _, p := range summary.Parts() {
		out = append(out, string(p))
	}
	return strings.Join(out, ", ")
}

func (s *session) summaryList() *cobra.Command {
	return s.command(verb{
		use:     "list",
		short:   "List when summaries are mailed",
		example: `muster summary list`,
		run: func(ctx context.Context, _ []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			list, err := c.SummaryList(ctx)
			if err != nil {
				return err
			}
			g := newGrid("name", "when", "place", "channel", "to", "next")
			if s.output == "csv" {
				g = newGrid("name", "every", "weekday", "day", "hour", "zone", "agencies", "sites", "channel", "to", "off", "place", "next", "changed_at", "changed_by")
			}
			for _, x := range list.Summaries {
				if s.output == "csv" {
					g.add(x.Name, x.Every, x.Weekday, x.Day, x.Hour, x.Zone, x.Agencies, x.Sites, x.Channel, x.To, x.Off, x.Place, x.Next, x.ChangedAt, x.ChangedBy)
					continue
				}
				g.add(x.Name, summaryWhen(&x.SchedulePut), x.Place, x.Channel, strings.Join(x.To, ", "), x.Next)
			}
			return s.show(g, list, "no summary is mailed; muster summary set NAME --channel CHANNEL mails one")
		},
	})
}

// summaryWhen is when one goes.
func summaryWhen(x *api.SchedulePut) string {
	if x.Off {
		return "off"
	}
	text := fmt.Sprintf("%s, %02d:00", x.Weekday, x.Hour)
	if x.Every == "month" {
		text = fmt.Sprintf("day %d, %02d:00", x.Day, x.Hour)
	}
	return strings.TrimSpace(text + " " + x.Zone)
}

func (s *session) summarySet() *cobra.Command {
	var in api.SchedulePut
	var cmd *cobra.Command
	cmd = s.command(verb{
		use:   "set NAME",
		short: "Mail a summary each week or month, or change one; what is not named stays",
		long: `Mail a summary each week or month, or change one; what is not named stays, and an
empty text empties it. A weekly one tells of the seven days before, a monthly one
of the calendar month before.`,
		example: `
			muster summary set Board --channel desk --to board@example.org --every month --day 1 --hour 7
			muster summary set Health --channel desk --agency health --weekday fri --hour 15
			muster summary set Board --off`,
		run: func(ctx context.Context, args []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			list, err := c.SummaryList(ctx)
			if err != nil {
				return err
			}
			put := api.SchedulePut{Every: "week", Hour: 7}
			if i := slices.IndexFunc(list.Summaries, func(x api.Schedule) bool { return strings.EqualFold(x.Name, args[0]) }); i >= 0 {
				put = list.Summaries[i].SchedulePut
			}
			changed := cmd.Flags().Changed
			switch {
			case changed("weekday") && changed("day"):
				return usage("--weekday is of weekly ones, --day of monthly ones: name one of them")
			case changed("every"):
				put.Every = in.Every
			case changed("weekday"):
				put.Every = "week"
			case changed("day"):
				put.Every = "month"
			}
			if put.Every == "month" {
				put.Weekday = ""
			} else {
				put.Day = 0
			}
			for _, x := range []struct {
				flag string
				set  func()
			}{
				{"weekday", func() { put.Weekday = in.Weekday }}, {"day", func() { put.Day = in.Day }}, {"hour", func() { put.Hour = in.Hour }},
				{"zone", func() { put.Zone = in.Zone }}, {"agency", func() { put.Agencies = withoutEmpty(in.Agencies) }}, {"site", func() { put.Sites = withoutEmpty(in.Sites) }},
				{"channel", func() { put.Channel = in.Channel }}, {"to", func() { put.To = withoutEmpty(in.To) }}, {"off", func() { put.Off = in.Off }},
			} {
				if changed(x.flag) {
					x.set()
				}
			}
			if put.Channel == "" {
				return usage("--channel is missing: muster channel list shows them; it must be of kind mail")
			}
			x, err := c.SummarySet(ctx, api.SchedulePutInput{Name: args[0], Body: put})
			if err != nil {
				return err
			}
			return s.did(x, "summary %s: %s, about %s", x.Name, summaryWhen(&x.SchedulePut), x.Place)
		},
	})
	f := cmd.Flags()
	f.StringVar(&in.Channel, "channel", "", "the `channel` of kind mail that it goes through")
	f.StringSliceVar(&in.To, "to", nil, "the `addresses` it goes to (default those of the channel)")
	f.StringVar(&in.Every, "every", "", "`week` or month (default week)")
	f.StringVar(&in.Weekday, "weekday", "", "`day` of a weekly one: sun, mon, tue, wed, thu, fri, sat (default mon)")
	f.IntVar(&in.Day, "day", 0, "`day` of the month of a monthly one, 1 to 28 (default 1)")
	f.IntVar(&in.Hour, "hour", 0, "`hour` of the day, 0 to 23 (default 7)")
	f.StringVar(&in.Zone, "zone", "", "time `zone` of the hour (IANA name; default the collector's)")
	f.StringSliceVar(&in.Agencies, "agency", nil, "figures of these `agencies` only")
	f.StringSliceVar(&in.Sites, "site", nil, "figures of these `sites` only, as AGENCY/SITE")
	f.BoolVar(&in.Off, "off", false, "mail it no more for now (--off=false mails it again)")
	return cmd
}

func (s *session) summarySend() *cobra.Command {
	var to []string
	c := s.command(verb{
		use:     "send NAME",
		short:   "Mail a summary now: of the last whole week or month",
		example: `muster summary send Board --to me@example.org`,
		run: func(ctx context.Context, args []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			x, err := c.SummarySend(ctx, api.SummarySendInput{Name: args[0], Body: api.SummarySend{To: to}})
			if err != nil {
				return err
			}
			return s.did(x, "summary %s is on its way as message %s; muster notice list --state all tells what becomes of it", args[0], x.Notice)
		},
	})
	c.Flags().StringSliceVar(&to, "to", nil, "`addresses` in the place of those of the summary")
	return c
}
