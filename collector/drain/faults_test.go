package drain

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"muster/collector/store"
	"muster/internal/report"
)

var errRefusedConnection = errors.New("connection refused")

// calls counts what a store is asked for.
type calls struct {
	writes int
	sizes  []int // points in each
}

func (c *calls) note(bs []store.Batch) {
	c.writes++
	n := 0
	for _, b := range bs {
		n += len(b.Points)
	}
	c.sizes = append(c.sizes, n)
}

func holds(bs []store.Batch, bad func(at int64) bool) bool {
	return slices.ContainsFunc(bs, func(b store.Batch) bool {
		return slices.ContainsFunc(b.Points, func(p store.Point) bool { return bad(p.At) })
	})
}

// Gone for four hours: everything waits, it is tried now and then and not all
// the time, and when it is back all goes at once.
func TestStoreGoneForHours(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const gone = 4 * time.Hour
		q, n, c := fill(t, 5000), &numbers{got: map[int64]bool{}}, &calls{}
		start := time.Now()
		n.refuse = func(bs []store.Batch) error {
			if time.Since(start) < gone {
				c.note(bs)
				return fmt.Errorf("%w: %w", store.ErrUnavailable, errRefusedConnection)
			}
			return nil
		}
		d := drainOf(q, n, 1000)
		end := begin(t, d)
		time.Sleep(time.Hour)
		synctest.Wait()
		s := d.State()
		n.mu.Lock()
		if !s.Since.Equal(start) || s.Refuses || s.Tries != c.writes || !strings.Contains(s.Error, errRefusedConnection.Error()) ||
			!s.NextAt.After(time.Now()) || time.Until(s.NextAt) > longestWait {
			t.Errorf("after an hour the state is %+v, %d writes", s, c.writes)
		}
		n.mu.Unlock()
		time.Sleep(gone - time.Hour + longestWait)
		synctest.Wait()
		if q.reached() != 5000 || len(n.got) != 5000 || len(q.poison) != 0 {
			t.Errorf("%s after it was back %d of 5000 records were done, %d samples in, %d put aside", longestWait, q.reached(), len(n.got), len(q.poison))
		}
		if least, most := int(gone/longestWait), int(gone/(2*time.Second)); c.writes < least || c.writes > most {
			t.Errorf("tried %d times in %s, want %d to %d", c.writes, gone, least, most)
		}
		if c.sizes[0] != 1000 || slices.Max(c.sizes[1:]) != 1 {
			t.Error("what is gone is to be tried with one record")
		}
		if s := d.State(); !s.Since.IsZero() || s.Error != "" {
			t.Errorf("it takes again, and the state is %+v", s)
		}
		end(nil)
	})
}

// What the store asks for is kept, within reason; Try does not wait for it.
func TestRetryAfterIsObeyed(t *testing.T) {
	for _, tt := range []struct{ asked, least, most time.Duration }{
		{2 * time.Minute, 2 * time.Minute, 3 * time.Minute},
		{24 * time.Hour, longestAsked, longestAsked * 3 / 2},
	} {
		synctest.Test(t, func(t *testing.T) {
			q, n := fill(t, 3), &numbers{got: map[int64]bool{}}
			var at []time.Time
			n.refuse = func([]store.Batch) error {
				at = append(at, time.Now())
				return &store.Unavailable{After: tt.asked, Err: errors.New("503")}
			}
			d := drainOf(q, n, 10)
			end := begin(t, d)
			time.Sleep(2 * tt.most)
			synctest.Wait()
			n.mu.Lock()
			before := len(at)
			n.mu.Unlock()
			d.Try()
			synctest.Wait()
			end(nil)
			if len(at) != before+1 {
				t.Errorf("told to try, it tried %d times", len(at)-before)
			}
			if gap := at[1].Sub(at[0]); gap < tt.least || gap > tt.most {
				t.Errorf("asked for %s, tried again after %s", tt.asked, gap)
			}
		})
	}
}

// A store that wants a person's help is no record's fault.
func TestConfigurationIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, n, mended := fill(t, 30), &numbers{got: map[int64]bool{}}, false
		n.refuse = func([]store.Batch) error {
			if !mended {
				return fmt.Errorf("%w: the password is wrong", store.ErrConfiguration)
			}
			return nil
		}
		d := drainOf(q, n, 10)
		end := begin(t, d)
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if s := d.State(); !s.Refuses || s.Since.IsZero() || len(q.poison) != 0 {
			t.Errorf("state %+v, put aside %v", s, q.poison)
		}
		n.mu.Lock()
		mended = true
		n.mu.Unlock()
		d.Try()
		synctest.Wait()
		if q.reached() != 30 || len(n.got) != 30 {
			t.Errorf("mended, %d of 30 are done", q.reached())
		}
		end(nil)
	})
}

// Bad records are found by halves: a few writes more, and nothing else is lost.
func TestPoisonIsFoundByHalves(t *testing.T) {
	for name, bad := range map[string][]int64{
		"one":            {700},
		"the first":      {1},
		"the last":       {1000},
		"neighbours":     {499, 500, 501},
		"the only one":   {1001},
		"all of a batch": between(1, 1000),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q, n, c := fill(t, 1001), &numbers{got: map[int64]bool{}}, &calls{}
				seen := map[int64]int{}
				n.refuse = func(bs []store.Batch) error {
					c.note(bs)
					if !holds(bs, func(at int64) bool { return slices.Contains(bad, at) }) {
						return nil
					}
					for _, b := range bs {
						for _, p := range b.Points {
							seen[p.At]++
						}
					}
					return fmt.Errorf("%w: out of range", store.ErrPoison)
				}
				d := drainOf(q, n, 1000)
				end := begin(t, d)
				synctest.Wait() // without a moment passing
				end(nil)
				if q.reached() != 1001 || len(q.poison) != len(bad) || len(n.got) != 1001-len(bad) {
					t.Fatalf("done up to %d, %d put aside, %d samples in", q.reached(), len(q.poison), len(n.got))
				}
				for _, at := range bad {
					if why := q.poison[uint64(at)]; !strings.Contains(why, "out of range") || seen[at] < tries {
						t.Errorf("record %d was put aside after %d tries for %q", at, seen[at], why)
					}
				}
				// Ten halvings of 1000, two writes each, and the tries of each.
				if most := 25 * len(bad); c.writes > most+10 {
					t.Errorf("%d writes for %d bad records", c.writes, len(bad))
				}
				if s := d.Stats(); s.Poisoned != int64(len(bad)) {
					t.Errorf("%+v", s)
				}
			})
		})
	}
}

func between(a, b int64) []int64 {
	var out []int64
	for ; a <= b; a++ {
		out = append(out, a)
	}
	return out
}

// The store goes while the bad record is looked for: nothing is put aside that
// is good, and nothing is lost.
func TestStoreGoesWhileSifting(t *testing.T) {
	for at := 2; at < 20; at++ {
		synctest.Test(t, func(t *testing.T) {
			q, n, writes := fill(t, 100), &numbers{got: map[int64]bool{}}, 0
			n.refuse = func(bs []store.Batch) error {
				if writes++; writes >= at && writes < at+5 {
					return fmt.Errorf("%w: reset", store.ErrUnavailable)
				}
				if holds(bs, func(at int64) bool { return at == 33 }) {
					return fmt.Errorf("%w: out of range", store.ErrPoison)
				}
				return nil
			}
			end := begin(t, drainOf(q, n, 100))
			waitFor(q, 100)
			end(nil)
			if len(q.poison) != 1 || q.poison[33] == "" || len(n.got) != 99 {
				t.Errorf("gone at write %d: put aside %v, %d samples in", at, q.poison, len(n.got))
			}
		})
	}
}

// Errors that nobody understands: when all writes meet them it is the store,
// however long it lasts and however many records wait.
func TestNotUnderstoodIsTheStoresFault(t *testing.T) {
	for _, records := range []uint64{1, 2, 300} {
		synctest.Test(t, func(t *testing.T) {
			q, n, c := fill(t, records), &numbers{got: map[int64]bool{}}, &calls{}
			start := time.Now()
			n.refuse = func(bs []store.Batch) error {
				c.note(bs)
				if time.Since(start) < time.Hour {
					return errors.New("something odd")
				}
				return nil
			}
			end := begin(t, drainOf(q, n, 100))
			time.Sleep(time.Hour + time.Minute)
			synctest.Wait()
			end(nil)
			if q.reached() != records || len(n.got) != int(records) || len(q.poison) != 0 {
				t.Errorf("of %d: done up to %d, %d samples in, put aside %v", records, q.reached(), len(n.got), q.poison)
			}
			if c.writes > 20_000 {
				t.Errorf("%d writes within an hour", c.writes)
			}
		})
	}
}

// A line so slow that large writes time out: smaller ones go through, and
// not every other write is too large again.
func TestLargeWritesTimeOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const records, fits = 20_000, 130
		q, n := fill(t, records), &numbers{got: map[int64]bool{}}
		timeouts, writes := 0, 0
		n.refuse = func(bs []store.Batch) error {
			var c calls
			c.note(bs)
			writes++
			time.Sleep(10 * time.Second)
			if c.sizes[0] > fits {
				timeouts++
				return fmt.Errorf("%w: no answer within 10s", store.ErrUnavailable)
			}
			return nil
		}
		d := drainOf(q, n, 1000)
		end := begin(t, d)
		waitFor(q, records)
		end(nil)
		if q.reached() != records || len(n.got) != records || len(q.poison) != 0 {
			t.Fatalf("done up to %d, %d samples in, put aside %v", q.reached(), len(n.got), q.poison)
		}
		if timeouts < 3 || writes > 3*records/fits || timeouts*4 > writes {
			t.Errorf("%d of %d writes timed out; %d would have been enough", timeouts, writes, records/fits)
		}
		// Each full write takes ten seconds.
		if r := d.State().Rate; r < 2 || r > fits/10 {
			t.Errorf("rate %.1f/s", r)
		}
	})
}

// An inventory that cannot say what a layout is is no fault of the record.
func TestUnknownLayoutsWaitForTheInventory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, n := fill(t, 3), &numbers{got: map[int64]bool{}}
		d := drainOf(q, n, 10)
		start, known := time.Now(), d.o.Layouts
		d.o.Layouts = func(ctx context.Context, h report.LayoutHash) (report.Layout, error) {
			if time.Since(start) < time.Minute {
				return nil, errors.New("database is locked")
			}
			return known(ctx, h)
		}
		end := begin(t, d)
		waitFor(q, 3)
		end(nil)
		if len(q.poison) != 0 || len(n.got) != 3 {
			t.Errorf("put aside %v, %d samples in", q.poison, len(n.got))
		}
	})
}

// What cannot be trusted any more, and an outbox that fails, end the drain.
func TestWhatEndsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q, n := fill(t, 3), &numbers{got: map[int64]bool{}, refuse: func([]store.Batch) error { return store.ErrFatal }}
		end := begin(t, drainOf(q, n, 10))
		synctest.Wait()
		end(store.ErrFatal)
		if q.reached() != 0 {
			t.Errorf("done up to %d", q.reached())
		}
		q = fill(t, 3)
		q.recs[1].Body = []byte("garbage")
		q.broken = errRefusedConnection
		end = begin(t, drainOf(q, &numbers{got: map[int64]bool{}}, 10))
		synctest.Wait()
		end(errRefusedConnection)
	})
}
