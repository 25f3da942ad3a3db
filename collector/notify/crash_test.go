package notify_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"muster/collector/notify"
	"muster/collector/notify/notifytest"
)

func newMemory() *notifytest.Memory { return notifytest.NewMemory() }

// TestCrashAnywhere ends the process at every step of a busy hour: before and
// after each write to the store, before and after the far side took a letter.
// What is in the store is all that is left. Everything is told, and twice only
// with the same ID and the same text, and only when the process ended between
// the far side's acceptance and the mark.
func TestCrashAnywhere(t *testing.T) {
	whole := crash(t, 0)
	if whole.points < 20 {
		t.Fatalf("only %d places to end at", whole.points)
	}
	for at := 1; at <= whole.points; at++ {
		t.Run(fmt.Sprint(at), func(t *testing.T) { crash(t, at) })
	}
}

type crashed struct {
	points int
	at     string
}

// crash runs the story and ends the process at the n-th place; 0: nowhere.
func crash(t *testing.T, n int) (out crashed) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var die func()
		dead := false
		point := func(name string) error {
			mu.Lock()
			defer mu.Unlock()
			if dead {
				return errors.New("the process has ended")
			}
			if out.points++; out.points == n {
				dead, out.at = true, name
				die()
				return errors.New("the process has ended")
			}
			return nil
		}
		got := map[string][]notify.Message{} // by ID
		ends := notify.Route{Name: "all", Channel: "mail", Kinds: []notify.Kind{notify.Opened, notify.Worse, notify.Resolved}, Created: begin,
			Digest: notify.Digest{At: "00:20", Zone: "UTC"}}
		w := &world{T: t, store: notifytest.NewMemory()}
		tries := 0
		w.settings = notify.Settings{Routes: []notify.Route{ends}, Outlets: []notify.Outlet{{Name: "mail", Channel: channel(func(_ context.Context, m notify.Message) error {
			if err := point("before the far side took it"); err != nil {
				return err
			}
			mu.Lock()
			if tries++; tries%3 == 1 {
				mu.Unlock()
				return &notify.Failure{Fate: notify.Temporary, Said: "not now"}
			}
			got[m.ID] = append(got[m.ID], m)
			mu.Unlock()
			return point("after the far side took it")
		})}}}
		w.open = []notify.Standing{{Incident: notify.Incident{Number: 1, Title: "x", Severity: notify.Warn}}}
		w.store.Fault = func(method string, done bool) error { return point(fmt.Sprintf("%s, done: %v", method, done)) }
		run := func() (stop func()) {
			mu.Lock() // whoever comes to a point waits until die is there
			defer mu.Unlock()
			w.start()
			end := w.end
			ended := make(chan struct{})
			die = func() { go func() { end(); close(ended) }() }
			return func() {
				if !dead {
					die()
				}
				<-ended
			}
		}
		stop := run()
		for i := range int64(6) {
			w.tell(i+1, notify.Opened, notify.Warn)
			sleep(2 * time.Minute)
			if i%2 == 0 {
				w.tell(i+1, notify.Worse, notify.Critical)
				w.tell(i+1, notify.Resolved, notify.Critical)
			}
			sleep(2 * time.Minute)
			mu.Lock()
			again := dead
			mu.Unlock()
			if again {
				stop()
				mu.Lock()
				dead = false
				mu.Unlock()
				stop = run()
			}
		}
		sleep(3 * time.Hour)
		stop()

		told, digests, twice := map[string]int{}, 0, 0
		last := map[int64]time.Time{}
		for id, list := range got {
			if len(list) > 1 {
				twice++
				if list[0].Text() != list[1].Text() || len(list) > 2 {
					t.Errorf("%d times, ended %s: %s", len(list), out.at, id)
				}
			}
			m := list[0]
			if m.Kind == notify.Summary {
				digests++
			}
			for _, n := range m.Notices {
				told[n.ID]++
				for _, p := range n.Past {
					told[fmt.Sprintf("%d/%s", n.Incident.Number, p.Kind)]++
				}
				told[fmt.Sprintf("%d/%s", n.Incident.Number, n.Kind)]++
				if n.At.After(last[n.Incident.Number]) {
					last[n.Incident.Number] = n.At
				}
			}
		}
		for i := range int64(6) {
			want := []notify.Kind{notify.Opened}
			if i%2 == 0 {
				want = append(want, notify.Worse, notify.Resolved)
			}
			for _, k := range want {
				if n := told[fmt.Sprintf("%d/%s", i+1, k)]; n != 1 {
					t.Errorf("ended %s: that %d %s was told %d times", out.at, i+1, k, n)
				}
			}
		}
		if allowed := out.at == "after the far side took it" || out.at == "Mark, done: false"; twice > 1 || twice == 1 && !allowed {
			t.Errorf("ended %s: %d messages came twice", out.at, twice)
		}
		if digests != 1 {
			t.Errorf("ended %s: %d digests", out.at, digests)
		}
		if c := w.counts("mail"); c.Waiting != 0 || c.Unsent != 0 || c.Failed != 0 {
			t.Errorf("ended %s: %+v", out.at, c)
		}
	})
	return out
}

type channel func(context.Context, notify.Message) error

func (c channel) Send(ctx context.Context, m notify.Message) error { return c(ctx, m) }
