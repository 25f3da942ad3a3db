package collector

import (
	"encoding/hex"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
	"time"

	"muster/collector/account"
	"muster/collector/api"
	"muster/collector/store"
	"muster/collector/store/memory"
	"muster/collector/store/sqlstore"
	"muster/internal/inventory"
	"muster/internal/report"
)

// TestWhatIsToldOfSettingsIsWhatIsSent holds what people are told of an agent's
// settings against what the collector sends to it, over made-up groups.
func TestWhatIsToldOfSettingsIsWhatIsSent(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	const pc = inventory.DeviceID("0192f3aa-0000-7000-8000-000000000001")
	for seed := range uint64(12) {
		dir, now := t.TempDir(), time.Now()
		inv, err := sqlstore.Open(ctx, filepath.Join(dir, "inventory.db"), sqlstore.Options{})
		if err != nil {
			t.Fatal(err)
		}
		control, err := sqlstore.OpenControl(ctx, filepath.Join(dir, "control.db"), sqlstore.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if err := inv.AddDevice(ctx, store.NewDevice{ID: pc, Kind: "pc", Name: "front-1", At: now}); err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(seed, 7))
		one := func(list ...string) []string {
			if r.IntN(2) == 0 {
				return nil
			}
			return []string{list[r.IntN(len(list))]}
		}
		for i := range r.IntN(6) {
			g := store.Group{Name: fmt.Sprint("g", (i*5)%7), Filter: []string{"name:front-*", "kind:pc", "kind:server", "kind:pc name:front-1", "kind:server or kind:pc"}[r.IntN(5)], Priority: r.Int64N(3)}
			g.Settings = store.GroupSettings{SampleSeconds: r.Int64N(3) * 30, Off: one("process", "wifi"), PerCore: r.IntN(3) == 0, PerProcess: r.IntN(3) == 0}
			for _, name := range one("disk", "software") {
				g.Settings.Cadence = map[string]int64{name: 60 + r.Int64N(3)*600}
			}
			if _, err := inv.PutGroup(ctx, g); err != nil {
				t.Fatal(err)
			}
		}
		p := newPolicies(inv, func() [][]byte { return nil }, nil, slog.New(slog.DiscardHandler), time.Now)
		p.interval, p.largeFleet = time.Minute, 2000
		if err := p.refresh(ctx); err != nil {
			t.Fatal(err)
		}
		sent, digest := p.Policy(pc)
		section, _ := inventory.Lookup("agent")
		table, err := inventory.Encode([]inventory.Agent{{SampleSeconds: 60, ReportSeconds: 60, SettingsHash: hex.EncodeToString(digest[:]), SectionsOff: append([]string{"user"}, sent.Off...)}})
		if err != nil {
			t.Fatal(err)
		}
		table, _, err = section.Conform(table)
		if err != nil {
			t.Fatal(err)
		}
		e := store.Entry{Device: pc, Head: store.Head{Epoch: 1, Seq: 1}, At: now, ReceivedAt: now, Sections: []store.SectionReading{{Section: section, Status: report.OK, At: now, Table: table, Hash: section.HashTable(table)}}}
		if err := inv.Commit(ctx, []store.Entry{e}); err != nil {
			t.Fatal(err)
		}
		s, err := api.New(api.Deps{Inventory: inv, Series: memory.New(), Accounts: &account.Accounts{Store: control, Now: time.Now, Key: []byte("k")}})
		if err != nil {
			t.Fatal(err)
		}
		x, err := s.As(account.Actor{Name: "x", Role: account.Intern, Scope: store.Scope{All: true}}, "").DeviceSettings(ctx, api.RefInput{Ref: string(pc)})
		if err != nil || !x.Agent || x.Arrived != "yes" {
			t.Fatalf("seed %d: %v, %+v; sent is %+v", seed, err, x, sent)
		}
		told := report.Policy{}
		if !slices.ContainsFunc(x.Sections, func(one api.DeviceSetting) bool { return one.Name == "user" }) {
			t.Errorf("seed %d: what the machine's own file says is not told", seed)
		}
		for _, one := range append(x.Rhythm, x.Sections...) {
			switch {
			case one.Name == "user" && (one.From != "machine" || one.On):
				t.Errorf("seed %d: %+v is off by the machine's own file", seed, one)
			case one.From != "group":
			case one.Name == "sample":
				told.SampleSeconds = one.Seconds
			case one.Name == "per_core":
				told.PerCore = true
			case one.Name == "per_process":
				told.PerProcess = true
			case !one.On:
				told.Off = append(told.Off, one.Name)
			default:
				if told.Cadence == nil {
					told.Cadence = map[string]int64{}
				}
				told.Cadence[one.Name] = one.Seconds
			}
			if (one.Group == "") != (one.From != "group") {
				t.Errorf("seed %d: %+v", seed, one)
			}
		}
		if !reflect.DeepEqual(told, sent) {
			t.Errorf("seed %d: told is %+v, sent is %+v", seed, told, sent)
		}
		if err := inv.Close(); err != nil {
			t.Error(err)
		}
		control.Close()
	}
}
