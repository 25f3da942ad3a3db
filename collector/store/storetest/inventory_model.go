package storetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"muster/collector/store"
	"muster/internal/inventory"
	"muster/internal/report"
)

// The naive model: for one section of one device the life of every row ever,
// written down the slow way. It follows the contract in words, not the code
// of any store.
type lives struct {
	all     []life
	mark    time.Time // of the device
	changed time.Time // of the section
	asked   []string  // sources whose rows may be here
}

type life struct {
	key, value string
	latest     string
	from       time.Time
	until      time.Time // zero: still so
	missing    time.Time
}

// read applies a reading: key to value and latest.
func (m *lives) read(at time.Time, status report.Status, sources []string, rows map[string][2]string, linger time.Duration) {
	mayClose := status == report.OK
	for _, s := range m.asked {
		mayClose = mayClose && slices.Contains(sources, s)
	}
	if status == report.OK {
		m.asked = sources
	} else {
		for _, s := range sources {
			if !slices.Contains(m.asked, s) {
				m.asked = append(slices.Clone(m.asked), s)
			}
		}
	}
	if at.Before(m.mark) {
		at = m.mark
	}
	m.mark = at
	if !at.After(m.changed) {
		at = m.changed.Add(time.Millisecond)
	}
	change := func() { m.changed, m.mark = at, at }
	have := map[string]bool{}
	for i := range m.all {
		r := &m.all[i]
		if !r.until.IsZero() {
			continue
		}
		now, present := rows[r.key]
		if !present && !mayClose {
			continue
		}
		lapsed := !r.missing.IsZero() && at.Sub(r.missing) >= linger
		switch {
		case lapsed:
			r.until = r.missing.Add(linger)
			change()
		case !present && linger == 0:
			r.until = at
			change()
		case !present && r.missing.IsZero():
			r.missing = at
		case !present:
		case now[0] != r.value:
			r.until = at
			change()
		default:
			r.missing = time.Time{}
			r.latest = now[1]
			have[r.key] = true
		}
	}
	for k, v := range rows {
		if !have[k] {
			m.all = append(m.all, life{key: k, value: v[0], latest: v[1], from: at})
			change()
		}
	}
}

// sweep closes what has been absent long enough.
func (m *lives) sweep(now time.Time, linger time.Duration) {
	for i := range m.all {
		r := &m.all[i]
		if r.until.IsZero() && !r.missing.IsZero() && now.Sub(r.missing) >= linger {
			r.until = r.missing.Add(linger)
			if r.until.After(m.changed) {
				m.changed = r.until
			}
			if r.until.After(m.mark) {
				m.mark = r.until
			}
		}
	}
}

func (m *lives) at(t time.Time, linger time.Duration) string {
	var out []string
	for _, r := range m.all {
		open := r.until.IsZero() || t.Before(r.until)
		if t.IsZero() {
			open = r.until.IsZero()
		} else if r.from.After(t) || r.until.IsZero() && !r.missing.IsZero() && t.Sub(r.missing) >= linger {
			open = false
		}
		if open {
			out = append(out, r.key+"="+r.value+"/"+r.latest+" since "+r.from.Format(time.RFC3339Nano))
		}
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

// testModel sends random readings, with clocks that stumble, statuses that
// fail, sources that come and go, groups, repeats and sweeps, and compares the
// state at many times with the model's.
func testModel(f *fleet) {
	for seed := range uint64(4) {
		r := rand.New(rand.NewPCG(seed, 7))
		d := f.add(int(seed) + 1)
		// A section without linger and with latest columns, and one that lingers;
		// both under one device, whose times are shared.
		plain, lingering := &lives{}, &lives{}
		linger := (inventory.Session{}).Section().Linger
		now := hours(0)
		times := []time.Time{{}}
		var group []store.Entry
		for range 100 {
			now = now.Add(time.Duration(r.IntN(240)) * time.Minute)
			at := now
			switch r.IntN(10) {
			case 0:
				at = now.Add(-time.Duration(r.IntN(600)) * time.Minute)
			case 1: // the same time again
				if len(times) > 1 {
					at = times[len(times)-1]
				}
			}
			times = append(times, at, at.Add(time.Minute), at.Add(linger-time.Minute), at.Add(linger))
			status := report.OK
			if r.IntN(4) == 0 {
				status = report.Status(1 + r.IntN(4))
			}
			sources := [][]string{{"x"}, {"x"}, {"x", "y"}, {"y"}}[r.IntN(4)]
			mark := plain.mark
			if lingering.mark.After(mark) {
				mark = lingering.mark
			}
			plain.mark, lingering.mark = mark, mark
			var reading store.SectionReading
			if r.IntN(2) == 0 {
				rows, table := randomVolumes(r)
				reading = table(at)
				plain.read(at, status, sources, rows, 0)
			} else {
				rows, table := randomSessions(r)
				reading = table(at)
				lingering.read(at, status, sources, rows, linger)
			}
			reading.Status, reading.Sources = status, sources
			group = append(group, f.entry(d, at, reading))
			if r.IntN(3) > 0 {
				f.ok(f.s.Commit(f.Context(), group))
				if r.IntN(4) == 0 {
					f.ok(f.s.Commit(f.Context(), group)) // as after a crash before the answer
				}
				group = nil
				if r.IntN(6) == 0 {
					_, err := f.s.Retain(f.Context(), store.Retention{}, now)
					f.ok(err)
					lingering.sweep(now, linger)
					for _, m := range []*lives{plain, lingering} {
						m.mark = maxTime(plain.mark, lingering.mark)
					}
				}
			}
		}
		f.ok(f.s.Commit(f.Context(), group))
		for i, at := range times {
			if i%2 == 1 && i < len(times)/2 {
				continue // enough of the early ones
			}
			if got, want := f.flatVolumes(d, at), plain.at(at, 0); got != want {
				f.Fatalf("seed %d: volumes at %s:\n%s\nwant\n%s", seed, at, got, want)
			}
			if got, want := f.flatSessions(d, at), lingering.at(at, linger); got != want {
				f.Fatalf("seed %d: sessions at %s:\n%s\nwant\n%s", seed, at, got, want)
			}
		}
	}
}

func maxTime(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// randomVolumes makes rows for the model and the reading of the same.
func randomVolumes(r *rand.Rand) (map[string][2]string, func(time.Time) store.SectionReading) {
	rows := map[string][2]string{}
	var list []inventory.Volume
	for k := range 5 {
		if r.IntN(3) == 0 {
			continue
		}
		free, size, fs := int64(r.IntN(3)), int64(1+r.IntN(2)), []string{"ext4", "xfs"}[r.IntN(2)]
		list = append(list, inventory.Volume{Mount: fmt.Sprint("/", k), SizeBytes: size, Filesystem: fs, FreeBytes: &free})
		rows[fmt.Sprint("/", k)] = [2]string{fmt.Sprint(size, fs), fmt.Sprint(free)}
	}
	return rows, func(at time.Time) store.SectionReading { return reading(at, list...) }
}

func randomSessions(r *rand.Rand) (map[string][2]string, func(time.Time) store.SectionReading) {
	rows := map[string][2]string{}
	var list []inventory.Session
	for k := range 4 {
		if r.IntN(2) == 0 {
			continue
		}
		kind, state := []string{"ssh", "console"}[r.IntN(2)], []string{"active", "locked"}[r.IntN(2)]
		list = append(list, inventory.Session{UserName: fmt.Sprint("u", k), SessionID: "1", Kind: kind, State: state})
		rows[fmt.Sprint("u", k)] = [2]string{kind, state}
	}
	return rows, func(at time.Time) store.SectionReading { return reading(at, list...) }
}

func (f *fleet) flatVolumes(d inventory.DeviceID, at time.Time) string {
	v := f.section(d, at, "volume")
	l, err := inventory.Decode[inventory.Volume](v.Table)
	f.ok(err)
	var out []string
	for i, x := range l {
		out = append(out, fmt.Sprint(x.Mount, "=", fmt.Sprint(x.SizeBytes, x.Filesystem), "/", *x.FreeBytes, " since ", v.From[i].Format(time.RFC3339Nano)))
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

func (f *fleet) flatSessions(d inventory.DeviceID, at time.Time) string {
	v := f.section(d, at, "session")
	l, err := inventory.Decode[inventory.Session](v.Table)
	f.ok(err)
	var out []string
	for i, x := range l {
		out = append(out, fmt.Sprint(x.UserName, "=", x.Kind, "/", x.State, " since ", v.From[i].Format(time.RFC3339Nano)))
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}
