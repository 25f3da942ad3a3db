package storetest

import (
	"fmt"
	"sync"
	"time"

	"muster/collector/store"
	"muster/internal/inventory"
	"muster/internal/report"
)

func testJournal(f *fleet) {
	a, b := f.add(1), f.add(2)
	failed := reading[inventory.Software](hours(-1))
	failed.Status = report.Failed
	f.report(a, hours(-1), failed)
	f.report(a, hours(0), reading(hours(0), soft("a", "1"), soft("b", "1"), soft("c", "1")), reading(hours(0), inventory.System{Vendor: "Acme", Model: "X"}))
	f.report(a, hours(1), reading(hours(1), soft("a", "2"), soft("c", "1"), soft("d", "1")))
	f.report(b, hours(2), reading(hours(2), soft("a", "9")))
	f.report(a, hours(3), reading(hours(3), inventory.System{Vendor: "Acme", Model: "Y"}))
	show := func(q store.JournalQuery) string {
		f.Helper()
		q.Scope = all()
		l, err := f.s.Journal(f.Context(), q)
		f.ok(err)
		out := ""
		for _, c := range l {
			out += fmt.Sprintf("%v %s %s %s %v %v %v\n", c.At.Sub(t0()).Hours(), c.Name, c.Section, c.Verb, c.Key["name"], c.Before, c.After)
		}
		return out
	}
	want := []string{
		"3 pc-1 system changed <nil> map[model:X] map[model:Y]\n",
		"2 pc-2 software first_read <nil> map[] map[rows:1]\n",
		"1 pc-1 software changed a map[version:1] map[version:2]\n",
		"1 pc-1 software removed b map[version:1] map[]\n",
		"1 pc-1 software added d map[] map[version:1]\n",
		"0 pc-1 software first_read <nil> map[] map[rows:3]\n",
		"0 pc-1 system first_read <nil> map[] map[rows:1]\n",
	}
	join := func(l []string) string {
		out := ""
		for _, s := range l {
			out += s
		}
		return out
	}
	f.want("all", show(store.JournalQuery{}), join(want))
	f.want("limit", show(store.JournalQuery{Limit: 4}), join(want[:4]))
	f.want("device", show(store.JournalQuery{Devices: []inventory.DeviceID{b}}), want[1])
	f.want("section", show(store.JournalQuery{Sections: []string{"system"}}), want[0]+want[6])
	f.want("from and to", show(store.JournalQuery{From: hours(1), To: hours(3)}), join(want[1:5]))
	l, err := f.s.Journal(f.Context(), store.JournalQuery{Scope: all(), Sections: []string{"software"}, To: hours(2)})
	f.ok(err)
	f.want("key", l[0].Key, map[string]any{"source": "dpkg", "scope": "machine", "name": "a"})
	f.want("device of a line", l[0].Device, a)
	_, err = f.s.Journal(f.Context(), store.JournalQuery{Scope: all(), Sections: []string{"nonsense"}})
	f.is(err, store.ErrNotFound)
	// Many entries are read in parts: none twice, none left out.
	for i := range 270 {
		f.report(b, hours(4).Add(time.Duration(i)*time.Minute), reading(hours(4).Add(time.Duration(i)*time.Minute), soft("a", fmt.Sprint(i))))
	}
	l, err = f.s.Journal(f.Context(), store.JournalQuery{Scope: all(), Devices: []inventory.DeviceID{b}})
	f.ok(err)
	f.want("many", len(l), 271)
	for i, c := range l[:270] {
		if got := fmt.Sprint(c.After["version"]); got != fmt.Sprint(269-i) {
			f.Fatalf("line %d has version %s", i, got)
		}
	}
}

func testEvents(f *fleet) {
	a, b := f.add(1), f.add(2)
	l := report.Layout{{Measurement: "cpu", Field: "usage", Labels: []report.Label{{Key: "cpu", Value: "cpu0"}}}, {Measurement: "mem", Field: "used"}}
	e := f.entry(a, hours(1))
	e.ReceivedAt = hours(1.5)
	e.Events = []store.EventReading{
		{Kind: "disk_error", At: hours(0.2), Count: 3, Attributes: map[string]string{"disk": "sda", "text": "ä\"'"}},
		{Kind: "app_crash", At: hours(0.1)},
	}
	e.Gaps = []report.Gap{{From: 7, To: 9}, {From: 2, To: 3}}
	e.Layouts = []report.Layout{l}
	for range 2 {
		f.ok(f.s.Commit(f.Context(), []store.Entry{e}))
	}
	other := f.entry(b, hours(2))
	other.Events = []store.EventReading{{Kind: "app_crash", At: hours(2), Count: 1}}
	other.Layouts = []report.Layout{l}
	f.ok(f.s.Commit(f.Context(), []store.Entry{other}))
	show := func(q store.EventQuery) string {
		f.Helper()
		q.Scope = all()
		l, err := f.s.Events(f.Context(), q)
		f.ok(err)
		out := ""
		for _, e := range l {
			out += fmt.Sprintf("%v %s %s %d %v\n", e.At.Sub(t0()).Hours(), e.Name, e.Kind, e.Count, e.Attributes)
		}
		return out
	}
	x, y, z := "2 pc-2 app_crash 1 map[]\n", "0.2 pc-1 disk_error 3 map[disk:sda text:ä\"']\n", "0.1 pc-1 app_crash 1 map[]\n"
	f.want("all", show(store.EventQuery{}), x+y+z)
	f.want("limit", show(store.EventQuery{Limit: 2}), x+y)
	f.want("kind", show(store.EventQuery{Kinds: []string{"app_crash"}}), x+z)
	f.want("device", show(store.EventQuery{Devices: []inventory.DeviceID{a}}), y+z)
	f.want("from and to", show(store.EventQuery{From: hours(0.2), To: hours(2)}), y)
	rows, err := f.s.Events(f.Context(), store.EventQuery{Scope: all(), Kinds: []string{"disk_error"}})
	f.ok(err)
	f.want("received", rows[0].ReceivedAt, hours(1.5))
	gaps, err := f.s.Gaps(f.Context(), a)
	f.ok(err)
	f.want("gaps", gaps, []report.Gap{{From: 2, To: 3}, {From: 7, To: 9}})
	gaps, err = f.s.Gaps(f.Context(), b)
	f.ok(err)
	f.want("no gaps", len(gaps), 0)
	_, err = f.s.Gaps(f.Context(), id(9))
	f.is(err, store.ErrNotFound)
	got, err := f.s.Layout(f.Context(), l.Hash())
	f.ok(err)
	f.want("layout", got, l)
	_, err = f.s.Layout(f.Context(), report.LayoutHash{1})
	f.is(err, store.ErrNotFound)
}

func testRetain(f *fleet) {
	a, b := f.add(1), f.add(2)
	for i := range 10 {
		at := hours(float64(i))
		f.report(a, at, reading(at, soft("a", fmt.Sprint(i)), soft("b", "1")))
		e := f.entry(b, at)
		e.Events = []store.EventReading{{Kind: "app_crash", At: at}}
		f.ok(f.s.Commit(f.Context(), []store.Entry{e}))
	}
	n, err := f.s.Retain(f.Context(), store.Retention{}, hours(1000))
	f.ok(err)
	f.want("zero keeps for ever", n, 0)
	n, err = f.s.Retain(f.Context(), store.Retention{ClosedRows: 5 * time.Hour, Events: 8 * time.Hour}, hours(10))
	f.ok(err)
	// Rows closed before hour 5: versions 0 to 3; events before hour 2: two.
	f.want("removed", n, 6)
	f.want("now", f.versions(a, time.Time{}), "[a 9 b 1]")
	f.want("within", f.versions(a, hours(5)), "[a 5 b 1]")
	f.want("before, what is still so", f.versions(a, hours(1)), "[b 1]")
	l, err := f.s.Journal(f.Context(), store.JournalQuery{Scope: all()})
	f.ok(err)
	f.want("journal", len(l), 5)
	events, err := f.s.Events(f.Context(), store.EventQuery{Scope: all()})
	f.ok(err)
	f.want("events", len(events), 8)
	c, err := f.s.Counts(f.Context())
	f.ok(err)
	f.want("counts", []int64{int64(c.Devices), c.Rows, c.CurrentRows, c.Events}, []int64{2, 7, 2, 8})
	n, err = f.s.Retain(f.Context(), store.Retention{ClosedRows: 5 * time.Hour, Events: 8 * time.Hour}, hours(10))
	f.ok(err)
	f.want("again", n, 0)
}

// testConcurrent reads while reports are committed and people write.
func testConcurrent(f *fleet) {
	var devices []inventory.DeviceID
	for i := range 10 {
		devices = append(devices, f.add(i+1))
	}
	var wg sync.WaitGroup
	stop := make(chan struct{})
	errs := make(chan error, 100)
	work := func(do func(i int) error) {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				if err := do(i); err != nil {
					errs <- err
					return
				}
			}
		})
	}
	ctx := f.Context()
	work(func(int) error {
		p, err := f.s.Devices(ctx, store.DeviceQuery{Scope: all(), Limit: 3})
		if err == nil && p.Total != 10 {
			err = fmt.Errorf("%d devices", p.Total)
		}
		return err
	})
	work(func(i int) error {
		// A view is of one state: each commit leaves two programs of one version.
		l, err := f.s.Sections(ctx, devices[i%10], time.Time{}, []string{"software"})
		if err == nil && len(l) > 0 {
			t := l[0].Table
			if v := t.Rows; len(v) != 2 || fmt.Sprint(v[0][6]) != fmt.Sprint(v[1][6]) {
				err = fmt.Errorf("rows of two states: %v", v)
			}
		}
		return err
	})
	work(func(i int) error { return f.s.SetPeople(ctx, devices[i%10], store.People{Note: fmt.Sprint(i)}) })
	work(func(int) error {
		_, err := f.s.Software(ctx, store.SoftwareQuery{Scope: all()})
		return err
	})
	for i := range 40 {
		var group []store.Entry
		for _, d := range devices {
			at := hours(float64(i))
			group = append(group, f.entry(d, at, reading(at, soft("a", fmt.Sprint(i)), soft("b", fmt.Sprint(i)))))
		}
		f.ok(f.s.Commit(ctx, group))
	}
	close(stop)
	wg.Wait()
	select {
	case err := <-errs:
		f.Fatal(err)
	default:
	}
}
