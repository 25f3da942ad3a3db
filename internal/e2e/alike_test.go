//go:build linux

package e2e

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"muster/collector"
	"muster/collector/api"
	"muster/internal/enroll"
)

// Three devices into which their maker wrote one serial number, a PC that was
// installed anew, and one whose mainboard was changed, as staff sees them.
func TestRecordsThatMayBeOneMachine(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "")
	var shift atomic.Int64
	now := func() time.Time { return time.Now().Add(time.Duration(shift.Load())) }
	pass := func(d time.Duration) { shift.Add(int64(d)) }
	o.inside(func(c *collector.Options) { c.Now = now })
	or := NewOracle(filepath.Join(o.dir, "devices"), DefaultScript(), quiet())
	n, invited := 0, o.invite(20, "--expires", "90d")
	enrol := func(items ...enroll.Item) *Device {
		t.Helper()
		n++
		d := or.device(n, invited)
		ev := enroll.NewEvidence(items...)
		d.machine, d.Member.Now = ev.Fingerprint(), now
		d.Member.Evidence = func(context.Context) enroll.Evidence { return ev }
		if err := d.enrol(t.Context()); err != nil {
			t.Fatal(err)
		}
		return d
	}
	report := func(list ...*Device) {
		t.Helper()
		for _, d := range list {
			err := d.Issue()
			if err == nil {
				_, err = d.Deliver(t.Context())
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	proposals := func() []api.Approval {
		t.Helper()
		list, err := o.api().ApprovalList(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return list.Approvals
	}
	serial := func(s string) enroll.Item {
		return enroll.Item{Kind: enroll.SystemSerial, Value: enroll.ModelSerial("H81M-K", s)}
	}
	board := func(s string) enroll.Item { return enroll.Item{Kind: enroll.BoardSerial, Value: s} }
	disk := func(s string) enroll.Item { return enroll.Item{Kind: enroll.BootDisk, Value: s} }

	var series []*Device
	for i := range 3 {
		series = append(series, enrol(serial("MF70001"), board(fmt.Sprintf("MB-77%d", i))))
		report(series...)
		if i != 1 {
			continue
		}
		list := proposals()
		if len(list) != 1 || list[0].Merge == nil || list[0].Merge.Hold == "" || list[0].Merge.Sure {
			t.Fatalf("of two with one serial number: %+v", list)
		}
		if _, err := o.muster("enroll", "approve", list[0].ID); err == nil || !strings.Contains(err.Error(), "silent for a quarter of an hour") {
			t.Errorf("merged although both report: %v", err)
		}
	}
	pass(time.Hour)
	report(series...)
	if list := proposals(); len(list) != 0 {
		t.Errorf("three have one serial number, and people are asked: %+v", list)
	}

	pc := []enroll.Item{{Kind: enroll.SMBIOSUUID, Value: "4c4c4544-0042-3510-8052-b4c04f4e4d32"}, serial("PC0A1B2"), board("MB-8801"), disk("S4EWNX0R1")}
	old := enrol(pc...)
	report(old)
	pass(24 * time.Hour)
	fresh := enrol(append(pc[:3:3], disk("S4EWNX0R2"))...)
	report(fresh)
	list := proposals()
	if len(list) != 1 || list[0].Device != fresh.ID || list[0].Other != old.ID || list[0].Merge.Hold != "" || !list[0].Merge.Sure || list[0].Merge.Score != 100 || list[0].Merge.Against != 15 {
		t.Fatalf("of a PC that was installed anew: %+v", list)
	}
	sides := map[string]api.EvidenceTerm{}
	for _, e := range list[0].Merge.Evidence {
		sides[e.Kind] = e
	}
	if e := sides["boot_disk"]; fmt.Sprintln(e.Here, e.There, e.Outcome, e.Points, e.Trusted) != "[S4EWNX0R2] [S4EWNX0R1] differs -15 true\n" {
		t.Errorf("drives: %+v", e)
	}
	if e := sides["system_serial"]; fmt.Sprintln(e.Here, e.There, e.Outcome, e.Points) != "[H81M-K|PC0A1B2] [H81M-K|PC0A1B2] agrees 40\n" {
		t.Errorf("serial numbers: %+v", e)
	}
	if page := o.must("enroll", "show", list[0].ID); !strings.Contains(page, "S4EWNX0R1") || !strings.Contains(page, "-15") || !strings.Contains(page, "two strong identifiers agree") {
		t.Errorf("side by side:\n%s", page)
	}
	o.must("enroll", "approve", list[0].ID)
	if got := o.must("device", "list"); strings.Contains(got, or.Name(old.N)+" ") || !strings.Contains(got, or.Name(fresh.N)) {
		t.Errorf("after the merge:\n%s", got)
	}
	var merges struct{ Merges []struct{ ID int64 } }
	decode(t, o.must("device", "merges", "-o", "json"), &merges)
	if len(merges.Merges) != 1 {
		t.Fatalf("journal of merges: %+v", merges)
	}
	o.must("device", "unmerge", fmt.Sprint(merges.Merges[0].ID))
	if got := o.must("device", "list"); !strings.Contains(got, or.Name(old.N)) {
		t.Errorf("after it was taken back:\n%s", got)
	}

	repaired := enrol(serial("PC0C3D4"), board("MB-9901"), disk("S4EWNX0R9"))
	report(repaired)
	before := repaired.ID
	ev := enroll.NewEvidence(serial("PC0Z9Z9"), board("MB-5501"), disk("S4EWNX0R9"))
	repaired.Member.Evidence = func(context.Context) enroll.Evidence { return ev }
	if _, err := repaired.Member.Renew(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	after := repaired.Member.Identity().Device
	if after == before {
		t.Fatal("another machine is the same device")
	}
	if list := proposals(); len(list) != 0 {
		t.Errorf("right after a changed mainboard: %+v", list)
	}
	pass(4 * 24 * time.Hour)
	list = proposals()
	if len(list) != 1 || list[0].Device != after || list[0].Other != before || !list[0].Merge.Fork {
		t.Fatalf("once the old record stayed silent: %+v", list)
	}
	o.must("enroll", "deny", list[0].ID)
	if list := proposals(); len(list) != 0 {
		t.Errorf("asked again: %+v", list)
	}
	o.stop(t)
}
