package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"muster/collector/outbox"
	"muster/internal/segment"
	"muster/internal/segment/segmenttest"
)

// poison puts records aside that are there.
func poison(t testing.TB, c *outbox.Cursor, why string, list ...uint64) {
	t.Helper()
	recs := next(t, c, 1000, 1<<30)
	for _, id := range list {
		if !slices.ContainsFunc(recs, func(r outbox.Record) bool { return r.ID == id }) {
			t.Fatalf("record %d was not given, only %s", id, ids(recs))
		}
		if err := c.Poison(id, why); err != nil {
			t.Fatal(err)
		}
	}
}

func records(list []outbox.Aside) string {
	var s []string
	for _, a := range list {
		s = append(s, fmt.Sprint(a.Record))
	}
	return strings.Join(s, " ")
}

func TestRetryAndDrop(t *testing.T) {
	disk, clk := segmenttest.New(), newClock()
	b := open(t, disk, clk, outbox.Options{}, durable)
	c := cursor(t, b, "influx")
	if n, err := b.Retry(nil); n != 0 || err != nil || len(b.Asides()) != 0 {
		t.Errorf("nothing is put aside, and %d were taken back: %v", n, err)
	}
	put(t, b, 1, 9, 50)
	poison(t, c, "out of range", 2, 4, 6, 8)
	if got := take(t, c); got != "1 3 5 7 9" {
		t.Fatalf("given %s", got)
	}
	// Over a restart.
	b.Close()
	b = open(t, disk.Crash(nil), clk, outbox.Options{}, durable)
	list := b.Asides()
	if records(list) != "2 4 6 8" {
		t.Fatalf("put aside %+v", list)
	}
	for _, act := range []func([]uint64) (int, error){b.Retry, b.Drop} {
		if n, err := act([]uint64{list[0].Number, 999}); n != 0 || !errors.Is(err, outbox.ErrNoAside) {
			t.Errorf("one that is not there: %d, %v", n, err)
		}
	}
	if n, err := b.Drop([]uint64{list[3].Number, list[1].Number, list[1].Number}); n != 2 || err != nil {
		t.Fatal(n, err)
	}
	if n, err := b.Retry([]uint64{list[2].Number}); n != 1 || err != nil || records(b.Asides()) != "2" {
		t.Fatal(n, err, b.Asides())
	}
	c = cursor(t, b, "influx")
	recs, err := c.Next(t.Context(), 10, 1<<20)
	if err != nil || len(recs) != 1 || recs[0].ID != 10 || string(recs[0].Body) != string(body(6, 50)) {
		t.Fatalf("taken back came %+v", recs)
	}
	// Refused again it gets another number: none is used twice.
	if err := c.Poison(10, "still out of range"); err != nil {
		t.Fatal(err)
	}
	if again := b.Asides(); again[1].Number <= list[3].Number || again[1].Reason != "still out of range" {
		t.Errorf("put aside again: %+v", again)
	}
	if n, err := b.Retry(nil); n != 2 || err != nil {
		t.Fatal(n, err)
	}
	if n, err := b.Drop(nil); n != 0 || err != nil {
		t.Error("nothing is left, and was dropped", n, err)
	}
	if st := b.Stats(); st.Aside != 0 || st.AsideBytes != 0 || st.AsideLost != 0 || st.Sinks[0].Records != 3 || st.Sinks[0].Poisoned != 5 {
		t.Errorf("stats %+v", st)
	}
	if _, err := b.ReadAside(list[0].Number); !errors.Is(err, outbox.ErrNoAside) {
		t.Errorf("read what is gone: %v", err)
	}
}

// Two stores have their own opinion, and what one refused both are given anew.
func TestAsideOfTwoSinks(t *testing.T) {
	b := open(t, segmenttest.New(), newClock(), outbox.Options{}, durable, replaying)
	put(t, b, 1, 2, 50)
	for _, name := range []string{"influx", "tsdb"} {
		poison(t, cursor(t, b, name), "refused by "+name, 1)
		take(t, cursor(t, b, name))
	}
	if list := b.Asides(); len(list) != 2 || list[0].Sink != "influx" || list[1].Sink != "tsdb" {
		t.Errorf("put aside %+v", list)
	}
}

// It takes no more room than it may: the oldest go, a few at a time, and are
// counted.
func TestAsideIsBounded(t *testing.T) {
	const limit = 64 << 10
	disk := segmenttest.New()
	b := open(t, disk, newClock(), outbox.Options{AsideBytes: limit}, durable)
	c := cursor(t, b, "influx")
	const all = 300
	for id := uint64(1); id <= all; id++ {
		put(t, b, id, id, 900)
		poison(t, c, "refused", id)
		size := 0
		for _, f := range disk.Files(dir + "/aside") {
			size += len(disk.Bytes(f))
		}
		if size > limit+limit/8 {
			t.Fatalf("%d bytes after %d records", size, id)
		}
	}
	st, list := b.Stats(), b.Asides()
	if st.Aside+int(st.AsideLost) != all || st.Aside < 40 || list[len(list)-1].Record != all {
		t.Errorf("%d kept, %d lost of %d; the last is of record %d", st.Aside, st.AsideLost, all, list[len(list)-1].Record)
	}
	// What was dropped makes room.
	if _, err := b.Drop(nil); err != nil {
		t.Fatal(err)
	}
	put(t, b, all+1, all+40, 900)
	var more []uint64
	for id := uint64(all + 1); id <= all+40; id++ {
		more = append(more, id)
	}
	poison(t, c, "refused", more...)
	if after := b.Stats(); after.AsideLost != st.AsideLost || after.Aside != 40 {
		t.Errorf("%+v, there was room", after)
	}
}

// Many small ones are bounded by their number.
func TestAsideIsBoundedInNumber(t *testing.T) {
	const all, most = 1050, 400
	b := open(t, segmenttest.New(), newClock(), outbox.Options{AsideRecords: most}, durable)
	c := cursor(t, b, "influx")
	for id := uint64(1); id <= all; id++ {
		put(t, b, id, id, 20)
		poison(t, c, "refused", id)
		if st := b.Stats(); st.Aside > most || st.Aside+int(st.AsideLost) != int(id) || st.AsideLost > 0 && st.Aside < most-most/8 {
			t.Fatalf("%d kept, %d lost of %d", st.Aside, st.AsideLost, id)
		}
	}
}

// refuse puts records aside, takes some back, drops some, and stops at the
// first error.
func refuse(p *pipe) error {
	b, err := outbox.Open(dir, p.options())
	if err != nil {
		return err
	}
	defer b.Close()
	for _, s := range []string{"1", "2", "3", "4", "5", "6"} {
		if _, _, err := b.Append([][]byte{[]byte(s)}); err != nil {
			return err
		}
		p.acked[s] = true
	}
	c, err := b.Cursor("influx")
	if err != nil {
		return err
	}
	// A disk that died is read again and again, for seconds of the bubble.
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	recs, err := c.Next(ctx, 10, 1<<20)
	if err != nil {
		return err
	}
	for _, i := range []int{1, 3, 4} {
		if err := c.Poison(recs[i].ID, "refused"); err != nil {
			return err
		}
	}
	for _, i := range []int{0, 2, 5} {
		p.durable[string(recs[i].Body)] = true
	}
	if err := c.Done(recs[5].ID); err != nil {
		return err
	}
	list := b.Asides()
	if len(list) != 3 {
		return nil // there was no room for them, and that is counted
	}
	p.durable["5"] = true // dropped on purpose, done or not
	if _, err := b.Drop([]uint64{list[2].Number}); err != nil {
		return err
	}
	_, err = b.Retry([]uint64{list[0].Number})
	return err
}

// held says which records are neither in the sink, nor put aside, nor to be
// given again.
func held(p *pipe) error {
	b, err := outbox.Open(dir, p.options())
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	defer b.Close()
	have := map[string]bool{}
	for _, a := range b.Asides() {
		body, err := b.ReadAside(a.Number)
		if err != nil {
			return err
		}
		have[string(body)] = true
	}
	if err := p.drain(b, "influx", func(s string) { have[s] = true }, 100); err != nil {
		return err
	}
	for s := range p.acked {
		if !have[s] && !p.durable[s] {
			return fmt.Errorf("record %s is nowhere", s)
		}
	}
	return nil
}

// A power cut at any moment of putting aside, taking back and dropping leaves
// no record nowhere.
func TestAsideSurvivesPowerCuts(t *testing.T) {
	probe := newPipe()
	if err := refuse(probe); err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= probe.disk.Calls(); n++ {
		for round := range segmenttest.Count(3, 60) {
			synctest.Test(t, func(t *testing.T) {
				p := newPipe()
				p.disk.DieAt(n)
				_ = refuse(p)
				switch round {
				case 0:
					p.disk = p.disk.Crash(nil)
				case 1:
					p.disk = p.disk.Kill()
				default:
					p.disk = p.disk.Crash(rand.New(rand.NewPCG(uint64(n), uint64(round))))
				}
				if err := held(p); err != nil {
					t.Fatalf("cut at call %d, round %d: %v", n, round, err)
				}
			})
		}
	}
}

// A disk that fails ends the process when an fsync did; otherwise the drain
// goes on, and what could not be kept is counted.
func TestAsideOnBadDisk(t *testing.T) {
	probe := newPipe()
	if err := refuse(probe); err != nil {
		t.Fatal(err)
	}
	for _, fault := range []error{syscall.EIO, syscall.ENOSPC} {
		for n := 1; n <= probe.disk.Calls(); n++ {
			synctest.Test(t, func(t *testing.T) {
				p := newPipe()
				var hit segmenttest.Call
				p.disk.Fault(func(c segmenttest.Call) error {
					if c.N == n {
						hit = c
						return fault
					}
					return nil
				})
				err := refuse(p)
				if sync := hit.Op == segmenttest.Sync || hit.Op == segmenttest.SyncDir; errors.Is(err, segment.ErrBroken) != (sync && err != nil) {
					t.Errorf("%v at %+v: %v", fault, hit, err)
				}
				if strings.Contains(hit.Name, "/aside/") && err != nil && !errors.Is(err, fault) {
					t.Errorf("%v at %+v: %v", fault, hit, err)
				}
			})
		}
	}
}

// A log of those put aside that is damaged keeps nobody from starting.
func TestDamagedAside(t *testing.T) {
	disk, clk := segmenttest.New(), newClock()
	b := open(t, disk, clk, outbox.Options{}, durable)
	put(t, b, 1, 3, 200)
	poison(t, cursor(t, b, "influx"), "refused", 1, 2, 3)
	b.Close()
	for _, f := range disk.Files(dir + "/aside") {
		if strings.HasSuffix(f, ".seg") {
			disk.Bytes(f)[450] ^= 1
		}
	}
	b = open(t, disk, clk, outbox.Options{}, durable)
	if got := records(b.Asides()); got != "1 3" {
		t.Errorf("of three with a damaged second there are %s", got)
	}
	if n, err := b.Retry(nil); n != 2 || err != nil {
		t.Error(n, err)
	}
}
