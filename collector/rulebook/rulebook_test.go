package rulebook

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"muster/collector/health/rule"
	"muster/collector/store"
	"muster/collector/store/sqlstore"
	"muster/internal/settings"
)

func warmer(x float64) func(rule.Change) rule.Change {
	return func(c rule.Change) rule.Change {
		c.Limits = map[string]rule.Changed{"warm_disk": {Default: x}}
		return c
	}
}

func TestAChangeIsUsedAtOnceAndStays(t *testing.T) {
	ctx, dir := t.Context(), t.TempDir()
	own := []byte("id: D14\ntitle: Warm here\n")
	if err := os.WriteFile(filepath.Join(dir, "D14.yaml"), own, 0o600); err != nil {
		t.Fatal(err)
	}
	control, err := sqlstore.OpenControl(ctx, filepath.Join(t.TempDir(), "control.db"), sqlstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer control.Close()
	var used *rule.Set
	o := Options{Dir: dir, Store: control, Use: func(s *rule.Set) { used = s }, Log: slog.New(slog.DiscardHandler)}
	b, err := Open(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	limit := func(s *rule.Set) float64 {
		r, ok := s.Find("D14")
		if !ok || r.Title != "Warm here" {
			t.Fatal("the office's file does not count any more")
		}
		return r.Limit("warm_disk", "")
	}
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	if err := b.Change(ctx, "d14", warmer(50), "ann", "warm cupboards", now); err != nil {
		t.Fatal(err)
	}
	if limit(used) != 50 {
		t.Errorf("it warns from %g", limit(used))
	}
	// Bad values change nothing.
	var ps settings.Problems
	if err := b.Change(ctx, "D14", warmer(5), "ann", "", now); !errors.As(err, &ps) || !strings.Contains(err.Error(), "35 to 75 is expected") {
		t.Error(err)
	}
	if err := b.Change(ctx, "Z1", warmer(50), "ann", "", now); !errors.Is(err, store.ErrNotFound) {
		t.Error(err)
	}
	// Another start, and another collector, have it too.
	again, err := Open(ctx, o)
	if err != nil || limit(again.Rules()) != 50 {
		t.Fatal(err)
	}
	if r, _ := again.Rules().Find("D14"); r.Made.By != "ann" || r.Made.Reason != "warm cupboards" || !r.Made.At.Equal(now) {
		t.Errorf("%+v", r.Made)
	}
	if err := again.Change(ctx, "D14", warmer(51), "bo", "", now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := b.Look(ctx); err != nil || limit(b.Rules()) != 51 {
		t.Errorf("the other has not taken it up: %v", err)
	}
	if set, err := b.Try(rule.Change{Rule: "D14", State: rule.Off}); err != nil || limit(set) != 55 || limit(b.Rules()) != 51 {
		t.Errorf("a trial: %v", err)
	}
	// What the files say anyway is no change.
	if err := b.Change(ctx, "D14", warmer(55), "ann", "", now); err != nil {
		t.Fatal(err)
	}
	if list, err := control.RuleChanges(ctx); err != nil || len(list) != 0 {
		t.Errorf("%+v, %v", list, err)
	}
	if err := b.Change(ctx, "D14", warmer(52), "ann", "", now); err != nil {
		t.Fatal(err)
	}
	if err := b.Restore(ctx, "d14"); err != nil || limit(used) != 55 {
		t.Errorf("after it was taken back: %v", err)
	}
	if err := b.Restore(ctx, "D14"); !errors.Is(err, store.ErrNotFound) {
		t.Error(err)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "D14.yaml")); err != nil || string(text) != string(own) {
		t.Error("the office's file was written to")
	}
}

// held is a store that may fail, or hold nonsense.
type held struct {
	mu   sync.Mutex
	list []store.RuleChange
	err  error
}

func (h *held) set(list []store.RuleChange, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.list, h.err = list, err
}

func (h *held) RuleChanges(context.Context) ([]store.RuleChange, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.list, h.err
}
func (h *held) PutRuleChange(context.Context, store.RuleChange) error { return nil }
func (h *held) DeleteRuleChange(context.Context, string) error        { return nil }

func TestWhatCannotBeReadIsToldAndFilesAreTakenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		h := &held{list: []store.RuleChange{{Rule: "D14", Text: "rule: D14\ncolour: red\n"}, {Rule: "S01", Text: "rule: S02\n"}, {Rule: "O03", Text: "rule: O03\nstate: \"off\"\n"}}}
		var used atomic.Pointer[rule.Set]
		b, err := Open(t.Context(), Options{Dir: dir, Store: h, Use: func(s *rule.Set) { used.Store(s) }, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		text := b.Rules().Problems.Error()
		for _, want := range []string{"change of D14: it cannot be read", "muster rule restore D14 forgets it", "change of S01: it cannot be read (it is about S02)"} {
			if !strings.Contains(text, want) {
				t.Errorf("%q is not told in:\n%s", want, text)
			}
		}
		if r, _ := b.Rules().Find("O03"); !r.Disabled {
			t.Error("the others do not count")
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- b.Run(ctx) }()
		time.Sleep(Every + time.Second)
		if used.Load() != nil {
			t.Error("nothing has changed, and it was read anew")
		}
		if err := os.WriteFile(filepath.Join(dir, "D14.yaml"), []byte("id: D14\ntitle: Warm here\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		time.Sleep(Every + time.Second)
		if r, _ := b.Rules().Find("D14"); used.Load() == nil || r.Title != "Warm here" {
			t.Error("a file that changed is not used")
		}
		h.set(nil, errors.New("no store"))
		time.Sleep(Every + time.Second)
		if r, _ := b.Rules().Find("O03"); !r.Disabled {
			t.Error("a store that does not answer is taken for an empty one")
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
