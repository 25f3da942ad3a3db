package collector

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"muster/collector/intake"
	"muster/collector/snmp/discover"
	"muster/collector/snmp/ping"
	"muster/collector/snmp/poll"
	"muster/collector/snmp/session"
	"muster/collector/snmp/trap"
	"muster/collector/store"
	"muster/internal/inventory"
	"muster/internal/report"
)

// polling is how this collector asks network gear: it joins the targets of the
// control store, the sessions, the profiles, the poller, discovery and traps.
type polling struct {
	c         *collector
	poller    *poll.Poller
	scout     *discover.Scout
	pinger    *ping.Pinger // nil: not allowed here
	passwords *session.Passwords
	profiles  *gearProfiles
	registry  *registry
	changed   chan struct{} // for watch
	looked    chan struct{} // for schedule
	wanted    chan struct{} // for trying
	uplinks   atomic.Pointer[map[inventory.DeviceID]map[string]string]
	trapped   atomic.Pointer[trap.Listener] // nil: no traps are heard

	mu          sync.Mutex
	targets     map[string]store.Target // by poll's ID
	byAddr      map[netip.Addr]string   // poll's ID of those that are polled
	senders     senders                 // who else may send traps
	credentials []credential
	marks       map[int64]store.TargetMark
	trials      map[int64]trial // of targets that do not answer, by number
	rules       string          // of subnets, under which they were tried
	again       map[string]bool // those that are polled at once when the list is told, by poll's ID

	choosing sync.Mutex // one at a time chooses which address of a device is polled
}

// credential is one that is ready to ask with.
type credential struct {
	store.Credential
	open session.Credential
}

const (
	// refreshTargets is how often the list of targets is read even if nobody
	// said that it changed.
	refreshTargets = 10 * time.Minute
	// marksEvery is how often what polls found is written down.
	marksEvery = 2 * time.Second
)

// openPolling makes what asks gear; nothing is asked yet.
func (c *collector) openPolling(ctx context.Context) error {
	p := &polling{c: c, passwords: &session.Passwords{}, changed: make(chan struct{}, 1), looked: make(chan struct{}, 1), wanted: make(chan struct{}, 1),
		targets: map[string]store.Target{}, marks: map[int64]store.TargetMark{}, trials: map[int64]trial{}, again: map[string]bool{}}
	var err error
	if p.profiles, err = loadProfiles(c.cfg.SNMP.Profiles, c.log); err != nil {
		return err
	}
	p.registry = newRegistry(c)
	var pings poll.Pinger
	var scouts discover.Pinger
	if p.pinger, err = ping.Open(); err != nil {
		if !errors.Is(err, ping.ErrNotAllowed) {
			return err
		}
		c.log.Warn("targets are asked over SNMP only", "reason", err)
		p.pinger = nil
	} else {
		pings, scouts = p.pinger, p.pinger
	}
	p.poller = poll.New(poll.Options{Dial: p.dial, Reader: p.profiles, Registry: placing{p}, Door: pollDoor{c}, Memory: learned{p}, Pinger: pings,
		Uplinks: p.uplinksOf, Told: p.told, Log: c.log, Now: c.now})
	p.scout = discover.New(discover.Options{Dial: p.dialOnce, Reader: p.profiles.scouting(), Pinger: scouts, Log: c.log, Now: c.now})
	c.polling = p
	return p.refresh(ctx)
}

// dial opens a session for the poller.
func (p *polling) dial(t poll.Target, l *session.Learned, retries int, timeout time.Duration) (poll.Asker, error) {
	return session.Open(session.Options{Address: t.Address, Credential: t.Credential, Learned: l, Retries: retries, Timeout: timeout, Passwords: p.passwords, Now: p.c.now})
}

// dialOnce opens one for a look around.
func (p *polling) dialOnce(at netip.AddrPort, c session.Credential, retries int, timeout time.Duration) (discover.Asker, error) {
	return session.Open(session.Options{Address: at, Credential: c, Retries: retries, Timeout: timeout, Passwords: p.passwords, Now: p.c.now})
}

// Changed says that credentials, targets or subnets are others now.
func (p *polling) Changed() {
	signal(p.changed)
}

// signal says so once, however often it is said before somebody looks.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// close gives back what open took; what runs has ended by then.
func (p *polling) close() {
	if p != nil && p.pinger != nil {
		p.pinger.Close()
	}
}

// parts are what runs.
func (p *polling) parts() map[string]func(context.Context) error {
	out := map[string]func(context.Context) error{
		"poller":   p.poller.Run,
		"targets":  p.watch,
		"trials":   p.trying,
		"marks":    p.write,
		"subnets":  p.schedule,
		"crawl":    p.follow,
		"uplinks":  p.chart,
		"profiles": p.profiles.watch,
	}
	if p.pinger != nil {
		out["ping"] = p.pinger.Run
	}
	if p.c.cfg.SNMP.Traps != "" {
		out["traps"] = p.listen
	}
	return out
}

// watch keeps the poller's list up to date.
func (p *polling) watch(ctx context.Context) error {
	t := time.NewTicker(refreshTargets)
	defer t.Stop()
	for {
		p.learnSenders(ctx)
		signal(p.looked) // with the credentials that were just read
		signal(p.wanted)
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		case <-p.changed:
		}
		if err := p.refresh(ctx); err != nil && ctx.Err() == nil {
			p.c.log.Error("the list of SNMP targets could not be read; the one before stays", "error", err)
		}
	}
}

// refresh reads credentials and targets, and tells the poller.
func (p *polling) refresh(ctx context.Context) error {
	p.flush(ctx)
	creds, err := p.open(ctx)
	if err != nil {
		return err
	}
	all, err := p.c.control.Targets(ctx, store.TargetQuery{})
	if err != nil {
		return err
	}
	byName := map[string]session.Credential{}
	for _, c := range creds {
		byName[strings.ToLower(c.Name)] = c.open
	}
	targets, byAddr := make(map[string]store.Target, len(all)), make(map[netip.Addr]string, len(all))
	var list []poll.Target
	for _, t := range all {
		id := pollID(t)
		t.Learned = nil // asked for when it is wanted: it is most of what is kept
		targets[id] = t
		open, ok := byName[strings.ToLower(t.Credential)]
		if !ok || t.State == store.Alias {
			continue
		}
		list = append(list, poll.Target{ID: id, Address: t.AddrPort(), Credential: open, Device: t.Device})
		if _, taken := byAddr[t.Address]; !taken {
			byAddr[t.Address] = id
		}
	}
	p.mu.Lock()
	if !sameCredentials(p.credentials, creds) {
		clear(p.trials) // what was refused until now may be answered with them
	}
	p.credentials, p.targets, p.byAddr = creds, targets, byAddr
	again := p.again
	p.again = map[string]bool{}
	p.mu.Unlock()
	p.poller.Set(list)
	for id := range again {
		p.poller.Again(id)
	}
	return nil
}

// pollID is how the poller knows a target.
func pollID(t store.Target) string { return fmt.Sprint("target-", t.ID) }

// open reads all credentials and their secrets. One whose secrets cannot be
// opened is told and left out.
func (p *polling) open(ctx context.Context) ([]credential, error) {
	list, err := p.c.control.Credentials(ctx)
	if err != nil {
		return nil, err
	}
	var out []credential
	for _, k := range list {
		secret, err := p.c.credentialSecrets(ctx, &k)
		if err != nil {
			if ctx.Err() != nil {
				return nil, err
			}
			p.c.log.Error("an SNMP credential cannot be used", "error", err)
			continue
		}
		out = append(out, credential{k, session.Credential{Name: k.Name, Version: k.Version, Community: session.Secret(secret[store.SecretCommunity]), User: k.User,
			AuthProtocol: strings.ToUpper(k.Auth), AuthSecret: session.Secret(secret[store.SecretAuth]),
			PrivProtocol: strings.ToUpper(k.Priv), PrivSecret: session.Secret(secret[store.SecretPriv]), Context: k.Context}})
	}
	return out, nil
}

// sameCredentials says that nobody changed one, or made another.
func sameCredentials(a, b []credential) bool {
	return slices.EqualFunc(a, b, func(x, y credential) bool { return x.ID == y.ID && x.Revision == y.Revision })
}

// named are credentials by name, in that order; those that are not there are
// left out.
func (p *polling) named(names []string) []session.Credential {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []session.Credential
	for _, n := range names {
		for _, c := range p.credentials {
			if strings.EqualFold(c.Name, n) {
				out = append(out, c.open)
			}
		}
	}
	return out
}

// told notes how polling a target goes.
func (p *polling) told(s poll.State) {
	p.mu.Lock()
	t, ok := p.targets[s.Target]
	p.mu.Unlock()
	if !ok || t.State == store.Alias {
		return // it goes out of the poller's list in a moment
	}
	if s.Lane == poll.Live && s.Device != "" && p.stepsBack(t, s.Device) {
		return
	}
	m := store.TargetMark{At: p.c.now(), State: stateOf(s), Reason: s.Detail, Device: s.Device}
	p.mark(s.Target, m)
}

// mark puts a mark with those that are written together.
func (p *polling) mark(id string, m store.TargetMark) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t, ok := p.targets[id]
	if !ok {
		return
	}
	m.ID, m.Revision = t.ID, t.Revision
	if old, ok := p.marks[t.ID]; ok && old.Revision == m.Revision {
		m = later(old, m)
	}
	p.marks[t.ID] = m
}

// later is a mark over an older one.
func later(old, m store.TargetMark) store.TargetMark {
	if m.State == "" {
		m.State, m.Reason = old.State, old.Reason
	}
	if m.Credential == "" {
		m.Credential = old.Credential
	}
	if m.Device == "" {
		m.Device = old.Device
	}
	if m.Learned == nil {
		m.Learned = old.Learned
	}
	return m
}

// stateOf is a poller's state as the store keeps it.
func stateOf(s poll.State) store.TargetState {
	switch {
	case s.Reason == poll.Credentials:
		return store.WrongCredential
	case s.Reason == poll.Lying || s.Reason == poll.TooSlow && s.Lane != poll.Live:
		return store.Lying
	case s.Lane == poll.Live:
		return store.Live
	case s.Lane == poll.Suspect:
		return store.Suspect
	case s.Lane == poll.Dead && s.Echo == "answers":
		return store.Silent
	case s.Lane == poll.Dead:
		return store.Dead
	}
	return store.Untried
}

// write writes marks down, many at once, and the last ones when it ends.
func (p *polling) write(ctx context.Context) error {
	err := every(ctx, marksEvery, func() { p.flush(ctx) })
	p.flush(context.WithoutCancel(ctx))
	return err
}

func (p *polling) flush(ctx context.Context) {
	p.mu.Lock()
	var list []store.TargetMark
	for m := range maps.Values(p.marks) {
		list = append(list, m)
	}
	clear(p.marks)
	p.mu.Unlock()
	if len(list) == 0 {
		return
	}
	if err := p.c.control.MarkTargets(ctx, list); err != nil && ctx.Err() == nil {
		p.c.log.Error("what polls found could not be kept", "error", err)
	}
}

// learned keeps what the poller knows of targets beside them in the store.
type learned struct{ p *polling }

// Recall gives what was kept of a target.
func (l learned) Recall(ctx context.Context, id string) ([]byte, error) {
	l.p.mu.Lock()
	t, ok := l.p.targets[id]
	l.p.mu.Unlock()
	if !ok {
		return nil, nil
	}
	list, err := l.p.c.control.Targets(ctx, store.TargetQuery{Network: netip.PrefixFrom(t.Address, t.Address.BitLen()), Port: t.Port})
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return list[0].Learned, nil
}

// mostLearned is what the store keeps of one target.
const mostLearned = 64 << 10

// Remember keeps it. What is too long is learned again after a restart.
func (l learned) Remember(ctx context.Context, kept map[string][]byte) error {
	l.p.mu.Lock()
	var list []store.TargetMark
	for id, b := range kept {
		if t, ok := l.p.targets[id]; ok && len(b) <= mostLearned {
			list = append(list, store.TargetMark{ID: t.ID, Revision: t.Revision, At: l.p.c.now(), Learned: b})
		}
	}
	l.p.mu.Unlock()
	return l.p.c.control.MarkTargets(ctx, list)
}

// pollDoor lets the poller hand reports to intake.
type pollDoor struct{ c *collector }

// Accept takes an envelope in.
func (d pollDoor) Accept(ctx context.Context, id inventory.DeviceID, from netip.Addr, e *report.Envelope) (report.Answer, error) {
	a, err := d.c.door.Accept(ctx, intake.Sender{Device: id, Address: from.String()}, e)
	switch {
	case errors.Is(err, intake.ErrBusy):
		return a, fmt.Errorf("%w: %w", poll.ErrBusy, err)
	case errors.Is(err, intake.ErrUnknownDevice):
		return a, fmt.Errorf("%w: %w", poll.ErrGone, err)
	}
	return a, err
}

// Note keeps an event.
func (d pollDoor) Note(ctx context.Context, id inventory.DeviceID, at time.Time, e report.Event) error {
	err := d.c.door.Note(ctx, id, []store.EventReading{{Kind: e.Kind, At: at, Count: max(e.Count, 1), Attributes: e.Attributes}})
	if errors.Is(err, intake.ErrUnknownDevice) {
		return fmt.Errorf("%w: %w", poll.ErrGone, err)
	}
	return err
}
