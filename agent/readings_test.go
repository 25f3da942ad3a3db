package agent

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"muster/agent/gather"
	"muster/agent/host"
	"muster/internal/inventory"
	"muster/internal/report"
)

// volumesOf is a section whose reading a test controls.
func volumesOf(read func(ctx context.Context) (gather.Reading, error)) []gather.Section {
	return []gather.Section{{Name: "volume", Read: func(ctx context.Context, _ *host.Host) (gather.Reading, error) { return read(ctx) }}}
}

func schedule(t *testing.T, list []gather.Section) *readings {
	t.Helper()
	rs, err := newReadings(&host.Host{Now: time.Now}, list, 5*time.Second, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return rs
}

func TestSectionsAreSentWhenTheyChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		size, free := int64(100), int64(30)
		rs := schedule(t, volumesOf(func(context.Context) (gather.Reading, error) {
			return gather.Rows([]inventory.Volume{{Mount: "/", SizeBytes: size, FreeBytes: &free}}, "sysfs")
		}))
		read := func() []report.Section { return rs.read(t.Context(), time.Now()) }
		if got := read(); len(got) != 1 || got[0].Status != report.OK || got[0].Hash.IsZero() {
			t.Fatalf("first reading: %+v", got)
		}
		first := rs.hashes()["volume"]
		if got := read(); len(got) != 0 {
			t.Errorf("before the cadence is over: %+v", got)
		}
		rs.ask([]string{"volume"})
		if got := read(); len(got) != 1 {
			t.Errorf("asked for: %+v", got)
		}
		time.Sleep(25 * time.Hour)
		if got := read(); len(got) != 1 {
			t.Error("a day later the full check does not come")
		}
		size = 200
		rs.slots[0].due = time.Now()
		if got := read(); len(got) != 1 || rs.hashes()["volume"] == first {
			t.Errorf("a change is not sent: %+v", got)
		}
		free = 20
		rs.slots[0].due = time.Now()
		if got := read(); len(got) != 0 {
			t.Error("a change of what is kept as latest is sent before its hour")
		}
		time.Sleep(2 * time.Hour)
		rs.slots[0].due = time.Now()
		if got := read(); len(got) != 1 {
			t.Error("after an hour, what is kept as latest is not sent")
		}
		rs.settle([]string{"volume"}, nil)
		if got := read(); len(got) != 0 || len(rs.hashes()) != 0 {
			t.Error("a section that is off is read, or claimed to be known")
		}
		rs.settle(nil, map[string]time.Duration{"volume": time.Minute})
		if got := read(); len(got) != 1 {
			t.Error("a section that is on again is not read at once")
		}
		time.Sleep(time.Minute)
		size = 300
		if got := read(); len(got) != 1 {
			t.Error("another cadence does not hold")
		}
	})
}

func TestBadReadersCostOnlyTheirSection(t *testing.T) {
	for name, c := range map[string]struct {
		read func(ctx context.Context) (gather.Reading, error)
		want report.Status
	}{
		"crash": {func(context.Context) (gather.Reading, error) { panic("nil map") }, report.Failed},
		"hang":  {func(ctx context.Context) (gather.Reading, error) { <-ctx.Done(); return gather.Reading{}, ctx.Err() }, report.Failed},
		"no right": {func(context.Context) (gather.Reading, error) {
			return gather.Reading{}, fmt.Errorf("open: %w", fs.ErrPermission)
		}, report.Denied},
		"unsupported": {func(context.Context) (gather.Reading, error) { return gather.Reading{}, errors.ErrUnsupported }, report.Unsupported},
		"other fault": {func(context.Context) (gather.Reading, error) { return gather.Reading{}, errors.New("odd") }, report.Failed},
		"half": {func(context.Context) (gather.Reading, error) {
			r, err := gather.Rows([]inventory.Volume{{Mount: "/"}}, "sysfs")
			r.Faults = []string{"sdb: input/output error"}
			return r, err
		}, report.Partial},
		"bad rows": {func(context.Context) (gather.Reading, error) {
			return gather.Reading{Table: inventory.Table{Columns: []string{"mount", "size_bytes"}, Rows: [][]any{{"/", "many"}}}}, nil
		}, report.Partial},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				list := append(volumesOf(c.read), gather.Section{Name: "cpu", Read: func(context.Context, *host.Host) (gather.Reading, error) {
					return gather.Rows([]inventory.CPU{{Vendor: "x"}}, "cpuinfo")
				}})
				got := schedule(t, list).read(t.Context(), time.Now())
				if len(got) != 2 || got[0].Status != c.want || got[1].Status != report.OK {
					t.Fatalf("got %+v", got)
				}
				if c.want != report.OK && got[0].Reason == "" {
					t.Error("no reason is given")
				}
			})
		})
	}
}

func TestAReaderThatNeverReturnsIsNotStartedTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		var started atomic.Int64
		rs := schedule(t, volumesOf(func(context.Context) (gather.Reading, error) {
			started.Add(1)
			<-release // deaf to its context
			return gather.Rows([]inventory.Volume{{Mount: "/"}}, "sysfs")
		}))
		got := rs.read(t.Context(), time.Now())
		if len(got) != 1 || got[0].Status != report.Failed || got[0].Reason != "did not answer within 5s" {
			t.Errorf("given up: %+v", got)
		}
		for range 3 {
			rs.slots[0].due = time.Now()
			if got := rs.read(t.Context(), time.Now()); len(got) != 0 {
				t.Errorf("told again while it hangs: %+v", got)
			}
		}
		if n := started.Load(); n != 1 {
			t.Errorf("started %d times while it hung", n)
		}
		close(release)
		synctest.Wait()
		rs.ask([]string{"volume"})
		rs.read(t.Context(), time.Now()) // takes note that it came back
		if got := rs.read(t.Context(), time.Now()); len(got) != 1 || got[0].Status != report.OK {
			t.Errorf("after it came back: %+v", got)
		}
	})
}

// A report does not wait for a slow section, nor do the others.
func TestASlowSectionComesWithALaterReport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		list := append(volumesOf(func(context.Context) (gather.Reading, error) {
			time.Sleep(20 * time.Second)
			return gather.Rows([]inventory.Volume{{Mount: "/"}}, "sysfs")
		}), gather.Section{Name: "cpu", Read: func(context.Context, *host.Host) (gather.Reading, error) {
			return gather.Rows([]inventory.CPU{{Vendor: "x"}}, "cpuinfo")
		}})
		rs := schedule(t, list)
		rs.limit = 30 * time.Second
		ready := make(chan time.Time, 1)
		rs.ready = func() { ready <- time.Now() }
		begin := time.Now()
		got := rs.read(t.Context(), begin)
		if took := time.Since(begin); took != patience || len(got) != 1 || got[0].Name != "cpu" {
			t.Fatalf("after %s: %+v", took, got)
		}
		if got := rs.read(t.Context(), time.Now()); len(got) != 0 {
			t.Fatalf("before it is there: %+v", got)
		}
		time.Sleep(55 * time.Second)
		if took := (<-ready).Sub(begin); took != 20*time.Second {
			t.Errorf("that it is there is told after %s", took)
		}
		got = rs.read(t.Context(), time.Now())
		if len(got) != 1 || got[0].Status != report.OK || got[0].Took != 20_000 || got[0].At != 60_000 {
			t.Fatalf("when it is there: %+v", got)
		}
	})
}

// What fails is tried again, less and less often.
func TestFailuresAreTriedAgainLessAndLess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bad := true
		var waits []time.Duration
		rs := schedule(t, volumesOf(func(context.Context) (gather.Reading, error) {
			if bad {
				return gather.Reading{}, errors.New("odd")
			}
			return gather.Rows([]inventory.Volume{{Mount: "/"}}, "sysfs")
		}))
		s := rs.slots[0]
		for range 8 {
			s.due = time.Now()
			rs.read(t.Context(), time.Now())
			waits = append(waits, time.Until(s.due).Round(15*time.Minute))
		}
		m := 15 * time.Minute
		if want := []time.Duration{m, 2 * m, 4 * m, 8 * m, 16 * m, 24 * m, 24 * m, 24 * m}; !near(waits, want) {
			t.Errorf("waits %v, want at most an eighth less than %v", waits, want)
		}
		bad = false
		s.due = time.Now()
		rs.read(t.Context(), time.Now())
		bad = true
		s.due = time.Now()
		rs.read(t.Context(), time.Now())
		if w := time.Until(s.due); w > m {
			t.Errorf("the first failure after a success waits %s", w)
		}
	})
}

func near(got, want []time.Duration) bool {
	for i := range want {
		if got[i] > want[i] || got[i] < want[i]*6/8 {
			return false
		}
	}
	return len(got) == len(want)
}

// One process at a time reads apart.
func TestWhatIsReadApartWaitsItsTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := func(context.Context, *host.Host) (gather.Reading, error) {
			time.Sleep(10 * time.Second)
			return gather.Reading{}, errors.ErrUnsupported
		}
		rs := schedule(t, []gather.Section{apart("software", slow), apart("service", slow), read("user", slow)})
		rs.limit = time.Minute
		rs.child = &child{}
		rs.slots[0].run = &under{begun: time.Now(), done: make(chan outcome, 1)}
		rs.read(t.Context(), time.Now())
		if rs.slots[1].run != nil || rs.slots[2].run == nil {
			t.Error("two processes at a time, or what is read here waits for one")
		}
		rs.slots[0].run = nil
		time.Sleep(10 * time.Second) // until what was begun has ended
	})
}

// While power is short or the network costs, nothing is read but what is asked
// for, for a day at most; a machine that was never told of is not held back.
func TestInventoryWaitsForBetterTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := map[string]int{}
		counted := func(name string) gather.Section {
			return read(name, func(context.Context, *host.Host) (gather.Reading, error) {
				n[name]++
				return gather.Reading{}, errors.ErrUnsupported
			})
		}
		rs := schedule(t, []gather.Section{counted("software"), counted("user")})
		low, whole := true, time.Time{}
		rs.saving = func(context.Context) bool { return low }
		rs.whole = func() time.Time { return whole }
		rs.nowWhole = func(at time.Time) error { whole = at; return nil }
		look := func(software, user int, why string) {
			t.Helper()
			rs.read(t.Context(), time.Now())
			if n["software"] != software || n["user"] != user {
				t.Errorf("%s: software was read %d times, want %d; user %d, want %d", why, n["software"], software, n["user"], user)
			}
		}
		look(1, 1, "never told of")
		if !whole.Equal(time.Now()) {
			t.Errorf("that all was read is not kept: %v", whole)
		}
		begun := whole
		time.Sleep(7 * time.Hour) // both are due
		look(1, 1, "power is short")
		rs.ask([]string{"user"})
		look(1, 2, "one is asked for")
		if !whole.Equal(begun) {
			t.Error("what was read while others waited counts as all")
		}
		time.Sleep(18 * time.Hour)
		look(2, 3, "a day has passed")
		time.Sleep(7 * time.Hour)
		look(2, 3, "power is short again")
		low = false
		look(3, 4, "power is back")
	})
}

// What tells of habits is read where somebody set a cadence for it, and nowhere
// else; a wish of the collector for the section alone does not do.
func TestOnRequestSectionsAreReadWhereACadenceIsSet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		rs := schedule(t, []gather.Section{read("software_usage", func(context.Context, *host.Host) (gather.Reading, error) {
			n++
			return gather.Reading{}, errors.ErrUnsupported
		})})
		look := func(want int, when string) {
			t.Helper()
			time.Sleep(time.Hour)
			if rs.read(t.Context(), time.Now()); n != want {
				t.Errorf("%s: read %d times, want %d", when, n, want)
			}
		}
		look(0, "at the start")
		rs.settle(nil, nil)
		look(0, "without a wish")
		rs.ask([]string{"software_usage"})
		look(0, "asked for by name")
		rs.settle(nil, map[string]time.Duration{"software_usage": time.Minute})
		look(1, "a cadence is set")
		rs.settle([]string{"software_usage"}, map[string]time.Duration{"software_usage": time.Minute})
		look(1, "and the machine's own settings say no")
		rs.settle(nil, nil)
		look(1, "it is set no more")
	})
}

// stubborn is a sampler that hangs until it is let go.
type stubborn struct {
	hang    chan struct{}
	started atomic.Int64
}

func (*stubborn) Name() string { return "stubborn" }

func (s *stubborn) Sample(_ context.Context, _ *host.Host, to gather.Sink) error {
	s.started.Add(1)
	<-s.hang
	to.Put("system", "load1", 9)
	return nil
}

type steady struct{}

func (steady) Name() string { return "steady" }

func (steady) Sample(_ context.Context, _ *host.Host, to gather.Sink) error {
	to.Put("mem", "used_percent", 1)
	return nil
}

type crashing struct{}

func (crashing) Name() string { return "crashing" }

func (crashing) Sample(context.Context, *host.Host, gather.Sink) error { panic("nil map") }

func TestASamplerThatHangsCostsOnlyItsNumbers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bad := &stubborn{hang: make(chan struct{})}
		r := &recorder{host: &host.Host{Now: time.Now}, log: slog.New(slog.DiscardHandler), now: time.Now,
			kept: &kept{path: filepath.Join(t.TempDir(), "kept")}, samplers: []gather.Sampler{bad, crashing{}, steady{}}}
		for range 3 {
			r.sample(t.Context())
		}
		if n := bad.started.Load(); n != 1 {
			t.Errorf("started %d times while it hung", n)
		}
		close(bad.hang)
		synctest.Wait()
		for i, s := range r.samples {
			if len(s.sample.Values) != 1 || s.sample.Values[0] != 1 {
				t.Errorf("sampling %d: %v", i, s.sample.Values)
			}
		}
		r.sample(t.Context())
		if n := len(r.samples[len(r.samples)-1].sample.Values); n != 2 {
			t.Errorf("after it came back there are %d numbers, want 2", n)
		}
		if r.errors != 2*3+1 {
			t.Errorf("%d errors counted", r.errors)
		}
	})
}

func TestReadingsKeepToTheirShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var taken time.Duration
		rs := schedule(t, volumesOf(func(context.Context) (gather.Reading, error) {
			taken += 300 * time.Millisecond
			time.Sleep(300 * time.Millisecond)
			return gather.Reading{}, errors.ErrUnsupported
		}))
		rs.pacer = pacer{share: 0.1, cost: func() time.Duration { return taken }}
		begin := time.Now()
		rs.read(t.Context(), begin)
		if took := time.Since(begin); took != 3*time.Second {
			t.Errorf("300 ms of processor time at a tenth of a core took %s", took)
		}
		rs.pacer.share = 1
		rs.slots[0].due = time.Now()
		begin = time.Now()
		rs.read(t.Context(), begin)
		if took := time.Since(begin); took != 300*time.Millisecond {
			t.Errorf("at a whole core it took %s", took)
		}
	})
}

func TestSheetKeepsItsLayout(t *testing.T) {
	var unknown []string
	s := &sheet{unknown: func(m, f string) { unknown = append(unknown, m+"_"+f) }}
	take := func(put func()) (report.Sample, report.Layout) {
		s.begin()
		put()
		return s.end()
	}
	two := func() {
		s.Put("cpu", "usage_user", 1, "cpu", "cpu-total")
		s.Put("disk", "free", 2, "path", "/", "device", "sda1", "fstype", "ext4", "mode", "rw")
	}
	first, layout := take(two)
	if len(layout) != 2 || layout.Hash() != first.Layout || layout[1].Labels[0].Key != "device" {
		t.Fatalf("layout %+v", layout)
	}
	if again, l := take(two); l != nil || again.Layout != first.Layout || len(again.Values) != 2 {
		t.Error("the same series make another layout")
	}
	three, l := take(func() { two(); s.Put("mem", "used_percent", 3) })
	if len(l) != 3 || three.Layout == first.Layout {
		t.Errorf("a series more: layout %+v", l)
	}
	if fewer, l := take(func() { s.Put("cpu", "usage_user", 1, "cpu", "cpu-total") }); len(l) != 1 || len(fewer.Values) != 1 {
		t.Errorf("series less: layout %+v", l)
	}
	take(func() { s.Put("cpu", "made_up", 1); s.Put("mem", "total", 1) })
	if len(unknown) != 1 || unknown[0] != "cpu_made_up" {
		t.Errorf("unknown names told: %v", unknown)
	}
	if len(s.layout) != 0 {
		t.Errorf("a field that is not sent by default was taken: %+v", s.layout)
	}
}

// A gateway that answers now and then takes the layout to and fro.
func TestSheetGoesBackToEarlierLayouts(t *testing.T) {
	s := &sheet{unknown: func(m, f string) { t.Errorf("%s_%s is unknown", m, f) }}
	take := func(ping, battery bool) (report.Sample, report.Layout) {
		s.begin()
		s.Put("mem", "used_percent", 1)
		if ping {
			s.Put("ping", "percent_packet_loss", 2, "url", "gateway")
		}
		s.Put("swap", "used_percent", 3)
		if battery {
			s.Put("battery", "charge_percent", 4, "battery", "BAT0")
		}
		return s.end()
	}
	kinds := [][2]bool{{true, true}, {false, true}, {true, false}, {false, false}}
	known := map[[2]bool]report.LayoutHash{}
	for _, k := range kinds {
		sample, layout := take(k[0], k[1])
		if layout == nil || layout.Hash() != sample.Layout || len(layout) != len(sample.Values) {
			t.Fatalf("%v: layout %+v of a sample with %d values", k, layout, len(sample.Values))
		}
		known[k] = sample.Layout
	}
	if len(known) != 4 || len(s.others) != mostOthers {
		t.Fatalf("%d layouts, %d earlier ones are kept", len(known), len(s.others))
	}
	last := kinds[3]
	for i := range 40 {
		k := kinds[i*7/3%4]
		want := sampleOf(k[0], k[1])
		sample, layout := take(k[0], k[1])
		if sample.Layout != known[k] || !slices.Equal(sample.Values, want) {
			t.Errorf("%v: layout %x with %v, want %x with %v", k, sample.Layout, sample.Values, known[k], want)
		}
		if (layout != nil) != (k != last) || layout != nil && layout.Hash() != known[k] {
			t.Errorf("%v after %v: layout %+v", k, last, layout)
		}
		last = k
	}
}

func sampleOf(ping, battery bool) report.Values {
	v := report.Values{1}
	if ping {
		v = append(v, 2)
	}
	v = append(v, 3)
	if battery {
		v = append(v, 4)
	}
	return v
}

// Names that were told are not told again, and of many those stay that are used.
func TestLayoutsThatWereKeptAreNotNew(t *testing.T) {
	dir := t.TempDir()
	layout := func(i int) report.Layout {
		return report.Layout{{Measurement: "diskio", Field: "reads", Labels: []report.Label{{Key: "name", Value: fmt.Sprint("sd", i)}}}}
	}
	add := func(k *kept, i int, want bool) {
		t.Helper()
		if fresh, err := k.AddLayout(layout(i)); err != nil || fresh != want {
			t.Errorf("layout %d: new is %v, error %v", i, fresh, err)
		}
	}
	k, err := openKept(dir)
	if err != nil {
		t.Fatal(err)
	}
	for i := range mostLayouts {
		add(k, i, true)
	}
	add(k, 0, false)
	add(k, mostLayouts, true) // for which 1 goes
	add(k, 0, false)
	if k, err = openKept(dir); err != nil {
		t.Fatal(err)
	}
	add(k, 0, false)
	add(k, 1, true)
	if n := len(k.Layouts()); n != mostLayouts {
		t.Errorf("%d layouts are kept", n)
	}
}
