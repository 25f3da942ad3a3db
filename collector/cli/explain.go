package cli

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"muster/collector/api"
	"muster/collector/health"
)

func (s *session) explainCommand() *cobra.Command {
	var all bool
	cmd := s.command(verb{
		use:   "explain FINDING|DEVICE [RULE] [COMPONENT]",
		short: "Explain a finding, or what a rule says of a device",
		long: `Explain a finding by its number, or what a RULE says of a DEVICE now, of each of
its drives, volumes or ports or of one COMPONENT: each level with its condition
and whether it is true, what goes in, what is not known and why, and where the
limits come from. Of a rule that judges several parts it is told once, with a line
for each part of which it says something, or nearly, and how many others there
are; --all tells of all. Without a RULE: in a line each, what all rules for such
devices say, and which cannot see what they need.

What the judge holds (fires since when) and what is true now can differ: what
fires goes on until its end has been true for long enough. So each says which
it is, and values that are older than the rest say when they were told.`,
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
				return s.allRules(x, all)
			}
			return s.showExplanations(x, all)
		},
	})
	cmd.Flags().BoolVar(&all, "all", false, "tell also of each part of which a rule says nothing")
	return cmd
}

func (s *session) showExplanations(x api.Explanations, all bool) error {
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
	if len(x.Explanations) == 1 {
		s.explanation(&x.Explanations[0])
	} else {
		s.parts(x.Explanations, all)
	}
	s.hiddenNote(x.Hidden)
	return nil
}

// speaks reports that a rule says something of a part, or nearly.
func speaks(e *health.Explanation) bool {
	return e.State == "firing" || e.State == "pending" ||
		slices.ContainsFunc(e.Levels, func(l health.LevelNow) bool { return l.Now == "true" })
}

// said is what a rule says of a part, in a few words.
func said(e *health.Explanation) string {
	switch {
	case e.Off != "":
		return "switched off"
	case e.State == "firing":
		return urgency(e.Severity)
	case e.State == "pending" || speaks(e):
		return "not for long enough yet"
	case e.State == "unseen":
		return "cannot see"
	}
	return "fine"
}

// loudFirst orders by what rules say: what fires, what may, what cannot be
// seen, what is fine.
func loudFirst(list []health.Explanation) {
	order := []string{"firing", "pending", "unseen", "none"}
	slices.SortStableFunc(list, func(a, b health.Explanation) int {
		return cmp.Compare(slices.Index(order, a.State), slices.Index(order, b.State))
	})
}

// parts explains a rule once, and what it says of each part in a line.
func (s *session) parts(list []health.Explanation, all bool) {
	loudFirst(list)
	l, first := s.look(), &list[0]
	g := newGrid("part", "says", "since:"+unitAgo, "true now", "by")
	count := map[string]int{}
	var rest []string
	for i := range list {
		e := &list[i]
		count[e.State]++
		if !all && !speaks(e) {
			continue
		}
		var levels, inputs []string
		for _, lv := range e.Levels {
			if lv.Now == "true" {
				levels = append(levels, urgency(lv.Severity))
			}
		}
		for _, in := range e.Inputs {
			if in.Value != "" && !strings.HasPrefix(in.Name, "limit.") {
				inputs = append(inputs, in.Name+" "+quantity(in.Value))
			}
		}
		g.add(cmp.Or(e.Label, e.Component), said(e), e.Since, cmp.Or(strings.Join(levels, ", "), "no"), strings.Join(inputs, ", "))
	}
	s.say("%s", first.Title)
	s.paragraph("", "Rule "+first.Rule+" judges "+plural(len(list), "part", "parts")+" of "+first.Name+": it fires of "+strconv.Itoa(count["firing"])+
		", waits to fire of "+strconv.Itoa(count["pending"])+", cannot see "+strconv.Itoa(count["unseen"])+", finds nothing on "+strconv.Itoa(count["none"])+".")
	s.asOf(l, first)
	s.heading("Levels")
	for _, lv := range first.Levels {
		s.say("  %s", urgency(lv.Severity))
		s.level(&lv)
	}
	if len(g.rows) > 0 {
		s.heading("Parts")
		missing, cutAny := s.table(g, s.width(), "  ")
		s.toldNarrow(missing, cutAny)
	}
	if n := len(list) - len(g.rows); n > 0 {
		rest = append(rest, plural(n, "part is", "parts are")+" not shown: --all shows all")
	}
	rest = append(rest, "muster explain "+shellWord(first.Name)+" "+first.Rule+" PART tells all of one")
	s.say("  (%s)", strings.Join(rest, "; "))
	s.ruleProse(first)
}

// asOf says of what time all is that is not what the judge holds.
func (s *session) asOf(l look, e *health.Explanation) {
	switch {
	case !e.AsOf.IsZero() && !e.AsOf.Equal(e.JudgedAt) && !e.JudgedAt.IsZero():
		s.say("What is true now is asked as of %s; the device's newest report is of %s.", l.time(e.AsOf), l.time(e.JudgedAt))
	case !e.JudgedAt.IsZero():
		s.say("What is true now is asked by the device's newest report, of %s.", l.time(e.JudgedAt))
	}
}

// allRules says of each rule what it says of a device: what fires first, then
// what cannot be seen, then what is fine. Parts of which a rule says the same,
// and nothing that matters, share a line.
func (s *session) allRules(x api.Explanations, all bool) error {
	loudFirst(x.Explanations)
	g := newGrid("rule", "says", "what", "part", "not known")
	count := map[string]int{}
	type same struct{ rule, said string }
	line, parts := map[same]int{}, map[same]int{}
	for i := range x.Explanations {
		e := &x.Explanations[i]
		count[e.State]++
		missing := ""
		if e.State == "unseen" && len(e.Unseen) > 0 {
			missing = e.Unseen[0]
		}
		key := same{e.Rule, said(e)}
		at, before := line[key]
		if parts[key]++; !all && !speaks(e) && before {
			g.rows[at][3] = plural(parts[key], "part", "parts")
			continue
		}
		line[key] = len(g.rows)
		g.add(e.Rule, said(e), e.Title, cmp.Or(e.Label, e.Component), missing)
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

func (s *session) explanation(e *health.Explanation) {
	l := s.look()
	s.say("%s", e.Title)
	s.paragraph("", verdict(l, e))
	if (e.State == "firing" || e.State == "pending") && !slices.ContainsFunc(e.Levels, func(lv health.LevelNow) bool { return lv.Now == "true" }) {
		s.paragraph("", "That is what the judge holds. Its condition is not true now; it goes on until what ends it has been true for long enough, or until the device tells more.")
	}
	s.asOf(l, e)
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
		s.level(&lv)
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
			if in.Value != "" && !in.At.IsZero() && e.AsOf.Sub(in.At).Abs() >= time.Minute {
				value += "   told " + l.time(in.At)
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
	s.ruleProse(e)
}

// level is what makes a level true and what ends it.
func (s *session) level(lv *health.LevelNow) {
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

// ruleProse is what a rule tells of itself.
func (s *session) ruleProse(e *health.Explanation) {
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
