package main

import (
	"fmt"
	"math"

	"muster/collector/health/drive"
)

// history is how early drives of other years were told about.
func (p *shown) history(m drive.Model) {
	w, c := proposed()
	rows := []struct {
		name    string
		l       limits
		samples int
	}{
		{"warn", w, 1},
		{"warn, what is new twice in a row", w, 2},
		{"critical", c, 1},
		{"warn, rise from 10", with(w, func(l *limits) { l.newRise = 10 }), 1},
		{"warn, new pending from 1 and rise from 10", with(w, func(l *limits) { l.newPending, l.newRise = 1, 10 }), 1},
	}
	p.head("Drives that failed in early 2019, by how many days before they were told about", "conditions", "1 day", "7 days", "30 days", "median days", "at first sight")
	line := func(name string, f figures) {
		var n [3]int
		for _, lead := range f.leads {
			for i, least := range []float64{1, 7, 30} {
				if lead >= least {
					n[i]++
				}
			}
		}
		p.line("| %s | %s | %s | %s | %.0f | %.3f |", name, share(n[0], f.fails), share(n[1], f.fails), share(n[2], f.fails),
			quantile(f.leads, .5), float64(f.caughtFirst)/float64(f.fails))
	}
	for _, b := range baselines() {
		line("baseline: "+b.name, all(p.in.failed, b.alerts(p.in.failed)))
	}
	for _, x := range rows {
		line(x.name, all(p.in.failed, alerts(p.in.failed, []limits{x.l}, x.samples)[0]))
	}
	// Points on the days before, against the days of drives that do not fail.
	healthy := p.o.pointsOfHealthy(m)
	p.head("Points of drives that failed in early 2019, by the share of healthy drive-days of 2013 with as many", "days before", "1 % ", "2 %", "5 %")
	limits := []float64{quantile(healthy, .99), quantile(healthy, .98), quantile(healthy, .95)}
	for _, before := range []int64{1, 7, 14, 30} {
		n, above := 0, [3]int{}
		for _, d := range p.in.failed {
			var h drive.History
			end := dayOf(d.readings[len(d.readings)-1].At)
			for _, r := range d.readings {
				h.Add(r)
				if end-dayOf(r.At) == before {
					x, _ := m.Points(&h, "hdd", r.At)
					n++
					for i, l := range limits {
						if x >= l {
							above[i]++
						}
					}
				}
			}
		}
		p.line("| %d | %s | %s | %s |", before, share(above[0], n), share(above[1], n), share(above[2], n))
	}
}

func (o *observed) pointsOfHealthy(m drive.Model) []float64 {
	k := m.Kinds["hdd"]
	var out []float64
	for i, r := range o.rows {
		if r.left < 0 {
			out = append(out, pointsOf(k, o.terms, o.features(i)))
		}
	}
	return out
}

// worsening is what is flagged of drives that get worse until they are looked
// at again.
func (p *shown) worsening(m drive.Model) []drive.Figure {
	bs := holdBack(p.in.repeated, &m)
	p.head("Drives of linux-hardware.org that get worse until they are looked at again", "flagged by", "kind", "drives", "flagged", "of those that get worse (Wilson 95 %)")
	for _, kind := range []string{"hdd", "ssd", ""} {
		for _, at := range []level{warn, critical} {
			c := captured(bs, kind, func(b before) bool { return b.flagged >= at })
			p.line("| %s | %s | %d | %.4f | %s |", map[level]string{warn: "warn or worse (D01 to D04, D15)", critical: "critical"}[at], kind, c.drives, c.share(), share(c.caught, c.worse))
		}
	}
	for _, s := range []float64{0.017, 0.033} {
		c := riskiest(bs, "hdd", s)
		p.line("| most points, never fitted on these | hdd | %d | %.4f | %s |", c.drives, c.share(), share(c.caught, c.worse))
	}
	var out []drive.Figure
	for _, s := range []float64{0.017, 0.033} {
		f := p.crossed("capture_of_worsening", bs, func(of []before) capture { return riskiest(of, "ssd", s) })
		f.Name = fmt.Sprintf("%s_at_%gpct", f.Name, s*100)
		out = append(out, f)
		p.line("| most points, cross-validated | ssd | | %.4f | %.3f ± %.3f (%.2f to %.2f) |", s, f.Mean, f.Spread, f.Low, f.High)
	}
	var flagged []float64
	f := p.crossed("capture_of_worsening_or_warn", bs, func(of []before) capture {
		c := captured(of, "ssd", func(b before) bool { return b.flagged >= warn || b.points >= ssdWarn })
		flagged = append(flagged, c.share())
		return c
	})
	m1, _ := meanSpread(flagged)
	p.line("| warn or worse, or D05 from %g points, cross-validated | ssd | | %.4f | %.3f ± %.3f (%.2f to %.2f) |", ssdWarn, m1, f.Mean, f.Spread, f.Low, f.High)
	return append(out, f)
}

// ssdWarn is from how many points on D05 is proposed to warn of an SSD.
const ssdWarn = 40.0

// crossed gives each SSD the points of a model that was fitted without it, and
// says what is captured.
func (p *shown) crossed(name string, bs []before, what func([]before) capture) drive.Figure {
	var of []before
	var worse []bool
	n := 0
	for _, b := range bs {
		if b.kind == "ssd" {
			of = append(of, b)
			worse = append(worse, b.worse)
			if b.worse {
				n++
			}
		}
	}
	var got []float64
	for r := range p.s.repeats {
		fold := folds(worse, 5, p.s.rnd(3000+r))
		for f := range 5 {
			var in []sample
			for i, b := range of {
				if fold[i] != f {
					in = append(in, b.sample)
				}
			}
			_, w := fit(merge(in), len(ssdTerms()))
			for i := range of {
				if fold[i] == f {
					of[i].points = dot(w, of[i].sample.x) / math.Ln2 * drive.Doubling
				}
			}
		}
		got = append(got, what(of).of())
	}
	mean, spread := meanSpread(got)
	low, high := wilson(mean*float64(n), float64(n))
	return drive.Figure{Name: name, Mean: round(mean), Spread: round(spread), Low: round(low), High: round(high), Of: n}
}

// wear is how well the next reading of NVMe drives is foretold.
func (p *shown) wear() {
	for _, peers := range []bool{true, false} {
		ws := wears(p.in.repeated, peers)
		with := "with what drives of the same model wear by what is written"
		if !peers {
			with = "each drive alone"
		}
		p.head("Wear of NVMe drives at their last reading, "+with, "readings before", "drives", "mean error (± its standard error)", "p90", "rate of its life", "Theil–Sen", "interval holds (Wilson 95 %)", "below, above", "width")
		for _, x := range []struct {
			name string
			in   func(worn) bool
		}{
			{"1 or more", func(worn) bool { return true }},
			{"1", func(w worn) bool { return w.prior == 1 }},
			{"2", func(w worn) bool { return w.prior == 2 }},
			{"3 or more", func(w worn) bool { return w.prior >= 3 }},
			{"2 or more", func(w worn) bool { return w.prior >= 2 }},
		} {
			e := sumUp(ws, x.in)
			p.line("| %s | %d | %.3f ± %.3f | %.2f | %.3f | %.3f | %s | %.3f, %.3f | %.2f |", x.name, e.n, e.mine, e.spread, e.p90, e.life, e.line,
				share(e.held, e.n), float64(e.below)/float64(e.n), float64(e.above)/float64(e.n), e.width)
		}
	}
}
