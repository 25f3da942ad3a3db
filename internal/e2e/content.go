//go:build linux

package e2e

import (
	"fmt"
	"time"

	"muster/internal/event"
	"muster/internal/inventory"
	"muster/internal/report"
)

// Script says what each device of an oracle tells at each number. The judge
// derives from it what must be in the stores, without keeping any report.
type Script struct {
	Begin time.Time     // of number 0
	Step  time.Duration // from one number to the next; whole milliseconds
	// Change is after how many reports the programs of a device are others.
	Change uint64
	// Event is in which reports something happened: each whose number it divides.
	Event uint64
	// Padding is bytes of incompressible text in each section, for reports
	// that have to be large.
	Padding int
}

// DefaultScript begins far enough in the past that no campaign reaches the
// present, and near enough that no store bends its times.
func DefaultScript() Script {
	return Script{Begin: time.Now().Add(-20 * time.Hour).Truncate(time.Second), Step: 250 * time.Millisecond, Change: 5, Event: 3}
}

// Time is when a report was made.
func (s Script) Time(seq uint64) time.Time { return s.Begin.Add(time.Duration(seq) * s.Step) }

// numbers are the fields each report tells, in the layout's order.
func numbers() []string { return []string{"total", "used", "available"} }

// Layout is the one layout of all devices.
func (s Script) Layout() report.Layout {
	var l report.Layout
	for _, f := range numbers() {
		l = append(l, report.Series{Measurement: "mem", Field: f})
	}
	return l
}

// Value is a whole number that no other device, report or field has; a float64
// holds it exactly.
func (s Script) Value(device int, seq uint64, field int) float64 {
	return float64(device)*1e9 + float64(seq)*10 + float64(field)
}

// Name is a device's host name.
func (s Script) Name(device int) string { return fmt.Sprintf("e2e-%04d", device) }

// Turn counts the sets of programs up to a report; the first report has the
// first set, which is turn 0.
func (s Script) Turn(seq uint64) uint64 { return seq / s.Change }

// tells says whether a report carries the section of programs.
func (s Script) tells(seq uint64) bool { return seq == 1 || seq%s.Change == 0 }

// Program is one row of the section.
type Program struct{ Name, Version string }

// Programs are those of a turn: one that stays the same, one that gets a new
// version each turn, and one that goes as the next comes.
func (s Script) Programs(device int, turn uint64) []Program {
	return []Program{
		{"always", "1.0"},
		{"upgraded", fmt.Sprintf("1.%d", turn)},
		{fmt.Sprintf("passing-%d-%d", device, turn), "1.0"},
	}
}

// Location is the attribute by which an event is known.
func (s Script) Location(device int, seq uint64) string { return fmt.Sprintf("e2e/%d/%d", device, seq) }

// Happens says whether a report tells of an event.
func (s Script) Happens(seq uint64) bool { return seq%s.Event == 0 }

// Sections are what a report tells of the inventory, with the hashes of all
// that was told up to it.
func (s Script) Sections(device int, seq uint64) ([]report.Section, map[string]inventory.Hash, error) {
	programs, err := s.software(device, s.Turn(seq))
	if err != nil {
		return nil, nil, err
	}
	hashes := map[string]inventory.Hash{programs.Name: programs.Hash}
	if !s.tells(seq) {
		return nil, hashes, nil
	}
	return []report.Section{programs}, hashes, nil
}

func (s Script) software(device int, turn uint64) (report.Section, error) {
	var rows []inventory.Software
	for _, p := range s.Programs(device, turn) {
		rows = append(rows, inventory.Software{Source: "other", Scope: "machine", Name: p.Name, Version: p.Version, Publisher: s.padding(device, turn)})
	}
	t, err := inventory.Encode(rows)
	if err != nil {
		return report.Section{}, fmt.Errorf("encode programs: %w", err)
	}
	schema, ok := inventory.Lookup("software")
	if !ok {
		return report.Section{}, fmt.Errorf("section software is not in the catalogue")
	}
	whole, _, err := schema.Conform(t)
	if err != nil {
		return report.Section{}, fmt.Errorf("conform programs: %w", err)
	}
	sec := report.Section{Name: "software", Sources: []string{"other"}, Columns: t.Columns, Rows: t.Rows}
	sec.Seal(schema, whole)
	return sec, nil
}

// padding is text that compresses badly, the same for the same turn.
func (s Script) padding(device int, turn uint64) string {
	if s.Padding == 0 {
		return "e2e"
	}
	b := make([]byte, s.Padding)
	x := uint64(device)<<32 ^ turn*0x9e3779b97f4a7c15 ^ 1
	for i := range b {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		b[i] = "abcdefghijklmnopqrstuvwxyz0123456789"[x%36]
	}
	return string(b)
}

// Report is what a device says under a number.
func (s Script) Report(device int, seq uint64, machine [8]byte) (report.Report, error) {
	l := s.Layout()
	r := report.Report{Seq: seq, Time: s.Time(seq).UnixMilli(), Machine: machine, Layouts: nil}
	sections, hashes, err := s.Sections(device, seq)
	if err != nil {
		return r, err
	}
	r.Sections, r.Root = sections, inventory.Root(hashes)
	if seq == 1 {
		r.Layouts = []report.Layout{l}
	}
	values := make(report.Values, len(l))
	for i := range l {
		values[i] = s.Value(device, seq, i)
	}
	r.Samples = []report.Sample{{Layout: l.Hash(), Values: values}}
	if s.Happens(seq) {
		r.Events = []report.Event{{Kind: event.HardwareError, Attributes: map[string]string{"component": "other", "location": s.Location(device, seq)}}}
	}
	return r, nil
}
