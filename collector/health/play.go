package health

import (
	"context"
	"fmt"
	"time"

	"muster/collector/health/rule"
	"muster/collector/store"
	"muster/internal/inventory"
	"muster/internal/report"
)

// Outcome is what a rule said of one of its cases.
type Outcome struct {
	Case   string   `json:"case"`
	Faults []string `json:"faults,omitempty"` // expectations that did not hold; none: all did
}

// caseStart is when cases begin: a Monday morning.
func caseStart() time.Time { return time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC) }

// Play lets a rule judge its cases, in their own time.
func Play(ctx context.Context, set *rule.Set, r *rule.Rule) ([]Outcome, error) {
	var out []Outcome
	for _, c := range r.Cases {
		faults, err := playCase(ctx, set, r, c)
		if err != nil {
			return nil, fmt.Errorf("rule %s, case %q: %w", r.ID, c.Name, err)
		}
		out = append(out, Outcome{Case: c.Name, Faults: faults})
	}
	return out, nil
}

// player plays one case.
type player struct {
	j     *Judge
	r     *rule.Rule
	c     rule.Case
	now   time.Time
	start time.Time
	id    inventory.DeviceID
	past  played
	peers []inventory.DeviceID
	other int // step of the peers that is next
}

// casePeers is how many other devices of its model a case has that tells of
// any: one more than it takes to compare.
const casePeers = 9

func playCase(ctx context.Context, set *rule.Set, r *rule.Rule, c rule.Case) ([]string, error) {
	p := &player{r: r, c: c, start: caseStart(), id: "case"}
	p.now = p.start
	p.past.device = p.id
	j, err := New(Options{Rules: set, Series: &p.past, Now: func() time.Time { return p.now }, Zone: time.UTC, Flaws: caseFlaws(p.start)})
	if err != nil {
		return nil, err
	}
	p.j = j
	j.Meet(Info{ID: p.id, Name: "case", Kind: c.Device.Kind, OS: c.Device.OS, Model: c.Device.Model, Chassis: c.Device.Chassis, FirstSeen: p.start.Add(-c.Device.Seen)})
	if len(c.Peers) > 0 {
		for i := range casePeers {
			id := inventory.DeviceID(fmt.Sprintf("peer %d", i+1))
			p.peers = append(p.peers, id)
			j.Meet(Info{ID: id, Name: string(id), Kind: c.Device.Kind, OS: c.Device.OS, Model: c.Device.Model, Chassis: c.Device.Chassis, FirstSeen: p.start.Add(-c.Device.Seen)})
		}
	}
	var faults []string
	at, next := time.Duration(0), 0
	// A heartbeat between what the case says: devices report, whatever they
	// have to say.
	beat := min(c.Every, time.Hour)
	expect := c.Expect
	for {
		p.now = p.start.Add(at)
		silent := c.Silent[1] > 0 && at >= c.Silent[0] && at < c.Silent[1]
		if next < len(c.Steps) && c.Steps[next].At <= at {
			o := p.observation(c.Steps[next])
			for _, n := range o.Samples {
				p.past.add(n)
			}
			if err := j.Observe(ctx, o); err != nil {
				return nil, err
			}
			next++
			if next < len(c.Steps) && c.Steps[next].At <= at {
				continue
			}
		} else if !silent {
			if err := j.Observe(ctx, Observation{Device: p.id, At: p.now, ReceivedAt: p.now}); err != nil {
				return nil, err
			}
		}
		if err := p.playPeers(ctx, at); err != nil {
			return nil, err
		}
		if err := j.Remind(ctx, 100); err != nil {
			return nil, err
		}
		if err := j.Tick(ctx, p.now); err != nil {
			return nil, err
		}
		after := p.after(at, next, beat)
		for len(expect) > 0 && expect[0].At < after {
			p.now = p.start.Add(max(expect[0].At, at))
			if f := p.check(expect[0]); f != "" {
				faults = append(faults, f)
			}
			expect = expect[1:]
		}
		if at >= c.End {
			break
		}
		at = after
	}
	return faults, nil
}

// playPeers lets the other devices say what is due: with their own numbers,
// and the rows of the case's device.
func (p *player) playPeers(ctx context.Context, at time.Duration) error {
	for ; p.other < len(p.c.Peers) && p.c.Peers[p.other].At <= at; p.other++ {
		step := p.c.Peers[p.other]
		if p.other == 0 {
			step.Rows = p.c.Steps[0].Rows
		}
		for _, id := range p.peers {
			o := p.observation(step)
			o.Device = id
			if err := p.j.Observe(ctx, o); err != nil {
				return err
			}
		}
	}
	return nil
}

// after is the time of the next thing that happens.
func (p *player) after(at time.Duration, next int, beat time.Duration) time.Duration {
	n := at + beat
	if next < len(p.c.Steps) {
		n = min(n, p.c.Steps[next].At)
	}
	for _, e := range p.c.Expect {
		if e.At > at {
			n = min(n, e.At)
		}
	}
	return n
}

// caseFlaws are the flaws that cases may name.
func caseFlaws(start time.Time) Flaws {
	return Flaws{"CVE-2026-0001": start.AddDate(0, 0, -30), "CVE-2026-0002": start.AddDate(0, 0, 30)}
}

func (p *player) observation(s rule.CaseStep) Observation {
	at := p.start.Add(s.At)
	o := Observation{Device: p.id, At: at, ReceivedAt: at}
	for name, rows := range s.Rows {
		sec, _ := inventory.Lookup(name)
		t := inventory.Table{Columns: rows.Table.Columns}
		for _, row := range rows.Table.Rows {
			t.Rows = append(t.Rows, append([]any(nil), row...))
		}
		for _, x := range rows.Times {
			t.Rows[x.Row][x.Column] = at.Add(x.After).UnixMilli()
		}
		o.Sections = append(o.Sections, store.SectionReading{Section: sec, Status: report.OK, At: at, Table: t})
	}
	if len(s.Layout) > 0 {
		o.Samples = []Numbers{{At: at, Hash: s.Layout.Hash(), Layout: s.Layout, Values: s.Values}}
	}
	for _, e := range s.Events {
		o.Events = append(o.Events, store.EventReading{Kind: e.Kind, At: at, Count: e.Count, Attributes: e.Attributes})
	}
	return o
}

// check holds what the rule says now against what it must say.
func (p *player) check(e rule.Expectation) string {
	j := p.j
	j.mu.Lock()
	defer j.mu.Unlock()
	d := j.devices[p.id]
	got, on, backlog := "none", "", false
	for k, st := range d.states {
		if k.rule != p.r.ID || e.Component != "" && k.part != e.Component {
			continue
		}
		if s := string(st.f.State); s == string(store.Firing) {
			s = st.f.Severity
			if rule.Severity(s).Rank() > rule.Severity(got).Rank() {
				got, on, backlog = s, k.part, st.f.Backlog
			}
		} else if got == "none" {
			got = s
		}
	}
	if got == "none" && e.State == "unseen" && p.unseen(d, e.Component) {
		got = "unseen"
	}
	if got == e.State && (backlog == e.Backlog || got == "none" || got == "unseen") {
		return ""
	}
	word := map[bool]string{true: " backlog", false: ""}
	return fmt.Sprintf("after %s it says %s%s (%s), expected is %s%s %s", e.At, got, word[backlog], on, e.State, word[e.Backlog], e.Component)
}

// unseen says whether nothing can be said of any component.
func (p *player) unseen(d *device, component string) bool {
	for _, c := range d.partsOf(p.r) {
		if component != "" && c.key != component {
			continue
		}
		for _, l := range p.r.Levels {
			verdict, err := l.When.Judge(&view{j: p.j, d: d, r: p.r, part: c, now: p.now})
			if err != nil || verdict != rule.Unknown {
				return false
			}
		}
	}
	return true
}
