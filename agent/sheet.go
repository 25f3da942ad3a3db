package agent

import (
	"math"
	"slices"

	"muster/internal/metric"
	"muster/internal/order"
	"muster/internal/report"
)

// sheet collects one sampling's numbers. Samplers put the same series in the
// same order minute after minute, so the sheet expects the last layout and
// only builds a new one when something comes that does not fit: a quiet minute
// costs no memory. Nor does one that is like an earlier one, as when a gateway
// answers again or a laptop is back in its dock.
type sheet struct {
	layout  report.Layout
	hash    report.LayoutHash
	others  []named // earlier layouts, the last first
	turned  bool    // the layout is another than at the sampling before
	values  report.Values
	at      int  // next expected position
	fits    bool // everything so far was where the layout has it
	next    report.Layout
	unknown func(measurement, field string) // told of names the catalogue lacks
	more    func(measurement string) bool   // whether fields beyond the default are wished for
}

// named is a layout and its hash.
type named struct {
	layout report.Layout
	hash   report.LayoutHash
}

// mostOthers bounds the earlier layouts that are kept.
const mostOthers = 3

// begin starts a sampling.
func (s *sheet) begin() {
	s.at, s.fits, s.turned, s.next = 0, true, false, nil
	s.values = s.values[:0]
}

// Put takes one number; labels are pairs of key and value. Fields that the
// catalogue does not mark as sent by default are left out here, unless they are
// wished for, so that a sampler puts what it has.
func (s *sheet) Put(measurement, field string, value float64, labels ...string) {
	if len(s.values) == report.MaxSeries {
		return
	}
	if math.IsInf(value, 0) {
		value = math.NaN()
	}
	fits := func(l report.Layout) bool {
		return s.at < len(l) && same(l[s.at], measurement, field, labels)
	}
	if s.fits && (fits(s.layout) || s.turn(fits)) {
		s.at++
		s.values = append(s.values, value)
		return
	}
	_, f, ok := metric.Lookup(measurement, field)
	if !ok {
		s.unknown(measurement, field)
		return
	}
	if !f.Default && (s.more == nil || !s.more(measurement)) {
		return
	}
	if s.fits {
		s.fits = false
		s.next = slices.Clone(s.layout[:s.at])
	}
	ls := make([]report.Label, 0, len(labels)/2)
	for i := 0; i+1 < len(labels); i += 2 {
		ls = append(ls, report.Label{Key: labels[i], Value: labels[i+1]})
	}
	order.By(ls, func(a, b report.Label) int {
		if a.Key < b.Key {
			return -1
		}
		return 1
	})
	s.next = append(s.next, report.Series{Measurement: measurement, Field: field, Labels: ls})
	s.values = append(s.values, value)
}

// turn goes over to an earlier layout that begins as this sampling did, and
// that fits.
func (s *sheet) turn(fits func(report.Layout) bool) bool {
	for i, o := range s.others {
		if fits(o.layout) && slices.EqualFunc(o.layout[:s.at], s.layout[:s.at], alike) {
			s.others[i] = named{s.layout, s.hash}
			s.layout, s.hash, s.turned = o.layout, o.hash, true
			return true
		}
	}
	return false
}

func alike(a, b report.Series) bool {
	return a.Measurement == b.Measurement && a.Field == b.Field && slices.Equal(a.Labels, b.Labels)
}

// end closes the sampling. It answers the sample and, when it is not the one
// of the last sampling, its layout.
func (s *sheet) end() (report.Sample, report.Layout) {
	whole := func(l report.Layout) bool { return len(l) == s.at }
	if s.fits && (whole(s.layout) || s.turn(whole)) {
		sample := report.Sample{Layout: s.hash, Values: slices.Clone(s.values)}
		if s.turned {
			return sample, s.layout
		}
		return sample, nil
	}
	if s.fits { // series went away at the end
		s.next = slices.Clone(s.layout[:s.at])
	}
	if s.layout != nil {
		s.others = slices.Insert(s.others, 0, named{s.layout, s.hash})
		s.others = s.others[:min(len(s.others), mostOthers)]
	}
	s.layout = s.next
	s.hash = s.layout.Hash()
	return report.Sample{Layout: s.hash, Values: slices.Clone(s.values)}, s.layout
}

func same(a report.Series, measurement, field string, labels []string) bool {
	if a.Measurement != measurement || a.Field != field || len(a.Labels)*2 != len(labels) {
		return false
	}
	for i := 0; i+1 < len(labels); i += 2 {
		found := false
		for _, l := range a.Labels {
			if l.Key == labels[i] {
				found = l.Value == labels[i+1]
				break
			}
		}
		if !found {
			return false
		}
	}
	return true
}
