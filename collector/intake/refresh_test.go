package intake

import (
	"slices"
	"testing"
	"time"

	"muster/internal/inventory"
	"muster/internal/report"
)

// TestADeviceIsAskedAnew: the device is told with its next answer, again while
// nothing comes of it, and what came is counted down.
func TestADeviceIsAskedAnew(t *testing.T) {
	b := newBooks("d1")
	d := open(t, b)
	section := func(name string) report.Section {
		sec, _ := inventory.Lookup(name)
		table, _, err := sec.Conform(inventory.Table{Columns: []string{"name"}, Rows: [][]any{{"x"}}})
		if err != nil {
			t.Fatal(err)
		}
		s := report.Section{Name: name, Columns: []string{"name"}, Rows: [][]any{{"x"}}}
		s.Seal(sec, table)
		return s
	}
	with := func(names ...string) func(*report.Envelope) {
		return func(e *report.Envelope) {
			for _, n := range names {
				e.Reports[0].Sections = append(e.Reports[0].Sections, section(n))
			}
		}
	}
	accept(t, d, send(1, 1, withLayout, with("disk", "gpu")))
	if _, asked := d.Asked("d1"); asked {
		t.Error("asked, before anybody did")
	}
	if a, ok := d.Refresh("d1", false); !ok || a.At.IsZero() || !a.ToldAt.IsZero() {
		t.Errorf("%+v", a)
	}
	for seq := uint64(2); seq <= 3; seq++ { // the first answer may have been lost
		if a := accept(t, d, send(seq, seq)); !slices.Equal(a.Want, []string{"disk", "gpu"}) {
			t.Errorf("report %d: wanted %v", seq, a.Want)
		}
	}
	if a, _ := d.Asked("d1"); a.ToldAt.IsZero() || a.Of != 2 || a.Left != 2 || !a.CameAt.IsZero() {
		t.Errorf("%+v", a)
	}
	if a := accept(t, d, send(4, 4, with("gpu"))); len(a.Want) != 0 {
		t.Errorf("it has heard, and %v is wanted again", a.Want)
	}
	if a, _ := d.Asked("d1"); a.Left != 1 || !a.CameAt.IsZero() {
		t.Errorf("%+v", a)
	}
	accept(t, d, send(5, 5, with("disk")))
	if a, _ := d.Asked("d1"); a.Left != 0 || a.CameAt.IsZero() {
		t.Errorf("%+v", a)
	}
	if a := accept(t, d, send(6, 6)); len(a.Want) != 0 {
		t.Errorf("all came, and %v is wanted", a.Want)
	}
}

// TestADeviceThatDoesNotAnswerIsNotNagged, and what is polled needs not be told.
func TestADeviceThatDoesNotAnswerIsNotNagged(t *testing.T) {
	d := open(t, newBooks("d1"))
	sec, _ := inventory.Lookup("disk")
	table, _, err := sec.Conform(inventory.Table{Columns: []string{"name"}, Rows: [][]any{{"x"}}})
	if err != nil {
		t.Fatal(err)
	}
	s := report.Section{Name: "disk", Columns: []string{"name"}, Rows: [][]any{{"x"}}}
	s.Seal(sec, table)
	accept(t, d, send(1, 1, withLayout, func(e *report.Envelope) { e.Reports[0].Sections = []report.Section{s} }))
	d.Refresh("d1", false)
	told := 0
	for seq := uint64(2); seq < 12; seq++ {
		if a := accept(t, d, send(seq, seq)); len(a.Want) > 0 {
			told++
		}
	}
	if told != mostTimes {
		t.Errorf("told %d times", told)
	}
	if a, _ := d.Refresh("d1", true); a.ToldAt.IsZero() {
		t.Errorf("%+v", a)
	}
	if a := accept(t, d, send(12, 12)); len(a.Want) > 0 {
		t.Errorf("gear is told %v", a.Want)
	}
	if a, _ := d.Asked("d1"); a.CameAt.IsZero() || time.Since(a.CameAt) > time.Hour {
		t.Errorf("%+v", a)
	}
}
