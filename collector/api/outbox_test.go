package api

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/collector/store"
)

// fakeOutbox holds records 7 and 8, put aside, and a store that is as behind
// as it is told.
type fakeOutbox struct {
	aside  []AsideRecord
	stores []OutboxStore
	closed bool
	tried  int
	kept   int // as status tells it
}

func newFakeOutbox(now time.Time) *fakeOutbox {
	return &fakeOutbox{
		aside: []AsideRecord{{Number: 8, Store: "influx", Device: pc2, AsideAt: now, Reason: "out of range"}, {Number: 7, Store: "influx", Device: pc1, AsideAt: now, Reason: "out of range"}},
		stores: []OutboxStore{
			{Name: "influx", State: StoreCurrent, BehindSeconds: 0.2, Records: 3},
			{Name: "series", State: StoreCurrent},
		},
	}
}

func (x *fakeOutbox) status() OutboxStatus {
	return OutboxStatus{Closed: x.closed, Stores: x.stores, Kept: x.kept}
}

func (x *fakeOutbox) Aside(limit int) ([]AsideRecord, int, error) {
	return x.aside[:min(limit, len(x.aside))], len(x.aside), nil
}

func (x *fakeOutbox) take(numbers []uint64) (int, error) {
	before := len(x.aside)
	for _, n := range numbers {
		if !slices.ContainsFunc(x.aside, func(r AsideRecord) bool { return r.Number == n }) {
			return 0, fmt.Errorf("no such record is put aside: %d: %w", n, store.ErrNotFound)
		}
	}
	x.aside = slices.DeleteFunc(x.aside, func(r AsideRecord) bool { return numbers == nil || slices.Contains(numbers, r.Number) })
	return before - len(x.aside), nil
}

func (x *fakeOutbox) Retry(numbers []uint64) (int, error) { return x.take(numbers) }
func (x *fakeOutbox) Drop(numbers []uint64) (int, error)  { return x.take(numbers) }

func (x *fakeOutbox) Drain(closed *bool) {
	x.tried++
	if closed != nil {
		x.closed = *closed
	}
}

func TestRecordsPutAside(t *testing.T) {
	w := newWorld(t)
	c, ctx := w.client("admin"), t.Context()
	list, err := c.OutboxAside(ctx, OutboxAsideInput{Limit: 1})
	if err != nil || list.Total != 2 || len(list.Records) != 1 || list.Records[0].Number != 8 {
		t.Errorf("%v %s", err, asJSON(list))
	}
	for _, bad := range []OutboxChoice{{}, {Numbers: []uint64{7}, All: true}} {
		_, err := c.OutboxRetry(ctx, OutboxChoiceInput{Body: bad})
		problemIn(t, err, invalid)
	}
	_, err = c.OutboxDrop(ctx, OutboxChoiceInput{Body: OutboxChoice{Numbers: []uint64{7, 99}}})
	if p := problemIn(t, err, notFound); !strings.HasPrefix(p.Detail, "no such record is put aside: 99: muster outbox list --aside") {
		t.Errorf("refused with %q", p.Detail)
	}
	if n, err := c.OutboxRetry(ctx, OutboxChoiceInput{Body: OutboxChoice{Numbers: []uint64{7}}}); n.Records != 1 || err != nil {
		t.Error(n, err)
	}
	if n, err := c.OutboxDrop(ctx, OutboxChoiceInput{Body: OutboxChoice{All: true}}); n.Records != 1 || err != nil || len(w.outbox.aside) != 0 {
		t.Error(n, err)
	}
	audit, err := c.AuditList(ctx, AuditInput{Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	var seen []string
	for _, r := range audit.Records {
		if strings.HasPrefix(r.Action, "outbox-") && r.Outcome == "done" {
			seen = append(seen, r.Action+" "+r.Object+" "+r.Detail["records"])
		}
	}
	slices.Sort(seen)
	if got := strings.Join(seen, ", "); got != "outbox-drop all 1, outbox-retry 7 1" {
		t.Errorf("the audit tells of %q", got)
	}
}

func TestDrainOfTheOutbox(t *testing.T) {
	w := newWorld(t)
	c, ctx := w.client("admin"), t.Context()
	for i, tt := range []struct {
		close *bool
		want  bool
	}{{nil, false}, {new(true), true}, {nil, true}, {new(false), false}} {
		got, err := c.OutboxDrain(ctx, OutboxDrainInput{Body: OutboxDrain{Close: tt.close}})
		if err != nil || got.Closed != tt.want || w.outbox.tried != i+1 {
			t.Errorf("step %d: %v, closed %t, tried %d", i, err, got.Closed, w.outbox.tried)
		}
	}
}

// Who asks for numbers is told that some are missing, and status tells why.
func TestStoresThatAreBehindAreTold(t *testing.T) {
	w := newWorld(t)
	c, ctx := w.client("intern"), t.Context()
	asks := func() float64 {
		t.Helper()
		a, err := c.SeriesQuery(ctx, SeriesQueryInput{Name: "cpu_usage_user"})
		if err != nil {
			t.Fatal(err)
		}
		return a.BehindSeconds
	}
	problems := func() string {
		t.Helper()
		s, err := c.StatusShow(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(s.Problems, "\n")
	}
	if b, p := asks(), problems(); b != 0 || strings.Contains(p, "behind") || strings.Contains(p, "aside") {
		t.Errorf("nothing is behind: %v, %q", b, p)
	}
	for _, tt := range []struct {
		state, why string
		says       []string
	}{
		{StoreBehind, "", []string{"numbers are 12m0s behind: 400 records wait for the store influx and are not lost (muster outbox list)"}},
		{StoreUnavailable, "connection refused", []string{"does not take them: connection refused"}},
		{StoreRefuses, "the password is wrong", []string{"until somebody changes something: the password is wrong"}},
	} {
		w.outbox.stores[0] = OutboxStore{Name: "influx", State: tt.state, BehindSeconds: 720, Records: 400, Error: tt.why}
		if b := asks(); b != 720 {
			t.Errorf("%s: numbers are said to be %v s behind", tt.state, b)
		}
		for _, want := range tt.says {
			if p := problems(); !strings.Contains(p, want) {
				t.Errorf("%s: the problems are %q", tt.state, p)
			}
		}
	}
	// A restart of the store is no problem yet, but numbers are missing.
	w.outbox.stores[0].BehindSeconds = 20
	if b, p := asks(), problems(); b != 20 || strings.Contains(p, "behind") {
		t.Errorf("for 20 s: %v, %q", b, p)
	}
	w.outbox.kept = 1
	if p := problems(); !strings.Contains(p, "1 records were put aside") {
		t.Errorf("problems %q", p)
	}
	s, err := c.OutboxList(ctx)
	if err != nil || len(s.Stores) != 2 || s.Stores[0].State != StoreRefuses {
		t.Errorf("%v %s", err, asJSON(s))
	}
}

func TestCollectorWithoutOutbox(t *testing.T) {
	w := newWorld(t)
	w.d.Outbox = nil
	_, err := w.client("admin").OutboxList(t.Context())
	problemIn(t, err, notOffered)
}
