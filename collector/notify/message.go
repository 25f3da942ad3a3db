package notify

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// MessageKind is what a message is about.
type MessageKind string

// The kinds of messages.
const (
	Notices MessageKind = "notices" // incidents, one or several
	Storm   MessageKind = "storm"   // the brake: a summary, and silence after it
	Summary MessageKind = "digest"  // the morning's
	Probe   MessageKind = "test"    // somebody pressed "send a test"
	Board   MessageKind = "summary" // figures of a week or a month; mailed only
)

// Message is what a channel sends. All texts are cleaned: one line each and
// bounded; what the far side reads as markup a channel has to escape.
type Message struct {
	ID      string       `json:"id"` // stays the same when it is sent again
	Kind    MessageKind  `json:"kind"`
	At      time.Time    `json:"at"`
	Notices []Notice     `json:"notices,omitempty"` // the most severe first
	More    []Tally      `json:"more,omitempty"`    // incidents beyond those in Notices, by place and severity
	Numbers []int64      `json:"numbers,omitempty"` // and their numbers
	Until   time.Time    `json:"until,omitzero"`    // Storm: nothing is sent before
	Digest  *DigestLines `json:"digest,omitempty"`
	Sheet   *Sheet       `json:"sheet,omitempty"` // Board
	To      []string     `json:"to,omitempty"`    // addresses in the place of a mail channel's own
	URL     string       `json:"url,omitempty"`   // the list of incidents; of Board the page with the figures
	Zone    string       `json:"zone,omitempty"`  // in which its times are shown; empty: UTC

	// Attempt counts from 1. A channel with several recipients may wait for
	// all of them at first, and do without some later.
	Attempt int `json:"-"`
}

// Notice tells of one incident: as it stands, and what became of it since
// people last heard.
type Notice struct {
	Announcement
	Past      []Step `json:"past,omitempty"` // earlier ones that are folded into it, oldest first
	Elsewhere bool   `json:"elsewhere,omitempty"`
}

// Step is one thing that happened.
type Step struct {
	Kind Kind      `json:"kind"`
	At   time.Time `json:"at"`
}

// Tally counts incidents that are alike.
type Tally struct {
	Place    string   `json:"place"` // agency / site
	Severity Severity `json:"severity"`
	Count    int      `json:"count"`
}

// Sheet is the content of a Board.
type Sheet struct {
	Subject string `json:"subject"`
	Parts   []Part `json:"parts"`
	Files   []File `json:"files,omitempty"`
}

// File goes along with a mail.
type File struct {
	Name string `json:"name"`
	Type string `json:"type"` // media type
	Body []byte `json:"body"`
}

// DigestLines is the content of a morning digest.
type DigestLines struct {
	Since   time.Time `json:"since"`
	Opened  []Waiting `json:"opened"`  // since then, and still open
	Waiting []Waiting `json:"waiting"` // from before
	// How many there are in all: the lists above are cut.
	OpenedCount  int     `json:"opened_count"`
	WaitingCount int     `json:"waiting_count"`
	Unclaimed    int     `json:"unclaimed"` // of both, nobody works on
	Backlog      []Tally `json:"backlog"`   // what was there at enrolment, by severity
}

// Waiting is one incident in a digest.
type Waiting struct {
	Number   int64     `json:"number"`
	Title    string    `json:"title"`
	Severity Severity  `json:"severity"`
	Place    string    `json:"place"`
	Devices  string    `json:"devices"` // the first name, and how many more
	OpenedAt time.Time `json:"opened_at"`
	State    string    `json:"state,omitempty"` // "claimed by ines", "snoozed until 14 Mar"
	URL      string    `json:"url,omitempty"`
}

// Incident is the one that the message is about, 0 when there are none or
// several. Messages about one incident belong together.
func (m *Message) Incident() int64 {
	if len(m.Notices) == 1 && len(m.Numbers) == 0 && m.Kind == Notices {
		return m.Notices[0].Incident.Number
	}
	return 0
}

// Severity is the highest in the message.
func (m *Message) Severity() Severity {
	worst := Info
	see := func(s Severity) {
		if s.rank() > worst.rank() {
			worst = s
		}
	}
	for _, n := range m.Notices {
		see(n.Incident.Severity)
	}
	for _, t := range m.More {
		see(t.Severity)
	}
	if d := m.Digest; d != nil {
		for _, w := range slices.Concat(d.Opened, d.Waiting) {
			see(w.Severity)
		}
	}
	return worst
}

// Incidents is how many it tells of.
func (m *Message) Incidents() int { return len(m.Notices) + len(m.Numbers) }

// Subject is one line of at most about 130 letters. It begins with a word in
// brackets, so that a list sorted by subject is sorted by what matters.
func (m *Message) Subject() string {
	switch m.Kind {
	case Probe:
		return "[test] Notices from Muster arrive here"
	case Summary:
		d := m.Digest
		return fmt.Sprintf("[morning] %s new, %d waiting, %d unclaimed", plural(d.OpenedCount, "incident"), d.WaitingCount, d.Unclaimed)
	case Board:
		return "[summary] " + m.Sheet.Subject
	case Storm:
		return fmt.Sprintf("[storm] %s at once; the next message comes at %s", plural(m.Incidents(), "incident"), m.clock(m.Until))
	}
	if len(m.Notices) == 0 {
		return "[info] Nothing to tell"
	}
	first := &m.Notices[0]
	tag := string(first.Incident.Severity)
	switch {
	case first.Kind == Resolved:
		tag = "resolved"
	case first.Kind == Escalated, first.Kind == Worse && !slices.ContainsFunc(first.Past, func(s Step) bool { return s.Kind == Opened }):
		tag += ", " + string(first.Kind)
	}
	what := fmt.Sprintf("#%d %s", first.Incident.Number, cut(first.Incident.Title, 60))
	if n := m.Incidents(); n > 1 {
		return fmt.Sprintf("[%s] %s: %s, and %d more", tag, plural(n, "incident"), what, n-1)
	}
	if names := first.machines(1); names != "" {
		what += ": " + cut(names, 40)
	}
	if place := first.Incident.place(); place != "" {
		what += ", " + cut(place, 40)
	}
	return fmt.Sprintf("[%s] %s", tag, what)
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// place is where an incident is, as people say it.
func (i *Incident) place() string {
	switch {
	case i.Agency != "" && i.Site != "":
		return i.Agency + " / " + i.Site
	case i.Agency != "" || i.Site != "":
		return i.Agency + i.Site
	case len(i.Places) == 1:
		return i.Places[0].Agency + " / " + i.Places[0].Site
	case len(i.Places) > 1:
		return plural(len(i.Places), "site")
	}
	return ""
}

// machines names the first n devices, and how many more there are.
func (n *Notice) machines(most int) string { return machines(&n.Incident, most) }

func machines(i *Incident, most int) string {
	var names []string
	for _, d := range i.Devices[:min(len(i.Devices), most)] {
		name := d.Name
		if name == "" {
			name = d.ID
		}
		if d.User != "" {
			name += " (" + d.User + ")"
		}
		names = append(names, name)
	}
	count := max(i.DeviceCount, len(i.Devices))
	switch left := count - len(names); {
	case len(names) == 0 && count == 0:
		return ""
	case len(names) == 0:
		return plural(count, "machine")
	case left > 0:
		return fmt.Sprintf("%s and %d more", strings.Join(names, ", "), left)
	}
	return strings.Join(names, ", ")
}

// clock shows the time of the day where the office is, moment also the date.
func (m *Message) clock(t time.Time) string { return t.In(m.zone()).Format("15:04 MST") }

func (m *Message) moment(t time.Time) string {
	return t.In(m.zone()).Format("Mon 2 Jan 2006 15:04 MST")
}

func (m *Message) zone() *time.Location {
	if m.Zone == "" {
		return time.UTC
	}
	return inZone(m.Zone)
}
