// Package collector joins the collector: receive → intake → store and outbox
// → drain, and beside them the API, presence and upkeep. It owns the order in
// which the parts start and stop, and the small adapters between them. Each
// stage is a package of its own that does not know its neighbours.
package collector

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"muster/collector/account"
	"muster/collector/api"
	"muster/collector/atlas"
	"muster/collector/authority"
	"muster/collector/authority/seal"
	"muster/collector/config"
	"muster/collector/drain"
	"muster/collector/health"
	"muster/collector/intake"
	"muster/collector/notify"
	"muster/collector/outbox"
	"muster/collector/outgoing"
	"muster/collector/receive"
	"muster/collector/rulebook"
	"muster/collector/store"
	"muster/collector/store/sqlstore"
	"muster/collector/summary"
	"muster/collector/web"
	"muster/internal/buildinfo"
	"muster/internal/private"
	"muster/internal/service"
)

// Options of Serve beside the settings.
type Options struct {
	Config config.Config
	File   string // that the settings came from, for backups; empty: none
	Log    *slog.Logger
	Now    func() time.Time
	// Ready is told the addresses that are listened on, once requests are
	// answered.
	Ready func(web, agents net.Addr)
	// Step is called between outbox, SQL and answer; crash tests stop there.
	Step func(string)
}

// Sockets in the data folder, open to its owner only.
const (
	SocketName = "muster.sock" // the command line's way in
	debugName  = "debug.sock"  // profiles of the running process, never on a port
)

// Serve runs the collector until ctx ends or a store fails for good.
func Serve(ctx context.Context, o Options) error {
	if o.Now == nil {
		o.Now = time.Now
	}
	// The series store keeps one object for each series; a heap that grows by
	// half between collections keeps the promise of 1.4 KB of memory each.
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(50)
	}
	maskFiles()
	c, err := open(ctx, o)
	if err != nil {
		return err
	}
	err = c.run(ctx)
	return errors.Join(err, c.close())
}

type collector struct {
	o   Options
	cfg config.Config
	log *slog.Logger
	now func() time.Time

	inventory *sqlstore.Inventory
	atlas     *atlas.Atlas // where everything hangs
	control   *sqlstore.Control
	rules     *rulebook.Book
	series    seriesStore
	outbox    *outbox.Outbox
	authority *authority.Authority
	accounts  *account.Accounts
	policies  *policies
	judge     *health.Judge
	judging   health.Options
	notifier  *notify.Notifier
	summaries *summary.Sender
	dialer    *outgoing.Dialer
	sealer    *seal.Sealer
	door      *intake.Door
	polling   *polling
	receiver  *receive.Receiver
	drain     *drain.Drain
	api       *api.Server
	site      atomic.Pointer[web.Site] // the pages; nil while there are none
	started   time.Time
	addresses []string

	closed   atomic.Pointer[string] // why nothing is taken in; nil when it is
	emptying atomic.Bool            // nothing is taken in, because somebody said so

	backing   chan struct{} // full while a backup is made
	stopBelow atomic.Int64  // tests set it, for a disk that is full; 0: as set

	watchful watchful
	pings    struct{ sent, failed, held atomic.Int64 } // of the dead man's address
	restores []restored                                // the folder's, oldest first
	webCert  atomic.Pointer[time.Time]                 // when web.certificate ends
}

// open opens the stores and joins the parts; nothing runs yet.
func open(ctx context.Context, o Options) (_ *collector, err error) {
	c := &collector{o: o, cfg: o.Config, log: o.Log, now: o.Now, started: o.Now(), backing: make(chan struct{}, 1)}
	dir := c.cfg.Data
	if err := private.Folder(dir, service.Collector().Name); err != nil {
		return nil, fmt.Errorf("data folder: %w; name another with --data", err)
	}
	probe, err := os.CreateTemp(dir, ".writable-*")
	if err != nil {
		return nil, fmt.Errorf("data folder %s cannot be written by this account: %w; name another with --data, or change its owner or rights", dir, err)
	}
	if err := errors.Join(probe.Close(), os.Remove(probe.Name())); err != nil {
		return nil, fmt.Errorf("data folder %s: %w", dir, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.close())
		}
	}()
	so := sqlstore.Options{Log: c.log, Now: c.now}
	// The outbox comes first: it holds the folder against a second collector.
	if c.outbox, err = openOutbox(dir, c.cfg, c.now); err != nil {
		return nil, err
	}
	if err := os.RemoveAll(filepath.Join(dir, backupFolder)); err != nil {
		return nil, fmt.Errorf("remove what is left of a backup: %w", err)
	}
	if c.restores, err = readRestored(dir); err != nil {
		return nil, err
	}
	if c.inventory, err = openInventory(ctx, dir, c.cfg, so); err != nil {
		return nil, fmt.Errorf("inventory: %w", err)
	}
	c.atlas = atlas.New(c.inventory, c.now)
	if c.control, err = openControl(ctx, dir, c.cfg, so); err != nil {
		return nil, fmt.Errorf("control: %w", err)
	}
	if c.series, err = openSeries(dir, c.cfg, c.now, c.log); err != nil {
		return nil, fmt.Errorf("series: %w", err)
	}
	if err := c.openIdentity(ctx, dir); err != nil {
		return nil, err
	}
	if err := c.policies.refresh(ctx); err != nil {
		return nil, fmt.Errorf("settings of groups: %w", err)
	}
	if err := c.openJudge(ctx); err != nil {
		return nil, err
	}
	if err := c.openNotices(); err != nil {
		return nil, err
	}
	c.door = intake.New(intake.Options{Restored: c.lastRestore(), Inventory: c.inventory, Outbox: outboxSide{c.outbox, &c.emptying}, Policies: c.policies, Log: c.log, Now: c.now,
		Taken: c.taken, Step: o.Step})
	l := c.cfg.Limits
	c.receiver = receive.New(receive.Options{Identities: identities{c.authority}, Door: door{c.door, c.missing}, Log: c.log, Now: c.now, Closed: c.isClosed,
		Limits: receive.Limits{Body: int64(l.Body), InFlight: int64(l.InFlight), Enroll: l.EnrollPerSecond, Handshake: l.HandshakesPerSecond, PerMinute: l.ReportsPerMinute, Open: min(l.Connections, mostConnections())}})
	cur, err := c.outbox.Cursor(seriesSink(c.cfg).Name)
	if err != nil {
		return nil, fmt.Errorf("outbox: %w", err)
	}
	c.drain = drain.New(drain.Options{Source: drainSource(c.cfg, cur), Series: c.series, Layouts: c.inventory.Layout, Log: c.log})
	if err := c.openPolling(ctx); err != nil {
		return nil, err
	}
	return c, c.openAPI()
}

// openIdentity opens the CA, the accounts and what agents are told.
func (c *collector) openIdentity(ctx context.Context, dir string) error {
	var err error
	c.sealer, err = seal.Open(filepath.Join(dir, "secret.key"), func() (bool, error) {
		cas, err := c.control.AllAuthorities(ctx)
		return len(cas) > 0, err
	})
	if err != nil {
		return err
	}
	names, ips, addrs := reachable(c.cfg)
	c.addresses = addrs
	c.policies = newPolicies(c.inventory, func() [][]byte { ders, _ := c.authority.Set(); return ders }, addrs, c.log, c.now)
	c.policies.interval, c.policies.largeInterval = time.Duration(c.cfg.Agents.Interval), time.Duration(c.cfg.Agents.LargeInterval)
	c.policies.largeFleet = c.cfg.Agents.LargeFleet
	c.authority, err = authority.Open(ctx, authority.Options{Store: c.control, Sealer: c.sealer, Now: c.now, Log: c.log, Names: names, IPs: ips,
		Lost: c.lostTimes(), Addresses: func() []string { return addrs }, Next: func() time.Duration { return 0 }, Created: c.created, Life: c.life, Changed: func() { c.policies.Changed() }})
	if err != nil {
		return err
	}
	key, err := auditKey(filepath.Join(dir, "audit.sealed"), c.sealer)
	if err != nil {
		return err
	}
	c.accounts = &account.Accounts{Store: c.control, Now: c.now, Key: key}
	if err := c.noteRestore(ctx); err != nil {
		return err
	}
	return c.noteMove(ctx)
}

// auditKey reads or makes the key of the audit's chain. It lies sealed beside
// the key file, so that a copy of the database alone can forge nothing.
func auditKey(path string, s *seal.Sealer) ([]byte, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		key := make([]byte, 32)
		rand.Read(key)
		sealed, err := s.Seal("audit", key)
		if err != nil {
			return nil, fmt.Errorf("seal the audit's key: %w", err)
		}
		return key, os.WriteFile(path, sealed, 0o600)
	}
	if err != nil {
		return nil, fmt.Errorf("read the audit's key: %w", err)
	}
	key, err := s.Open("audit", b)
	if err != nil {
		return nil, fmt.Errorf("open the audit's key in %s: %w", path, err)
	}
	return key, nil
}

// reachable lists the names and addresses of this machine: those in the
// settings if there are any, else all that are not loopback, and loopback only
// when nothing else is listened on.
func reachable(c config.Config) (names []string, ips []netip.Addr, addrs []string) {
	_, port, err := net.SplitHostPort(c.Agents.Address)
	if err != nil {
		port = "8421"
	}
	add := func(host, port string) {
		addrs = append(addrs, net.JoinHostPort(host, port))
		if ip, err := netip.ParseAddr(host); err == nil {
			ips = append(ips, ip.Unmap())
		} else {
			names = append(names, host)
		}
	}
	for _, a := range c.Agents.Public {
		if host, p, err := net.SplitHostPort(a); err == nil {
			add(host, p)
		}
	}
	if len(addrs) > 0 {
		return names, ips, addrs
	}
	if host, _, err := net.SplitHostPort(c.Agents.Address); err == nil && host != "" {
		if ip, err := netip.ParseAddr(host); err != nil || !ip.IsUnspecified() {
			add(host, port)
			return names, ips, addrs
		}
	}
	if name, err := os.Hostname(); err == nil && strings.Contains(name, ".") {
		add(name, port)
	}
	if list, err := net.InterfaceAddrs(); err == nil {
		for _, a := range list {
			p, err := netip.ParsePrefix(a.String())
			if err != nil || p.Addr().IsLoopback() || p.Addr().IsLinkLocalUnicast() || len(addrs) >= 6 {
				continue
			}
			add(p.Addr().String(), port)
		}
	}
	add("127.0.0.1", port)
	return names, ips, addrs
}

func (c *collector) openAPI() error {
	var proxies []netip.Prefix
	for _, p := range c.cfg.Web.Proxies {
		if pre, err := netip.ParsePrefix(p); err == nil {
			proxies = append(proxies, pre)
		}
	}
	sql, err := newQuerier(c.cfg)
	if err != nil {
		return err
	}
	c.api, err = api.New(api.Deps{Inventory: c.inventory, Series: c.series, Accounts: c.accounts, SQL: sql,
		Enrolment: enrolment{c}, Authority: rotation{c.authority}, Log: c.log, Now: c.now, Changed: c.policies.Changed,
		Proxies: proxies, FailuresPerMinute: c.cfg.Limits.LoginsPerMinute,
		Health: c.inventory, Judge: c.judge, Replay: c.replay, Draft: c.rules.Draft, Rules: c.rules, Notices: c.noticesForAPI(), Summaries: api.Summaries{Schedules: c.control, Send: c.sendSummary}, Gear: c.gearForAPI(), Backups: backups{c}, Outbox: moving{c}, Saved: c.control, Refresher: refreshing{c}, Purge: purging{c}, Atlas: c.atlas, Zone: c.cfg.Health.Zone, SetupLink: c.setupLink, PageLink: c.pageLink,
		Vitals: api.Vitals{StartedAt: c.started, Intake: c.intakeStatus, Outbox: c.outboxStatus, Disk: c.diskStatus, Problems: c.problems, Certificates: c.certificates}})
	if err == nil {
		c.openSummaries()
	}
	return err
}

// run listens first, so that nobody waits for the series store to open, and
// keeps all parts going until ctx ends or one of them fails.
func (c *collector) run(ctx context.Context) error {
	agents, err := listen("agents.address", "--agents", c.cfg.Agents.Address)
	if err != nil {
		return err
	}
	defer agents.Close()
	web, err := listen("web.address", "--web", c.cfg.Web.Address)
	if err != nil {
		return err
	}
	defer web.Close()
	local, err := listenLocal(filepath.Join(c.cfg.Data, SocketName))
	if err != nil {
		return err
	}
	defer local.Close()
	debugger, err := listenLocal(filepath.Join(c.cfg.Data, debugName))
	if err != nil {
		return err
	}
	defer debugger.Close()

	pages, err := c.withPages(ctx, c.outside())
	if err != nil {
		return err
	}
	work, stop := context.WithCancel(ctx)
	defer stop()
	// Those that others wait for stop last: intake and the stores go on until
	// the listeners have answered what they began.
	under, stopUnder := context.WithCancel(context.WithoutCancel(ctx))
	defer stopUnder()
	var upper, lower sync.WaitGroup
	errs := make(chan error, 16)
	start := func(wg *sync.WaitGroup, ctx context.Context, name string, f func(context.Context) error) {
		wg.Go(func() {
			err := f(ctx)
			if err != nil {
				errs <- fmt.Errorf("%s: %w", name, err)
			}
			if ctx.Err() == nil {
				stop() // a part that ends by itself ends all
			}
		})
	}
	start(&lower, under, "series", c.series.Run)
	start(&lower, under, "drain", c.drain.Run)
	start(&lower, under, "judge", c.judge.Run)
	start(&lower, under, "intake", c.door.Run)
	start(&lower, under, "authority", c.authority.Run)
	start(&upper, work, "groups", c.policies.Run)
	start(&upper, work, "rules", c.rules.Run)
	start(&upper, work, "notices", c.notifier.Run)
	start(&upper, work, "summaries", c.summaries.Run)
	start(&upper, work, "discoveries", c.api.Run)
	for name, run := range c.polling.parts() {
		start(&upper, work, name, run)
	}
	start(&upper, work, "upkeep", c.upkeep)
	start(&upper, work, "disk", c.disk)
	start(&upper, work, "trust", c.trust)
	start(&upper, work, "dead man", c.deadMan)
	start(&upper, work, "agents", func(ctx context.Context) error { return c.receiver.Serve(ctx, agents, c.authority.ServerTLS()) })
	start(&upper, work, "web", func(ctx context.Context) error { return c.serveWeb(ctx, web, pages) })
	start(&upper, work, "debug", func(ctx context.Context) error { return serveHTTP(ctx, debugger, profiles(), c.log, nil) })
	start(&upper, work, "socket", func(ctx context.Context) error { return serveHTTP(ctx, local, c.outside(), c.log, api.OnSocket) })

	c.log.Info("collector is ready", "version", buildinfo.Read().Version, "web", web.Addr().String(), "agents", agents.Addr().String(), "data", c.cfg.Data)
	if c.o.Ready != nil {
		c.o.Ready(web.Addr(), agents.Addr())
	}
	<-work.Done()
	upper.Wait()
	stopUnder()
	lower.Wait()
	close(errs)
	var all []error
	for err := range errs {
		all = append(all, err)
	}
	return errors.Join(all...)
}

// close closes the stores, in the order in which they feed each other.
func (c *collector) close() error {
	var errs []error
	c.polling.close()
	if c.series != nil {
		errs = append(errs, c.series.Close())
	}
	if c.control != nil {
		errs = append(errs, c.control.Close())
	}
	if c.inventory != nil {
		errs = append(errs, c.inventory.Close())
	}
	if c.outbox != nil {
		errs = append(errs, c.outbox.Close())
	}
	return errors.Join(errs...)
}

func (c *collector) serveWeb(ctx context.Context, l net.Listener, h http.Handler) error {
	t, until, err := webTLS(c.cfg)
	if err != nil {
		return err
	}
	c.webCert.Store(&until)
	if t != nil {
		l = t(l)
	}
	return serveHTTP(ctx, l, h, c.log, nil)
}

func serveHTTP(ctx context.Context, l net.Listener, h http.Handler, log *slog.Logger, each func(context.Context, net.Conn) context.Context) error {
	srv := api.NewHTTPServer(h, log)
	srv.ConnContext = each
	done := make(chan struct{})
	go func() {
		defer close(done)
		<-ctx.Done()
		wait, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if srv.Shutdown(wait) != nil {
			srv.Close()
		}
	}()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	<-done
	return nil
}

// upkeep forgets what is older than it has to be kept.
func (c *collector) upkeep(ctx context.Context) error {
	return every(ctx, time.Hour, func() { c.retain(ctx, c.now()) })
}

// disk watches the disk, also while much is being forgotten.
func (c *collector) disk(ctx context.Context) error {
	return every(ctx, 2*time.Second, c.watchDisk)
}

// every does something at once and then again and again, until ctx ends.
func every(ctx context.Context, d time.Duration, do func()) error {
	t := time.NewTicker(d)
	defer t.Stop()
	for {
		do()
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}

func (c *collector) retain(ctx context.Context, now time.Time) {
	r := c.cfg.Retention
	n, err := c.inventory.Retain(ctx, store.Retention{ClosedRows: time.Duration(r.Rows), Events: time.Duration(r.Events)}, now)
	if err != nil && ctx.Err() == nil {
		c.log.Error("retention of the inventory failed", "error", err)
	}
	if n > 0 {
		c.log.Info("retention removed rows", "rows", n)
	}
	if err := c.accounts.DropSessions(ctx); err != nil && ctx.Err() == nil {
		c.log.Error("sessions that are over were not removed", "error", err)
	}
	if r.Audit > 0 {
		if _, err := c.control.DropRecords(ctx, now.Add(-time.Duration(r.Audit))); err != nil && ctx.Err() == nil {
			c.log.Error("retention of the audit failed", "error", err)
		}
	}
	if r.Series > 0 || r.Raw > 0 {
		if err := c.series.Retain(ctx, store.SeriesRetention{Raw: time.Duration(r.Raw), Hourly: time.Duration(r.Series)}, now); err != nil && !errors.Is(err, store.ErrLoading) && ctx.Err() == nil {
			c.log.Error("retention of the series failed", "error", err)
		}
	}
}

// watchDisk closes the door while the disk is nearly full: what is still free
// is needed for retention and for pages, and a database that met a full disk
// in the middle of a transaction is a worse place to be.
func (c *collector) watchDisk() {
	d, err := c.diskStatus()
	if err != nil {
		return
	}
	if d.FreeBytes >= d.StopBytes {
		if c.closed.Swap(nil) != nil {
			c.log.Info("there is room again; reports are taken")
		}
		return
	}
	why := fmt.Sprintf("the collector's disk is nearly full: %d MiB free, %d MiB are needed", d.FreeBytes>>20, d.StopBytes>>20)
	if c.closed.Swap(&why) == nil {
		c.log.Error("reports are put off", "reason", why, "folder", c.cfg.Data)
	}
}

func (c *collector) isClosed() (string, bool) {
	if c.emptying.Load() {
		return "the collector takes no reports, so that its outbox runs empty; muster outbox drain --open ends that", true
	}
	if why := c.closed.Load(); why != nil {
		return *why, true
	}
	return "", false
}

func (c *collector) problems() []string {
	if why, closed := c.isClosed(); closed {
		return []string{why}
	}
	return nil
}

func (c *collector) diskStatus() (api.DiskStatus, error) {
	free, total, err := diskSpace(c.cfg.Data)
	// Five hundredths of a small disk, or the setting, whichever is less.
	stop := min(int64(c.cfg.Limits.FreeDisk), total/20)
	if n := c.stopBelow.Load(); n > 0 {
		stop = n
	}
	return api.DiskStatus{FreeBytes: free, TotalBytes: total, StopBytes: stop}, err
}

func (c *collector) intakeStatus() api.IntakeStatus {
	s := c.door.Stats()
	_, refused := c.receiver.Counts()
	return api.IntakeStatus{Reports: s.Reports, Samples: s.Samples, Sections: s.Sections, Events: s.Events, Repeats: s.Repeats,
		Conflicts: s.Conflicts, Resends: s.Resends, Refused: refused, Busy: c.receiver.Busy()}
}
