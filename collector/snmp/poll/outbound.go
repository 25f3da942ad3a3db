package poll

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"net/netip"
	"time"

	"muster/internal/inventory"
	"muster/internal/report"
)

const (
	// mostWaiting is how many reports of a target wait for a door that is
	// busy. Older ones are dropped, and the gap is told by the numbers.
	mostWaiting = 8
	// mostKnown is how many layouts of a target the door is known to have.
	mostKnown = 16
	// mostSeries is how many numbers one sample carries; a chassis with more
	// sends several.
	mostSeries = 4000
)

// outbound is the way of a target's reports to the door. Its epoch begins with
// the process: what was not taken then is gone, as the numbers say.
type outbound struct {
	device  inventory.DeviceID
	epoch   uint64
	seq     uint64 // of the last report made
	waiting []waitingReport
	known   map[report.LayoutHash]bool
	names   map[uint64]report.LayoutHash // by print
}

type waitingReport struct {
	report  report.Report
	layouts []named // all that it uses
}

// named is a layout with its name.
type named struct {
	layout report.Layout
	hash   report.LayoutHash
}

// name finds the name of a layout. Working it out takes longer than all else of
// a round, and layouts seldom change, so a quick print of it is looked up. No
// device can make two layouts of one print: the seed is this process's secret.
func (o *outbound) name(l report.Layout) report.LayoutHash {
	p := printOf(l)
	if h, ok := o.names[p]; ok {
		return h
	}
	h := l.Hash()
	if o.names == nil || len(o.names) >= mostKnown {
		o.names = map[uint64]report.LayoutHash{}
	}
	o.names[p] = h
	return h
}

// seed is that of all prints.
var seed = maphash.MakeSeed()

func printOf(l report.Layout) uint64 {
	var h maphash.Hash
	h.SetSeed(seed)
	text := func(s string) {
		// The length, so that no two lists of texts run into one another.
		h.WriteByte(byte(len(s)))
		h.WriteByte(byte(len(s) >> 8))
		h.WriteString(s)
	}
	for i := range l {
		s := &l[i]
		text(s.Measurement)
		text(s.Field)
		h.WriteByte(byte(len(s.Labels)))
		for _, x := range s.Labels {
			text(x.Key)
			text(x.Value)
		}
	}
	return h.Sum64()
}

// begin makes the reports from now on those of another device.
func (o *outbound) begin(id inventory.DeviceID) {
	*o = outbound{device: id, epoch: rand.Uint64() | 1}
}

// add queues a report. It answers the sections of reports that had to be
// dropped for it.
func (o *outbound) add(r report.Report, layouts []named) (dropped []report.Section) {
	o.seq++
	r.Seq = o.seq
	for len(o.waiting) >= mostWaiting {
		dropped = append(dropped, o.waiting[0].report.Sections...)
		o.waiting = o.waiting[1:]
	}
	o.waiting = append(o.waiting, waitingReport{r, layouts})
	return dropped
}

// send hands over what waits, and says what the door wants besides. What was
// not taken stays.
func (o *outbound) send(ctx context.Context, d Door, from netip.Addr, now func() time.Time) (want []string, err error) {
	again := false // the door asked for layouts it was thought to have
	for tries := 0; len(o.waiting) > 0; tries++ {
		e := &report.Envelope{Version: report.Version, Epoch: o.epoch, Oldest: o.waiting[0].report.Seq, Sent: now().UnixMilli()}
		sent := map[report.LayoutHash]bool{}
		for _, w := range o.waiting {
			r := w.report
			r.Layouts = nil
			for _, l := range w.layouts {
				if !sent[l.hash] && (again || !o.known[l.hash]) {
					sent[l.hash] = true
					r.Layouts = append(r.Layouts, l.layout)
				}
			}
			e.Reports = append(e.Reports, r)
		}
		a, err := d.Accept(ctx, o.device, from, e)
		if err != nil {
			if errors.Is(err, ErrGone) {
				o.waiting = nil
			}
			return nil, fmt.Errorf("hand report over: %w", err)
		}
		if !a.Layouts {
			if o.known == nil || len(o.known)+len(sent) > mostKnown {
				o.known = map[report.LayoutHash]bool{}
			}
			for h := range sent {
				o.known[h] = true
			}
		}
		want = a.Want
		before := len(o.waiting)
		for len(o.waiting) > 0 && o.waiting[0].report.Seq <= a.Acked {
			o.waiting = o.waiting[1:]
		}
		switch {
		case len(o.waiting) == 0:
			o.waiting = nil
		case a.Layouts && !again:
			again = true
		case len(o.waiting) == before || tries == 3:
			return want, fmt.Errorf("hand report over: number %d was not taken (acknowledged %d)", o.waiting[0].report.Seq, a.Acked)
		}
	}
	return want, nil
}

// samples splits numbers into samples whose layouts are no longer than may be.
func (o *outbound) samples(l report.Layout, values []float64, at int64) (out []report.Sample, layouts []named) {
	n := min(len(l), len(values))
	for from := 0; from < n; from += mostSeries {
		to := min(from+mostSeries, n)
		part := named{l[from:to], o.name(l[from:to])}
		layouts = append(layouts, part)
		out = append(out, report.Sample{Layout: part.hash, At: at, Values: report.Values(values[from:to])})
	}
	return out, layouts
}
