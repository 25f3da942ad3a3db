package sqlstore

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"muster/collector/notify"
	"muster/collector/store"
	"muster/collector/store/storetest"
	"muster/internal/inventory"
)

// told lists what waits to be told.
func told(t *testing.T, x *Inventory) []storetest.Told {
	t.Helper()
	list, err := x.Notices().Pending(t.Context(), 1000)
	if err != nil {
		t.Fatal(err)
	}
	var out []storetest.Told
	for _, a := range list {
		n := storetest.Told{Incident: a.Incident.Number, Kind: string(a.Kind), At: a.At, By: a.By, Note: a.Note, Title: a.Incident.Title, Meaning: a.Incident.Meaning}
		if a.Kind == notify.Resolved {
			n.Kind = "cleared"
		}
		for _, d := range a.Incident.Devices {
			n.Devices = append(n.Devices, inventory.DeviceID(d.ID))
		}
		for _, p := range a.Incident.Places {
			n.Sites = append(n.Sites, strings.Join([]string{p.Agency, p.Site}, "/"))
		}
		out = append(out, n)
	}
	return out
}

func TestHealth(t *testing.T) { eachEngine(t, testHealth) }

func testHealth(t *testing.T, e engine) {
	storetest.RunHealth(t, func(t *testing.T) storetest.HealthStore {
		x := e.open(t)
		return storetest.HealthStore{Inventory: x, Health: x, Told: func(t *testing.T) []storetest.Told { return told(t, x) }}
	})
}

func openFile(t *testing.T) (*Inventory, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "inventory.db")
	x, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return x, path
}

// round is what a judge decides in one round: an incident of two devices, with
// three findings, two steps and news.
func round(n int) *store.Judged {
	key := fmt.Sprint("cause:", n)
	i := store.Incident{Kind: store.CauseIncident, Key: key, Title: "Title", Rule: "D01", Family: "disk", Severity: "warn", Status: store.New, OpenedAt: at(n), UpdatedAt: at(n),
		Count: 2, Devices: []store.IncidentDevice{{ID: deviceID(1)}, {ID: deviceID(2)}}}
	j := &store.Judged{Incidents: []store.Incident{i}, News: []store.News{{Key: key, Kind: "opened", At: at(n), Incident: i}}}
	for k := range 3 {
		j.Findings = append(j.Findings, store.JudgedFinding{Key: key, Finding: store.Finding{Device: deviceID(1 + k%2), Rule: fmt.Sprint("R", n), Component: fmt.Sprint(k), Family: "disk", Title: "Title",
			State: store.Firing, Severity: "warn", Worst: "warn", Since: at(n), FiredAt: at(n), JudgedAt: at(n)}})
	}
	for _, do := range []string{"opened", "joined"} {
		j.Steps = append(j.Steps, store.KeyedStep{Key: key, Step: store.Step{At: at(n), Do: do}})
	}
	return j
}

// whole fails unless there are whole rounds only, and answers how many.
func whole(t *testing.T, x *Inventory) int {
	t.Helper()
	all := store.Scope{All: true}
	list, err := x.Incidents(t.Context(), store.IncidentQuery{Scope: all})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range list {
		i, err := x.Incident(t.Context(), all, l.Number)
		if err != nil || len(i.Devices) != 2 || len(i.Findings) != 3 || len(i.Steps) != 2 {
			t.Errorf("incident %d has %d devices, %d findings, %d steps, %v", l.Number, len(i.Devices), len(i.Findings), len(i.Steps), err)
		}
	}
	findings, err := x.Findings(t.Context(), store.FindingQuery{Scope: all})
	if news := told(t, x); err != nil || len(findings) != 3*len(list) || len(news) != len(list) {
		t.Errorf("%d incidents with %d findings and %d news, %v", len(list), len(findings), len(news), err)
	}
	return len(list)
}

// TestHealthCrash copies the files in the middle of a record and after it, and
// then cuts the write-ahead log at many places: never is there half a record,
// and recording it again makes it whole.
func TestHealthCrash(t *testing.T) {
	x := open(t)
	addDevice(t, x, 1)
	addDevice(t, x, 2)
	const rounds = 3
	for n := 1; n <= rounds; n++ {
		j := round(n)
		stop := errors.New("the process was killed")
		// Killed after each part, and before the commit.
		first := 3
		if n == 2 {
			first = 0
		}
		for parts := first; parts < 4; parts++ {
			cut := *j
			if parts < 3 {
				cut.News = nil
			}
			if parts < 2 {
				cut.Steps = nil
			}
			if parts < 1 {
				cut.Findings = nil
			}
			if err := x.d.write(t.Context(), func(tx *tx) error {
				if err := newRecording(x, tx, &cut).run(); err != nil {
					return err
				}
				if got := whole(t, openAt(t, copyFiles(t, x.d.path, -1))); got != n-1 {
					t.Errorf("killed in round %d: %d rounds are there", n, got)
				}
				return stop
			}); !errors.Is(err, stop) {
				t.Fatal(err)
			}
		}
		for range 2 {
			if err := x.Record(t.Context(), round(n)); err != nil {
				t.Fatal(err)
			}
		}
		y := openAt(t, copyFiles(t, x.d.path, -1))
		if got := whole(t, y); got != n {
			t.Errorf("after round %d there are %d", n, got)
		}
	}
	st, err := os.Stat(x.d.path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	last := 0
	for n := int64(0); n <= st.Size(); n += max(st.Size()/10, 1) {
		y := openAt(t, copyFiles(t, x.d.path, n))
		if list, err := y.Devices(t.Context(), store.DeviceQuery{Scope: store.Scope{All: true}}); err != nil || list.Total < 2 {
			continue // cut before there were devices
		}
		got := whole(t, y)
		if got < last {
			t.Errorf("cut at %d there are %d rounds, with less there were %d", n, got, last)
		}
		last = got
		for n := 1; n <= rounds; n++ {
			if err := y.Record(t.Context(), round(n)); err != nil {
				t.Fatal(err)
			}
		}
		if got := whole(t, y); got != rounds {
			t.Errorf("recorded again there are %d rounds", got)
		}
	}
	if last != rounds {
		t.Errorf("the whole log has %d rounds", last)
	}
}

// TestHealthAgain: all is there after the file is opened again.
func TestHealthAgain(t *testing.T) {
	ctx := t.Context()
	x, path := openFile(t)
	addDevice(t, x, 1)
	addDevice(t, x, 2)
	j := round(1)
	if err := x.Record(ctx, j); err != nil {
		t.Fatal(err)
	}
	number := j.Incidents[0].Number
	if _, err := x.Work(ctx, store.Scope{All: true}, number, store.Step{At: at(2), By: "ines", Do: store.DoClaim}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := x.Work(ctx, store.Scope{All: true}, number, store.Step{At: at(3), By: "ines", Do: store.DoSnooze, Until: at(9), Text: "later"}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := x.PutMaintenance(ctx, store.Maintenance{Name: "Move", From: at(1), By: "ines"}); err != nil {
		t.Fatal(err)
	}
	if err := x.SwitchOff(ctx, "R1", "dear", at(1)); err != nil {
		t.Fatal(err)
	}
	show := func(x *Inventory) string {
		i, err := x.Incident(ctx, store.Scope{All: true}, number)
		if err != nil {
			t.Fatal(err)
		}
		windows, err := x.Maintenances(ctx)
		if err != nil {
			t.Fatal(err)
		}
		marks, err := x.RuleMarks(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("%+v\n%+v\n%+v\n%+v", i, windows, marks, told(t, x))
	}
	before := show(x)
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	y := openAt(t, path)
	if after := show(y); after != before {
		t.Errorf("opened again it shows\n%s\nbefore\n%s", after, before)
	}
	// It goes on from there.
	i, err := y.Work(ctx, store.Scope{All: true}, number, store.Step{At: at(9), Do: store.DoWake}, nil)
	if err != nil || i.Status != store.Claimed {
		t.Errorf("%s, %v", i.Status, err)
	}
	if err := y.Record(ctx, round(1)); err != nil {
		t.Fatal(err)
	}
	if list, err := y.Findings(ctx, store.FindingQuery{Scope: store.Scope{All: true}}); err != nil || len(list) != 3 {
		t.Errorf("%d findings, %v", len(list), err)
	}
}

// TestHealthMigration: a file from before there were findings gets their
// tables, and keeps what it has.
func TestHealthMigration(t *testing.T) {
	path := filepath.Join(t.TempDir(), "inventory.db")
	d, err := openDatabase(t.Context(), path, appInventory, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.migrate(t.Context(), inventoryMigrations()[:1], at(0)); err != nil {
		t.Fatal(err)
	}
	if err := d.write(t.Context(), func(tx *tx) error {
		return tx.once("INSERT INTO device_rows (device_id, name, first_seen) VALUES ('" + string(deviceID(1)) + "', 'old', 1), ('" + string(deviceID(2)) + "', 'old 2', 1); INSERT INTO seen_rows (device_no) VALUES (1), (2)")
	}); err != nil {
		t.Fatal(err)
	}
	if err := d.close(); err != nil {
		t.Fatal(err)
	}
	x := openAt(t, path)
	if err := x.Record(t.Context(), round(1)); err != nil {
		t.Fatal(err)
	}
	if got := whole(t, x); got != 1 {
		t.Errorf("%d rounds", got)
	}
	list, err := x.Findings(t.Context(), store.FindingQuery{Scope: store.Scope{All: true}, Devices: []inventory.DeviceID{deviceID(1)}})
	if err != nil || len(list) != 2 || list[0].Name != "old" {
		t.Errorf("%+v, %v", list, err)
	}
}
