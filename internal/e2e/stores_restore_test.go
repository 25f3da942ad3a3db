//go:build linux

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"muster/collector/api"
	"muster/collector/store/influx/influxtest"
	"muster/collector/store/sqlstore"
)

// A backup over both servers, as the page has it: a dump of PostgreSQL first,
// then Muster's own, then InfluxDB's. All three machines are lost; what is
// restored into new ones is what was there, devices go on as they are, and the
// numbers are all there.
func TestAfterADisasterOverServers(t *testing.T) {
	t.Parallel()
	server, err := postgresServer()
	if err != nil {
		t.Fatal(err)
	}
	sql := func(database, text string) {
		t.Helper()
		if _, err := server.SQL(database, text); err != nil {
			t.Fatal(err)
		}
	}
	// The account of the collector is no administrator, as the page has it.
	old := server.Empty(t)
	owner := "owns_" + old
	s := sqlstore.Server{Host: server.Dir, Database: old, User: owner, Reader: "asks_" + old, PersonalReader: "sees_" + old}
	for _, role := range []string{s.User, s.Reader, s.PersonalReader} {
		sql("postgres", "CREATE ROLE "+role+" LOGIN")
	}
	sql("postgres", "ALTER DATABASE "+old+" OWNER TO "+owner)
	numbers := influxtest.Start(t, influxtest.Options{})
	o := newOffice(t, fmt.Sprintf("stores: {inventory: postgres, series: influx}\npostgres: {host: %q, database: %q, user: %q, reader: %q, personal_reader: %q}\ninflux: {url: %q, database: muster}\n",
		s.Host, s.Database, s.User, s.Reader, s.PersonalReader, numbers.URL))
	o.start()
	or := o.oracle(8, DefaultScript())
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	err = or.Run(ctx, 50*time.Millisecond)
	cancel()
	if err == nil {
		err = or.Settle(t.Context(), time.Minute)
	}
	if err != nil {
		t.Fatal(err)
	}
	o.must("outbox", "drain")
	shown := func() map[string]string {
		out := map[string]string{}
		for _, what := range [][]string{{"device", "list", "-o", "json"}, {"software", "list", "-o", "json"}} {
			var x any
			if err := json.Unmarshal([]byte(o.must(what...)), &x); err != nil {
				t.Fatalf("%v: %v", what, err)
			}
			clean(x)
			out[strings.Join(what, " ")] = fmt.Sprint(x) // maps in the order of their keys
		}
		h, err := o.api().HistoryList(t.Context(), api.HistoryInput{})
		if err != nil || len(h.Changes) == 0 {
			t.Fatalf("%d changes, %v", len(h.Changes), err)
		}
		text, err := json.Marshal(h)
		if err != nil {
			t.Fatal(err)
		}
		out["journal"] = string(text)
		out["sql"] = o.must("sql", "SELECT (SELECT count(*) FROM software), (SELECT count(*) FROM software_history), (SELECT count(*) FROM event), (SELECT count(*) FROM device)", "-o", "csv", "--no-header")
		out["audit"] = o.must("sql", "SELECT 1", "-o", "csv", "--no-header") // the accounts of people's SQL are there
		return out
	}
	before := shown()

	dump, archive, copied := filepath.Join(server.Dir, old+".dump"), filepath.Join(o.dir, "muster.backup"), filepath.Join(o.dir, "influx")
	if _, err := server.Run("pg_dump", old, "-Fc", "-f", dump); err != nil {
		t.Fatal(err)
	}
	o.must("backup", archive)
	numbers.Backup("muster", copied)
	key, err := os.ReadFile(filepath.Join(o.data, "secret.key"))
	if err != nil {
		t.Fatal(err)
	}
	kept := filepath.Join(o.dir, "secret.key")
	if err := os.WriteFile(kept, key, 0o600); err != nil {
		t.Fatal(err)
	}
	o.must("backup", "verify", archive, "--key-file", kept)

	// All is lost.
	o.kill()
	if err := os.RemoveAll(o.data); err != nil {
		t.Fatal(err)
	}
	sql("postgres", "DROP DATABASE "+old+" WITH (FORCE)")
	numbers.Kill()

	fresh := server.Empty(t)
	sql("postgres", "ALTER DATABASE "+fresh+" OWNER TO "+owner)
	if out, err := server.Run("pg_restore", fresh, "-U", owner, "--exit-on-error", dump); err != nil {
		t.Fatalf("%v %s", err, out)
	}
	if _, err := server.Run("vacuumdb", fresh, "--analyze-only", "-q"); err != nil {
		t.Fatal(err)
	}
	again := influxtest.Start(t, influxtest.Options{})
	again.Restore("muster", copied)
	o.configure(fmt.Sprintf("database: %q", old), fmt.Sprintf("database: %q", fresh))
	o.configure(numbers.URL, again.URL)
	o.must("restore", archive, "--data", o.data, "--key-file", kept)
	o.start()
	o.database = fmt.Sprintf("host=%s dbname=%s user=%s search_path=inventory,public", s.Host, fresh, owner)
	after := shown()
	for what, was := range before {
		if after[what] != was {
			t.Errorf("%s was\n%s\nand is\n%s", what, was, after[what])
		}
	}
	if got, err := o.muster("doctor"); err != nil || !strings.Contains(got, "it answers") {
		t.Errorf("doctor: %v\n%s", err, got)
	}
	ctx, cancel = context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if err := or.Run(ctx, 50*time.Millisecond); err != nil {
		t.Errorf("the fleet does not go on: %v", err)
	}
	if c := or.Counts(); c.Refused != 0 {
		t.Errorf("%d reports were refused: %v", c.Refused, or.lastError())
	}
	o.finish(or)
}

// clean takes out of an answer what tells of now.
func clean(x any) {
	switch v := x.(type) {
	case map[string]any:
		for _, k := range []string{"presence", "now", "next", "health"} {
			delete(v, k)
		}
		for _, y := range v {
			clean(y)
		}
	case []any:
		for _, y := range v {
			clean(y)
		}
	}
}
