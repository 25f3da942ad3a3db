package cli

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"muster/collector/api"
	"muster/collector/store"
)

func (s *session) incidentCommand() *cobra.Command {
	return nounCommand("incident", "Incidents: what needs somebody, and what people do about it", `
		muster incident list
		muster incident show 1042
		muster incident claim 1042
		muster incident resolve 1042 --useful yes --replaced disk`,
		s.incidentList(),
		s.incidentShow(),
		s.incidentClaim(),
		s.incidentRelease(),
		s.incidentNote(),
		s.incidentCheck("check", "Tick one of the first checks", false),
		s.incidentCheck("uncheck", "Take the tick of a check away", true),
		s.incidentSnooze(),
		s.incidentWake(),
		s.incidentEscalate(),
		s.incidentResolve(),
		s.incidentReopen(),
		s.incidentLooked(),
	)
}

func (s *session) incidentLooked() *cobra.Command {
	var in api.LookInput
	c := s.command(verb{
		use:   "looked",
		short: "Show when you last looked at the board of incidents",
		long: `Show when you last looked at the board of incidents, from where on it tells what is
new. With --now this is a look too.`,
		example: `muster incident looked`,
		run: func(ctx context.Context, _ []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			x, err := c.LookShow(ctx, in)
			if err != nil {
				return err
			}
			if s.output == "csv" {
				g := newGrid("before", "at")
				g.add(x.Before, x.At)
				return s.csv(g)
			}
			if x.At.IsZero() && s.output != "json" {
				s.note("you have not looked at it yet")
				return nil
			}
			return s.did(x, "%s", lookWords(s.look(), x))
		},
	})
	c.Flags().BoolVar(&in.Now, "now", false, "note that you look at it now")
	return c
}

func lookWords(l look, x api.Look) string {
	text := "last looked at " + l.time(x.At)
	if !x.Before.IsZero() {
		text += ", before that until " + l.time(x.Before)
	}
	return text
}

// urgency is a rule's severity as people say it: the same words as on pages
// and in messages.
func urgency(severity string) string {
	switch severity {
	case "critical":
		return "Act today"
	case "warn":
		return "This week"
	case "info":
		return "Watch"
	}
	return severity
}

// severities reads what people write of them: the words that lists show, or
// those of rules.
func severities(flag string, list []string) ([]string, error) {
	var out []string
	for _, text := range list {
		switch strings.ToLower(strings.Join(strings.Fields(text), " ")) {
		case "":
		case "critical", "act", "today", "act today":
			out = append(out, "critical")
		case "warn", "warning", "week", "this week":
			out = append(out, "warn")
		case "info", "watch":
			out = append(out, "info")
		default:
			return nil, usage("%s %s: there is act (critical, act today), week (warn, this week) and watch (info)", flag, quoteWord(text))
		}
	}
	return out, nil
}

// numbered reads the number of a thing, with or without a # before it.
func numbered(what, text string) (int64, error) {
	n, err := strconv.ParseInt(strings.TrimPrefix(text, "#"), 10, 64)
	if err != nil || n < 1 {
		return 0, usage("%s is no number of %s: muster %s list shows them", quoteWord(text), article(what), what)
	}
	return n, nil
}

func article(noun string) string {
	if strings.ContainsAny(noun[:1], "aeiou") {
		return "an " + noun
	}
	return "a " + noun
}

// apartFlags choose what lists keep apart.
type apartFlags struct{ backlog, hygiene bool }

func only(yes bool) string {
	if yes {
		return "yes"
	}
	return ""
}

func (s *session) incidentList() *cobra.Command {
	var in api.IncidentListInput
	var apart apartFlags
	var since, until string
	var levels []string
	var cmd *cobra.Command
	cmd = s.command(verb{
		use:   "list [FILTER...]",
		short: "List what needs somebody, the worst first",
		long: `List what needs somebody, the worst first: incidents that are open and awake.
What was there when its device came (backlog), matters of upkeep (hygiene) and
what is snoozed are lists of their own; how many there are is told below. A
FILTER chooses devices.

` + filterHelp,
		example: `
			muster incident list
			muster incident list --mine
			muster incident list --unclaimed --site health/hartford
			muster incident list --backlog --severity act
			muster incident list name:pc-104 --all
			muster incident list --status resolved --since 30d -o csv`,
		run: func(ctx context.Context, args []string) (err error) {
			in.Filter = strings.Join(args, " ")
			in.Backlog, in.Hygiene = only(apart.backlog), only(apart.hygiene)
			if in.Severities, err = severities("--severity", levels); err != nil {
				return err
			}
			if in.From, err = s.since(since); err != nil {
				return err
			}
			if in.To, err = s.until(until); err != nil {
				return err
			}
			c, err := s.client()
			if err != nil {
				return err
			}
			list, err := c.IncidentList(ctx, in)
			if err != nil {
				return err
			}
			return s.showIncidents(list, nothing(cmd, args, list.NoDevice, "nothing here needs anybody"))
		},
	})
	f := cmd.Flags()
	f.BoolVar(&in.Mine, "mine", false, "only those that you have claimed, or that were escalated to you by name")
	f.BoolVar(&in.Unclaimed, "unclaimed", false, "only those that nobody has claimed")
	f.StringVar(&in.Assignee, "assignee", "", "only those that this `account` has claimed")
	f.StringVar(&in.Site, "site", "", "only about devices of this site: `AGENCY/SITE`")
	f.StringSliceVar(&levels, "severity", nil, "only of these `severities`: act (today), week, watch; or critical, warn, info")
	f.StringSliceVar(&in.Statuses, "status", nil, "only of these `statuses`: new, claimed, escalated, snoozed, resolved")
	f.StringSliceVar(&in.Families, "family", nil, "only of these `families` of rules, such as drive or network")
	f.StringSliceVar(&in.Rules, "rule", nil, "only where these `rules` lead, such as D02")
	f.BoolVar(&apart.backlog, "backlog", false, "what was there when its device came, instead")
	f.BoolVar(&apart.hygiene, "hygiene", false, "matters of upkeep, instead")
	f.BoolVar(&in.All, "all", false, "all that is open: backlog, upkeep and snoozed too")
	f.StringVar(&since, "since", "", "opened since this `time`")
	f.StringVar(&until, "until", "", "opened until this `time`")
	f.IntVar(&in.Limit, "limit", 0, "show at most `n` incidents (default 1000)")
	return cmd
}

func (s *session) showIncidents(list api.IncidentList, empty string) error {
	var g *grid
	if s.output == "csv" {
		g = incidentsCSV(list.Incidents)
	} else {
		g = newGrid("number", "urgency", "what", "machine", "place", "since:"+unitAgo, "who").staying("machine", "since")
		g.columns[2].key = true
		for i := range list.Incidents {
			x := &list.Incidents[i]
			g.add(x.Number, urgency(x.Severity), titleOf(x)+flappingWord(x), machines(x), incidentPlace(x), x.OpenedAt, s.whoHas(x))
		}
	}
	if err := s.show(g, list, empty); err != nil {
		return err
	}
	if list.More {
		s.note("there are more: --limit, --severity or --site narrows")
	}
	if s.output == "table" {
		s.apartNote(list.Apart)
		if len(list.Incidents) > 0 {
			s.goOnNote(&list.Incidents[0])
		}
	}
	if s.output == "json" { // tables show neither users nor evidence
		s.hiddenNote(list.Hidden)
	}
	return nil
}

// goOnNote ends a list with how to go on, by its first line.
func (s *session) goOnNote(x *store.Incident) {
	switch x.Status {
	case store.New:
		s.note("muster incident show %d tells what to do first; muster incident claim %d makes it yours", x.Number, x.Number)
	case store.Closed:
		s.note("muster incident show %d tells how it went", x.Number)
	default:
		s.note("muster incident show %d tells what to do first, and what was done so far", x.Number)
	}
}

// titleOf is what is wrong, without on how many: that stands beside it.
func titleOf(x *store.Incident) string {
	if c := x.Cause; c != nil {
		if short, _, ok := strings.Cut(x.Title, fmt.Sprintf(" on %d of %d devices", c.Members, c.Size)); ok {
			return short
		}
	}
	return x.Title
}

func flappingWord(x *store.Incident) string {
	if x.Flapping {
		return " (comes and goes)"
	}
	return ""
}

// apartNote tells of what is kept in lists of its own.
func (s *session) apartNote(a api.IncidentsApart) {
	var words []string
	count := func(n int, what, flag string) {
		switch {
		case n >= 100:
			words = append(words, "100 or more "+what+" ("+flag+")")
		case n > 0:
			words = append(words, fmt.Sprintf("%d %s (%s)", n, what, flag))
		}
	}
	count(a.Backlog, "from before their device came", "--backlog")
	count(a.Hygiene, "of upkeep", "--hygiene")
	count(a.Snoozed, "snoozed", "--status snoozed")
	if len(words) > 0 {
		s.note("not listed here: %s", strings.Join(words, ", "))
	}
}

// machines is which machine an incident is about, or how many.
func machines(x *store.Incident) string {
	name := ""
	if len(x.Devices) > 0 {
		if name = x.Devices[0].Name; name == "" {
			name = string(x.Devices[0].ID)
		}
	}
	switch {
	case x.Cause != nil && x.Kind == store.SiteIncident:
		return fmt.Sprintf("%d of %d devices", x.Cause.Members, x.Cause.Size)
	case x.Cause != nil && x.Kind == store.ChangeIncident:
		return plural(max(x.Count, x.Cause.Members), "device", "devices")
	case x.Cause != nil:
		return fmt.Sprintf("%d of %d %s", x.Cause.Members, x.Cause.Size, x.Cause.Value)
	case x.Count > 1 && name != "":
		return fmt.Sprintf("%s and %d more", name, x.Count-1)
	case x.Count > 1:
		return plural(x.Count, "device", "devices")
	}
	return name
}

// incidentPlace is where an incident is.
func incidentPlace(x *store.Incident) string {
	agency, site := x.Agency, x.Site
	if agency+site == "" && x.Count == 1 && len(x.Devices) == 1 {
		agency, site = x.Devices[0].Agency, x.Devices[0].Site
	}
	switch {
	case agency != "" && site != "":
		return agency + "/" + site
	case agency+site != "" && x.Count > 1:
		return agency + ", several sites"
	case agency+site != "":
		return agency + site
	case x.Count > 1:
		return "several places"
	}
	return ""
}

// whoHas is how the work on an incident stands.
func (s *session) whoHas(x *store.Incident) string {
	l := s.look()
	switch x.Status {
	case store.New:
		return "nobody"
	case store.Claimed:
		return x.Assignee
	case store.Escalated:
		if x.Assignee != "" {
			return "escalated to " + x.Escalated + " by " + x.Assignee
		}
		return "escalated to " + x.Escalated
	case store.Snoozed:
		text := "snoozed until " + l.time(x.SnoozedTo)
		if x.Assignee != "" {
			text += ", " + x.Assignee
		}
		return text
	case store.Closed:
		if x.Useful != "" {
			return "resolved " + l.age(x.ResolvedAt) + ", useful: " + x.Useful
		}
		return "ended " + l.age(x.ResolvedAt)
	}
	return string(x.Status)
}

// incidentsCSV has the API's columns.
func incidentsCSV(list []store.Incident) *grid {
	g := newGrid("number", "severity", "title", "status", "assignee", "escalated_to", "snoozed_to", "kind", "rule", "family", "device_count", "devices",
		"agency", "site", "cause", "members", "size", "rank", "backlog", "hygiene", "flapping", "opened_at", "updated_at", "claimed_at", "cleared_at", "resolved_at", "useful", "replaced", "called")
	for i := range list {
		x := &list[i]
		var names []string
		for _, d := range x.Devices {
			names = append(names, d.Name)
		}
		var cause, members, size any
		if c := x.Cause; c != nil {
			cause, members, size = c.What+" "+c.Value, c.Members, c.Size
		}
		g.add(x.Number, x.Severity, x.Title, x.Status, x.Assignee, x.Escalated, x.SnoozedTo, x.Kind, x.Rule, x.Family, x.Count, names,
			x.Agency, x.Site, cause, members, size, x.Rank, x.Backlog, x.Hygiene, x.Flapping, x.OpenedAt, x.UpdatedAt, x.ClaimedAt, x.ClearedAt, x.ResolvedAt, x.Useful, x.Replaced, x.Called)
	}
	return g
}

// checkedOf says whether a check is ticked.
func checkedOf(x *store.Incident, n int) bool { return slices.Contains(x.Checked, n) }
