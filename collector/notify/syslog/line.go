package syslog

import (
	"cmp"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"muster/collector/notify"
	"muster/internal/buildinfo"
)

// The severities of RFC 5424 §6.2.1 that fit.
const critical, warning, notice, informational = 2, 4, 5, 6

func severity(s notify.Severity) int {
	switch s {
	case notify.Critical:
		return critical
	case notify.Warn:
		return warning
	}
	return informational
}

// lines are the message in RFC 5424, without framing, each of at most most
// bytes.
func (c *Channel) lines(m *notify.Message, most int) [][]byte {
	var out [][]byte
	add := func(level int, at time.Time, kind string, data []string, text string) {
		out = append(out, c.line(level, at, kind, data, text, most))
	}
	for n := range m.Notices {
		one := &m.Notices[n]
		i := &one.Incident
		level := severity(i.Severity)
		if one.Kind == notify.Resolved {
			level = notice
		}
		var first notify.Device
		if len(i.Devices) > 0 {
			first = i.Devices[0]
		}
		single := notify.Message{Kind: notify.Notices, Zone: m.Zone, Notices: m.Notices[n : n+1]}
		add(level, one.At, string(one.Kind), []string{"id", one.ID, "message", m.ID, "incident", fmt.Sprint(i.Number), "severity", string(i.Severity),
			"rule", i.Rule, "family", i.Family, "agency", i.Agency, "site", i.Site, "device", first.ID, "host", first.Name,
			"devices", fmt.Sprint(max(i.DeviceCount, len(i.Devices))), "url", i.URL}, single.Subject()+". "+i.Meaning)
	}
	all := []string{"id", m.ID, "url", m.URL}
	switch {
	case m.Kind == notify.Summary:
		d := m.Digest
		add(informational, m.At, "digest", append(all, "opened", fmt.Sprint(d.OpenedCount), "waiting", fmt.Sprint(d.WaitingCount), "unclaimed", fmt.Sprint(d.Unclaimed)), m.Subject())
	case m.Kind == notify.Storm:
		add(critical, m.At, "storm", append(all, "incidents", fmt.Sprint(m.Incidents()), "until", m.Until.UTC().Format(time.RFC3339)), m.Subject())
	case m.Kind == notify.Probe:
		add(informational, m.At, "test", all, m.Subject())
	case len(m.Numbers) > 0:
		add(severity(m.Severity()), m.At, "more", append(all, "incidents", fmt.Sprint(len(m.Numbers))), fmt.Sprintf("and %d more incidents", len(m.Numbers)))
	}
	return out
}

// line writes one. Only the text is cut: half an element of structured data
// would make the whole line unreadable. Values are bounded so that the
// elements fit.
func (c *Channel) line(level int, at time.Time, kind string, data []string, text string, most int) []byte {
	var b strings.Builder
	facility := facilities()[cmp.Or(c.c.Facility, "local0")]
	// At most six digits of a second (RFC 5424 §6.2.3).
	fmt.Fprintf(&b, "<%d>1 %s %s %s - %s ", facility*8+level, at.UTC().Format("2006-01-02T15:04:05.999999Z07:00"), cmp.Or(c.host, "-"), cmp.Or(c.c.App, "muster"), cmp.Or(name(kind, 32), "-"))
	fmt.Fprintf(&b, `[origin software="muster" swVersion="%s"]`, value(buildinfo.Read().Version, 32)) // RFC 5424 §7.2
	fmt.Fprintf(&b, "[muster@%d", cmp.Or(c.c.Enterprise, documentation))
	room := (most - 400) / (len(data)/2 + 1) // of a value, escapes included
	for i := 0; i < len(data); i += 2 {
		if v := value(data[i+1], room-16); v != "" {
			fmt.Fprintf(&b, ` %s="%s"`, data[i], v)
		}
	}
	b.WriteString("] \ufeff") // the byte order mark says that it is UTF-8 (RFC 5424 §6.4)
	return append([]byte(b.String()), bytesOf(text, most-b.Len())...)
}

// bytesOf cuts to n bytes without cutting a letter.
func bytesOf(s string, n int) string {
	if len(s) <= n {
		return s
	}
	n = max(n, 0)
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// name is printable ASCII without spaces (RFC 5424 §6, PRINTUSASCII).
func name(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return -1
		}
		return r
	}, s)
	return s[:min(len(s), most)]
}

// value escapes what has a meaning in PARAM-VALUE (RFC 5424 §6.3.3), within a
// number of bytes.
func value(s string, most int) string {
	var b strings.Builder
	for _, r := range s {
		size := utf8.RuneLen(r)
		if r == '"' || r == '\\' || r == ']' {
			size++
		}
		if b.Len()+size > most {
			break
		}
		if r == '"' || r == '\\' || r == ']' {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}
