package main

import (
	"cmp"
	"slices"

	"muster/collector/health/drive"
)

// before is a drive of which the last reading is held back.
type before struct {
	kind    string
	worse   bool
	flagged level // by the proposed conditions, from all readings but the last
	points  float64
	sample  sample
}

// ssdTerms are what the model of SSDs looks at. Readings are months apart, so
// there is no telling a rise of this week from one of this season.
func ssdTerms() []drive.Feature {
	return []drive.Feature{drive.HasReallocated, drive.HasPending, drive.HasUncorrectable, drive.Reallocates}
}

// holdBack takes the drives that were seen at least twice and shows all but the
// last reading.
func holdBack(ps []past, m *drive.Model) []before {
	w, c := proposed()
	var out []before
	for _, p := range ps {
		if p.kind == "nvme" || len(p.readings) < 2 {
			continue
		}
		b := before{kind: p.kind, worse: worsens(p)}
		var h drive.History
		last := len(p.readings) - 2
		for i := range last + 1 {
			at := p.readings[i].At
			h.Add(p.readings[i])
			first := i == 0
			if p.flagged[i] {
				b.flagged = critical // D01, D15
			}
			b.flagged = max(b.flagged, judged(&h, p, i, first, w, warn), judged(&h, p, i, first, c, critical))
			if i < last {
				continue
			}
			for _, t := range ssdTerms() {
				x, _ := t.Of(&h, at)
				b.sample.x = append(b.sample.x, x)
			}
			b.sample.y, b.sample.n = b.worse, 1
			if m != nil {
				b.points, _ = m.Points(&h, p.kind, at)
			}
		}
		out = append(out, b)
	}
	return out
}

func judged(h *drive.History, p past, i int, first bool, l limits, at level) level {
	if p.kind == "ssd" {
		// 197 and 198 mean other things on SSDs. Few blocks are replaced on them
		// at all, so a rise counts earlier.
		l.firstPending, l.newPending = 1e9, 1e9
		if at == warn {
			l.newRise = 10
		}
	}
	if l.meets(h, p.readings[i].At, first) || meetsUncorrectable(h, p.readings[i].At, p.kind, first, at) {
		return at
	}
	return none
}

// capture is how many of those that get worse are among those flagged.
type capture struct{ drives, worse, flagged, caught int }

func (c capture) share() float64 { return float64(c.flagged) / float64(c.drives) }
func (c capture) of() float64    { return float64(c.caught) / float64(c.worse) }

func captured(bs []before, kind string, flag func(before) bool) capture {
	var c capture
	for _, b := range bs {
		if kind != "" && b.kind != kind {
			continue
		}
		c.drives++
		if b.worse {
			c.worse++
		}
		if flag(b) {
			c.flagged++
			if b.worse {
				c.caught++
			}
		}
	}
	return c
}

// riskiest flags the share of a kind with the most points.
func riskiest(bs []before, kind string, share float64) capture {
	of := slices.DeleteFunc(slices.Clone(bs), func(b before) bool { return b.kind != kind })
	slices.SortStableFunc(of, func(a, b before) int { return cmp.Compare(b.points, a.points) })
	c := capture{drives: len(of), flagged: int(share * float64(len(of)))}
	for i, b := range of {
		if b.worse {
			c.worse++
			if i < c.flagged {
				c.caught++
			}
		}
	}
	return c
}
