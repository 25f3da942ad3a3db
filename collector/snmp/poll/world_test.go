package poll

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"muster/collector/snmp/session"
	"muster/internal/inventory"
	"muster/internal/report"
)

// world is a network of gear and everything a poller is joined to. Its devices
// answer in virtual time.
type world struct {
	mu       sync.Mutex
	gear     map[netip.Addr]*gear
	told     []State
	reports  map[inventory.DeviceID][]report.Report
	notes    []note
	kept     map[string][]byte
	asked    int // registry
	busy     bool
	layouts  map[report.LayoutHash]bool
	forget   bool // the door knows no layout
	heads    map[uint64]uint64
	gaps     int
	gone     map[inventory.DeviceID]bool
	want     []string
	running  int
	atOnce   int
	overlaps int
	quiet    bool // nothing is written down, for benchmarks
	profiles int  // how often profiles were changed
	met      int  // times that a device was identified
}

type note struct {
	device inventory.DeviceID
	at     time.Time
	event  report.Event
}

// gear is one device.
type gear struct {
	off, noEcho, mute bool // mute: SNMP alone is silent
	wrong             error
	slow              time.Duration // of each answer
	started           time.Time
	serial            string
	sections          []report.Section
	packets           []time.Time // SNMP
	echoes            []time.Time
	reads             map[string]int
	rounds            []time.Time
	active            int
	values            func() (report.Layout, []float64)
	dieAfter          int    // answers of a session before it goes silent; 0: never
	loop, asked       string // the pace whose table loops, and the one that is asked
}

func newWorld() *world {
	return &world{gear: map[netip.Addr]*gear{}, reports: map[inventory.DeviceID][]report.Report{}, kept: map[string][]byte{},
		layouts: map[report.LayoutHash]bool{}, heads: map[uint64]uint64{}, gone: map[inventory.DeviceID]bool{}}
}

// add puts n devices into the world and gives their targets.
func (w *world) add(n int) []Target {
	var out []Target
	for range n {
		i := len(w.gear)
		a := netip.AddrFrom4([4]byte{192, 0, byte(i >> 8), byte(i)})
		w.gear[a] = &gear{started: time.Now().Add(-24 * time.Hour), serial: fmt.Sprintf("FOC%04d", i), reads: map[string]int{},
			sections: []report.Section{{Name: "vlan", Columns: []string{"vlan_number", "name"}, Rows: [][]any{{int64(1), "default"}}}}}
		out = append(out, Target{ID: fmt.Sprint("t", i), Address: netip.AddrPortFrom(a, 161), Credential: session.Credential{Name: "public", Version: "2c"}})
	}
	return out
}

func (w *world) of(t Target) *gear { return w.gear[t.Address.Addr()] }

// poller joins a poller to the world.
func (w *world) poller(change ...func(*Options)) *Poller {
	o := Options{Dial: w.dial, Reader: reader{w}, Registry: w, Door: w, Memory: w, Pinger: w, Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Told: func(s State) { w.mu.Lock(); defer w.mu.Unlock(); w.told = append(w.told, s) }}
	for _, f := range change {
		f(&o)
	}
	return New(o)
}

// start runs a poller; stop ends it and waits.
func (w *world) start(t *testing.T, p *Poller) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	return func() {
		w.set(func() {})
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

type dialed struct {
	w        *world
	g        *gear
	retries  int
	timeout  time.Duration
	requests int64
	timeouts int64
	answers  int
}

func (w *world) dial(t Target, _ *session.Learned, retries int, timeout time.Duration) (Asker, error) {
	g := w.gear[t.Address.Addr()]
	w.mu.Lock()
	defer w.mu.Unlock()
	g.active++
	if g.active > 1 {
		w.overlaps++
	}
	w.running++
	w.atOnce = max(w.atOnce, w.running)
	if timeout == 0 {
		timeout = 2 * time.Second
	}
	return &dialed{w: w, g: g, retries: retries, timeout: timeout}, nil
}

func (d *dialed) Close() error {
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	d.g.active--
	d.w.running--
	return nil
}
func (d *dialed) Learned() *session.Learned     { return &session.Learned{Repetitions: 10} }
func (d *dialed) Counts() (int64, int64, int64) { return d.requests, d.timeouts, 0 }
func (d *dialed) In(string) session.Asker       { return d }

// question is one packet and its repetitions.
func (d *dialed) question(ctx context.Context) error {
	for try := 0; ; try++ {
		d.w.mu.Lock()
		if !d.w.quiet {
			d.g.packets = append(d.g.packets, time.Now())
		}
		d.requests++
		off := d.g.off || d.g.mute || d.g.dieAfter > 0 && d.answers >= d.g.dieAfter
		wrong, slow := d.g.wrong, d.g.slow
		d.w.mu.Unlock()
		wait := slow
		if off {
			wait = d.timeout
		}
		if wait > 0 {
			select {
			case <-time.After(wait):
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if !off {
			d.answers++
			return wrong
		}
		d.timeouts++
		if try == d.retries {
			return session.ErrTimeout
		}
	}
}

func (d *dialed) Get(ctx context.Context, oids ...string) ([]session.Variable, error) {
	if err := d.question(ctx); err != nil {
		return nil, err
	}
	return make([]session.Variable, len(oids)), nil
}

func (d *dialed) Table(ctx context.Context, _ []string, _ session.Limits) (session.Table, error) {
	err := d.question(ctx)
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	if err == nil && d.g.loop != "" && d.g.loop == d.g.asked {
		return session.Table{Rows: []session.Row{{Index: "1"}}, Fault: session.ErrLoop}, nil
	}
	return session.Table{Complete: err == nil, Fault: err}, err
}

func (d *dialed) Walk(ctx context.Context, _ string, _ session.Limits) ([]session.Variable, error) {
	return nil, d.question(ctx)
}

func (w *world) Ping(ctx context.Context, a netip.Addr, timeout time.Duration) (time.Duration, error) {
	w.mu.Lock()
	g := w.gear[a]
	if !w.quiet {
		g.echoes = append(g.echoes, time.Now())
	}
	silent := g.off || g.noEcho
	w.mu.Unlock()
	if silent {
		select {
		case <-time.After(timeout):
			return 0, errors.New("silent")
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
	return time.Millisecond, nil
}

type reader struct{ w *world }

func (r reader) Identify(ctx context.Context, a session.Asker, kept []byte) (Device, error) {
	if _, err := a.Get(ctx, sysUpTime); err != nil {
		return nil, err
	}
	g := gearOf(a)
	r.w.mu.Lock()
	defer r.w.mu.Unlock()
	r.w.met++
	return &box{r.w, g, Identity{Kind: "switch", Name: "sw", Serial: g.serial}, r.w.profiles}, nil
}

func gearOf(a session.Asker) *gear {
	for {
		switch x := a.(type) {
		case *breaker:
			a = x.Asker
		case *dialed:
			return x.g
		}
	}
}

type box struct {
	w        *world
	g        *gear
	who      Identity
	profiles int
}

func (b *box) Stale() bool {
	b.w.mu.Lock()
	defer b.w.mu.Unlock()
	return b.profiles != b.w.profiles
}

func (b *box) Identity() Identity    { return b.who }
func (b *box) Keep() ([]byte, error) { return []byte("kept"), nil }
func (b *box) Paces() []Pace {
	return []Pace{{"fast", time.Minute}, {"slow", time.Hour}, {"fdb", 10 * time.Minute}}
}

func (b *box) Read(ctx context.Context, a session.Asker, due []string) (Reading, error) {
	var r Reading
	if len(due) == 0 {
		panic("a round asks for nothing, which would be everything")
	}
	b.w.mu.Lock()
	if !b.w.quiet {
		b.g.rounds = append(b.g.rounds, time.Now())
	}
	for _, d := range due {
		b.g.reads[d]++
	}
	b.w.mu.Unlock()
	for i := range due {
		b.w.set(func() { b.g.asked = due[i] })
		if _, err := a.Table(ctx, []string{"1.3.6.1.2.1.2.2.1.1"}, session.Limits{}); err != nil {
			if i == 0 || errors.Is(err, session.ErrLoop) || ctx.Err() != nil {
				return r, err
			}
			r.Again = append(r.Again, due[i])
		}
	}
	b.w.mu.Lock()
	defer b.w.mu.Unlock()
	up := uint32(time.Since(b.g.started) / (10 * time.Millisecond))
	r.Clocks = Clocks{System: &up}
	if slices.Contains(due, "slow") {
		r.Sections = b.g.sections
	}
	r.Layout, r.Values = report.Layout{{Measurement: "processor", Field: "usage_percent"}}, []float64{7}
	if b.g.values != nil {
		r.Layout, r.Values = b.g.values()
	}
	return r, nil
}

func (w *world) Device(_ context.Context, t Target, who Identity) (inventory.DeviceID, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked++
	if who.Serial == "" {
		return "", nil
	}
	id := inventory.DeviceID("device-" + who.Serial)
	if w.gone[id] {
		return "", nil
	}
	return id, nil
}

// Accept does as intake does, as far as a poller can see.
func (w *world) Accept(_ context.Context, id inventory.DeviceID, _ netip.Addr, e *report.Envelope) (report.Answer, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.busy {
		return report.Answer{}, ErrBusy
	}
	if w.gone[id] {
		return report.Answer{}, ErrGone
	}
	var a report.Answer
	head := w.heads[e.Epoch]
	for i := range e.Reports {
		r := e.Reports[i]
		if head != 0 && r.Seq <= head {
			continue
		}
		if head != 0 && r.Seq > head+1 {
			w.gaps += int(r.Seq - head - 1)
		}
		for _, l := range append(r.Layouts, e.Layouts...) {
			if !w.forget {
				w.layouts[l.Hash()] = true
			}
		}
		known := true
		for _, s := range r.Samples {
			known = known && w.layouts[s.Layout]
			found := false
			for _, l := range r.Layouts {
				found = found || l.Hash() == s.Layout
			}
			known = known || found
		}
		if !known {
			a.Layouts = true
			break
		}
		head = r.Seq
		if !w.quiet {
			w.reports[id] = append(w.reports[id], r)
		}
	}
	w.heads[e.Epoch] = head
	a.Acked, a.Want = head, w.want
	w.want = nil
	return a, nil
}

func (w *world) Note(_ context.Context, id inventory.DeviceID, at time.Time, e report.Event) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.busy {
		return ErrBusy
	}
	w.notes = append(w.notes, note{id, at, e})
	return nil
}

func (w *world) Recall(_ context.Context, t string) ([]byte, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.kept[t], nil
}

func (w *world) Remember(_ context.Context, kept map[string][]byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for k, v := range kept {
		w.kept[k] = v
	}
	return nil
}

// events are the kinds that a device's reports and notes told, in order.
func (w *world) events(id inventory.DeviceID) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	type told struct {
		at   time.Time
		kind string
	}
	var all []told
	for _, r := range w.reports[id] {
		for _, e := range r.Events {
			all = append(all, told{r.When(0), e.Kind})
		}
	}
	for _, n := range w.notes {
		if n.device == id {
			all = append(all, told{n.at, n.event.Kind})
		}
	}
	slices.SortStableFunc(all, func(a, b told) int { return a.at.Compare(b.at) })
	var out []string
	for _, t := range all {
		out = append(out, t.kind)
	}
	return out
}

// set changes the world under its lock.
func (w *world) set(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
}

// pass lets time go by, and all that happens in it happen. The lock before and
// after lets a test look at the world in between.
func (w *world) pass(d time.Duration) {
	w.set(func() {})
	time.Sleep(d)
	synctest.Wait()
	w.set(func() {})
}
