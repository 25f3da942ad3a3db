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

// cardWidth is the width of prose where the terminal does not say, or is wider
// than anybody reads.
const cardWidth = 84

func (s *session) incidentShow() *cobra.Command {
	return s.command(verb{
		use:   "show NUMBER",
		short: "Show an incident: what is wrong, what to do first, what happened so far",
		long: `Show an incident as a card: what is wrong and where, what Muster saw, what it
means, the first checks, how likely it is, what would prove it wrong, when to
hand it on, and what happened so far.`,
		example: `muster incident show 1042`,
		run: func(ctx context.Context, args []string) error {
			n, err := numbered("incident", args[0])
			if err != nil {
				return err
			}
			c, err := s.client()
			if err != nil {
				return err
			}
			x, err := c.IncidentShow(ctx, api.IncidentInput{Number: n})
			if err != nil {
				return err
			}
			return s.showIncident(&x)
		},
	})
}

func (s *session) showIncident(x *api.IncidentShow) error {
	switch s.output {
	case "json":
		return s.json(x)
	case "csv":
		return s.csv(incidentsCSV([]store.Incident{x.Incident}))
	}
	i := &x.Incident
	s.incidentHead(x)
	s.evidenceCard(i)
	if t := x.Texts; t != nil {
		s.prose("What it means", t.Meaning)
		s.checksCard(i, t)
		s.prose("How likely it is", likelihood(t, x.Outcomes))
		s.prose("What would prove it wrong", t.Disproof)
		s.prose("When to hand it on", t.Escalate)
	} else {
		s.prose("What it means", "Rule "+i.Rule+" is no longer in use, so its texts are gone.")
	}
	s.stepsCard(i)
	s.nextCard(x)
	s.hiddenNote(x.Hidden)
	return nil
}

// heading begins a part of a card.
func (s *session) heading(text string) {
	s.say("")
	s.say("%s", text)
}

// prose is a part of a card that is read.
func (s *session) prose(title, text string) {
	if text == "" {
		return
	}
	s.heading(title)
	s.paragraph("  ", text)
}

// paragraph prints text in lines that are read with ease.
func (s *session) paragraph(indent, text string) {
	width := cardWidth
	if w := s.width(); w > 0 {
		width = min(w, cardWidth)
	}
	for _, line := range wrap(clean(strings.TrimSpace(text)), max(20, width-columns(indent))) {
		s.say("%s", indent+line)
	}
}

// incidentHead is what is wrong, where and since when.
func (s *session) incidentHead(x *api.IncidentShow) {
	i, l := &x.Incident, s.look()
	parts := []string{fmt.Sprintf("Incident %d", i.Number), urgency(i.Severity), s.whoHas(i)}
	switch {
	case i.Status == store.New:
		parts[2] = "nobody has claimed it"
	case i.Status == store.Claimed:
		parts[2] = "claimed by " + i.Assignee
		if !i.ClaimedAt.IsZero() {
			parts[2] += " " + l.age(i.ClaimedAt)
		}
	}
	if i.Backlog {
		parts = append(parts, "was there when the device came")
	}
	if i.Hygiene {
		parts = append(parts, "upkeep")
	}
	if i.Flapping {
		parts = append(parts, "comes and goes")
	}
	s.say("%s", strings.Join(parts, " · "))
	s.paragraph("", sentenceOf(i))
	s.say("")
	var kinds, used, presence []string
	if len(i.Devices) == 1 {
		d := &i.Devices[0]
		kinds = append(kinds, strings.TrimSpace(strings.Join([]string{d.Kind, d.Model}, " ")))
		if d.User != "" {
			used = append(used, d.User)
		}
		if d.Presence != "" {
			presence = append(presence, string(d.Presence))
		}
	}
	machine := machines(i)
	if more := strings.Join(slices.DeleteFunc(append(kinds, presence...), func(t string) bool { return t == "" }), ", "); more != "" {
		machine += " (" + more + ")"
	}
	s.block("  ",
		pair{"machine", machine, ""},
		pair{"machines", s.deviceNames(i), ""},
		pair{"used by", used, ""},
		pair{"place", incidentPlace(i), ""},
		pair{"since", l.time(i.OpenedAt) + ", " + l.age(i.OpenedAt), ""},
		pair{"over", overWords(l, i), ""},
		pair{"people told", toldWords(l, i), ""},
		pair{"rank", rankWords(i), ""},
		pair{"also there", alsoWords(x.Also), ""},
	)
}

// deviceNames lists the devices of an incident of several.
func (s *session) deviceNames(i *store.Incident) string {
	if len(i.Devices) < 2 {
		return ""
	}
	const most = 12
	var names []string
	for _, d := range i.Devices[:min(most, len(i.Devices))] {
		names = append(names, d.Name)
	}
	text := strings.Join(names, ", ")
	if rest := i.Count - len(names); rest > 0 {
		text += fmt.Sprintf(" and %d more", rest)
	}
	return text
}

// evidenceCard is what Muster saw. A chart is told in a sentence, with the
// command that draws its numbers.
func (s *session) evidenceCard(i *store.Incident) {
	const most = 6 // findings in full
	shown := 0
	for n := range i.Findings {
		f := &i.Findings[n]
		if f.State == store.Resolved {
			continue
		}
		if shown == 0 {
			s.heading("What Muster saw")
		}
		if shown++; shown > most {
			continue
		}
		s.paragraph("  ", findingLine(f, i.Count > 1))
		s.evidence("    ", f)
	}
	if shown > most {
		s.say("  and %d more: muster finding list --incident %d", shown-most, i.Number)
	}
}

func (s *session) evidence(indent string, f *store.Finding) {
	var pairs []pair
	for _, e := range f.Evidence {
		if e.Value != "" {
			pairs = append(pairs, pair{e.Label, quantity(e.Value), ""})
		}
	}
	s.block(indent, pairs...)
	for _, e := range f.Evidence {
		if e.Measurement != "" {
			what, command := chartWords(f, e)
			s.paragraph(indent, what)
			s.say("%s  %s", indent, command) // in one piece, to be copied
		}
	}
}

// checksCard is what to do first, with the command that ticks it.
func (s *session) checksCard(i *store.Incident, t *api.RuleTexts) {
	if len(t.Checks) == 0 {
		return
	}
	done := 0
	for n := range t.Checks {
		if checkedOf(i, n+1) {
			done++
		}
	}
	s.heading(fmt.Sprintf("First checks, %d of %d done", done, len(t.Checks)))
	for n, check := range t.Checks {
		mark := "[ ]"
		if checkedOf(i, n+1) {
			mark = "[x]"
		}
		lines := wrap(clean(check), cardWidth-10)
		s.say("  %s %d  %s", mark, n+1, lines[0])
		for _, line := range lines[1:] {
			s.say("         %s", line)
		}
		if did := checkStep(i, n+1); did != nil && did.Text != "" {
			s.paragraph("         ", did.By+": "+did.Text)
		}
		if !checkedOf(i, n+1) && i.Status != store.Closed {
			s.say("         muster incident check %d %d 'what came out'", i.Number, n+1)
		}
	}
}

// checkStep is how a ticked check was last ticked.
func checkStep(i *store.Incident, n int) *store.Step {
	if !checkedOf(i, n) {
		return nil
	}
	for k := range slices.Backward(i.Steps) {
		if st := &i.Steps[k]; st.Do == store.DoCheck && st.Item == n {
			return st
		}
	}
	return nil
}

// stepsCard is what happened so far.
func (s *session) stepsCard(i *store.Incident) {
	if len(i.Steps) == 0 {
		return
	}
	s.heading("What happened so far")
	l := s.look()
	var pairs []pair
	for _, st := range i.Steps {
		pairs = append(pairs, pair{l.time(st.At), stepWords(l, st), ""})
	}
	s.block("  ", pairs...)
}

// nextCard is how to go on.
func (s *session) nextCard(x *api.IncidentShow) {
	i := &x.Incident
	n := i.Number
	var lines []string
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	switch i.Status {
	case store.Closed:
		if i.Useful == "" {
			add("muster incident resolve %d --useful yes|no|wrong   says what came of it", n)
		}
		add("muster incident reopen %d", n)
	case store.New, store.Escalated:
		add("muster incident claim %d", n)
	case store.Claimed:
		add("muster incident release %d   lets somebody else claim it", n)
	case store.Snoozed:
		add("muster incident wake %d", n)
	}
	if i.Status != store.Closed {
		add("muster incident note %d 'what you saw'", n)
		add("muster incident escalate %d --to TEAM --reason 'why'", n)
		if i.Status != store.Snoozed {
			add("muster incident snooze %d --until 3d --reason 'why it can wait'", n)
		}
		add("muster incident resolve %d --useful yes|no|wrong --replaced PART --note 'what was done'", n)
	}
	s.heading("How to go on")
	for _, line := range lines {
		s.say("  %s", line)
	}
}
