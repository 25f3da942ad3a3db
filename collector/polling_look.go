package collector

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"sync"
	"time"

	"muster/collector/api"
	"muster/collector/snmp/discover"
	"muster/collector/snmp/poll"
	"muster/collector/store"
	"muster/internal/inventory"
)

// discover looks through a network for the API, and keeps what answers as
// targets unless it is a rehearsal.
func (p *polling) discover(ctx context.Context, o api.DiscoveryOrder, tell func(api.DiscoveryStep)) error {
	creds := p.named(o.Credentials)
	if len(creds) == 0 {
		// They were made a moment ago.
		if err := p.refresh(ctx); err != nil {
			return err
		}
		creds = p.named(o.Credentials)
	}
	job := discover.Job{Network: o.Network, Port: o.Port, Exclude: o.Exclude, Rate: o.Rate, Credentials: creds}
	_, err := p.look(ctx, job, keep{dry: o.DryRun, site: o.Site, origin: o.Origin, by: o.By}, tell)
	if errors.Is(err, discover.ErrUnfinished) {
		return api.NewProblem("busy", "%v", err) // for whoever looks, not for the log
	}
	return err
}

// keep says what becomes of what a look finds.
type keep struct {
	dry        bool
	site       int64
	origin, by string
}

// look looks around and keeps what it finds.
func (p *polling) look(ctx context.Context, job discover.Job, k keep, tell func(api.DiscoveryStep)) (store.Scan, error) {
	scan := store.Scan{StartedAt: p.c.now()}
	var failed error
	err := p.scout.Look(ctx, job, func(pr discover.Progress) {
		found, added, err := p.take(ctx, pr.Found, k)
		if err != nil {
			failed = err
			return
		}
		for _, f := range pr.Found {
			switch f.State {
			case discover.Answers, discover.Lying:
				scan.Answered++
			case discover.Unfinished:
				p.c.log.Debug("an address was given up", "address", f.Address, "reason", f.Reason)
			default:
				scan.Silent++
			}
		}
		scan.Asked, scan.Added = pr.Done-pr.Left, scan.Added+added
		tell(api.DiscoveryStep{Done: pr.Done, Total: pr.Total, Found: found})
	})
	scan.EndedAt = p.c.now()
	if err == nil {
		err = failed
	}
	if err != nil {
		scan.Fault = err.Error()
	}
	if scan.Added > 0 {
		p.Changed()
	}
	return scan, err
}

// take shows findings, and keeps those that answer as targets: with the
// credential that was right, or as refused. A target that answered no more is
// asked with what was right now. What only echoes is shown: most of it are PCs.
// What was given up is not: nothing is known of it.
func (p *polling) take(ctx context.Context, list []discover.Finding, k keep) (shown []api.Found, added int, err error) {
	var targets []store.Target
	of := map[netip.AddrPort]int{}
	p.mu.Lock()
	known := make(map[netip.AddrPort]bool, len(p.targets))
	for _, t := range p.targets {
		known[t.AddrPort()] = true
	}
	p.mu.Unlock()
	right := map[netip.AddrPort]string{}
	for _, f := range list {
		if f.State == discover.Unfinished {
			continue
		}
		if f.State == discover.Answers {
			right[f.Address] = f.Credential
		}
		w := f.Who
		x := api.Found{Address: f.Address.Addr().String(), Port: int(f.Address.Port()), State: string(foundState(f.State)), Reason: f.Reason, Credential: f.Credential,
			Kind: w.Kind, Name: w.Name, Vendor: w.Vendor, Model: w.Model, OS: w.OS, Version: w.Version, Serial: w.Serial}
		if f.State == discover.Answers {
			x.Device, _, _, err = p.registry.find(ctx, w, f.Address.Addr())
			if err != nil {
				return nil, 0, err
			}
		}
		if f.State == discover.Answers || f.State == discover.Refuses {
			x.New = !known[f.Address]
			of[f.Address] = len(shown)
			t := store.Target{Address: f.Address.Addr(), Port: f.Address.Port(), Credential: f.Credential, Site: k.site, Origin: k.origin, State: store.Untried, CreatedBy: k.by}
			if f.State == discover.Refuses {
				t.State, t.Reason = store.WrongCredential, f.Reason
			}
			targets = append(targets, t)
		}
		shown = append(shown, x)
	}
	if k.dry || len(targets) == 0 {
		return shown, 0, nil
	}
	before := map[netip.AddrPort]bool{}
	for a, i := range of {
		before[a] = !shown[i].New
	}
	kept, err := p.c.control.AddTargets(ctx, targets, p.c.now())
	if err != nil {
		return nil, 0, err
	}
	for _, t := range kept {
		if !before[t.AddrPort()] {
			added++
		} else if c := right[t.AddrPort()]; c != "" {
			p.adopt(t, c)
		}
		if t.Device != "" {
			shown[of[t.AddrPort()]].Device = t.Device
		}
	}
	return shown, added, nil
}

func foundState(s discover.State) store.TargetState {
	switch s {
	case discover.Answers:
		return store.Live
	case discover.Refuses:
		return store.WrongCredential
	case discover.Silent:
		return store.Silent
	case discover.Lying:
		return store.Lying
	case discover.Unfinished:
		return store.Untried
	}
	return store.Dead
}

// test asks an address once for the API. A target there that answered no more is
// asked with what was right from now on.
func (p *polling) test(ctx context.Context, o api.TargetOrder) (api.TargetTest, error) {
	creds := p.named(o.Credentials)
	if len(creds) == 0 {
		if err := p.refresh(ctx); err != nil {
			return api.TargetTest{}, err
		}
		creds = p.named(o.Credentials)
	}
	f := p.scout.Test(ctx, o.Address, creds)
	w := f.Who
	out := api.TargetTest{Address: f.Address.Addr().String(), Port: int(f.Address.Port()), State: string(foundState(f.State)), Reason: f.Reason, Credential: f.Credential,
		Attempts: []api.TargetAttempt{}, Kind: w.Kind, Name: w.Name, Vendor: w.Vendor, Model: w.Model, OS: w.OS, Version: w.Version, Serial: w.Serial,
		Description: w.Description, ObjectID: w.ObjectID, Location: w.Location, Profile: w.Profile, UpSeconds: w.UpSeconds}
	if f.State == discover.Nobody {
		out.Reason = nobodyThere
	}
	if t, ok := p.targetAt(f.Address); ok && f.State == discover.Answers {
		p.adopt(t, f.Credential)
	}
	if f.Echo > 0 {
		out.PingMS = new(float64(f.Echo) / float64(time.Millisecond))
	}
	if f.Answer > 0 {
		out.AnswerMS = new(float64(f.Answer) / float64(time.Millisecond))
	}
	for _, a := range f.Attempts {
		out.Attempts = append(out.Attempts, api.TargetAttempt{Credential: a.Credential, Said: a.Said})
	}
	return out, nil
}

const (
	// subnetsEvery is how often it is looked whether a subnet's time has come.
	subnetsEvery = time.Minute
	// scansAtOnce bounds the subnets that are looked through at one time: a slow
	// one shall not keep the others waiting. Each has a rate of its own.
	scansAtOnce = 4
	// crawlEvery is how often what gear says of its neighbours is followed.
	crawlEvery = 5 * time.Minute
	// crawlMost bounds the addresses that are followed at one time.
	crawlMost = 256
	// crawlAgain is how long after an address was followed in vain it is again.
	crawlAgain = 24 * time.Hour
)

// schedule looks through subnets when their time has come, a few at one time,
// those that waited longest first.
func (p *polling) schedule(ctx context.Context) error {
	going := map[netip.Prefix]bool{}
	ended := make(chan netip.Prefix, scansAtOnce)
	var scans sync.WaitGroup
	defer scans.Wait()
	t := time.NewTicker(subnetsEvery)
	defer t.Stop()
	for {
		for _, x := range p.dueSubnets(ctx) {
			job, ok := p.jobIn(x)
			if !ok || going[x.Network] || len(going) == scansAtOnce {
				continue
			}
			going[x.Network] = true
			scans.Go(func() {
				if !p.scan(ctx, x, job) {
					pause(ctx, subnetsEvery) // the store is in trouble: not at once again
				}
				ended <- x.Network
			})
		}
		select {
		case <-ctx.Done():
			return nil
		case n := <-ended:
			delete(going, n)
		case <-t.C:
		case <-p.looked:
		}
	}
}

// dueSubnets are those whose time to be looked through has come.
func (p *polling) dueSubnets(ctx context.Context) []store.Subnet {
	all, err := p.c.control.Subnets(ctx)
	if err != nil && ctx.Err() == nil {
		p.c.log.Error("subnets could not be read", "error", err)
	}
	now := p.c.now()
	all = slices.DeleteFunc(all, func(x store.Subnet) bool { return x.Every == 0 || now.Sub(x.Scan.StartedAt) < x.Every })
	slices.SortStableFunc(all, func(a, b store.Subnet) int { return a.Scan.StartedAt.Compare(b.Scan.StartedAt) })
	return all
}

// pause waits so long, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// scan looks through a subnet. False: it did not begin.
func (p *polling) scan(ctx context.Context, x store.Subnet, job discover.Job) bool {
	job.Network, job.Exclude = x.Network, x.Exclude
	if err := p.c.control.MarkSubnet(ctx, x.Network, store.Scan{StartedAt: p.c.now()}); err != nil {
		return errors.Is(err, store.ErrNotFound) // it was removed a moment ago
	}
	s, err := p.look(ctx, job, keep{site: x.Site, origin: "subnet " + x.Network.String()}, func(api.DiscoveryStep) {})
	if ctx.Err() != nil {
		s.Fault = "the collector was stopped"
	}
	if err := p.c.control.MarkSubnet(context.WithoutCancel(ctx), x.Network, s); err != nil && !errors.Is(err, store.ErrNotFound) {
		p.c.log.Error("a scan could not be noted", "network", x.Network, "error", err)
	}
	p.c.log.Info("subnet was looked through", "network", x.Network, "asked", s.Asked, "answered", s.Answered, "silent", s.Silent, "added", s.Added, "fault", s.Fault, "error", err)
	return true
}

// jobIn is how a subnet is asked. False: there is no credential for it.
func (p *polling) jobIn(x store.Subnet) (discover.Job, bool) {
	p.mu.Lock()
	all := make([]store.Credential, len(p.credentials))
	for i, c := range p.credentials {
		all[i] = c.Credential
	}
	p.mu.Unlock()
	var names []string
	for _, c := range x.Order(all) {
		names = append(names, c.Name)
	}
	creds := p.named(names)
	return discover.Job{Port: x.Port, Rate: x.Rate, Credentials: creds}, len(creds) > 0
}

// follow follows what gear says of its neighbours. Scans do not wait for it, nor
// it for them.
func (p *polling) follow(ctx context.Context) error {
	followed := map[netip.Addr]time.Time{}
	var crawled time.Time
	return every(ctx, subnetsEvery, func() {
		if p.c.now().Sub(crawled) < crawlEvery {
			return
		}
		subnets, err := p.c.control.Subnets(ctx)
		if err == nil && len(subnets) > 0 {
			crawled = p.c.now()
			err = p.crawl(ctx, subnets, followed)
		}
		if err != nil && ctx.Err() == nil {
			p.c.log.Error("what gear says of its neighbours could not be followed", "error", err)
		}
	})
}

// crawl asks those whom gear names as neighbours, within the subnets.
func (p *polling) crawl(ctx context.Context, subnets []store.Subnet, followed map[netip.Addr]time.Time) error {
	heard, err := p.heard(ctx)
	if err != nil {
		return err
	}
	var ranges []discover.Range
	for _, x := range subnets {
		ranges = append(ranges, discover.Range{Network: x.Network, Exclude: x.Exclude})
	}
	now := p.c.now()
	for a, at := range followed {
		if now.Sub(at) >= crawlAgain {
			delete(followed, a)
		}
	}
	targets := map[netip.Addr]bool{}
	p.mu.Lock()
	for _, t := range p.targets {
		targets[t.Address] = true
	}
	p.mu.Unlock()
	known := func(a netip.Addr) bool { return targets[a] || !followed[a].IsZero() }
	bySubnet := map[netip.Prefix][]netip.Addr{}
	for _, a := range discover.Follow(heard, ranges, known, crawlMost) {
		x, _ := store.SubnetOf(subnets, netip.PrefixFrom(a, a.BitLen()))
		bySubnet[x.Network] = append(bySubnet[x.Network], a)
		followed[a] = now
	}
	for _, x := range subnets {
		addrs := bySubnet[x.Network]
		job, ok := p.jobIn(x)
		if len(addrs) == 0 || !ok {
			continue
		}
		job.Addresses = addrs
		s, err := p.look(ctx, job, keep{site: x.Site, origin: "crawl"}, func(api.DiscoveryStep) {})
		if err != nil && !errors.Is(err, discover.ErrUnfinished) {
			return err
		}
		p.c.log.Info("neighbours of gear were asked", "network", x.Network, "asked", s.Asked, "answered", s.Answered, "added", s.Added, "fault", s.Fault)
	}
	return nil
}

// heard are the addresses that polled gear names: neighbours that announced
// themselves, and what stands in ARP tables.
func (p *polling) heard(ctx context.Context) ([]discover.Heard, error) {
	polled := map[inventory.DeviceID]bool{}
	for _, s := range p.poller.States() {
		if s.Device != "" && s.Lane == poll.Live {
			polled[s.Device] = true
		}
	}
	var out []discover.Heard
	read := func(section, column string, gear bool) error {
		return p.c.inventory.Rows(ctx, store.RowQuery{Scope: store.Scope{All: true}, Section: section, Columns: []string{column}}, func(r *store.Row) error {
			if !polled[r.Device] {
				return nil
			}
			for _, s := range texts(r.Values[0]) {
				if a, err := netip.ParseAddr(s); err == nil {
					out = append(out, discover.Heard{Address: a, Gear: gear})
				}
			}
			return nil
		})
	}
	if err := read("neighbor", "management_addresses", true); err != nil {
		return nil, err
	}
	return out, read("arp", "address", false)
}
