package sqlstore

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"muster/collector/store"
	"muster/collector/summary"
)

func TestSchedules(t *testing.T) { eachEngine(t, testSchedules) }

// testSchedules: summaries come back as they were put, by name whatever its case,
// and there is an end to how many.
func testSchedules(t *testing.T, e engine) {
	c := e.control(t)
	ctx := t.Context()
	names := func() (out []string) {
		t.Helper()
		list, err := c.Summaries(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range list {
			out = append(out, x.Name)
		}
		return out
	}
	if got := names(); len(got) != 0 {
		t.Fatalf("at first there is %q", got)
	}
	at := time.Date(2026, 11, 20, 15, 0, 0, 123_000_000, time.UTC)
	board := summary.Schedule{Name: "Board", Every: summary.Month, Day: 28, Hour: 7, Zone: "America/New_York", Scope: store.Scope{Agencies: []int64{2, 1}, Sites: []int64{9}}, Channel: "desk", To: []string{"board@example.org", "mayor@example.org"}, ChangedBy: "ann", ChangedAt: at}
	weekly := summary.Schedule{Name: "a week", Every: summary.Week, Weekday: time.Friday, Hour: 15, Scope: store.Scope{All: true}, Channel: "desk", Off: true, ChangedBy: "bob", ChangedAt: at.Add(time.Hour)}
	for _, x := range []summary.Schedule{board, weekly} {
		if err := c.PutSummary(ctx, x); err != nil {
			t.Fatal(err)
		}
	}
	list, err := c.Summaries(ctx)
	if err != nil || len(list) != 2 || !reflect.DeepEqual(list[0], weekly) || !reflect.DeepEqual(list[1], board) {
		t.Fatalf("%v\n%+v\nwant\n%+v\n%+v", err, list, weekly, board)
	}
	// Another case is the same one, which keeps the name it was made with.
	other := board
	other.Name, other.Day, other.ChangedBy = "BOARD", 1, "eve"
	if err := c.PutSummary(ctx, other); err != nil {
		t.Fatal(err)
	}
	list, err = c.Summaries(ctx)
	if err != nil || len(list) != 2 || list[1].Name != "Board" || list[1].Day != 1 || list[1].ChangedBy != "eve" {
		t.Errorf("%v %+v", err, list)
	}
	if err := c.PutSummary(ctx, summary.Schedule{Name: "no channel", Every: summary.Week}); err == nil || len(names()) != 2 {
		t.Errorf("what cannot be sent is kept: %v %q", err, names())
	}
	for n := 2; n < summary.Most; n++ {
		x := weekly
		x.Name = fmt.Sprint("w ", n)
		if err := c.PutSummary(ctx, x); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.PutSummary(ctx, summary.Schedule{Name: "one more", Every: summary.Week, Channel: "desk", Scope: store.Scope{All: true}}); !errors.Is(err, store.ErrConflict) {
		t.Errorf("one too many: %v", err)
	}
	if err := c.PutSummary(ctx, weekly); err != nil {
		t.Errorf("a change of one, of as many as may be: %v", err)
	}
	if err := c.DeleteSummary(ctx, "board"); err != nil {
		t.Error(err)
	}
	if err := c.DeleteSummary(ctx, "board"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("deleted twice: %v", err)
	}
	if got := names(); len(got) != summary.Most-1 {
		t.Errorf("%d are left", len(got))
	}
}
