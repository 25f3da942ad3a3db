package cli

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"muster/collector/migrate"
)

// migrated runs muster migrate over a move that is played.
func migrated(t *testing.T, play func(context.Context, MigrateOrder, func(time.Duration)) (migrate.Outcome, error), args ...string) (out, errs string, code int) {
	t.Helper()
	var o, e bytes.Buffer
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	s := Streams{In: strings.NewReader(""), Out: &o, Err: &e, Env: func(string) string { return "" }, Now: func() time.Time { return now }}
	root := New(s, Migrate(s, func(ctx context.Context, x MigrateOrder) (migrate.Outcome, error) {
		return play(ctx, x, func(d time.Duration) { now = now.Add(d) })
	}))
	code = Main(t.Context(), root, append([]string{"migrate"}, args...))
	return o.String(), e.String(), code
}

func TestMigrateTellsHowFarItIs(t *testing.T) {
	file := filepath.Join(t.TempDir(), "next.yaml")
	if err := os.WriteFile(file, []byte("data: /srv/muster\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	play := func(_ context.Context, o MigrateOrder, pass func(time.Duration)) (migrate.Outcome, error) {
		if o.Config.Data != "/srv/other" || o.Wait || o.Back {
			t.Errorf("asked for %+v", o)
		}
		o.Tell(migrate.Progress{Note: "numbers over time: to InfluxDB"})
		for done := int64(0); done <= 60_000; done += 1000 {
			o.Tell(migrate.Progress{What: "inventory", Now: "software_rows", Done: done, Of: 120_000})
			pass(100 * time.Millisecond)
		}
		for done := range int64(11) {
			o.Tell(migrate.Progress{What: "numbers", Now: "2026-10-01 00:00", Done: done, Of: 40, Numbers: done * 1_000_000})
			pass(time.Second)
		}
		return migrate.Outcome{State: migrate.Ready}, nil
	}
	out, errs, code := migrated(t, play, "--config", file, "--data", "/srv/other")
	for _, want := range []string{"numbers over time: to InfluxDB", "inventory: software_rows, 50,000 of 120,000 rows, 10,000 a second, about 7s left",
		"numbers: 2026-10-01 00:00, 10 of 40 hours and days, 10,000,000 numbers, 1,000,000 a second, about 30s left"} {
		if !strings.Contains(errs, want) {
			t.Errorf("it does not tell %q:\n%s", want, errs)
		}
	}
	if code != 0 || !strings.Contains(out, "next: stop the collector, run this command again, start it with "+file) {
		t.Errorf("%d: %s", code, out)
	}
}

func TestMigrateSaysWhatComesNext(t *testing.T) {
	file := filepath.Join(t.TempDir(), "next.yaml")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	whole := migrate.Outcome{State: migrate.Moved, Databases: []migrate.Database{{Name: "inventory", Tables: 199, Rows: 1_234_567}}, Pieces: 1, Numbers: 42, Gone: 7, Report: "/r", Before: "/b"}
	for _, c := range []struct {
		args  []string
		out   migrate.Outcome
		err   error
		code  int
		wants []string
	}{
		{[]string{"--config", file, "--wait"}, whole, nil, 0, []string{"1,234,567 rows of 199 tables", "42 of 1 hour or day", "7 were left out", "start the collector with " + file, "--back", "/r", "/b"}},
		{[]string{"--config", file, "-o", "json"}, whole, nil, 0, []string{`"state": "moved"`, `"rows": 1234567`}},
		{[]string{"--config", file, "--back"}, migrate.Outcome{State: migrate.Back}, nil, 0, []string{"with the old settings"}},
		{[]string{"--config", file}, migrate.Outcome{}, errors.New("disk is full"), 1, []string{"disk is full"}},
		{nil, whole, nil, 2, []string{"--config FILE"}},
		{[]string{"--config", file, "--force"}, whole, nil, 2, []string{"--force is for --back"}},
		{[]string{"--config", file + "x"}, whole, nil, 1, []string{"next.yamlx"}},
	} {
		out, errs, code := migrated(t, func(context.Context, MigrateOrder, func(time.Duration)) (migrate.Outcome, error) { return c.out, c.err }, c.args...)
		if code != c.code {
			t.Errorf("%v ends with %d, want %d: %s", c.args, code, c.code, errs)
		}
		for _, w := range c.wants {
			if !strings.Contains(out+errs, w) {
				t.Errorf("%v does not say %q:\n%s%s", c.args, w, out, errs)
			}
		}
	}
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 12345678: "12,345,678", -1234: "-1,234"} {
		if got := grouped(n); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
