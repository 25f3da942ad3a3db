package notify

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func full() Message {
	at := time.Date(2026, 3, 4, 14, 5, 0, 0, time.UTC)
	a := Announcement{ID: "incident/142/worse/2", At: at, Kind: Worse, Incident: Incident{
		Number: 142, Title: "Disk reports that it is failing", Severity: Critical, Agency: "North", Site: "Hartford",
		Meaning: "The drive itself says it can no longer be trusted.", Cause: "model X-500",
		Checks:   []string{"See when the last backup ran", "Ask the user to save", "Read what tripped", "a fourth"},
		Escalate: "At once.", Evidence: []string{"wear 104 %"},
		Devices:     []Device{{Name: "pc-0142", User: "j.doe", Port: "sw-2 Gi1/0/7"}},
		DeviceCount: 1, OpenedAt: at.Add(-26 * time.Hour), URL: "https://muster.example.org/incidents/142",
	}}
	return Message{ID: "n-1", Kind: Notices, At: at, Zone: "America/New_York", Notices: []Notice{{Announcement: a}}}
}

func TestTextOfOne(t *testing.T) {
	m := full()
	want := `Disk reports that it is failing

Incident #142, critical; got worse Wed 4 Mar 2026 09:05 EST.
Open since: Tue 3 Mar 2026 07:05 EST, for 26 hours
Where: North / Hartford
Machine: pc-0142 (j.doe), at sw-2 Gi1/0/7
In common: model X-500
What it means: The drive itself says it can no longer be trusted.
Check first:
  1. See when the last backup ran
  2. Ask the user to save
  3. Read what tripped
Escalate: At once.
Seen:
  1. wear 104 %

Open: https://muster.example.org/incidents/142
`
	if got := m.Text(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got, want := m.Subject(), "[critical, worse] #142 Disk reports that it is failing: pc-0142 (j.doe), North / Hartford"; got != want {
		t.Errorf("subject %q", got)
	}
	m.Notices[0].Kind, m.Notices[0].By, m.Notices[0].Note = Resolved, "ines", "drive replaced"
	m.Notices[0].Past = []Step{{Opened, m.At.Add(-26 * time.Hour)}}
	want = `Disk reports that it is failing

Incident #142, critical; opened Tue 3 Mar 2026 07:05 EST; is over Wed 4 Mar 2026 09:05 EST by ines.
Note: drive replaced
Where: North / Hartford
Machine: pc-0142 (j.doe), at sw-2 Gi1/0/7
In common: model X-500

Open: https://muster.example.org/incidents/142
`
	if got := m.Text(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := m.Subject(); !strings.HasPrefix(got, "[resolved] #142 ") {
		t.Errorf("subject %q", got)
	}
}

func TestTextOfMany(t *testing.T) {
	m := full()
	second := m.Notices[0]
	second.Incident.Number, second.Incident.Severity, second.Incident.Title = 7, Warn, "Link flaps"
	m.Notices = append(m.Notices, second)
	m.Numbers, m.More = []int64{8, 9, 10}, []Tally{{"North / Utica", Warn, 2}, {"", Info, 1}}
	m.URL = "https://muster.example.org/incidents"
	if got, want := m.Subject(), "[critical, worse] 5 incidents: #142 Disk reports that it is failing, and 4 more"; got != want {
		t.Errorf("subject %q", got)
	}
	if m.Incident() != 0 || m.Severity() != Critical {
		t.Errorf("it is about %d, %s", m.Incident(), m.Severity())
	}
	text := m.Text()
	for _, part := range []string{"Link flaps\n", "3 more incidents\n\n  1. 2 warn at North / Utica\n  2. 1 info\n\nOpen: https://muster.example.org/incidents\n"} {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in\n%s", part, text)
		}
	}
	m.Kind, m.Until = Storm, m.At.Add(time.Hour)
	if got, want := m.Subject(), "[storm] 5 incidents at once; the next message comes at 10:05 EST"; got != want {
		t.Errorf("subject %q", got)
	}
	if !strings.Contains(m.Text(), "the next comes at 10:05 EST") {
		t.Error(m.Text())
	}
}

// Shorter is not less: every incident is still counted.
func TestShorten(t *testing.T) {
	m := full()
	first := m.Notices[0]
	first.Incident.Evidence = []string{"a", "b"}
	for n := range 29 {
		first.Incident.Number = int64(n + 200)
		first.Incident.Devices, first.Incident.DeviceCount = make([]Device, 40), 40
		m.Notices = append(m.Notices, first)
	}
	for n := range 60 {
		m.Numbers = append(m.Numbers, int64(n+1000))
		m.More = tally(m.More, string(rune('a'+n%26)), []Severity{Info, Warn}[n%2])
	}
	before, last := m.Text(), 1<<30
	for level := range Shortest + 1 {
		s := m.Shorten(level)
		count := 0
		for _, c := range s.More {
			count += c.Count
		}
		if s.Incidents() != 90 || count != len(s.Numbers) || s.Severity() != Critical {
			t.Errorf("level %d: %d incidents, %d counted, %d numbered", level, s.Incidents(), count, len(s.Numbers))
		}
		for _, n := range s.Notices[1:min(2, len(s.Notices))] {
			if n.Incident.DeviceCount != 40 {
				t.Errorf("level %d: %d machines", level, n.Incident.DeviceCount)
			}
		}
		if n := len(s.Text()); n > last {
			t.Errorf("level %d has %d bytes, the one before it %d", level, n, last)
		} else {
			last = n
		}
	}
	if m.Text() != before {
		t.Error("the message itself was changed")
	}
	if last > 3000 {
		t.Errorf("the shortest has %d bytes", last)
	}
}

func TestMachines(t *testing.T) {
	for want, i := range map[string]Incident{
		"":                 {},
		"7 machines":       {DeviceCount: 7},
		"a":                {Devices: []Device{{Name: "a"}}},
		"a, b":             {Devices: []Device{{Name: "a"}, {ID: "b"}}},
		"a, b and 1 more":  {Devices: []Device{{Name: "a"}, {Name: "b"}, {Name: "c"}}},
		"a, b and 98 more": {Devices: []Device{{Name: "a"}, {Name: "b"}}, DeviceCount: 100},
	} {
		if got := machines(&i, 2); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// Whatever a device calls itself, a subject is one line of bounded length, and
// lines of a text are ours.
func TestHostileTexts(t *testing.T) {
	a := full().Notices[0].Announcement
	bad := "x\r\nBcc: all@example.org\r\n\r\nOpen: https://evil.example\u202e" + strings.Repeat("W", 5000)
	i := &a.Incident
	i.Title, i.Agency, i.Site, i.Meaning, i.Cause, i.Escalate = bad, bad, bad, bad, bad, bad
	i.Checks, i.Evidence = []string{bad, bad}, []string{bad}
	i.URL = "javascript:" + bad
	i.Devices = []Device{{Name: bad, User: bad, Port: bad, ID: bad}}
	a.Note, a.By = bad, bad
	it := (&Route{Channel: "mail", Personal: true}).item(a, time.Now())
	m := Message{Kind: Notices, Notices: []Notice{{Announcement: it.Announcement}}}
	if s := m.Subject(); strings.ContainsAny(s, "\r\n") || utf8.RuneCountInString(s) > 260 {
		t.Errorf("subject of %d: %q", len(s), s)
	}
	text := m.Text()
	for _, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, "Open:") || strings.HasPrefix(line, "Bcc:") {
			t.Errorf("a line of theirs: %.80q", line)
		}
	}
	if len(text) > 20000 || strings.Contains(text, "\u202e") || strings.Contains(text, "javascript") {
		t.Errorf("%d bytes", len(text))
	}
}
