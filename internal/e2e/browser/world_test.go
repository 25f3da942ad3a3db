//go:build linux

package browser

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"muster/collector"
	"muster/collector/api"
	"muster/collector/config"
	"muster/collector/store"
	"muster/collector/store/sqlstore"
	"muster/internal/inventory"
	"muster/internal/report"
)

// world is a collector with an office in it, and a browser that has signed in.
type world struct {
	base string
	ask  *api.Client
	// log is what the collector said.
	log *said
}

type said struct {
	mu sync.Mutex
	b  strings.Builder
}

func (s *said) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(b)
}

func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

const (
	who      = "Help desk 4"
	password = "correct horse battery"
)

// id makes the device ID of a number.
func id(n int) inventory.DeviceID {
	return inventory.DeviceID(fmt.Sprintf("0192f3aa-0000-7000-8000-%012d", n))
}

// open furnishes a data folder, starts a collector over it, and makes the first
// account as a person would, by the link.
func open(t *testing.T, furnish func(*testing.T, *sqlstore.Inventory), control ...func(*testing.T, *sqlstore.Control)) *world {
	t.Helper()
	w := &world{log: &said{}}
	cfg := config.Default()
	cfg.Data = filepath.Join(t.TempDir(), "data")
	cfg.Web.Address, cfg.Agents.Address = free(t), free(t)
	cfg.Health.Zone = "America/New_York"
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		t.Fatal(err)
	}
	if furnish != nil {
		inv, err := sqlstore.Open(t.Context(), filepath.Join(cfg.Data, "inventory.db"), sqlstore.Options{})
		if err != nil {
			t.Fatal(err)
		}
		furnish(t, inv)
		if err := inv.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range control {
		c, err := sqlstore.OpenControl(t.Context(), filepath.Join(cfg.Data, "control.db"), sqlstore.Options{})
		if err != nil {
			t.Fatal(err)
		}
		f(t, c)
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
	}
	ctx, stop := context.WithCancel(context.Background())
	ready, done := make(chan struct{}), make(chan error, 1)
	go func() {
		done <- collector.Serve(ctx, collector.Options{Config: cfg, Log: slog.New(slog.NewTextHandler(w.log, nil)), Ready: func(net.Addr, net.Addr) { close(ready) }})
	}()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Log(w.log)
		}
	})
	select {
	case <-ready:
	case err := <-done:
		done <- nil
		t.Fatalf("the collector ended: %v\n%s", err, w.log)
	case <-time.After(2 * time.Minute):
		t.Fatalf("the collector is not ready:\n%s", w.log)
	}
	w.base = "http://" + cfg.Web.Address
	w.ask = api.Socket(filepath.Join(cfg.Data, collector.SocketName))
	return w
}

// free is an address of loopback that nobody listens on now. It lies below the
// ports that the kernel gives to whoever connects: of those, one may be taken
// between this and the collector's start.
func free(t *testing.T) string {
	t.Helper()
	for range 1000 {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 12_000+rand.IntN(20_000)))
		if err != nil {
			continue
		}
		l.Close()
		return l.Addr().String()
	}
	t.Fatal("no free port among a thousand")
	return ""
}

// tab is a page in the browser, and what went wrong on it.
type tab struct {
	t   *testing.T
	ctx context.Context
	w   *world

	mu     sync.Mutex
	faults []string
}

// chromium starts a browser, once a test. In CI it must be there.
func (w *world) chromium(t *testing.T) *tab {
	t.Helper()
	a, stop := chromedp.NewExecAllocator(t.Context(), chromedp.Headless, chromedp.NoSandbox, chromedp.Flag("disable-dev-shm-usage", true), chromedp.Flag("disable-gpu", true))
	t.Cleanup(stop)
	ctx, stop := chromedp.NewContext(a)
	t.Cleanup(stop)
	b := &tab{t: t, ctx: ctx, w: w}
	// The first act starts the browser, which ends with that act's context.
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatal("Chromium does not start; packaging/test-deps installs it: ", err)
	}
	go func() {
		for m := range chromedp.Console(ctx) {
			if text := fmt.Sprint(m); strings.Contains(text, "Content Security Policy") || strings.Contains(text, "Uncaught") {
				b.fault(text)
			}
		}
	}()
	go func() {
		for e, err := range chromedp.Events(ctx, page.JavascriptDialogOpening) {
			if err != nil {
				return
			}
			b.fault("a dialog opened: " + e.Message)
		}
	}()
	return b
}

func (b *tab) fault(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.faults = append(b.faults, text)
}

// clean fails the test when something went wrong on a page.
func (b *tab) clean() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, f := range b.faults {
		b.t.Error(f)
	}
	b.faults = nil
}

func (b *tab) do(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, stop := context.WithTimeout(b.ctx, 90*time.Second)
	defer stop()
	if err := chromedp.Do(ctx, steps...); err != nil {
		where, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string]("location.pathname + ' | ' + document.title + ' | ' + document.body.innerText.slice(0, 600)"))
		b.t.Fatalf("%v\nat %s", err, where)
	}
}

func eval[T any](b *tab, script string) T {
	b.t.Helper()
	x, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](script))
	if err != nil {
		b.t.Fatalf("%s: %v", script, err)
	}
	return x
}

// visit opens an address and waits until it is there.
func (b *tab) visit(path string) {
	b.t.Helper()
	b.do(chromedp.Navigate(b.w.base+path), chromedp.WaitReady("main"))
}

// see waits until the page says something.
func (b *tab) see(text string) {
	b.t.Helper()
	for range 300 {
		if eval[bool](b, fmt.Sprintf("!!document.body && document.body.innerText.includes(%q)", text)) {
			return
		}
		b.do(chromedp.Sleep(100 * time.Millisecond))
	}
	b.t.Fatalf("in vain waited for %q at %s:\n%s", text, eval[string](b, "location.href"), eval[string](b, "document.body.innerText.slice(0, 2000)"))
}

// width makes the window so wide.
func (b *tab) width(n int64) { b.do(chromedp.EmulateViewport(n, 900)) }

// theme chooses light or dark.
func (b *tab) theme(name string) {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}}})
	if err != nil {
		b.t.Fatal(err)
	}
}

// first makes the first account by the link that whoever starts the collector
// is told.
func (b *tab) first() {
	b.t.Helper()
	link, err := b.w.ask.SetupLink(b.t.Context())
	if err != nil || link.Link == "" {
		b.t.Fatal(link, err)
	}
	b.visit(strings.TrimPrefix(link.Link, b.w.base))
	b.do(chromedp.SendKeys("#name", who), chromedp.SendKeys("#password", password), chromedp.SendKeys("#again", password), chromedp.Click("main button[type=submit]"), chromedp.WaitVisible("nav.nav"))
}

// office furnishes an office: PCs at two sites, one of them in trouble, and a
// switch.
func office(names func(n int) (name, user, program string)) func(*testing.T, *sqlstore.Inventory) {
	return func(t *testing.T, inv *sqlstore.Inventory) {
		t.Helper()
		ctx, now := t.Context(), time.Now()
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		_, err := inv.PutAgency(ctx, store.Agency{Name: "Parks"})
		must(err)
		var sites []store.Site
		for _, name := range []string{"City Hall", "Library East"} {
			s, err := inv.PutSite(ctx, store.Site{Agency: "Parks", Name: name})
			must(err)
			sites = append(sites, s)
		}
		j := &store.Judged{}
		for n := range 40 {
			name, user, program := names(n)
			must(inv.AddDevice(ctx, store.NewDevice{ID: id(n), Kind: "pc", Name: name, Site: sites[n%2].ID, Labels: []string{"counter"}, At: now.Add(-90 * 24 * time.Hour)}))
			var e store.Entry
			e.Device, e.Head, e.At, e.ReceivedAt = id(n), store.Head{Epoch: 1, Seq: 1}, now, now
			add := func(rows inventory.Table, name string) {
				meta, _ := inventory.Lookup(name)
				full, _, err := meta.Conform(rows)
				must(err)
				e.Sections = append(e.Sections, store.SectionReading{Section: meta, Status: report.OK, Sources: []string{"test"}, At: now, Table: full, Hash: meta.HashTable(full)})
			}
			add(table(t, []inventory.System{{Vendor: "Norrland", Model: "Desk 5040", Serial: fmt.Sprintf("NL%05d", n)}}), "system")
			add(table(t, []inventory.OS{{Family: "windows", Name: "Windows 11 Pro", Version: "10.0.26100", HostName: name}}), "os")
			add(table(t, []inventory.Memory{{TotalBytes: 16 << 30}}), "memory")
			add(table(t, []inventory.Disk{{Name: "PhysicalDrive0", Model: "Simdrive NX", SizeBytes: 512e9, Kind: "ssd"}}), "disk")
			add(table(t, []inventory.Interface{{Name: "Ethernet", Kind: "ethernet", Mac: fmt.Sprintf("06:03:00:00:00:%02x", n), SpeedBits: 1e9}}), "interface")
			add(table(t, []inventory.Software{{Name: program, Version: fmt.Sprint(20 + n%5), Source: "msi", Scope: "machine"}}), "software")
			add(table(t, []inventory.Logon{{PrimaryUser: user, LastUser: user}}), "logon")
			must(inv.Commit(ctx, []store.Entry{e}))
			if n >= 6 {
				continue
			}
			severity := []string{"critical", "warn", "info"}[n%3]
			key := "device:" + string(id(n)) + ":space"
			j.Incidents = append(j.Incidents, store.Incident{Kind: store.DeviceIncident, Key: key, Title: "Disk will be full in 2 to 4 days", Rule: "S02", Family: "space", Severity: severity, Status: store.New,
				OpenedAt: now.Add(-time.Duration(n+1) * time.Hour), UpdatedAt: now, Rank: float64(10 - n), Count: 1,
				Devices: []store.IncidentDevice{{ID: id(n), Name: name, Kind: "pc", Model: "Desk 5040", User: user, Agency: "Parks", Site: sites[n%2].Name}}})
			j.Findings = append(j.Findings, store.JudgedFinding{Key: key, Finding: store.Finding{Device: id(n), Name: name, Rule: "S02", Family: "space", Title: "Disk will be full in 2 to 4 days", Component: "C:", Label: "C: " + program,
				State: store.Firing, Severity: severity, Worst: severity, Times: 1, Since: now.Add(-3 * time.Hour), FiredAt: now.Add(-2 * time.Hour), JudgedAt: now,
				Evidence: []store.Evidence{{Label: "Free", Value: "9 GB of 238 GB"}, {Label: "Program", Value: program}}}})
		}
		must(inv.Record(ctx, j))
	}
}

func table[T inventory.Sectioner](t *testing.T, rows []T) inventory.Table {
	t.Helper()
	x, err := inventory.Encode(rows)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// plain are the names of an office where nobody means any harm.
func plain(n int) (name, user, program string) {
	return fmt.Sprintf("CH-FRONT-%02d", n), fmt.Sprintf("frontdesk%02d", n), "Northwind Notes"
}
