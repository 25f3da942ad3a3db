package summary_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/collector/notify"
	"muster/collector/store"
	"muster/collector/store/sqlstore"
	"muster/collector/summary"
	"muster/internal/inventory"
)

// office is a real store with devices and incidents, and a sender over it whose
// clock the test sets.
type office struct {
	t       *testing.T
	inv     *sqlstore.Inventory
	control *sqlstore.Control
	now     time.Time
	woken   int
}

func openOffice(t *testing.T) *office {
	t.Helper()
	o := &office{t: t, now: time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)}
	var err error
	if o.inv, err = sqlstore.Open(t.Context(), filepath.Join(t.TempDir(), "inventory.db"), sqlstore.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { o.inv.Close() })
	if o.control, err = sqlstore.OpenControl(t.Context(), filepath.Join(t.TempDir(), "control.db"), sqlstore.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { o.control.Close() })
	return o
}

// sender is one that has just been started.
func (o *office) sender() *summary.Sender {
	log := slog.New(slog.DiscardHandler)
	return &summary.Sender{Sources: summary.Sources{Inventory: o.inv, Health: o.inv, Title: func(string) string { return "" }, Log: log}, Schedules: o.control, Line: o.inv.Notices(),
		CSV: func(summary.Figures) ([]byte, error) { return []byte("x\n"), nil }, Wake: func() { o.woken++ }, Zone: time.UTC, Log: log, Now: func() time.Time { return o.now }}
}

func (o *office) due(s *summary.Sender) {
	o.t.Helper()
	if err := s.Due(o.t.Context()); err != nil {
		o.t.Fatal(err)
	}
}

// letters are those in line, the oldest first.
func (o *office) letters() []notify.Letter {
	o.t.Helper()
	state, err := o.inv.Notices().State(o.t.Context(), "desk", time.Time{})
	if err != nil {
		o.t.Fatal(err)
	}
	return state.Unsent
}

func (o *office) want(what string, n int) {
	o.t.Helper()
	if got := len(o.letters()); got != n {
		o.t.Errorf("%s: %d letters, want %d", what, got, n)
	}
}

func TestOneIsSentForEachTime(t *testing.T) {
	o := openOffice(t)
	put := func(x summary.Schedule) {
		t.Helper()
		if err := o.control.PutSummary(t.Context(), x); err != nil {
			t.Fatal(err)
		}
	}
	board := summary.Schedule{Name: "Board", Every: summary.Week, Weekday: time.Monday, Hour: 7, Channel: "desk", Scope: store.Scope{All: true}, To: []string{"board@example.org"}, Since: o.now}
	put(board)
	s := o.sender()
	o.due(s)
	o.want("times before it was set up are not made up for", 0)
	monday := time.Date(2026, 11, 30, 7, 0, 0, 0, time.UTC)
	o.now = monday.Add(-time.Second)
	o.due(s)
	o.want("a second too early", 0)
	o.now = monday.Add(time.Minute)
	o.due(s)
	o.due(s)
	o.want("once", 1)
	o.due(o.sender())
	o.want("once, over a restart", 1)
	l := o.letters()[0]
	if l.Kind != notify.Board || l.Message.To[0] != "board@example.org" || !strings.Contains(l.Subject, "23 Nov 2026 to 29 Nov 2026") || o.woken != 1 {
		t.Errorf("%+v, woken %d times", l, o.woken)
	}

	// Two collectors over one database.
	o.now = monday.AddDate(0, 0, 7)
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() { o.due(o.sender()) })
	}
	both.Wait()
	o.want("once, of two", 2)

	// The clock jumps a week ahead, back, and time passes.
	s = o.sender()
	o.now = monday.AddDate(0, 0, 15)
	o.due(s)
	o.want("by a clock that is ahead", 3)
	o.now = monday.AddDate(0, 0, 8)
	o.due(s)
	o.due(o.sender())
	o.want("back again", 3)
	o.now = monday.AddDate(0, 0, 14)
	o.due(s)
	o.due(o.sender())
	o.want("when it is really due", 4)
	o.now = monday.AddDate(-1, 0, 0)
	o.due(o.sender())
	o.want("a year back", 4)

	// Down over the weekend, and for longer.
	o.now = monday.AddDate(0, 0, 21).Add(72*time.Hour - time.Minute)
	o.due(o.sender())
	o.want("late", 5)
	o.now = monday.AddDate(0, 0, 28).Add(72*time.Hour + time.Minute)
	o.due(o.sender())
	o.want("too late", 5)

	board.Off = true
	put(board)
	o.now = monday.AddDate(0, 0, 35)
	o.due(s)
	o.want("off", 5)
	if _, err := s.Send(t.Context(), board, []string{"me@example.org"}); err != nil {
		t.Fatal(err)
	}
	o.want("by hand", 6)
	if l := o.letters()[5]; l.Message.To[0] != "me@example.org" {
		t.Errorf("%+v", l)
	}
}

// broken is a line that fails at first.
type broken struct {
	summary.Line
	fails int
}

func (b *broken) Queue(ctx context.Context, l notify.Letter, source string, due, now time.Time) (bool, error) {
	if b.fails--; b.fails >= 0 {
		return false, errors.New("the disk is full")
	}
	return b.Line.Queue(ctx, l, source, due, now)
}

func TestWhatFailsIsTriedAgain(t *testing.T) {
	o := openOffice(t)
	for _, name := range []string{"A", "B"} {
		if err := o.control.PutSummary(t.Context(), summary.Schedule{Name: name, Every: summary.Month, Day: 1, Hour: 7, Channel: "desk", Scope: store.Scope{All: true}, Since: o.now}); err != nil {
			t.Fatal(err)
		}
	}
	s := o.sender()
	s.Line = &broken{s.Line, 1}
	o.now = time.Date(2026, 12, 1, 7, 0, 0, 0, time.UTC)
	o.due(s)
	o.want("the other one goes", 1)
	o.due(s)
	o.want("a minute later", 2)
}

func TestFigures(t *testing.T) {
	o := openOffice(t)
	ctx := t.Context()
	parks, err := o.inv.PutAgency(ctx, store.Agency{Name: "Parks"})
	if err != nil {
		t.Fatal(err)
	}
	hall, err := o.inv.PutSite(ctx, store.Site{Agency: parks.Name, Name: "Hall"})
	if err != nil {
		t.Fatal(err)
	}
	id := func(n byte) inventory.DeviceID {
		return inventory.DeviceID("0198f000-0000-7000-8000-0000000000" + string([]byte{'0' + n/10, '0' + n%10}))
	}
	begin := o.now.Add(-100 * time.Hour)
	for n := byte(1); n <= 12; n++ {
		d := store.NewDevice{ID: id(n), Kind: "pc", Name: "pc", At: o.now.AddDate(-1, 0, 0)}
		if n > 10 {
			d.Site, d.At = hall.ID, begin
		}
		if err := o.inv.AddDevice(ctx, d); err != nil {
			t.Fatal(err)
		}
		i := store.Incident{Kind: store.DeviceIncident, Key: string(id(n)), Title: "=evil()", Rule: "D01", Family: "disk", Severity: "warn", Status: store.New,
			OpenedAt: begin, UpdatedAt: begin, Count: 1, Devices: []store.IncidentDevice{{ID: id(n)}}, Backlog: n == 1}
		j := store.Judged{Incidents: []store.Incident{i}}
		if err := o.inv.Record(ctx, &j); err != nil {
			t.Fatal(err)
		}
		steps := []store.Step{}
		if n >= 2 && n <= 11 { // claimed after 1 to 10 hours
			steps = append(steps, store.Step{Do: store.DoClaim, At: begin.Add(time.Duration(n-1) * time.Hour)})
		}
		switch n {
		case 2, 3, 11:
			steps = append(steps, store.Step{Do: store.DoResolve, At: begin.Add(20 * time.Hour), Useful: "yes", Called: n == 3, Replaced: map[bool]string{true: "disk"}[n == 2]})
		case 4:
			steps = append(steps, store.Step{Do: store.DoResolve, At: begin.Add(40 * time.Hour), Useful: "no"})
		case 5:
			steps = append(steps, store.Step{Do: store.DoResolve, At: begin.Add(50 * time.Hour), Useful: "wrong"})
		}
		for _, st := range steps {
			st.By = "ines"
			if _, err := o.inv.Work(ctx, store.Scope{All: true}, j.Incidents[0].Number, st, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	s := o.sender()
	f, err := s.Sources.Count(ctx, summary.Order{Scope: store.Scope{All: true}, From: begin.Add(-time.Hour), To: o.now, Now: o.now})
	if err != nil {
		t.Fatal(err)
	}
	want := summary.IncidentFigures{Opened: 11, Resolved: 5, Open: 6, Unclaimed: 1, Useful: 3, Useless: 1, Wrong: 1, BeforeCall: 2,
		Claim: summary.Took{10, 5 * 3600, 9 * 3600}, Resolve: summary.Took{5, 20 * 3600, 50 * 3600}}
	if f.Incidents != want {
		t.Errorf("%+v\nwant %+v", f.Incidents, want)
	}
	if len(f.Rules) != 1 || f.Rules[0] != (summary.RuleFigures{"D01", "=evil()", 11, 3, 1, 1}) || len(f.Caught) != 1 || f.Caught[0].Replaced != "disk" {
		t.Errorf("%+v, %+v", f.Rules, f.Caught)
	}
	if f.Fleet.Devices != 12 || f.Fleet.New != 2 || len(f.Fleet.Kinds) != 1 || len(f.Quality) == 0 || len(f.Replacement) == 0 {
		t.Errorf("%+v", f.Fleet)
	}
	for _, g := range append(f.Quality, f.Replacement...) {
		for _, q := range g.Questions {
			if q.Count < 0 {
				t.Errorf("%s: %s cannot be asked", g.Title, q.Filter)
			}
		}
	}
	some, err := s.Sources.Count(ctx, summary.Order{Scope: store.Scope{Sites: []int64{hall.ID}}, From: begin.Add(-time.Hour), To: o.now, Now: o.now, Parts: []summary.Part{summary.OfIncidents, summary.OfFleet}})
	if err != nil || some.Incidents.Opened != 2 || some.Fleet.Devices != 2 || len(some.Quality) != 0 {
		t.Errorf("of a site: %+v, %v", some, err)
	}
	if place, err := summary.Place(ctx, o.inv, store.Scope{Sites: []int64{hall.ID}}); err != nil || place != "Parks/Hall" {
		t.Error(place, err)
	}
}
