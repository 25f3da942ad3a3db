//go:build linux

package e2e

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"muster/agent/simulate"
	"muster/collector/account"
	"muster/collector/api"
	"muster/collector/store"
	"muster/internal/inventory"
)

// A site with several switches, one with one, whose uplink leads to nothing
// that is polled, and one without.
const cabledOffice = `
seed: 11
rhythm: office
sites:
  - {name: hartford, agents: 40, switches: 4, ups: 1, printers: 1}
  - {name: stamford, agents: 14, switches: 1}
  - {name: norwich}
steps:
`

const pace = 10 * time.Minute // of reports

// Every simulated PC with a cable is found on the port that it hangs on, by
// name, by hardware address and by IP address, whether it runs or not; and
// every port knows who hangs on it.
func TestEveryPCIsFoundOnItsPort(t *testing.T) {
	sc, err := simulate.ParseScenario("cables.yaml", []byte(cabledOffice), simulate.Scenario{Speed: 1})
	if err != nil {
		t.Fatal(err)
	}
	start := time.Date(2026, 10, 26, 6, 0, 0, 0, time.UTC) // a Monday
	s, err := NewStage(t.Context(), StageOptions{Dir: t.TempDir(), Start: start, Agency: "State",
		Fleet: simulate.Options{Agents: 64, Programs: 5, Interval: pace, Refresh: 4 * time.Hour, Scenario: sc}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	c := askStage(t, s)
	play := func(until time.Time) {
		t.Helper()
		for now := s.Now().Add(pace); !now.After(until); now = now.Add(pace) {
			if err := s.Step(t.Context(), now); err != nil {
				t.Fatal(err)
			}
		}
	}
	play(start.Add(5 * time.Hour))
	if present := s.everyPort(t, c); present < 30 {
		t.Errorf("at eleven on a Monday %d PCs are on their ports", present)
	}

	// By the ports themselves.
	on := map[string]string{}
	for i, r := range s.Roles {
		if r.Kind != "switch" {
			continue
		}
		got, err := c.PortShow(t.Context(), api.PortShowInput{Ref: string(s.IDs[i])})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range got.Ports {
			for _, h := range p.Hosts {
				if h.Device != nil {
					on[h.Device.Name] = r.Name + "/" + p.Name
				}
			}
			if p.Name == "Te1/1/1" && p.Role != "uplink" && p.Role != "unpolled" {
				t.Errorf("%s %s is %s", r.Name, p.Name, p.Role)
			}
		}
	}
	wired := 0
	for i, r := range s.Roles {
		if r.Port == "" || r.Kind != "pc" || !s.seenOnce(t, i) {
			continue
		}
		wired++
		if on[r.Name] != r.Port {
			t.Errorf("%s hangs on %s, and is listed on %q", r.Name, r.Port, on[r.Name])
		}
	}
	if wired < 30 {
		t.Errorf("only %d PCs have a cable", wired)
	}

	// At night most are off, and are still told where they are or were.
	play(start.Add(14 * time.Hour))
	s.everyPort(t, c)

	// One is carried to another switch; its history tells.
	s.moves(t, c)
}

// askStage is a client of the API over a stage's stores. Between two steps its
// time runs on, so that what it keeps for a while is kept.
func askStage(t *testing.T, s *Stage) *api.Client {
	t.Helper()
	begin := time.Now()
	now := func() time.Time { return s.Now().Add(time.Since(begin)) }
	server, err := api.New(api.Deps{Inventory: s.Inventory, Series: s.Series, Accounts: &account.Accounts{Now: now, Key: []byte("k")}, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewUnstartedServer(server.Handler())
	web.Config.ConnContext = api.OnSocket
	web.Start()
	t.Cleanup(web.Close)
	return &api.Client{Base: web.URL, HTTP: http.DefaultClient}
}

// seenOnce says whether a PC was ever on its cable: who works at home this
// week was not.
func (s *Stage) seenOnce(t *testing.T, role int) bool {
	t.Helper()
	mac := s.card(t, role)
	seen := false
	if err := s.Inventory.Rows(t.Context(), store.RowQuery{Scope: store.Scope{All: true}, Section: "fdb", Columns: []string{"mac"}, Column: "mac", Values: []string{mac}, Past: true},
		func(*store.Row) error { seen = true; return nil }); err != nil {
		t.Fatal(err)
	}
	return seen
}

// card is the address of a PC's cable.
func (s *Stage) card(t *testing.T, role int) string {
	t.Helper()
	views, err := s.Inventory.Sections(t.Context(), s.IDs[role], time.Time{}, []string{"interface"})
	if err != nil || len(views) == 0 {
		return "" // it has not reported yet
	}
	rows, err := inventory.Decode[inventory.Interface](views[0].Table)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if r.Kind == "ethernet" {
			return r.Mac
		}
	}
	return ""
}

// everyPort wants each PC that was ever on its cable on its port, and answers
// how many are there now.
func (s *Stage) everyPort(t *testing.T, c *api.Client) (present int) {
	t.Helper()
	for i, r := range s.Roles {
		if r.Kind != "pc" {
			continue
		}
		seen := r.Port != "" && s.seenOnce(t, i)
		asked := []string{string(s.IDs[i])}
		if seen {
			asked = append(asked, s.card(t, i))
		}
		for _, what := range asked {
			got, err := c.PortWhere(t.Context(), api.PortWhereInput{What: what})
			if err != nil {
				t.Errorf("%s, asked as %s: %v", r.Name, what, err)
				continue
			}
			at, sure := "", ""
			for _, p := range got.Places[:min(1, len(got.Places))] {
				if p.Switch != nil {
					at, sure = p.Switch.Name+"/"+p.Port, p.Confidence
				}
				if p.Present && what == asked[0] {
					present++
				}
			}
			if seen && (at != r.Port || sure != "high") || !seen && at != "" {
				t.Errorf("%s, asked as %s, is on %q (%s), and hangs on %q", r.Name, what, at, sure, r.Port)
			}
			if seen && what == asked[0] && got.Places[0].Present {
				s.byAddress(t, c, got, at)
			}
		}
	}
	return present
}

// byAddress asks for a PC by an IP address of its cable.
func (s *Stage) byAddress(t *testing.T, c *api.Client, of api.PortWhere, at string) {
	t.Helper()
	for _, a := range of.Addresses {
		if a.Mac != of.Places[0].Mac {
			continue
		}
		got, err := c.PortWhere(t.Context(), api.PortWhereInput{What: a.Address})
		if err != nil || len(got.Places) == 0 || got.Places[0].Switch == nil || got.Places[0].Switch.Name+"/"+got.Places[0].Port != at {
			t.Errorf("%s, asked by %s: %v %+v", of.Device.Name, a.Address, err, got.Places)
		}
	}
}

// moves has a switch see a PC of another one on a free port, from now on.
func (s *Stage) moves(t *testing.T, c *api.Client) {
	t.Helper()
	pc, to := -1, -1
	for i, r := range s.Roles {
		switch {
		case pc < 0 && r.Port != "" && r.Site == "hartford" && s.seenOnce(t, i):
			pc = i
		case r.Name == "sw-stamford-1":
			to = i
		}
	}
	if pc < 0 || to < 0 {
		t.Fatal("nobody to move")
	}
	mac := s.card(t, pc)
	section, _ := inventory.Lookup("fdb")
	views, err := s.Inventory.Sections(t.Context(), s.IDs[to], time.Time{}, []string{"fdb"})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := inventory.Decode[inventory.Fdb](views[0].Table)
	if err != nil {
		t.Fatal(err)
	}
	table, err := inventory.Encode(append(rows, inventory.Fdb{VlanID: 10, Mac: mac, Port: "Gi1/0/24", Status: "learned"}))
	if err == nil {
		table, _, err = section.Conform(table)
	}
	if err != nil {
		t.Fatal(err)
	}
	now := s.Now().Add(pace)
	s.now.Store(now.UnixMilli())
	if err := s.Inventory.Commit(t.Context(), []store.Entry{{Device: s.IDs[to], Head: store.Head{Epoch: 1, Seq: 1}, At: now, ReceivedAt: now,
		Sections: []store.SectionReading{{Section: section, Sources: views[0].Sources, At: now, Table: table, Hash: section.HashTable(table)}}}}); err != nil {
		t.Fatal(err)
	}
	got, err := c.PortWhere(t.Context(), api.PortWhereInput{What: string(s.IDs[pc]), History: true})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Places) == 0 || got.Places[0].Switch.Name != "sw-stamford-1" || got.Places[0].Port != "Gi1/0/24" {
		t.Errorf("%s was moved, and is on %+v", s.Roles[pc].Name, got.Places)
	}
	if len(got.History) < 2 || got.History[0].Port != "Gi1/0/24" || !got.History[0].Until.IsZero() || got.History[1].Switch.Name+"/"+got.History[1].Port != s.Roles[pc].Port {
		t.Errorf("its history is %+v", got.History)
	}
}
