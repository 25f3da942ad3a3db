package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"muster/collector/outbox"
	"muster/internal/segment"
	"muster/internal/segment/segmenttest"
)

// pipe is a collector: it appends groups and drains them into two stores, one
// of which forgets in a crash what it took in the last while.
type pipe struct {
	disk     *segmenttest.Disk
	clk      *clock
	acked    map[string]bool      // bodies whose Append returned nil
	durable  map[string]bool      // what the sinks have for sure
	replayed map[string]time.Time // and when, since the start
}

func newPipe() *pipe {
	return &pipe{segmenttest.New(), newClock(), map[string]bool{}, map[string]bool{}, map[string]time.Time{}}
}

func (p *pipe) options() outbox.Options {
	return outbox.Options{MaxBytes: 64 << 10, SegmentBytes: 1500, MinKeep: time.Hour, FS: p.disk, Now: p.clk.now, Sinks: []outbox.Sink{durable, replaying}}
}

// drain moves what there is. The error is one that ends a collector.
func (p *pipe) drain(b *outbox.Outbox, name string, into func(r string), most int) error {
	c, err := b.Cursor(name)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for range most {
		recs, err := c.Next(ctx, 3, 1<<20)
		if errors.Is(err, context.Canceled) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, r := range recs {
			into(string(r.Body))
		}
		if err := c.Done(recs[len(recs)-1].ID); err != nil {
			return err
		}
	}
	return nil
}

func (p *pipe) keep(r string)  { p.durable[r] = true }
func (p *pipe) taken(r string) { p.replayed[r] = p.clk.now() }

// work goes on over all errors but ErrBroken.
func (p *pipe) work(run int) error {
	clear(p.replayed)
	b, err := outbox.Open(dir, p.options())
	if err != nil {
		return err
	}
	defer b.Close()
	for i := range 15 {
		var group [][]byte
		for j := range 1 + i%3 {
			group = append(group, fmt.Appendf(nil, "run %d group %d record %d %s", run, i, j, strings.Repeat("x", 40*i)))
		}
		_, _, err := b.Append(group)
		switch {
		case errors.Is(err, segment.ErrBroken):
			if _, _, err := b.Append(group); err == nil {
				return errors.New("an append succeeded after a failed fsync")
			}
			return err
		case err == nil:
			for _, r := range group {
				p.acked[string(r)] = true
			}
		}
		p.clk.pass(10 * time.Minute)
		if i%4 == 3 {
			if err := p.drain(b, "influx", p.keep, 3); err != nil {
				return err
			}
			if err := p.drain(b, "tsdb", p.taken, 5); err != nil {
				return err
			}
		}
	}
	return b.Err()
}

// judge drains all that is left. What the replaying store took less than an
// hour before the crash is gone from it, and must come again.
func (p *pipe) judge() error {
	b, err := outbox.Open(dir, p.options())
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	defer b.Close()
	again := map[string]bool{}
	for _, err := range []error{p.drain(b, "influx", p.keep, 1000), p.drain(b, "tsdb", func(r string) { again[r] = true }, 1000)} {
		if err != nil {
			return err
		}
	}
	for r := range p.acked {
		if !p.durable[r] {
			return fmt.Errorf("the durable sink never saw %.40q", r)
		}
		if at, ok := p.replayed[r]; !again[r] && (!ok || p.clk.now().Sub(at) < time.Hour) {
			return fmt.Errorf("%.40q was not replayed; taken at %v, now %v", r, at, p.clk.now())
		}
	}
	for _, s := range b.Stats().Sinks {
		if s.Records != 0 || s.Bytes != 0 || s.Age != 0 {
			return fmt.Errorf("drained, and yet %+v", s)
		}
	}
	return nil
}

func TestPowerCutAtEveryCall(t *testing.T) {
	probe := newPipe()
	if err := probe.work(0); err != nil {
		t.Fatal(err)
	}
	for n := 1; n <= probe.disk.Calls(); n++ {
		for round := range segmenttest.Count(3, 60) {
			after := func(d *segmenttest.Disk) *segmenttest.Disk {
				switch round {
				case 0:
					return d.Crash(nil)
				case 1:
					return d.Kill()
				}
				return d.Crash(rand.New(rand.NewPCG(uint64(n), uint64(round))))
			}
			// A sleep after a failed read is not waited for.
			synctest.Test(t, func(t *testing.T) {
				p := newPipe()
				p.disk.DieAt(n)
				_ = p.work(0)
				p.disk = after(p.disk)
				if err := p.judge(); err != nil {
					t.Fatalf("cut at call %d, round %d: %v", n, round, err)
				}
			})
		}
	}
}

func TestFaultAtEveryCall(t *testing.T) {
	probe := newPipe()
	if err := probe.work(0); err != nil {
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
				err := p.work(0)
				switch {
				case hit.Op == segmenttest.Sync, hit.Op == segmenttest.SyncDir:
					// The last cursors are written by Close, after work.
					if !errors.Is(err, segment.ErrBroken) && n < probe.disk.Calls()-12 {
						t.Errorf("%v at %+v: %v, want ErrBroken", fault, hit, err)
					}
				case errors.Is(err, segment.ErrBroken), err != nil && !errors.Is(err, fault) && !errors.Is(err, context.Canceled):
					t.Errorf("%v at %+v: %v", fault, hit, err)
				}
				p.disk.Fault(nil)
				if err := p.judge(); err != nil {
					t.Errorf("%v at %+v: %v", fault, hit, err)
				}
			})
		}
	}
}

// A full disk: Append says so, and goes on when there is room. What every sink
// is done with makes room by itself.
func TestDiskFull(t *testing.T) {
	p := newPipe()
	p.disk.Limit(20_000, 0)
	b, err := outbox.Open(dir, p.options())
	if err != nil {
		t.Fatal(err)
	}
	id := uint64(1)
	for ; ; id++ {
		_, _, err := b.Append([][]byte{body(id, 500)})
		if err == nil {
			continue
		}
		if !segment.NoSpace(err) || !outbox.Later(err) || errors.Is(err, outbox.ErrFull) {
			t.Fatalf("append: %v", err)
		}
		break
	}
	for _, name := range []string{"influx", "tsdb"} {
		take(t, cursor(t, b, name))
	}
	if _, _, err := b.Append([][]byte{body(id, 500)}); !segment.NoSpace(err) {
		t.Errorf("append on a full disk: %v", err)
	}
	p.clk.pass(61 * time.Minute)
	put(t, b, id, id+20, 500)
	p.disk.Limit(20_000, 20_000)
	if err := b.Close(); err != nil {
		t.Errorf("close on a full disk: %v", err)
	}
	p.disk.Limit(0, 0)
	b = open(t, p.disk, p.clk, p.options(), durable, replaying)
	if got := take(t, cursor(t, b, "influx")); !strings.HasSuffix(got, fmt.Sprint(id+20)) {
		t.Errorf("given %s", got)
	}
}

// Neither a damaged record nor a bad spot of the disk blocks what comes after.
func TestDamageDoesNotBlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPipe()
		b, err := outbox.Open(dir, p.options())
		if err != nil {
			t.Fatal(err)
		}
		put(t, b, 1, 12, 400) // three in a segment
		b.Close()
		var files []string
		for _, f := range p.disk.Files(dir) {
			if strings.HasSuffix(f, ".seg") {
				files = append(files, f)
			}
		}
		p.disk.Bytes(files[0])[600] ^= 1
		p.disk.Bytes(files[3])[len(p.disk.Bytes(files[3]))-1] ^= 1 // the very last record
		b, err = outbox.Open(dir, p.options())
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		p.disk.Fault(func(c segmenttest.Call) error {
			if c.Op == segmenttest.Read && c.Name == files[1] {
				return syscall.EIO
			}
			return nil
		})
		c := cursor(t, b, "influx")
		var got []outbox.Record
		for last := uint64(0); last < 11; {
			recs, err := c.Next(t.Context(), 10, 1<<20)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, recs...)
			last = recs[len(recs)-1].ID
			if err := c.Done(last); err != nil {
				t.Fatal(err)
			}
		}
		if s := ids(got); s != "1 3 7 8 9 10 11" {
			t.Errorf("given %s", s)
		}
		// 12 was lost; it is not waited for, and its number is not used again.
		put(t, b, 13, 13, 10)
		if s := ids(next(t, c, 10, 1<<20)); s != "13" {
			t.Errorf("given %s", s)
		}
		if err := c.Done(13); err != nil {
			t.Fatal(err)
		}
		if st := b.Stats(); st.Damaged < 2 || st.Sinks[0].Records != 0 {
			t.Errorf("stats %+v", st)
		}
	})
}
