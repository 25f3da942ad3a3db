// Package agent joins the agent: host → gather → spool → send. It owns the
// rhythm (when something is read, put together, sent) and what an answer of
// the collector changes here. Each stage is a package of its own that does
// not know its neighbours.
package agent

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"muster/agent/config"
	"muster/agent/gather"
	"muster/agent/gather/clock"
	"muster/agent/gather/cpuload"
	"muster/agent/gather/diskio"
	"muster/agent/gather/diskspace"
	"muster/agent/gather/memload"
	"muster/agent/gather/netio"
	"muster/agent/gather/power"
	"muster/agent/gather/pressure"
	"muster/agent/gather/probe"
	"muster/agent/gather/self"
	"muster/agent/gather/sensor"
	"muster/agent/gather/sysload"
	"muster/agent/host"
	"muster/agent/send"
	"muster/agent/spool"
	"muster/agent/watch"
	"muster/internal/buildinfo"
	"muster/internal/enroll"
	"muster/internal/event"
	"muster/internal/inventory"
	"muster/internal/private"
	"muster/internal/report"
	"muster/internal/segment"
	"muster/internal/service"
)

// Options of Run.
type Options struct {
	Config config.Config
	// Invitation gives the enrolment string when it is needed.
	Invitation func() (enroll.Invitation, error)
	Once       bool // one report, delivered, then the end
	Log        *slog.Logger
	Host       *host.Host // default: this machine
	// Program is the path of this program, to read sections in processes of
	// their own. Empty: all are read in this one.
	Program string
	// Bind holds this process to the limits of memory and processor time that
	// the settings name. Without it only the process' owner binds it.
	Bind bool
	// Woke says that the machine woke from sleep, where something else than the
	// clocks tells it; may be nil.
	Woke <-chan struct{}
}

// Run is the agent. It returns when ctx ends, after a last word to the
// collector, or with an error that a restart may cure.
func Run(ctx context.Context, o Options) error {
	a, err := open(o)
	if err != nil {
		return err
	}
	defer a.close()
	if o.Once {
		return a.once(ctx)
	}
	return a.run(ctx)
}

type agent struct {
	o      Options
	host   *host.Host
	log    *slog.Logger
	member *send.Member
	spool  *spool.Spool
	kept   *kept
	rec    *recorder
	watch  *watch.Watch
	caps   caps
	prober *probe.Prober
	del    *deliverer
	thrift *thrift

	news  chan struct{} // something came of the deliverer's work
	pages pages         // of the program, given back when nothing is to be done

	mu       sync.Mutex
	wishes   gather.Wishes
	evidence enroll.Evidence
	started  time.Time
	next     time.Duration
	inForce  config.Config // the machine's own settings under the collector's wishes
	settings string        // hash of those wishes
}

func open(o Options) (*agent, error) {
	a := &agent{o: o, host: o.Host, log: o.Log, next: time.Minute, news: make(chan struct{}, 1)}
	if a.host == nil {
		a.host = host.Local()
	}
	a.started = a.host.Now()
	if o.Bind {
		var err error
		if a.caps, err = bind(o.Config.Limits); err != nil {
			a.log.Debug("no control group of the agent's own holds it to its limits", "because", err, "held_by", a.caps.by)
		}
	}
	dir := o.Config.Data
	if err := prepare(dir); err != nil {
		return nil, err
	}
	var err error
	a.spool, err = spool.Open(filepath.Join(dir, spoolName), spool.Options{
		MaxBytes: int64(o.Config.Spool.Size), MaxAge: time.Duration(o.Config.Spool.Age), Now: a.host.Now})
	if errors.Is(err, segment.ErrLocked) {
		return nil, fmt.Errorf("another agent runs with the data folder %s: stop it, or give another folder with --data", dir)
	}
	if err != nil {
		return nil, fmt.Errorf("open spool: %w", err)
	}
	if a.kept, err = openKept(dir); err != nil {
		a.spool.Close()
		return nil, err
	}
	a.evidence = evidence(context.Background(), a.host)
	a.member = &send.Member{Dir: dir, Invitation: o.Invitation, Extra: o.Config.Collectors, Log: a.log, Now: a.host.Now,
		Proxy:    proxy(o.Config),
		Evidence: func(ctx context.Context) enroll.Evidence { return evidence(ctx, a.host) }}
	if err := a.member.Open(); err != nil {
		a.spool.Close()
		return nil, err
	}
	if err := a.join(); err != nil {
		a.spool.Close()
		return nil, err
	}
	return a, nil
}

func (a *agent) close() {
	if err := a.spool.Close(); err != nil {
		a.log.Error("close spool", "error", err)
	}
}

// join connects the stages.
func (a *agent) join() error {
	c := a.o.Config
	a.prober = &probe.Prober{Host: a.host, Now: a.host.Now, Collector: a.answered, On: a.probing}
	updates := &offers{path: filepath.Join(c.Data, offersName), now: a.host.Now, log: a.log,
		calm: func(ctx context.Context) bool {
			_, battery := power.Draining(ctx, a.host)
			return !battery && a.thrift.look(ctx) == ""
		}}
	updates.load()
	list := append(sectionsWith(updates.last), gather.Section{Name: "agent", Read: a.readSelf})
	if probed() {
		list = append(list, gather.Section{Name: "network_probe", Read: a.prober.Read})
	}
	rs, err := newReadings(a.host, list, time.Duration(c.Limits.Reader), a.host.Now)
	if err != nil {
		return err
	}
	rs.log = a.log
	if a.o.Once {
		rs.patience = rs.limit // there is no later report
	}
	if a.o.Program != "" {
		rs.child = &child{program: a.o.Program, memory: half(c.Limits), limit: rs.limit, log: a.log, one: make(chan struct{}, 1)}
	}
	if a.o.Bind {
		rs.pacer = pacer{share: float64(c.Limits.CPU) / 100, cost: spent}
	}
	a.thrift = &thrift{host: a.host, now: a.host.Now, bound: func() config.Pause { a.mu.Lock(); defer a.mu.Unlock(); return a.inForce.Pause }, turned: a.pausing}
	if !a.o.Once { // somebody asks for that one
		rs.saving = func(ctx context.Context) bool { return a.thrift.look(ctx) != "" }
	}
	rs.whole, rs.nowWhole = a.kept.Whole, a.kept.SetWhole
	boot := bootID(a.host)
	a.rec = &recorder{host: a.host, log: a.log, now: a.host.Now, readings: rs, spool: a.spool, kept: a.kept,
		machine: func() [8]byte { return a.evidence.Fingerprint() }, boot: boot, turned: make(chan struct{}, 1), urgent: make(chan struct{}, 1)}
	rs.ready = a.rec.hurry
	if a.o.Bind {
		a.rec.rest = a.rest
	}
	a.rec.sheet.unknown = func(m, f string) {
		a.log.Error("a sampler uses a name the catalogue lacks", "measurement", m, "field", f)
	}
	wishes := func() gather.Wishes { a.mu.Lock(); defer a.mu.Unlock(); return a.wishes }
	a.rec.sheet.more = func(m string) bool { return m == "pressure" && wishes().Pressure }
	a.rec.samplers = []gather.Sampler{
		cpuload.New(wishes),
		memload.New(),
		&diskspace.Sampler{Volumes: volumes},
		diskio.New(),
		netio.New(),
		sysload.Sampler{},
		&sensor.Sampler{},
		&pressure.Sampler{Wishes: wishes},
		&clock.Sampler{Offset: func() (float64, bool) { return a.del.offset() }},
		a.bootSampler(boot),
		a.prober,
		&self.Sampler{State: a.state},
	}
	if runtime.GOOS == "darwin" {
		// Its kernel tells these to programs that are linked with Apple's libraries,
		// and this one is not.
		a.rec.samplers = slices.DeleteFunc(a.rec.samplers, func(s gather.Sampler) bool { return s.Name() == "cpu" || s.Name() == "diskio" })
	}
	for _, s := range list {
		if s.Numbers != nil {
			a.rec.samplers = append(a.rec.samplers, s.Numbers)
		}
	}
	if rs.child != nil {
		for _, s := range seldom() {
			a.rec.samplers = append(a.rec.samplers, newRare(s, rs.child, a.host.Now))
		}
		if len(offered()) > 0 {
			searcher := &child{program: a.o.Program, memory: half(c.Limits), limit: searchLimit, log: a.log}
			updates.ask = func(ctx context.Context) ([]byte, error) { return searcher.ask(ctx, "--section", "patch", "--offered") }
			updates.told = func() { a.rec.want([]string{"patch", "patch_status"}) }
			a.rec.samplers = append(a.rec.samplers, updates)
		}
	}
	wake := make(chan struct{}, 1)
	a.rec.wake = func() {
		select {
		case wake <- struct{}{}:
		default:
		}
	}
	a.del = &deliverer{member: a.member, spool: a.spool, log: a.log, now: a.host.Now, hostname: func() string { return hostname() },
		mono: a.host.Mono, boot: boot, layouts: a.kept.Layouts, wake: wake,
		want: a.rec.want, policy: a.policy, pace: a.pace, told: a.told, thrifty: func() bool { why, _ := a.thrift.last(); return why != "" }}
	last, known := a.kept.Policy()
	a.apply(last)
	a.del.known = known
	a.pace(time.Minute)
	a.rec.events = []watch.Event{{Kind: event.AgentStarted, At: a.host.Now()}}
	return a.startWatch()
}

// startWatch opens the watcher, whose marks belong to the spool's numbers.
func (a *agent) startWatch() error {
	st := a.spool.Stats()
	serials := &serials{host: a.host, now: a.host.Now}
	a.watch = &watch.Watch{Host: a.host, Log: a.log, Path: filepath.Join(a.o.Config.Data, watchedName),
		Serial: serials.of, Kick: a.rec.hurry}
	if err := a.watch.Open(st.Epoch, st.Next); err != nil {
		return err
	}
	a.rec.watch = a.watch
	return nil
}

// pausing has everybody hear that inventory waits, or goes on.
func (a *agent) pausing(why string) {
	if why != "" {
		a.log.Info("inventory waits, and what waits to be sent goes in small pieces", "because", why)
	} else {
		a.log.Info("inventory goes on")
	}
	a.rec.want([]string{"agent"})
	a.told()
}

// told has the status written.
func (a *agent) told() {
	select {
	case a.news <- struct{}{}:
	default: // it is about to be
	}
}

// policy takes a collector's wishes to heart, within the bounds that the
// settings of this machine allow.
func (a *agent) policy(p report.Policy, known [8]byte) error {
	a.apply(p)
	a.rec.want([]string{"agent"}) // which tells that the wish has arrived
	return a.kept.SetPolicy(p, known)
}

func (a *agent) apply(p report.Policy) {
	c := a.o.Config.Under(p)
	every := map[string]time.Duration{}
	for name, d := range c.Sections.Every {
		every[name] = time.Duration(d)
	}
	p.CAs, p.Addresses = nil, nil
	digest, err := p.Digest()
	a.mu.Lock()
	a.wishes = gather.Wishes{PerCore: c.Series.PerCore, PerProcess: c.Series.PerProcess, Pressure: c.Series.Pressure}
	a.inForce, a.settings = c, ""
	if err == nil {
		a.settings = hex.EncodeToString(digest[:])
	}
	a.mu.Unlock()
	a.rec.settle(time.Duration(c.Sample), c.Sections.Off, every)
}

func (a *agent) pace(next time.Duration) {
	var phase time.Duration
	if id := a.member.Identity(); id != nil {
		phase = send.Phase(id.Device, next)
	}
	a.mu.Lock()
	changed := a.next != next
	a.next = next
	a.mu.Unlock()
	a.rec.pace(next, phase)
	if changed {
		a.rec.want([]string{"agent"})
	}
}

// run keeps recorder and deliverer going until ctx ends.
func (a *agent) run(ctx context.Context) error {
	defer a.lastStatus()
	defer a.watch.Close()
	work, stop := context.WithCancel(ctx)
	defer stop()
	errs := make(chan error, 4)
	var wg sync.WaitGroup
	deliver := func(ctx context.Context) error {
		a.thrift.look(ctx) // before the first envelope
		return a.del.Run(ctx)
	}
	for _, f := range []func(context.Context) error{a.rec.Run, deliver, a.watch.Run, a.prober.Run} {
		wg.Go(func() {
			errs <- f(work)
			stop()
		})
	}
	wg.Go(func() { a.writeStatus(work) })
	wg.Go(func() { a.wakes(work) })
	wg.Wait()
	err := errors.Join(<-errs, <-errs, <-errs, <-errs)
	if ctx.Err() != nil && err == nil {
		return a.farewell()
	}
	return err
}

// wakes has the collector hear at once that the machine is there again: its
// user is.
func (a *agent) wakes(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.o.Woke:
			a.rec.hurry()
		}
	}
}

// farewell tells the collector that this stop is meant, if that is quick.
func (a *agent) farewell() error {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
	defer cancel()
	if !a.watch.Ending(ctx) { // or that goes along, as clean_stop
		a.rec.events = append(a.rec.events, watch.Event{Kind: event.AgentStopped, At: a.host.Now()})
	}
	if err := a.rec.report(ctx); err != nil {
		return err
	}
	if err := a.watch.Save(); err != nil {
		a.log.Warn("what was told may be told twice", "error", err)
	}
	if a.member.Identity() != nil {
		if _, err := a.del.send(ctx); err != nil {
			a.log.Debug("the last report waits in the spool", "error", err)
		}
	}
	return nil
}

// once makes one report and delivers all that waits.
func (a *agent) once(ctx context.Context) error {
	defer a.lastStatus()
	defer a.watch.Close()
	a.watch.CatchUp(ctx)
	a.rec.sample(ctx)
	if !pause(ctx, time.Second) {
		return nil
	}
	a.rec.sample(ctx)
	if err := a.rec.report(ctx); err != nil {
		return err
	}
	for range 1000 {
		out, err := a.del.round(ctx)
		a.del.note(out, err)
		if a.del.reinvited(out, err) {
			continue
		}
		if err != nil {
			return err
		}
		if out.Verdict != send.Accepted {
			return fmt.Errorf("not delivered: %s", out.Verdict)
		}
		if a.member.Identity() != nil && !a.del.waiting() {
			return nil
		}
	}
	return errors.New("not delivered: the collector takes reports but never comes to their end")
}

func (a *agent) state() self.State {
	st := a.spool.Stats()
	return self.State{
		GatherSeconds: a.rec.took.Seconds(), GatherErrors: a.rec.errors,
		SendErrors: a.del.failures.Load(), SentBytes: a.del.sentBytes.Load(), SentReports: a.del.sentReports.Load(),
		SpoolBytes: st.Bytes, SpoolReports: int64(st.Waiting), DroppedReports: int64(st.Dropped),
	}
}

// readSelf reads the section agent.
func (a *agent) readSelf(context.Context, *host.Host) (gather.Reading, error) {
	info := buildinfo.Read()
	a.mu.Lock()
	next, c, settings := a.next, a.inForce, a.settings
	a.mu.Unlock()
	_, paused := a.thrift.last()
	runsAs := "unprivileged"
	if a.host.Privileged {
		runsAs = "root"
		if info.OS == "windows" {
			runsAs = "system"
		}
	}
	row := inventory.Agent{
		Version: info.Version, Revision: info.Commit, BuiltAt: info.Built, Platform: info.OS + "/" + info.Arch,
		WireVersion: report.Version, RunsAs: runsAs, SampleSeconds: int64(time.Duration(c.Sample) / time.Second),
		ReportSeconds: int64(next / time.Second), SettingsHash: settings, SectionsOff: c.Sections.Off, SpoolLimitBytes: int64(c.Spool.Size),
		MemoryCapBytes: a.caps.memory, CapsBy: a.caps.by, Proxy: new(string(c.Proxy) != "none" && proxied(c)), Paused: paused, StartedAt: a.started,
	}
	if a.caps.cpu > 0 {
		row.CPUCapPercent = new(int64(a.caps.cpu))
	}
	return gather.Rows([]inventory.Agent{row}, "self")
}

// Proxy functions: the settings decide, the environment only if they say so.
func proxy(c config.Config) func(*http.Request) (*url.URL, error) { return c.Proxy.For() }

func proxied(c config.Config) bool {
	f := proxy(c)
	if f == nil {
		return false
	}
	rq, err := http.NewRequest(http.MethodPost, "https://collector.example.org/", nil)
	if err != nil {
		return false
	}
	u, err := f(rq)
	return err == nil && u != nil
}

// prepare makes the data folder, for this account alone.
func prepare(dir string) error {
	if err := private.Folder(dir, service.Agent().Name); err != nil {
		return fmt.Errorf("data folder: %w; give another with --data", err)
	}
	f, err := os.CreateTemp(dir, ".writable-*")
	if err != nil {
		return fmt.Errorf("data folder %s cannot be written to: %w; give another with --data, or run the agent as the folder's owner", dir, err)
	}
	f.Close()
	return os.Remove(f.Name())
}

func hostname() string {
	n, err := os.Hostname()
	if err != nil {
		return "unknown"
	}
	n, _, _ = strings.Cut(n, ".")
	return n
}

// bootID names this start of the machine. Where the system has no name for
// it, the time of the start does, to the minute.
func bootID(h *host.Host) (b [8]byte) {
	id := h.Line("/proc/sys/kernel/random/boot_id")
	if id == "" && h.Mono != nil {
		if up, err := h.Mono(); err == nil {
			id = h.Now().Add(-up).Truncate(time.Minute).UTC().Format(time.RFC3339)
		}
	}
	if id == "" {
		rand.Read(b[:])
		return b
	}
	sum := sha256.Sum256([]byte("muster boot " + id))
	copy(b[:], sum[:])
	return b
}

// Sections names what this system's agent reads.
func Sections() []string {
	names := []string{"agent"}
	if probed() {
		names = append(names, "network_probe")
	}
	for _, s := range sections() {
		names = append(names, s.Name)
	}
	slices.Sort(names)
	return names
}
