package poll

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"time"

	"muster/collector/snmp/session"
	"muster/internal/inventory"
	"muster/internal/report"
)

// How often sections travel, as agents do it.
const (
	fullCheck = 24 * time.Hour   // even when nothing changed
	refresh   = 10 * time.Minute // when only columns kept as latest did: what people are shown is no older
)

// told is what was last said of a section.
type told struct {
	Hash   inventory.Hash `json:"hash"`
	Latest uint64         `json:"latest,omitempty"`
	At     time.Time      `json:"at"`
}

// sections remembers what the collector was told.
type sections struct {
	Told  map[string]told `json:"told,omitempty"`
	asked map[string]bool // the door wants them whole
	whole bool            // the door wants all hashes
}

// pick seals sections and keeps those that have to be told: changed ones,
// wanted ones, and each once a day.
func (s *sections) pick(in []report.Section, now time.Time) []report.Section {
	var out []report.Section
	for i := range in {
		sec := in[i]
		schema, ok := inventory.Lookup(sec.Name)
		if !ok {
			continue // a profile cannot name one that is not there; nobody could take it
		}
		t, faults, err := schema.Conform(sec.Table())
		if err != nil {
			sec.Status, sec.Reason = report.Failed, cut(err.Error(), 300)
			t, _, _ = schema.Conform(inventory.Table{})
		} else if len(faults) > 0 && sec.Status == report.OK {
			sec.Status, sec.Reason = report.Partial, cut(faults.String(), 300)
		}
		sec.Columns, sec.Rows = t.Columns, t.Rows
		sec.Seal(schema, t)
		latest := latestHash(schema, t)
		before, known := s.Told[sec.Name]
		age := now.Sub(before.At)
		if known && !s.asked[sec.Name] && sec.Hash == before.Hash && age < fullCheck && age >= 0 && (latest == before.Latest || age < refresh) {
			continue
		}
		if s.Told == nil {
			s.Told = map[string]told{}
		}
		s.Told[sec.Name] = told{sec.Hash, latest, now}
		delete(s.asked, sec.Name)
		out = append(out, sec)
	}
	return out
}

// complete adds to what a device says of itself what only the collector knows:
// how it is asked, and which of its ports lead to other gear.
func (t *target) complete(list []report.Section, uplinks map[string]string, now time.Time) {
	for i := range list {
		switch s := &list[i]; {
		case s.Name == "snmp_agent" && len(s.Rows) == 1:
			t.asked(s, now)
		case s.Name == "port" && len(uplinks) > 0:
			name := slices.Index(s.Columns, "name")
			if name < 0 {
				continue
			}
			w := widened(s, "uplink", "uplink_reason")
			for _, row := range s.Rows {
				port, _ := row[name].(string)
				if why, ok := uplinks[port]; ok {
					row[w[0]], row[w[1]] = true, why
				}
			}
		}
	}
}

// asked says how a device is asked.
func (t *target) asked(s *report.Section, now time.Time) {
	w := widened(s, "snmp_version", "security_level", "polled_address", "answered_at", "rtt_seconds", "max_repetitions")
	row := s.Rows[0]
	row[w[0]], row[w[1]], row[w[2]], row[w[3]] = t.Credential.Version, level(t.Credential), t.Address.Addr().String(), now.UnixMilli()
	if l := t.Learned; l != nil {
		if l.RoundTrip > 0 {
			row[w[4]] = l.RoundTrip.Seconds()
		}
		if l.Repetitions > 0 {
			row[w[5]] = int64(l.Repetitions)
		}
	}
}

// widened gives a section rows of its own that have these columns, and says
// where they are.
func widened(s *report.Section, columns ...string) []int {
	s.Columns = slices.Clone(s.Columns)
	at := make([]int, len(columns))
	for i, name := range columns {
		if at[i] = slices.Index(s.Columns, name); at[i] < 0 {
			at[i] = len(s.Columns)
			s.Columns = append(s.Columns, name)
		}
	}
	rows := make([][]any, len(s.Rows))
	for i, r := range s.Rows {
		rows[i] = make([]any, len(s.Columns))
		copy(rows[i], r)
	}
	s.Rows = rows
	return at
}

// level is how a credential secures what it asks, as the inventory spells it.
func level(c session.Credential) string {
	switch {
	case c.Version != "3":
		return "community"
	case c.AuthProtocol == "":
		return "no_auth_no_priv"
	case c.PrivProtocol == "":
		return "auth_no_priv"
	}
	return "auth_priv"
}

// lose forgets that sections were told, because their report never arrived.
func (s *sections) lose(names []report.Section) {
	for _, n := range names {
		delete(s.Told, n.Name)
	}
}

// want notes what an answer asks for, and says whether all is to be read anew.
func (s *sections) want(names []string) bool {
	any := false
	for _, n := range names {
		if n == report.WantHashes {
			s.whole = true
			continue
		}
		if s.asked == nil {
			s.asked = map[string]bool{}
		}
		s.asked[n] = true
		any = true
	}
	return any
}

// hashes are those of all sections that were told.
func (s *sections) hashes() map[string]inventory.Hash {
	m := make(map[string]inventory.Hash, len(s.Told))
	for n, t := range s.Told {
		m[n] = t.Hash
	}
	return m
}

// latestHash is over the columns that a section's own hash leaves out. It
// never leaves this process.
func latestHash(s *inventory.Section, t inventory.Table) uint64 {
	h := fnv.New64a()
	var b []byte
	for _, r := range t.Rows {
		for j, c := range s.Columns {
			if !c.Latest || r[j] == nil {
				continue
			}
			b = append(b[:0], byte(j))
			switch x := r[j].(type) {
			case string:
				b = append(b, x...)
			case int64:
				b = binary.LittleEndian.AppendUint64(b, uint64(x))
			case float64:
				b = binary.LittleEndian.AppendUint64(b, math.Float64bits(x))
			default:
				b = fmt.Append(b, x)
			}
			h.Write(b)
		}
		h.Write([]byte{0xff})
	}
	return h.Sum64()
}

func cut(s string, n int) string {
	if len(s) > n {
		s = s[:n]
	}
	return s
}
