package intake

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/collector/store"
	"muster/internal/event"
	"muster/internal/inventory"
	"muster/internal/report"
)

// books is an inventory and an outbox in memory that can be told to fail.
type books struct {
	mu      sync.Mutex
	devices map[inventory.DeviceID]store.DeviceState
	entries []store.Entry
	layouts map[report.LayoutHash]report.Layout
	records [][]byte
	order   []string

	outboxErr, commitErr error
	full                 bool
}

func newBooks(ids ...inventory.DeviceID) *books {
	b := &books{devices: map[inventory.DeviceID]store.DeviceState{}, layouts: map[report.LayoutHash]report.Layout{}}
	for _, id := range ids {
		b.devices[id] = store.DeviceState{Sections: map[string]store.SectionState{}}
	}
	return b
}

func (b *books) State(_ context.Context, id inventory.DeviceID) (store.DeviceState, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s, ok := b.devices[id]
	if !ok {
		return s, store.ErrNotFound
	}
	s.Heads = slices.Clone(s.Heads)
	return s, nil
}

func (b *books) Commit(_ context.Context, es []store.Entry) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.commitErr != nil {
		return b.commitErr
	}
	b.order = append(b.order, "commit")
	for _, e := range es {
		b.entries = append(b.entries, e)
		s := b.devices[e.Device]
		if e.Head.Epoch != 0 {
			s.Heads = slices.DeleteFunc(s.Heads, func(h store.Head) bool { return h.Epoch == e.Head.Epoch })
			s.Heads = slices.Insert(s.Heads, 0, e.Head)
		}
		for _, x := range e.Sections {
			s.Sections[x.Section.Name] = store.SectionState{Hash: x.Hash, Status: x.Status, Sources: x.Sources}
		}
		b.devices[e.Device] = s
		for _, l := range e.Layouts {
			b.layouts[l.Hash()] = l
		}
	}
	return nil
}

func (b *books) Layout(_ context.Context, h report.LayoutHash) (report.Layout, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if l, ok := b.layouts[h]; ok {
		return l, nil
	}
	return nil, store.ErrNotFound
}

func (b *books) Append(recs [][]byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.outboxErr != nil {
		return b.outboxErr
	}
	b.order = append(b.order, "outbox")
	b.records = append(b.records, recs...)
	return nil
}

func (b *books) Room() bool { b.mu.Lock(); defer b.mu.Unlock(); return !b.full }

type fixedPolicy struct{}

func (fixedPolicy) Policy(inventory.DeviceID) (report.Policy, [8]byte) {
	return report.Policy{SampleSeconds: 60}, [8]byte{5}
}
func (fixedPolicy) Next() int64 { return 60 }

var layout = report.Layout{{Measurement: "system", Field: "load1"}}

// send makes an envelope of sample reports numbered from..to.
func send(from, to uint64, change ...func(*report.Envelope)) *report.Envelope {
	e := &report.Envelope{Version: report.Version, Epoch: 77, Oldest: from, Sent: time.Now().UnixMilli()}
	for s := from; s <= to; s++ {
		r := report.Report{Seq: s, Time: time.Now().UnixMilli(), Samples: []report.Sample{{Layout: layout.Hash(), Values: report.Values{float64(s)}}}}
		r.Body = inventory.Hash{byte(s)}
		e.Reports = append(e.Reports, r)
	}
	for _, f := range change {
		f(e)
	}
	return e
}

func withLayout(e *report.Envelope) { e.Reports[0].Layouts = []report.Layout{layout} }

// open starts a door over books and stops it with the test.
func open(t *testing.T, b *books, change ...func(*Options)) *Door {
	t.Helper()
	o := Options{Inventory: b, Outbox: b, Policies: fixedPolicy{}, Log: slog.New(slog.DiscardHandler), Now: time.Now}
	for _, f := range change {
		f(&o)
	}
	d := New(o)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { d.Run(ctx); close(done) }()
	t.Cleanup(func() { cancel(); <-done })
	return d
}

func accept(t *testing.T, d *Door, e *report.Envelope) report.Answer {
	t.Helper()
	a, err := d.Accept(t.Context(), Sender{Device: "d1"}, e)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestOrderOfDurability(t *testing.T) {
	b := newBooks("d1")
	d := open(t, b)
	a := accept(t, d, send(1, 3, withLayout))
	if a.Acked != 3 || a.Next != 60 || a.Known != [8]byte{5} || a.Policy == nil {
		t.Errorf("answer %+v", a)
	}
	if !slices.Equal(b.order, []string{"outbox", "commit"}) {
		t.Errorf("durable in the order %v, want outbox before commit", b.order)
	}
	if a := accept(t, d, send(2, 4, func(e *report.Envelope) { e.Known = [8]byte{5} })); a.Acked != 4 || a.Policy != nil {
		t.Errorf("answer to an overlap: %+v", a)
	}
	if len(b.entries) != 4 {
		t.Errorf("%d reports were committed, want 4: repeats are not stored", len(b.entries))
	}
}

func TestGapsAreAskedForOrRecorded(t *testing.T) {
	b := newBooks("d1")
	d := open(t, b)
	accept(t, d, send(1, 2, withLayout))
	if a := accept(t, d, send(5, 6, func(e *report.Envelope) { e.Oldest = 3 })); a.Resend != 3 || a.Acked != 2 {
		t.Errorf("a gap that can be filled: %+v", a)
	}
	if a := accept(t, d, send(5, 6)); a.Acked != 6 {
		t.Errorf("a gap that cannot be filled: %+v", a)
	}
	if g := b.entries[2].Gaps; len(g) != 1 || g[0].From != 3 || g[0].To != 4 {
		t.Errorf("gaps recorded: %v", g)
	}
	if e := b.entries[2].Events; len(e) != 1 || e[0].Kind != event.Gap || e[0].Attributes["first"] != "3" || e[0].Attributes["last"] != "4" {
		t.Errorf("events: %+v", e)
	}
}

// What a restore lost of an epoch that the backup does not know is a gap, for
// devices from before the restore that were not heard since.
func TestWhatARestoreLostIsAGap(t *testing.T) {
	restored := time.Now().Add(-time.Hour)
	for name, c := range map[string]struct {
		first, seen time.Time
		restored    time.Time
		want        bool
	}{
		"not heard since the restore":       {restored.Add(-48 * time.Hour), restored.Add(-24 * time.Hour), restored, true},
		"enrolled in the time that is lost": {restored.Add(-time.Minute), time.Time{}, restored, true},
		"heard since the restore":           {restored.Add(-48 * time.Hour), restored.Add(time.Minute), restored, false},
		"new since the restore":             {restored.Add(time.Minute), time.Time{}, restored, false},
		"nothing was restored":              {restored.Add(-48 * time.Hour), restored.Add(-24 * time.Hour), time.Time{}, false},
	} {
		b := newBooks("d1")
		st := b.devices["d1"]
		st.FirstSeen, st.SeenAt = c.first, c.seen
		b.devices["d1"] = st
		d := open(t, b, func(o *Options) { o.Restored = c.restored })
		if a := accept(t, d, send(7, 8, withLayout)); a.Acked != 8 {
			t.Errorf("%s: %+v", name, a)
		}
		g := b.entries[0].Gaps
		if got := len(g) == 1 && g[0].From == 1 && g[0].To == 6; got != c.want || len(g) > 1 || len(b.entries[1].Gaps) > 0 {
			t.Errorf("%s: gaps %v", name, g)
		}
	}
}

func TestSectionsThatFailAndRecoverAreNoted(t *testing.T) {
	b := newBooks("d1")
	d := open(t, b)
	seq := uint64(0)
	say := func(s report.Status) string {
		seq++
		accept(t, d, send(seq, seq, withLayout, func(e *report.Envelope) {
			e.Reports[0].Sections = []report.Section{{Name: "disk", Columns: []string{"name"}, Status: s, Reason: "because"}}
		}))
		var out []string
		for _, e := range b.entries[len(b.entries)-1].Events {
			out = append(out, e.Kind+" "+e.Attributes["section"]+" "+e.Attributes["status"]+" "+e.Attributes["reason"])
		}
		return strings.Join(out, ", ")
	}
	for i, x := range []struct {
		s    report.Status
		want string
	}{
		{report.Denied, ""}, // it was never read
		{report.OK, "section_recovered disk  "},
		{report.Partial, ""}, // some of it still is
		{report.Failed, "section_failed disk failed because"},
		{report.Denied, ""},
		{report.OK, "section_recovered disk  "},
	} {
		if got := say(x.s); got != x.want {
			t.Errorf("step %d: %q, expected %q", i, got, x.want)
		}
	}
}

func TestUnknownLayoutIsAskedFor(t *testing.T) {
	b := newBooks("d1")
	d := open(t, b)
	if a := accept(t, d, send(1, 1)); !a.Layouts || a.Acked != 0 {
		t.Errorf("answer %+v", a)
	}
	if len(b.records) != 0 {
		t.Error("samples without names were taken")
	}
	if a := accept(t, d, send(1, 1, func(e *report.Envelope) { e.Layouts = []report.Layout{layout} })); a.Layouts || a.Acked != 1 {
		t.Errorf("with the layout beside it: %+v", a)
	}
	if len(b.layouts) != 1 {
		t.Error("the layout was not kept")
	}
}

func TestConflictIsTold(t *testing.T) {
	b := newBooks("d1")
	d := open(t, b)
	accept(t, d, send(1, 1, withLayout))
	_, err := d.Accept(t.Context(), Sender{Device: "d1"}, send(1, 1, func(e *report.Envelope) { e.Reports[0].Body = inventory.Hash{99} }))
	if !errors.Is(err, ErrConflict) {
		t.Fatalf("got %v", err)
	}
	last := b.entries[len(b.entries)-1]
	if len(last.Events) != 1 || last.Events[0].Kind != "sequence_conflict" || last.Head.Epoch != 0 {
		t.Errorf("the conflict left %+v", last)
	}
}

func TestForeignMachineIsRekeyed(t *testing.T) {
	b := newBooks("d1")
	d := open(t, b)
	e := send(1, 1, withLayout, func(e *report.Envelope) { e.Reports[0].Machine = [8]byte{2} })
	a, err := d.Accept(t.Context(), Sender{Device: "d1", Machine: [8]byte{1}}, e)
	if err != nil || !a.Rekey || a.Acked != 0 || len(b.records) != 0 {
		t.Errorf("answer %+v, %v; %d records", a, err, len(b.records))
	}
}

func TestSectionsAreAskedFor(t *testing.T) {
	b := newBooks("d1")
	d := open(t, b)
	disk := func(name string) report.Section {
		sec, _ := inventory.Lookup("disk")
		tab, _, err := sec.Conform(inventory.Table{Columns: []string{"name"}, Rows: [][]any{{name}}})
		if err != nil {
			t.Fatal(err)
		}
		s := report.Section{Name: "disk", Columns: []string{"name"}, Rows: [][]any{{name}}}
		s.Seal(sec, tab)
		return s
	}
	sda, sdb := disk("sda"), disk("sdb")
	root := func(m map[string]inventory.Hash) inventory.Hash { return inventory.Root(m) }
	both := map[string]inventory.Hash{"disk": sdb.Hash, "volume": {4}}

	a := accept(t, d, send(1, 1, withLayout, func(e *report.Envelope) {
		e.Reports[0].Sections, e.Reports[0].Root = []report.Section{sda}, root(map[string]inventory.Hash{"disk": sda.Hash})
	}))
	if len(a.Want) != 0 {
		t.Errorf("roots agree, but %v is wanted", a.Want)
	}
	a = accept(t, d, send(2, 2, func(e *report.Envelope) { e.Reports[0].Root = root(both) }))
	if !slices.Equal(a.Want, []string{report.WantHashes}) {
		t.Errorf("roots differ: wanted %v, want the hashes", a.Want)
	}
	a = accept(t, d, send(3, 3, func(e *report.Envelope) { e.Reports[0].Root, e.Reports[0].Hashes = root(both), both }))
	if !slices.Equal(a.Want, []string{"disk", "volume"}) {
		t.Errorf("wanted %v, want the two that differ", a.Want)
	}
	// A section that this catalogue does not know must not be asked for for ever.
	newer := map[string]inventory.Hash{"disk": sda.Hash, "from_the_future": {9}}
	a = accept(t, d, send(4, 4, func(e *report.Envelope) { e.Reports[0].Root, e.Reports[0].Hashes = root(newer), newer }))
	if len(a.Want) != 0 {
		t.Errorf("wanted %v", a.Want)
	}
	a = accept(t, d, send(5, 5, func(e *report.Envelope) { e.Reports[0].Root = root(newer) }))
	if len(a.Want) != 0 {
		t.Errorf("after agreeing, wanted %v", a.Want)
	}
}

func TestFullStoreIsBusyAndThenGoesOn(t *testing.T) {
	b := newBooks("d1")
	d := open(t, b)
	set := func(f func()) { b.mu.Lock(); defer b.mu.Unlock(); f() }
	set(func() { b.full = true })
	if _, err := d.Accept(t.Context(), Sender{Device: "d1"}, send(1, 1, withLayout)); !errors.Is(err, ErrBusy) {
		t.Errorf("outbox full: %v", err)
	}
	set(func() { b.full, b.commitErr = false, fmt.Errorf("insert: %w", store.ErrFull) })
	if _, err := d.Accept(t.Context(), Sender{Device: "d1"}, send(1, 1, withLayout)); !errors.Is(err, ErrBusy) {
		t.Errorf("disk full: %v", err)
	}
	set(func() { b.commitErr = nil })
	if a := accept(t, d, send(1, 1, withLayout)); a.Acked != 1 {
		t.Errorf("after space came back: %+v", a)
	}
}

func TestFailedStoreStopsTheDoor(t *testing.T) {
	b := newBooks("d1")
	b.outboxErr = errors.New("fsync: input/output error")
	d := New(Options{Inventory: b, Outbox: b, Policies: fixedPolicy{}, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	stopped := make(chan error, 1)
	go func() { stopped <- d.Run(t.Context()) }()
	if _, err := d.Accept(t.Context(), Sender{Device: "d1"}, send(1, 1, withLayout)); err == nil || errors.Is(err, ErrBusy) {
		t.Errorf("Accept: %v, want the fault", err)
	}
	if err := <-stopped; err == nil {
		t.Error("Run went on after an fsync error")
	}
	b.outboxErr = nil
	if _, err := d.Accept(t.Context(), Sender{Device: "d1"}, send(1, 1, withLayout)); err == nil {
		t.Error("something was acknowledged after an fsync error")
	}
	if len(b.entries) != 0 {
		t.Error("something was committed without being in the outbox")
	}
}

func TestUnknownDevice(t *testing.T) {
	d := open(t, newBooks("d1"))
	if _, err := d.Accept(t.Context(), Sender{Device: "gone"}, send(1, 1, withLayout)); !errors.Is(err, ErrUnknownDevice) {
		t.Errorf("got %v", err)
	}
}

// Many devices at once, each resending, overlapping and repeating: every
// number must be stored once and in order.
func TestManySendersOverlap(t *testing.T) {
	var ids []inventory.DeviceID
	for i := range 20 {
		ids = append(ids, inventory.DeviceID(fmt.Sprint("d", i)))
	}
	b := newBooks(ids...)
	d := open(t, b, func(o *Options) { o.Group = 7 })
	var wg sync.WaitGroup
	for _, id := range ids {
		wg.Go(func() {
			for from := uint64(1); from <= 30; from += 2 {
				e := send(max(from, 4)-3, from+1, func(e *report.Envelope) { e.Layouts = []report.Layout{layout} })
				if _, err := d.Accept(t.Context(), Sender{Device: id}, e); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	last := map[inventory.DeviceID]uint64{}
	for _, e := range b.entries {
		if e.Head.Seq != last[e.Device]+1 {
			t.Fatalf("%s: number %d came after %d", e.Device, e.Head.Seq, last[e.Device])
		}
		last[e.Device] = e.Head.Seq
	}
	for _, id := range ids {
		if last[id] != 30 {
			t.Errorf("%s: stored up to %d, want 30", id, last[id])
		}
	}
	if len(b.records) != len(b.entries) {
		t.Errorf("%d records in the outbox for %d reports", len(b.records), len(b.entries))
	}
}

func TestNoteOfADeviceThatIsNotThere(t *testing.T) {
	b := newBooks("d1")
	d := open(t, b)
	if err := d.Note(t.Context(), "gone", []store.EventReading{{Kind: "revoked", At: time.Now(), Count: 1}}); !errors.Is(err, ErrUnknownDevice) {
		t.Errorf("a word about an unknown device: %v", err)
	}
	if len(b.entries) != 0 {
		t.Errorf("%d entries reached the store, whose refusal would end the collector", len(b.entries))
	}
	if a := accept(t, d, send(1, 1, withLayout)); a.Acked != 1 {
		t.Errorf("the door is shut for others: %+v", a)
	}
}

func TestLayoutsOfAnEnvelopeOutliveRepeats(t *testing.T) {
	b := newBooks("d1")
	d := open(t, b)
	accept(t, d, send(1, 1, func(e *report.Envelope) { e.Reports[0].Samples = nil }))
	a := accept(t, d, send(1, 2, func(e *report.Envelope) {
		e.Reports[0].Samples = nil
		e.Layouts = []report.Layout{layout}
	}))
	if a.Acked != 2 {
		t.Fatalf("answer %+v", a)
	}
	if _, err := b.Layout(t.Context(), layout.Hash()); err != nil {
		t.Error("acknowledged numbers whose names are nowhere")
	}
}

// A record of the outbox may be read before its group is in the inventory
// store: what the store does not have yet, each has with it.
func TestRecordsNameTheirNumbers(t *testing.T) {
	b := newBooks("d1")
	d := open(t, b)
	accept(t, d, send(1, 3, withLayout))
	accept(t, d, send(4, 5))
	for i, text := range b.records {
		s, err := store.DecodeSamples(text)
		if err != nil {
			t.Fatal(err)
		}
		if fresh := i < 3; fresh != (len(s.Layouts) == 1 && s.Layouts[0].Hash() == layout.Hash()) {
			t.Errorf("record %d has %d layouts", i+1, len(s.Layouts))
		}
	}
	if len(b.records) != 5 {
		t.Errorf("%d records", len(b.records))
	}
}

func TestAHeldStoreIsWaitedFor(t *testing.T) {
	b := newBooks("d1")
	b.commitErr = fmt.Errorf("commit: %w", store.ErrBusy)
	d := open(t, b)
	if _, err := d.Accept(t.Context(), Sender{Device: "d1"}, send(1, 1, withLayout)); !errors.Is(err, ErrBusy) {
		t.Errorf("error %v, want busy", err)
	}
	b.mu.Lock()
	b.commitErr = nil
	b.mu.Unlock()
	if a := accept(t, d, send(1, 1, withLayout)); a.Acked != 1 {
		t.Errorf("afterwards: %+v", a)
	}
}
