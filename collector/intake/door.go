package intake

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"muster/collector/store"
	"muster/internal/event"
	"muster/internal/inventory"
	"muster/internal/report"
)

// Errors that the receiver turns into statuses.
var (
	// ErrBusy: try again later; nothing was taken.
	ErrBusy = errors.New("collector is busy")
	// ErrUnknownDevice: the certificate is good but the device is gone.
	ErrUnknownDevice = errors.New("device is not known here")
	// ErrConflict: a sequence number came again with another body.
	ErrConflict = errors.New("sequence number was taken with another body")
)

// Sender is who a report comes from, as the receiver found out.
type Sender struct {
	Device  inventory.DeviceID
	Machine [8]byte // fingerprint the key was made on; zero: not compared
	Address string
}

// Outbox takes samples on their way to the series store. Append returns when
// they are durable; store.ErrFull when there is no room for them.
type Outbox interface {
	Append(records [][]byte) error
	// Room is false when nothing more should be taken for now.
	Room() bool
}

// Inventory is the part of store.Inventory that the door needs.
type Inventory interface {
	State(ctx context.Context, id inventory.DeviceID) (store.DeviceState, error)
	Commit(ctx context.Context, entries []store.Entry) error
	Layout(ctx context.Context, h report.LayoutHash) (report.Layout, error)
}

// Policies says what a device should hold.
type Policies interface {
	Policy(id inventory.DeviceID) (report.Policy, [8]byte)
	// Next is the seconds until the next report is welcome.
	Next() int64
}

// Options of a Door.
type Options struct {
	Inventory Inventory
	Outbox    Outbox
	Policies  Policies
	Log       *slog.Logger
	Now       func() time.Time
	Group     int // reports in one commit, default 500
	Queue     int // envelopes waiting, default 4096; beyond, ErrBusy
	Devices   int // devices remembered, default 200,000

	// Restored is when the stores were put back from a backup last; zero:
	// never. Of a device that was not heard since, an epoch that is not known
	// may have begun before that, and what it told then is lost.
	Restored time.Time

	// Taken is shown everything that became durable, report by report in the
	// order of the commit. It must not wait.
	Taken func(Taken)
	// Step is called between outbox, SQL and answer; tests stop there.
	Step func(step string)
}

// Taken is a report that became durable, with times as they are kept.
type Taken struct {
	Device     inventory.DeviceID
	At         time.Time
	ReceivedAt time.Time
	Sections   []store.SectionReading
	Events     []store.EventReading
	Samples    []report.Sample // At of each counts back from At of the report
	Layouts    []report.Layout // that came with it
}

// Door takes reports in. Make it with New, keep it going with Run.
type Door struct {
	o       Options
	queue   chan *request
	devices map[inventory.DeviceID]*device
	layouts map[report.LayoutHash]bool // durable in the inventory store

	bounds []time.Duration // CommitBounds
	stats  Stats
	mu     sync.Mutex // guards stats
	fatal  atomic.Pointer[error]
	stale  atomic.Bool // the store was changed behind devices
	asks   asks
}

// Stats counts what went through the door.
type Stats struct {
	Reports, Repeats, Conflicts, Resends int64
	Samples, Sections, Events            int64
	Groups                               int64
	Bent                                 int64 // reports whose time was corrected
	OutboxTime, StoreTime                time.Duration
	// Commits counts groups by how long both took: at most each of
	// CommitBounds, and above all of them.
	Commits []int64
}

// CommitBounds are the bounds of Stats.Commits, from half a millisecond, less
// than an fsync takes, to what senders feel.
func CommitBounds() []time.Duration {
	return []time.Duration{
		500 * time.Microsecond,
		time.Millisecond,
		2 * time.Millisecond,
		5 * time.Millisecond,
		10 * time.Millisecond,
		20 * time.Millisecond,
		50 * time.Millisecond,
		100 * time.Millisecond,
		250 * time.Millisecond,
		time.Second,
		5 * time.Second,
	}
}

type request struct {
	from     Sender
	env      *report.Envelope
	readings [][]*reading
	at       time.Time
	answer   report.Answer
	err      error
	done     chan struct{}

	events []store.EventReading // of Note, which has no envelope
}

// size is how many reports a request brings.
func (rq *request) size() int {
	if rq.env == nil {
		return 1
	}
	return len(rq.env.Reports)
}

// New makes a door; it takes nothing until Run.
func New(o Options) *Door {
	if o.Group == 0 {
		o.Group = 500
	}
	if o.Queue == 0 {
		o.Queue = 4096
	}
	if o.Devices == 0 {
		o.Devices = 200_000
	}
	if o.Taken == nil {
		o.Taken = func(Taken) {}
	}
	if o.Step == nil {
		o.Step = func(string) {}
	}
	bounds := CommitBounds()
	return &Door{o: o, queue: make(chan *request, o.Queue), bounds: bounds, stats: Stats{Commits: make([]int64, len(bounds)+1)},
		devices: map[inventory.DeviceID]*device{}, layouts: map[report.LayoutHash]bool{}}
}

// Stats is what went through so far.
func (d *Door) Stats() Stats {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.stats
	s.Commits = slices.Clone(d.stats.Commits)
	return s
}

// Waiting is how many envelopes wait to be committed, and for how many there
// is room.
func (d *Door) Waiting() (n, room int) { return len(d.queue), cap(d.queue) }

// Accept takes an envelope and returns once all that the answer acknowledges
// is durable. ErrBusy: nothing was taken. Other errors than the package's own
// and report.ErrMalformed mean that a store failed and nothing was taken.
func (d *Door) Accept(ctx context.Context, from Sender, e *report.Envelope) (report.Answer, error) {
	if err := d.fatal.Load(); err != nil {
		return report.Answer{}, *err
	}
	if !d.o.Outbox.Room() {
		return report.Answer{}, fmt.Errorf("%w: the series store is behind and the outbox is full", ErrBusy)
	}
	rq := &request{from: from, env: e, at: d.o.Now(), done: make(chan struct{})}
	for i := range e.Reports {
		rs, err := conform(&e.Reports[i])
		if err != nil {
			return report.Answer{}, err
		}
		rq.readings = append(rq.readings, rs)
	}
	select {
	case d.queue <- rq:
	default:
		return report.Answer{}, fmt.Errorf("%w: %d envelopes are waiting", ErrBusy, len(d.queue))
	}
	select {
	case <-rq.done:
		return rq.answer, rq.err
	case <-ctx.Done():
		// It may still be committed; the device will find it acknowledged
		// when it sends again.
		return report.Answer{}, ctx.Err()
	}
}

// Note stores events that the collector itself has to tell of a device. They
// go through the same commits as reports, because one goroutine writes.
func (d *Door) Note(ctx context.Context, id inventory.DeviceID, events []store.EventReading) error {
	if err := d.fatal.Load(); err != nil {
		return *err
	}
	rq := &request{from: Sender{Device: id}, at: d.o.Now(), events: events, done: make(chan struct{})}
	select {
	case d.queue <- rq:
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-rq.done:
		return rq.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Run commits groups until ctx ends or a store fails for good. After an error
// nothing more is acknowledged; the process must end and start anew.
func (d *Door) Run(ctx context.Context) error {
	defer d.refuse()
	for {
		var group []*request
		select {
		case <-ctx.Done():
			return nil
		case rq := <-d.queue:
			group = append(group, rq)
		}
		n := group[0].size()
	more:
		for n < d.o.Group {
			select {
			case rq := <-d.queue:
				group = append(group, rq)
				n += rq.size()
			default:
				break more
			}
		}
		if err := d.commit(ctx, group); err != nil {
			d.fatal.Store(&err)
			d.o.Log.Error("intake stopped", "error", err)
			return err
		}
	}
}

// refuse answers everyone still waiting when Run ends.
func (d *Door) refuse() {
	stopped := fmt.Errorf("%w: stopping", ErrBusy)
	d.fatal.CompareAndSwap(nil, &stopped)
	for {
		select {
		case rq := <-d.queue:
			rq.err = *d.fatal.Load()
			close(rq.done)
		default:
			return
		}
	}
}

// commit makes one group durable and answers it. It returns an error only
// when a store failed in a way that a later try must not paper over.
func (d *Door) commit(ctx context.Context, group []*request) error {
	if d.stale.Swap(false) {
		clear(d.devices)
	}
	g := newGroup(d)
	for _, rq := range group {
		g.plan(ctx, rq)
	}
	err := g.write(ctx)
	if err != nil {
		for _, rq := range group {
			rq.answer, rq.err = report.Answer{}, err
			delete(d.devices, rq.from.Device) // its state is what the store says, not what was planned
		}
	} else {
		g.keep()
		g.show()
	}
	for _, rq := range group {
		if rq.err == nil && rq.env != nil {
			d.finish(rq)
		}
		close(rq.done)
	}
	if err != nil && !errors.Is(err, ErrBusy) {
		return err
	}
	return nil
}

// finish fills the parts of an answer that need no store.
func (d *Door) finish(rq *request) {
	rq.answer.Now = d.o.Now().UnixMilli()
	rq.answer.Next = d.o.Policies.Next()
	p, known := d.o.Policies.Policy(rq.from.Device)
	rq.answer.Known = known
	if known != rq.env.Known {
		rq.answer.Policy = &p
	}
}

// Forget has what is known of devices read anew from the store, in which
// somebody changed what they told: a section is then asked for again.
func (d *Door) Forget() { d.stale.Store(true) }

// state finds or loads a device.
func (d *Door) state(ctx context.Context, id inventory.DeviceID) (*device, error) {
	if dev := d.devices[id]; dev != nil {
		return dev, nil
	}
	s, err := d.o.Inventory.State(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil, ErrUnknownDevice
	}
	if err != nil {
		return nil, fmt.Errorf("load state of device: %w", err)
	}
	dev := &device{DeviceState: s}
	if dev.Sections == nil {
		dev.Sections = map[string]store.SectionState{}
	}
	dev.reroot()
	if len(d.devices) >= d.o.Devices {
		for other := range d.devices { // any one: a miss costs one query
			delete(d.devices, other)
			break
		}
	}
	d.devices[id] = dev
	return dev, nil
}

// group is the plan of one commit.
type group struct {
	d       *Door
	entries []store.Entry
	samples []sampled // of entries, one each
	records [][]byte
	planned map[inventory.DeviceID]*device
	layouts map[report.LayoutHash]report.Layout // that are new with it
	stats   Stats
}

// sampled is what of a report goes to the outbox instead of the store.
type sampled struct {
	samples []report.Sample
	layouts []report.Layout
}

func newGroup(d *Door) *group {
	return &group{d: d, planned: map[inventory.DeviceID]*device{}, layouts: map[report.LayoutHash]report.Layout{}}
}

// plan decides about one request on top of what the group already decided.
func (g *group) plan(ctx context.Context, rq *request) {
	if rq.env == nil {
		// A device that only the identities know would fail the whole group.
		if _, err := g.d.state(ctx, rq.from.Device); err != nil {
			rq.err = err
			return
		}
		g.add(store.Entry{Device: rq.from.Device, At: rq.at, ReceivedAt: rq.at, Events: rq.events}, sampled{})
		return
	}
	dev := g.planned[rq.from.Device]
	if dev == nil {
		known, err := g.d.state(ctx, rq.from.Device)
		if err != nil {
			rq.err = err
			return
		}
		dev = known.clone()
		g.planned[rq.from.Device] = dev
	}
	c := clockOf(rq.env, rq.at)
	head, known := dev.head(rq.env.Epoch)
	given := false // the envelope's own layouts, to a report
	for i := range rq.env.Reports {
		r := &rq.env.Reports[i]
		if foreign(rq.from.Machine, r.Machine) {
			rq.answer.Rekey = true
			break
		}
		o, lost := sequence(head, known, r.Seq, max(rq.env.Oldest, 1), r.Body)
		if o == take && !known && r.Seq > 1 && g.d.forgot(dev) {
			lost = &report.Gap{From: 1, To: r.Seq - 1}
		}
		if o == repeat {
			g.stats.Repeats++
			continue
		}
		if o == conflict {
			g.stats.Conflicts++
			rq.err = fmt.Errorf("%w: number %d", ErrConflict, r.Seq)
			g.d.o.Log.Warn("sequence conflict", "device_id", rq.from.Device, "seq", r.Seq)
			g.add(store.Entry{Device: rq.from.Device, At: rq.at, ReceivedAt: rq.at, Address: rq.from.Address,
				Events: []store.EventReading{{Kind: event.SequenceConflict, At: rq.at, Count: 1}}}, sampled{})
			return
		}
		if o == missing {
			g.stats.Resends++
			rq.answer.Resend = max(head.Seq+1, rq.env.Oldest)
			break
		}
		ok, err := g.layoutsKnown(ctx, rq.env, r)
		if err != nil {
			rq.err = err
			return
		}
		if !ok {
			rq.answer.Layouts = true
			break
		}
		shift, bent := c.shift(r)
		if bent {
			g.stats.Bent++
		}
		if !given { // with the first that is taken: those before it may be repeats
			given = true
			r.Layouts = append(r.Layouts, rq.env.Layouts...)
		}
		e := entry(rq.from.Device, r, rq.readings[i], shift)
		e.ReceivedAt, e.Offset, e.Address, e.Machine = rq.at, c.offset, rq.from.Address, r.Machine
		if lost != nil {
			e.Gaps = append(e.Gaps, *lost)
		}
		head, known = store.Head{Epoch: rq.env.Epoch, Seq: r.Seq, Body: r.Body}, true
		e.Head = head
		if err := g.take(rq, dev, r, e, shift); err != nil {
			rq.err = err
			return
		}
	}
	rq.answer.Acked = head.Seq
	dev.SeenAt = rq.at
}

// forgot says whether a device may have told something that a restore lost.
func (d *Door) forgot(dev *device) bool {
	return dev.SeenAt.Before(d.o.Restored) && dev.FirstSeen.Before(d.o.Restored)
}

// foreign says that a report was made on another machine than the key.
func foreign(key, report [8]byte) bool {
	return key != [8]byte{} && report != [8]byte{} && key != report
}

// take adds one accepted report to the group.
func (g *group) take(rq *request, dev *device, r *report.Report, e store.Entry, shift time.Duration) error {
	dev.setHead(e.Head)
	e.Events = append(e.Events, dev.noticed(e)...)
	if len(e.Sections) > 0 {
		sections := make(map[string]store.SectionState, len(dev.Sections)+len(e.Sections))
		for n, s := range dev.Sections {
			sections[n] = s
		}
		for _, s := range e.Sections {
			sections[s.Section.Name] = store.SectionState{Hash: s.Hash, Status: s.Status, Sources: s.Sources}
			if name := hostName(s); name != "" {
				dev.Name = name
			}
		}
		dev.Sections = sections
		dev.reroot()
	}
	rq.answer.Want = dev.wants(r)
	came := make([]string, 0, len(e.Sections))
	for _, s := range e.Sections {
		came = append(came, s.Section.Name)
	}
	if more := g.d.refreshing(rq.from.Device, came, maps.Keys(dev.Sections), rq.at); len(more) > 0 {
		rq.answer.Want = slices.Compact(slices.Sorted(slices.Values(append(rq.answer.Want, more...))))
	}
	layouts := g.naming(r)
	if len(r.Samples) > 0 {
		rec := store.Samples{Device: rq.from.Device, Host: dev.Name, Time: r.Time + shift.Milliseconds(),
			Samples: r.Samples, Layouts: layouts, Arrived: rq.at.UnixMilli()}
		b, err := rec.Encode()
		if err != nil {
			return fmt.Errorf("encode samples: %w", err)
		}
		g.records = append(g.records, b)
		for i := range r.Samples {
			g.stats.Samples += int64(len(r.Samples[i].Values))
		}
	}
	g.stats.Reports++
	g.stats.Sections += int64(len(e.Sections))
	g.stats.Events += int64(len(e.Events))
	g.add(e, sampled{r.Samples, r.Layouts})
	return nil
}

// naming is the layouts that go to the outbox with a report: its own, and those
// of its samples that an earlier one of the same group brought. The outbox is
// read before the group is in the inventory store, or without it after a crash,
// so that a record must not need a layout which is not durable there.
func (g *group) naming(r *report.Report) []report.Layout {
	out := slices.Clip(r.Layouts)
	have := map[report.LayoutHash]bool{}
	for _, l := range r.Layouts {
		h := l.Hash()
		have[h] = true
		if !g.d.layouts[h] {
			g.layouts[h] = l
		}
	}
	for i := range r.Samples {
		h := r.Samples[i].Layout
		if l, fresh := g.layouts[h]; fresh && !have[h] {
			have[h] = true
			out = append(out, l)
		}
	}
	return out
}

func (g *group) add(e store.Entry, s sampled) {
	g.entries = append(g.entries, e)
	g.samples = append(g.samples, s)
}

// hostName is the device's name when a reading tells it: series carry it as a
// label.
func hostName(s store.SectionReading) string {
	if s.Section.Name != "os" || len(s.Table.Rows) == 0 {
		return ""
	}
	name, _ := s.Table.Rows[0][s.Section.Index("host_name")].(string)
	return name
}

// layoutsKnown says whether every sample of a report can be named.
func (g *group) layoutsKnown(ctx context.Context, e *report.Envelope, r *report.Report) (bool, error) {
next:
	for i := range r.Samples {
		h := r.Samples[i].Layout
		if _, fresh := g.layouts[h]; fresh || g.d.layouts[h] {
			continue
		}
		for _, ls := range [][]report.Layout{r.Layouts, e.Layouts} {
			for _, l := range ls {
				if l.Hash() == h {
					continue next
				}
			}
		}
		_, err := g.d.o.Inventory.Layout(ctx, h)
		if errors.Is(err, store.ErrNotFound) {
			return false, nil
		}
		if err != nil {
			return false, fmt.Errorf("look up layout: %w", err)
		}
		g.d.remember(h)
	}
	return true, nil
}

// mostLayouts is how many layouts are known by heart: of those forgotten the
// next sample costs one query.
const mostLayouts = 500_000

func (d *Door) remember(h report.LayoutHash) {
	if len(d.layouts) >= mostLayouts {
		clear(d.layouts)
	}
	d.layouts[h] = true
}

// write makes the group durable, in the one order that loses nothing.
func (g *group) write(ctx context.Context) error {
	start := time.Now()
	if len(g.records) > 0 {
		if err := g.d.o.Outbox.Append(g.records); err != nil {
			return temporary("append to outbox", err)
		}
	}
	g.d.o.Step("outbox")
	mid := time.Now()
	g.stats.OutboxTime = mid.Sub(start)
	if len(g.entries) > 0 {
		// Not the caller's context: a group that has begun is finished, or a
		// stop would leave devices to send again what is half written.
		if err := g.d.o.Inventory.Commit(context.WithoutCancel(ctx), g.entries); err != nil {
			return temporary("commit reports", err)
		}
	}
	g.d.o.Step("commit")
	g.stats.StoreTime = time.Since(mid)
	return nil
}

// temporary marks the failures after which a later try may succeed: a full
// disk, a full outbox, a database that another program holds. Anything else, an fsync error above all, is final.
func temporary(act string, err error) error {
	if errors.Is(err, store.ErrFull) || errors.Is(err, store.ErrBusy) {
		return fmt.Errorf("%w: %s: %w", ErrBusy, act, err)
	}
	return fmt.Errorf("%s: %w", act, err)
}

// show tells what became durable.
func (g *group) show() {
	for i := range g.entries {
		e, s := &g.entries[i], &g.samples[i]
		g.d.o.Taken(Taken{Device: e.Device, At: e.At, ReceivedAt: e.ReceivedAt, Sections: e.Sections, Events: e.Events, Samples: s.samples, Layouts: s.layouts})
	}
}

// keep makes the plan the truth.
func (g *group) keep() {
	for id, dev := range g.planned {
		g.d.devices[id] = dev
	}
	for h := range g.layouts {
		g.d.remember(h)
	}
	d := g.d
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stats.Reports += g.stats.Reports
	d.stats.Repeats += g.stats.Repeats
	d.stats.Conflicts += g.stats.Conflicts
	d.stats.Resends += g.stats.Resends
	d.stats.Samples += g.stats.Samples
	d.stats.Sections += g.stats.Sections
	d.stats.Events += g.stats.Events
	d.stats.Bent += g.stats.Bent
	d.stats.OutboxTime += g.stats.OutboxTime
	d.stats.StoreTime += g.stats.StoreTime
	d.stats.Groups++
	took := g.stats.OutboxTime + g.stats.StoreTime
	i := 0
	for i < len(d.bounds) && took > d.bounds[i] {
		i++
	}
	d.stats.Commits[i]++
}
