package api

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"muster/collector/store"
)

// Looking through a network takes longer than a request may, so a request only
// starts it, and others ask how it goes. What ended is remembered until the
// collector stops, as far as these bounds go.
const (
	mostLooking  = 4      // at one time
	mostLooked   = 20     // ended ones that are remembered
	mostFound    = 65_536 // of one, beyond which they are only counted
	foundAtOnce  = 1000   // in one answer
	looksRunning = "running"
	looksDone    = "done"
	looksStopped = "stopped"
	looksFailed  = "failed"
)

// discoveries are the looks through networks of this run of the collector.
type discoveries struct {
	orders chan func(context.Context) // to Run

	mu   sync.Mutex
	list []*discovery
	last int64
}

func newDiscoveries() *discoveries { return &discoveries{orders: make(chan func(context.Context))} }

// discovery is one look, guarded by the mutex of its discoveries.
type discovery struct {
	shown   Discovery
	found   []Found
	stop    context.CancelFunc // once it runs
	stopped bool
	changed chan struct{} // closed when more was found or it ended, and made anew
}

// Run lets looks through networks go on until ctx ends. Until it runs none is
// begun.
func (s *Server) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	for {
		select {
		case look := <-s.looks.orders:
			wg.Go(func() { look(ctx) })
		case <-ctx.Done():
			return nil
		}
	}
}

// begin starts a look, if there is room for one.
func (d *discoveries) begin(ctx context.Context, shown Discovery, now func() time.Time, look func(context.Context, *discovery) error) (Discovery, error) {
	x, err := d.add(shown, now)
	if err != nil {
		return Discovery{}, err
	}
	order := func(ctx context.Context) {
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		d.mu.Lock()
		if x.stop = stop; x.stopped {
			stop()
		}
		d.mu.Unlock()
		d.end(x, look(ctx, x), ctx.Err() != nil, now)
	}
	soon := time.NewTimer(2 * time.Second)
	defer soon.Stop()
	select {
	case d.orders <- order:
		d.mu.Lock()
		defer d.mu.Unlock()
		return x.shown, nil
	case <-soon.C:
		err = NewProblem(busy, "this collector is starting or stopping: try again in a moment")
	case <-ctx.Done():
		err = ctx.Err()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.list = slices.DeleteFunc(d.list, func(k *discovery) bool { return k == x })
	return Discovery{}, err
}

// add makes room for a look.
func (d *discoveries) add(shown Discovery, now func() time.Time) (*discovery, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var going []string
	for _, x := range d.list {
		if x.shown.State == looksRunning {
			going = append(going, fmt.Sprintf("%d (%s)", x.shown.ID, x.shown.Network))
		}
	}
	if len(going) >= mostLooking {
		return nil, NewProblem(conflict, "%d discoveries go on already, %s: wait for one, or stop it", len(going), strings.Join(going, ", "))
	}
	d.last++
	shown.ID, shown.State, shown.StartedAt = d.last, looksRunning, now()
	x := &discovery{shown: shown, changed: make(chan struct{})}
	d.list = append(d.list, x)
	over := len(d.list) - len(going) - 1 - mostLooked
	d.list = slices.DeleteFunc(d.list, func(k *discovery) bool { // the oldest that ended
		drop := over > 0 && k.shown.State != looksRunning
		if drop {
			over--
		}
		return drop
	})
	return x, nil
}

// end notes what a look came to.
func (d *discoveries) end(x *discovery, err error, cut bool, now func() time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	x.shown.EndedAt = now()
	switch {
	case err == nil:
		x.shown.State, x.shown.Done = looksDone, x.shown.Total
	case x.stopped:
		x.shown.State = looksStopped
	case cut:
		x.shown.State, x.shown.Fault = looksFailed, "the collector was stopped"
	default:
		x.shown.State, x.shown.Fault = looksFailed, plainFault(err)
	}
	x.tell()
}

// plainFault is an error that may be shown.
func plainFault(err error) string {
	p, hidden := problemOf(err)
	if hidden {
		return "the collector could not go on; its log says why"
	}
	return clip(printable(p.Detail), 500)
}

// tell wakes those who wait. The mutex is held.
func (x *discovery) tell() {
	close(x.changed)
	x.changed = make(chan struct{})
}

// step takes in how far a look is.
func (d *discoveries) step(x *discovery, s DiscoveryStep) {
	d.mu.Lock()
	defer d.mu.Unlock()
	x.shown.Done = max(x.shown.Done, s.Done)
	if s.Total > 0 {
		x.shown.Total = s.Total
	}
	for _, f := range s.Found {
		switch store.TargetState(f.State) {
		case store.Silent, store.WrongCredential:
			x.shown.Silent++
		default:
			x.shown.Answered++
		}
		if f.New && !x.shown.DryRun {
			x.shown.Added++
		}
		if len(x.found) < mostFound {
			x.found = append(x.found, f)
		}
	}
	if len(s.Found) > 0 {
		x.tell()
	}
}

// find finds one by its number. The mutex is held.
func (d *discoveries) find(id int64) (*discovery, error) {
	for _, x := range d.list {
		if x.shown.ID == id {
			return x, nil
		}
	}
	return nil, NewProblem(notFound, "there is no discovery %d: those before the collector's last start, and all but the last %d, are forgotten", id, mostLooked)
}

func (s *Server) discoveryStart(ctx context.Context, in *DiscoveryInput) (Discovery, error) {
	g, err := s.gear()
	if err != nil {
		return Discovery{}, err
	}
	o, tried, err := s.discoveryOrder(ctx, g, &in.Body)
	if err != nil {
		return Discovery{}, err
	}
	onto(ctx, o.Network.String())
	note(ctx, "port", fmt.Sprint(o.Port))
	note(ctx, "credentials", strings.Join(o.Credentials, " "))
	note(ctx, "dry_run", map[bool]string{true: "yes"}[o.DryRun])
	if g.Discover == nil {
		return Discovery{}, NewProblem(busy, "this collector cannot look for gear just now: its poller does not run")
	}
	names, err := s.siteNames(ctx)
	if err != nil {
		return Discovery{}, err
	}
	shown := Discovery{Network: o.Network.String(), Port: int(o.Port), DryRun: o.DryRun, Credentials: o.Credentials, Clear: anyClear(tried),
		Site: names[o.Site], Total: store.Addresses(o.Network), By: o.By}
	for _, e := range o.Exclude {
		shown.Total -= store.Addresses(e)
	}
	return s.looks.begin(ctx, shown, s.d.Now, func(ctx context.Context, x *discovery) error {
		err := g.Discover(ctx, o, func(step DiscoveryStep) { s.looks.step(x, step) })
		if _, hidden := problemOf(err); err != nil && hidden && ctx.Err() == nil {
			s.d.Log.ErrorContext(ctx, "discovery", "network", o.Network.String(), "error", err)
		}
		if err == nil && !o.DryRun {
			g.changed()
		}
		return err
	})
}

// discoveryOrder fills in what a wish leaves out.
func (s *Server) discoveryOrder(ctx context.Context, g *Gear, b *DiscoveryWish) (DiscoveryOrder, []store.Credential, error) {
	none := func(err error) (DiscoveryOrder, []store.Credential, error) { return DiscoveryOrder{}, nil, err }
	list, err := networks("network", []string{b.Network})
	if err != nil {
		return none(err)
	}
	subnets, err := g.Subnets.Subnets(ctx)
	if err != nil {
		return none(err)
	}
	x, held := store.SubnetOf(subnets, list[0])
	if !held {
		x = store.Subnet{Port: snmpPort, Rate: scanRate, V2c: true} // who names a network allows it there
	}
	o := DiscoveryOrder{Network: list[0], DryRun: b.DryRun, By: actorOf(ctx).Name, Origin: originHand}
	if held {
		o.Origin = "subnet " + x.Network.String()
	}
	x.Network, x.Every, x.Exclude = o.Network, 0, touching(o.Network, x.Exclude)
	if b.Port != 0 {
		x.Port = uint16(b.Port)
	}
	if b.Rate != 0 {
		x.Rate = b.Rate
	}
	if b.V2c != nil {
		x.V2c = *b.V2c
	}
	if strings.TrimSpace(b.Site) != "" {
		if x.Site, err = s.siteNumber(ctx, b.Site); err != nil {
			return none(err)
		}
	}
	more, err := spans("exclude", b.Exclude)
	if err != nil {
		return none(err)
	}
	x.Exclude = widest(append(x.Exclude, touching(o.Network, more)...))
	all, err := g.Credentials.Credentials(ctx)
	if err != nil {
		return none(err)
	}
	named, err := namedCredentials(b.Credentials, all)
	if err != nil {
		return none(err)
	}
	if len(named) > 0 {
		x.Credentials = credentialNames(named)
		if anyClear(named) && b.V2c == nil {
			x.V2c = true
		}
	}
	tried := x.Order(all)
	switch {
	case store.Addresses(o.Network) > store.MostScanned:
		return none(NewProblem(tooMuch, "%s has more than the %d addresses that one discovery goes through: name a part of it", o.Network, store.MostScanned))
	case anyClear(named) && !x.V2c:
		return none(NewProblem(invalid, "credentials of version 1 and 2c are named, which shall not be tried: leave them out, or allow them"))
	case len(tried) == 0:
		return none(NewProblem(invalid, "there is no credential to ask with: muster credential add makes one; a subnet without --v2c allows version 3 only"))
	}
	if err := x.Check(); err != nil {
		return none(NewProblem(invalid, "%v", err))
	}
	o.Port, o.Rate, o.Site, o.Exclude, o.Credentials = x.Port, x.Rate, x.Site, x.Exclude, credentialNames(tried)
	return o, tried, nil
}

// touching are those of a list that have addresses of a network.
func touching(n netip.Prefix, list []netip.Prefix) []netip.Prefix {
	var out []netip.Prefix
	for _, e := range list {
		if n.Overlaps(e) {
			out = append(out, e)
		}
	}
	return out
}

// widest drops those that lie in others.
func widest(list []netip.Prefix) []netip.Prefix {
	var out []netip.Prefix
	for i, e := range list {
		held := false
		for j, k := range list {
			held = held || k.Overlaps(e) && (k.Bits() < e.Bits() || k == e && j < i)
		}
		if !held {
			out = append(out, e)
		}
	}
	return out
}

func (s *Server) discoveryList(context.Context, *NoInput) (DiscoveryList, error) {
	if _, err := s.gear(); err != nil {
		return DiscoveryList{}, err
	}
	d := s.looks
	d.mu.Lock()
	defer d.mu.Unlock()
	out := DiscoveryList{Discoveries: []Discovery{}}
	for _, x := range slices.Backward(d.list) {
		out.Discoveries = append(out.Discoveries, x.shown)
	}
	return out, nil
}

func (s *Server) discoveryShow(ctx context.Context, in *DiscoveryShowInput) (DiscoveryShow, error) {
	if _, err := s.gear(); err != nil {
		return DiscoveryShow{}, err
	}
	wait, cancel := context.WithTimeout(ctx, time.Duration(in.WaitSeconds)*time.Second)
	defer cancel()
	d := s.looks
	for {
		d.mu.Lock()
		x, err := d.find(in.ID)
		if err != nil {
			d.mu.Unlock()
			return DiscoveryShow{}, err
		}
		from := min(in.After, len(x.found))
		news := x.found[from:min(len(x.found), from+foundAtOnce)]
		out := DiscoveryShow{Discovery: x.shown, Found: append([]Found{}, news...), Next: from + len(news)}
		changed := x.changed
		d.mu.Unlock()
		if len(news) > 0 || out.Discovery.State != looksRunning || wait.Err() != nil {
			return out, ctx.Err()
		}
		select {
		case <-changed:
		case <-wait.Done():
		}
	}
}

func (s *Server) discoveryStop(_ context.Context, in *NumberInput) (Discovery, error) {
	if _, err := s.gear(); err != nil {
		return Discovery{}, err
	}
	d := s.looks
	d.mu.Lock()
	defer d.mu.Unlock()
	x, err := d.find(in.ID)
	if err != nil {
		return Discovery{}, err
	}
	if x.shown.State == looksRunning {
		x.stopped = true
		x.stop()
	}
	return x.shown, nil
}
