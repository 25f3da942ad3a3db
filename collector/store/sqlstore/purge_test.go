package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/collector/authority"
	"muster/collector/store"
	"muster/internal/event"
	"muster/internal/inventory"
	"muster/internal/report"
)

func purgeReading(t *testing.T, name string, at time.Time, columns []string, rows ...[]any) store.SectionReading {
	t.Helper()
	sec, ok := inventory.Lookup(name)
	if !ok {
		t.Fatal(name)
	}
	table, faults, err := sec.Conform(inventory.Table{Columns: columns, Rows: rows})
	if err != nil || len(faults) > 0 {
		t.Fatal(err, faults)
	}
	return store.SectionReading{Section: sec, Status: report.OK, At: at, Hash: sec.HashTable(table), Table: table}
}

// After a purge the bytes of the database do not hold the name any more, and
// everybody else is as before.
func TestPurgeRemovesAPersonAndNobodyElse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "inventory.db")
	x, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	id := inventory.DeviceID("01900000-0000-7000-8000-000000000001")
	if err := x.AddDevice(t.Context(), store.NewDevice{ID: id, Kind: "pc", Name: "pc-1", At: now}); err != nil {
		t.Fatal(err)
	}
	const who, other = "quokka7", "quokka77"
	users := []string{"name", "full_name", "home"}
	commit := func(seq uint64, e store.Entry) {
		t.Helper()
		e.Device, e.Head, e.ReceivedAt = id, store.Head{Epoch: 1, Seq: seq}, e.At
		if err := x.Commit(t.Context(), []store.Entry{e}); err != nil {
			t.Fatal(err)
		}
	}
	commit(1, store.Entry{At: now, Sections: []store.SectionReading{
		purgeReading(t, "user", now, users, []any{who, "Q. " + who, "/home/" + who}, []any{`CORP\` + who, "", ""}, []any{other, "Someone", "/home/" + other})}})
	// A row of the past, and one that is true now.
	later := now.Add(time.Hour)
	commit(2, store.Entry{At: later, Sections: []store.SectionReading{
		purgeReading(t, "user", later, users, []any{strings.ToUpper(who), "", ""}, []any{other, "Someone", "/home/" + other})},
		Events: []store.EventReading{{Kind: event.Enrolled, At: later, Count: 1, Attributes: map[string]string{"user": who, "text": "by " + who + ", again", "kept": other}}}})
	if err := x.SetPeople(t.Context(), id, store.People{Owner: who, Note: "ask " + who + " or " + other}); err != nil {
		t.Fatal(err)
	}
	sum := func(list []store.Purged) (n int64) {
		for _, p := range list {
			n += p.Count
		}
		return n
	}
	dry, err := x.Purge(t.Context(), who, true)
	if err != nil || sum(dry) == 0 {
		t.Fatalf("%+v, %v", dry, err)
	}
	done, err := x.Purge(t.Context(), who, false)
	if err != nil || sum(done) != sum(dry) {
		t.Errorf("done %+v, announced %+v, %v", done, dry, err)
	}
	if again, err := x.Purge(t.Context(), who, false); err != nil || len(again) > 0 {
		t.Errorf("still there: %+v, %v", again, err)
	}
	views, err := x.Sections(t.Context(), id, time.Time{}, []string{"user"})
	if err != nil || len(views) != 1 || len(views[0].Table.Rows) != 1 {
		t.Errorf("users now: %+v, %v", views, err)
	}
	d, err := x.Device(t.Context(), store.Scope{All: true}, id)
	if err != nil || d.People.Owner != "" || d.People.Note != "ask (removed) or "+other {
		t.Errorf("people's fields: %+v, %v", d.People, err)
	}
	ev, err := x.Events(t.Context(), store.EventQuery{Scope: store.Scope{All: true}})
	if err != nil || len(ev) != 1 || ev[0].Attributes["kept"] != other || ev[0].Attributes["user"] != "" || ev[0].Attributes["text"] != "by (removed), again" {
		t.Errorf("events: %+v, %v", ev, err)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	// Freed pages may still hold it until they are written over; a copy does not.
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	copied := filepath.Join(t.TempDir(), "copy.db")
	if _, err := db.Exec("VACUUM INTO ?", copied); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(copied)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ToLower(string(b))
	if n, all := strings.Count(text, other), strings.Count(text, who); all != n {
		t.Errorf("the name is there %d times, %d of them another's", all, n)
	}
}

// Each database purges alike: what was announced is done, in sections, in what
// rows share, in what people wrote and in the control database, and nothing is
// left.
func TestPurgeOverEachDatabase(t *testing.T) {
	eachEngine(t, func(t *testing.T, e engine) {
		x, c := e.open(t), e.control(t)
		now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
		id := inventory.DeviceID("01900000-0000-7000-8000-000000000001")
		const who = "quokka7"
		err := errors.Join(
			x.AddDevice(t.Context(), store.NewDevice{ID: id, Kind: "pc", Name: "pc-1", At: now}),
			x.Commit(t.Context(), []store.Entry{{Device: id, Head: store.Head{Epoch: 1, Seq: 1}, At: now, ReceivedAt: now, Sections: []store.SectionReading{
				purgeReading(t, "user", now, []string{"name", "full_name"}, []any{who, "Q."}, []any{"other", ""}),
				purgeReading(t, "logon", now, []string{"current_user_name"}, []any{`CORP\` + who}),
				purgeReading(t, "snmp_agent", now, []string{"sys_contact"}, []any{"ask " + who}),
				purgeReading(t, "startup_item", now, []string{"source", "scope", "user_name", "name", "executable"}, []any{"autostart", "machine", "", "chat", "/home/" + who + "/bin/chat"})}}}),
			x.SetPeople(t.Context(), id, store.People{Note: "desk of " + who}),
			c.PutToken(t.Context(), authority.Token{Hash: [32]byte{1}, ID: "01", Note: "for " + who, Uses: 1, UsesLeft: 1, CreatedAt: now, ExpiresAt: now}))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range []struct {
			name  string
			purge func(context.Context, string, bool) ([]store.Purged, error)
			least int64
		}{{"inventory", x.Purge, 5}, {"control", c.Purge, 1}} {
			count := func(dry bool) (n int64) {
				t.Helper()
				list, err := p.purge(t.Context(), strings.ToUpper(who), dry)
				if err != nil {
					t.Fatal(p.name, err)
				}
				for _, f := range list {
					n += f.Count
				}
				return n
			}
			announced := count(true)
			if done := count(false); announced < p.least || done != announced {
				t.Errorf("%s: announced %d, done %d", p.name, announced, done)
			}
			if n := count(true); n != 0 {
				t.Errorf("%s: %d are left", p.name, n)
			}
		}
		views, err := x.Sections(t.Context(), id, time.Time{}, []string{"startup_item"})
		if err != nil || len(views) != 1 || len(views[0].Table.Rows) != 1 || !slices.Contains(views[0].Table.Rows[0], any("/home/(removed)/bin/chat")) {
			t.Errorf("%+v, %v", views, err)
		}
	})
}
