package api

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"muster/collector/account"
	"muster/collector/store"
)

func TestCountsOfLargeFleetsAreKeptForThoseWhoSeeTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var c counted[DeviceFacets]
		var mu sync.Mutex // counting goes on beside the one who asks
		times, total := 0, largeFleet
		var fails error
		count := func(context.Context) (DeviceFacets, error) {
			time.Sleep(time.Second)
			mu.Lock()
			defer mu.Unlock()
			times++
			return DeviceFacets{Total: total + times}, fails
		}
		as := func(a account.Actor) context.Context {
			return context.WithValue(t.Context(), askedKey{}, &asked{actor: a})
		}
		all, some := as(account.Actor{Role: account.Admin, Scope: store.Scope{All: true}}), as(account.Actor{Role: account.Admin, Scope: store.Scope{Sites: []int64{1}}})
		ask := func(who context.Context, filter string, want, wantTimes int, took time.Duration) {
			t.Helper()
			begun := time.Now()
			f, err := c.of(who, time.Now, filter, count)
			mu.Lock()
			defer mu.Unlock()
			if err != nil || f.Total-total != want || times != wantTimes || time.Since(begun) != took {
				t.Errorf("count %d, %d times in %s, %v; want count %d, %d times, in %s", f.Total-total, times, time.Since(begun), err, want, wantTimes, took)
			}
		}
		ask(all, "", 1, 1, time.Second)
		ask(all, "", 1, 1, 0)
		ask(some, "", 2, 2, time.Second) // another scope has counts of its own
		ask(all, "os:windows", 3, 3, time.Second)
		time.Sleep(countsFresh)
		ask(all, "", 1, 3, 0) // and is counted anew beside it, once
		ask(all, "", 1, 3, 0)
		time.Sleep(2 * time.Second)
		ask(all, "", 4, 4, 0)
		c.forget() // somebody changed a device
		ask(all, "", 5, 5, time.Second)
		time.Sleep(countsStale)
		ask(all, "", 6, 6, time.Second)
		time.Sleep(countsFresh)
		mu.Lock()
		fails = errors.New("the store is away")
		mu.Unlock()
		ask(all, "", 6, 6, 0)
		time.Sleep(2 * time.Second)
		if _, err := c.of(all, time.Now, "", count); err == nil {
			t.Error("nobody is told that the store is away")
		}
		mu.Lock()
		fails, total, times = nil, 10, 0
		mu.Unlock()
		ask(all, "", 1, 1, time.Second)
		ask(all, "", 2, 2, time.Second) // a small fleet is counted each time
	})
}
