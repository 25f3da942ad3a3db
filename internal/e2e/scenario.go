//go:build linux

package e2e

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"muster/agent/simulate"
	"muster/collector/drain"
	"muster/collector/health"
	"muster/collector/health/rule"
	"muster/collector/health/rules"
	"muster/collector/intake"
	"muster/collector/store"
	"muster/collector/store/influx"
	"muster/collector/store/sqlstore"
	"muster/collector/store/tsdb"
	"muster/internal/inventory"
	"muster/internal/report"
)

// Stage is a collector on which a simulated fleet plays in virtual time. All
// of it is the real thing (decoding, the door, both stores, the drain, the
// judge and its rules) but for the clock, which Step sets, and the network:
// bodies are handed over. Make it with NewStage, Step it, Close it.
type Stage struct {
	Play      *simulate.Play
	Roles     []simulate.Role
	IDs       []inventory.DeviceID // of Roles
	Inventory *sqlstore.Inventory
	Series    seriesStore
	Judges    []*health.Judge // of which one owns the fleet
	Rules     *rule.Set
	Stats     StageStats

	o      StageOptions
	now    atomic.Int64 // Unix ms
	owner  atomic.Int64 // which judge
	door   *intake.Door
	pipe   *pipe
	cancel context.CancelFunc
	wg     sync.WaitGroup
	errs   chan error

	mu    sync.Mutex
	taken []intake.Taken
	role  map[inventory.DeviceID]int
}

// seriesStore is a series store with what keeps it going.
type seriesStore interface {
	store.Series
	Run(ctx context.Context) error
}

// StageOptions say what is played.
type StageOptions struct {
	Dir    string // for the stores
	Fleet  simulate.Options
	Start  time.Time
	Agency string    // its sites are those of the scenario
	Rules  *rule.Set // nil: Muster's own
	Judges int       // as of so many collectors; 0: one
	// Postgres has the inventory; nil: it is a file in Dir.
	Postgres *sqlstore.Server
	// Influx is the address of an InfluxDB that has the series; empty: they
	// are in Dir.
	Influx string
	// Recorded is shown what became durable of judging, with its numbers.
	Recorded func(*store.Judged)
	Log      *slog.Logger
}

// StageStats is what was played, and how long each part took.
type StageStats struct {
	Steps, Bodies, Reports, Late         int
	Playing, Taking, Judging, Tick, Rest time.Duration
}

// NewStage opens stores in a folder, enters the sites and devices of the
// scenario, and starts the door.
func NewStage(ctx context.Context, o StageOptions) (*Stage, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Stage{o: o, pipe: newPipe(), errs: make(chan error, 4), role: map[inventory.DeviceID]int{}, Rules: o.Rules}
	s.now.Store(o.Start.UnixMilli())
	var err error
	if s.Rules == nil {
		if s.Rules, err = rule.Load(rules.Files(), nil, ""); err != nil {
			return nil, err
		}
	}
	if s.Play, err = simulate.NewPlay(o.Fleet, o.Start); err != nil {
		return nil, err
	}
	s.Roles = s.Play.Roles()
	if o.Postgres != nil {
		s.Inventory, err = sqlstore.OpenPostgres(ctx, *o.Postgres, sqlstore.Options{Now: s.Now})
	} else {
		s.Inventory, err = sqlstore.Open(ctx, filepath.Join(o.Dir, "inventory.db"), sqlstore.Options{Now: s.Now})
	}
	if err != nil {
		return nil, err
	}
	if o.Influx != "" {
		s.Series, err = influx.New(influx.Options{URL: o.Influx, Database: "stage", Now: s.Now, Log: o.Log})
	} else {
		s.Series, err = tsdb.New(tsdb.Options{Dir: filepath.Join(o.Dir, "series"), Now: s.Now, Log: o.Log})
	}
	if err != nil {
		return nil, errors.Join(err, s.Inventory.Close())
	}
	if err := s.enter(ctx); err != nil {
		return nil, errors.Join(err, s.Inventory.Close())
	}
	s.Judges = make([]*health.Judge, max(o.Judges, 1))
	for n := range s.Judges {
		if err := s.NewJudge(ctx, n); err != nil {
			return nil, errors.Join(err, s.Inventory.Close())
		}
	}
	s.door = intake.New(intake.Options{Inventory: s.Inventory, Outbox: s.pipe, Policies: noPolicies{o.Fleet.Interval}, Log: o.Log, Now: s.Now, Taken: s.take})
	d := drain.New(drain.Options{Source: s.pipe, Series: s.Series, Layouts: s.Inventory.Layout, Log: o.Log, Wait: 10 * time.Millisecond})
	run, cancel := context.WithCancel(ctx)
	s.cancel = cancel
	for _, f := range []func(context.Context) error{s.Series.Run, s.door.Run, d.Run} {
		s.wg.Go(func() {
			if err := f(run); err != nil && run.Err() == nil {
				s.errs <- err
			}
		})
	}
	return s, nil
}

// Now is the time of the collector.
func (s *Stage) Now() time.Time { return time.UnixMilli(s.now.Load()).UTC() }

// NewJudge puts a judge that knows only what is in the stores in the place of
// the n-th, as after a restart.
func (s *Stage) NewJudge(ctx context.Context, n int) error {
	k, ok := any(s.Inventory).(health.Keeper)
	if !ok {
		return errors.New("the inventory store keeps no findings")
	}
	j, err := health.New(health.Options{Rules: s.Rules, Keeper: keeper{k, s.o.Recorded}, Inventory: s.Inventory, Series: s.Series, Log: s.o.Log, Now: s.Now,
		Interval: func() time.Duration { return s.o.Fleet.Interval }, Zone: time.UTC, Owns: func(int) bool { return s.owner.Load() == int64(n) }})
	if err != nil {
		return err
	}
	s.Judges[n] = j
	return j.Load(ctx)
}

// Move gives the fleet to the next judge, from its next Step on.
func (s *Stage) Move() { s.owner.Store((s.owner.Load() + 1) % int64(len(s.Judges))) }

// keeper shows what it has kept.
type keeper struct {
	health.Keeper
	show func(*store.Judged)
}

// Record implements health.Keeper.
func (k keeper) Record(ctx context.Context, j *store.Judged) error {
	if err := k.Keeper.Record(ctx, j); err != nil || k.show == nil {
		return err
	}
	k.show(j)
	return nil
}

// enter puts sites and devices into the inventory, as invitations for each
// site and the poller do.
func (s *Stage) enter(ctx context.Context) error {
	if _, err := s.Inventory.PutAgency(ctx, store.Agency{Name: s.o.Agency}); err != nil {
		return fmt.Errorf("enter agency: %w", err)
	}
	sites := map[string]int64{"": 0}
	for i, r := range s.Roles {
		if _, ok := sites[r.Site]; !ok {
			x, err := s.Inventory.PutSite(ctx, store.Site{Agency: s.o.Agency, Name: r.Site})
			if err != nil {
				return fmt.Errorf("enter site: %w", err)
			}
			sites[r.Site] = x.ID
		}
		// The form of a UUIDv7, in the order of the roles.
		id := inventory.DeviceID(fmt.Sprintf("%08x-0000-7000-8000-%012x", s.o.Start.Unix(), i))
		s.IDs = append(s.IDs, id)
		s.role[id] = i
	}
	// A small fleet one after the other, so that a test has the same order each
	// time; of a large one many share a commit.
	lanes := 1
	if len(s.Roles) > 5000 {
		lanes = 64
	}
	var wg sync.WaitGroup
	errs := make([]error, lanes)
	for lane := range lanes {
		wg.Go(func() {
			for i := lane; i < len(s.Roles) && errs[lane] == nil; i += lanes {
				r := s.Roles[i]
				if err := s.Inventory.AddDevice(ctx, store.NewDevice{ID: s.IDs[i], Kind: r.Kind, Name: r.Name, Site: sites[r.Site], At: s.o.Start}); err != nil {
					errs[lane] = fmt.Errorf("enter device: %w", err)
				}
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// take keeps what became durable until it is judged.
func (s *Stage) take(t intake.Taken) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken = append(s.taken, t)
}

// Step lets time pass until now: what devices send is taken in, judged in the
// order of the devices, and in the series store, before it returns.
func (s *Stage) Step(ctx context.Context, now time.Time) error {
	s.now.Store(now.UnixMilli())
	begin := time.Now()
	sent, err := s.Play.Step(now)
	if err != nil {
		return err
	}
	s.lap(&s.Stats.Playing, &begin)
	for len(sent) > 0 {
		if sent, err = s.deliver(ctx, sent, now); err != nil {
			return err
		}
	}
	s.lap(&s.Stats.Taking, &begin)
	s.mu.Lock()
	list := s.taken
	s.taken = nil
	s.mu.Unlock()
	slices.SortStableFunc(list, func(a, b intake.Taken) int { return cmp.Compare(s.role[a.Device], s.role[b.Device]) })
	for _, t := range list {
		if now.Sub(t.At) > s.o.Fleet.Interval {
			s.Stats.Late++
		}
		for _, j := range s.Judges {
			if err := j.Observe(ctx, observation(t)); err != nil {
				return err
			}
		}
	}
	s.lap(&s.Stats.Judging, &begin)
	if err := s.pipe.settle(ctx, s.errs); err != nil {
		return err
	}
	s.lap(&s.Stats.Rest, &begin)
	// Who had the fleet lets go of it before another takes it.
	first := int(s.owner.Load()) + 1
	for n := range s.Judges {
		j := s.Judges[(first+n)%len(s.Judges)]
		if err := j.Tick(ctx, now); err != nil {
			return err
		}
		if err := j.Remind(ctx, 100); err != nil {
			return err
		}
	}
	s.lap(&s.Stats.Tick, &begin)
	s.Stats.Steps++
	return nil
}

func (s *Stage) lap(into *time.Duration, begin *time.Time) {
	now := time.Now()
	*into += now.Sub(*begin)
	*begin = now
}

// observation is what a collector hands its judge of a report.
func observation(t intake.Taken) health.Observation {
	o := health.Observation{Device: t.Device, At: t.At, ReceivedAt: t.ReceivedAt, Sections: t.Sections, Events: t.Events}
	for _, s := range t.Samples {
		n := health.Numbers{At: t.At.Add(-time.Duration(max(s.At, 0)) * time.Millisecond), Hash: s.Layout, Values: s.Values}
		for _, l := range t.Layouts {
			if l.Hash() == s.Layout {
				n.Layout = l
			}
		}
		o.Samples = append(o.Samples, n)
	}
	return o
}

// atOnce is how many bodies stand before the door at a time: it turns away who
// comes when 4,096 wait, as it should, and here nobody comes again.
const atOnce = 2000

// deliver hands bodies to the door, many at once as a fleet does, and gives the
// answers back. It answers what devices send because of them.
func (s *Stage) deliver(ctx context.Context, sent []simulate.Sent, now time.Time) ([]simulate.Sent, error) {
	answers := make([]report.Answer, len(sent))
	errs := make([]error, len(sent))
	var wg sync.WaitGroup
	gate := make(chan struct{}, atOnce)
	for i, x := range sent {
		gate <- struct{}{}
		wg.Go(func() {
			defer func() { <-gate }()
			e, err := report.Decode(x.Body)
			if err == nil {
				answers[i], err = s.door.Accept(ctx, intake.Sender{Device: s.IDs[x.Role], Machine: s.Roles[x.Role].Evidence.Fingerprint(), Address: "127.0.0.1:40000"}, e)
			}
			if err != nil {
				errs[i] = fmt.Errorf("device %s: %w", s.Roles[x.Role].Name, err)
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	var more []simulate.Sent
	for i, x := range sent {
		s.Stats.Bodies++
		s.Stats.Reports += x.Reports
		next, ok, err := s.Play.Heard(x.Role, answers[i], now)
		if err != nil {
			return nil, err
		}
		if ok {
			more = append(more, next)
		}
	}
	return more, nil
}

// Close ends the stage.
func (s *Stage) Close() error {
	s.cancel()
	s.wg.Wait()
	return errors.Join(s.Series.Close(), s.Inventory.Close())
}

// noPolicies is a collector without groups.
type noPolicies struct{ interval time.Duration }

func (noPolicies) Policy(inventory.DeviceID) (report.Policy, [8]byte) {
	return report.Policy{}, [8]byte{}
}
func (p noPolicies) Next() int64 { return int64(p.interval / time.Second) }

// pipe stands in for the outbox: what goes in on one side comes out on the
// other, and nothing is kept.
type pipe struct {
	mu      sync.Mutex
	records []drain.Record
	last    uint64 // in
	done    uint64 // out
	more    chan struct{}
	less    chan struct{}
}

func newPipe() *pipe { return &pipe{more: make(chan struct{}, 1), less: make(chan struct{}, 1)} }

func poke(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// Append implements intake.Outbox.
func (p *pipe) Append(records [][]byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, b := range records {
		p.last++
		p.records = append(p.records, drain.Record{ID: p.last, Body: b})
	}
	poke(p.more)
	return nil
}

// Room implements intake.Outbox.
func (p *pipe) Room() bool { return true }

// Next implements drain.Source.
func (p *pipe) Next(ctx context.Context, most, _ int) ([]drain.Record, error) {
	for {
		p.mu.Lock()
		out := slices.Clone(p.records[:min(most, len(p.records))])
		p.mu.Unlock()
		if len(out) > 0 {
			return out, nil
		}
		select {
		case <-p.more:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// Done implements drain.Source.
func (p *pipe) Done(id uint64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.records) > 0 && p.records[0].ID <= id {
		p.records = p.records[1:]
	}
	p.done = id
	poke(p.less)
	return nil
}

// Poison implements drain.Source: a simulated fleet says nothing that a series
// store cannot take.
func (p *pipe) Poison(id uint64, reason string) error {
	return fmt.Errorf("record %d was put aside: %s", id, reason)
}

// Again implements drain.Source; what is not done is still there.
func (p *pipe) Again() {}

// settle waits until all that went in came out.
func (p *pipe) settle(ctx context.Context, errs <-chan error) error {
	for {
		p.mu.Lock()
		empty := p.done == p.last
		p.mu.Unlock()
		if empty {
			return nil
		}
		select {
		case <-p.less:
		case err := <-errs:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
