package notify

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Part is a block of a message: a heading and lines. Channels that can show
// more than plain text lay these out in their own way.
type Part struct {
	Heading string
	Tone    Severity // of the incident; empty: neutral
	Lines   []Field
	Table   *Table `json:",omitempty"`
	URL     string // where more of it is
}

// Table is rows under names of their columns, as many in each.
type Table struct {
	Head []string
	Rows [][]string
}

// Field is a line with an optional name before it.
type Field struct {
	Name string
	Text string
	List []string // numbered when Name asks for an order
}

// maxShown is how many machines a notice names.
const maxShown = 10

// Parts is the message in blocks, in the order of reading: what is wrong,
// where, what it means, what to check, when to escalate.
func (m *Message) Parts() []Part {
	var out []Part
	switch m.Kind {
	case Probe:
		return []Part{{Heading: "This is a test", Lines: []Field{
			{Text: "Somebody asked Muster to send it, to see that notices arrive here. Nothing has to be done."},
			{Name: "Sent", Text: m.moment(m.At)},
		}, URL: m.URL}}
	case Storm:
		out = append(out, Part{Heading: "Too much at once", Tone: Critical, Lines: []Field{
			{Text: fmt.Sprintf("Muster has sent many messages here in a short time. This one counts all that waited; the next comes at %s. Nothing is lost: the list of incidents is complete.", m.clock(m.Until))},
			{Text: "Look for what they have in common: one site, one switch, one update. That is the thing to repair."},
		}, URL: m.URL})
	case Summary:
		return m.digestParts()
	case Board:
		out = slices.Clone(m.Sheet.Parts)
		if len(out) > 0 {
			out[len(out)-1].URL = m.URL
		}
		return out
	}
	for n := range m.Notices {
		out = append(out, m.notice(&m.Notices[n]))
	}
	if len(m.More) > 0 {
		out = append(out, Part{Heading: plural(len(m.Numbers), "more incident"), Lines: []Field{{List: tallies(m.More)}}, URL: m.URL})
	}
	return out
}

func tallies(in []Tally) []string {
	var out []string
	for _, t := range in {
		line := fmt.Sprintf("%d %s", t.Count, t.Severity)
		if t.Place != "" {
			line += " at " + t.Place
		}
		out = append(out, line)
	}
	return out
}

// said is what happened, in words.
func said(k Kind) string {
	switch k {
	case Opened:
		return "opened"
	case Worse:
		return "got worse"
	case Escalated:
		return "was escalated"
	}
	return "is over"
}

func (m *Message) notice(n *Notice) Part {
	i := &n.Incident
	p := Part{Heading: i.Title, Tone: i.Severity, URL: i.URL}
	if n.Kind == Resolved {
		p.Tone = ""
	}
	add := func(name, text string) {
		if text != "" {
			p.Lines = append(p.Lines, Field{Name: name, Text: text})
		}
	}
	state := fmt.Sprintf("Incident #%d, %s", i.Number, i.Severity)
	if i.Backlog {
		state += ", there since enrolment"
	}
	for _, s := range n.Past {
		state += fmt.Sprintf("; %s %s", said(s.Kind), m.moment(s.At))
	}
	at := n.At
	if n.Kind == Opened && !i.OpenedAt.IsZero() {
		at = i.OpenedAt // it is told a little later
	}
	state += fmt.Sprintf("; %s %s", said(n.Kind), m.moment(at))
	if n.By != "" {
		state += " by " + n.By
	}
	add("", state+".")
	if n.Kind != Opened && !i.OpenedAt.IsZero() && len(n.Past) == 0 {
		add("Open since", m.moment(i.OpenedAt)+after(i.OpenedAt, n.At))
	}
	add("Note", n.Note)
	add("Where", i.place())
	name := "Machine"
	if i.DeviceCount > 1 {
		name = fmt.Sprintf("%d machines", i.DeviceCount)
	}
	names := n.machines(maxShown)
	if len(i.Devices) == 1 && i.Devices[0].Port != "" {
		names += ", at " + i.Devices[0].Port
	}
	if n.Elsewhere {
		names = strings.TrimPrefix(names+"; those at other sites are not named here", "; ")
	}
	add(name, names)
	add("In common", i.Cause)
	if n.Kind == Resolved {
		return p
	}
	add("What it means", i.Meaning)
	if checks := i.Checks[:min(len(i.Checks), 3)]; len(checks) > 0 {
		p.Lines = append(p.Lines, Field{Name: "Check first", List: checks})
	}
	add("Escalate", i.Escalate)
	if len(i.Evidence) > 0 {
		p.Lines = append(p.Lines, Field{Name: "Seen", List: i.Evidence})
	}
	if i.URL == "" && i.Number > 0 {
		add("All of it", fmt.Sprintf("muster incident show %d", i.Number))
	}
	return p
}

// after tells how long, as people say it.
func after(from, to time.Time) string {
	switch d := to.Sub(from); {
	case d >= 48*time.Hour:
		return fmt.Sprintf(", for %d days", int(d/(24*time.Hour)))
	case d >= 2*time.Hour:
		return fmt.Sprintf(", for %d hours", int(d/time.Hour))
	case d >= 2*time.Minute:
		return fmt.Sprintf(", for %d minutes", int(d/time.Minute))
	}
	return ""
}

func (m *Message) digestParts() []Part {
	d := m.Digest
	one := func(w Waiting) string {
		line := fmt.Sprintf("#%d %s, %s", w.Number, w.Severity, w.Title)
		for _, s := range []string{w.Devices, w.Place} {
			if s != "" {
				line += ", " + s
			}
		}
		line += ", since " + m.moment(w.OpenedAt)
		if w.State != "" {
			line += ", " + w.State
		}
		return line
	}
	list := func(heading string, all []Waiting, count int) Part {
		p := Part{Heading: fmt.Sprintf("%s: %d", heading, count)}
		var lines []string
		for _, w := range all {
			lines = append(lines, one(w))
		}
		if left := count - len(all); left > 0 {
			lines = append(lines, fmt.Sprintf("and %d more", left))
		}
		if len(lines) > 0 {
			p.Lines = []Field{{List: lines}}
		} else {
			p.Lines = []Field{{Text: "None."}}
		}
		return p
	}
	out := []Part{
		list("Opened since "+m.moment(d.Since), d.Opened, d.OpenedCount),
		list("Still waiting", d.Waiting, d.WaitingCount),
	}
	if len(d.Backlog) > 0 {
		out = append(out, Part{Heading: "Backlog", Lines: []Field{
			{Text: "There when its devices were enrolled, not counted above: " + strings.Join(tallies(d.Backlog), ", ") + "."},
		}})
	}
	out[len(out)-1].URL = m.URL
	return out
}

// Text is the message in plain text, lines ended by \n and not wrapped.
func (m *Message) Text() string {
	var b strings.Builder
	for n, p := range m.Parts() {
		if n > 0 {
			b.WriteString("\n----------------------------------------\n\n")
		}
		fmt.Fprintf(&b, "%s\n\n", p.Heading)
		for _, f := range p.Lines {
			switch {
			case f.Name == "":
				fmt.Fprintf(&b, "%s", f.Text)
			case f.Text == "":
				fmt.Fprintf(&b, "%s:", f.Name)
			default:
				fmt.Fprintf(&b, "%s: %s", f.Name, f.Text)
			}
			for n, one := range f.List {
				if n > 0 || f.Name != "" {
					b.WriteString("\n")
				}
				fmt.Fprintf(&b, "  %d. %s", n+1, one)
			}
			b.WriteString("\n")
		}
		if t := p.Table; t != nil {
			for _, row := range t.Rows {
				fmt.Fprintf(&b, "  %s: ", row[0])
				if len(row) == 2 {
					b.WriteString(row[1])
				} else {
					for i, cell := range row[1:] {
						if i > 0 {
							b.WriteString("; ")
						}
						fmt.Fprintf(&b, "%s %s", t.Head[i+1], cell)
					}
				}
				b.WriteString("\n")
			}
		}
		if p.URL != "" {
			fmt.Fprintf(&b, "\nOpen: %s\n", p.URL)
		}
	}
	return b.String()
}
