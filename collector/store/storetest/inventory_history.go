package storetest

import (
	"fmt"
	"time"

	"muster/collector/store"
	"muster/internal/inventory"
	"muster/internal/report"
)

func soft(name, version string) inventory.Software {
	return inventory.Software{Name: name, Version: version, Source: "dpkg", Scope: "machine"}
}

func testHistory(f *fleet) {
	d := f.add(1)
	f.report(d, hours(0), reading(hours(0), soft("a", "1"), soft("b", "1")))
	f.report(d, hours(1), reading(hours(1), soft("a", "2"), soft("b", "1")))
	f.report(d, hours(2), reading(hours(2), soft("a", "2"), soft("c", "1")))
	f.report(d, hours(3), reading[inventory.Software](hours(3)))
	f.report(d, hours(4), reading(hours(4), soft("a", "2")))
	for _, x := range []struct {
		at   time.Time
		want string
	}{
		{hours(-1), "[]"}, {hours(0), "[a 1 b 1]"}, {hours(0.9), "[a 1 b 1]"}, {hours(1), "[a 2 b 1]"},
		{hours(2), "[a 2 c 1]"}, {hours(3), "[]"}, {hours(3.5), "[]"}, {hours(4), "[a 2]"}, {hours(99), "[a 2]"}, {time.Time{}, "[a 2]"},
	} {
		f.want(fmt.Sprint("software at ", x.at), f.versions(d, x.at), x.want)
	}
	// A row that did not change keeps its time, and every column comes.
	v := f.section(d, hours(1.5), "software")
	f.want("from", v.From, []time.Time{hours(1), hours(0)})
	s, _ := inventory.Lookup("software")
	f.want("columns", len(v.Table.Columns), len(s.Columns))
	for i, c := range s.Columns {
		f.want("column", v.Table.Columns[i], c.Name)
	}
	now := f.section(d, time.Time{}, "software")
	f.want("status", []any{now.Name, now.Status, now.Reason, now.Sources, now.ReadAt, now.GoodAt, now.TookMS},
		[]any{"software", "ok", "", []string{"test"}, hours(4), hours(4), 5})
	f.want("status of a past time is not known", []any{v.Status, v.ReadAt.IsZero()}, []any{"", true})
	// Without names: what was ever read, in the catalogue's order.
	f.report(d, hours(5), reading(hours(5), inventory.System{Vendor: "Acme"}), reading(hours(5), inventory.User{Name: "root"}))
	l, err := f.s.Sections(f.Context(), d, time.Time{}, nil)
	f.ok(err)
	var got []string
	for _, v := range l {
		got = append(got, fmt.Sprint(v.Name, " ", len(v.Table.Rows)))
	}
	f.want("sections", got, "[system 1 software 1 user 1]")
	l, err = f.s.Sections(f.Context(), d, hours(2), nil)
	f.ok(err)
	f.want("sections at a time", []any{len(l), l[0].Name}, []any{1, "software"})
	// Every kind of value survives.
	yes, n, free := true, int64(0), 12.5
	vol := inventory.Volume{Mount: "/", Label: "räum\"e'", Options: []string{"ro", "no,exec"}, ReadOnly: &yes, SizeBytes: 1 << 60, FreeBytes: &n, UsedPercent: &free}
	f.report(d, hours(6), reading(hours(6), vol))
	back := rows[inventory.Volume](f, d, time.Time{})
	f.want("volumes", len(back), 1)
	f.want("volume", []any{back[0].Label, back[0].Options, *back[0].ReadOnly, back[0].SizeBytes, *back[0].FreeBytes, *back[0].UsedPercent, back[0].Dirty == nil},
		[]any{vol.Label, vol.Options, true, vol.SizeBytes, 0, 12.5, true})
}

func testLatest(f *fleet) {
	d := f.add(1)
	vol := func(free, size int64) inventory.Volume {
		return inventory.Volume{Mount: "/", SizeBytes: size, FreeBytes: &free}
	}
	f.report(d, hours(0), reading(hours(0), vol(10, 100)))
	f.report(d, hours(1), reading(hours(1), vol(9, 100)))
	f.want("overwritten", []any{*rows[inventory.Volume](f, d, time.Time{})[0].FreeBytes, *rows[inventory.Volume](f, d, hours(0))[0].FreeBytes}, []any{9, 9})
	f.want("from", f.section(d, time.Time{}, "volume").From, []time.Time{hours(0)})
	f.report(d, hours(2), reading(hours(2), vol(8, 200)))
	f.want("then", *rows[inventory.Volume](f, d, hours(1))[0].FreeBytes, 9)
	l, err := f.s.Journal(f.Context(), store.JournalQuery{Scope: all()})
	f.ok(err)
	f.want("journal", len(l), 2)
	f.want("latest columns never appear", []any{l[0].Verb, l[0].Key, l[0].Before, l[0].After}, "[changed map[mount:/] map[size_bytes:100] map[size_bytes:200]]")
	c, err := f.s.Counts(f.Context())
	f.ok(err)
	f.want("rows", []int64{c.Rows, c.CurrentRows}, []int64{2, 1})
}

func testMonotonic(f *fleet) {
	d := f.add(1)
	f.report(d, hours(2), reading(hours(2), soft("a", "1")))
	// A clock that went back, and two changes at one time.
	f.report(d, hours(1), reading(hours(1), soft("a", "2")))
	f.report(d, hours(1), reading(hours(1), soft("a", "3")))
	f.report(d, hours(3), reading(hours(3), soft("a", "4")), reading(hours(2.5), inventory.System{Vendor: "Acme"}))
	var last time.Time
	l, err := f.s.Journal(f.Context(), store.JournalQuery{Scope: all(), Sections: []string{"software"}})
	f.ok(err)
	f.want("changes", len(l), 4)
	for i := len(l) - 1; i >= 0; i-- {
		if l[i].At.Before(hours(2)) || !l[i].At.After(last) {
			f.Errorf("change at %s after %s", l[i].At, last)
		}
		last = l[i].At
	}
	f.want("as it was before the clock went back", f.versions(d, hours(2)), "[a 1]")
	f.want("soon after", f.versions(d, hours(2.1)), "[a 3]")
	f.want("now", f.versions(d, time.Time{}), "[a 4]")
	f.want("within a report by their own times", f.section(d, time.Time{}, "system").From, []time.Time{hours(2.5)})
	// A reading without a time is of its report's.
	f.report(d, hours(4), reading(time.Time{}, soft("a", "5")))
	f.want("from", f.section(d, time.Time{}, "software").From, []time.Time{hours(4)})
}

func testStatus(f *fleet) {
	d := f.add(1)
	with := func(s report.Status, reason string, r store.SectionReading) store.SectionReading {
		r.Status, r.Reason = s, reason
		return r
	}
	full := soft("a", "1")
	full.Publisher = "Acme"
	f.report(d, hours(0), reading(hours(0), full, soft("b", "1")))
	for i, s := range []report.Status{report.Partial, report.Unsupported, report.Denied, report.Failed} {
		at := hours(float64(i + 1))
		f.report(d, at, with(s, "why", reading[inventory.Software](at)))
		f.want("after "+s.String(), f.versions(d, time.Time{}), "[a 1 b 1]")
		v := f.section(d, time.Time{}, "software")
		f.want("status", []any{v.Status, v.Reason, v.ReadAt, v.GoodAt}, []any{s.String(), "why", at, hours(0)})
	}
	// A partial reading opens and changes, closes nothing, and what it could
	// not read of a row stays as it was.
	f.report(d, hours(5), with(report.Partial, "", reading(hours(5), soft("a", "2"), soft("c", "1"))))
	f.want("after partial", f.versions(d, time.Time{}), "[a 2 b 1 c 1]")
	f.want("kept", rows[inventory.Software](f, d, time.Time{})[0].Publisher, "Acme")
	f.report(d, hours(6), reading(hours(6), soft("a", "2"), soft("c", "1")))
	f.want("after ok", f.versions(d, time.Time{}), "[a 2 c 1]")
	f.want("an ok reading says what is not known", rows[inventory.Software](f, d, time.Time{})[0].Publisher, "")
	// A single row goes only by ok, too.
	f.report(d, hours(7), reading(hours(7), inventory.System{Vendor: "Acme"}))
	f.report(d, hours(8), with(report.Failed, "", reading[inventory.System](hours(8))))
	f.want("single", len(rows[inventory.System](f, d, time.Time{})), 1)
	f.report(d, hours(9), reading[inventory.System](hours(9)))
	f.want("single gone", len(rows[inventory.System](f, d, time.Time{})), 0)
}

func testSources(f *fleet) {
	d := f.add(1)
	by := func(r store.SectionReading, s report.Status, sources ...string) store.SectionReading {
		r.Sources, r.Status = sources, s
		return r
	}
	f.report(d, hours(0), by(reading(hours(0), soft("a", "1"), soft("s", "1")), report.OK, "dpkg", "snap"))
	f.report(d, hours(1), by(reading(hours(1), soft("a", "1")), report.OK, "dpkg"))
	f.want("snap was not asked", f.versions(d, time.Time{}), "[a 1 s 1]")
	f.report(d, hours(2), by(reading(hours(2), soft("a", "1")), report.OK, "dpkg"))
	f.want("snap is gone for good", f.versions(d, time.Time{}), "[a 1]")
	f.report(d, hours(3), by(reading(hours(3), soft("a", "1"), soft("f", "1")), report.Partial, "flatpak"))
	s, err := f.s.State(f.Context(), d)
	f.ok(err)
	f.want("sources asked since the last good reading", sorted(s.Sections["software"].Sources), []string{"dpkg", "flatpak"})
	f.report(d, hours(4), by(reading(hours(4), soft("a", "1")), report.OK, "dpkg"))
	f.want("flatpak was not asked", f.versions(d, time.Time{}), "[a 1 f 1]")
	f.report(d, hours(5), by(reading(hours(5), soft("a", "1")), report.OK, "dpkg", "flatpak", "snap"))
	f.want("more sources may close", f.versions(d, time.Time{}), "[a 1]")
}

func session(user, state string) inventory.Session {
	return inventory.Session{UserName: user, SessionID: "1", Kind: "console", State: state}
}

// sessions shows the sessions of a device.
func (f *fleet) sessions(d inventory.DeviceID, at time.Time) string {
	f.Helper()
	var l []string
	for _, s := range rows[inventory.Session](f, d, at) {
		l = append(l, s.UserName+" "+s.State)
	}
	return fmt.Sprint(l)
}

func testLinger(f *fleet) {
	if (inventory.Session{}).Section().Linger != 24*time.Hour {
		f.Fatal("section session is expected to linger 24 hours")
	}
	d := f.add(1)
	f.report(d, hours(0), reading(hours(0), session("ann", "active"), session("bob", "active")))
	f.report(d, hours(1), reading(hours(1), session("ann", "active")))
	f.want("absent for a moment", f.sessions(d, time.Time{}), "[ann active bob active]")
	f.report(d, hours(20), reading(hours(20), session("ann", "active"), session("bob", "locked")))
	f.want("back, with a latest column", f.sessions(d, time.Time{}), "[ann active bob locked]")
	f.want("as if never gone", f.section(d, time.Time{}, "session").From, []time.Time{hours(0), hours(0)})
	f.report(d, hours(21), reading(hours(21), session("ann", "active")))
	f.report(d, hours(44), reading(hours(44), session("ann", "active")))
	f.want("not yet", f.sessions(d, time.Time{}), "[ann active bob locked]")
	f.want("as of a time when it is over", f.sessions(d, hours(45)), "[ann active]")
	f.report(d, hours(46), reading(hours(46), session("ann", "active")))
	f.want("closed", f.sessions(d, time.Time{}), "[ann active]")
	f.want("closed 24 hours after it was first absent", []string{f.sessions(d, hours(44.9)), f.sessions(d, hours(45))}, []string{"[ann active bob locked]", "[ann active]"})
	// Not seen for so long that it is another session.
	f.report(d, hours(50), reading[inventory.Session](hours(50)))
	f.report(d, hours(80), reading(hours(80), session("ann", "active")))
	f.want("in between", []string{f.sessions(d, hours(73)), f.sessions(d, hours(75)), f.sessions(d, time.Time{})}, []string{"[ann active]", "[]", "[ann active]"})
	f.want("from", f.section(d, time.Time{}, "session").From, []time.Time{hours(80)})
	// The sweep closes, too; a reading that could not tell does not count.
	f.report(d, hours(81), reading[inventory.Session](hours(81)))
	bad := reading[inventory.Session](hours(90))
	bad.Status = report.Failed
	f.report(d, hours(90), bad)
	_, err := f.s.Retain(f.Context(), store.Retention{}, hours(104))
	f.ok(err)
	f.want("too early", f.sessions(d, time.Time{}), "[ann active]")
	_, err = f.s.Retain(f.Context(), store.Retention{}, hours(106))
	f.ok(err)
	f.want("swept", f.sessions(d, time.Time{}), "[]")
	f.want("at its time", []string{f.sessions(d, hours(104.9)), f.sessions(d, hours(105))}, []string{"[ann active]", "[]"})
	l, err := f.s.Journal(f.Context(), store.JournalQuery{Scope: all(), Devices: []inventory.DeviceID{d}})
	f.ok(err)
	var got []string
	for _, c := range l {
		got = append(got, fmt.Sprint(c.At.Sub(t0()).Hours(), c.Verb))
	}
	f.want("journal", got, "[105removed 80added 74removed 45removed 0first_read]")
}

func testLingerLate(f *fleet) {
	d := f.add(1)
	f.report(d, hours(0), reading(hours(0), session("ann", "active")))
	f.report(d, hours(1), reading[inventory.Session](hours(1)))
	_, err := f.s.Retain(f.Context(), store.Retention{}, hours(30))
	f.ok(err)
	f.want("closed", f.sessions(d, time.Time{}), "[]")
	// The device was cut off and sends what it saw at hour 2 only now.
	f.report(d, hours(2), reading(hours(2), session("ann", "active"), session("bob", "active")))
	f.want("open again", f.sessions(d, time.Time{}), "[ann active bob active]")
	for _, from := range f.section(d, time.Time{}, "session").From {
		if from.Before(hours(25)) {
			f.Errorf("a row begins at %s, before another ended", from)
		}
	}
}
