package simulate

import (
	"fmt"
	"math"
	"slices"
	"time"

	"muster/internal/inventory"
	"muster/internal/report"
)

// player speaks for one device as an agent does: it makes reports, keeps them
// until they are acknowledged, and takes answers to heart. How bytes get to
// the collector is another's business.
type player struct {
	b       body
	epoch   uint64
	machine [8]byte
	shelf   shelf
	every   time.Duration // between readings; 0: one a report

	seq     uint64
	read    time.Time // the last reading
	pending [][]byte
	first   uint64 // number of pending[0]
	want    map[string]bool
	layouts []report.Layout // of late, for a collector that asks
	knows   map[report.LayoutHash]bool
	resend  bool
	known   [8]byte
	dropped int64
}

// waitingMost is how many reports a simulated agent keeps while it cannot
// deliver.
const waitingMost = 500

// mostLayouts is how many are kept at hand: a laptop that docks has a few.
const mostLayouts = 8

func newPlayer(b body, epoch uint64, o Options) *player {
	return &player{b: b, epoch: epoch | 1, machine: b.evidence().Fingerprint(), shelf: newShelf(b.sections(), o.Refresh), every: o.Sample, first: 1,
		want: map[string]bool{}, knows: map[report.LayoutHash]bool{}}
}

// live lets time pass until now and makes a report of it, if the device says
// something. It answers whether what waits can be delivered.
func (p *player) live(now time.Time) (reaches bool, err error) {
	defer p.b.where().guard()()
	v := p.b.live(now)
	switch {
	case v.dead:
		p.b.forget()
		p.read = time.Time{}
		return false, nil
	case !v.speaks:
		p.read = time.Time{}
		return false, nil
	}
	return v.reaches, p.record(now)
}

// record makes one report and puts it behind those that wait.
func (p *player) record(now time.Time) error {
	wall, mono, boot := p.b.clock(now)
	r := report.Report{Seq: p.seq + 1, Time: wall.UnixMilli(), Mono: mono.Milliseconds(), Boot: boot, Machine: p.machine}
	if p.every > 0 && !p.read.IsZero() {
		for at := p.read.Add(p.every); at.Before(now.Add(-p.every / 2)); at = at.Add(p.every) {
			p.sample(&r, at, now.Sub(at))
		}
	}
	p.sample(&r, now, 0)
	p.read = now
	events, touched := p.b.said()
	for _, h := range events {
		e := report.Event{Kind: h.kind, At: max(now.Sub(h.at), 0).Milliseconds(), Attributes: h.attributes, Count: 1}
		r.Events = append(r.Events, e)
	}
	sections, err := p.shelf.read(now, func(n string) bool { return touched[n] }, func(n string) bool { return p.want[n] },
		func(n string) (inventory.Table, error) { return p.b.read(n, now) })
	if err != nil {
		return err
	}
	r.Sections = sections
	hashes := p.shelf.hashes()
	r.Root = inventory.Root(hashes)
	if p.want[report.WantHashes] {
		r.Hashes = hashes
	}
	b, err := r.Encode()
	if err != nil {
		return fmt.Errorf("encode report: %w", err)
	}
	clear(p.want)
	p.seq++
	p.pending = append(p.pending, b)
	if len(p.pending) > waitingMost {
		p.pending = p.pending[1:]
		p.first++
		p.dropped++
		p.shelf.forget() // what was dropped may have been inventory
		clear(p.knows)
	}
	return nil
}

func (p *player) sample(r *report.Report, at time.Time, before time.Duration) {
	for _, t := range p.b.numbers(at) {
		r.Samples = append(r.Samples, report.Sample{Layout: t.hash, At: before.Milliseconds() + t.before, Values: t.values})
		if !p.knows[t.hash] {
			p.knows[t.hash] = true
			r.Layouts = append(r.Layouts, t.layout)
			p.keep(t)
		}
	}
}

// keep has a layout at hand.
func (p *player) keep(t told) {
	if slices.ContainsFunc(p.layouts, func(l report.Layout) bool { return l.Hash() == t.hash }) {
		return
	}
	if p.layouts = append(p.layouts, t.layout); len(p.layouts) > mostLayouts {
		p.layouts = p.layouts[1:]
	}
}

// mostAtOnce is how many reports go into one body.
const mostAtOnce = 200

// body packs what waits, of the oldest on; nil when there is nothing.
func (p *player) body(now time.Time) (body []byte, n int, err error) {
	n = min(len(p.pending), mostAtOnce)
	if n == 0 {
		return nil, 0, nil
	}
	wall, mono, boot := p.b.clock(now)
	e := report.Envelope{Epoch: p.epoch, Oldest: p.first, Known: p.known, Sent: wall.UnixMilli(), Mono: mono.Milliseconds(), Boot: boot}
	if p.resend {
		e.Layouts = p.layouts
	}
	body, err = report.Pack(e, p.pending[:n])
	return body, n, err
}

// heard takes an answer to heart and says how many reports it acknowledged.
func (p *player) heard(a report.Answer) int {
	p.resend, p.known = a.Layouts, a.Known
	if a.Layouts {
		clear(p.knows)
	}
	for _, w := range a.Want {
		p.want[w] = true
	}
	if a.Acked < p.first {
		return 0
	}
	n := int(min(a.Acked-p.first+1, uint64(len(p.pending))))
	p.pending = p.pending[n:]
	p.first += uint64(n)
	return n
}

// bits of a number that tell devices of one seed apart, for epochs in virtual
// time.
func epochOf(seed uint64, n int) uint64 { return (seed+1)*0x9E37_79B9 + uint64(n)<<1&math.MaxInt64 }
