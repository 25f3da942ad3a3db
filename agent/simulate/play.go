package simulate

import (
	"fmt"
	"time"

	"muster/internal/enroll"
	"muster/internal/report"
)

// Play is a fleet in virtual time: it says what each device would send when,
// and carries nothing. Reports are made as those of a Fleet are. It is used
// from one goroutine.
type Play struct {
	cast    *cast
	players []*player
	start   time.Time
}

// Role is one device of a Play.
type Role struct {
	Name     string // the host's at the start
	Kind     string // pc, switch, ups, printer
	Model    string // empty for gear
	Site     string
	Port     string // SWITCH/PORT that it hangs on; empty: none that is polled
	Evidence enroll.Evidence
}

// Sent is a body that a device sends.
type Sent struct {
	Role    int // index into Roles
	Body    []byte
	Reports int // that are in it
}

// NewPlay makes a fleet that begins at a time. Of the options those about
// invitations, the folder and the duration do not count.
func NewPlay(o Options, start time.Time) (*Play, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	c, err := newCast(&o.Scenario, o.Agents, o.Programs, start)
	if err != nil {
		return nil, err
	}
	p := &Play{cast: c, start: start}
	for n, b := range c.bodies {
		p.players = append(p.players, newPlayer(b, epochOf(o.Scenario.Seed, n), o))
	}
	return p, nil
}

// Roles lists who plays: PCs by number, then gear.
func (p *Play) Roles() []Role {
	out := make([]Role, len(p.players))
	for i, x := range p.players {
		r := Role{Name: x.b.name(), Kind: x.b.kind(), Evidence: x.b.evidence()}
		if at := x.b.where(); at != nil {
			r.Site = at.name
		}
		if m, ok := x.b.(*machine); ok {
			r.Model = m.model.name
			if m.on != nil {
				r.Port = m.on.host + "/" + m.port
			}
		}
		out[i] = r
	}
	return out
}

// Step lets time pass until now, which is not before the last one, and answers
// what is sent then: by each device that speaks and reaches the collector one
// body, with all that waited. Each wants an answer (Heard).
func (p *Play) Step(now time.Time) ([]Sent, error) {
	var out []Sent
	for i, x := range p.players {
		reaches, err := x.live(now)
		if err != nil {
			return nil, fmt.Errorf("device %s: %w", x.b.name(), err)
		}
		if !reaches {
			continue
		}
		s, ok, err := p.send(i, now)
		if err != nil {
			return nil, err
		}
		if ok {
			out = append(out, s)
		}
	}
	return out, nil
}

func (p *Play) send(i int, now time.Time) (Sent, bool, error) {
	x := p.players[i]
	body, n, err := x.body(now)
	if err != nil {
		return Sent{}, false, fmt.Errorf("device %s: %w", x.b.name(), err)
	}
	return Sent{Role: i, Body: body, Reports: n}, n > 0, nil
}

// Heard gives a device the answer to what it sent, and answers what it sends
// at once because of it: what is left of what waited, or the names of numbers
// that the collector asked for.
func (p *Play) Heard(role int, a report.Answer, now time.Time) (Sent, bool, error) {
	p.players[role].heard(a)
	return p.send(role, now)
}

// Waiting is how many reports of a device are not acknowledged.
func (p *Play) Waiting(role int) int { return len(p.players[role].pending) }
