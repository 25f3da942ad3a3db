package web

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"muster/collector/account"
	"muster/collector/api"
	"muster/collector/health"
	"muster/collector/health/rule"
	"muster/collector/rulebook"
	"muster/collector/store"
	"muster/collector/store/memory"
	"muster/collector/store/sqlstore"
	"muster/collector/summary"
	"muster/collector/web/texts"
	"muster/internal/inventory"
)

// world is the pages over the stores that a collector has.
type world struct {
	*Site
	t        *testing.T
	accounts *account.Accounts
	inv      *sqlstore.Inventory
	judge    *judge
	series   *numbers
	began    time.Time
	passed   atomic.Int64 // nanoseconds of the world's clock; pages read it beside the test
	server   *httptest.Server
}

const (
	password = "correct horse battery"
	device   = "0192f3aa-0000-7000-8000-000000000001"
)

func (w *world) now() time.Time { return w.began.Add(time.Duration(w.passed.Load())) }

// pass lets time pass.
func (w *world) pass(d time.Duration) { w.passed.Add(int64(d)) }

func newWorld(t *testing.T, languages ...*texts.Language) *world {
	t.Helper()
	if _, err := loadAssets(); err != nil {
		t.Fatal(err, " (make assets)")
	}
	ctx, dir := t.Context(), t.TempDir()
	w := &world{t: t, began: time.Now(), series: &numbers{Series: memory.New()}}
	var err error
	if w.inv, err = sqlstore.Open(ctx, filepath.Join(dir, "inventory.db"), sqlstore.Options{}); err != nil {
		t.Fatal(err)
	}
	control, err := sqlstore.OpenControl(ctx, filepath.Join(dir, "control.db"), sqlstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.inv.Close(); control.Close() })
	key := make([]byte, 32)
	rand.Read(key)
	now := w.now
	w.accounts = &account.Accounts{Store: control, Now: now, Key: key}
	a, err := w.inv.PutAgency(ctx, store.Agency{Name: "Parks"})
	if err != nil {
		t.Fatal(err)
	}
	site, err := w.inv.PutSite(ctx, store.Site{Agency: "Parks", Name: "City Hall"})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.inv.AddDevice(ctx, store.NewDevice{ID: device, Kind: "pc", Name: "front-1", Site: site.ID, At: w.now()}); err != nil {
		t.Fatal(err)
	}
	w.judge = &judge{open: func() *rulebook.Book {
		b, err := rulebook.Open(ctx, rulebook.Options{Store: control, Use: func(*rule.Set) {}, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Error(err)
		}
		return b
	}}
	replay := func(_ context.Context, set *rule.Set, id string, list []store.Device, since time.Time) ([]health.Replayed, error) {
		r, _ := set.Find(id)
		var found []health.Replayed
		for _, d := range list {
			if r.Limit("warm_disk", "") < 45 { // all disks of this office have 45 °C
				found = append(found, health.Replayed{Device: d.ID, Name: d.Name, Severity: "warn", From: since})
			}
		}
		return found, nil
	}
	s, err := api.New(api.Deps{Inventory: w.inv, Health: w.inv, Judge: w.judge, Rules: w.judge, Draft: w.judge.Draft, Replay: replay, Series: w.series, Accounts: w.accounts, Saved: control, Now: now,
		Summaries: api.Summaries{Schedules: control, Send: func(context.Context, summary.Schedule, []string) (string, error) { return "s-1", nil }},
		PageLink:  func(path string) string { return "https://muster.example.org" + path }})
	if err != nil {
		t.Fatal(err)
	}
	if w.Site, err = New(Options{API: s, Accounts: w.accounts, Now: now, Zone: time.UTC, FailuresPerMinute: 3, Languages: languages,
		Peer: func(r *http.Request) netip.Addr { return netip.MustParseAddrPort(r.RemoteAddr).Addr() }}); err != nil {
		t.Fatal(err)
	}
	hash, err := w.accounts.HashPassword(ctx, password)
	if err != nil {
		t.Fatal(err)
	}
	for name, u := range actors(a.ID) {
		u.Name, u.CreatedAt = name, w.now()
		if _, err := control.PutUser(ctx, u, hash); err != nil {
			t.Fatal(err)
		}
	}
	w.server = httptest.NewServer(w.Handler())
	t.Cleanup(w.server.Close)
	return w
}

// judge has the rules in use, and judges nothing. It reads them when it is
// first asked: most tests do without.
type judge struct {
	open func() *rulebook.Book
	once sync.Once
	b    *rulebook.Book
}

func (j *judge) book() *rulebook.Book {
	j.once.Do(func() { j.b = j.open() })
	return j.b
}

func (j *judge) Rules() *rule.Set    { return j.book().Rules() }
func (j *judge) Stats() health.Stats { return health.Stats{} }
func (j *judge) Explain(context.Context, inventory.DeviceID, string, string) ([]health.Explanation, error) {
	return nil, nil
}
func (j *judge) Draft(file string, text []byte) (*rule.Set, error) { return j.book().Draft(file, text) }
func (j *judge) Try(c rule.Change) (*rule.Set, error)              { return j.book().Try(c) }
func (j *judge) Restore(ctx context.Context, id string) error      { return j.book().Restore(ctx, id) }
func (j *judge) Change(ctx context.Context, id string, from func(rule.Change) rule.Change, by, reason string, at time.Time) error {
	return j.book().Change(ctx, id, from, by, reason, at)
}

// actors are those whom pages tell apart.
func actors(agency int64) map[string]account.User {
	all, some := store.Scope{All: true}, store.Scope{Agencies: []int64{agency}}
	return map[string]account.User{
		"intern": {Role: account.Intern, Scope: all}, "scoped intern": {Role: account.Intern, Scope: some},
		"staff": {Role: account.Staff, Scope: all}, "scoped staff": {Role: account.Staff, Scope: some},
		"admin": {Role: account.Admin, Scope: all}, "disabled": {Role: account.Admin, Scope: all, Disabled: true},
	}
}

// browser keeps cookies and follows nothing.
func (w *world) browser() *http.Client {
	jar, _ := cookiejar.New(nil)
	return &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func (w *world) post(b *http.Client, path string, form url.Values, headers ...string) *http.Response {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.server.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return w.answer(b.Do(r))
}

func (w *world) get(b *http.Client, path string) *http.Response {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.server.URL+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.answer(b.Do(r))
}

func (w *world) answer(resp *http.Response, err error) *http.Response {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { resp.Body.Close() })
	return resp
}

// signedIn is a browser of somebody.
func (w *world) signedIn(name string) *http.Client {
	w.t.Helper()
	b := w.browser()
	if resp := w.post(b, "/sign-in", url.Values{"name": {name}, "password": {password}}); resp.StatusCode != http.StatusSeeOther {
		w.t.Fatalf("%s cannot sign in: %s", name, resp.Status)
	}
	return b
}
