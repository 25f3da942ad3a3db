package agent

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"muster/agent/gather"
	"muster/internal/inventory"
	"muster/internal/report"
)

// offering is the answer of a process that found an update, or could not say.
func offering(t *testing.T, name string, status report.Status) []byte {
	t.Helper()
	s := report.Section{Name: "patch", Status: status, Reason: "for the test"}
	if name != "" {
		r, err := gather.Rows([]inventory.Patch{{Source: "windows_update", Name: name, State: "missing", Class: "security"}})
		if err != nil {
			t.Fatal(err)
		}
		s.Columns, s.Rows = slim(r.Table)
	}
	b, err := report.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// What is offered is searched for once a day, when the machine is on mains; it
// stands while searches fail, and over a restart.
func TestOffers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), offersName)
		answer, bad := offering(t, "KB1", report.OK), error(nil)
		searches, told, calm := 0, 0, false
		fresh := func() *offers {
			o := &offers{path: path, now: time.Now, log: slog.New(slog.DiscardHandler), calm: func(context.Context) bool { return calm }, told: func() { told++ },
				ask: func(context.Context) ([]byte, error) {
					searches++
					time.Sleep(4 * time.Minute)
					return answer, bad
				}}
			o.load()
			return o
		}
		o := fresh()
		faults := 0
		live := func(hours int) {
			for range hours * 60 {
				begun := time.Now()
				if o.Sample(t.Context(), nil, nil) != nil {
					faults++
				}
				if time.Since(begun) != 0 {
					t.Fatal("the sampling waited")
				}
				time.Sleep(time.Minute)
			}
		}
		want := func(n int, name, when string) {
			t.Helper()
			rows, ok := o.last()
			if searches != n || ok != (name != "") || ok && (len(rows) != 1 || rows[0].Name != name || rows[0].Class != "security") {
				t.Errorf("%s: %d searches, want %d; %+v %v, want %q", when, searches, n, rows, ok, name)
			}
		}
		live(24)
		want(0, "", "on battery")
		calm = true
		live(47)
		want(2, "KB1", "two days on mains")
		answer = offering(t, "KB2", report.OK)
		o = fresh()
		want(2, "KB1", "after a restart")
		live(1)
		want(2, "KB1", "soon after a restart")
		live(10)
		want(3, "KB2", "a day later")
		bad = errors.New("it crashed")
		live(48)
		if searches < 6 || searches > 10 || faults == 0 {
			t.Errorf("%d searches in two days of failures, %d faults", searches, faults)
		}
		want(searches, "KB2", "while searches fail")
		if told != 3 {
			t.Errorf("told %d times", told)
		}
		bad, answer, faults = nil, offering(t, "", report.Unsupported), 0
		before := searches
		live(48)
		if n := searches - before; n > 3 || n < 1 || faults > 0 {
			t.Errorf("%d searches in two days of a system that cannot tell, %d faults", n, faults)
		}
		if err := os.WriteFile(path, []byte("nonsense"), 0o600); err != nil {
			t.Fatal(err)
		}
		o = fresh()
		if _, ok := o.last(); ok {
			t.Error("what is damaged was taken")
		}
		time.Sleep(5 * time.Minute)
	})
}
