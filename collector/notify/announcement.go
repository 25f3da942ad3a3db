package notify

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Kind is what happened to an incident.
type Kind string

// The kinds.
const (
	Opened    Kind = "opened"
	Worse     Kind = "worse"     // a higher severity, or more devices in a way that matters
	Escalated Kind = "escalated" // by a person
	Resolved  Kind = "resolved"
)

// Severity of an incident.
type Severity string

// The severities.
const (
	Info     Severity = "info"
	Warn     Severity = "warn"
	Critical Severity = "critical"
)

// rank orders severities; 0 is none that is known.
func (s Severity) rank() int {
	switch s {
	case Info:
		return 1
	case Warn:
		return 2
	case Critical:
		return 3
	}
	return 0
}

// Announcement is one thing to tell. Its texts may come from devices and are
// not trusted: they are bounded when stored, and cleaned when a message is
// made.
type Announcement struct {
	ID   string    `json:"id"` // the same however often it is announced; printable ASCII, at most 200 bytes
	At   time.Time `json:"at"`
	Kind Kind      `json:"kind"`
	By   string    `json:"by,omitempty"`   // the account that escalated or resolved
	Note string    `json:"note,omitempty"` // what it wrote

	Incident Incident `json:"incident"`
}

// Incident as it stood when it was announced.
type Incident struct {
	Number   int64    `json:"number"`
	Title    string   `json:"title"` // in plain words: "Disk reports that it is failing"
	Severity Severity `json:"severity"`
	Family   string   `json:"family,omitempty"`
	Rule     string   `json:"rule,omitempty"`
	Cause    string   `json:"cause,omitempty"` // what its findings share: "driver e1000e 3.8.4 on ProDesk 600"
	Agency   string   `json:"agency,omitempty"`
	Site     string   `json:"site,omitempty"`   // empty, as Agency, when there are several
	Places   []Place  `json:"places,omitempty"` // all of them, when there are several

	Meaning  string   `json:"meaning,omitempty"`
	Checks   []string `json:"checks,omitempty"` // what to look at first, at most three are shown
	Escalate string   `json:"escalate,omitempty"`
	Evidence []string `json:"evidence,omitempty"`

	Devices     []Device  `json:"devices,omitempty"` // the worst first; need not be all
	DeviceCount int       `json:"device_count,omitempty"`
	OpenedAt    time.Time `json:"opened_at"`
	URL         string    `json:"url,omitempty"`
	Backlog     bool      `json:"backlog,omitempty"` // it was there when its device was enrolled
}

// Place is a site of an agency, by their names.
type Place struct {
	Agency string `json:"agency"`
	Site   string `json:"site"`
}

// Device that an incident is about.
type Device struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Kind   string `json:"kind,omitempty"`
	User   string `json:"user,omitempty"` // personal: sent only by a route with Personal
	Agency string `json:"agency,omitempty"`
	Site   string `json:"site,omitempty"`
	Port   string `json:"port,omitempty"` // switch and port it hangs at
}

// Bounds of an announcement; longer texts and lists are cut.
const (
	maxID       = 200
	maxTitle    = 160 // runes, as all texts
	maxText     = 1000
	maxName     = 100
	maxURL      = 500 // bytes; longer ones are left out, a cut one leads nowhere
	maxChecks   = 5
	maxEvidence = 10
	maxDevices  = 50
	maxPlaces   = 200
)

// Check says what makes an announcement unfit to be stored.
func (a Announcement) Check() error {
	switch {
	case a.ID == "" || len(a.ID) > maxID:
		return fmt.Errorf("announcement with an ID of %d bytes: 1 to %d are expected", len(a.ID), maxID)
	case strings.ContainsFunc(a.ID, func(r rune) bool { return r <= ' ' || r > '~' }):
		return fmt.Errorf("announcement %q: its ID is not of printable ASCII", a.ID)
	case a.Kind != Opened && a.Kind != Worse && a.Kind != Escalated && a.Kind != Resolved:
		return fmt.Errorf("announcement %s: its kind %q is not known", a.ID, a.Kind)
	case a.Incident.Severity.rank() == 0:
		return fmt.Errorf("announcement %s: its severity %q is not known", a.ID, a.Incident.Severity)
	case a.Incident.Number <= 0:
		return fmt.Errorf("announcement %s: %w", a.ID, errors.New("it names no incident"))
	}
	return nil
}

// Bounded is the announcement with everything cut to size; the texts stay raw.
func (a Announcement) Bounded() Announcement { return a.shape(cut) }

// clean is what people may be shown: bounded, on one line each, and without
// characters that reorder or hide text.
func (a Announcement) clean() Announcement { return a.shape(Line) }

func (a Announcement) shape(f func(string, int) string) Announcement {
	i := &a.Incident
	a.By, a.Note = f(a.By, maxName), f(a.Note, maxText)
	i.Title, i.Family, i.Rule, i.Cause = f(i.Title, maxTitle), f(i.Family, maxName), f(i.Rule, maxName), f(i.Cause, maxText)
	i.Agency, i.Site = f(i.Agency, maxName), f(i.Site, maxName)
	i.Meaning, i.Escalate = f(i.Meaning, maxText), f(i.Escalate, maxText)
	i.Checks, i.Evidence = list(i.Checks, maxChecks, f), list(i.Evidence, maxEvidence, f)
	i.DeviceCount = max(i.DeviceCount, len(i.Devices))
	i.URL = link(i.URL)
	devices := make([]Device, 0, min(len(i.Devices), maxDevices))
	for _, d := range i.Devices[:min(len(i.Devices), maxDevices)] {
		devices = append(devices, Device{ID: f(d.ID, maxName), Name: f(d.Name, maxName), Kind: f(d.Kind, maxName), User: f(d.User, maxName),
			Agency: f(d.Agency, maxName), Site: f(d.Site, maxName), Port: f(d.Port, maxName)})
	}
	i.Devices = devices
	places := make([]Place, 0, min(len(i.Places), maxPlaces))
	for _, p := range i.Places[:min(len(i.Places), maxPlaces)] {
		places = append(places, Place{f(p.Agency, maxName), f(p.Site, maxName)})
	}
	i.Places = places
	return a
}

func list(in []string, most int, f func(string, int) string) []string {
	out := make([]string, 0, min(len(in), most))
	for _, s := range in[:min(len(in), most)] {
		out = append(out, f(s, maxText))
	}
	return out
}

// cut shortens to n runes and says so.
func cut(s string, n int) string {
	if len(s) <= n { // as bytes, so as runes
		return s
	}
	for at := range s {
		if n--; n < 0 {
			return s[:at] + "…"
		}
	}
	return s
}

// link is an address of a page, or nothing: only http and https lead somewhere
// that a person may be sent to.
func link(u string) string {
	if len(u) > maxURL || !strings.HasPrefix(u, "https://") && !strings.HasPrefix(u, "http://") {
		return ""
	}
	if strings.ContainsFunc(u, func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune("<>\"'`|\\", r) }) {
		return ""
	}
	return u
}

// Line is a text as a person may be shown it: one line of at most n runes, in
// valid UTF-8, without control characters and without those that reorder or
// hide text (Unicode TR #36 §2.10: bidirectional controls, zero-width space,
// soft hyphen, tags).
func Line(s string, n int) string {
	var b strings.Builder
	space := true // none at the start
	for _, r := range s {
		switch {
		case r < ' ' || r >= 0x7f && r < 0xa0 || r == 0x2028 || r == 0x2029 || r == ' ' || r == 0xa0:
			if space {
				continue
			}
			r, space = ' ', true
		case hidden(r):
			continue
		default:
			space = false
		}
		if n--; n < 0 {
			b.WriteRune('…')
			break
		}
		b.WriteRune(r)
	}
	return strings.TrimRight(b.String(), " ")
}

func hidden(r rune) bool {
	return r == 0xad || r == 0x61c || r == 0x180e || r == 0x200b || r == 0x200e || r == 0x200f ||
		r >= 0x202a && r <= 0x202e || r >= 0x2060 && r <= 0x206f || r == 0xfeff || r >= 0xfff9 && r <= 0xfffb ||
		r >= 0xe0000 && r <= 0xe007f
}
