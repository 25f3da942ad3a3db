package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"muster/collector/health/drive"
)

// shown prints what was found, as tables that fit into a page of docs/.
type shown struct {
	w   io.Writer
	s   settings
	in  sets
	o   *observed
	err error
}

func (p *shown) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}

func (p *shown) head(title string, columns ...string) {
	p.line("\n### %s\n", title)
	p.line("| %s |", strings.Join(columns, " | "))
	p.line("|%s", strings.Repeat("---|", len(columns)))
}

func share(k, n int) string {
	low, high := wilson(float64(k), float64(n))
	return fmt.Sprintf("%d/%d = %.3f (%.2f to %.2f)", k, n, float64(k)/float64(n), low, high)
}

func (p *shown) coefficients(m drive.Model) {
	p.head("Sets", "set", "rows", "drives", "failed or got worse", "sha256", "use")
	for _, d := range m.Made.Data {
		p.line("| %s | %d | %d | %d | %s | %s |", d.Name, d.Rows, d.Drives, d.Failures, d.SHA256[:12]+"…", d.Use)
	}
	for _, name := range []string{"hdd", "ssd"} {
		k := m.Kinds[name]
		p.head("Points of "+name+", intercept "+fmt.Sprint(k.Intercept), "feature", "points a doubling (or of a fresh rise)")
		for _, t := range k.Terms {
			p.line("| %s | %.1f |", t.Feature, t.Points)
		}
		p.head("Bands of "+name+": "+k.Outcome, "from points", "drives", "of which", "share (Wilson 95 %)")
		for _, b := range k.Bands {
			low, high := wilson(float64(b.Failed), float64(b.Drives))
			p.line("| %g | %d | %d | %.4f (%.4f to %.4f) |", b.From, b.Drives, b.Failed, float64(b.Failed)/float64(max(1, b.Drives)), low, high)
		}
	}
	_, w := fit(merge(crossSection(p.in.lastDay)), len(lastDayTerms()))
	p.line("\nOn the last day of 2019 the same three weigh (points a doubling): reallocated %.1f, pending %.1f, uncorrectable %.1f.", points(w[0]), points(w[1]), points(w[2]))
}

// ranking is what the list of the day's riskiest hundredth catches.
func (p *shown) ranking() []drive.Figure {
	fails := 0
	for _, d := range p.in.daily {
		if d.fails {
			fails++
		}
	}
	rests := []int32{0, 7, 14}
	got := make([][]float64, len(rests))
	for r := range p.s.repeats {
		score := p.o.crossed(5, p.s.rnd(r))
		for i, rest := range rests {
			got[i] = append(got[i], float64(p.o.listed(score, 0.01, rest)))
		}
	}
	p.head(fmt.Sprintf("On the list of the riskiest hundredth of a day within a fortnight before the failure (5 folds, %d repeats)", p.s.repeats),
		"list", "caught of "+fmt.Sprint(fails)+", mean ± spread between repeats", "recall (Wilson 95 %)")
	var out []drive.Figure
	for i, rest := range rests {
		mean, spread := meanSpread(got[i])
		low, high := wilson(mean, float64(fails))
		name := "recall_top1pct_day"
		what := "every day anew"
		if rest > 0 {
			name = fmt.Sprintf("recall_top1pct_rest_%dd", rest)
			what = fmt.Sprintf("unchanged ones rest %d days after they were listed", rest)
		}
		n := float64(fails)
		p.line("| %s | %.1f ± %.1f | %.3f (%.2f to %.2f) |", what, mean, spread, mean/n, low, high)
		out = append(out, drive.Figure{Name: name, Mean: round(mean / n), Spread: round(spread / n), Low: round(low), High: round(high), Of: fails})
	}
	return out
}

func round(x float64) float64 { return math.Round(x*10000) / 10000 }

func (p *shown) figuresHead(title string) {
	p.head(title, "conditions", "recall (Wilson 95 %)", "of these at first sight", "new false alarms", "a drive-year", "a 1000 drive-days", "backlog", "of drives", "precision", "lead: median, p25")
}

func (p *shown) figures(name string, f figures) {
	p.line("| %s | %s | %d | %d | %.4f | %.3f | %d | %.3f | %.3f | %.0f, %.0f |", name, share(f.caught, f.fails), f.caughtFirst,
		f.falseAlarms, f.perYear(), f.per1000Days(), f.backlog, f.backlogShare(), f.precision(), quantile(f.leads, .5), quantile(f.leads, .25))
}

// conditions are those of D02 to D04, as proposed and as they would have been
// chosen without the drives they are tried on.
func (p *shown) conditions(m drive.Model) {
	w, c := proposed()
	ps := p.in.daily
	p.figuresHead("Proposed conditions, and what lies around them")
	for _, b := range baselines() {
		p.figures("baseline: "+b.name, all(ps, b.alerts(ps)))
	}
	for _, x := range []struct {
		name string
		l    limits
	}{
		{"warn: as proposed", w},
		{"warn: new pending from 5", with(w, func(l *limits) { l.newPending = 5 })},
		{"warn: new pending from 9", with(w, func(l *limits) { l.newPending = 9 })},
		{"warn: new pending from 17", with(w, func(l *limits) { l.newPending = 17 })},
		{"warn: new pending from 25", with(w, func(l *limits) { l.newPending = 25 })},
		{"warn: new pending from 2", with(w, func(l *limits) { l.newPending = 2 })},
		{"warn: new pending from 1", with(w, func(l *limits) { l.newPending = 1 })},
		{"warn: rise from 10", with(w, func(l *limits) { l.newRise = 10 })},
		{"warn: rise from 10, pending from 2", with(w, func(l *limits) { l.newRise, l.newPending = 10, 2 })},
		{"warn: rise from 16", with(w, func(l *limits) { l.newRise = 16 })},
		{"warn: rise from 64", with(w, func(l *limits) { l.newRise = 64 })},
		{"warn: rise from 128", with(w, func(l *limits) { l.newRise = 128 })},
		{"warn: first sight only", with(w, func(l *limits) { l.newRise, l.newPending = math.Inf(1), math.Inf(1) })},
		{"warn: first sight reallocated from 32", with(w, func(l *limits) { l.firstReallocated = 32 })},
		{"warn: first sight reallocated from 100", with(w, func(l *limits) { l.firstReallocated = 100 })},
		{"warn: first sight pending from 9", with(w, func(l *limits) { l.firstPending = 9 })},
		{"critical: as proposed", c},
		{"critical: new pending from 24", with(c, func(l *limits) { l.newPending = 24 })},
		{"critical: new total from 500", with(c, func(l *limits) { l.newTotal = 500 })},
		{"critical: first sight from 100, 9 pending", with(c, func(l *limits) { l.firstReallocated, l.firstPending = 100, 9 })},
		{"critical: first sight from 400", with(c, func(l *limits) { l.firstReallocated = 400 })},
	} {
		p.figures(x.name, all(ps, alerts(ps, []limits{x.l}, 1)[0]))
	}
	p.figures("warn: what is new twice in a row", all(ps, alerts(ps, []limits{w}, 2)[0]))
	p.figures("critical: what is new twice in a row", all(ps, alerts(ps, []limits{c}, 2)[0]))
	at := alerts(ps, []limits{w}, 1)[0]
	for _, least := range []float64{40, 50, 60, 70} {
		p.figures(fmt.Sprintf("warn, or D05: %g points two days of three, new", least), all(ps, p.orPoints(m, at, least)))
	}
	moved := 0
	for i, d := range ps {
		if at[i] == 0 && !d.fails && alert(d, 1, func(h *drive.History, k int, _ bool) bool {
			return k > 0 && w.meets(h, d.readings[k].At, false) && h.Rise(drive.Reallocated, day, d.readings[k].At) > 0
		}) >= 0 {
			moved++
		}
	}
	p.line("\nOf the %d drives of the backlog that do not fail, %d later move as what is new would have to.", all(ps, at).backlog, moved)
	for _, x := range []struct {
		name    string
		at      level
		l       limits
		perYear float64
		goal    float64
	}{
		{"warn", warn, w, 0.02, 0.60},
		{"critical", critical, c, 0.01, 0.40},
	} {
		ls := candidates(x.at)
		at := alerts(ps, ls, 1)
		var recall, perYear, backlog []float64
		took := map[limits]int{}
		for r := range p.s.repeats {
			f, chosen := chosen(ps, ls, at, x.perYear, p.s.rnd(1000+r))
			recall, perYear, backlog = append(recall, f.recall()), append(perYear, f.perYear()), append(backlog, f.backlogShare())
			for _, l := range chosen {
				took[l]++
			}
		}
		p.head(fmt.Sprintf("%s: limits chosen among %d on four parts, tried on the fifth (%d repeats)", x.name, len(ls), p.s.repeats),
			"", "mean ± spread between repeats")
		for _, y := range []struct {
			name string
			v    []float64
		}{{"recall", recall}, {"new false alarms a drive-year", perYear}, {"backlog, share of drives", backlog}} {
			m, s := meanSpread(y.v)
			p.line("| %s | %.4f ± %.4f |", y.name, m, s)
		}
		var order []limits
		for l := range took {
			order = append(order, l)
		}
		slices.SortFunc(order, func(a, b limits) int {
			if took[a] != took[b] {
				return took[b] - took[a]
			}
			return strings.Compare(fmt.Sprint(a), fmt.Sprint(b))
		})
		for _, l := range order[:min(4, len(order))] {
			p.line("\nchosen %d of %d times: first sight pending %g, reallocated %g; new pending %g, rise %g, total %g",
				took[l], 5*p.s.repeats, l.firstPending, l.firstReallocated, l.newPending, l.newRise, l.newTotal)
		}
		mine := alerts(ps, []limits{x.l}, 1)[0]
		rnd := p.s.rnd(2000)
		const draws = 2000
		var rs, fs []float64
		both := 0
		for range draws {
			f := again(ps, mine, rnd)
			rs, fs = append(rs, f.recall()), append(fs, f.perYear())
			if f.recall() >= x.goal && f.perYear() <= x.perYear {
				both++
			}
		}
		p.line("\nAs proposed, on %d fleets drawn from these drives: recall %.2f to %.2f and new false alarms %.4f to %.4f a drive-year (5 to 95 %%); both goals are met by %.0f %%.",
			draws, quantile(rs, .05), quantile(rs, .95), quantile(fs, .05), quantile(fs, .95), 100*float64(both)/draws)
	}
}

// orPoints are alerts, or where there is none the day on which a drive has the
// points on two days of three, if it had them not at first sight.
func (p *shown) orPoints(m drive.Model, at []int, least float64) []int {
	out := slices.Clone(at)
	for i, d := range p.in.daily {
		row := 0
		a := alert(d, 1, func(h *drive.History, k int, first bool) bool {
			x, _ := m.Points(h, "hdd", d.readings[k].At)
			row = row << 1 & 7
			if x >= least {
				row |= 1
			}
			return !first && (row == 3 || row == 5 || row == 6 || row == 7)
		})
		if a >= 0 && (out[i] < 0 || a < out[i]) {
			out[i] = a
		}
	}
	return out
}

func with(l limits, change func(*limits)) limits {
	change(&l)
	return l
}

func all(ps []past, at []int) figures {
	var f figures
	for i, d := range ps {
		f.add(d, at[i])
	}
	return f
}
