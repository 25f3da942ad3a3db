package poll

import (
	"cmp"
	"container/heap"
	"context"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"time"

	"muster/collector/snmp/session"
	"muster/internal/backoff"
	"muster/internal/inventory"
)

// Options of a Poller.
type Options struct {
	// Dial opens a session: no packet yet. retries and timeout bound one
	// question; a timeout of 0 leaves it to what was learned.
	Dial     func(t Target, learned *session.Learned, retries int, timeout time.Duration) (Asker, error)
	Reader   Reader
	Registry Registry
	Door     Door
	Memory   Memory                                     // nil: nothing is kept over a restart
	Pinger   Pinger                                     // nil: no ICMP here, SNMP alone says what is there
	Uplinks  func(inventory.DeviceID) map[string]string // ports of a device that lead to other gear, with why; nil where it is not known yet; no function: nobody knows
	Told     func(State)                                // told when lane, reason or device changed; it must not wait
	Log      *slog.Logger
	Now      func() time.Time

	Every    time.Duration // between two rounds of a target, default a minute
	Budget   time.Duration // seconds that a round may take, default 50 s
	InFlight int           // rounds at one time, default 2000
	Probes   int           // rounds of dead and suspect targets at one time, default 1000
	Memories int64         // bytes that rounds at one time may take by what they took before, default 256 MiB
	Save     time.Duration // how often what is known is kept, default 5 minutes
}

// Stats counts what a Poller did since it was made.
type Stats struct {
	Targets, InFlight           int
	Live, Suspect, Dead         int
	Rounds, Late                int64 // Late: places in the interval at which the round before was still going
	Requests, Timeouts, Refused int64 // packets over SNMP
	Echoes                      int64
	Reports, Unkept             int64 // Unkept: reports the door did not take at once
}

// Poller polls. Make it with New, tell it targets with Set, keep it going with
// Run.
type Poller struct {
	o     Options
	begun time.Time
	kick  chan struct{}

	mu      sync.Mutex
	targets map[string]*target
	byAddr  map[netip.Addr][]*target
	due     dueHeap
	ready   [2][]*target // by class: those whose time has come
	running [2]int
	taken   int64 // bytes, of rounds that run
	stats   Stats
}

// Classes of rounds: those that read, and single questions. They have rooms of
// their own, so that a thousand dead targets delay no live one.
const (
	reading = iota
	probing
)

// New makes a poller. Nothing runs until Run.
func New(o Options) *Poller {
	o.Every = cmp.Or(o.Every, time.Minute)
	o.Budget = cmp.Or(o.Budget, 50*time.Second)
	o.InFlight = cmp.Or(o.InFlight, 2000)
	o.Probes = cmp.Or(o.Probes, 1000)
	o.Memories = cmp.Or(o.Memories, 256<<20)
	o.Save = cmp.Or(o.Save, 5*time.Minute)
	if o.Uplinks == nil {
		o.Uplinks = func(inventory.DeviceID) map[string]string { return map[string]string{} }
	}
	if o.Told == nil {
		o.Told = func(State) {}
	}
	return &Poller{o: o, begun: o.Now(), kick: make(chan struct{}, 1), targets: map[string]*target{}, byAddr: map[netip.Addr][]*target{}}
}

// few is how many new targets are polled at once when they come: what a person
// adds is seen at once, what a start brings is spread over the interval.
const few = 16

// Set says which targets there are. Those that are new come in, those that are
// gone go out when their round ends, and those that changed begin anew.
func (p *Poller) Set(list []Target) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.o.Now()
	keep := make(map[string]bool, len(list))
	var fresh []*target
	for _, x := range list {
		keep[x.ID] = true
		if old := p.targets[x.ID]; old != nil {
			if old.stays(x) {
				continue
			}
			if x.Device == "" {
				x.Device = old.shown.Device
			}
			p.drop(old)
		}
		t := newTarget(p.o, x, now)
		p.targets[x.ID] = t
		a := x.Address.Addr()
		p.byAddr[a] = append(p.byAddr[a], t)
		fresh = append(fresh, t)
	}
	for id, t := range p.targets {
		if !keep[id] {
			p.drop(t)
			delete(p.targets, id)
		}
	}
	for _, t := range fresh {
		at := now
		if len(fresh) > few {
			at = backoff.NextAt(now, t.phase, t.every)
		}
		p.schedule(t, at)
	}
	p.stats.Targets = len(p.targets)
	p.wake()
}

// drop takes a target out. A round that runs ends by itself and finds that it
// is gone.
func (p *Poller) drop(t *target) {
	t.gone = true
	if t.cancel != nil {
		t.cancel()
	}
	if t.at >= 0 {
		heap.Remove(&p.due, t.at)
	}
	a := t.Address.Addr()
	p.byAddr[a] = slices.DeleteFunc(p.byAddr[a], func(o *target) bool { return o == t })
	if len(p.byAddr[a]) == 0 {
		delete(p.byAddr, a)
	}
}

// Hint says that something happened at an address: its targets are polled now
// rather than at their next place, at most each quarter of an interval. It
// answers how many targets there are.
func (p *Poller) Hint(addr netip.Addr) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.o.Now()
	list := p.byAddr[addr.Unmap()]
	for _, t := range list {
		if now.Sub(t.hinted) < t.every/4 {
			continue
		}
		t.hinted = now
		p.now(t)
	}
	p.wake()
	return len(list)
}

// Again polls one target now, as a person asks for it. False: there is none.
func (p *Poller) Again(id string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.targets[id]
	if t == nil {
		return false
	}
	p.now(t)
	p.wake()
	return true
}

// now lets a target's next round come at once, or as soon as the one that runs
// is over: that may have asked already for what changed since. mu is held.
func (p *Poller) now(t *target) {
	t.hint = true
	switch {
	case t.cancel != nil:
		t.soon = time.Nanosecond
	case !t.active && t.at >= 0:
		p.schedule(t, p.o.Now())
	}
}

// States are those of all targets, by ID.
func (p *Poller) States() []State {
	p.mu.Lock()
	defer p.mu.Unlock()
	out := make([]State, 0, len(p.targets))
	for _, t := range p.targets {
		out = append(out, t.shown)
	}
	slices.SortFunc(out, func(a, b State) int { return cmp.Compare(a.Target, b.Target) })
	return out
}

// State is that of one target.
func (p *Poller) State(id string) (State, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.targets[id]
	if t == nil {
		return State{}, false
	}
	return t.shown, true
}

// Stats is what was done so far.
func (p *Poller) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.stats
	s.InFlight = p.running[reading] + p.running[probing]
	for _, t := range p.targets {
		switch t.shown.Lane {
		case Live:
			s.Live++
		case Suspect:
			s.Suspect++
		case Dead:
			s.Dead++
		}
	}
	return s
}

// Run polls until ctx ends, then keeps what is known and returns.
func (p *Poller) Run(ctx context.Context) error {
	work, cancel := context.WithCancel(ctx)
	defer cancel()
	var rounds sync.WaitGroup
	save := time.NewTicker(p.o.Save)
	defer save.Stop()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		wait := p.launch(work, &rounds)
		timer.Reset(wait)
		select {
		case <-ctx.Done():
			cancel()
			rounds.Wait()
			p.keep(context.WithoutCancel(ctx), true)
			return nil
		case <-p.kick:
		case <-timer.C:
		case <-save.C:
			p.keep(ctx, false)
		}
	}
}

// launch starts the rounds whose time has come and for which there is room,
// and says how long until the next one's time.
func (p *Poller) launch(ctx context.Context, rounds *sync.WaitGroup) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.o.Now()
	for len(p.due) > 0 && !p.due[0].next.After(now) {
		t := heap.Pop(&p.due).(*target)
		if t.active {
			// One round a target at most. The place is skipped, not made up for.
			t.shown.Late++
			p.stats.Late++
			p.schedule(t, backoff.NextAt(now, t.phase, t.every))
			continue
		}
		t.active = true
		c := t.class()
		p.ready[c] = append(p.ready[c], t)
	}
	most := [2]int{p.o.InFlight, p.o.Probes}
	for c := range p.ready {
		for len(p.ready[c]) > 0 && p.running[c] < most[c] {
			t := p.ready[c][0]
			if t.gone {
				p.ready[c] = p.ready[c][1:]
				continue
			}
			if c == reading && p.taken > 0 && p.taken+t.cost > p.o.Memories {
				break
			}
			p.ready[c] = p.ready[c][1:]
			p.running[c]++
			cost := int64(0)
			if c == reading {
				cost = t.cost
			}
			p.taken += cost
			one, cancel := context.WithCancel(ctx)
			t.cancel = cancel
			p.schedule(t, backoff.NextAt(now, t.phase, t.every))
			hint := t.hint
			t.hint = false
			rounds.Go(func() {
				defer cancel()
				p.one(one, t, hint)
				p.done(t, c, cost)
			})
		}
		if len(p.ready[c]) == 0 {
			p.ready[c] = nil // lets go of the array
		}
	}
	if len(p.due) == 0 {
		return time.Hour
	}
	return max(p.due[0].next.Sub(now), 0)
}

// done makes room after a round, and puts the target where it belongs next.
func (p *Poller) done(t *target, class int, cost int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.running[class]--
	p.taken -= cost
	t.active, t.cancel = false, nil
	now := p.o.Now()
	if !t.gone {
		if t.soon > 0 {
			if at := now.Add(t.soon); at.Before(t.next) || t.shown.Lane == Suspect {
				p.schedule(t, at)
			}
			t.soon = 0
		}
	}
	p.wake()
}

// schedule puts a target's next round at a time. mu is held.
func (p *Poller) schedule(t *target, at time.Time) {
	if t.gone {
		return
	}
	t.next = at
	if t.at >= 0 {
		heap.Fix(&p.due, t.at)
		return
	}
	heap.Push(&p.due, t)
}

// wake lets Run look again.
func (p *Poller) wake() {
	select {
	case p.kick <- struct{}{}:
	default:
	}
}

// dueHeap is targets by when their next round is.
type dueHeap []*target

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, j int) bool { return h[i].next.Before(h[j].next) }
func (h dueHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].at, h[j].at = i, j
}
func (h *dueHeap) Push(x any) {
	t := x.(*target)
	t.at = len(*h)
	*h = append(*h, t)
}
func (h *dueHeap) Pop() any {
	old := *h
	t := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	t.at = -1
	return t
}
