package authority_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/collector/authority"
	"muster/internal/enroll"
	"muster/internal/inventory"
)

// proposals are the merges that people are asked about now.
func (w *world) proposals() []authority.Question {
	w.t.Helper()
	all, err := w.Questions(w.t.Context())
	ok(w.t, err)
	return slices.DeleteFunc(all, func(q authority.Question) bool { return q.Merge == nil })
}

// pairs are the proposals as newer and older.
func (w *world) pairs() [][2]inventory.DeviceID {
	var out [][2]inventory.DeviceID
	for _, q := range w.proposals() {
		out = append(out, [2]inventory.DeviceID{q.Device, q.Other})
	}
	return out
}

func TestDoublesAreProposedAndNotMerged(t *testing.T) {
	w := newWorld(t)
	first := enrolled(w, box(1)...)
	ok(t, first.report())
	w.pass(day)
	second := enrolled(w, box(1)...) // set up anew
	if first.id == second.id {
		t.Fatal("a token replaced a device")
	}
	ok(t, second.report())
	enrolled(w, box(2)...) // shares only the machine id
	all := w.proposals()
	if len(all) != 1 {
		t.Fatalf("proposals: %+v", all)
	}
	p := all[0]
	if p.Device != second.id || p.Other != first.id || p.Score != 100 || len(p.Terms) != 4 || !p.Merge.Sure() || p.Merge.Held != authority.Free || p.Merge.Fork {
		t.Errorf("%+v", p)
	}
	for _, term := range p.Terms {
		if len(term.A) != 1 || len(term.B) != 1 || term.Outcome != enroll.Agrees {
			t.Errorf("evidence of both sides: %+v", term)
		}
	}
	if q, err := w.Question(t.Context(), p.ID); err != nil || q.Merge == nil || q.Other != first.id {
		t.Errorf("%+v, %v", q, err)
	}
	if _, err := w.Question(t.Context(), "nothing"); !errors.Is(err, authority.ErrNotFound) {
		t.Errorf("of nothing: %v", err)
	}
	got, err := w.Decide(t.Context(), p.ID, "ada", true)
	ok(t, err)
	if got.State != authority.Approved || got.DecidedBy != "ada" {
		t.Errorf("%+v", got)
	}
	if _, err := w.Decide(t.Context(), p.ID, "ada", true); !errors.Is(err, authority.ErrNotFound) {
		t.Errorf("decided twice: %v", err)
	}
}

// One strong identifier is a question too, but not a sure one. Two weak ones,
// such as a card and a drive that moved, are none.
func TestOneStrongIdentifierIsAQuestion(t *testing.T) {
	w := newWorld(t)
	mac := enroll.Item{Kind: enroll.PCIMAC, Value: "a4:bb:6d:01:02:03"}
	first := enrolled(w, append(box(1), mac)...)
	w.pass(day)
	enrolled(w, mac, box(1)[2], box(1)[3]) // card, drive and machine id in another box: 40 points
	enrolled(w, mac, box(1)[2])            // 35 points
	serial := enrolled(w, box(1)[1], enroll.Item{Kind: enroll.BootDisk, Value: "ANOTHER1"})
	var want [][2]inventory.DeviceID
	for _, q := range w.proposals() {
		if q.Merge.Sure() || q.Score != 40 {
			t.Errorf("%+v", q)
		}
		want = append(want, [2]inventory.DeviceID{q.Device, q.Other})
	}
	if !slices.Contains(want, [2]inventory.DeviceID{serial.id, first.id}) || len(want) < 2 {
		t.Errorf("proposals %v", want)
	}
}

// A maker wrote one serial number into three machines that report side by
// side: it proves nothing from then on, and proves again once one of them is
// gone.
func TestSharedIdentifiersLoseTrustAndGetItBack(t *testing.T) {
	w := newWorld(t)
	series := func(n int) []enroll.Item {
		return []enroll.Item{box(1)[0], box(1)[1], {Kind: enroll.BootDisk, Value: "DISK000" + string(rune('A'+n))}}
	}
	var fleet []*agent
	all := func() {
		w.pass(time.Hour)
		for _, g := range fleet {
			ok(t, g.report())
		}
	}
	for n := range 2 {
		fleet = append(fleet, enrolled(w, series(n)...))
		all()
	}
	// Two: people are told that both report, and that they should not be merged.
	if q := w.proposals(); len(q) != 1 || q[0].Merge.Held != authority.Both || len(q[0].Merge.Shared) != 0 {
		t.Fatalf("two of a series: %+v", q)
	}
	fleet = append(fleet, enrolled(w, series(2)...))
	all()
	if q := w.proposals(); len(q) != 0 {
		t.Errorf("three of a series: %+v", q)
	}
	if waiting, err := w.Waiting(t.Context()); err != nil || len(waiting) != 1 {
		t.Errorf("%+v, %v", waiting, err)
	} else if _, err := w.Question(t.Context(), waiting[0].ID); !errors.Is(err, authority.ErrNotFound) {
		t.Errorf("what is not shown can be decided: %v", err)
	}
	// The third is set up anew: what is its own, the drive, finds it no more than
	// 15 points, and nobody is asked about the other two.
	w.pass(day)
	for _, g := range fleet[:2] {
		ok(t, g.report())
	}
	again := enrolled(w, series(2)...)
	w.pass(day)
	for _, g := range append(fleet[:2:2], again) {
		ok(t, g.report())
	}
	if q := w.proposals(); len(q) != 0 {
		t.Errorf("one of a series set up anew: %+v", q)
	}
	// One is retired, another revoked: the value is worth something again, for
	// what enrols from then on.
	w.live(fleet[0].id, func(l *authority.Life) { l.Gone = true })
	ok(t, w.Revoke(t.Context(), fleet[1].id, "ada", "sold"))
	w.pass(day)
	third := enrolled(w, series(2)...)
	if got := w.pairs(); !slices.Contains(got, [2]inventory.DeviceID{third.id, again.id}) {
		t.Errorf("after two are gone: %v", got)
	}
}

// Without being gone, a device that is not heard of for a quarter of a year
// does not count either.
func TestSilentDevicesDoNotTakeTrustAway(t *testing.T) {
	w := newWorld(t)
	var fleet []*agent
	for n := range 3 {
		fleet = append(fleet, enrolled(w, box(1)[0], box(1)[1], enroll.Item{Kind: enroll.BoardSerial, Value: "BOARD00" + string(rune('A'+n))}))
	}
	for range 2 {
		w.pass(time.Hour)
		for _, g := range fleet {
			ok(t, g.report())
		}
	}
	if got := w.pairs(); len(got) != 0 {
		t.Fatalf("three of a series: %v", got)
	}
	w.pass(100 * day)
	next := enrolled(w, box(1)...)
	if got := w.pairs(); len(got) < 3 || got[len(got)-1][0] != next.id {
		t.Errorf("after a quarter of a year: %v", got)
	}
}

// One machine that is set up again and again is no series.
func TestOneMachineSetUpOften(t *testing.T) {
	w := newWorld(t)
	for range 5 {
		ok(t, enrolled(w, box(9)...).report())
		w.pass(day)
	}
	got := w.proposals()
	if len(got) != 1+2+3+4 {
		t.Errorf("%d proposals", len(got))
	}
	for _, q := range got {
		if !q.Merge.Sure() || q.Merge.Held != authority.Free || len(q.Merge.Shared) > 0 {
			t.Errorf("%+v", q)
		}
	}
	// What is merged, or denied, is not asked again.
	w.live(got[0].Other, func(l *authority.Life) { l.Gone = true })
	_, err := w.Decide(t.Context(), got[6].ID, "ada", false) // the fifth and the fourth
	ok(t, err)
	if left := w.proposals(); len(left) != 1+2+2 {
		t.Errorf("%d proposals are left", len(left))
	}
}

func TestAMergeWaitsUntilTheOldRecordIsSilent(t *testing.T) {
	w := newWorld(t)
	first := enrolled(w, box(1)...)
	ok(t, first.report())
	second := enrolled(w, box(1)...)
	if q := w.proposals(); len(q) != 1 || q[0].Merge.Held != authority.Recent {
		t.Errorf("at once: %+v", q)
	}
	w.pass(16 * time.Minute)
	if q := w.proposals(); len(q) != 1 || q[0].Merge.Held != authority.Free {
		t.Errorf("after a while: %+v", q)
	}
	ok(t, first.report())
	w.pass(10 * day)
	if q := w.proposals(); len(q) != 1 || q[0].Merge.Held != authority.Both {
		t.Errorf("both reported: %+v", q)
	}
	ok(t, w.Revoke(t.Context(), first.id, "ada", "replaced"))
	if q := w.proposals(); len(q) != 1 || q[0].Merge.Held != authority.Free || q[0].Device != second.id {
		t.Errorf("revoked: %+v", q)
	}
}

// A new mainboard without the old serial number written into it: the key comes
// from another machine, so it is a device of its own at once, and once the old
// record stays silent people are asked. A copy, where both report, is none.
func TestAChangedBoardIsProposedOnceTheOldRecordIsSilent(t *testing.T) {
	w := newWorld(t)
	first := enrolled(w, box(1)...)
	ok(t, first.report())
	w.pass(day)
	moved := first.clone()
	moved.evidence = enroll.NewEvidence(box(2)[0], box(2)[1], box(1)[2], box(1)[3]) // the drive is the old one
	ok(t, moved.renew(true, false))
	if moved.id == first.id {
		t.Fatal("another machine is the same device")
	}
	ok(t, moved.report())
	if q := w.proposals(); len(q) != 0 {
		t.Errorf("at once: %+v", q)
	}
	w.pass(4 * day)
	q := w.proposals()
	if len(q) != 1 || !q[0].Merge.Fork || q[0].Other != first.id || q[0].Merge.Sure() || q[0].Score != 20 {
		t.Fatalf("after four days: %+v", q)
	}
	if reason := q[0].Merge.Verdict.String(); !strings.Contains(reason, "boot_disk agrees (15)") {
		t.Error(reason)
	}
	ok(t, first.report()) // it was a copy
	if q := w.proposals(); len(q) != 0 {
		t.Errorf("both report: %+v", q)
	}
}

// With the serial number written back it is the same device all along.
func TestAChangedBoardWithTheOldSerialNumberIsTheSameDevice(t *testing.T) {
	w := newWorld(t)
	g := enrolled(w, append(box(1), enroll.Item{Kind: enroll.BoardSerial, Value: "BOARD1"})...)
	id := g.id
	g.evidence = enroll.NewEvidence(append(box(1), enroll.Item{Kind: enroll.BoardSerial, Value: "BOARD2"})...)
	ok(t, g.renew(true, false))
	if g.id != id {
		t.Errorf("a new board made another device")
	}
	if got := w.pairs(); len(got) != 0 {
		t.Errorf("proposals %v", got)
	}
}

// An inventory that cannot be asked fails no enrolment.
func TestAnInventoryThatCannotBeAskedFailsNoEnrolment(t *testing.T) {
	w := newWorld(t)
	enrolled(w, box(1)...)
	w.store.Fail = func(m string) error {
		if m == "Similar" {
			return errors.New("busy")
		}
		return nil
	}
	enrolled(w, box(1)...)
	w.store.Fail = nil
	if got := w.pairs(); len(got) != 0 {
		t.Errorf("%v", got)
	}
}
