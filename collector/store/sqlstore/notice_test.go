package sqlstore

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"muster/collector/notify"
	"muster/collector/notify/notifytest"
)

// notices makes a store of notices in an inventory of its own.
func notices(t testing.TB) *Notices {
	t.Helper()
	x := open(t)
	withNotices(t, x)
	return x.Notices()
}

func noticesOf(t testing.TB, e engine) *Notices {
	if e.name == "sqlite" {
		return notices(t)
	}
	return e.open(t).Notices()
}

// withNotices sees to the tables where the migrations have not made them.
func withNotices(t testing.TB, x *Inventory) {
	t.Helper()
	err := x.d.write(t.Context(), func(t *tx) error {
		var n int
		if _, err := t.one("SELECT count(*) FROM sqlite_schema WHERE name = 'notice_item'", nil, &n); err != nil || n > 0 {
			return err
		}
		return t.once(noticeTables)
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestNotices(t *testing.T) { eachEngine(t, testNotices) }

func testNotices(t *testing.T, e engine) {
	notifytest.Run(t, func(t *testing.T) notifytest.Store { return noticesOf(t, e) })
}

// TestAnnounceWithItsIncident: an announcement is there when the transaction
// that it belongs to is, and not otherwise.
func TestAnnounceWithItsIncident(t *testing.T) { eachEngine(t, testAnnounceWithItsIncident) }

func testAnnounceWithItsIncident(t *testing.T, e engine) {
	n := noticesOf(t, e)
	a := notifytest.Announced("incident/1/opened", 1, notify.Opened, notify.Warn)
	undone := errors.New("undone")
	if err := n.d.write(t.Context(), func(t *tx) error {
		if err := t.announce(a); err != nil {
			return err
		}
		return undone
	}); !errors.Is(err, undone) {
		t.Fatal(err)
	}
	if list, err := n.Pending(t.Context(), 10); err != nil || len(list) != 0 {
		t.Errorf("after a transaction that was undone: %v, %v", list, err)
	}
	if err := n.d.write(t.Context(), func(t *tx) error { return t.announce(a) }); err != nil {
		t.Fatal(err)
	}
	if list, err := n.Pending(t.Context(), 10); err != nil || len(list) != 1 {
		t.Errorf("%v, %v", list, err)
	}
}

// TestBrokenAnnouncement: a row that cannot be read is told as such.
func TestBrokenAnnouncement(t *testing.T) { eachEngine(t, testBrokenAnnouncement) }

func testBrokenAnnouncement(t *testing.T, e engine) {
	n := noticesOf(t, e)
	ctx := t.Context()
	if err := n.Announce(ctx, notifytest.Announced("a", 7, notify.Opened, notify.Critical), notifytest.Announced("b", 8, notify.Opened, notify.Critical)); err != nil {
		t.Fatal(err)
	}
	if err := n.d.write(ctx, func(t *tx) error { return t.do("UPDATE notice_announcement SET body = '{' WHERE id = 'a'") }); err != nil {
		t.Fatal(err)
	}
	list, err := n.Pending(ctx, 10)
	if err != nil || len(list) != 2 || list[0].ID != "a" || list[0].Incident.Number != 7 || list[0].Check() != nil || list[1].Incident.Severity != notify.Critical {
		t.Errorf("%+v, %v", list, err)
	}
}

// TestNoticesCrash copies the files in the middle of each transaction and
// after it, as a power cut leaves them: each step is there whole or not at all.
func TestNoticesCrash(t *testing.T) {
	x := open(t)
	withNotices(t, x)
	n := x.Notices()
	ctx := t.Context()
	at := time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	a := notifytest.Announced("a", 1, notify.Opened, notify.Warn)
	l := notify.Letter{ID: "l", Channel: "mail", Kind: notify.Notices, Incidents: []int64{1}, Formed: at, Since: at, State: notify.Unsent, Message: notify.Message{ID: "l"}}
	for i, step := range []func() error{
		func() error { return n.Announce(ctx, a) },
		func() error {
			return n.Dispatch(ctx, []string{"a"}, []notify.Item{{Channel: "mail", Announcement: a, Hold: at, Due: at}})
		},
		func() error {
			list, _, err := n.Waiting(ctx, "mail", at, 10)
			if err != nil {
				return err
			}
			return n.Settle(ctx, "mail", notify.Settlement{Letter: &l, Carried: []int64{list[0].No}})
		},
		func() error { return n.Mark(ctx, "l", notify.Mark{State: notify.Sent, At: at}) },
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
		y := openAt(t, copyFiles(t, x.d.path, -1)).Notices()
		_, pending, err := y.Counts(ctx)
		if err != nil {
			t.Fatal(err)
		}
		waiting, _, err := y.Waiting(ctx, "mail", at, 10)
		if err != nil {
			t.Fatal(err)
		}
		s, err := y.State(ctx, "mail", at.Add(-time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		got := [3]int{pending, len(waiting), len(s.Unsent)}
		if want := [][3]int{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {0, 0, 0}}[i]; got != want {
			t.Errorf("after step %d: pending, waiting, unsent are %v, want %v", i+1, got, want)
		}
	}
}

// collects is a channel that keeps IDs.
type collects struct {
	mu  sync.Mutex
	got []string
}

func (c *collects) Send(_ context.Context, m notify.Message) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, n := range m.Notices {
		c.got = append(c.got, n.ID)
	}
	return nil
}

// TestNotifierOverSQL: the notifier over this store, in real time.
func TestNotifierOverSQL(t *testing.T) {
	path := filepath.Join(t.TempDir(), "inventory.db")
	x := openAt(t, path)
	withNotices(t, x)
	c := &collects{}
	n, err := notify.New(notify.Options{Store: x.Notices(),
		Setup: func(context.Context) (notify.Settings, error) {
			return notify.Settings{Outlets: []notify.Outlet{{Name: "mail", Channel: c}}, Routes: []notify.Route{{Name: "all", Channel: "mail", Wait: -1}}}, nil
		},
		Open: func(context.Context) ([]notify.Standing, error) { return nil, nil }})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	for _, id := range []string{"a", "b", "a"} {
		if err := x.Notices().Announce(ctx, notifytest.Announced(id, int64(id[0]), notify.Opened, notify.Warn)); err != nil {
			t.Fatal(err)
		}
		n.Wake()
	}
	deadline := time.Now().Add(30 * time.Second)
	for sent := 0; sent < 2; {
		if time.Now().After(deadline) {
			t.Fatalf("only %v arrived", c.got)
		}
		time.Sleep(5 * time.Millisecond)
		list, err := x.Notices().Letters(ctx, notify.Query{State: notify.Sent})
		if err != nil {
			t.Fatal(err)
		}
		sent = 0
		for _, l := range list {
			sent += len(l.Incidents)
		}
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
	if len(c.got) != 2 || c.got[0] != "a" || c.got[1] != "b" {
		t.Errorf("%v", c.got)
	}
}
