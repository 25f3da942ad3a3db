package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"muster/collector/api"
	"muster/collector/store"
)

func (s *session) findingCommand() *cobra.Command {
	return nounCommand("finding", "Findings: what rules found, device by device", `
		muster finding list name:pc-104
		muster finding show 5120`,
		s.findingList(),
		s.findingShow(),
	)
}

func (s *session) findingList() *cobra.Command {
	var in api.FindingListInput
	var since, until string
	var levels []string
	var cmd *cobra.Command
	cmd = s.command(verb{
		use:   "list [FILTER...]",
		short: "List what rules found, the worst and newest first",
		long: `List what rules found, the worst and newest first: what fires now. Of the whole
fleet without what was there when its device came; of the devices that a FILTER
chooses, or of an incident, with it, because whoever asks about one machine wants
to hear all of it. --backlog decides otherwise.

` + filterHelp,
		example: `
			muster finding list name:pc-104
			muster finding list --severity act
			muster finding list --rule D02 --backlog both -o csv
			muster finding list --state resolved --since 7d`,
		run: func(ctx context.Context, args []string) (err error) {
			in.Filter = strings.Join(args, " ")
			switch in.Backlog {
			case "", "yes", "no", "both":
			default:
				return usage("--backlog %s: there is yes, no and both", quoteWord(in.Backlog))
			}
			if cmd.Flags().Changed("incident") && in.Incident < 1 {
				return usage("--incident %d: incidents count from 1; muster incident list shows them", in.Incident)
			}
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
			list, err := c.FindingList(ctx, in)
			if err != nil {
				return err
			}
			return s.showFindings(list, nothing(cmd, args, list.NoDevice, "nothing found"))
		},
	})
	f := cmd.Flags()
	f.Int64Var(&in.Incident, "incident", 0, "only those that belong to the incident of this `number`")
	f.StringSliceVar(&in.Rules, "rule", nil, "only of these `rules`, such as D02")
	f.StringSliceVar(&in.States, "state", nil, "only in these `states`: firing, pending, resolved (default firing)")
	f.StringSliceVar(&levels, "severity", nil, "only of these `severities`: act (today), week, watch; or critical, warn, info")
	f.StringVar(&in.Backlog, "backlog", "", "what was there when its device came: `yes` (only that), no (none of it) or both")
	f.StringVar(&since, "since", "", "fired since this `time`")
	f.StringVar(&until, "until", "", "fired until this `time`")
	f.IntVar(&in.Limit, "limit", 0, "show at most `n` findings (default 1000)")
	return cmd
}

func (s *session) showFindings(list api.FindingList, empty string) error {
	var g *grid
	if s.output == "csv" {
		g = newGrid("id", "device", "name", "agency", "site", "rule", "family", "title", "component", "label", "state", "severity", "worst", "backlog", "flapping",
			"hygiene", "times", "since", "fired_at", "worse_at", "resolved_at", "judged_at", "reason", "evidence", "incident", "points")
	} else {
		g = newGrid("id", "urgency", "what", "machine", "part", "since:"+unitAgo, "state", "rule", "incident").staying("machine", "since")
		g.columns[2].key = true
	}
	for i := range list.Findings {
		f := &list.Findings[i]
		if s.output == "csv" {
			g.add(f.ID, f.Device, f.Name, f.Agency, f.Site, f.Rule, f.Family, f.Title, f.Component, f.Label, f.State, f.Severity, f.Worst, f.Backlog, f.Flapping,
				f.Hygiene, f.Times, f.Since, f.FiredAt, f.WorseAt, f.ResolvedAt, f.JudgedAt, f.Reason, evidenceLines(f.Evidence), f.Incident, f.Points)
			continue
		}
		part := f.Label
		if part == "" {
			part = f.Component
		}
		g.add(f.ID, urgency(f.Severity), f.Title, f.Name, part, f.Since, stateWords(s.look(), f), f.Rule, known(f.Incident))
	}
	if err := s.show(g, list, empty); err != nil {
		return err
	}
	if list.More {
		s.note("there are more: --limit, --severity or a filter narrows")
	}
	if s.output == "table" && list.Backlog == "no" {
		s.note("what was there when its device came is not listed here: --backlog both shows it too")
	}
	if s.output == "table" && len(list.Findings) > 0 {
		s.note("muster explain %d tells why", list.Findings[0].ID)
	}
	if s.output == "table" {
		list.Hidden = onlyParts(list.Hidden)
	}
	s.hiddenNote(list.Hidden)
	return nil
}

// onlyParts are the names of parts among what is hidden: of what a rule rests
// on, tables show nothing else.
func onlyParts(hidden []string) []string {
	return slices.DeleteFunc(slices.Clone(hidden), func(name string) bool { return !strings.HasSuffix(name, ".component") })
}

func evidenceLines(list []store.Evidence) []string {
	var out []string
	for _, e := range list {
		if e.Value != "" {
			out = append(out, e.Label+": "+quantity(e.Value))
		}
	}
	return out
}

// stateWords is how far a finding has come.
func stateWords(l look, f *store.Finding) string {
	var words []string
	switch f.State {
	case store.Pending:
		words = append(words, "not long enough yet")
	case store.Firing:
		words = append(words, "fires")
	case store.Resolved:
		text := "over " + l.age(f.ResolvedAt)
		if f.Reason != "" {
			text += ": " + f.Reason
		}
		words = append(words, text)
	}
	if f.Flapping {
		words = append(words, "comes and goes")
	}
	if f.Backlog {
		words = append(words, "was there before")
	}
	return strings.Join(words, ", ")
}

func (s *session) findingShow() *cobra.Command {
	return s.command(verb{
		use:     "show NUMBER",
		short:   "Show a finding: what was found, since when, on what it rests",
		example: `muster finding show 5120`,
		run: func(ctx context.Context, args []string) error {
			id, err := numbered("finding", args[0])
			if err != nil {
				return err
			}
			c, err := s.client()
			if err != nil {
				return err
			}
			x, err := c.FindingShow(ctx, api.FindingInput{ID: id})
			if err != nil {
				return err
			}
			return s.showFinding(&x)
		},
	})
}

func (s *session) showFinding(x *api.FindingShow) error {
	f, l := &x.Finding, s.look()
	switch s.output {
	case "json":
		return s.json(x)
	case "csv":
		return s.showFindings(api.FindingList{Findings: []store.Finding{*f}}, "")
	}
	s.say("Finding %d · %s · %s", f.ID, urgency(f.Severity), stateWords(l, f))
	s.paragraph("", findingSentence(f))
	s.say("")
	s.block("  ",
		pair{"machine", f.Name, ""},
		pair{"place", strings.Trim(f.Agency+"/"+f.Site, "/"), ""},
		pair{"part", f.Component, ""},
		pair{"rule", f.Rule, ""},
		pair{"true since", f.Since, ""},
		pair{"fires since", f.FiredAt, ""},
		pair{"worse since", worseAt(f), ""},
		pair{"over since", f.ResolvedAt, ""},
		pair{"last judged", f.JudgedAt, unitAgo},
		pair{"fired", timesWords(f), ""},
		pair{"incident", known(f.Incident), ""},
	)
	if len(f.Evidence) > 0 {
		s.heading("What it rests on")
		s.evidence("  ", f)
	}
	if t := x.Texts; t != nil {
		s.prose("What it means", t.Meaning)
		s.prose("What would prove it wrong", t.Disproof)
	}
	s.heading("How to go on")
	if f.Device != "" {
		s.say("  muster explain %d", f.ID)
	}
	if f.Incident != 0 {
		s.say("  muster incident show %d", f.Incident)
	}
	s.say("  muster rule show %s", f.Rule)
	s.hiddenNote(x.Hidden)
	return nil
}

func findingSentence(f *store.Finding) string {
	text := f.Title
	if f.Name != "" {
		text += " on " + f.Name
	}
	if f.Label != "" {
		text += " (" + f.Label + ")"
	}
	return text + "."
}

func worseAt(f *store.Finding) any {
	if f.WorseAt.Equal(f.FiredAt) || f.WorseAt.IsZero() {
		return nil
	}
	return f.WorseAt
}

func timesWords(f *store.Finding) string {
	if f.Times < 2 {
		return ""
	}
	return fmt.Sprintf("%d times", f.Times)
}
