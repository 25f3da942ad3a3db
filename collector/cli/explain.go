package cli

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"muster/collector/api"
	"muster/collector/health"
)

func (s *session) explainCommand() *cobra.Command {
	return s.command(verb{
		use:   "explain FINDING|DEVICE [RULE] [COMPONENT]",
		short: "Explain a finding, or what a rule says of a device",
		long: `Explain a finding by its number, or what a RULE says of a DEVICE now, of each of
its drives, volumes or ports or of one COMPONENT: each level with its condition
and whether it is true, what goes in, what is not known and why, and where the
limits come from. Without a RULE: in a line each, what all rules for such
devices say, and which cannot see what they need.`,
		example: `
			muster explain 5120
			muster explain pc-104
			muster explain pc-104 D02
			muster explain sw-3 N07 Gi1/0/31`,
		run: func(ctx context.Context, args []string) error {
			var finding int64
			if len(args) == 1 {
				if n, err := numbered("finding", args[0]); err == nil {
					finding = n
				}
			}
			c, err := s.client()
			if err != nil {
				return err
			}
			var x api.Explanations
			if finding > 0 {
				x, err = c.FindingExplain(ctx, api.FindingInput{ID: finding})
			} else {
				in := api.RuleExplainInput{Device: args[0]}
				if len(args) > 1 {
					in.Rule = args[1]
				}
				if len(args) == 3 {
					in.Component = args[2]
				}
				x, err = c.RuleExplain(ctx, in)
			}
			if err != nil {
				return err
			}
			if finding == 0 && len(args) == 1 && s.output == "table" {
				return s.allRules(x)
			}
			return s.showExplanations(x)
		},
	})
}

func (s *session) showExplanations(x api.Explanations) error {
	switch s.output {
	case "json":
		return s.json(x)
	case "csv":
		g := newGrid("device", "name", "rule", "component", "state", "severity", "since", "judged_at", "input", "value", "unseen")
		for _, e := range x.Explanations {
			for _, in := range e.Inputs {
				g.add(e.Device, e.Name, e.Rule, e.Component, e.State, e.Severity, e.Since, e.JudgedAt, in.Name, in.Value, whyUnseen(&e, in.Name))
			}
		}
		return s.csv(g)
	}
	if len(x.Explanations) == 0 {
		s.note("the device has nothing that this rule judges")
		return nil
	}
	for i := range x.Explanations {
		if i > 0 {
			s.say("")
		}
		s.explanation(&x.Explanations[i], i == len(x.Explanations)-1)
	}
	s.hiddenNote(x.Hidden)
	return nil
}

// allRules says of each rule what it says of a device: what fires first, then
// what cannot be seen, then what is fine.
func (s *session) allRules(x api.Explanations) error {
	order := []string{"firing", "pending", "unseen", "none"}
	said := map[string]string{"pending": "not for long enough yet", "unseen": "cannot see", "none": "fine"}
	slices.SortStableFunc(x.Explanations, func(a, b health.Explanation) int {
		return cmp.Compare(slices.Index(order, a.State), slices.Index(order, b.State))
	})
	g := newGrid("rule", "says", "what", "part", "not known")
	count := map[string]int{}
	for _, e := range x.Explanations {
		count[e.State]++
		says := said[e.State]
		switch {
		case e.Off != "":
			says = "switched off"
		case e.State == "firing":
			says = urgency(e.Severity)
		}
		missing := ""
		if e.State == "unseen" && len(e.Unseen) > 0 {
			missing = e.Unseen[0]
		}
		g.add(e.Rule, says, e.Title, cmp.Or(e.Label, e.Component), missing)
	}
	if err := s.show(g, x, "no rule is for such a device"); err != nil {
		return err
	}
	s.note("%d fire, %d cannot see what they need, %d find nothing; muster explain DEVICE RULE tells why", count["firing"], count["unseen"], count["none"]+count["pending"])
	s.hiddenNote(onlyParts(x.Hidden))
	return nil
}

// verdict is what a rule says, in a sentence.
func verdict(l look, e *health.Explanation) string {
	subject := e.Name
	if e.Label != "" {
		subject += " (" + e.Label + ")"
	} else if e.Component != "" {
		subject += " (" + e.Component + ")"
	}
	said := map[string]string{
		"none": "says nothing", "unseen": "cannot tell: nothing it asks for is known",
		"pending": "is going to say " + urgency(e.Severity) + ", if it stays so", "firing": "says " + urgency(e.Severity),
	}[e.State]
	if said == "" {
		said = e.State
	}
	text := "Rule " + e.Rule + " " + said + " of " + subject
	if e.State == "unseen" {
		text = "Rule " + e.Rule + " cannot tell anything of " + subject + ": nothing that it asks for is known"
	}
	if !e.Since.IsZero() && (e.State == "pending" || e.State == "firing") {
		text += ", true since " + l.time(e.Since)
	}
	if e.Off != "" {
		text += ". It is switched off: " + e.Off
	}
	return text + "."
}

func (s *session) explanation(e *health.Explanation, last bool) {
	l := s.look()
	s.say("%s", e.Title)
	s.paragraph("", verdict(l, e))
	if !e.JudgedAt.IsZero() {
		s.say("By the device's report of %s.", l.time(e.JudgedAt))
	}
	if e.Backlog {
		s.say("It was so when the device came.")
	}
	if e.Flapping {
		s.say("It comes and goes, and is held open for a day.")
	}
	s.heading("Levels")
	for _, lv := range e.Levels {
		now := map[string]string{"true": "true", "false": "not true", "unknown": "not known"}[lv.Now]
		if now == "" {
			now = "cannot be asked: " + lv.Now
		}
		if !lv.Since.IsZero() && lv.Now == "true" {
			now += " since " + l.time(lv.Since)
		}
		s.say("  %s: %s", urgency(lv.Severity), now)
		s.paragraph("    ", "when "+lv.When)
		var more []string
		if lv.Hold != "" {
			more = append(more, "for "+lv.Hold)
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
	}
	if len(e.Inputs) > 0 {
		s.heading("What goes in")
		var pairs []pair
		for _, in := range e.Inputs {
			value := quantity(in.Value)
			if value == "" {
				value = "not known"
				if why := whyUnseen(e, in.Name); why != "" {
					value += ": " + why
				}
			}
			if in.Doc != "" {
				value += "   (" + strings.TrimSuffix(in.Doc, ".") + ")"
			}
			pairs = append(pairs, pair{in.Name, value, ""})
		}
		s.block("  ", pairs...)
	}
	if lines := evidenceLines(e.Evidence); len(lines) > 0 {
		s.heading("What is shown with it")
		for _, line := range lines {
			s.paragraph("  ", line)
		}
	}
	if len(e.Others) > 0 {
		s.heading("Also on this device")
		for _, o := range e.Others {
			s.say("  %s", o)
		}
	}
	if !last {
		return // the texts are those of the rule, once is enough
	}
	s.prose("What it means", e.Meaning)
	if e.Likelihood != "" {
		s.prose("How likely it is", e.Likelihood)
	}
	s.prose("What would prove it wrong", e.Disproof)
	s.prose("Where the limits come from", e.Source+" ("+e.Basis+")")
}

// whyUnseen says why an input is not known, where the collector told.
func whyUnseen(e *health.Explanation, name string) string {
	i := slices.IndexFunc(e.Unseen, func(u string) bool { return u == name || strings.HasPrefix(u, name+": ") })
	if i < 0 {
		return ""
	}
	return strings.TrimPrefix(strings.TrimPrefix(e.Unseen[i], name), ": ")
}
