//go:build linux

package e2e

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/collector/store/sqlstore"
	"muster/collector/store/sqlstore/postgrestest"
)

// The collector over PostgreSQL: what holds over its own files holds there.

// postgresServer is shared by the tests that do not kill it. It does not sync.
var postgresServer = sync.OnceValues(func() (*postgrestest.Server, error) {
	s, err := postgrestest.Start(false)
	if err == nil {
		postgresEnds = s.Stop
	}
	return s, err
})

var postgresEnds = func() {} // when all tests have run

// emptyDatabase makes a database in the shared server that ends with the test.
func emptyDatabase(t *testing.T) sqlstore.Server {
	t.Helper()
	s, err := postgresServer()
	if err != nil {
		t.Fatal(err)
	}
	return sqlstore.Server{Host: s.Dir, Database: s.Empty(t), User: postgrestest.User}
}

// newOfficeOver makes a place whose inventory is in a server's database.
func newOfficeOver(t *testing.T, s sqlstore.Server) *office {
	t.Helper()
	o := newOffice(t, fmt.Sprintf("stores: {inventory: postgres}\npostgres: {host: %q, database: %q, user: %q, reader: %q, personal_reader: %q}\n", s.Host, s.Database, s.User, s.Reader, s.PersonalReader))
	o.database = fmt.Sprintf("host=%s dbname=%s user=%s search_path=inventory,public", s.Host, s.Database, s.User)
	return o
}

// F01 over PostgreSQL.
func TestF01_KillCollectorOverPostgres(t *testing.T) {
	t.Parallel()
	o := newOfficeOver(t, emptyDatabase(t))
	o.start()
	or := o.oracle(60, DefaultScript())
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ran := make(chan error, 1)
	go func() { ran <- or.Run(ctx, 400*time.Millisecond) }()
	for range times(4, 100) {
		time.Sleep(50*time.Millisecond + rand.N(450*time.Millisecond))
		o.kill()
		o.start()
	}
	cancel()
	if err := <-ran; err != nil {
		t.Error(err)
	}
	o.finish(or)
}

// F03 over PostgreSQL.
func TestF03_CrashBetweenStepsOverPostgres(t *testing.T) {
	t.Parallel()
	o := newOfficeOver(t, emptyDatabase(t))
	crashBetweenSteps(t, o, times(1, 25))
}

// F11: the server is killed, with all its processes, at random moments, and is
// away for a while. The collector stays and says later; nothing acknowledged
// is lost, nothing is doubled.
func TestF11_KillPostgres(t *testing.T) {
	t.Parallel()
	s, err := postgrestest.Start(true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	if _, err := s.SQL("postgres", "CREATE DATABASE muster TEMPLATE template0"); err != nil {
		t.Fatal(err)
	}
	o := newOfficeOver(t, sqlstore.Server{Host: s.Dir, Database: "muster", User: postgrestest.User})
	o.start()
	or := o.oracle(50, DefaultScript())
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ran := make(chan error, 1)
	go func() { ran <- or.Run(ctx, 300*time.Millisecond) }()
	for range times(2, 50) {
		time.Sleep(100*time.Millisecond + rand.N(900*time.Millisecond))
		s.Kill()
		time.Sleep(rand.N(500 * time.Millisecond))
		if err := s.Up(); err != nil {
			t.Fatal(err)
		}
		if !o.alive() {
			t.Fatalf("the collector ended because its database was away:\n%s", tail(o.out.String(), 20))
		}
	}
	cancel()
	if err := <-ran; err != nil {
		t.Error(err)
	}
	o.finish(or)
}

// What people do with a collector over PostgreSQL: they ask SQL, which shows
// what its accounts may see, and have it looked over.
func TestPostgresAsPeopleUseIt(t *testing.T) {
	t.Parallel()
	s := emptyDatabase(t)
	server, err := postgresServer()
	if err != nil {
		t.Fatal(err)
	}
	s.Reader, s.PersonalReader = "asks_"+s.Database, "sees_"+s.Database
	if _, err := server.SQL("postgres", "CREATE ROLE "+s.Reader+" LOGIN; CREATE ROLE "+s.PersonalReader+" LOGIN"); err != nil {
		t.Fatal(err)
	}
	o := newOfficeOver(t, s)
	o.start()
	or := o.oracle(3, DefaultScript())
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := or.Run(ctx, 100*time.Millisecond); err != nil {
		t.Error(err)
	}
	for q, want := range map[string]string{
		"SELECT count(*) FROM device":                                       "3",
		"SELECT count(DISTINCT device_id) FROM software":                    "3",
		"WITH x AS (SELECT 1 AS n) SELECT n FROM x":                         "1",
		"SELECT coalesce(max(user_name), 'hidden') FROM device WHERE false": "hidden",
	} {
		if got, err := o.muster("sql", q, "-o", "csv", "--no-header"); err != nil || strings.TrimSpace(got) != want {
			t.Errorf("%s: %q, %v; want %s", q, got, err, want)
		}
	}
	for _, q := range []string{"DELETE FROM device", "WITH x AS (DELETE FROM inventory.device_rows RETURNING 1) SELECT * FROM x", "SELECT * FROM inventory.device_rows",
		"SELECT * FROM control.account_user", "SELECT 1; SELECT 2", "SELECT pg_read_file('/etc/passwd')", "SELECT set_config('role', 'postgres', false)", "COMMIT", "SELECT repeat('x', 1000000000)"} {
		if got, err := o.muster("sql", q); err == nil {
			t.Errorf("%s is answered: %s", q, got)
		}
	}
	if got, err := o.muster("doctor"); !strings.Contains(got, "it answers") {
		t.Errorf("doctor: %v\n%s", err, got)
	}
	file := filepath.Join(o.dir, "b.backup")
	if _, err := o.muster("backup", file); err != nil {
		t.Errorf("backup: %v", err)
	} else if got, err := o.muster("backup", "verify", file, "--key-file", filepath.Join(o.data, "secret.key")); err != nil {
		t.Errorf("verify: %s, %v", got, err)
	}
	// The folder is not for a collector with files.
	o.stop(t)
	text, err := os.ReadFile(o.config)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(o.config, []byte(strings.Replace(string(text), "inventory: postgres", "inventory: sqlite", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	p := launch(t, nil, program(t, "muster"), "serve", "--config", o.config)
	if code := p.wait(t, time.Minute); code == 0 || !strings.Contains(p.out.String(), "is in PostgreSQL") {
		t.Errorf("started over files: %d\n%s", code, p.out)
	}
}

// The week of the health engine comes to the same over PostgreSQL.
func TestTroublesOfAWeekOverPostgres(t *testing.T) {
	s := emptyDatabase(t)
	playTroubles(t, fastTroubles, 7, course{postgres: &s}, weekExpected(), weekOrder)
}
