package poll

import (
	"context"
	"encoding/json"
	"net/netip"
	"sync"
	"time"

	"muster/collector/snmp/session"
	"muster/internal/backoff"
	"muster/internal/inventory"
	"muster/internal/report"
)

// State is what people are shown of a target.
type State struct {
	Target     string             `json:"target"`
	Address    netip.AddrPort     `json:"address"`
	Device     inventory.DeviceID `json:"device,omitempty"`
	Lane       Lane               `json:"lane"`
	Reason     Reason             `json:"reason,omitempty"`
	Detail     string             `json:"detail,omitempty"`
	Since      time.Time          `json:"since"` // of lane and reason
	AnsweredAt time.Time          `json:"answered_at,omitzero"`
	Echo       string             `json:"echo,omitempty"` // answers, silent; empty: not asked
	RTT        time.Duration      `json:"rtt,omitempty"`  // of the last echo that was answered
	Took       time.Duration      `json:"took,omitempty"` // the last round
	Late       int64              `json:"late,omitempty"` // places in the interval at which the round before was still going
}

// target is a Target with what is known of it. What lies below mu is used by
// its round alone, all above by the poller under its own lock.
type target struct {
	Target
	every, phase time.Duration
	at           int // in the heap; -1: not there
	next         time.Time
	active, gone bool
	hint         bool
	hinted       time.Time
	cancel       context.CancelFunc
	cost         int64         // bytes that a round takes, by the last one
	soon         time.Duration // the next round comes so long after this one; 0: at its place
	shown        State

	mu     sync.Mutex
	loaded bool
	kept
	dev       Device
	out       outbound
	say       sections
	owed      []owed // events that the door has not taken
	probed    time.Time
	deadRound int
	rtt       time.Duration
	unsaved   bool
}

// owed is an event that is told without a report.
type owed struct {
	At    time.Time
	Event report.Event
}

// kept is what is known of a target over a restart.
type kept struct {
	Device       inventory.DeviceID   `json:"device,omitempty"`
	Standing     standing             `json:"standing"`
	Echo         echoes               `json:"echo"`
	Learned      *session.Learned     `json:"learned,omitempty"`
	Who          Identity             `json:"who"`
	IdentifiedAt time.Time            `json:"identified_at,omitzero"`
	Reader       []byte               `json:"reader,omitempty"` // Device.Keep
	Up           uptime               `json:"up"`
	Width        width                `json:"width"`
	Next         map[string]time.Time `json:"next,omitempty"` // when each pace is due
	Faults       map[string]paceFault `json:"faults,omitempty"`
	Told         map[string]told      `json:"told,omitempty"`
	Requests     int64                `json:"requests,omitempty"`
	Timeouts     int64                `json:"timeouts,omitempty"`
	Refused      int64                `json:"refused,omitempty"`
}

// paceFault is what was wrong when a pace was last read.
type paceFault struct {
	Reason Reason `json:"reason"`
	Detail string `json:"detail"`
}

// leastCost is what a round takes that reads nothing yet.
const leastCost = 64 << 10

func newTarget(o Options, x Target, now time.Time) *target {
	t := &target{Target: x, every: x.Every, at: -1, cost: 4 * leastCost}
	if t.every <= 0 {
		t.every = o.Every
	}
	t.phase = backoff.Phase(x.ID, t.every)
	t.kept.Device = x.Device
	t.Standing = standing{Lane: Untried, Since: now}
	t.shown = State{Target: x.ID, Address: x.Address, Device: x.Device, Lane: Untried, Since: now}
	return t
}

// stays says that a target is asked as before. Which device it is the poller may
// know sooner than the one who lists targets. The poller's lock is held.
func (t *target) stays(x Target) bool {
	known := t.shown.Device
	same := x.Device == "" || known == "" || x.Device == known
	x.Device = t.Target.Device
	return same && x == t.Target
}

// class says which room a round takes. The poller's lock is held.
func (t *target) class() int {
	if t.shown.Lane == Live {
		return reading
	}
	return probing
}

// load brings back what was known before the last restart.
func (t *target) load(ctx context.Context, m Memory) error {
	if t.loaded || m == nil {
		t.loaded = true
		return nil
	}
	b, err := m.Recall(ctx, t.ID)
	if err != nil {
		return err
	}
	t.loaded = true
	if len(b) == 0 {
		return nil
	}
	var k kept
	if err := json.Unmarshal(b, &k); err != nil || k.Standing.Lane == "" {
		return nil // of another version, or damaged: it is learned again
	}
	// Who it belongs to is said by the one who named the target.
	if t.Target.Device != "" && k.Device != t.Target.Device {
		k.Told, k.Next = nil, nil
		k.Device = t.Target.Device
	}
	t.kept = k
	t.say.Told = k.Told
	return nil
}

// keep writes down what is known of targets that changed since. all waits for
// those whose round runs; else they come next time.
func (p *Poller) keep(ctx context.Context, all bool) {
	if p.o.Memory == nil {
		return
	}
	p.mu.Lock()
	list := make([]*target, 0, len(p.targets))
	for _, t := range p.targets {
		list = append(list, t)
	}
	p.mu.Unlock()
	out := map[string][]byte{}
	for _, t := range list {
		if all {
			t.mu.Lock()
		} else if !t.mu.TryLock() {
			continue
		}
		if t.unsaved {
			k := t.kept
			k.Told = t.say.Told
			if b, err := json.Marshal(k); err == nil {
				out[t.ID] = b
				t.unsaved = false
			}
		}
		t.mu.Unlock()
	}
	if len(out) == 0 {
		return
	}
	if err := p.o.Memory.Remember(ctx, out); err != nil {
		p.o.Log.Warn("what is known of SNMP targets could not be kept; it is learned again after a restart", "error", err)
	}
}

// publish shows where the target stands, and tells when that changed.
func (p *Poller) publish(t *target, took time.Duration) {
	s := State{Target: t.ID, Address: t.Address, Device: t.kept.Device, Lane: t.Standing.Lane, Reason: t.Standing.Reason, Detail: t.Standing.Detail,
		Since: t.Standing.Since, AnsweredAt: t.Standing.AnsweredAt, RTT: t.rtt, Took: took}
	switch {
	case t.Echo.Now:
		s.Echo = "answers"
	case t.Echo.Asked:
		s.Echo = "silent"
	}
	p.mu.Lock()
	before := t.shown
	s.Late = before.Late
	t.shown = s
	gone := t.gone
	p.mu.Unlock()
	pings := s.Lane == Dead && before.Echo != s.Echo // a device that is off, or only its agent
	if !gone && (before.Lane != s.Lane || before.Reason != s.Reason || before.Device != s.Device || pings) {
		p.o.Told(s)
	}
}
