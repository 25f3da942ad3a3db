package simulate

import (
	"fmt"
	"sync"
	"time"

	"muster/internal/enroll"
	"muster/internal/inventory"
)

// place is a site: who is there, and what hangs where.
type place struct {
	n    int // from 1
	name string
	pcs  []*machine
	gear []*gear

	mu sync.Mutex // a switch looks at who hangs on it, and those at it
}

// guard holds others of the place off; there is nobody to hold off at none.
func (p *place) guard() func() {
	if p == nil {
		return func() {}
	}
	p.mu.Lock()
	return p.mu.Unlock
}

// body is a device as it is played.
type body interface {
	name() string
	kind() string
	where() *place
	evidence() enroll.Evidence
	destiny() *fates
	// live lets time pass.
	live(now time.Time) voice
	// clock is the device's own, how long it runs, and which start that was.
	clock(now time.Time) (wall time.Time, mono time.Duration, boot [8]byte)
	// numbers reads all that are due, the first as of now.
	numbers(now time.Time) []told
	sections() []string
	read(section string, now time.Time) (inventory.Table, error)
	// said gives what happened, once, and which sections are to be read again.
	said() (events []happening, touched map[string]bool)
	forget() // what would have been said
}

// cast is everyone of a fleet.
type cast struct {
	places []*place
	pcs    []*machine
	bodies []body // PCs by number, then gear
}

// newCast makes a fleet, and finds whom the steps of a scenario happen to.
func newCast(s *Scenario, agents, programs int, start time.Time) (*cast, error) {
	c := &cast{}
	for i, x := range s.Sites {
		c.places = append(c.places, &place{n: i + 1, name: x.Name})
	}
	machines := &boards[shape, *moment]{make: machineNumbers}
	starts := startNumbers()
	for n := range agents {
		m := newMachine(n, s.Seed, programs, s.Rhythm, start)
		m.boards, m.starts = machines, starts
		c.pcs = append(c.pcs, m)
	}
	if err := c.settle(s, start); err != nil {
		return nil, err
	}
	for _, m := range c.pcs {
		c.bodies = append(c.bodies, m)
	}
	for _, p := range c.places {
		for _, g := range p.gear {
			c.bodies = append(c.bodies, g)
		}
	}
	for i := range s.Steps {
		if err := c.take(s, i, start); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// settle spreads PCs over sites, in the order of their numbers, and hangs them
// on switches.
func (c *cast) settle(s *Scenario, start time.Time) error {
	left := len(c.pcs)
	rest := -1
	count := make([]int, len(s.Sites))
	for i, x := range s.Sites {
		if x.Agents == (Share{}) {
			rest = i
			continue
		}
		count[i] = x.Agents.of(len(c.pcs))
		if left -= count[i]; left < 0 {
			return fmt.Errorf("%s: the sites up to %s want more machines than the %d there are", orScenario(s.file), x.Name, len(c.pcs))
		}
	}
	switch {
	case rest >= 0:
		count[rest] = left
	case left > 0 && len(count) > 0:
		return fmt.Errorf("%s: %d machines are at no site: leave agents away at one", orScenario(s.file), left)
	}
	n := 0
	for i, p := range c.places {
		p.pcs = c.pcs[n : n+count[i]]
		n += count[i]
		p.furnish(s, &s.Sites[i], start)
	}
	return nil
}

func orScenario(file string) string {
	if file == "" {
		return "scenario"
	}
	return file
}

// ports is how many desks a switch has room for; two more lead up.
const ports = 24

func (p *place) furnish(s *Scenario, x *Site, start time.Time) {
	for i := range x.Switches {
		p.gear = append(p.gear, newGear("switch", p, i, s.Seed, start))
	}
	for _, m := range p.pcs {
		m.at = p
	}
	// Wired machines share the switches in blocks, as rooms do; what finds no
	// port hangs on something that nobody polls.
	var wired []*machine
	for _, m := range p.pcs {
		if !m.wireless {
			wired = append(wired, m)
		}
	}
	for k, m := range wired {
		if x.Switches == 0 {
			break
		}
		g := p.gear[k*x.Switches/len(wired)]
		if len(g.desks) < ports {
			m.on, m.port = g, fmt.Sprintf("Gi1/0/%d", len(g.desks)+1)
			g.desks = append(g.desks, m)
		}
	}
	for i := range x.UPS {
		p.gear = append(p.gear, newGear("ups", p, i, s.Seed, start))
	}
	for i := range x.Printers {
		p.gear = append(p.gear, newGear("printer", p, i, s.Seed, start))
	}
}

// take finds the devices of a step.
func (c *cast) take(s *Scenario, i int, start time.Time) error {
	st := &s.Steps[i]
	d, ok := deedOf(st.Do)
	if !ok {
		return fmt.Errorf("%s: there is no such deed", s.where(i))
	}
	var chosen []body
	var err error
	switch d.to {
	case "pc":
		chosen, err = c.choose(st, d)
	case "site":
		for _, b := range c.bodies {
			if p := b.where(); p != nil && p.name == st.Site {
				chosen = append(chosen, b)
			}
		}
	default:
		for _, p := range c.places {
			for _, g := range p.gear {
				if g.what == d.to && (st.Site == "" || st.Site == p.name) && (st.Switch == "" || st.Switch == g.host) {
					chosen = append(chosen, g)
				}
			}
		}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", s.where(i), err)
	}
	if len(chosen) == 0 {
		return fmt.Errorf("%s: there is nothing that it can happen to", s.where(i))
	}
	from, to := st.at(start)
	for _, b := range chosen {
		l := b.destiny()
		*l = append(*l, &fate{Step: st, d: d, from: from, to: to})
	}
	return nil
}

// choose finds machines: those that it can happen to, then the share of them.
func (c *cast) choose(st *Step, d deed) ([]body, error) {
	if st.Machine != nil {
		if *st.Machine < 0 || *st.Machine >= len(c.pcs) {
			return nil, fmt.Errorf("there is no machine %d: they go from 0 to %d", *st.Machine, len(c.pcs)-1)
		}
		m := c.pcs[*st.Machine]
		if d.fits != nil {
			if why := d.fits(m); why != "" {
				return nil, fmt.Errorf("machine %d is a %s: %s", m.n, m.model.name, why)
			}
		}
		return []body{m}, nil
	}
	var fit []*machine
	for _, m := range c.pcs {
		switch {
		case st.Model != "" && m.model.name != st.Model,
			st.Site != "" && (m.at == nil || m.at.name != st.Site),
			st.Switch != "" && (m.on == nil || m.on.host != st.Switch),
			d.fits != nil && d.fits(m) != "":
		default:
			fit = append(fit, m)
		}
	}
	var out []body
	for k, m := range fit {
		if st.Agents.holds(k, len(fit)) {
			out = append(out, m)
		}
	}
	return out, nil
}
