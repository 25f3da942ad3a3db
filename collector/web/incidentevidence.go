package web

import (
	"html/template"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	"muster/collector/api"
	"muster/collector/store"
	"muster/collector/web/texts"
)

type evidenceChart struct {
	Title   texts.T
	Picture template.HTML
	Rows    []numbered // the same as numbers
	Flags   []flagged
}

type numbered struct {
	At    time.Time
	Value string
}

// evidence draws the charts of an incident's findings, and lists the rest in
// words.
func (s *Site) evidence(v *visit, p *incidentPage) {
	seen := map[string]bool{}
	class := urgencyClass(p.Incident.Severity)
	findings := slices.Clone(p.Incident.Findings)
	slices.SortStableFunc(findings, func(a, b store.Finding) int {
		return boolOrder(a.Rule == p.Incident.Rule, b.Rule == p.Incident.Rule)
	})
	c := s.clock(v)
	// Of a cause that many share the numbers of one say what the others' would.
	if len(p.Incident.Devices) > 1 && len(findings) > 0 {
		first := findings[0].Device
		findings = slices.DeleteFunc(findings, func(f store.Finding) bool { return f.Device != first })
		p.Example = findings[0].Name
	}
	one := !slices.ContainsFunc(findings, func(f store.Finding) bool { return f.Label != findings[0].Label })
	if one && len(findings) > 1 && p.Example == "" {
		p.Example = findings[0].Label
	}
	for _, f := range findings {
		for _, e := range f.Evidence {
			if e.Measurement == "" {
				if key := f.Label + e.Label + e.Value; e.Value != "" && !seen[key] && len(p.Facts) < 12 {
					seen[key] = true
					label := e.Label
					if f.Label != "" && !one {
						label = f.Label + ": " + label
					}
					p.Facts = append(p.Facts, fact{texts.As(label), texts.As(apart(e.Value))})
				}
				continue
			}
			if len(p.Charts) == 3 {
				continue
			}
			l, unit, err := s.line(v, f, e, 160)
			p.Away = p.Away || away(err)
			if err != nil || len(l.At) < 2 {
				continue
			}
			name, over := chartName(e), spanWord(e.Hours)
			if young(&l) {
				over = texts.F("since {1}", c.At(l.From))
			}
			flags := s.flags(v, f, l)
			ch := evidenceChart{Title: texts.F("{1}, {2}", name, over), Flags: flags}
			if f.Label != "" {
				ch.Title = texts.F("{1} of {2}, {3}", name, f.Label, over)
			}
			words := v.lang.Say(texts.F("Line chart. {1}: {2} at first, {3} at the end.", name, amount(firstOf(l.Value), unit), amount(last(l.Value), unit)))
			ch.Picture = chart(l, class, unit, "", words, flags, c)
			each := max(len(l.At)/10, 1)
			for k := len(l.At) - 1; k >= 0; k -= each {
				if !math.IsNaN(l.Value[k]) {
					ch.Rows = append(ch.Rows, numbered{l.At[k], amount(l.Value[k], unit)})
				}
			}
			p.Charts = append(p.Charts, ch)
		}
	}
}

// ruleTexts find IDs of rules in texts, and those in parentheses.
func ruleTexts() (id, behind *regexp.Regexp) {
	return regexp.MustCompile(`\b[A-Z]\d\d\b`), regexp.MustCompile(` ?\([A-Z]\d\d(?:,? (?:and |or )?[A-Z]\d\d)*\)`)
}

// plain says a text of the catalogue without the IDs of rules, which nobody at a
// desk knows: those that stand behind what is said anyway go, the others become
// what their rules say.
func (s *Site) plain(v *visit, text string) string {
	text = s.behind.ReplaceAllString(text, "")
	if !s.ruleID.MatchString(text) {
		return text
	}
	list, err := v.api.RuleList(v.ctx())
	if err != nil {
		return text
	}
	return s.ruleID.ReplaceAllStringFunc(text, func(id string) string {
		for _, r := range list.Rules {
			if r.ID == id {
				return "“" + r.Title + "”"
			}
		}
		return id
	})
}

// flags are what happened to the device while a chart runs: its findings' own
// steps, and changes that may be the cause.
func (s *Site) flags(v *visit, f store.Finding, l line) []flagged {
	var out []flagged
	add := func(at time.Time, text texts.T) {
		if !at.Before(l.From) && !at.After(l.To) {
			out = append(out, flagged{At: at, Text: text})
		}
	}
	add(f.FiredAt, "Muster found this")
	if f.WorseAt.After(f.FiredAt) {
		add(f.WorseAt, "it got worse")
	}
	if ev, err := v.api.DeviceEvents(v.ctx(), api.DeviceEventsInput{Ref: string(f.Device), From: l.From.UTC().Format(time.RFC3339), Kinds: []string{"boot", "unclean_shutdown", "disk_error", "update_installed"}, Limit: 6}); err == nil {
		for _, e := range ev.Events {
			add(e.At, eventWords(e.Kind))
		}
	}
	slices.SortFunc(out, func(a, b flagged) int { return a.At.Compare(b.At) })
	if len(out) > 6 {
		out = out[:6]
	}
	for k := range out {
		out[k].Letter = string(rune('A' + k))
	}
	return out
}

// eventWords is a kind of event as people say it.
func eventWords(kind string) texts.T { return texts.Known(strings.ReplaceAll(kind, "_", " ")) }
