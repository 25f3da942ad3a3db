package agent

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
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
		for range 3 {
			rs.slots[0].due = time.Now()
			rs.read(t.Context(), time.Now())
		}
		if n := started.Load(); n != 1 {
			t.Errorf("started %d times while it hung", n)
		}
		close(release)
		synctest.Wait()
		rs.ask([]string{"volume"})
		if got := rs.read(t.Context(), time.Now()); len(got) != 1 || got[0].Status != report.OK {
			t.Errorf("after it came back: %+v", got)
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
