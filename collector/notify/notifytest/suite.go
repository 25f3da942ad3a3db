package notifytest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/collector/notify"
)

// Store is what the suite needs: the contract, and the way in for
// announcements, which is another one in a program.
type Store interface {
	notify.Store
	// Announce commits announcements; one whose ID is known changes nothing.
	Announce(ctx context.Context, list ...notify.Announcement) error
}

// Run tests what notify.Store promises. open makes an empty store that ends
// with the test.
func Run(t *testing.T, open func(t *testing.T) Store) {
	for _, x := range []struct {
		name string
		run  func(*desk)
	}{
		{"announcements are pending once", testPending},
		{"items are dispatched once", testDispatch},
		{"a quiet item needs one that waits", testQuiet},
		{"waiting by hold", testWaiting},
		{"whole incidents wait together", testTogether},
		{"settlements", testSettle},
		{"letters come back as they were", testWhole},
		{"marks", testMarks},
		{"what was put aside", testAgain},
		{"digests", testDigests},
		{"counts", testCounts},
		{"pruning", testPrune},
		{"several at once", testParallel},
		{"a context that ended", testEnded},
	} {
		t.Run(x.name, func(t *testing.T) {
			t.Parallel()
			x.run(&desk{T: t, s: open(t)})
		})
	}
}

type desk struct {
	*testing.T
	s Store
}

func t0() time.Time { return time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC) }

func minute(n int) time.Time { return t0().Add(time.Duration(n) * time.Minute) }

// Announced makes an announcement about an incident; what is not given is
// filled with plausible text.
func Announced(id string, incident int64, kind notify.Kind, severity notify.Severity) notify.Announcement {
	return notify.Announcement{ID: id, At: t0(), Kind: kind, Incident: notify.Incident{
		Number: incident, Title: "Disk reports that it is failing", Severity: severity, Family: "disk", Rule: "D01",
		Agency: "North", Site: "Hartford", Meaning: "The drive can no longer be trusted. Data can be lost any day.",
		Checks:   []string{"See when the last backup ran", "Ask the user to save and close", "Read the attribute that tripped"},
		Escalate: "At once: order a replacement.", Evidence: []string{"critical warning: reliability", "wear 104 %"},
		Devices:     []notify.Device{{ID: "0198f000-c27a-7000-8000-000000000001", Name: "pc-0142", Kind: "pc", User: "j.doe", Agency: "North", Site: "Hartford", Port: "sw-2 Gi1/0/7"}},
		DeviceCount: 1, OpenedAt: t0(), URL: "https://muster.example.org/incidents/142",
	}}
}

func (d *desk) ok(err error) {
	d.Helper()
	if err != nil {
		d.Fatal(err)
	}
}

func (d *desk) announce(list ...notify.Announcement) {
	d.Helper()
	d.ok(d.s.Announce(d.Context(), list...))
}

func (d *desk) pending() string {
	d.Helper()
	list, err := d.s.Pending(d.Context(), 100)
	d.ok(err)
	var ids []string
	for _, a := range list {
		ids = append(ids, a.ID)
	}
	return strings.Join(ids, " ")
}

// item makes one for a channel of an announcement that is known.
func item(channel string, a notify.Announcement, hold, due int) notify.Item {
	return notify.Item{Channel: channel, Route: "all", Announcement: a, Hold: minute(hold), Due: minute(due)}
}

func (d *desk) dispatch(list ...notify.Item) {
	d.Helper()
	var ids []string
	for _, it := range list {
		d.announce(it.Announcement)
		ids = append(ids, it.Announcement.ID)
	}
	d.ok(d.s.Dispatch(d.Context(), ids, list))
}

// waiting is what waits at a time, as IDs with how often they were told.
func (d *desk) waiting(channel string, now time.Time) (string, []notify.Item, time.Time) {
	d.Helper()
	list, due, err := d.s.Waiting(d.Context(), channel, now, 100)
	d.ok(err)
	var ids []string
	for _, it := range list {
		ids = append(ids, fmt.Sprintf("%s:%d", it.Announcement.ID, it.Told))
	}
	return strings.Join(ids, " "), list, due
}

func (d *desk) is(what string, got, want any) {
	d.Helper()
	if !reflect.DeepEqual(got, want) {
		d.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// letter makes one that carries items and settles it.
func (d *desk) letter(id, channel string, formed int, items ...notify.Item) notify.Letter {
	d.Helper()
	l := notify.Letter{ID: id, Channel: channel, Kind: notify.Notices, Routes: []string{"all"}, Subject: "subject of " + id,
		Formed: minute(formed), Since: minute(formed), State: notify.Unsent,
		Message: notify.Message{ID: id, Kind: notify.Notices, At: minute(formed)}}
	s := notify.Settlement{Letter: &l}
	for _, it := range items {
		l.Incidents = append(l.Incidents, it.Announcement.Incident.Number)
		l.Message.Notices = append(l.Message.Notices, notify.Notice{Announcement: it.Announcement})
		s.Carried = append(s.Carried, it.No)
	}
	d.ok(d.s.Settle(d.Context(), channel, s))
	return l
}

func (d *desk) state(channel string, since time.Time) notify.State {
	d.Helper()
	s, err := d.s.State(d.Context(), channel, since)
	d.ok(err)
	return s
}

func testPending(d *desk) {
	a := Announced("incident/1/opened", 1, notify.Opened, notify.Warn)
	d.announce(a, Announced("incident/2/opened", 2, notify.Opened, notify.Warn))
	changed := a
	changed.Incident.Title = "another title"
	d.announce(changed, Announced("incident/3/opened", 3, notify.Opened, notify.Info), Announced("incident/3/opened", 3, notify.Opened, notify.Info))
	d.is("pending", d.pending(), "incident/1/opened incident/2/opened incident/3/opened")
	list, err := d.s.Pending(d.Context(), 2)
	d.ok(err)
	d.is("with a limit", len(list), 2)
	d.is("the first", list[0], a)

	d.ok(d.s.Dispatch(d.Context(), []string{"incident/1/opened", "incident/3/opened", "never heard of"}, nil))
	d.is("pending", d.pending(), "incident/2/opened")
	d.announce(a)
	d.is("announced anew", d.pending(), "incident/2/opened")

	long := Announced("incident/4/opened", 4, notify.Opened, notify.Info)
	long.Incident.Meaning = strings.Repeat("x", 1<<20)
	d.announce(long)
	list, err = d.s.Pending(d.Context(), 100)
	d.ok(err)
	if n := len(list[len(list)-1].Incident.Meaning); n > 10000 {
		d.Errorf("a text of 1 MiB was kept with %d bytes", n)
	}
	for _, bad := range []notify.Announcement{{}, {ID: "x y", Kind: notify.Opened}, {ID: "x", Kind: notify.Opened, Incident: notify.Incident{Severity: notify.Warn}}} {
		if d.s.Announce(d.Context(), bad) == nil {
			d.Errorf("taken: %+v", bad)
		}
	}
}

func testDispatch(d *desk) {
	a, b := Announced("a", 1, notify.Opened, notify.Warn), Announced("b", 2, notify.Opened, notify.Warn)
	d.dispatch(item("mail", a, 0, 1), item("chat", a, 0, 1), item("mail", b, 0, 1))
	d.dispatch(item("mail", a, 0, 5), item("mail", b, 0, 5)) // as after a crash
	got, none, due := d.waiting("mail", minute(0))
	d.is("mail, before it is due", got, "")
	d.is("items, before", len(none), 0)
	d.is("due", due.UTC(), minute(1))
	got, list, due := d.waiting("mail", minute(1))
	d.is("mail", got, "a:0 b:0")
	d.is("due", due.UTC(), minute(1))
	d.is("item", list[0].Announcement, a)
	d.is("route", list[0].Route, "all")
	if list[0].No <= 0 || list[1].No <= list[0].No {
		d.Errorf("numbers %d, %d", list[0].No, list[1].No)
	}
	got, _, _ = d.waiting("chat", minute(1))
	d.is("chat", got, "a:0")
	got, _, due = d.waiting("nobody", minute(1))
	d.is("an unknown channel", got, "")
	d.is("its due", due.IsZero(), true)
	d.is("items", len(list), 2)
	limited, _, err := d.s.Waiting(d.Context(), "mail", minute(1), 1)
	d.ok(err)
	d.is("with a limit", len(limited), 1)
	// One that was carried is not dispatched again either.
	d.letter("l1", "mail", 1, list...)
	d.dispatch(item("mail", a, 0, 1))
	got, _, _ = d.waiting("mail", minute(9))
	d.is("carried", got, "")
}

func testQuiet(d *desk) {
	quiet := func(channel, id string, incident int64) notify.Item {
		it := item(channel, Announced(id, incident, notify.Resolved, notify.Warn), 0, 60*24*365)
		it.Quiet = true
		return it
	}
	d.dispatch(item("mail", Announced("1/opened", 1, notify.Opened, notify.Warn), 0, 1), quiet("mail", "1/resolved", 1), quiet("mail", "2/resolved", 2), quiet("chat", "1/resolved", 1))
	got, list, _ := d.waiting("mail", minute(1))
	d.is("mail", got, "1/opened:0 1/resolved:0")
	d.is("quiet", []bool{list[0].Quiet, list[1].Quiet}, []bool{false, true})
	got, _, _ = d.waiting("chat", minute(1))
	d.is("chat", got, "")
	d.letter("l1", "mail", 1, list...)
	d.dispatch(quiet("mail", "1/resolved/again", 1))
	got, _, _ = d.waiting("mail", minute(9))
	d.is("after its letter", got, "")
	d.is("pending", d.pending(), "")
}

func testWaiting(d *desk) {
	d.dispatch(
		item("mail", Announced("a", 1, notify.Opened, notify.Warn), 0, 0),
		item("mail", Announced("b", 2, notify.Opened, notify.Warn), 10, 12),
		item("mail", Announced("c", 3, notify.Opened, notify.Warn), 5, 6),
		item("mail", Announced("wrong-clock", 4, notify.Opened, notify.Warn), 60*24*365*5, 60*24*365*5),
	)
	for _, c := range []struct {
		at   int
		want string
	}{
		{-1, ""}, {0, "a:0 wrong-clock:0"}, {5, "a:0 c:0 wrong-clock:0"}, {10, "a:0 b:0 c:0 wrong-clock:0"},
	} {
		got, _, due := d.waiting("mail", minute(c.at))
		d.is(fmt.Sprintf("minute %d", c.at), got, c.want)
		d.is("due", due.UTC(), minute(0))
	}
	d.dispatch(item("chat", Announced("wrong-clock", 4, notify.Opened, notify.Warn), 60*24*365*5, 60*24*365*5))
	got, _, _ := d.waiting("chat", minute(0))
	d.is("nothing but a wrong clock", got, "wrong-clock:0")
}

func testTogether(d *desk) {
	d.dispatch(
		item("mail", Announced("1/opened", 1, notify.Opened, notify.Warn), 600, 600),
		item("mail", Announced("2/opened", 2, notify.Opened, notify.Warn), 600, 600),
		item("chat", Announced("1/opened", 1, notify.Opened, notify.Warn), 600, 600),
	)
	got, _, due := d.waiting("mail", minute(1))
	d.is("before", got, "")
	d.is("due", due.UTC(), minute(600))
	d.dispatch(item("mail", Announced("1/escalated", 1, notify.Escalated, notify.Critical), 1, 2))
	got, _, due = d.waiting("mail", minute(2))
	d.is("with one that may go", got, "1/opened:0 1/escalated:0")
	d.is("due", due.UTC(), minute(2))
	got, _, _ = d.waiting("chat", minute(1))
	d.is("another channel", got, "")
}

func testSettle(d *desk) {
	for n := range 5 {
		d.dispatch(item("mail", Announced(string(rune('a'+n)), int64(n+1), notify.Opened, notify.Warn), 0, 1))
	}
	_, list, _ := d.waiting("mail", minute(1))
	l := notify.Letter{ID: "l1", Channel: "mail", Kind: notify.Notices, Incidents: []int64{1, 2}, Formed: minute(1), Since: minute(1), State: notify.Unsent, Message: notify.Message{ID: "l1"}}
	s := notify.Settlement{Letter: &l, Carried: []int64{list[0].No, list[1].No}, Dropped: []int64{list[2].No},
		Late: []notify.Late{{No: list[3].No, Hold: minute(30), Due: minute(31)}}}
	d.ok(d.s.Settle(d.Context(), "mail", s))
	got, left, due := d.waiting("mail", minute(2))
	d.is("left", got, "e:0")
	d.is("due", due.UTC(), minute(1))
	// Again, as by a worker that did not hear that it was done: nothing changes.
	again := l
	again.Subject = "changed"
	s.Letter, s.Carried = &again, append(s.Carried, list[2].No)
	d.ok(d.s.Settle(d.Context(), "mail", s))
	state := d.state("mail", t0())
	d.is("letters", len(state.Unsent), 1)
	d.is("subject", state.Unsent[0].Subject, "")
	// Numbers of another channel are not touched.
	d.ok(d.s.Settle(d.Context(), "chat", notify.Settlement{Dropped: []int64{left[0].No}}))
	got, _, _ = d.waiting("mail", minute(2))
	d.is("by another channel", got, "e:0")
	got, left, due = d.waiting("mail", minute(31))
	d.is("late", got, "d:0 e:0")
	d.is("its due", left[0].Due.UTC(), minute(31))
	d.is("earliest", due.UTC(), minute(1))
	d.ok(d.s.Settle(d.Context(), "mail", notify.Settlement{}))

	d.dispatch(item("mail", Announced("b/worse", 2, notify.Worse, notify.Critical), 0, 1), item("mail", Announced("c/worse", 3, notify.Worse, notify.Critical), 0, 1))
	got, _, _ = d.waiting("mail", minute(2))
	d.is("told before", got, "e:0 b/worse:1 c/worse:0")
}

func testWhole(d *desk) {
	a := Announced("a", 7, notify.Escalated, notify.Critical)
	a.By, a.Note = "ines", "line\nwith \x00 and \u202e"
	m := notify.Message{ID: "l1", Kind: notify.Storm, At: minute(1), Until: minute(15), URL: "https://muster.example.org/", Zone: "America/New_York",
		Notices: []notify.Notice{{Announcement: a, Past: []notify.Step{{Kind: notify.Opened, At: minute(0)}}, Elsewhere: true}},
		More:    []notify.Tally{{Place: "North / Hartford", Severity: notify.Warn, Count: 3}}, Numbers: []int64{8, 9, 10}}
	l := notify.Letter{ID: "l1", Channel: "mail", Kind: notify.Storm, Routes: []string{"all", "night"}, Incidents: []int64{7, 8, 9, 10},
		Subject: "[storm] ünïcode", Formed: minute(1), Since: minute(2), State: notify.Unsent, Message: m}
	d.ok(d.s.Settle(d.Context(), "mail", notify.Settlement{Letter: &l}))
	s := d.state("mail", minute(0))
	if len(s.Unsent) != 1 || len(s.Recent) != 1 {
		d.Fatalf("%d unsent, %d recent", len(s.Unsent), len(s.Recent))
	}
	d.is("the letter", s.Unsent[0], l)
	head := l
	head.Message = notify.Message{}
	d.is("its head", s.Recent[0], head)
}

func testMarks(d *desk) {
	for n := range 3 {
		d.letter(fmt.Sprintf("l%d", n), "mail", n)
	}
	d.letter("other", "chat", 0)
	d.ok(d.s.Mark(d.Context(), "l0", notify.Mark{State: notify.Unsent, At: minute(5), Next: minute(7), Said: "come again"}))
	d.ok(d.s.Mark(d.Context(), "l1", notify.Mark{State: notify.Sent, At: minute(6), Said: "ok"}))
	d.ok(d.s.Mark(d.Context(), "l1", notify.Mark{State: notify.Failed, At: minute(8), Said: "too late"}))
	d.ok(d.s.Mark(d.Context(), "nothing", notify.Mark{State: notify.Sent, At: minute(8)}))
	s := d.state("mail", minute(1))
	var got []string
	for _, l := range s.Unsent {
		got = append(got, l.ID)
	}
	d.is("unsent", got, []string{"l0", "l2"})
	l := s.Unsent[0]
	d.is("attempt", []any{l.Attempts, l.Tried.UTC(), l.Next.UTC(), l.Said}, []any{1, minute(5), minute(7), "come again"})
	got = nil
	for _, l := range s.Recent {
		got = append(got, l.ID+string(l.State))
	}
	d.is("formed after the first minute", got, []string{"l2unsent"})
	list, err := d.s.Letters(d.Context(), notify.Query{Channel: "mail"})
	d.ok(err)
	got = nil
	for _, l := range list {
		got = append(got, l.ID+" "+string(l.State))
	}
	d.is("newest first", got, []string{"l2 unsent", "l1 sent", "l0 unsent"})
	list, err = d.s.Letters(d.Context(), notify.Query{State: notify.Unsent, Limit: 2})
	d.ok(err)
	d.is("with a limit", len(list), 2)
	list, err = d.s.Letters(d.Context(), notify.Query{State: notify.Sent})
	d.ok(err)
	d.is("sent", []any{len(list), list[0].ID, list[0].Said, list[0].Tried.UTC()}, []any{1, "l1", "ok", minute(6)})
}

func testAgain(d *desk) {
	d.letter("l1", "mail", 0)
	if err := d.s.Again(d.Context(), "l1", minute(1)); !errors.Is(err, notify.ErrNoLetter) {
		d.Errorf("one that is under way: %v", err)
	}
	d.ok(d.s.Mark(d.Context(), "l1", notify.Mark{State: notify.Failed, At: minute(5), Said: "no such user"}))
	d.is("put aside", len(d.state("mail", t0()).Unsent), 0)
	d.ok(d.s.Again(d.Context(), "l1", minute(90)))
	s := d.state("mail", t0())
	if len(s.Unsent) != 1 {
		d.Fatal("it is not back in line")
	}
	l := s.Unsent[0]
	d.is("as new", []any{l.Attempts, l.Next.IsZero(), l.Since.UTC(), l.Formed.UTC(), l.Message.ID}, []any{0, true, minute(90), minute(0), "l1"})
	for _, id := range []string{"l1", "nothing", ""} {
		if err := d.s.Again(d.Context(), id, minute(91)); !errors.Is(err, notify.ErrNoLetter) {
			d.Errorf("%q: %v", id, err)
		}
	}
}

func testDigests(d *desk) {
	put := func(id, channel, route string, at int, state notify.LetterState) {
		d.ok(d.s.Settle(d.Context(), channel, notify.Settlement{Letter: &notify.Letter{ID: id, Channel: channel, Kind: notify.Summary, Routes: []string{route},
			Formed: minute(at), Since: minute(at), State: state, Message: notify.Message{ID: id, Digest: &notify.DigestLines{Since: t0()}}}}))
	}
	put("d1", "mail", "north", 1, notify.Unsent)
	put("d2", "mail", "south", 2, notify.Sent)
	put("d3", "mail", "north", 3, notify.Sent)
	put("d4", "chat", "north", 4, notify.Sent)
	put("d1", "mail", "north", 9, notify.Sent) // is there
	got := map[string]time.Time{}
	for k, v := range d.state("mail", t0()).Digests {
		got[k] = v.UTC()
	}
	d.is("mail", got, map[string]time.Time{"north": minute(3), "south": minute(2)})
	d.is("unsent", len(d.state("mail", t0()).Unsent), 1)
	d.ok(d.s.Prune(d.Context(), minute(100000)))
	d.is("after pruning", len(d.state("mail", t0()).Digests), 2)
}

func testCounts(d *desk) {
	for n := range 4 {
		d.dispatch(item("mail", Announced(string(rune('a'+n)), int64(n+1), notify.Opened, notify.Warn), 0, 1))
	}
	d.announce(Announced("late", 9, notify.Opened, notify.Warn))
	_, list, _ := d.waiting("mail", minute(1))
	d.letter("l1", "mail", 1, list[0])
	d.letter("l2", "mail", 1, list[1])
	d.letter("l3", "chat", 1)
	d.ok(d.s.Settle(d.Context(), "mail", notify.Settlement{Dropped: []int64{list[2].No}, Letter: &notify.Letter{ID: "s1", Channel: "mail", Kind: notify.Storm, Formed: minute(2), Since: minute(2), State: notify.Unsent}}))
	d.ok(d.s.Mark(d.Context(), "l1", notify.Mark{State: notify.Sent, At: minute(4)}))
	d.ok(d.s.Mark(d.Context(), "l2", notify.Mark{State: notify.Failed, At: minute(5)}))
	got, pending, err := d.s.Counts(d.Context())
	d.ok(err)
	for i := range got {
		if !got[i].Last.IsZero() {
			got[i].Last = got[i].Last.UTC()
		}
	}
	d.is("pending", pending, 1)
	d.is("channels", got, []notify.Count{
		{Channel: "chat", Unsent: 1},
		{Channel: "mail", Waiting: 1, Unsent: 1, Sent: 1, Failed: 1, Dropped: 1, Storms: 1, Last: minute(4)},
	})
}

func testPrune(d *desk) {
	for n := range 4 {
		d.dispatch(item("mail", Announced(string(rune('a'+n)), int64(n+1), notify.Opened, notify.Warn), 0, 1))
	}
	d.announce(Announced("undispatched", 9, notify.Opened, notify.Warn))
	_, list, _ := d.waiting("mail", minute(1))
	d.letter("sent", "mail", 1, list[0])
	d.letter("unsent", "mail", 1, list[1])
	d.ok(d.s.Settle(d.Context(), "mail", notify.Settlement{Dropped: []int64{list[2].No}}))
	d.ok(d.s.Mark(d.Context(), "sent", notify.Mark{State: notify.Sent, At: minute(2)}))
	d.ok(d.s.Prune(d.Context(), t0())) // nothing is older
	got, _, err := d.s.Counts(d.Context())
	d.ok(err)
	d.is("before", []int{got[0].Sent, got[0].Dropped}, []int{1, 1})

	d.ok(d.s.Prune(d.Context(), minute(60)))
	got, pending, err := d.s.Counts(d.Context())
	d.ok(err)
	d.is("after", got, []notify.Count{{Channel: "mail", Waiting: 1, Unsent: 1}})
	d.is("pending", pending, 1)
	_, list, _ = d.waiting("mail", minute(1))
	d.is("what waits", list[0].Announcement.ID, "d")
	// What is under way is still known, what was settled is forgotten.
	d.announce(Announced("a", 1, notify.Opened, notify.Warn), Announced("b", 2, notify.Opened, notify.Warn), Announced("d", 4, notify.Opened, notify.Warn))
	d.is("pending", d.pending(), "undispatched a")
}

func testParallel(d *desk) {
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for n := range 20 {
				a := Announced(fmt.Sprintf("%d/%d", w, n), int64(n+1), notify.Opened, notify.Warn)
				if err := d.s.Announce(d.Context(), a); err != nil {
					d.Error(err)
				}
				for range 2 {
					if err := d.s.Dispatch(d.Context(), []string{a.ID}, []notify.Item{item("mail", a, 0, 1)}); err != nil {
						d.Error(err)
					}
				}
				if _, err := d.s.State(d.Context(), "mail", t0()); err != nil {
					d.Error(err)
				}
			}
		})
	}
	wg.Wait()
	list, _, err := d.s.Waiting(d.Context(), "mail", minute(1), 1000)
	d.ok(err)
	d.is("items", len(list), 80)
	if !slices.IsSortedFunc(list, func(a, b notify.Item) int { return int(a.No - b.No) }) {
		d.Error("not in order")
	}
}

func testEnded(d *desk) {
	ctx, cancel := context.WithCancel(d.Context())
	cancel()
	a := Announced("a", 1, notify.Opened, notify.Warn)
	d.announce(a)
	if d.s.Dispatch(ctx, []string{"a"}, nil) == nil || d.s.Mark(ctx, "l", notify.Mark{State: notify.Sent}) == nil || d.s.Settle(ctx, "mail", notify.Settlement{}) == nil {
		d.Error("it wrote after the end")
	}
	if _, err := d.s.Pending(ctx, 1); err == nil {
		d.Error("it read after the end")
	}
	d.is("pending", d.pending(), "a")
}
