//go:build linux

package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"muster/collector/store/influx/influxtest"
	"muster/collector/store/sqlstore/postgrestest"
)

// A living office goes to PostgreSQL and InfluxDB. Its devices report all
// the while; the move is killed again and again, with and without the collector
// beside it; the collector is killed, not stopped, before the end. Nothing
// acknowledged is lost or doubled, no number is another, and the old stores are
// refused.
func TestMigrateUnderAFleet(t *testing.T) {
	t.Parallel()
	to := emptyDatabase(t)
	server := influxtest.Start(t, influxtest.Options{})
	o := newOffice(t, "")
	text, err := os.ReadFile(o.config)
	if err != nil {
		t.Fatal(err)
	}
	next := filepath.Join(o.dir, "next.yaml")
	if err := os.WriteFile(next, append(text, fmt.Sprintf("stores: {inventory: postgres, series: influx}\npostgres: {host: %q, database: %q, user: %q}\ninflux: {url: %q, compress: false}\n",
		to.Host, to.Database, postgrestest.User, server.URL)...), 0o600); err != nil {
		t.Fatal(err)
	}
	migrate := func(args ...string) *process {
		return launch(t, nil, program(t, "muster"), append([]string{"migrate", "--config", next}, args...)...)
	}
	refused := func(config, says string) {
		t.Helper()
		p := launch(t, nil, program(t, "muster"), "serve", "--config", config)
		if code := p.wait(t, time.Minute); code == 0 {
			t.Errorf("it is served:\n%s", p.out)
		}
		oneLine(t, p.out.String(), says)
	}

	o.start()
	or := o.oracle(10, DefaultScript())
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ran := make(chan error, 1)
	go func() { ran <- or.Run(ctx, 150*time.Millisecond) }()

	// killed runs a move that dies at a step, and says whether it did.
	killed := func(step string, count int) bool {
		t.Helper()
		p := launch(t, []string{roleVar + "=mover", fmt.Sprintf("%s=%s:%d", stopVar, step, count)}, rolePlayer(t), next)
		if code := p.wait(t, 2*time.Minute); code > 0 {
			t.Fatalf("until %s it ends with %d:\n%s", step, code, p.out)
		}
		return p.cmd.ProcessState.ExitCode() < 0
	}
	p := migrate()
	time.Sleep(200*time.Millisecond + rand.N(time.Second)) // while it makes the tables
	p.kill()
	for range times(2, 40) {
		killed("tell", 1+rand.N(250))
	}
	p = migrate()
	if code := p.wait(t, 2*time.Minute); code != 0 || !strings.Contains(p.out.String(), "all but the newest is moved") {
		t.Fatalf("while the collector runs it ends with %d:\n%s", code, p.out)
	}
	waits := migrate("--wait")
	eventually(t, time.Minute, func() error {
		if !strings.Contains(waits.out.String(), "stop the collector now") {
			return fmt.Errorf("it does not ask for the end:\n%s", waits.out)
		}
		return nil
	})
	waits.kill()
	time.Sleep(300 * time.Millisecond)
	o.kill()
	refused(next, "muster migrate to its end")
	for range times(2, 60) {
		killed("tell", 1+rand.N(250))
	}
	for _, step := range []string{"verified", "closing", "sealed control", "sealed inventory", "aside control.db", "aside inventory.db", "aside series"} {
		if !killed(step, 1) {
			t.Errorf("it never comes to the step %q", step)
		}
		if step == "closing" || step == "aside inventory.db" {
			for _, config := range []string{o.config, next} {
				refused(config, "run it again|muster migrate")
			}
		}
	}
	p = migrate()
	if code := p.wait(t, 2*time.Minute); code != 0 {
		t.Fatalf("without the collector it ends with %d:\n%s", code, p.out)
	}
	if !strings.Contains(p.out.String(), "next: start the collector") {
		t.Errorf("it does not say what comes next:\n%s", p.out)
	}
	refused(o.config, "was moved to")

	o.config = next
	o.database = fmt.Sprintf("host=%s dbname=%s user=%s search_path=inventory,public", to.Host, to.Database, to.User)
	o.start()
	time.Sleep(500 * time.Millisecond)
	cancel()
	if err := <-ran; err != nil {
		t.Error(err)
	}
	if out := o.must("audit", "list", "-o", "csv"); !strings.Contains(out, "PostgreSQL") || !strings.Contains(out, "InfluxDB") {
		t.Errorf("the audit does not tell of the move:\n%s", out)
	}
	o.must("audit", "verify")
	o.finish(or)
	for _, name := range []string{"inventory.db", "control.db", "series"} {
		if _, err := os.Stat(filepath.Join(o.data, "migration", "before", name)); err != nil {
			t.Errorf("what was before: %v", err)
		}
	}
}
