package health

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"slices"
	"sync"
	"time"

	"muster/collector/health/drive"
	"muster/collector/health/rule"
	"muster/collector/health/window"
	"muster/collector/store"
	"muster/internal/inventory"
	"muster/internal/report"
)

// Options of a Judge. Without Keeper nothing is kept, without Inventory and
// Series nothing is had from before the start: as when rules are tried out.
type Options struct {
	Rules     *rule.Set
	Keeper    Keeper
	Inventory Inventory
	Series    Series
	Log       *slog.Logger
	Now       func() time.Time
	// Interval is how often a device reports.
	Interval func() time.Duration
	// Owns says which shards this process judges; nil: all. It is asked at each
	// Tick: what is lost is let go of then, what is gained is loaded first.
	Owns func(shard int) bool
	// Zone is where office hours are.
	Zone *time.Location
	// Flaws are those known to be used in attacks; nil: no list.
	Flaws Flaws
	// Record, if set, is shown all that is recorded, before it is.
	Record func(*store.Judged)
	// News, if set, is called when news for people became durable.
	News func()
	// Queue is how many observations may wait, default 20,000. What comes while
	// it is full is had from the stores later.
	Queue int
}

// Keeper keeps what was judged; a part of store.Health.
type Keeper interface {
	Record(ctx context.Context, j *store.Judged) error
	Findings(ctx context.Context, q store.FindingQuery) ([]store.Finding, error)
	Incidents(ctx context.Context, q store.IncidentQuery) ([]store.Incident, error)
	RuleMarks(ctx context.Context) ([]store.RuleMark, error)
	SwitchOff(ctx context.Context, rule, why string, at time.Time) error
	Maintenances(ctx context.Context) ([]store.Maintenance, error)
}

// Inventory is what a judge reads of devices; a part of store.Inventory.
type Inventory interface {
	Devices(ctx context.Context, q store.DeviceQuery) (store.DevicePage, error)
	Device(ctx context.Context, s store.Scope, id inventory.DeviceID) (store.Device, error)
	Sections(ctx context.Context, id inventory.DeviceID, at time.Time, names []string) ([]store.SectionView, error)
	Sites(ctx context.Context, s store.Scope) ([]store.Site, error)
	Journal(ctx context.Context, q store.JournalQuery) ([]store.Change, error)
	Events(ctx context.Context, q store.EventQuery) ([]store.EventRow, error)
	Layout(ctx context.Context, h report.LayoutHash) (report.Layout, error)
	SetPresence(ctx context.Context, states map[inventory.DeviceID]store.Presence) error
}

// Series is what a judge reads of numbers; a part of store.Series.
type Series interface {
	Query(ctx context.Context, q store.SeriesQuery) ([]store.SeriesResult, error)
}

// Judge holds the rules against what devices report. Make it with New; hand it
// observations with Offer and keep it going with Run, or, with time of one's
// own, call Observe and Tick.
type Judge struct {
	o     Options
	queue chan Observation
	lost  losses

	mu      sync.Mutex // guards all below
	plan    *plan
	devices map[inventory.DeviceID]*device
	order   []inventory.DeviceID // of devices, for rounds that are the same each time
	nobody  *device              // stands for what is not one device's
	stats   Stats

	// Of rules.
	lowered  map[string]bool   // whose severity is one less
	off      map[string]string // that are switched off, and why
	switched []string          // of them, those that are not recorded yet
	costs    []cost            // by their place
	windows  windows

	// Of the fleet.
	owned     [Shards]bool
	peers     peers
	risks     risks
	join      join
	siteIDs   map[[2]string]int64 // by agency and name
	reports   map[int64]siteReports
	outages   []outage
	siteSince map[int64]time.Time // by site: it seems to be silent
	searched  map[string][2]int   // by rule: with how many devices, and bad ones, a cause was last sought
	changesAt time.Time
	met       time.Time            // the list of devices was read last
	clock     time.Time            // of the last tick
	closed    map[string]time.Time // incidents beyond a device that a person closed, by key: see mayOpen
	wants     []wish
	unmet     []inventory.DeviceID // to be loaded yet, after a start, or anew
	later     []retry
	recalls   []*device
	unlearnt  []*device // with watchers that have not seen their past

	// To be recorded.
	inc   incidents
	draft store.Judged
	dirty []*state
}

// Stats is what a judge did.
type Stats struct {
	Devices      int           `json:"devices"`
	Observations int64         `json:"observations"`
	Judgements   int64         `json:"judgements"` // a rule asked about a component
	Late         int64         `json:"late"`       // observations older than the device's newest
	Overflowed   int64         `json:"overflowed"` // observations that did not fit into the queue
	Waiting      int           `json:"waiting"`    // observations in the queue
	Unknown      int           `json:"unknown"`    // devices whose past, from before the start, is not known yet
	Took         time.Duration `json:"took"`
}

// Shards is into how many parts the fleet is cut, so that collectors can share
// it.
const Shards = 64

// Shard is the one that a device belongs to.
func Shard(id inventory.DeviceID) int {
	h := fnv.New32a()
	h.Write([]byte(id))
	return int(h.Sum32() % Shards)
}

// New makes a judge that judges nothing yet.
func New(o Options) (*Judge, error) {
	if o.Rules == nil {
		return nil, errors.New("start judging: there are no rules")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Interval == nil {
		o.Interval = func() time.Duration { return time.Minute }
	}
	if o.Owns == nil {
		o.Owns = func(int) bool { return true }
	}
	if o.Zone == nil {
		o.Zone = time.Local
	}
	if o.Queue == 0 {
		o.Queue = 20_000
	}
	j := &Judge{o: o, queue: make(chan Observation, o.Queue), devices: map[inventory.DeviceID]*device{},
		lowered: map[string]bool{}, off: map[string]string{}, nobody: newDevice(Info{}), join: newJoin(), siteIDs: map[[2]string]int64{}, reports: map[int64]siteReports{},
		siteSince: map[int64]time.Time{}, searched: map[string][2]int{}, closed: map[string]time.Time{}, inc: newIncidents()}
	model, err := drive.Ours()
	if err != nil {
		return nil, fmt.Errorf("start judging: drive risk model: %w", err)
	}
	j.risks.model, j.risks.listed = model, map[riskKey]listing{}
	for i := range j.owned {
		j.owned[i] = o.Owns(i)
	}
	j.use(o.Rules)
	return j, nil
}

// use takes rules into use.
func (j *Judge) use(set *rule.Set) {
	j.plan = newPlan(set)
	j.plan.remembers = j.o.Series != nil
	j.costs = make([]cost, len(set.Rules))
	j.peers = newPeers()
}

// Meet introduces a device, where there is no inventory to ask.
func (j *Judge) Meet(i Info) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if d := j.devices[i.ID]; d != nil {
		d.info = i
		return
	}
	j.enter(newDevice(i))
}

func (j *Judge) enter(d *device) {
	j.devices[d.info.ID] = d
	j.order = append(j.order, d.info.ID)
}

// Offer hands an observation over. It never waits: what does not fit is had
// from the stores once there is time.
func (j *Judge) Offer(o Observation) {
	select {
	case j.queue <- o:
	default:
		j.lost.add(o.Device)
	}
}

// Stats is what was done so far.
func (j *Judge) Stats() Stats {
	j.mu.Lock()
	defer j.mu.Unlock()
	s := j.stats
	s.Devices, s.Waiting, s.Overflowed = len(j.devices), len(j.queue), j.lost.count()
	unknown := map[inventory.DeviceID]bool{}
	for _, id := range j.unmet {
		unknown[id] = true
	}
	for _, d := range j.recalls {
		unknown[d.info.ID] = true
	}
	s.Unknown = len(unknown)
	return s
}

// Observe judges what one device said, at the time it said it.
func (j *Judge) Observe(ctx context.Context, o Observation) error {
	j.mu.Lock()
	mine := j.owned[Shard(o.Device)]
	j.mu.Unlock()
	if !mine {
		return nil
	}
	d, err := j.device(ctx, o)
	if err != nil || d == nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.observe(ctx, d, o)
	return nil
}

func (j *Judge) observe(ctx context.Context, d *device, o Observation) {
	begin := time.Now()
	j.stats.Observations++
	d.heardN++
	now := o.At
	if now.Before(d.at) {
		// Resent, or of another epoch: its parts have their own times, and
		// what is judged stays at the newest.
		j.stats.Late++
		now = d.at
	}
	d.at = now
	if o.ReceivedAt.After(d.heard) {
		d.heard = o.ReceivedAt
		d.week.mark(o.ReceivedAt.In(j.o.Zone))
	}
	if d.info.Retired {
		return
	}
	touched := map[int]bool{}
	touch := func(rules []int) {
		for _, r := range rules {
			touched[r] = true
		}
	}
	for _, s := range o.Sections {
		at := s.At
		if at.IsZero() {
			at = o.At
		}
		touch(d.section(j.plan, s, at))
		d.patches(s, j.o.Flaws)
		j.join.take(d.id, s, at)
	}
	d.stopped = false
	for _, e := range o.Events {
		d.told(e, now)
		d.stopped = d.stopped || slices.Contains(goodnight(), e.Kind) && now.Sub(e.At) < silence(j.o.Interval())
		if k := j.plan.kinds[e.Kind]; k != nil && !o.ReceivedAt.Truncate(time.Millisecond).After(d.knows) {
			touch(k.rules) // it came with what was loaded
		} else if d.event(j.plan, e, o.ReceivedAt) {
			touch(j.plan.kinds[e.Kind].rules)
		}
	}
	for _, n := range o.Samples {
		if n.Layout == nil && d.places[n.Hash] == nil {
			n.Layout = j.layout(ctx, n.Hash)
		}
		if d.numbers(j.plan, n, touch) {
			d.rememberDrives(j.plan, n.At)
		}
	}
	if d.unlearnt {
		d.unlearnt = false
		j.unlearnt = append(j.unlearnt, d)
	}
	if now.Sub(d.timed) >= timedEvery {
		d.timed = now
		touch(j.plan.timed)
		j.forget(d, now)
	}
	j.round(d, now, touched)
	if d.began.IsZero() {
		d.began = now
	}
	j.stats.Took += time.Since(begin)
}

// timedEvery is how often rules are asked that can become true without
// anything new.
const timedEvery = time.Hour

// round asks the rules that something new concerns, and all that have said
// something.
func (j *Judge) round(d *device, now time.Time, touched map[int]bool) {
	list := make([]int, 0, len(touched)+len(d.states))
	for r := range touched {
		list = append(list, r)
	}
	for k := range d.states {
		if i := j.plan.index(k.rule); i >= 0 && !touched[i] {
			list = append(list, i)
		}
	}
	slices.Sort(list)
	for _, ri := range slices.Compact(list) {
		r := j.plan.set.Rules[ri]
		if !j.concerns(r, d) {
			continue
		}
		for _, p := range d.partsOf(r) {
			j.stats.Judgements++
			did := j.judge(d, ri, p, now, touched[ri], nil)
			j.moved(d, stateKey{r.ID, p.key}, did, now)
		}
	}
}

// concerns says whether a rule is for a device of that kind.
func (j *Judge) concerns(r *rule.Rule, d *device) bool {
	if r.Disabled || j.off[r.ID] != "" || fleetSubject(r.Subject) {
		return false
	}
	kind := d.info.Kind
	if kind == "" {
		kind = "pc"
	}
	if len(r.Kinds) > 0 {
		if !slices.Contains(r.Kinds, kind) {
			return false
		}
	} else if kind != "pc" && kind != "server" {
		return false
	}
	return len(r.OS) == 0 || slices.Contains(r.OS, d.info.OS)
}

// fleetSubject are the subjects of which one device is only a part.
func fleetSubject(s string) bool { return s == "cause" || s == "change" || s == "site" }

// partsOf lists the components that a rule is about, in an order that repeats.
func (d *device) partsOf(r *rule.Rule) []*part {
	if r.Subject == "series" {
		return d.watchedParts(r)
	}
	if r.Subject == rule.Device {
		return []*part{d.whole()}
	}
	m := d.parts[r.Subject]
	out := make([]*part, 0, len(m))
	for _, p := range m {
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b *part) int { return compareText(a.key, b.key) })
	return out
}

// forget drops components that are gone for long, with what was found on them,
// and what ended a day ago.
func (j *Judge) forget(d *device, now time.Time) {
	for k, st := range d.ended {
		if now.Sub(st.f.ResolvedAt) > flapTime {
			delete(d.ended, k)
		}
	}
	for subject, m := range d.parts {
		for key, p := range m {
			told := !p.last.IsZero() && now.Sub(p.last) > 2*keepGone && p.label == "" && !d.tracked(key)
			if subject != rule.Device && (!p.gone.IsZero() && now.Sub(p.gone) > keepGone || told) {
				delete(m, key)
				for k := range d.tracks {
					if k.part == key && j.plan.numbers[k.number].subject.Name == subject {
						delete(d.tracks, k)
						delete(d.called, k)
					}
				}
				for _, s := range rule.Subjects() {
					if rs := d.rows[s.Section]; s.Name == subject && rs != nil {
						delete(rs.by, key)
					}
				}
				clear(d.places)
				for k, st := range d.states {
					if r, ok := j.plan.set.Find(k.rule); ok && k.part == key && r.Subject == subject {
						j.moved(d, k, j.end(d, st, now, "gone for good"), now)
					}
				}
			}
		}
	}
}

// tracked says whether a component has numbers.
func (d *device) tracked(part string) bool {
	for k := range d.tracks {
		if k.part == part {
			return true
		}
	}
	return false
}

// keepGone is how long a component that vanished is remembered.
const keepGone = 30 * 24 * time.Hour

// layout finds one that came with an earlier report.
func (j *Judge) layout(ctx context.Context, h report.LayoutHash) report.Layout {
	if j.o.Inventory == nil {
		return nil
	}
	l, err := j.o.Inventory.Layout(ctx, h)
	if err != nil && ctx.Err() == nil {
		j.o.Log.Warn("numbers could not be judged", "error", fmt.Errorf("find layout: %w", err))
	}
	return l
}

func compareText(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// Use takes other rules into use. What was found by rules that are no longer
// there ends; all else goes on.
func (j *Judge) Use(set *rule.Set) {
	j.mu.Lock()
	defer j.mu.Unlock()
	old := j.plan
	j.use(set)
	j.wants = nil // by the places of the old rules
	for _, id := range j.order {
		d := j.devices[id]
		tracks := map[trackKey]*window.Track{}
		for k, t := range d.tracks {
			if n, ok := j.plan.byNumber[old.numbers[k.number].ref]; ok {
				tracks[trackKey{n, k.part}] = t
			}
		}
		d.tracks = tracks
		clear(d.places)
		clear(d.counts)
		clear(d.called)
		clear(d.habits)
		for k, w := range d.watch {
			if n, ok := j.plan.byNumber[k.ref]; !ok || j.plan.numbers[n].detected != (w.det != nil) {
				delete(d.watch, k)
			}
		}
		d.wanted = nil
		d.remap(old, j.plan)
		j.loadAgain(d) // columns may be asked for that were not kept
		now := newest(d.at, j.o.Now())
		for k, st := range d.states {
			if i := j.plan.index(k.rule); i < 0 || set.Rules[i].Disabled {
				j.moved(d, k, j.end(d, st, now, "the rule is no longer used"), now)
			} else if st.level > len(set.Rules[i].Levels) {
				st.level = len(set.Rules[i].Levels)
			}
		}
	}
}
