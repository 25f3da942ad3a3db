package notify

import "slices"

// Shortest is the last level of Shorten.
const Shortest = 4

// Shorten is the message with less in it, for a far side that takes only so
// much: level 0 is all of it, each further one leaves out what is missed
// least. Incidents that are not told of in full are counted; none disappears.
func (m Message) Shorten(level int) Message {
	machines, notices, lines := maxDevices, maxListed, maxLines
	switch {
	case level >= Shortest:
		machines, notices, lines = 1, 1, 3
	case level == 3:
		machines, notices, lines = 1, 3, 10
	case level == 2:
		machines, notices, lines = 3, 8, 20
	case level == 1:
		machines, notices = maxShown, maxListed
	default:
		return m
	}
	m.Notices, m.Numbers, m.More = slices.Clone(m.Notices), slices.Clone(m.Numbers), slices.Clone(m.More)
	for len(m.Notices) > notices {
		last := &m.Notices[len(m.Notices)-1].Incident
		m.Numbers = append(m.Numbers, last.Number)
		m.More = tally(m.More, last.place(), last.Severity)
		m.Notices = m.Notices[:len(m.Notices)-1]
	}
	for n := range m.Notices {
		i := &m.Notices[n].Incident
		i.DeviceCount = max(i.DeviceCount, len(i.Devices))
		i.Devices = i.Devices[:min(len(i.Devices), machines)]
		if level >= 2 {
			i.Evidence, i.Places = nil, nil
			m.Notices[n].Past = nil
		}
		if level >= 3 {
			i.Checks = i.Checks[:min(len(i.Checks), 1)]
			i.Title, i.Meaning, i.Escalate, i.Cause = cut(i.Title, 80), cut(i.Meaning, 200), cut(i.Escalate, 100), cut(i.Cause, 100)
			m.Notices[n].Note = cut(m.Notices[n].Note, 200)
		}
	}
	if level >= 2 {
		m.More = fewer(m.More, 10)
	}
	if level >= Shortest {
		m.More = fewer(m.More, 3)
	}
	if d := m.Digest; d != nil {
		short := *d
		short.Opened, short.Waiting = d.Opened[:min(len(d.Opened), lines)], d.Waiting[:min(len(d.Waiting), lines)]
		m.Digest = &short
	}
	return m
}

// fewer adds up what is beyond the first lines.
func fewer(in []Tally, most int) []Tally {
	if len(in) <= most {
		return in
	}
	out := slices.Clone(in[:most])
	for _, t := range in[most:] {
		found := false
		for i := most; i < len(out); i++ {
			if out[i].Severity == t.Severity {
				out[i].Count += t.Count
				found = true
			}
		}
		if !found {
			out = append(out, Tally{"other places", t.Severity, t.Count})
		}
	}
	return out
}
