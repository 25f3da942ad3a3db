package storetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"muster/collector/search"
	"muster/collector/store"
	"muster/internal/inventory"
	"muster/internal/report"
)

// RunInventory tests what store.Inventory promises. open makes an empty store
// that ends with the test.
func RunInventory(t *testing.T, open func(t *testing.T) store.Inventory) {
	tests := []struct {
		name string
		run  func(*fleet)
	}{
		{"devices are born once", testBirth},
		{"devices are found by what people call them", testResolve},
		{"heads, repeats and epochs", testHeads},
		{"a group commits whole or not at all", testAtomic},
		{"rows open, change and close", testHistory},
		{"latest columns leave no past", testLatest},
		{"times never run backwards", testMonotonic},
		{"only an ok reading closes", testStatus},
		{"only the same sources close", testSources},
		{"rows that linger", testLinger},
		{"late reports after lingering rows closed", testLingerLate},
		{"random readings against a naive model", testModel},
		{"rows of many devices", testRows},
		{"journal", testJournal},
		{"events, gaps and layouts", testEvents},
		{"lists show what sections say", testFacts},
		{"pages neither repeat nor skip", testPages},
		{"filters", testFilters},
		{"devices counted by what they are", testBreakdown},
		{"personal facts", testPersonal},
		{"groups choose", testGroups},
		{"scope", testScope},
		{"people's fields and labels", testPeople},
		{"places", testPlaces},
		{"subnets place devices", testSubnets},
		{"merge and undo", testMerge},
		{"software titles", testSoftware},
		{"retention and counts", testRetain},
		{"readers beside the writer", testConcurrent},
	}
	for _, x := range tests {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			x.run(&fleet{T: t, s: open(t), seq: map[inventory.DeviceID]uint64{}})
		})
	}
}

// all is the scope of who may see everything.
func all() store.Scope { return store.Scope{All: true} }

// fleet is a store under test with shorthands that fail the test.
type fleet struct {
	*testing.T
	s   store.Inventory
	seq map[inventory.DeviceID]uint64
}

// epoch is the one that fleets report in unless a test says otherwise. It is
// beyond what an int64 holds, as random ones often are.
const epoch = 0xF000_0000_0000_0001

// t0 is when tests begin.
func t0() time.Time { return time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC) }

// hours is a time that many hours after t0.
func hours(h float64) time.Time { return t0().Add(time.Duration(h * float64(time.Hour))) }

// id is the ID of the n-th device.
func id(n int) inventory.DeviceID {
	return inventory.DeviceID(fmt.Sprintf("%08x-c27a-7000-8000-%012x", 0x0198f000+n, n))
}

func (f *fleet) ok(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

// is fails unless an error is of a kind.
func (f *fleet) is(err, kind error) {
	f.Helper()
	if !errors.Is(err, kind) {
		f.Fatalf("error is %v, want %v", err, kind)
	}
}

// add makes the n-th device, pc-n.
func (f *fleet) add(n int) inventory.DeviceID {
	f.Helper()
	f.ok(f.s.AddDevice(f.Context(), store.NewDevice{ID: id(n), Name: fmt.Sprintf("pc-%d", n), At: t0().Add(time.Duration(n) * time.Second)}))
	return id(n)
}

// reading makes an ok reading of rows.
func reading[T inventory.Sectioner](at time.Time, rows ...T) store.SectionReading {
	var zero T
	s, ok := inventory.Lookup(zero.Section().Name)
	if !ok {
		panic("no section " + zero.Section().Name)
	}
	table, err := inventory.Encode(rows)
	if err == nil {
		table, _, err = s.Conform(table)
	}
	if err != nil {
		panic(err)
	}
	return store.SectionReading{Section: s, Status: report.OK, Sources: []string{"test"}, At: at, Took: 5 * time.Millisecond, Hash: s.HashTable(table), Table: table}
}

// entry is the device's next report.
func (f *fleet) entry(d inventory.DeviceID, at time.Time, readings ...store.SectionReading) store.Entry {
	f.seq[d]++
	return store.Entry{Device: d, Head: store.Head{Epoch: epoch, Seq: f.seq[d], Body: inventory.Hash{byte(f.seq[d])}}, At: at, ReceivedAt: at, Sections: readings}
}

// report commits the device's next report.
func (f *fleet) report(d inventory.DeviceID, at time.Time, readings ...store.SectionReading) {
	f.Helper()
	f.ok(f.s.Commit(f.Context(), []store.Entry{f.entry(d, at, readings...)}))
}

// rows loads a section as it was and decodes it.
func rows[T inventory.Sectioner](f *fleet, d inventory.DeviceID, at time.Time) []T {
	f.Helper()
	v := f.section(d, at, (*new(T)).Section().Name)
	out, err := inventory.Decode[T](v.Table)
	f.ok(err)
	return out
}

// section loads one section; the zero view when it was never read.
func (f *fleet) section(d inventory.DeviceID, at time.Time, name string) store.SectionView {
	f.Helper()
	l, err := f.s.Sections(f.Context(), d, at, []string{name})
	f.ok(err)
	if len(l) == 0 {
		return store.SectionView{}
	}
	return l[0]
}

// versions shows the software of a device as "name version" in order.
func (f *fleet) versions(d inventory.DeviceID, at time.Time) string {
	f.Helper()
	var l []string
	for _, p := range rows[inventory.Software](f, d, at) {
		l = append(l, p.Name+" "+p.Version)
	}
	return fmt.Sprint(l)
}

// want fails unless two values read the same.
func (f *fleet) want(what string, got, want any) {
	f.Helper()
	if g, w := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want); g != w {
		f.Errorf("%s:\n got %s\nwant %s", what, g, w)
	}
}

func (f *fleet) device(d inventory.DeviceID) store.Device {
	f.Helper()
	x, err := f.s.Device(f.Context(), all(), d)
	f.ok(err)
	return x
}

// chosen lists the names that a filter chooses, by name.
func (f *fleet) chosen(filter string) []string {
	f.Helper()
	e, err := search.Parse(filter)
	if err != nil {
		f.Fatalf("%s: %v", filter, err)
	}
	p, err := f.s.Devices(f.Context(), store.DeviceQuery{Scope: all(), Filter: e, Personal: true, Now: hours(0)})
	if err != nil {
		f.Fatalf("%s: %v", filter, err)
	}
	if p.Total != len(p.Devices) {
		f.Errorf("%s: total %d of %d devices", filter, p.Total, len(p.Devices))
	}
	return names(p.Devices)
}

func names(l []store.Device) []string {
	out := []string{}
	for _, d := range l {
		out = append(out, d.Name)
	}
	return out
}

func ids(l []store.Device) []inventory.DeviceID {
	var out []inventory.DeviceID
	for _, d := range l {
		out = append(out, d.ID)
	}
	return out
}

func testBirth(f *fleet) {
	d := f.add(1)
	f.is(f.s.AddDevice(f.Context(), store.NewDevice{ID: d, At: t0()}), store.ErrConflict)
	f.is(f.s.AddDevice(f.Context(), store.NewDevice{ID: id(2), Site: 99, At: t0()}), store.ErrNotFound)
	_, err := f.s.State(f.Context(), id(2))
	f.is(err, store.ErrNotFound)
	_, err = f.s.Device(f.Context(), all(), id(2))
	f.is(err, store.ErrNotFound)
	_, err = f.s.Sections(f.Context(), id(2), time.Time{}, nil)
	f.is(err, store.ErrNotFound)
	_, err = f.s.Sections(f.Context(), d, time.Time{}, []string{"nonsense"})
	f.is(err, store.ErrNotFound)
	s, err := f.s.State(f.Context(), d)
	f.ok(err)
	f.want("state of a new device", s, store.DeviceState{Name: "pc-1", FirstSeen: t0().Add(time.Second), Sections: map[string]store.SectionState{}})
	f.ok(f.s.AddDevice(f.Context(), store.NewDevice{ID: id(3), Kind: "switch", Name: "sw", Labels: []string{"b", " a ", "b", ""}, ForkedFrom: d, At: hours(1)}))
	x := f.device(id(3))
	f.want("device", x, store.Device{ID: id(3), Kind: "switch", Name: "sw", Labels: []string{"a", "b"}, FirstSeen: hours(1), ForkedFrom: d})
}

func testResolve(f *fleet) {
	a, b, c := f.add(1), f.add(2), f.add(3)
	f.report(a, t0(), reading(t0(), inventory.OS{HostName: "Front-Desk"}), reading(t0(), inventory.System{Serial: "5CD123"}))
	f.report(b, t0(), reading(t0(), inventory.OS{HostName: "front-desk"}))
	f.ok(f.s.SetPeople(f.Context(), c, store.People{AssetTag: "CT-7"}))
	for ref, want := range map[string]inventory.DeviceID{
		string(a): a, string(a)[:13]: a, "0198F001": a, "5cd123": a, "ct-7": c, "PC-3": c,
	} {
		got, err := f.s.Resolve(f.Context(), all(), ref)
		if err != nil || got != want {
			f.Errorf("%q is %s, %v; want %s", ref, got, err, want)
		}
	}
	_, err := f.s.Resolve(f.Context(), all(), "front-desk")
	f.is(err, store.ErrAmbiguous)
	for _, ref := range []string{"", "nobody", "0198f00", "%", "front"} {
		_, err := f.s.Resolve(f.Context(), all(), ref)
		f.is(err, store.ErrNotFound)
	}
	// Hidden behind another it answers to its ID only.
	_, err = f.s.Merge(f.Context(), a, b, "x", "", t0())
	f.ok(err)
	got, err := f.s.Resolve(f.Context(), all(), "front-desk")
	f.ok(err)
	f.want("the other one", got, b)
	got, err = f.s.Resolve(f.Context(), all(), string(a))
	f.ok(err)
	f.want("the hidden one", got, a)
}

func testHeads(f *fleet) {
	d := f.add(1)
	soft := func(v string) store.SectionReading { return reading(t0(), inventory.Software{Name: "x", Version: v}) }
	commit := func(e, seq uint64, at time.Time, r ...store.SectionReading) {
		f.Helper()
		f.ok(f.s.Commit(f.Context(), []store.Entry{{Device: d, Head: store.Head{Epoch: e, Seq: seq, Body: inventory.Hash{byte(seq)}}, At: at, ReceivedAt: at, Machine: [8]byte{7},
			Sections: r, Events: []store.EventReading{{Kind: "disk_error", At: at, Count: 2}}}}))
	}
	commit(1, 5, hours(1), soft("1"))
	commit(1, 5, hours(2), soft("2")) // a repeat changes nothing
	commit(1, 4, hours(2), soft("3"))
	f.want("after repeats", f.versions(d, time.Time{}), "[x 1]")
	f.want("last seen", f.device(d).LastSeen, hours(1))
	commit(2, 1, hours(3), soft("4"))
	commit(1, 5, hours(4), soft("5")) // of the older epoch, too
	commit(1, 6, hours(5), soft("6"))
	f.want("after epochs", f.versions(d, time.Time{}), "[x 6]")
	s, err := f.s.State(f.Context(), d)
	f.ok(err)
	f.want("heads", s.Heads, []store.Head{{Epoch: 1, Seq: 6, Body: inventory.Hash{6}}, {Epoch: 2, Seq: 1, Body: inventory.Hash{1}}})
	f.want("machine", s.Machine, [8]byte{7})
	f.want("seen", s.SeenAt, hours(5))
	f.want("section state", s.Sections["software"], store.SectionState{Hash: soft("6").Hash, Sources: []string{"test"}})
	// What the collector itself tells moves no head and is never a repeat.
	for range 2 {
		f.ok(f.s.Commit(f.Context(), []store.Entry{{Device: d, At: hours(6), Events: []store.EventReading{{Kind: "clone", At: hours(6)}}}}))
	}
	again, err := f.s.State(f.Context(), d)
	f.ok(err)
	f.want("heads after the collector's word", again.Heads, s.Heads)
	f.want("seen after the collector's word", again.SeenAt, s.SeenAt)
	events, err := f.s.Events(f.Context(), store.EventQuery{Scope: all(), Devices: []inventory.DeviceID{d}})
	f.ok(err)
	f.want("events", len(events), 5)
	f.ok(f.s.Commit(f.Context(), nil))
}

func testAtomic(f *fleet) {
	d := f.add(1)
	good := f.entry(d, t0(), reading(t0(), inventory.Software{Name: "x", Version: "1"}))
	good.Events = []store.EventReading{{Kind: "disk_error", At: t0()}}
	f.is(f.s.Commit(f.Context(), []store.Entry{good, {Device: id(9), Head: store.Head{Epoch: 1, Seq: 1}, At: t0(), ReceivedAt: t0()}}), store.ErrNotFound)
	s, err := f.s.State(f.Context(), d)
	f.ok(err)
	f.want("heads", len(s.Heads), 0)
	f.want("sections", len(s.Sections), 0)
	events, err := f.s.Events(f.Context(), store.EventQuery{Scope: all()})
	f.ok(err)
	f.want("events", len(events), 0)
	// The same group without the stranger goes through; a group may hold
	// several reports of a device.
	more := f.entry(d, hours(1), reading(hours(1), inventory.Software{Name: "x", Version: "2"}))
	f.ok(f.s.Commit(f.Context(), []store.Entry{good, more}))
	f.want("now", f.versions(d, time.Time{}), "[x 2]")
	f.want("then", f.versions(d, hours(0.5)), "[x 1]")
	c, err := f.s.Counts(f.Context())
	f.ok(err)
	f.want("rows", []int64{c.Rows, c.CurrentRows, c.Events}, []int64{2, 1, 1})
	if c.Bytes <= 0 || c.Devices != 1 {
		f.Errorf("counts %+v", c)
	}
}

// sorted is a sorted copy.
func sorted(l []string) []string {
	l = slices.Clone(l)
	slices.Sort(l)
	return l
}
