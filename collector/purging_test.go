package collector

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"muster/collector/account"
	"muster/collector/authority"
	"muster/collector/store"
	"muster/internal/enroll"
	"muster/internal/event"
	"muster/internal/inventory"
	"muster/internal/report"
)

// After a purge no file of the data folder holds the name, though it was in
// sections and their history, in paths that tell of nobody else, in events, in
// what people wrote, and in the control database. What has to be changed by
// hand is named, and only that.
func TestNoFileHoldsAPurgedPerson(t *testing.T) {
	c := office(t)
	const who = "quokka7"
	now := time.Now().UTC().Truncate(time.Millisecond)
	id := inventory.DeviceID("01900000-0000-7000-8000-000000000001")
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(c.inventory.AddDevice(t.Context(), store.NewDevice{ID: id, Kind: "pc", Name: "pc-1", At: now}))
	reading := func(name string, at time.Time, columns []string, rows ...[]any) store.SectionReading {
		t.Helper()
		sec, _ := inventory.Lookup(name)
		table, faults, err := sec.Conform(inventory.Table{Columns: columns, Rows: rows})
		if err != nil || len(faults) > 0 {
			t.Fatal(name, err, faults)
		}
		return store.SectionReading{Section: sec, Status: report.OK, At: at, Hash: sec.HashTable(table), Table: table}
	}
	commit := func(seq uint64, at time.Time, events []store.EventReading, sections ...store.SectionReading) {
		t.Helper()
		must(c.inventory.Commit(t.Context(), []store.Entry{{Device: id, Head: store.Head{Epoch: 1, Seq: seq}, At: at, ReceivedAt: at, Sections: sections, Events: events}}))
	}
	commit(1, now, nil,
		reading("user", now, []string{"name", "full_name", "home"}, []any{who, "Q. " + who, "/home/" + who}, []any{"other", "Someone", "/home/other"}),
		reading("logon", now, []string{"current_user_name", "primary_user_name", "primary_user_full_name"}, []any{`CORP\` + who, who, "Q. Uokka"}),
		reading("volume", now, []string{"mount", "source", "filesystem"}, []any{"/home/" + who, "nas:/export/home/" + who, "nfs4"}, []any{"/", "/dev/sda1", "ext4"}),
		reading("startup_item", now, []string{"source", "scope", "user_name", "name", "executable"}, []any{"autostart", "machine", "", "chat", "/home/" + who + "/bin/chat"}),
		reading("snmp_agent", now, []string{"sys_name", "sys_contact"}, []any{"pc-1", "ask " + who + " in 104"}))
	later := now.Add(time.Minute)
	commit(2, later, []store.EventReading{{Kind: event.Enrolled, At: later, Count: 1, Attributes: map[string]string{"user": who, "text": "by " + who + "!"}}},
		reading("user", later, []string{"name", "full_name", "home"}, []any{"other", "Someone", "/home/other"}),
		reading("volume", later, []string{"mount", "source", "filesystem"}, []any{"/", "/dev/sda1", "ext4"}))
	must(c.inventory.SetPeople(t.Context(), id, store.People{Owner: who, Note: "desk of " + who}))
	must(c.control.PutToken(t.Context(), authority.Token{Hash: [32]byte{1}, ID: "01", Note: "for " + who, CreatedBy: who, Uses: 1, UsesLeft: 1, CreatedAt: now, ExpiresAt: later}))
	_, err := c.control.PutApproval(t.Context(), authority.Approval{ID: "q", Kind: authority.ApproveEnroll, State: authority.Pending, Name: who + "-pc", Key: enroll.KeyHash{1}, Reason: "its invitation asks", AskedAt: now})
	must(err)

	holds := func() (files []string) {
		t.Helper()
		must(filepath.WalkDir(c.cfg.Data, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			b, err := os.ReadFile(path)
			if bytes.Contains(bytes.ToLower(b), []byte(who)) {
				files = append(files, filepath.Base(path))
			}
			return err
		}))
		return files
	}
	if len(holds()) < 2 {
		t.Fatalf("the name is in %v: nothing is tried here", holds())
	}
	p := purging{c}
	sum := func(list []store.Purged) (n int64) {
		for _, f := range list {
			if f.Action == "left" {
				t.Errorf("has to be changed by hand: %+v", f)
			}
			n += f.Count
		}
		return n
	}
	dry, err := p.Purge(t.Context(), who, true)
	must(err)
	done, err := p.Purge(t.Context(), strings.ToUpper(who), false)
	must(err)
	if n := sum(dry); n < 12 || sum(done) != n {
		t.Errorf("announced %+v, done %+v", dry, done)
	}
	if files := holds(); len(files) > 0 {
		t.Errorf("%v still hold the name", files)
	}
	views, err := c.inventory.Sections(t.Context(), id, time.Time{}, []string{"startup_item", "snmp_agent", "user"})
	must(err)
	for _, v := range views {
		if len(v.Table.Rows) != 1 {
			t.Errorf("%s: %v", v.Name, v.Table.Rows)
		}
	}
	// What is left is told: who works here, what was recorded, how a group is made.
	must(c.accounts.Audit(t.Context(), account.Record{Actor: who, Action: "x", Outcome: "done"}))
	_, err = c.inventory.PutGroup(t.Context(), store.Group{Name: "one", Filter: "user:" + who})
	must(err)
	rest, err := p.Purge(t.Context(), who, false)
	must(err)
	var left []string
	for _, f := range rest {
		left = append(left, f.Action+" "+f.Where)
	}
	if got := strings.Join(left, "; "); got != "left filters of groups: muster group set; left the audit, which ends by retention.audit" {
		t.Errorf("left: %s", got)
	}
}
