package notify_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"muster/collector/notify"
	"muster/collector/notify/notifytest"
)

// begin is where virtual time starts: a Saturday, midnight UTC.
var begin = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// fake is a channel that keeps what it takes.
type fake struct {
	mu     sync.Mutex
	got    []arrived
	tries  int
	answer func(ctx context.Context, m notify.Message) error // nil: takes all
}

type arrived struct {
	notify.Message
	at time.Duration // since begin
}

func (f *fake) Send(ctx context.Context, m notify.Message) error {
	f.mu.Lock()
	f.tries++
	answer := f.answer
	f.mu.Unlock()
	if answer != nil {
		if err := answer(ctx, m); err != nil {
			return err
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.got = append(f.got, arrived{m, time.Since(begin)})
	return nil
}

func (f *fake) say(answer func(ctx context.Context, m notify.Message) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer = answer
}

// all is what arrived so far, and how often somebody tried.
func (f *fake) all() []arrived {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.got)
}

func (f *fake) tried() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.tries
}

// world is a Notifier in virtual time with its surroundings.
type world struct {
	*testing.T
	store    *notifytest.Memory
	settings notify.Settings
	fails    error // of Setup
	open     []notify.Standing
	n        *notify.Notifier
	end      func()
	seq      int
	mu       sync.Mutex // of settings, fails, open
}

// in runs a test with routes to channels that all work; each channel that a
// route names gets one.
func in(t *testing.T, routes []notify.Route, test func(*world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{T: t, store: notifytest.NewMemory()}
		w.settings.Routes = routes
		for _, r := range routes {
			if err := r.Check(); err != nil {
				t.Fatal(err)
			}
			if w.outlet(r.Channel) == nil {
				w.settings.Outlets = append(w.settings.Outlets, notify.Outlet{Name: r.Channel, Version: "1", Channel: &fake{}})
			}
		}
		w.start()
		test(w)
		w.end()
	})
}

func (w *world) outlet(name string) *notify.Outlet {
	for i := range w.settings.Outlets {
		if w.settings.Outlets[i].Name == name {
			return &w.settings.Outlets[i]
		}
	}
	return nil
}

func (w *world) channel(name string) *fake { return w.outlet(name).Channel.(*fake) }

func (w *world) start() {
	w.Helper()
	n, err := notify.New(notify.Options{
		Store: w.store,
		Setup: func(context.Context) (notify.Settings, error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			s := w.settings
			s.Outlets = append([]notify.Outlet(nil), s.Outlets...)
			return s, w.fails
		},
		Open: func(context.Context) ([]notify.Standing, error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.open, nil
		},
		URL:  "https://muster.example.org/incidents",
		Log:  slog.New(slog.DiscardHandler),
		Rand: func() float64 { return 0.5 },
	})
	if err != nil {
		w.Fatal(err)
	}
	ctx, cancel := context.WithCancel(w.Context())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	w.n = n
	w.end = func() {
		cancel()
		if err := <-done; err != nil {
			w.Errorf("Run ended with %v", err)
		}
	}
}

// change does something to the settings and says so.
func (w *world) change(f func()) {
	w.mu.Lock()
	f()
	w.mu.Unlock()
	w.n.Reload()
}

// tell announces and wakes; the announcement's time is now.
func (w *world) tell(incident int64, kind notify.Kind, severity notify.Severity, edit ...func(*notify.Announcement)) string {
	w.Helper()
	w.seq++
	a := notifytest.Announced(fmt.Sprintf("incident/%d/%s/%d", incident, kind, w.seq), incident, kind, severity)
	a.At, a.Incident.OpenedAt = time.Now().UTC(), time.Now().UTC()
	for _, f := range edit {
		f(&a)
	}
	if err := w.store.Announce(w.Context(), a); err != nil {
		w.Fatal(err)
	}
	w.n.Wake()
	return a.ID
}

// sleep lets virtual time pass, and everything that happens in it.
func sleep(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// got tells what arrived at a channel, one message a line: when, and which
// incidents with what.
func (w *world) got(channel string) string {
	var lines []string
	for _, m := range w.channel(channel).all() {
		line := m.at.Round(time.Second).String()
		if m.Kind != notify.Notices {
			line += " " + string(m.Kind)
		}
		for _, n := range m.Notices {
			line += fmt.Sprintf(" %d:", n.Incident.Number)
			for _, p := range n.Past {
				line += string(p.Kind) + "+"
			}
			line += string(n.Kind)
		}
		if n := len(m.Numbers); n > 0 {
			line += fmt.Sprintf(" and %d", n)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func (w *world) is(channel string, want ...string) {
	w.Helper()
	if got, want := w.got(channel), strings.Join(want, "\n"); got != want {
		w.Errorf("at %s %s has\n%s\nwant\n%s", time.Since(begin), channel, got, want)
	}
}

func (w *world) counts(channel string) notify.Count {
	w.Helper()
	list, _, err := w.store.Counts(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	for _, c := range list {
		if c.Channel == channel {
			return c
		}
	}
	return notify.Count{Channel: channel}
}

func all(channel string) notify.Route {
	return notify.Route{Name: "all to " + channel, Channel: channel}
}
