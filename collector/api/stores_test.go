package api

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/collector/account"
	"muster/collector/atlas"
	"muster/collector/health"
	"muster/collector/health/rule"
	"muster/collector/notify"
	"muster/collector/store"
	"muster/collector/store/memory"
	"muster/collector/store/sqlstore"
	"muster/internal/inventory"
	"muster/internal/report"
)

// newRealWorld is the office of newWorld over the stores that a collector has.
func newRealWorld(t testing.TB) *world {
	t.Helper()
	w := newWorld(t)
	ctx, dir := t.Context(), t.TempDir()
	inv, err := sqlstore.Open(ctx, filepath.Join(dir, "inventory.db"), sqlstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	control, err := sqlstore.OpenControl(ctx, filepath.Join(dir, "control.db"), sqlstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := inv.Close(); err != nil {
			t.Error(err)
		}
		if err := control.Close(); err != nil {
			t.Error(err)
		}
	})
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	agencies, sites := map[string]int64{}, map[int64]int64{0: 0}
	for _, a := range w.inventory.agencies {
		got, err := inv.PutAgency(ctx, store.Agency{Name: a.Name})
		must(err)
		agencies[a.Name] = got.ID
	}
	for _, s := range w.inventory.sites {
		got, err := inv.PutSite(ctx, store.Site{Agency: s.Agency, Name: s.Name})
		must(err)
		sites[s.ID] = got.ID
	}
	for i, d := range w.inventory.devices {
		must(inv.AddDevice(ctx, store.NewDevice{ID: d.ID, Kind: d.Kind, Name: d.Name, Site: sites[w.inventory.siteOf[d.ID]], Labels: d.Labels, At: w.now.Add(time.Duration(i) * time.Second)}))
		must(inv.SetPeople(ctx, d.ID, d.People))
		e := store.Entry{Device: d.ID, Head: store.Head{Epoch: 1, Seq: 1}, At: w.now, ReceivedAt: w.now, Gaps: []report.Gap{{From: 3, To: 4}}}
		views := slices.Clone(w.inventory.sections[d.ID])
		views = append(views, view(t, "system", w.now, []inventory.System{{Serial: d.Serial}}))
		for _, v := range views {
			section, _ := inventory.Lookup(v.Name)
			e.Sections = append(e.Sections, store.SectionReading{Section: section, Status: report.OK, Sources: []string{"test"}, At: w.now, Table: v.Table, Hash: section.HashTable(v.Table)})
		}
		for _, x := range w.inventory.events {
			if x.Device == d.ID {
				e.Events = append(e.Events, store.EventReading{Kind: x.Kind, At: x.At, Count: x.Count, Attributes: x.Attributes})
			}
		}
		must(inv.Commit(ctx, []store.Entry{e}))
	}
	_, err = inv.PutGroup(ctx, store.Group{Name: "kiosks", Filter: "label:loaner"})
	must(err)
	_, err = inv.Merge(ctx, pc2, pc1, "test", "", w.now)
	must(err)
	_, err = inv.UndoMerge(ctx, 1, "test", w.now)
	must(err)

	acc := &account.Accounts{Store: control, Now: func() time.Time { return w.now }, Key: []byte("k")}
	ann, err := control.PutUser(ctx, account.User{Name: "ann", Role: account.Staff, Scope: store.Scope{All: true}, CreatedAt: w.now}, "")
	must(err)
	must(control.AddSession(ctx, account.Session{ID: "s-1", User: ann.ID, CreatedAt: w.now, SeenAt: w.now}, [32]byte{1}))
	for _, x := range newFakeSaved().items {
		x.ID = 0
		_, err = control.PutSaved(ctx, x)
		must(err)
	}
	d := w.Server.d
	d.Inventory, d.Accounts, d.Series, d.Saved = inv, acc, memory.New(), control
	d.Atlas = atlas.New(inv, d.Now)
	set := d.Judge.Rules()
	judge, err := health.New(health.Options{Rules: set, Keeper: inv, Inventory: inv, Series: d.Series, Now: func() time.Time { return w.now }})
	must(err)
	must(inv.Record(ctx, judgedBefore(w.now)))
	d.Health, d.Judge = inv, judge
	d.Replay = func(ctx context.Context, set *rule.Set, id string, list []store.Device, since time.Time) ([]health.Replayed, error) {
		return health.Replay(ctx, health.Options{Rules: set, Inventory: inv, Series: d.Series, Now: func() time.Time { return w.now }}, id, list, since)
	}
	channels := realChannels{control, w.now}
	d.Notices.Channels, d.Notices.Routes, d.Notices.Letters = channels, control, inv.Notices()
	must(channels.PutChannel(ctx, notify.ChannelRecord{ID: notify.NewChannelID(), Name: "desk", Kind: "mail", Settings: []byte("{}")}, nil))
	twoLetters(t, inv.Notices(), w.now)
	d.Gear.Credentials, d.Gear.Targets, d.Gear.Subnets = realCredentials{control, w.now}, control, control
	for _, c := range w.gear.credentials {
		must(control.PutCredential(ctx, c, map[string][]byte{"auth": {1}, "priv": {1}, "community": {1}}, w.now))
	}
	for _, x := range w.gear.subnets {
		x.Site = sites[x.Site]
		must(control.PutSubnet(ctx, x, w.now))
	}
	_, err = control.AddTargets(ctx, w.gear.targets, w.now)
	must(err)
	s, err := New(d)
	must(err)
	w.Server, w.handler = s, s.Handler()
	running(t, s)
	for name, tok := range actors() {
		tok.Name = name
		if !tok.Scope.All {
			tok.Scope.Agencies = []int64{agencies["parks"]}
		}
		_, text, err := acc.NewToken(ctx, tok)
		must(err)
		w.tokens[name] = text
	}
	return w
}

// realChannels keeps channels where a collector does. What it seals with is not
// what these tests are about.
type realChannels struct {
	*sqlstore.Control
	now time.Time
}

func (x realChannels) PutChannel(ctx context.Context, r notify.ChannelRecord, secrets map[string]Secret) error {
	sealed := map[string][]byte{}
	for name, secret := range secrets {
		sealed[name] = []byte(strings.Repeat("#", len(secret)))
	}
	return x.Control.PutChannel(ctx, r, sealed, x.now)
}

// realCredentials is the same for credentials.
type realCredentials struct {
	*sqlstore.Control
	now time.Time
}

func (x realCredentials) PutCredential(ctx context.Context, c store.Credential, secrets map[string]Secret) error {
	sealed := map[string][]byte{}
	for name, secret := range secrets {
		sealed[name] = []byte(strings.Repeat("#", len(secret)))
	}
	return x.Control.PutCredential(ctx, c, sealed, x.now)
}

// realExamples are the examples with what differs in a real store.
func realExamples() map[string]any {
	x := examples()
	x["merge-undo"] = MergeUndoInput{ID: 2} // 1 is undone already
	x["finding-explain"] = FindingInput{ID: 5}
	return x
}

func TestOverRealStores(t *testing.T) {
	w := newRealWorld(t)
	ctx := t.Context()
	t.Run("every example", func(t *testing.T) {
		for _, o := range Operations() {
			if status, body := w.ask("socket", o.ID, realExamples()[o.ID]); status/100 != 2 {
				t.Errorf("%s: %d %s", o.ID, status, body)
			}
		}
	})
	t.Run("CSV", func(t *testing.T) {
		for _, o := range Operations() {
			if o.Method == "GET" && tabular(o.Output) {
				var b strings.Builder
				if err := w.client("staff-parks").Raw(ctx, o.ID, realExamples()[o.ID], "text/csv", &b); err != nil && o.Right != account.Manage && o.Right != account.Administer && o.Right != account.Query {
					t.Errorf("%s: %v", o.ID, err)
				}
			}
		}
	})
	t.Run("scope", func(t *testing.T) {
		c := w.client("intern-parks")
		list, err := c.DeviceList(ctx, DeviceListInput{})
		if err != nil || len(list.Devices) != 2 {
			t.Errorf("%v %s", err, asJSON(list))
		}
		_, err = c.DeviceShow(ctx, DeviceShowInput{Ref: pc3})
		problemIn(t, err, notFound)
		h, err := c.HistoryList(ctx, HistoryInput{})
		if err != nil || len(h.Changes) == 0 || strings.Contains(asJSON(h), pc3) {
			t.Errorf("%v %s", err, asJSON(h))
		}
	})
	t.Run("persons", func(t *testing.T) {
		for who, sees := range map[string]bool{"intern": false, "staff": true} {
			all := ""
			for _, path := range []string{"/devices", "/devices/pc-1", "/devices/pc-1/history", "/devices/pc-1/events", "/diff?a=pc-1&b=pc-2", "/devices?filter=jane", "/devices?filter=jdoe", "/merges"} {
				resp, body := w.get(who, path)
				if resp.StatusCode != 200 {
					t.Errorf("%s: %d %s", path, resp.StatusCode, body)
				}
				all += body
			}
			if got := strings.Contains(all, "jdoe") || strings.Contains(all, "Jane"); got != sees {
				t.Errorf("%s sees persons: %t %s", who, got, all)
			}
			l, err := w.client(who).DeviceList(ctx, DeviceListInput{Filter: "jane"})
			if err != nil || len(l.Devices) == 1 != sees {
				t.Errorf("%s searches for a person by free text: %v, %d found", who, err, len(l.Devices))
			}
		}
	})
	t.Run("ambiguous", func(t *testing.T) {
		_, err := w.client("admin").DeviceShow(ctx, DeviceShowInput{Ref: "pc-3"})
		if p := problemIn(t, err, ambiguous); len(p.Candidates) != 2 {
			t.Errorf("got %s", asJSON(p))
		}
	})
	t.Run("pages", func(t *testing.T) {
		_, err := w.client("admin").DeviceList(ctx, DeviceListInput{Sort: "port"})
		problemIn(t, err, invalid) // no store knows it
		for _, sort := range append(deviceColumns(), "-name", "-last_seen") {
			if sort == "port" {
				continue
			}
			var names []string
			in := DeviceListInput{Limit: 1, Sort: sort}
			for {
				page, err := w.client("admin").DeviceList(ctx, in)
				if err != nil {
					t.Fatalf("%s: %v", sort, err)
				}
				for _, d := range page.Devices {
					names = append(names, string(d.ID))
				}
				if in.After = page.Next; in.After == "" {
					break
				}
			}
			slices.Sort(names)
			if len(slices.Compact(names)) != 4 {
				t.Errorf("by %s: %q", sort, names)
			}
		}
	})
	t.Run("export is import", func(t *testing.T) {
		_, file := w.get("staff", "/devices?format=csv")
		got, err := w.client("staff").DeviceImport(ctx, DeviceImportInput{RawBody: []byte(file)})
		if err != nil || got.Lines != 4 || got.Same != 4 {
			t.Errorf("%v %s\n%s", err, asJSON(got), file)
		}
	})
	t.Run("audit", func(t *testing.T) {
		v, err := w.client("admin").AuditVerify(ctx)
		if err != nil || !v.OK || v.Checked < 20 {
			t.Errorf("%v %+v", err, v)
		}
	})
}

// BenchmarkDeviceList is a page of 1,000 of 2,000 devices through the whole
// server, as the command line asks for it.
func BenchmarkDeviceList(b *testing.B) {
	w := newRealWorld(b)
	for i := range 2000 {
		id := inventory.DeviceID(fmt.Sprintf("01900000-0000-7000-9000-%012d", i))
		if err := w.Server.d.Inventory.AddDevice(b.Context(), store.NewDevice{ID: id, Kind: "pc", Name: fmt.Sprintf("desk-%d", i), At: w.now}); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if resp, _ := w.get("admin", "/devices"); resp.StatusCode != 200 {
			b.Fatal(resp.Status)
		}
	}
}
