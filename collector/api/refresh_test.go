package api

import (
	"context"
	"sync"
	"testing"
	"time"

	"muster/internal/inventory"
)

// fakeRefresher remembers who was asked.
type fakeRefresher struct {
	mu    sync.Mutex
	now   func() time.Time
	asked map[inventory.DeviceID]Refresh
	times int
}

func (x *fakeRefresher) Refresh(_ context.Context, id inventory.DeviceID) (Refresh, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.asked == nil {
		x.asked = map[inventory.DeviceID]Refresh{}
	}
	x.times++
	x.asked[id] = Refresh{AskedAt: x.now()}
	return x.asked[id], nil
}

func (x *fakeRefresher) Refreshed(id inventory.DeviceID) (Refresh, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	r, ok := x.asked[id]
	return r, ok
}

func TestAskingADeviceAnew(t *testing.T) {
	w := newWorld(t)
	ctx, c := t.Context(), w.client("intern")
	fake := w.Server.d.Refresher.(*fakeRefresher)
	if r, err := c.DeviceRefresh(ctx, RefInput{Ref: "pc-1"}); err != nil || !r.AskedAt.Equal(w.now) {
		t.Fatalf("%+v, %v", r, err)
	}
	if shown, err := c.DeviceShow(ctx, DeviceShowInput{Ref: "pc-1"}); err != nil || shown.Refresh == nil || !shown.Refresh.AskedAt.Equal(w.now) {
		t.Errorf("%+v, %v", shown.Refresh, err)
	}
	begun := w.now
	w.now = w.now.Add(5 * time.Minute)
	if r, err := c.DeviceRefresh(ctx, RefInput{Ref: "pc-1"}); err != nil || !r.AskedAt.Equal(begun) || fake.times != 1 {
		t.Errorf("while it is on its way, it is asked again: %+v, %v", r, err)
	}
	_, err := w.client("intern-parks").DeviceRefresh(ctx, RefInput{Ref: pc3})
	problemIn(t, err, notFound)
	for range refreshBurst + 5 { // pc-1 again and again, an hour apart in no time
		fake.mu.Lock()
		clear(fake.asked)
		fake.mu.Unlock()
		_, err = c.DeviceRefresh(ctx, RefInput{Ref: "pc-1"})
	}
	if p := problemIn(t, err, tooOften); p.RetryAfter != 60 {
		t.Errorf("%+v", p)
	}
	if _, err := w.client("staff").DeviceRefresh(ctx, RefInput{Ref: "pc-2"}); err != nil {
		t.Errorf("somebody else has to wait too: %v", err)
	}
}
