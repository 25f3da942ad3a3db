package main

import (
	"math"

	"muster/collector/health/drive"
)

// model is fitted on all drives of all sets.
func model(in sets, s settings) drive.Model {
	m := drive.Model{
		Made: drive.Made{
			By: "collector/health/drive/train", Date: s.date, Seed: s.seed,
			Method: "Logistic regression by Newton's method on one coefficient at a time, no coefficient below zero, ridge 1; counts as log2(1+n). 10 points double the odds.",
			Data:   in.data,
			Credit: []string{
				"Backblaze Drive Stats: hard drive data of Backblaze, https://www.backblaze.com/cloud-storage/resources/hard-drive-test-data",
				"linux-hardware.org (https://github.com/linuxhw/EnterpriseDrive), CC BY 4.0",
			},
		},
		Kinds: map[string]drive.Kind{},
	}
	m.Kinds["hdd"] = hardDisks(in)
	m.Kinds["ssd"] = solidState(in)
	return m
}

// points are what a coefficient of log-odds is worth, to a tenth.
func points(w float64) float64 { return math.Round(w/math.Ln2*drive.Doubling*10) / 10 }

func hardDisks(in sets) drive.Kind {
	o := observe(in.daily, dailyTerms())
	c, w := fit(o.samples(func(int32) bool { return true }), len(o.terms))
	k := drive.Kind{Outcome: "fails within 14 days", Intercept: math.Round(c*1000) / 1000}
	for i, t := range o.terms {
		k.Terms = append(k.Terms, drive.Weight{Feature: t, Points: points(w[i])})
		if t == drive.HasPending {
			k.Terms = append(k.Terms, drive.Weight{Feature: drive.HasUncorrectable, Points: points(uncorrectable(in.lastDay, w[0]))})
		}
	}
	k.Bands = hardDiskBands(in.daily, k)
	return k
}

// lastDayTerms are what the cross-section tells.
func lastDayTerms() []drive.Feature {
	return []drive.Feature{drive.HasReallocated, drive.HasPending, drive.HasUncorrectable}
}

// crossSection is the set of which 187 is known, drive by drive.
func crossSection(ps []past) []sample {
	var out []sample
	for _, p := range ps {
		r := p.readings[0]
		if math.IsNaN(drive.Count(r.Uncorrectable)) {
			continue
		}
		var h drive.History
		h.Add(r)
		s := sample{y: p.fails, n: 1}
		for _, t := range lastDayTerms() {
			x, _ := t.Of(&h, r.At)
			s.x = append(s.x, x)
		}
		out = append(out, s)
	}
	return out
}

// uncorrectable is the weight of failed reads. They are known only of drives on
// their last day, when everything weighs more than in the fortnight before: it
// is made less in the measure in which replaced sectors are.
func uncorrectable(ps []past, reallocated float64) float64 {
	_, w := fit(merge(crossSection(ps)), len(lastDayTerms()))
	if w[0] <= 0 {
		return 0
	}
	return w[2] * min(1, reallocated/w[0])
}

func solidState(in sets) drive.Kind {
	var of []sample
	var h []before
	for _, b := range holdBack(in.repeated, nil) {
		if b.kind == "ssd" {
			of = append(of, b.sample)
			h = append(h, b)
		}
	}
	c, w := fit(merge(of), len(ssdTerms()))
	k := drive.Kind{
		Outcome:   "has ten more sectors replaced, more that do not read, or says that it fails, when it is looked at again some months later",
		Intercept: math.Round(c*1000) / 1000,
	}
	for i, t := range ssdTerms() {
		k.Terms = append(k.Terms, drive.Weight{Feature: t, Points: points(w[i])})
	}
	k.Bands = bandsOf(10, 40)
	for _, b := range h {
		put(k.Bands, pointsOf(k, ssdTerms(), b.sample.x), b.worse)
	}
	return k
}

// hardDiskBands follow each drive for a fortnight from three days that lie
// thirteen apart: all that the 40 days of the set allow.
func hardDiskBands(ps []past, k drive.Kind) []drive.Band {
	m := drive.Model{Kinds: map[string]drive.Kind{"hdd": k}}
	first := int64(math.MaxInt64)
	for _, p := range ps {
		first = min(first, dayOf(p.readings[0].At))
	}
	bands := bandsOf(20, 40, 60)
	for _, p := range ps {
		var h drive.History
		end := dayOf(p.readings[len(p.readings)-1].At)
		for _, r := range p.readings {
			h.Add(r)
			d := dayOf(r.At) - first
			left := end - dayOf(r.At)
			if d != 0 && d != 13 && d != 26 || p.fails && left == 0 {
				continue
			}
			x, _ := m.Points(&h, "hdd", r.At)
			put(bands, x, p.fails && left <= ahead)
		}
	}
	return bands
}

// bandsOf begins with what has next to no points.
func bandsOf(from ...float64) []drive.Band {
	out := []drive.Band{{From: 0}}
	for _, f := range from {
		out = append(out, drive.Band{From: f})
	}
	return out
}

func put(bands []drive.Band, points float64, failed bool) {
	for i := len(bands) - 1; i >= 0; i-- {
		if points >= bands[i].From {
			bands[i].Drives++
			if failed {
				bands[i].Failed++
			}
			return
		}
	}
}

func pointsOf(k drive.Kind, terms []drive.Feature, x []float64) float64 {
	sum := 0.0
	for _, w := range k.Terms {
		for i, t := range terms {
			if t == w.Feature {
				sum += w.Points * x[i]
			}
		}
	}
	return sum
}
