package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/collector/account"
	"muster/collector/health"
	"muster/collector/health/rule"
	"muster/collector/notify/notifytest"
	"muster/collector/search"
	"muster/collector/store"
	"muster/collector/summary"
	"muster/internal/inventory"
	"muster/internal/report"
)

// The stores of these tests: maps that keep to the contracts as far as the
// operations lean on them, scope first of all.

type fakeInventory struct {
	store.Inventory // what a test does not need panics

	mu       sync.Mutex
	devices  []store.Device
	siteOf   map[inventory.DeviceID]int64
	agencies []store.Agency
	sites    []store.Site
	groups   []store.Group
	merges   []store.Merge
	sections map[inventory.DeviceID][]store.SectionView
	journal  []store.Change
	events   []store.EventRow
	asked    store.DeviceQuery // the last one
	fail     error             // what Devices answers, if set
	next     int64
}

func (x *fakeInventory) sees(s store.Scope, id inventory.DeviceID) bool {
	if s.All {
		return true
	}
	site := x.siteOf[id]
	for _, k := range x.sites {
		if k.ID == site {
			return slices.Contains(s.Sites, site) || slices.Contains(s.Agencies, x.agencyID(k.Agency))
		}
	}
	return false
}

func (x *fakeInventory) agencyID(name string) int64 {
	for _, a := range x.agencies {
		if a.Name == name {
			return a.ID
		}
	}
	return 0
}

func (x *fakeInventory) at(id inventory.DeviceID) *store.Device {
	for i := range x.devices {
		if x.devices[i].ID == id {
			return &x.devices[i]
		}
	}
	return nil
}

func (x *fakeInventory) Devices(_ context.Context, q store.DeviceQuery) (store.DevicePage, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.asked = q
	if x.fail != nil {
		return store.DevicePage{}, x.fail
	}
	var page store.DevicePage
	for _, d := range x.devices {
		if x.sees(q.Scope, d.ID) && (q.Merged || d.MergedInto == "") && holds(q.Filter, d) {
			page.Devices = append(page.Devices, d)
		}
	}
	page.Total = len(page.Devices)
	from := 0
	if q.After != "" {
		if _, err := fmt.Sscanf(q.After, "at%d", &from); err != nil {
			return page, err
		}
	}
	page.Devices = page.Devices[from:]
	if q.Limit > 0 && len(page.Devices) > q.Limit {
		page.Devices = page.Devices[:q.Limit]
		page.Next = fmt.Sprintf("at%d", from+q.Limit)
	}
	return page, nil
}

// Breakdown counts what Devices lists.
func (x *fakeInventory) Breakdown(ctx context.Context, q store.DeviceQuery) (store.Breakdown, error) {
	q.Limit, q.After = 0, ""
	page, err := x.Devices(ctx, q)
	var out store.Breakdown
	for _, d := range page.Devices {
		out.Groups = append(out.Groups, store.BreakdownGroup{Presence: d.Presence, Kind: d.Kind, Agency: d.Agency, Site: d.Site, OS: d.OS, Model: d.Model, MemoryBytes: d.MemoryBytes, Count: 1})
	}
	return out, err
}

// holds knows the few fields that these tests filter by.
func holds(e search.Expr, d store.Device) bool {
	switch e := e.(type) {
	case nil:
		return true
	case search.And:
		return !slices.ContainsFunc(e, func(x search.Expr) bool { return !holds(x, d) })
	case search.Or:
		return slices.ContainsFunc(e, func(x search.Expr) bool { return holds(x, d) })
	case search.Not:
		return !holds(e.X, d)
	case search.Term:
		v := strings.ToLower(e.Value.Text)
		has := func(s string) bool {
			if e.Op == search.Eq {
				return strings.EqualFold(s, v)
			}
			return strings.Contains(strings.ToLower(s), v)
		}
		switch e.Field.Name {
		case "name":
			return has(d.Name)
		case "serial":
			return has(d.Serial)
		case "site":
			return has(d.Site)
		case "agency":
			return has(d.Agency)
		case "label":
			return containsFold(d.Labels, v)
		case "owner":
			return has(d.People.Owner)
		case "software":
			return true
		}
	}
	return false
}

func (x *fakeInventory) Device(_ context.Context, s store.Scope, id inventory.DeviceID) (store.Device, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if d := x.at(id); d != nil && x.sees(s, id) {
		return *d, nil
	}
	return store.Device{}, store.ErrNotFound
}

func (x *fakeInventory) Resolve(_ context.Context, s store.Scope, ref string) (inventory.DeviceID, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	var found []inventory.DeviceID
	for _, d := range x.devices {
		if x.sees(s, d.ID) && ref != "" && (string(d.ID) == ref || strings.EqualFold(d.Name, ref) || strings.EqualFold(d.Serial, ref) || d.People.AssetTag == ref) {
			found = append(found, d.ID)
		}
	}
	switch len(found) {
	case 0:
		return "", store.ErrNotFound
	case 1:
		return found[0], nil
	}
	return "", fmt.Errorf("secret text of the store: %w", store.ErrAmbiguous)
}

func (x *fakeInventory) Sections(_ context.Context, id inventory.DeviceID, _ time.Time, names []string) ([]store.SectionView, error) {
	var out []store.SectionView
	for _, v := range x.sections[id] {
		if len(names) == 0 || slices.Contains(names, v.Name) {
			out = append(out, v)
		}
	}
	return out, nil
}

func (x *fakeInventory) Journal(_ context.Context, q store.JournalQuery) ([]store.Change, error) {
	return slices.DeleteFunc(slices.Clone(x.journal), func(c store.Change) bool {
		return !x.sees(q.Scope, c.Device) || len(q.Devices) > 0 && !slices.Contains(q.Devices, c.Device)
	}), nil
}

func (x *fakeInventory) Events(_ context.Context, q store.EventQuery) ([]store.EventRow, error) {
	return slices.DeleteFunc(slices.Clone(x.events), func(c store.EventRow) bool {
		return !x.sees(q.Scope, c.Device) || len(q.Devices) > 0 && !slices.Contains(q.Devices, c.Device)
	}), nil
}

func (x *fakeInventory) Software(context.Context, store.SoftwareQuery) ([]store.SoftwareTitle, error) {
	return []store.SoftwareTitle{{Name: "=cmd|calc", Versions: 1, Devices: 2}}, nil
}

func (x *fakeInventory) Gaps(context.Context, inventory.DeviceID) ([]report.Gap, error) {
	return []report.Gap{{From: 3, To: 4}}, nil
}

func (x *fakeInventory) change(id inventory.DeviceID, f func(*store.Device)) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	d := x.at(id)
	if d == nil {
		return store.ErrNotFound
	}
	f(d)
	return nil
}

func (x *fakeInventory) SetPeople(_ context.Context, id inventory.DeviceID, p store.People) error {
	return x.change(id, func(d *store.Device) { d.People = p })
}

func (x *fakeInventory) SetLabels(_ context.Context, id inventory.DeviceID, l []string) error {
	return x.change(id, func(d *store.Device) { d.Labels = l })
}

func (x *fakeInventory) SetSite(_ context.Context, id inventory.DeviceID, site int64, _ bool) error {
	return x.change(id, func(d *store.Device) {
		x.siteOf[id], d.Site, d.Agency = site, "", ""
		for _, k := range x.sites {
			if k.ID == site {
				d.Site, d.Agency = k.Name, k.Agency
			}
		}
	})
}

func (x *fakeInventory) Retire(_ context.Context, id inventory.DeviceID, at time.Time) error {
	return x.change(id, func(d *store.Device) { d.RetiredAt = at })
}

func (x *fakeInventory) Merge(_ context.Context, old, into inventory.DeviceID, by, reason string, at time.Time) (store.Merge, error) {
	x.next++
	m := store.Merge{ID: x.next, Old: old, Into: into, By: by, Reason: reason, At: at, Carried: store.People{Owner: "somebody"}}
	x.merges = append(x.merges, m)
	return m, x.change(old, func(d *store.Device) { d.MergedInto = into })
}

func (x *fakeInventory) UndoMerge(_ context.Context, id int64, by string, at time.Time) (store.Merge, error) {
	for i := range x.merges {
		if x.merges[i].ID == id {
			x.merges[i].UndoneAt, x.merges[i].UndoneBy = at, by
			return x.merges[i], nil
		}
	}
	return store.Merge{}, store.ErrNotFound
}

func (x *fakeInventory) Merges(_ context.Context, s store.Scope) ([]store.Merge, error) {
	return slices.DeleteFunc(slices.Clone(x.merges), func(m store.Merge) bool { return !x.sees(s, m.Into) }), nil
}

func (x *fakeInventory) Agencies(_ context.Context, s store.Scope) ([]store.Agency, error) {
	return slices.DeleteFunc(slices.Clone(x.agencies), func(a store.Agency) bool { return !s.All && !slices.Contains(s.Agencies, a.ID) }), nil
}

func (x *fakeInventory) PutAgency(_ context.Context, a store.Agency) (store.Agency, error) {
	for i := range x.agencies {
		switch {
		case x.agencies[i].ID == a.ID:
			x.agencies[i] = a
			return a, nil
		case x.agencies[i].Name == a.Name:
			return a, store.ErrConflict
		}
	}
	x.next++
	a.ID = 1000 + x.next
	x.agencies = append(x.agencies, a)
	return a, nil
}

func (x *fakeInventory) DeleteAgency(_ context.Context, name string) error {
	for _, k := range x.sites {
		if k.Agency == name {
			return fmt.Errorf("agency %q has 1 sites: move or delete them first: %w", name, store.ErrConflict)
		}
	}
	x.agencies = slices.DeleteFunc(x.agencies, func(a store.Agency) bool { return a.Name == name })
	return nil
}

func (x *fakeInventory) Sites(_ context.Context, s store.Scope) ([]store.Site, error) {
	return slices.DeleteFunc(slices.Clone(x.sites), func(k store.Site) bool {
		return !s.All && !slices.Contains(s.Sites, k.ID) && !slices.Contains(s.Agencies, x.agencyID(k.Agency))
	}), nil
}

func (x *fakeInventory) PutSite(_ context.Context, k store.Site) (store.Site, error) {
	for i := range x.sites {
		if x.sites[i].ID == k.ID {
			x.sites[i] = k
			return k, nil
		}
	}
	x.next++
	k.ID = 1000 + x.next
	x.sites = append(x.sites, k)
	return k, nil
}

func (x *fakeInventory) DeleteSite(_ context.Context, agency, name string) error {
	x.sites = slices.DeleteFunc(x.sites, func(k store.Site) bool { return k.Agency == agency && k.Name == name })
	return nil
}

func (x *fakeInventory) Labels(_ context.Context, s store.Scope) (map[string]int, error) {
	out := map[string]int{}
	for _, d := range x.devices {
		for _, l := range d.Labels {
			if x.sees(s, d.ID) {
				out[l]++
			}
		}
	}
	return out, nil
}

func (x *fakeInventory) Groups(context.Context) ([]store.Group, error) {
	return slices.Clone(x.groups), nil
}

func (x *fakeInventory) PutGroup(_ context.Context, g store.Group) (store.Group, error) {
	x.groups = slices.DeleteFunc(x.groups, func(k store.Group) bool { return k.Name == g.Name })
	x.groups = append(x.groups, g)
	return g, nil
}

func (x *fakeInventory) DeleteGroup(_ context.Context, name string) error {
	x.groups = slices.DeleteFunc(x.groups, func(k store.Group) bool { return k.Name == name })
	return nil
}

func (x *fakeInventory) Counts(context.Context) (store.Counts, error) {
	return store.Counts{Devices: len(x.devices)}, nil
}

type fakeSeries struct {
	store.Series
	asked store.SeriesQuery
}

func (x *fakeSeries) Query(_ context.Context, q store.SeriesQuery) ([]store.SeriesResult, error) {
	x.asked = q
	return []store.SeriesResult{{Labels: map[string]string{"host": "pc-1"}, Points: []store.TimeValue{{At: q.From, Value: 1.5}}}}, q.Check()
}

func (x *fakeSeries) Stats(context.Context) (store.SeriesStats, error) {
	return store.SeriesStats{Ready: 0.5}, store.ErrLoading
}

type fakeSQL struct{ asked QueryOptions }

func (x *fakeSQL) Query(_ context.Context, text string, o QueryOptions) (SQLAnswer, error) {
	x.asked = o
	if strings.Contains(text, "ATTACH") {
		return SQLAnswer{}, NewProblem(badSQL, "ATTACH is not allowed: only one SELECT, WITH, VALUES or EXPLAIN")
	}
	return SQLAnswer{Columns: []string{"n", "=t"}, Rows: [][]any{{int64(1), "=1+1"}}}, nil
}

type fakeEnrolment struct {
	order   InvitationOrder
	revoked []inventory.DeviceID
}

const enrolmentText = "muster-enrol-very-secret"

func (x *fakeEnrolment) Invite(_ context.Context, o InvitationOrder) (Invitation, string, error) {
	x.order = o
	return Invitation{ID: "inv1", Uses: o.Uses, UsesLeft: o.Uses, ExpiresAt: o.ExpiresAt, Site: o.SiteName}, enrolmentText, nil
}
func (x *fakeEnrolment) Invitations(context.Context) ([]Invitation, error) {
	return []Invitation{{ID: "inv1"}}, nil
}
func (x *fakeEnrolment) RevokeInvitation(_ context.Context, id, _ string) error {
	if id != "inv1" {
		return store.ErrNotFound
	}
	return nil
}
func (x *fakeEnrolment) Approvals(context.Context) ([]Approval, error) { return nil, nil }
func (x *fakeEnrolment) Decide(context.Context, string, bool, string) error {
	return nil
}
func (x *fakeEnrolment) RevokeDevice(_ context.Context, id inventory.DeviceID, _, _ string) error {
	x.revoked = append(x.revoked, id)
	return nil
}

type fakeCA struct{}

func (fakeCA) CA(context.Context) (CA, error) {
	return CA{Authorities: []CACertificate{}}, nil
}
func (fakeCA) Rotate(_ context.Context, stage string, _ bool) (CA, error) {
	return CA{Stage: stage, Authorities: []CACertificate{}}, nil
}

// world is a small office with a server over it.
type world struct {
	*Server
	t         testing.TB
	inventory *fakeInventory
	series    *fakeSeries
	accounts  *fakeAccounts
	sql       *fakeSQL
	enrolment *fakeEnrolment
	health    *fakeHealth
	channels  *fakeChannels
	gear      *fakeGear
	outbox    *fakeOutbox
	log       *bytes.Buffer
	now       time.Time
	changed   int
	handler   http.Handler
	tokens    map[string]string // text by name of actor
}

const (
	pc1 = "01900000-0000-7000-8000-000000000001" // parks/hartford
	pc2 = "01900000-0000-7000-8000-000000000002" // parks/hartford
	pc3 = "01900000-0000-7000-8000-000000000003" // roads/dover
	pc4 = "01900000-0000-7000-8000-000000000004" // no site, named as pc-3
)

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), log: &bytes.Buffer{}, tokens: map[string]string{}}
	w.inventory = &fakeInventory{
		agencies: []store.Agency{{ID: 1, Name: "parks"}, {ID: 2, Name: "roads"}},
		sites:    []store.Site{{ID: 11, Agency: "parks", Name: "hartford"}, {ID: 12, Agency: "roads", Name: "dover"}, {ID: 13, Agency: "parks", Name: "salem"}},
		siteOf:   map[inventory.DeviceID]int64{pc1: 11, pc2: 11, pc3: 12},
		devices: []store.Device{
			{ID: pc1, Kind: "pc", Name: "pc-1", Agency: "parks", Site: "hartford", Serial: "SER1", User: "jdoe", Labels: []string{"loaner"}, FirstSeen: w.now, People: store.People{Owner: "Jane Doe", AssetTag: "CT-1"}},
			{ID: pc2, Kind: "pc", Name: "pc-2", Agency: "parks", Site: "hartford", Serial: "SER2", FirstSeen: w.now},
			{ID: pc3, Kind: "pc", Name: "pc-3", Agency: "roads", Site: "dover", Serial: "SER3", FirstSeen: w.now},
			{ID: pc4, Kind: "pc", Name: "pc-3", Serial: "SER4", FirstSeen: w.now},
		},
		groups:   []store.Group{{ID: 1, Name: "kiosks", Filter: "label:loaner"}},
		merges:   []store.Merge{{ID: 7, Old: pc2, Into: pc1}},
		sections: map[inventory.DeviceID][]store.SectionView{},
		next:     7,
	}
	w.inventory.sections[pc1] = []store.SectionView{
		view(t, "user", w.now, []inventory.User{{Name: "jdoe", FullName: "Jane Doe"}}),
		view(t, "os", w.now, []inventory.OS{{Name: "Debian", Version: "13"}}),
		view(t, "software", w.now, []inventory.Software{{Source: "dpkg", Name: "bash", Version: "5.2"}, {Source: "dpkg", Name: "zsh", Version: "5.9"}}),
	}
	w.inventory.sections[pc2] = []store.SectionView{
		view(t, "software", w.now, []inventory.Software{{Source: "dpkg", Name: "bash", Version: "5.1"}}),
	}
	w.inventory.journal = []store.Change{
		{At: w.now, Device: pc1, Name: "pc-1", Section: "user", Verb: "changed", Key: map[string]any{"name": "jdoe"}, Before: map[string]any{"full_name": "Jane D"}, After: map[string]any{"full_name": "Jane Doe"}},
		{At: w.now, Device: pc3, Name: "pc-3", Section: "software", Verb: "first_read", After: map[string]any{"rows": int64(2)}},
	}
	w.inventory.events = []store.EventRow{{At: w.now, Device: pc1, Name: "pc-1", Kind: "user_logon", Count: 1, Attributes: map[string]string{"user": "jdoe", "strange": "x"}}}
	w.series, w.sql, w.enrolment = &fakeSeries{}, &fakeSQL{}, &fakeEnrolment{}
	w.accounts = &fakeAccounts{tokens: map[[32]byte]account.Token{}, users: []account.User{{ID: 1, Name: "ann", Role: account.Staff, Scope: store.Scope{All: true}}}}
	acc := &account.Accounts{Store: w.accounts, Now: func() time.Time { return w.now }, Key: []byte("k")}
	w.health, w.channels, w.gear = newFakeHealth(w.inventory, w.now), &fakeChannels{}, newFakeGear(w.now)
	w.outbox = newFakeOutbox(w.now)
	judge := &fakeJudge{t: t, set: testRules(t)}
	s, err := New(Deps{
		Health: w.health, Judge: judge, Rules: judge, Notices: newNotices(t, w.channels, notifytest.NewMemory(), w.now),
		Gear:    w.gear.gear(),
		Backups: &fakeBackups{}, Purge: fakePurger{},
		Draft: func(file string, text []byte) (*rule.Set, error) { return rule.Parse(file, text, rule.Document{}) },
		Replay: func(_ context.Context, _ *rule.Set, rule string, list []store.Device, since time.Time) ([]health.Replayed, error) {
			return []health.Replayed{{Device: list[0].ID, Name: list[0].Name, Severity: "warn", From: since, Evidence: []store.Evidence{{Label: "Last user", Value: "jdoe", Personal: true}}}}, nil
		},
		Inventory: w.inventory, Series: w.series, Accounts: acc, SQL: w.sql, Enrolment: w.enrolment, Authority: fakeCA{},
		Vitals:    Vitals{StartedAt: w.now.Add(-time.Hour), Outbox: w.outbox.status},
		Outbox:    w.outbox,
		PageLink:  func(path string) string { return "https://muster.example.org" + path },
		Saved:     newFakeSaved(),
		Summaries: Summaries{Schedules: &fakeSchedules{list: []summary.Schedule{{Name: "Weekly", Every: summary.Week, Weekday: time.Monday, Hour: 7, Scope: store.Scope{All: true}, Channel: "desk", To: []string{"board@example.org"}, ChangedBy: "admin"}, {Name: "Old", Every: summary.Month, Day: 1, Scope: store.Scope{All: true}, Channel: "desk", Off: true}}}, Send: func(context.Context, summary.Schedule, []string) (string, error) { return "s-1", nil }},
		Refresher: &fakeRefresher{now: func() time.Time { return w.now }},
		Log:       slog.New(slog.NewTextHandler(w.log, nil)),
		Now:       func() time.Time { return w.now },
		Changed:   func() { w.changed++ },
	})
	if err != nil {
		t.Fatal(err)
	}
	w.Server, w.handler = s, s.Handler()
	running(t, s)
	for name, tok := range actors() {
		tok.Name = name
		_, text, err := acc.NewToken(t.Context(), tok)
		if err != nil {
			t.Fatal(err)
		}
		w.tokens[name] = text
	}
	return w
}

// actors are who asks in these tests: each role with and without a scope.
func actors() map[string]account.Token {
	all, parks := store.Scope{All: true}, store.Scope{Agencies: []int64{1}}
	return map[string]account.Token{
		"intern":        {Role: account.Intern, Scope: all},
		"intern-parks":  {Role: account.Intern, Scope: parks},
		"intern-person": {Role: account.Intern, Scope: all, Personal: true},
		"staff":         {Role: account.Staff, Scope: all},
		"staff-parks":   {Role: account.Staff, Scope: parks},
		"admin":         {Role: account.Admin, Scope: all},
		"admin-parks":   {Role: account.Admin, Scope: parks},
	}
}

func view[T inventory.Sectioner](t testing.TB, name string, at time.Time, rows []T) store.SectionView {
	t.Helper()
	section, ok := inventory.Lookup(name)
	if !ok {
		t.Fatalf("no section %s", name)
	}
	table, err := inventory.Encode(rows)
	if err != nil {
		t.Fatal(err)
	}
	full := inventory.Table{Rows: aligned(section, table)}
	var from []time.Time
	for _, c := range section.Columns {
		full.Columns = append(full.Columns, c.Name)
	}
	for range full.Rows {
		from = append(from, at)
	}
	return store.SectionView{Name: name, Status: "ok", ReadAt: at, GoodAt: at, Table: full, From: from}
}

// client is a Client of the world for an actor; "socket" is the local socket,
// "" nobody.
func (w *world) client(who string) *Client {
	c := &Client{Base: "http://collector", Token: Secret(w.tokens[who]), HTTP: &http.Client{Transport: roundTrip(func(r *http.Request) *http.Response {
		if who == "socket" {
			r = r.WithContext(context.WithValue(r.Context(), socketKey{}, "root"))
		}
		return w.do(r)
	})}}
	return c
}

func (w *world) do(r *http.Request) *http.Response {
	if r.RemoteAddr == "" {
		r.RemoteAddr = "127.0.0.1:4000"
	}
	rec := httptest.NewRecorder()
	if r.Body == nil {
		r.Body = http.NoBody
	}
	w.handler.ServeHTTP(rec, r)
	return rec.Result()
}

// get asks with a token and gives status and body.
func (w *world) get(who, path string, header ...string) (*http.Response, string) {
	w.t.Helper()
	r := httptest.NewRequest("GET", Prefix+path, nil)
	if who != "" {
		r.Header.Set("Authorization", "Bearer "+w.tokens[who])
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp := w.do(r)
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return resp, string(b)
}

type roundTrip func(*http.Request) *http.Response

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r), nil }

// problemIn wants an error to be a Problem of a kind.
func problemIn(t testing.TB, err error, name string) *Problem {
	t.Helper()
	p, ok := err.(*Problem)
	if !ok {
		t.Fatalf("got %v (%T), want a problem %s", err, err, name)
	}
	if p.Kind() != name {
		t.Fatalf("got kind %s (%s), want %s", p.Kind(), p.Detail, name)
	}
	return p
}

func asJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}
