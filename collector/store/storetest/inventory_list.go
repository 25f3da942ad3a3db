package storetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"muster/collector/search"
	"muster/collector/store"
	"muster/internal/inventory"
)

func testFacts(f *fleet) {
	d := f.add(1)
	yes := true
	e := f.entry(d, hours(1),
		reading(hours(1), inventory.OS{Family: "windows", Name: "Windows 11 Pro", Release: "23H2", Version: "10.0.22631.3880", HostName: "DESK-7", Server: &yes}),
		reading(hours(1), inventory.System{Vendor: "HP", Model: "EliteBook 840", Serial: "5CD123", ChassisType: "notebook"}),
		reading(hours(1), inventory.Memory{TotalBytes: 16_500_000_000, InstalledBytes: 16 << 30}),
		reading(hours(1), inventory.Agent{Version: "1.2.3"}),
		reading(hours(1), inventory.Logon{CurrentUser: `CORP\jdoe`, LastUser: `CORP\old`}))
	e.ReceivedAt, e.Offset, e.Address = hours(1.5), -1500*time.Millisecond, "10.1.2.3"
	f.ok(f.s.Commit(f.Context(), []store.Entry{e}))
	want := store.Device{ID: d, Kind: "server", Name: "DESK-7", Address: "10.1.2.3", AgentVersion: "1.2.3", OS: "Windows 11 Pro 23H2", Vendor: "HP", Model: "EliteBook 840",
		Serial: "5CD123", User: `CORP\jdoe`, MemoryBytes: 16 << 30, FirstSeen: t0().Add(time.Second), LastSeen: hours(1.5), ClockOffset: -1.5}
	f.want("device", f.device(d), want)
	p, err := f.s.Devices(f.Context(), store.DeviceQuery{Scope: all()})
	f.ok(err)
	f.want("list", p.Devices, []store.Device{want})
	s, err := f.s.State(f.Context(), d)
	f.ok(err)
	f.want("name", s.Name, "DESK-7")
	// Facts that change are followed; an unread host name keeps the old one.
	f.report(d, hours(2), reading(hours(2), inventory.OS{Family: "linux", Name: "Debian GNU/Linux", Version: "12.5"}),
		reading(hours(2), inventory.Memory{TotalBytes: 8_000}), reading(hours(2), inventory.Logon{LastUser: `CORP\old`}))
	x := f.device(d)
	f.want("followed", []any{x.Name, x.OS, x.MemoryBytes, x.User}, []any{"DESK-7", "Debian GNU/Linux 12.5", 8000, `CORP\old`})
	// Presence and retirement.
	f.ok(f.s.SetPresence(f.Context(), map[inventory.DeviceID]store.Presence{d: store.Asleep, id(99): store.Online}))
	f.want("presence", f.device(d).Presence, store.Asleep)
	f.ok(f.s.Retire(f.Context(), d, hours(3)))
	x = f.device(d)
	f.want("retired", []any{x.Presence, x.RetiredAt}, []any{store.Retired, hours(3)})
	s, err = f.s.State(f.Context(), d)
	f.ok(err)
	f.want("retired in state", s.Retired, true)
	f.ok(f.s.Retire(f.Context(), d, time.Time{}))
	x = f.device(d)
	f.want("in use again", []any{x.Presence, x.RetiredAt.IsZero()}, []any{"", true})
	f.is(f.s.Retire(f.Context(), id(9), hours(1)), store.ErrNotFound)
}

// columns of store.Device by JSON name, as a list may be sorted.
func columns() []string {
	return []string{"id", "kind", "name", "agency", "site", "labels", "presence", "address", "agent_version", "os", "vendor", "model", "serial", "user", "memory_bytes",
		"first_seen", "last_seen", "clock_offset_seconds", "retired_at", "merged_into", "forked_from", "asset_tag", "owner", "department", "purchased", "warranty", "note"}
}

func testPages(f *fleet) {
	r := rand.New(rand.NewPCG(1, 2))
	agency, err := f.s.PutAgency(f.Context(), store.Agency{Name: "Parks"})
	f.ok(err)
	var sites []int64
	for _, n := range []string{"North", "south"} {
		s, err := f.s.PutSite(f.Context(), store.Site{Agency: agency.Name, Name: n})
		f.ok(err)
		sites = append(sites, s.ID)
	}
	for i := range 30 {
		d := f.add(i + 1)
		e := f.entry(d, hours(float64(r.IntN(5))),
			reading(t0(), inventory.OS{HostName: []string{"b", "B", "a", "äö", "c'%"}[r.IntN(5)], Name: "x", Family: "linux"}),
			reading(t0(), inventory.System{Vendor: []string{"", "HP", "hp", "Dell"}[r.IntN(4)], Model: fmt.Sprint(r.IntN(3))}),
			reading(t0(), inventory.Memory{TotalBytes: int64(r.IntN(3))}))
		e.Offset = time.Duration(r.IntN(3)-1) * time.Second
		e.Address = fmt.Sprintf("10.0.0.%d", r.IntN(4))
		f.ok(f.s.Commit(f.Context(), []store.Entry{e}))
		if r.IntN(2) == 0 {
			f.ok(f.s.SetSite(f.Context(), d, sites[r.IntN(2)], true))
			f.ok(f.s.SetLabels(f.Context(), d, []string{"l", "m", "n"}[:r.IntN(4)]))
			f.ok(f.s.SetPeople(f.Context(), d, store.People{AssetTag: fmt.Sprint(r.IntN(2)), Owner: "o"}))
		}
	}
	for _, c := range columns() {
		for _, sort := range []string{c, "-" + c} {
			whole, err := f.s.Devices(f.Context(), store.DeviceQuery{Scope: all(), Sort: sort, Personal: true})
			f.ok(err)
			f.want(sort+": all", []any{len(whole.Devices), whole.Total, whole.Next}, []any{30, 30, ""})
			var paged []inventory.DeviceID
			after := ""
			for range 30 {
				p, err := f.s.Devices(f.Context(), store.DeviceQuery{Scope: all(), Sort: sort, Limit: 7, After: after, Personal: true})
				f.ok(err)
				f.want(sort+": total of a page", p.Total, 30)
				paged = append(paged, ids(p.Devices)...)
				if after = p.Next; after == "" {
					break
				}
			}
			f.want(sort+": pages", paged, ids(whole.Devices))
		}
	}
	p, err := f.s.Devices(f.Context(), store.DeviceQuery{Scope: all(), Limit: 30})
	f.ok(err)
	f.want("a full last page has no next", p.Next, "")
	low := make([]string, 30)
	for i, n := range names(p.Devices) {
		low[i] = strings.ToLower(n)
	}
	f.want("by name, letter case apart", slices.IsSorted(low), true)
	p, err = f.s.Devices(f.Context(), store.DeviceQuery{Scope: all(), Sort: "-memory_bytes", Limit: 5})
	f.ok(err)
	f.want("descending", p.Devices[0].MemoryBytes, 2)
	for _, bad := range []store.DeviceQuery{{Sort: "nonsense"}, {Sort: "name; DROP TABLE device"}, {After: "nonsense"}, {Sort: "name", After: p.Next}, {Sort: "owner"}, {Sort: "-user"}} {
		bad.Scope = all()
		if _, err := f.s.Devices(f.Context(), bad); err == nil {
			f.Errorf("%+v is taken", bad)
		}
	}
}

func testPersonal(f *fleet) {
	d := f.add(1)
	f.report(d, t0(), reading(t0(), inventory.Logon{CurrentUser: "jdoe"}), reading(t0(), inventory.User{Name: "alice"}))
	f.ok(f.s.SetPeople(f.Context(), d, store.People{Owner: "Jane Roe"}))
	ask := func(filter string, personal bool) (int, error) {
		e, err := search.Parse(filter)
		f.ok(err)
		p, err := f.s.Devices(f.Context(), store.DeviceQuery{Scope: all(), Filter: e, Personal: personal, Now: t0()})
		return p.Total, err
	}
	for _, filter := range []string{"user:jdoe", `owner:"jane roe"`, "user.name:alice", "-user:*"} {
		if n, err := ask(filter, true); err != nil || n != 1 && filter != "-user:*" {
			f.Errorf("%s finds %d, %v", filter, n, err)
		}
		_, err := ask(filter, false)
		f.is(err, store.ErrPersonal)
	}
	// Free text looks at persons only for whom may see them.
	for _, word := range []string{"jdoe", "roe", "ja", "jd*"} {
		n, err := ask(word, true)
		f.ok(err)
		m, err := ask(word, false)
		f.ok(err)
		f.want(word, []int{n, m}, []int{1, 0})
	}
}

func testGroups(f *fleet) {
	g, err := f.s.PutGroup(f.Context(), store.Group{Name: "kiosks", Filter: "name:pc-1", Priority: 5, Settings: store.GroupSettings{SampleSeconds: 30, Off: []string{"wifi"}, Cadence: map[string]int64{"disk": 60}}})
	f.ok(err)
	_, err = f.s.PutGroup(f.Context(), store.Group{Name: "Kiosks"})
	f.is(err, store.ErrConflict)
	_, err = f.s.PutGroup(f.Context(), store.Group{ID: 99, Name: "x"})
	f.is(err, store.ErrNotFound)
	if _, err = f.s.PutGroup(f.Context(), store.Group{Name: "x", Filter: "name:("}); err == nil {
		f.Error("a filter that cannot be read is taken")
	}
	_, err = f.s.PutGroup(f.Context(), store.Group{Name: "both", Filter: "group:kiosks or name:pc-2", Priority: 9})
	f.ok(err)
	l, err := f.s.Groups(f.Context())
	f.ok(err)
	f.want("groups", []any{len(l), l[0].Name, l[1]}, []any{2, "both", g})
	for i := range 3 {
		f.add(i + 1)
	}
	f.want("group", f.chosen("group:KIOSKS"), []string{"pc-1"})
	f.want("group of groups", f.chosen("group:both"), []string{"pc-1", "pc-2"})
	f.want("none", f.chosen("-group:*"), []string{"pc-3"})
	f.want("glob", f.chosen("group~k*"), []string{"pc-1"})
	f.want("unknown", f.chosen("group:nobody"), []string{})
	g.Filter = "group:both"
	_, err = f.s.PutGroup(f.Context(), g)
	f.ok(err)
	e, _ := search.Parse("group:kiosks")
	if _, err := f.s.Devices(f.Context(), store.DeviceQuery{Scope: all(), Filter: e}); err == nil {
		f.Error("a circle of groups is taken")
	}
	f.ok(f.s.DeleteGroup(f.Context(), "kiosks"))
	f.is(f.s.DeleteGroup(f.Context(), "kiosks"), store.ErrNotFound)
}
