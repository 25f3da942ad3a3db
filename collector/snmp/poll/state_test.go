package poll

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"muster/internal/event"
	"muster/internal/inventory"
	"muster/internal/report"
)

func TestStatesAreToldWhenTheyChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		targets := w.add(1)
		p := w.poller()
		defer w.start(t, p)()
		p.Set(targets)
		w.pass(5 * time.Minute)
		w.set(func() { w.of(targets[0]).off = true })
		w.pass(5 * time.Minute)
		var got []string
		for _, s := range w.told {
			got = append(got, fmt.Sprint(s.Lane, s.Reason))
		}
		if want := []string{"live", "suspectsilent", "deadsilent"}; !slices.Equal(got, want) {
			t.Errorf("told %v", got)
		}
	})
}

func TestARoundBetweenPlacesReadsWhatIsQuick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		targets := w.add(1)
		g := w.of(targets[0])
		p := w.poller()
		defer w.start(t, p)()
		p.Set(targets)
		w.pass(3 * time.Minute)
		fast, slow, fdb := g.reads["fast"], g.reads["slow"], g.reads["fdb"]
		for range 10 {
			p.Hint(targets[0].Address.Addr())
			w.pass(17 * time.Second)
		}
		if g.reads["slow"] != slow || g.reads["fdb"] != fdb {
			t.Errorf("reads %v, before slow %d, fdb %d", g.reads, slow, fdb)
		}
		if n := g.reads["fast"] - fast; n < 10 || n > 13 {
			t.Errorf("%d quick rounds by ten hints in 170 seconds", n)
		}
	})
}

func TestATableThatLoopsIsToldUntilItIsReadAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		targets := w.add(1)
		g := w.of(targets[0])
		g.loop = "fdb"
		p := w.poller()
		defer w.start(t, p)()
		p.Set(targets)
		w.pass(time.Second)
		first, _ := p.State("t0")
		if first.Lane != Live || first.Reason != Lying || !strings.Contains(first.Detail, "table of 1.3.6.1.2.1.2.2.1.1") {
			t.Fatalf("%+v", first)
		}
		w.pass(time.Hour) // quick rounds find nothing wrong, and do not hide it
		if s, _ := p.State("t0"); s.Reason != Lying || s.Since != first.Since {
			t.Errorf("%+v, first %+v", s, first)
		}
		w.set(func() { g.loop = "" })
		w.pass(16 * time.Minute)
		if s, _ := p.State("t0"); s.Reason != "" || len(p.targets["t0"].Faults) != 0 {
			t.Errorf("%+v", s)
		}
		if got := w.events(device0); !slices.Equal(got, []string{event.TargetFound}) {
			t.Errorf("events %v", got)
		}
	})
}

// Until it is known what leads where, ports are told as they were told last, or
// each uplink would lose its mark at each start of the collector.
func TestAStartTakesNoMarksOfUplinks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		targets := w.add(1)
		w.of(targets[0]).sections = []report.Section{{Name: "port", Columns: []string{"name"}, Rows: [][]any{{"Gi1/0/8"}}}}
		var marks map[string]string
		known := func(o *Options) { o.Uplinks = func(inventory.DeviceID) map[string]string { return marks } }
		told := func() (out []any) {
			for _, r := range w.reports[device0] {
				for _, s := range r.Sections {
					if s.Name == "port" {
						out = append(out, s.Rows[0][slices.Index(s.Columns, "uplink")])
					}
				}
			}
			return out
		}
		marks = map[string]string{"Gi1/0/8": "lldp"}
		p := w.poller(known)
		stop := w.start(t, p)
		p.Set(targets)
		w.pass(3 * time.Minute)
		stop()
		if got := told(); len(got) != 1 || got[0] != true {
			t.Fatalf("told %v", got)
		}
		marks = nil
		p = w.poller(known)
		stop = w.start(t, p)
		targets[0].Device = device0
		p.Set(targets)
		w.pass(3 * time.Minute)
		marks = map[string]string{"Gi1/0/8": "lldp"}
		w.pass(2 * time.Hour)
		stop()
		for _, up := range told() {
			if up != true {
				t.Errorf("told %v", told())
			}
		}
	})
}
