package cli

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"muster/collector/api"
)

func (s *session) ruleCommand() *cobra.Command {
	return nounCommand("rule", "Rules: what is wrong with a device, written down as data", `
		muster rule list
		muster rule show D02
		muster rule check ./rules
		muster rule test --rules ./rules
		muster rule replay X17 --since 30d
		muster rule set D14 --limit warm_disk=50`,
		s.ruleList(),
		s.ruleShow(),
		s.ruleCheck(),
		s.ruleTest(),
		s.ruleReplay(),
		s.ruleReset(),
		s.ruleSet(),
		s.ruleRestore(),
	)
}

func (s *session) ruleList() *cobra.Command {
	var off bool
	c := s.command(verb{
		use:   "list",
		short: "List rules, how useful they were, and which are off or lowered",
		example: `
			muster rule list
			muster rule list --off`,
		run: func(ctx context.Context, _ []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			list, err := c.RuleList(ctx)
			if err != nil {
				return err
			}
			if off {
				list.Rules = slices.DeleteFunc(list.Rules, func(r api.RuleSummary) bool { return r.State == "on" && !r.Lowered })
			}
			g := newGrid("id", "title", "family", "worst", "state", "open", "useful")
			if s.output == "csv" {
				g = newGrid("id", "title", "family", "subject", "severities", "state", "why", "off_at", "office", "changed", "changed_by", "lowered", "open", "useful", "useless", "wrong", "since")
			}
			for _, r := range list.Rules {
				o := r.Outcomes
				if s.output == "csv" {
					g.add(r.ID, r.Title, r.Family, r.Subject, r.Severities, r.State, r.Why, r.OffAt, r.Office, changedAt(r.Changed), changedBy(r.Changed), r.Lowered, r.Open, o.Useful, o.Useless, o.Wrong, o.Since)
					continue
				}
				worst := ""
				if len(r.Severities) > 0 {
					worst = urgency(r.Severities[len(r.Severities)-1])
				}
				g.add(r.ID, r.Title, r.Family, worst, ruleState(r), r.Open, usefulWords(o))
			}
			if err := s.show(g, list, "there are no such rules"); err != nil {
				return err
			}
			for _, p := range list.Problems {
				s.note("cannot be used: %s", p)
			}
			return nil
		},
	})
	c.Flags().BoolVar(&off, "off", false, "only those that are off, disabled or lowered")
	return c
}

// ruleState is whether a rule judges, and who has changed it.
func ruleState(r api.RuleSummary) string {
	words := []string{r.State}
	if r.Why != "" {
		words[0] += ": " + r.Why
	}
	if r.Lowered {
		words = append(words, "lowered, seldom useful")
	}
	if r.Office != "" {
		words = append(words, "by "+r.Office)
	}
	if r.Changed != nil {
		words = append(words, "set otherwise")
	}
	return strings.Join(words, ", ")
}

func changedAt(c *api.RuleChanged) time.Time {
	if c == nil {
		return time.Time{}
	}
	return c.At
}

func changedBy(c *api.RuleChanged) string {
	if c == nil {
		return ""
	}
	return c.By
}

// usefulWords is what people said, with the count behind it.
func usefulWords(o api.RuleOutcomes) string {
	n := o.Useful + o.Useless + o.Wrong
	if n == 0 {
		return ""
	}
	text := fmt.Sprintf("%d of %d", o.Useful, n)
	if o.Wrong > 0 {
		text += fmt.Sprintf(", %d wrong", o.Wrong)
	}
	return text
}

func (s *session) ruleShow() *cobra.Command {
	return s.command(verb{
		use:     "show RULE",
		short:   "Show a rule: its levels, limits, inputs and texts",
		example: `muster rule show D02`,
		run: func(ctx context.Context, args []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			r, err := c.RuleShow(ctx, api.RuleInput{ID: args[0]})
			if err != nil {
				return err
			}
			return s.showRule(&r)
		},
	})
}

func (s *session) showRule(x *api.RuleShow) error {
	switch s.output {
	case "json":
		return s.json(x)
	case "csv":
		return usage("CSV holds one table: use muster rule list -o csv, or -o json")
	}
	r := &x.Rule
	s.say("%s · %s", r.ID, r.Title)
	s.say("")
	var notes []string
	for _, n := range []struct {
		yes  bool
		text string
	}{
		{x.Backlog, "what was there when a device came is listed apart"}, {x.Hygiene, "a matter of upkeep, listed apart"},
		{x.Muted, "silent during maintenance"}, {x.Outage, "belongs to the outage of its site"},
	} {
		if n.yes {
			notes = append(notes, n.text)
		}
	}
	blocked := ""
	if x.BlockedMinutes > 0 {
		blocked = "about " + short(x.BlockedMinutes) + " minutes of work a day"
	}
	s.block("  ",
		pair{"state", ruleState(*r), ""},
		pair{"family", r.Family, ""},
		pair{"judges", r.Subject + " of " + strings.Join(x.Kinds, ", "), ""},
		pair{"systems", x.OS, ""},
		pair{"special", notes, ""},
		pair{"costs a user", blocked, ""},
		pair{"fires now", fmt.Sprint(r.Open), ""},
		pair{"was useful", usefulWords(r.Outcomes), ""},
		pair{"counted since", r.Outcomes.Since, ""},
		pair{"set otherwise", changedAt(r.Changed), ""},
		pair{"by", changedBy(r.Changed), ""},
	)
	s.heading("Levels")
	for _, lv := range x.Levels {
		s.say("  %s", urgency(lv.Severity))
		s.paragraph("    ", "when "+lv.When)
		var more []string
		if lv.HoldSeconds > 0 {
			more = append(more, "for "+length(time.Duration(lv.HoldSeconds)*time.Second))
			if lv.PlainHold != nil {
				more[0] += " (" + length(time.Duration(*lv.PlainHold)*time.Second) + " by the files)"
			}
		}
		if lv.Samples > 1 {
			more = append(more, "in "+plural(lv.Samples, "reading", "readings"))
		}
		if len(more) > 0 {
			s.say("    %s at least", strings.Join(more, " and "))
		}
		if lv.Clear != "" {
			s.paragraph("    ", "ends when "+lv.Clear)
		}
		if lv.ClearForSeconds > 0 {
			s.say("    ends after %s of that", length(time.Duration(lv.ClearForSeconds)*time.Second))
		}
	}
	if len(x.Limits) > 0 {
		s.heading("Limits")
		var pairs []pair
		for _, name := range slices.Sorted(maps.Keys(x.Limits)) {
			l := x.Limits[name]
			text := strings.TrimSpace(short(l.Default) + " " + l.Unit)
			for _, model := range slices.Sorted(maps.Keys(x.Limits[name].Models)) {
				text += fmt.Sprintf("; %s for %s", short(x.Limits[name].Models[model]), model)
			}
			fence := short(l.Least) + " to " + short(l.Most)
			if l.Plain != nil {
				fence += "; by the files " + short(l.Plain.Default)
			}
			text += " (" + fence + ")"
			if l.Label != "" {
				text += ": " + l.Label
			}
			pairs = append(pairs, pair{name, text, ""})
		}
		s.block("  ", pairs...)
	}
	if r.Changed != nil && r.Changed.Reason != "" {
		s.prose("Why it was set otherwise", r.Changed.Reason)
	}
	s.heading("What goes in")
	var pairs []pair
	for _, in := range x.Inputs {
		doc := strings.TrimSuffix(in.Doc, ".")
		if doc == "" {
			doc = "-"
		}
		pairs = append(pairs, pair{in.Name, doc, ""})
	}
	s.block("  ", pairs...)
	s.prose("What it means", x.Texts.Meaning)
	s.heading("First checks")
	for i, check := range x.Texts.Checks {
		for n, line := range wrap(clean(check), cardWidth-6) {
			if n == 0 {
				s.say("  %d  %s", i+1, line)
			} else {
				s.say("     %s", line)
			}
		}
	}
	s.prose("How likely it is", x.Texts.Likelihood)
	s.prose("What would prove it wrong", x.Texts.Disproof)
	s.prose("When to hand it on", x.Texts.Escalate)
	s.prose("Where the limits come from", x.Texts.Source+" ("+x.Texts.Basis+")")
	if len(x.Cases) > 0 {
		s.prose("Proved by", strings.Join(x.Cases, "; "))
	}
	return nil
}

func (s *session) ruleReset() *cobra.Command {
	return s.command(verb{
		use:   "reset RULE",
		short: "Forget how useful a rule was, and switch it on again",
		long: `Forget how useful a rule was, so that it is no longer lowered, and switch it on
again where the collector switched it off. A rule that its file disables stays
disabled.`,
		example: `muster rule reset D06`,
		run: func(ctx context.Context, args []string) error {
			c, err := s.client()
			if err != nil {
				return err
			}
			r, err := c.RuleReset(ctx, api.RuleInput{ID: args[0]})
			if err != nil {
				return err
			}
			return s.did(r, "rule %s counts from now on", r.Rule.ID)
		},
	})
}

func (s *session) ruleReplay() *cobra.Command {
	var in api.ReplayOrder
	var since string
	c := s.command(verb{
		use:   "replay RULE|FILE [FILTER...]",
		short: "Tell what a rule would have found, from what the collector has kept",
		long: `Tell what a rule in use, or the one in a FILE that is not in use yet, would have
found of up to 200 devices since a time, from what the collector has kept.
Nothing is recorded and nobody is told. It needs an account without a scope,
because it reads much; one goes on at a time.`,
		example: `
			muster rule replay D02 --since 30d
			muster rule replay X17.yaml 'site:health/hartford' --devices 200`,
		run: func(ctx context.Context, args []string) (err error) {
			in.Filter = strings.Join(args[1:], " ")
			if in.Since, err = s.since(since); err != nil {
				return err
			}
			c, err := s.client()
			if err != nil {
				return err
			}
			id := args[0]
			if isYAML(id) {
				text, err := os.ReadFile(id)
				if err != nil {
					return fileError("read", id, err)
				}
				in.Text, id = string(text), strings.TrimSuffix(filepath.Base(id), filepath.Ext(id))
			}
			x, err := c.RuleReplay(ctx, api.RuleReplayInput{ID: id, Body: in})
			if err != nil {
				return err
			}
			return s.showReplay(&x)
		},
	})
	c.Flags().StringVar(&since, "since", "", "from this `time` on, at most 90 days ago (default 7 days)")
	c.Flags().IntVar(&in.Limit, "devices", 0, "look at `n` devices at most, up to 200 (default 50)")
	return c
}

func (s *session) showReplay(x *api.Replay) error {
	g := newGrid("name", "urgency", "part", "from", "to", "evidence")
	if s.output == "csv" {
		g = newGrid("device", "name", "component", "label", "severity", "backlog", "from", "to", "evidence")
	}
	for _, f := range x.Findings {
		if s.output == "csv" {
			g.add(f.Device, f.Name, f.Component, f.Label, f.Severity, f.Backlog, f.From, f.To, evidenceLines(f.Evidence))
			continue
		}
		part := f.Label
		if part == "" {
			part = f.Component
		}
		var to any = f.To
		if f.To.IsZero() {
			to = "still"
		}
		g.add(f.Name, urgency(f.Severity), part, f.From, to, evidenceLines(f.Evidence))
	}
	if err := s.show(g, x, fmt.Sprintf("rule %s would have found nothing", x.Rule)); err != nil {
		return err
	}
	if s.output == "table" {
		s.note("%s since %s: %s on %d of %s", x.Rule, s.look().time(x.Since), plural(len(x.Findings), "finding", "findings"), devicesFound(x), plural(x.Looked, "device", "devices"))
	}
	switch {
	case x.Stopped:
		s.note("time was up after %d of %d devices: ask for fewer, or less far back", x.Looked, x.Matched)
	case x.Looked < x.Matched:
		s.note("%d of the %d devices that the filter chooses were looked at; --devices 200 looks at more", x.Looked, x.Matched)
	}
	s.hiddenNote(x.Hidden)
	return nil
}

func devicesFound(x *api.Replay) int {
	seen := map[string]bool{}
	for _, f := range x.Findings {
		seen[string(f.Device)] = true
	}
	return len(seen)
}
