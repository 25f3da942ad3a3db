package intake

import (
	"math"
	"testing"
	"time"

	"muster/collector/store"
	"muster/internal/inventory"
	"muster/internal/report"
)

func TestSequence(t *testing.T) {
	a, b := inventory.Hash{1}, inventory.Hash{2}
	head := store.Head{Epoch: 1, Seq: 10, Body: a}
	for name, c := range map[string]struct {
		head   store.Head
		known  bool
		seq    uint64
		oldest uint64
		body   inventory.Hash
		want   order
		lost   *report.Gap
	}{
		"next":                               {head, true, 11, 11, b, take, nil},
		"next, though older ones are held":   {head, true, 11, 5, b, take, nil},
		"again":                              {head, true, 10, 10, a, repeat, nil},
		"long ago":                           {head, true, 3, 3, b, repeat, nil},
		"again with another body":            {head, true, 10, 10, b, conflict, nil},
		"ahead, and the sender holds more":   {head, true, 14, 11, b, missing, nil},
		"ahead, and the sender holds some":   {head, true, 14, 13, b, missing, nil},
		"ahead, and the sender has no older": {head, true, 14, 14, b, take, &report.Gap{From: 11, To: 13}},
		"first of an epoch":                  {store.Head{}, false, 1, 1, b, take, nil},
		"epoch unknown, sender holds older":  {store.Head{}, false, 7, 3, b, missing, nil},
		"epoch unknown, older ones are gone": {store.Head{}, false, 7, 7, b, take, nil},
	} {
		t.Run(name, func(t *testing.T) {
			o, lost := sequence(c.head, c.known, c.seq, c.oldest, c.body)
			if o != c.want {
				t.Errorf("order %d, want %d", o, c.want)
			}
			if (lost == nil) != (c.lost == nil) || lost != nil && (lost.From != c.lost.From || lost.To != c.lost.To) {
				t.Errorf("lost %v, want %v", lost, c.lost)
			}
		})
	}
}

func TestClock(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	boot := [8]byte{7}
	minute := int64(60_000)
	for name, c := range map[string]struct {
		sent, sentMono int64 // ms from now; ms since boot
		at, mono       int64
		boot           [8]byte
		want           time.Duration // true time of the report, before now
		bent           bool
	}{
		"right clock":                         {0, 10 * minute, -minute, 9 * minute, boot, time.Minute, false},
		"a little off is taken as it is":      {30_000, 10 * minute, -30_000, 9 * minute, boot, 30 * time.Second, false},
		"years ahead, same boot":              {5 * 365 * 24 * 60 * minute, 10 * minute, 5*365*24*60*minute - minute, 9 * minute, boot, time.Minute, true},
		"years behind, same boot":             {-30 * 365 * 24 * 60 * minute, 10 * minute, -30*365*24*60*minute - 2*minute, 8 * minute, boot, 2 * time.Minute, true},
		"years ahead, boot before":            {5 * 365 * 24 * 60 * minute, minute, 5*365*24*60*minute - minute, 9 * minute, [8]byte{6}, 0, true},
		"years behind, boot before":           {-365 * 24 * 60 * minute, minute, -365 * 24 * 60 * minute, 9 * minute, [8]byte{6}, maxPast, true},
		"waited a week in the spool":          {0, 8 * 24 * 60 * minute, -7 * 24 * 60 * minute, minute, boot, 7 * 24 * time.Hour, false},
		"waited beyond what series take":      {0, 20 * 24 * 60 * minute, -15 * 24 * 60 * minute, minute, boot, maxPast, true},
		"clock was set right since that time": {0, 10 * minute, 3 * 365 * 24 * 60 * minute, 9 * minute, [8]byte{6}, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			e := &report.Envelope{Sent: now.UnixMilli() + c.sent, Mono: c.sentMono, Boot: boot}
			r := &report.Report{Time: now.UnixMilli() + c.at, Mono: c.mono, Boot: c.boot}
			shift, bent := clockOf(e, now).shift(r)
			got := now.Sub(r.When(0).Add(shift))
			if d := (got - c.want).Abs(); d > time.Second || bent != c.bent {
				t.Errorf("%s before now, bent %v; want %s, %v", got, bent, c.want, c.bent)
			}
		})
	}
}

func TestTimesOfAHostileDevice(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	const most, least = math.MaxInt64, math.MinInt64
	for _, at := range []int64{0, least, most, now.UnixMilli()} {
		for _, before := range []int64{0, least, most} {
			for _, mono := range []int64{0, 2, most} {
				for _, sent := range []int64{0, least, most, 1, now.UnixMilli()} {
					e := &report.Envelope{Sent: sent, Mono: mono}
					r := &report.Report{Time: at, Mono: 1, Events: []report.Event{{Kind: "x", At: before, Count: most}}}
					e.Reports = []report.Report{*r}
					shift, _ := clockOf(e, now).shift(r)
					got := entry("d1", r, nil, shift)
					if age := now.Sub(got.At); age < -maxFuture || age > maxPast {
						t.Errorf("report at %d, mono %d, sent %d: taken as of %s", at, mono, sent, got.At)
					}
					if y := got.Events[0].At.Year(); y < 1990 || y > now.Year() {
						t.Errorf("event %d ms before %d: year %d", before, at, y)
					}
					if got.Events[0].Count > mostAtOnce {
						t.Errorf("count %d", got.Events[0].Count)
					}
				}
			}
		}
	}
}
