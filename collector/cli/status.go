package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"muster/collector/api"
)

func (s *session) statusCommand() *cobra.Command {
	return s.command(verb{
		use:   "status",
		short: "Show how the collector is doing; ends with 0 when it is ready",
		long: `Show how the collector is doing. It ends with 0 when the collector answers, which
it does as soon as it takes reports, and with 1 when it does not.`,
		example: `
			muster status
			until muster --data /srv/muster status >/dev/null 2>&1; do sleep 1; done`,
		run: func(ctx context.Context, _ []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			st, err := c.StatusShow(ctx)
			if err != nil {
				return err
			}
			return s.showStatus(&st)
		},
	})
}

func (s *session) showStatus(st *api.Status) error {
	l := s.look()
	pairs := statusPairs(l, st)
	if s.output != "table" {
		g := newGrid("name", "value")
		for _, p := range pairs {
			g.add(p.name, p.value)
		}
		return s.show(g, st, "")
	}
	s.block("", pairs...)
	for _, p := range st.Problems {
		s.say("! %s", p)
	}
	if p := st.Series.Problem; p != "" {
		s.say("! %s", p)
	}
	return nil
}

func statusPairs(l look, st *api.Status) []pair {
	size := func(n int64) string { return l.human(n, "byte") }
	series := fmt.Sprintf("%d, %s", st.Series.Series, size(st.Series.Bytes))
	if st.Series.Server != "" {
		series = fmt.Sprintf("%d in %s", st.Series.Series, st.Series.Server)
	}
	if st.Series.Problem != "" {
		series += ", which cannot be used now"
	} else if st.Series.Ready < 1 {
		series += fmt.Sprintf(", loading %d %%", int(st.Series.Ready*100))
	}
	out := []pair{
		{"collector", fmt.Sprintf("%s, up %s", st.Build.Version, length(time.Duration(st.UptimeSeconds)*time.Second)), ""},
		{"devices", fmt.Sprint(st.Counts.Devices), ""},
		{"inventory", fmt.Sprintf("%d rows now, %d in all, %d events, %s", st.Counts.CurrentRows, st.Counts.Rows, st.Counts.Events, size(st.Counts.Bytes)), ""},
		{"series", series, ""},
		{"taken in", fmt.Sprintf("%d reports, %d samples since the start", st.Intake.Reports, st.Intake.Samples), ""},
		{"on the way", fmt.Sprintf("%d records, %s of %s, %s behind", st.Outbox.Records, size(st.Outbox.Bytes), size(st.Outbox.LimitBytes), length(time.Duration(st.Outbox.LagSeconds*float64(time.Second)))), ""},
	}
	if j := st.Judging; j != nil {
		text := fmt.Sprintf("%d devices by %d rules", j.Devices, j.RulesOn)
		for _, x := range []struct {
			n    int64
			what string
		}{{int64(j.RulesOff), "off"}, {int64(j.RulesBroken), "faults in the office's rules"}, {int64(j.Waiting), "reports wait"}, {j.Overflowed, "had to wait"}, {int64(j.Unknown), "devices whose past is being read"}} {
			if x.n > 0 {
				text += fmt.Sprintf(", %d %s", x.n, x.what)
			}
		}
		out = append(out, pair{"judged", text, ""})
	}
	if n := st.Notices; n != nil {
		out = append(out, pair{"notices", fmt.Sprintf("%d wait, %d being sent, %d put aside", n.Waiting, n.Unsent, n.Failed), ""})
	}
	if n := st.Intake.Refused + st.Intake.Busy + st.Intake.Conflicts + st.Intake.Resends; n > 0 {
		out = append(out, pair{"turned away", fmt.Sprintf("%d refused, %d asked to come later, %d conflicts, %d asked to resend", st.Intake.Refused, st.Intake.Busy, st.Intake.Conflicts, st.Intake.Resends), ""})
	}
	if st.Outbox.Poisoned > 0 {
		out = append(out, pair{"put aside", fmt.Sprintf("%d records that the series store refuses", st.Outbox.Poisoned), ""})
	}
	if st.Disk.TotalBytes > 0 {
		out = append(out, pair{"disk", fmt.Sprintf("%s of %s free; reports are put off below %s", size(st.Disk.FreeBytes), size(st.Disk.TotalBytes), size(st.Disk.StopBytes)), ""})
	}
	return out
}

func (s *session) whoamiCommand() *cobra.Command {
	return s.command(verb{
		use:     "whoami",
		short:   "Show who you are to the collector, and what you may do",
		example: `muster whoami --server https://muster.example.org --token-file ~/.muster-token`,
		run: func(ctx context.Context, _ []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			me, err := c.MeShow(ctx)
			if err != nil {
				return err
			}
			if s.output != "table" {
				g := newGrid("name", "via", "role", "agencies", "sites", "rights")
				g.add(me.Name, me.Via, me.Role, me.Agencies, me.Sites, me.Rights)
				return s.show(g, me, "")
			}
			s.block("", pair{"name", me.Name, ""}, pair{"through", me.Via, ""}, pair{"role", me.Role, ""},
				pair{"sees", scopeWords(me.Agencies, me.Sites), ""}, pair{"may", me.Rights, ""})
			return nil
		},
	})
}
