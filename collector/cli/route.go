package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"muster/collector/api"
)

func (s *session) routeCommand() *cobra.Command {
	return nounCommand("route", "Routes: what is told through which channel, and when", `
		muster route set desk --channel desk --severity warn --hours 07:00-18:00 --days mon,tue,wed,thu,fri --urgent
		muster route list`,
		s.routeList(),
		s.routeSet(),
		s.command(verb{
			use:     "remove NAME",
			short:   "Delete a route; what it has under way is still sent",
			example: `muster route remove desk`,
			run: func(ctx context.Context, args []string) error {
				c, err := s.client()
				if err != nil {
					return err
				}
				if err := c.RouteDelete(ctx, api.ChannelInput{Name: args[0]}); err != nil {
					return err
				}
				return s.did(done{true}, "route %s is deleted", args[0])
			},
		}),
	)
}

func (s *session) routeList() *cobra.Command {
	return s.command(verb{
		use:   "list",
		short: "List routes, in the order in which they decide",
		long: `List routes, in the order in which they decide: where several of one channel take
something, the first does.`,
		example: `muster route list`,
		run: func(ctx context.Context, _ []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			list, err := c.RouteList(ctx)
			if err != nil {
				return err
			}
			g := newGrid("position", "name", "channel", "takes", "when", "how")
			g.columns[1].key = true
			if s.output == "csv" {
				g = newGrid("position", "name", "channel", "off", "agencies", "sites", "severity", "families", "rules", "devices", "kinds", "backlog",
					"hours", "urgent", "personal", "wait_seconds", "rate", "digest", "only_digest", "created_at")
			}
			for _, r := range list.Routes {
				if s.output == "csv" {
					var hours, digest any
					if r.Hours != nil {
						hours = *r.Hours
					}
					if r.Digest != nil {
						digest = *r.Digest
					}
					g.add(r.Position, r.Name, r.Channel, r.Off, r.Agencies, r.Sites, r.Severity, r.Families, r.Rules, r.Devices, r.Kinds, r.Backlog,
						hours, r.Urgent, r.Personal, r.WaitSeconds, r.Rate, digest, r.OnlyDigest, r.CreatedAt)
					continue
				}
				g.add(r.Position, r.Name, r.Channel, routeTakes(&r.RoutePut), routeWhen(&r.RoutePut), routeHow(&r.RoutePut))
			}
			return s.show(g, list, "there are no routes, so nobody is told; muster route set NAME --channel CHANNEL makes one")
		},
	})
}

// routeTakes is what a route is for.
func routeTakes(r *api.RoutePut) string {
	if r.Off {
		return "nothing: it is off"
	}
	var words []string
	switch r.Severity {
	case "critical":
		words = append(words, "act today")
	case "warn":
		words = append(words, "this week and worse")
	}
	list := func(what string, of []string) {
		if len(of) > 0 {
			words = append(words, what+strings.Join(of, ", "))
		}
	}
	list("of ", append(slices.Clone(r.Agencies), r.Sites...))
	list("families ", r.Families)
	list("rules ", r.Rules)
	list("devices ", r.Devices)
	list("when ", r.Kinds)
	if r.Backlog {
		words = append(words, "backlog too")
	}
	if len(words) == 0 {
		return "everything"
	}
	return strings.Join(words, "; ")
}

// routeWhen is when people are told.
func routeWhen(r *api.RoutePut) string {
	text := "always"
	if h := r.Hours; h != nil {
		text = dayTime(h.From, h.To, h.Days, h.Zone)
		if r.Urgent {
			text += "; urgent ones at once"
		}
	}
	if d := r.Digest; d != nil {
		digest := "digest " + dayTime(d.At, "", d.Days, d.Zone)
		if r.OnlyDigest {
			return digest
		}
		text += "; " + digest
	}
	return text
}

// dayTime is a time of the day on some days, or a span of it.
func dayTime(from, to string, days []string, zone string) string {
	text := from
	if to != "" {
		text += "-" + to
	}
	if len(days) > 0 {
		text = strings.TrimSpace(text + " " + strings.Join(days, ","))
	}
	if zone != "" {
		text += " " + zone
	}
	return text
}

// routeHow is how it tells.
func routeHow(r *api.RoutePut) string {
	var words []string
	switch {
	case r.WaitSeconds < 0:
		words = append(words, "each by itself")
	case r.WaitSeconds > 0:
		words = append(words, "gathered for "+spanWords(r.WaitSeconds))
	}
	if r.Rate > 0 {
		words = append(words, fmt.Sprintf("%d an hour at most", r.Rate))
	}
	if r.Personal {
		words = append(words, "with users' names")
	}
	return strings.Join(words, "; ")
}

func (s *session) routeSet() *cobra.Command {
	var in api.RoutePut
	var hours, zone, wait, digest string
	var days, digestDays []string
	var empty bool
	var cmd *cobra.Command
	cmd = s.command(verb{
		use:   "set NAME",
		short: "Make a route or change it; what is not named stays",
		long: `Make a route or change it; what is not named stays, and an empty text empties it.
A route takes an incident when all that is set holds, of a list any. Without
--kind it tells when one opens, gets worse or is escalated.`,
		example: `
			muster route set all --channel desk --severity warn
			muster route set nights --channel pager --severity critical --hours 18:00-07:00 --position 1
			muster route set morning --channel desk --digest 07:30 --digest-days mon,tue,wed,thu,fri --only-digest
			muster route set hartford --channel chat --site health/hartford --family drive,space
			muster route set hartford --site ''`,
		run: func(ctx context.Context, args []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			list, err := c.RouteList(ctx)
			if err != nil {
				return err
			}
			var put api.RoutePut
			i := slices.IndexFunc(list.Routes, func(r api.Route) bool { return strings.EqualFold(r.Name, args[0]) })
			if i >= 0 {
				put = list.Routes[i].RoutePut
				put.Position = 0
			}
			changed := cmd.Flags().Changed
			if err := changeRoute(&put, &in, changed); err != nil {
				return err
			}
			if changed("wait") {
				if put.WaitSeconds = -1; wait != "no" {
					n, err := seconds("--wait", wait)
					if err != nil {
						return err
					}
					put.WaitSeconds = int(n)
				}
			}
			if changed("hours") || changed("days") || changed("zone") {
				if put.Hours, err = hoursOf(put.Hours, changed, hours, days, zone); err != nil {
					return err
				}
			}
			if changed("digest") || changed("digest-days") || changed("digest-empty") || changed("zone") {
				put.Digest = digestOf(put.Digest, changed, digest, digestDays, zone, empty)
			}
			for _, flag := range []struct{ name, with string }{{"zone", "--hours 07:00-18:00, --days or --digest 07:30"}, {"digest-days", "--digest 07:30"}, {"digest-empty", "--digest 07:30"}} {
				if changed(flag.name) && cmd.Flags().Lookup(flag.name).Value.String() != "" && put.Digest == nil && (flag.name != "zone" || put.Hours == nil) {
					return usage("--%s says nothing by itself: it goes with %s", flag.name, flag.with)
				}
			}
			if put.Channel == "" {
				return usage("--channel is missing: muster channel list shows them")
			}
			r, err := c.RouteSet(ctx, api.RoutePutInput{Name: args[0], Body: put})
			if err != nil {
				return err
			}
			return s.did(r, "route %s to %s, at position %d: %s, %s", r.Name, r.Channel, r.Position, routeTakes(&r.RoutePut), routeWhen(&r.RoutePut))
		},
	})
	f := cmd.Flags()
	f.StringVar(&in.Channel, "channel", "", "the `channel` it goes to")
	f.IntVar(&in.Position, "position", 0, "where it stands among all routes, as a `number` from 1 (default: where it is; a new one last)")
	f.BoolVar(&in.Off, "off", false, "switch it off (--off=false switches it on)")
	f.StringSliceVar(&in.Agencies, "agency", nil, "only of these `agencies`")
	f.StringSliceVar(&in.Sites, "site", nil, "only of these `sites`, as AGENCY/SITE")
	f.StringVar(&in.Severity, "severity", "", "only of this `severity` or worse: act (today), week, watch; or critical, warn, info")
	f.StringSliceVar(&in.Families, "family", nil, "only of these `families` of rules")
	f.StringSliceVar(&in.Rules, "rule", nil, "only where these `rules` lead")
	f.StringSliceVar(&in.Devices, "device", nil, "only about these `kinds` of device, such as pc, server, switch, printer, ups")
	f.StringSliceVar(&in.Kinds, "kind", nil, "only when one is `opened`, worse, escalated, resolved")
	f.BoolVar(&in.Backlog, "backlog", false, "also what was there when its device came")
	f.StringVar(&hours, "hours", "", "tell only in these `hours`, such as 07:00-18:00; what comes else waits")
	f.StringSliceVar(&days, "days", nil, "tell only on these `days`: sun, mon, tue, wed, thu, fri, sat")
	f.StringVar(&zone, "zone", "", "time `zone` of hours and digest (IANA name; default the collector's)")
	f.BoolVar(&in.Urgent, "urgent", false, "outside of the hours too, when it is critical or escalated")
	f.BoolVar(&in.Personal, "personal", false, "with the names of devices' users")
	f.StringVar(&wait, "wait", "", "gather what comes within this `time` into one message (default 30s; no does not)")
	f.IntVar(&in.Rate, "rate", 0, "at most this `number` of messages an hour")
	f.StringVar(&digest, "digest", "", "also a summary at this `time` of the day, such as 07:30")
	f.StringSliceVar(&digestDays, "digest-days", nil, "the summary only on these `days`")
	f.BoolVar(&empty, "digest-empty", false, "the summary also when there is nothing to tell")
	f.BoolVar(&in.OnlyDigest, "only-digest", false, "nothing but the summary")
	return cmd
}

// changeRoute takes over the flags that were named.
func changeRoute(put, in *api.RoutePut, changed func(string) bool) error {
	for _, x := range []struct {
		flag      string
		into, old *[]string
	}{
		{"agency", &put.Agencies, &in.Agencies}, {"site", &put.Sites, &in.Sites}, {"family", &put.Families, &in.Families},
		{"rule", &put.Rules, &in.Rules}, {"device", &put.Devices, &in.Devices}, {"kind", &put.Kinds, &in.Kinds},
	} {
		if changed(x.flag) {
			*x.into = withoutEmpty(*x.old)
		}
	}
	for _, x := range []struct {
		flag      string
		into, old *bool
	}{
		{"off", &put.Off, &in.Off}, {"backlog", &put.Backlog, &in.Backlog}, {"urgent", &put.Urgent, &in.Urgent},
		{"personal", &put.Personal, &in.Personal}, {"only-digest", &put.OnlyDigest, &in.OnlyDigest},
	} {
		if changed(x.flag) {
			*x.into = *x.old
		}
	}
	if changed("channel") {
		put.Channel = in.Channel
	}
	if changed("severity") {
		level, err := severities("--severity", []string{in.Severity})
		if err != nil {
			return err
		}
		put.Severity = strings.Join(level, "")
	}
	if changed("rate") {
		put.Rate = in.Rate
	}
	if changed("position") {
		if put.Position = in.Position; put.Position < 1 {
			return usage("--position %d: it counts from 1", in.Position)
		}
	}
	return nil
}

// hoursOf reads 07:00-18:00; empty empties.
func hoursOf(old *api.RouteHours, changed func(string) bool, hours string, days []string, zone string) (*api.RouteHours, error) {
	var h api.RouteHours
	if old != nil {
		h = *old
	}
	if changed("hours") {
		from, to, ok := strings.Cut(hours, "-")
		if !ok && hours != "" {
			return nil, usage("--hours %s: write 07:00-18:00", quoteWord(hours))
		}
		h.From, h.To = strings.TrimSpace(from), strings.TrimSpace(to)
	}
	if changed("days") {
		h.Days = withoutEmpty(days)
	}
	if changed("zone") {
		h.Zone = zone
	}
	if h.From == "" && len(h.Days) == 0 {
		return nil, nil
	}
	return &h, nil
}

func digestOf(old *api.RouteDigest, changed func(string) bool, at string, days []string, zone string, empty bool) *api.RouteDigest {
	var d api.RouteDigest
	if old != nil {
		d = *old
	}
	if changed("digest") {
		d.At = at
	}
	if changed("digest-days") {
		d.Days = withoutEmpty(days)
	}
	if changed("digest-empty") {
		d.Empty = empty
	}
	if changed("zone") {
		d.Zone = zone
	}
	if d.At == "" {
		return nil
	}
	return &d
}
