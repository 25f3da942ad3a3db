package poll

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/netip"
	"runtime/debug"
	"slices"
	"strconv"
	"time"

	"muster/collector/snmp/session"
	"muster/internal/backoff"
	"muster/internal/event"
	"muster/internal/inventory"
	"muster/internal/report"
)

const (
	// tries is how often a question to a live target is repeated.
	tries = 2
	// patience is how long a single question to a target in doubt waits, at
	// least; mostPatience, for one that is known to be far away.
	patience     = time.Second
	mostPatience = 5 * time.Second
	// identifyEvery is how often a target is asked anew who it is; a start or
	// a return is asked at once.
	identifyEvery = 24 * time.Hour
	// identifyAgain is how long after that failed for a known one it is tried anew.
	identifyAgain = 10 * time.Minute
	// chartTime is how long after a start it is waited for what leads where.
	chartTime = 10 * time.Minute
	// retryPace is how long after a failed reading the next try comes.
	retryPace = 5 * time.Minute
	// afterChange is how long after a start, or a sign of change, the next
	// round comes: a device that just started is busy.
	afterChange = 5 * time.Second
	// mostOwed bounds the events that wait for the door.
	mostOwed = 8
	// sysUpTime is the object that every agent has (RFC 3418).
	sysUpTime = "1.3.6.1.2.1.1.3.0"
)

// errOurs marks what went wrong on our side.
var errOurs = errors.New("collector")

// one does a round of a target, whatever it says: its fault costs nobody else.
func (p *Poller) one(ctx context.Context, t *target, hint bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	start := p.o.Now()
	defer func() {
		if v := recover(); v != nil {
			p.o.Log.Error("a round of SNMP crashed", "target", t.ID, "address", t.Address, "panic", fmt.Sprint(v), "stack", string(debug.Stack()))
			t.dev = nil
			t.Standing.to(t.Standing.Lane, Lying, "its answers made a reader crash", start)
		}
		t.unsaved = true
		p.publish(t, p.o.Now().Sub(start))
	}()
	if err := t.load(ctx, p.o.Memory); err != nil {
		p.o.Log.Warn("what was known of an SNMP target could not be read", "target", t.ID, "error", err)
	}
	p.count(func(s *Stats) { s.Rounds++ })
	p.settle(ctx, t)
	lane := t.Standing.Lane
	if lane != Live {
		alive := p.knock(ctx, t, hint)
		if !alive {
			return
		}
		t.dev = nil // what answers again may be another
	}
	p.read(ctx, t)
}

// knock sends the one packet that a target gets of which it is not known that it
// answers, and one more to a new one. False: the round is
// over.
func (p *Poller) knock(ctx context.Context, t *target, hint bool) bool {
	now := p.o.Now()
	if t.Standing.Lane == Dead && !hint {
		// Places closer than a minute are left out; a minute that the timer
		// made a moment shorter is a minute.
		if now.Sub(t.probed) < deadEvery*9/10 {
			return false
		}
		n := t.deadRound
		t.deadRound++
		if p.o.Pinger != nil && t.Echo.question(n) {
			t.probed = now
			was := t.Echo.Now
			if !t.heard(p.echo(ctx, t.Address.Addr())) || was {
				return false
			}
		}
	}
	t.probed = now
	again, wait := 0, patience
	if t.Learned != nil {
		wait = min(max(wait, 3*t.Learned.RoundTrip), mostPatience)
	}
	if t.Standing.Lane == Untried {
		again = 1 // nothing is known, so one lost packet is not to decide
	}
	a, err := p.o.Dial(t.Target, t.Learned, again, wait)
	if err == nil {
		_, err = a.Get(ctx, sysUpTime)
		p.took(t, a)
	}
	if err == nil {
		t.deadRound = 0
		return true
	}
	if ctx.Err() == nil {
		p.missed(ctx, t, err)
	}
	return false
}

// echo is what came of one.
type echo struct {
	took time.Duration
	err  error
}

// echo sends an ICMP echo.
func (p *Poller) echo(ctx context.Context, to netip.Addr) echo {
	p.count(func(s *Stats) { s.Echoes++ })
	d, err := p.o.Pinger.Ping(ctx, to, patience)
	return echo{d, err}
}

// heard notes what came of an echo, and says whether it was answered. One that
// was broken off tells nothing.
func (t *target) heard(e echo) bool {
	if errors.Is(e.err, context.Canceled) {
		return false
	}
	t.Echo.took(e.err == nil)
	if e.err == nil {
		t.rtt = e.took
	}
	return e.err == nil
}

// missed notes that a round brought no answer.
func (p *Poller) missed(ctx context.Context, t *target, err error) {
	now := p.o.Now()
	why, detail := reasonOf(err), words(err)
	if why == Silent && t.Echo.Now {
		detail = "answers echoes, but not SNMP: " + detail
	}
	if t.Standing.missed(now, why, detail) == lost {
		p.o.Log.Warn("SNMP target is lost", "target", t.ID, "address", t.Address, "reason", why, "detail", detail)
		p.owe(ctx, t, now, report.Event{Kind: event.TargetLost, Attributes: map[string]string{"address": t.Address.Addr().String(), "reason": string(why)}})
	}
	if d, ok := t.Standing.wait(t.every); ok {
		p.later(t, d)
	}
}

// later asks for the next round so long after this one.
func (p *Poller) later(t *target, d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if t.soon == 0 || d < t.soon {
		t.soon = d
	}
}

// owe tells an event without a report, now or when the door takes it.
func (p *Poller) owe(ctx context.Context, t *target, at time.Time, e report.Event) {
	if t.kept.Device == "" {
		return
	}
	if len(t.owed) == mostOwed {
		t.owed = t.owed[1:]
	}
	t.owed = append(t.owed, owed{at, e})
	p.settle(ctx, t)
}

func (p *Poller) settle(ctx context.Context, t *target) {
	for len(t.owed) > 0 && t.kept.Device != "" {
		err := p.o.Door.Note(ctx, t.kept.Device, t.owed[0].At, t.owed[0].Event)
		if err != nil && !errors.Is(err, ErrGone) {
			return
		}
		t.owed = t.owed[1:]
	}
	t.owed = nil
}

// took closes a session and keeps what it learned.
func (p *Poller) took(t *target, a Asker) (requests, timeouts, refused int64) {
	t.Learned = a.Learned()
	requests, timeouts, refused = a.Counts()
	if err := a.Close(); err != nil {
		p.o.Log.Debug("close of an SNMP session failed", "target", t.ID, "error", err)
	}
	t.Requests += requests
	t.Timeouts += timeouts
	t.Refused += refused
	p.count(func(s *Stats) { s.Requests += requests; s.Timeouts += timeouts; s.Refused += refused })
	return requests, timeouts, refused
}

func (p *Poller) count(f func(*Stats)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f(&p.stats)
}

// read asks a target for all that is due and hands it on.
func (p *Poller) read(ctx context.Context, t *target) {
	start := p.o.Now()
	var echoed chan echo
	if p.o.Pinger != nil && t.Echo.due() {
		echoed = make(chan echo, 1)
		go func() { echoed <- p.echo(ctx, t.Address.Addr()) }()
	}
	bounded, cancel := context.WithTimeout(ctx, p.o.Budget)
	defer cancel()
	a, err := p.o.Dial(t.Target, t.Learned, tries, 0)
	var r Reading
	var due []string
	answers := 0
	var lie error
	if err == nil {
		b := &breaker{Asker: a}
		r, due, err = p.ask(bounded, t, b)
		answers, lie = b.answers, b.lied()
		p.took(t, a)
	}
	pinged := echoed != nil
	if pinged {
		t.heard(<-echoed)
	}
	if ctx.Err() != nil {
		return // stopping, or the target is gone: what was not read is no sign
	}
	slow := bounded.Err() != nil
	if slow {
		late := fmt.Errorf("not done within %s: %w", p.o.Budget, context.DeadlineExceeded)
		if lie = late; err != nil {
			err = late
		}
	}
	if answers == 0 && err != nil || errors.Is(err, session.ErrCredential) {
		p.missed(ctx, t, err)
		return
	}
	now := p.o.Now()
	fault, detail := reasonOf(err), words(err)
	if err == nil {
		fault, detail = t.faulty(due, lie)
	}
	switch {
	case errors.Is(err, errOurs):
		// No fault of the device.
		fault = Unidentified
		p.o.Log.Warn("an SNMP target could not be placed", "target", t.ID, "address", t.Address, "error", err)
	case err == nil && t.kept.Device == "":
		fault, detail = Unidentified, "people have to say which device this is"
	}
	c, silent := t.Standing.answered(now, fault, detail)
	t.deadRound = 0
	if t.kept.Device == "" {
		return
	}
	turn := t.Up.follow(r.Clocks, start)
	events := r.Events
	switch c {
	case first, returned:
		events = append(events, report.Event{Kind: event.TargetFound, Attributes: map[string]string{
			"address": t.Address.Addr().String(), "silent_seconds": strconv.FormatInt(int64(silent.Seconds()), 10)}})
		p.o.Log.Info("SNMP target answers", "target", t.ID, "address", t.Address, "device_id", t.kept.Device, "silent", silent.Round(time.Second))
	}
	if turn.Rebooted {
		events = append(events, report.Event{Kind: event.Boot, At: turn.Up.Milliseconds() + now.Sub(start).Milliseconds(), Attributes: map[string]string{"type": "cold"}})
		p.o.Log.Info("SNMP device was started anew", "target", t.ID, "address", t.Address, "device_id", t.kept.Device, "up", turn.Up.Round(time.Second))
		t.dev, t.Next = nil, nil
		p.later(t, afterChange)
	}
	t.Width.widen(r.Layout, r.Values, start, turn.Grew && !turn.Rebooted)
	if err == nil {
		p.pace(t, due, r, now)
	}
	p.hand(ctx, t, r, events, start, pinged, err == nil)
}

// faulty notes what was wrong with the paces of a round, and says what is wrong
// by now: a fault lasts until its pace is read again.
func (t *target) faulty(due []string, lie error) (Reason, string) {
	for _, name := range due {
		if lie == nil {
			delete(t.Faults, name)
			continue
		}
		if t.Faults == nil {
			t.Faults = map[string]paceFault{}
		}
		t.Faults[name] = paceFault{reasonOf(lie), words(lie)}
	}
	for _, name := range slices.Sorted(maps.Keys(t.Faults)) {
		return t.Faults[name].Reason, t.Faults[name].Detail
	}
	return "", ""
}

// ask finds out who answers where that is not known, and reads what is due.
func (p *Poller) ask(ctx context.Context, t *target, a session.Asker) (Reading, []string, error) {
	now := p.o.Now()
	stale := t.stale(now)
	if t.dev == nil || stale || now.Sub(t.IdentifiedAt) > identifyEvery {
		dev, err := p.o.Reader.Identify(ctx, a, t.Reader)
		switch {
		case err == nil:
			t.dev, t.IdentifiedAt, t.Faults = dev, now, nil
		case t.dev == nil:
			return Reading{}, nil, fmt.Errorf("identify: %w", err)
		default:
			// It is asked again soon; until then it is who it was.
			t.IdentifiedAt = now.Add(identifyAgain - identifyEvery)
		}
		if stale {
			t.Next = nil // its paces may be others
		}
	}
	if who := t.dev.Identity(); t.kept.Device == "" || !who.same(t.Who) {
		id, err := p.o.Registry.Device(ctx, t.Target, who)
		if err != nil {
			return Reading{}, nil, fmt.Errorf("%w: find device in the inventory: %w", errOurs, err)
		}
		if id == "" {
			return Reading{}, nil, nil
		}
		if id != t.kept.Device {
			// Another device is another story: its counters, its clocks, and
			// what was told of it begin anew.
			t.kept.Device, t.say, t.Next, t.Up, t.Width = id, sections{}, nil, uptime{}, width{}
		}
		t.Who = who.brief()
	}
	due := t.dueAt(now)
	r, err := t.dev.Read(ctx, a, due)
	if err != nil {
		return r, due, fmt.Errorf("read: %w", err)
	}
	if t.Reader, err = t.dev.Keep(); err != nil {
		p.o.Log.Warn("what a reader knows of a device could not be kept", "target", t.ID, "error", err)
	}
	return r, due, nil
}

// stale says that the device is to be identified anew in this round. Those that
// became so at one time do it over an hour, each when it is read the most.
func (t *target) stale(now time.Time) bool {
	x, ok := t.dev.(Renewable)
	if !ok || !x.Stale() {
		return false
	}
	var slowest Pace
	for _, pc := range t.dev.Paces() {
		if pc.Every >= slowest.Every {
			slowest = pc
		}
	}
	return slices.Contains(t.dueAt(now), slowest.Name)
}

// dueAt lists the paces whose time has come. What is read each interval is read
// in every round, whatever the round is for: it is never an empty list.
func (t *target) dueAt(now time.Time) []string {
	var due []string
	for _, pc := range t.dev.Paces() {
		n := t.Next[pc.Name]
		if n.IsZero() || !now.Before(n.Add(-t.every/4)) || pc.Every <= t.every {
			due = append(due, pc.Name)
		}
	}
	return due
}

// pace sets when what was read is due again: each at its own place in its own
// interval, so that not everything of everyone comes in one minute.
func (p *Poller) pace(t *target, due []string, r Reading, now time.Time) {
	if t.dev == nil {
		return // started anew: everything is due
	}
	if t.Next == nil {
		t.Next = map[string]time.Time{}
	}
	for _, pc := range t.dev.Paces() {
		if !slices.Contains(due, pc.Name) {
			continue
		}
		every := max(pc.Every, t.every)
		phase := t.phase
		if every > t.every {
			phase = backoff.Phase(t.ID+"/"+pc.Name, every)
		}
		n := backoff.NextAt(now.Add(every/2), phase, every)
		if slices.Contains(r.Again, pc.Name) {
			n = now.Add(min(every, retryPace))
		}
		t.Next[pc.Name] = n
	}
	for _, name := range r.Early {
		if !slices.Contains(due, name) {
			t.Next[name] = now
			p.later(t, afterChange)
		}
	}
}

// hand makes a report and gives it to the door.
func (p *Poller) hand(ctx context.Context, t *target, r Reading, events []report.Event, start time.Time, pinged, whole bool) {
	now := p.o.Now()
	if t.out.device != t.kept.Device {
		t.out.begin(t.kept.Device)
	}
	ago := now.Sub(start).Milliseconds()
	rep := report.Report{Time: now.UnixMilli(), Events: events}
	cells := 0
	for i := range r.Sections {
		cells += len(r.Sections[i].Rows) * len(r.Sections[i].Columns)
	}
	uplinks := p.o.Uplinks(t.kept.Device)
	if uplinks == nil && now.Sub(p.begun) < chartTime {
		// Without marks each uplink would lose its own for a while, twice in the
		// history of each restart.
		r.Sections = slices.DeleteFunc(r.Sections, func(s report.Section) bool { return s.Name == "port" && !t.say.Told["port"].At.IsZero() })
	}
	t.complete(r.Sections, uplinks, now)
	rep.Sections = t.say.pick(r.Sections, now)
	if len(t.say.Told) > 0 {
		all := t.say.hashes()
		rep.Root = inventory.Root(all)
		if t.say.whole {
			rep.Hashes, t.say.whole = all, false
		}
	}
	var layouts []named
	rep.Samples, layouts = t.out.samples(r.Layout, r.Values, ago)
	ownLayout, ownValues := p.own(t, r, now.Sub(start), pinged, whole)
	own, ownLayouts := t.out.samples(ownLayout, ownValues, ago)
	rep.Samples, layouts = append(rep.Samples, own...), append(layouts, ownLayouts...)
	t.say.lose(t.out.add(rep, layouts))
	want, err := t.out.send(ctx, p.o.Door, t.Address.Addr(), p.o.Now)
	p.count(func(s *Stats) {
		s.Reports++
		if err != nil {
			s.Unkept++
		}
	})
	if errors.Is(err, ErrGone) {
		// It was merged or removed: the inventory is asked anew.
		t.kept.Device, t.dev, t.say, t.Next = "", nil, sections{}, nil
		t.out = outbound{}
		p.later(t, afterChange)
		return
	}
	if err != nil && ctx.Err() == nil {
		p.o.Log.Debug("a report of an SNMP target waits", "target", t.ID, "error", err)
	}
	if t.say.want(want) {
		t.Next = nil
	}
	p.mu.Lock()
	t.cost = leastCost + int64(len(r.Values))*128 + int64(cells)*64
	p.mu.Unlock()
}

// own are the numbers that the round itself gives.
func (p *Poller) own(t *target, r Reading, took time.Duration, pinged, whole bool) (report.Layout, []float64) {
	host := t.Address.Addr().String()
	var l report.Layout
	var v []float64
	put := func(measurement, key, field string, value float64) {
		l = append(l, report.Series{Measurement: measurement, Field: field, Labels: []report.Label{{Key: key, Value: host}}})
		v = append(v, value)
	}
	up := math.NaN()
	if r.Clocks.System != nil {
		up = float64(*r.Clocks.System)
	}
	answered := 0.0
	if whole {
		answered = 1
	}
	put("snmp", "agent_host", "uptime", up)
	put("snmp", "agent_host", "poll_seconds", took.Seconds())
	put("snmp", "agent_host", "requests", float64(t.Requests))
	put("snmp", "agent_host", "timeouts", float64(t.Timeouts))
	put("snmp", "agent_host", "errors", float64(t.Refused))
	put("snmp", "agent_host", "up", answered)
	// Who never answered an echo blocks them; that is no loss of packets.
	if t.Echo.Ever {
		loss, ms, got, code, sent := math.NaN(), math.NaN(), math.NaN(), math.NaN(), math.NaN()
		if pinged {
			loss, got, code, sent = 100, 0, 1, 1
			if t.Echo.Now {
				loss, got, code, ms = 0, 1, 0, float64(t.rtt)/float64(time.Millisecond)
			}
		}
		put("ping", "url", "percent_packet_loss", loss)
		put("ping", "url", "average_response_ms", ms)
		put("ping", "url", "packets_transmitted", sent)
		put("ping", "url", "packets_received", got)
		put("ping", "url", "result_code", code)
	}
	return l, v
}
