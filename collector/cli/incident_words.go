package cli

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"muster/collector/api"
	"muster/collector/store"
	"muster/internal/metric"
)

// sentenceOf is what is wrong in one sentence.
func sentenceOf(i *store.Incident) string {
	text := i.Title
	if i.Kind == store.DeviceIncident {
		text += " on " + machines(i)
	}
	if c := i.Cause; c != nil && c.Ratio > 0 {
		text += fmt.Sprintf(": %.1f times as often as before %s %s", c.Ratio, c.What, c.Value)
	} else if c != nil && c.Lift > 0 {
		text += fmt.Sprintf(": %.0f times as often as in the fleet", c.Lift)
	}
	for _, f := range i.Findings {
		if f.State != store.Firing || i.Cause != nil {
			continue
		}
		var words []string
		for _, e := range f.Evidence {
			if e.Value != "" && len(words) < 3 {
				words = append(words, lowered(e.Label)+" "+quantity(e.Value))
			}
		}
		name := f.Label
		if name == "" {
			name = f.Component
		}
		if name != "" {
			text += " (" + name + ")"
		}
		if len(words) > 0 {
			text += ": " + strings.Join(words, ", ")
		}
		break
	}
	return text + "."
}

// lowered is a label inside a sentence.
func lowered(label string) string {
	if len(label) > 1 && label[1] >= 'a' && label[1] <= 'z' {
		return strings.ToLower(label[:1]) + label[1:]
	}
	return label
}

func overWords(l look, i *store.Incident) string {
	switch {
	case i.ResolvedAt.IsZero():
		return ""
	case i.Replaced != "":
		return l.time(i.ResolvedAt) + ", replaced: " + i.Replaced
	}
	return l.time(i.ResolvedAt)
}

func toldWords(l look, i *store.Incident) string {
	if i.ToldAt.IsZero() {
		return ""
	}
	return l.age(i.ToldAt)
}

// rankWords is where the place in the list comes from.
func rankWords(i *store.Incident) string {
	if len(i.Terms) == 0 {
		return short(i.Rank)
	}
	var words []string
	for _, t := range i.Terms {
		w := t.Name + " " + short(t.Points)
		if t.Why != "" {
			w += " (" + urgencies(singular(t.Why)) + ")"
		}
		words = append(words, w)
	}
	return short(i.Rank) + " = " + strings.Join(words, " + ")
}

// singular mends a text of Muster's own that counts to one.
func singular(text string) string {
	if rest, ok := strings.CutPrefix(text, "1 other kinds "); ok {
		return "1 other kind " + rest
	}
	return text
}

// urgencies puts people's words for severities into a text of Muster's own,
// where they stand at the end of a part of it.
func urgencies(text string) string {
	parts := strings.Split(text, ", ")
	for i, p := range parts {
		words := strings.Split(p, " ")
		last := len(words) - 1
		words[last] = strings.ToLower(urgency(words[last]))
		parts[i] = strings.Join(words, " ")
	}
	return strings.Join(parts, ", ")
}

func alsoWords(list []api.IncidentBrief) string {
	var words []string
	for _, b := range list {
		words = append(words, fmt.Sprintf("%d %s (%s)", b.Number, b.Title, urgency(b.Severity)))
	}
	return strings.Join(words, "; ")
}

// findingLine is a finding in a line.
func findingLine(f *store.Finding, named bool) string {
	text := f.Title
	if named && f.Name != "" {
		text = f.Name + ": " + text
	}
	if f.Label != "" {
		text += ", " + f.Label
	} else if f.Component != "" {
		text += ", " + f.Component
	}
	text += fmt.Sprintf(" (%s, finding %d", f.Rule, f.ID)
	if f.State == store.Pending {
		text += ", not for long enough yet"
	}
	if f.Times > 1 {
		text += fmt.Sprintf(", %d times so far", f.Times)
	}
	return text + ")"
}

// chartWords say in words what a chart would show, and the command that lists
// its numbers.
func chartWords(f *store.Finding, e store.Evidence) (what, command string) {
	name := metric.Series(e.Measurement, e.Field)
	what = e.Label
	if what == "" {
		what = strings.ReplaceAll(name, "_", " ")
	}
	since := fmt.Sprintf("%dh", max(e.Hours, 1))
	if e.Hours >= 48 {
		since = fmt.Sprintf("%dd", e.Hours/24)
	}
	command = "muster series query " + name + " --device " + shellWord(deviceRef(f))
	for _, k := range slices.Sorted(maps.Keys(e.Labels)) {
		command += " --label " + shellWord(k+"="+e.Labels[k])
	}
	return what + ", the last " + length(time.Duration(max(e.Hours, 1))*time.Hour) + ":", command + " --since " + since
}

func deviceRef(f *store.Finding) string {
	if f.Name != "" && clean(f.Name) == f.Name { // else it would not be found
		return f.Name
	}
	return string(f.Device)
}

// likelihood is how often such a finding is true: as the rule's source counts
// it, and as people here said.
func likelihood(t *api.RuleTexts, o api.RuleOutcomes) string {
	text := t.Likelihood
	if n := o.Useful + o.Useless + o.Wrong; n > 0 {
		if text != "" {
			text = strings.TrimSuffix(text, ".") + ". "
		}
		text += fmt.Sprintf("Here, of %s that this rule led: %d useful, %d true but not worth the time, %d wrong.", plural(n, "closed incident", "closed incidents"), o.Useful, o.Useless, o.Wrong)
	}
	if text == "" {
		text = "Nobody has counted yet."
	}
	return text
}

// stepWords is one step in words.
func stepWords(l look, st store.Step) string {
	who := st.By
	if who == "" {
		who = "Muster"
	}
	did := map[string]string{
		"opened": "opened it", "worse": "says it got worse", "better": "says it got better", "joined": "added", "cleared": "saw that it is over", "reopened": "opened it again",
		store.DoClaim: "claimed it", store.DoRelease: "let it go", store.DoNote: "noted", store.DoWake: "took it up again", store.DoReopen: "opened it again",
	}[st.Do]
	switch st.Do {
	case store.DoCheck:
		did = fmt.Sprintf("did check %d", st.Item)
	case store.DoUncheck:
		did = fmt.Sprintf("took the tick off check %d", st.Item)
	case store.DoSnooze:
		did = "put it off until " + l.time(st.Until)
	case store.DoEscalate:
		did = "handed it on to " + st.To
	case store.DoResolve:
		did = "resolved it, useful: " + st.Useful
		if st.Replaced != "" {
			did += ", replaced: " + st.Replaced
		}
		if st.Called {
			did += ", after a call"
		}
	}
	if did == "" {
		did = st.Do
	}
	if text := st.Text; text != "" {
		if st.By == "" && (st.Do == "worse" || st.Do == "better") {
			level, title, more := strings.Cut(text, ": ")
			if text = urgencies(level); more {
				text += ": " + title
			}
		}
		did += ": " + text
	}
	return who + " " + did
}
