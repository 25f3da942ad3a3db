package sqlstore

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"muster/collector/store"
	"muster/collector/store/sqlstore/postgrestest"
	"muster/internal/inventory"
)

// theServer is the one of this test program.
var theServer = sync.OnceValues(func() (*postgrestest.Server, error) {
	s, err := postgrestest.Start(false)
	if err != nil {
		return nil, err
	}
	s.Template(func(database string) error {
		ctx := context.Background()
		x, err := OpenPostgres(ctx, on(s, database), Options{})
		if err != nil {
			return err
		}
		c, err := OpenControlPostgres(ctx, on(s, database), Options{})
		if err != nil {
			return err
		}
		if err := c.Close(); err != nil {
			return err
		}
		return x.Close()
	}, wipe)
	atEnd = s.Stop
	return s, nil
})

// wipe empties all tables and lets numbers begin at 1 again.
const wipe = `SET session_replication_role = replica;
DO $$DECLARE x record; BEGIN
	FOR x IN SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('inventory', 'control')
		AND tablename NOT IN ('schema_version', 'catalogue_version', 'section_name', 'audit_start') LOOP
		EXECUTE format('DELETE FROM %I.%I', x.schemaname, x.tablename);
	END LOOP;
	FOR x IN SELECT format('%I.%I', schemaname, sequencename) AS name FROM pg_sequences WHERE schemaname IN ('inventory', 'control') AND sequencename NOT LIKE 'section_name%' LOOP
		PERFORM setval(x.name::regclass, 1, false);
	END LOOP;
	UPDATE inventory.section_name SET rows = 0, open = 0;
	UPDATE control.audit_start SET seq = 0, hash = '';
END$$`

func on(s *postgrestest.Server, database string) Server {
	return Server{Host: s.Dir, Database: database, User: postgrestest.User}
}

func realServer(t testing.TB) *postgrestest.Server {
	t.Helper()
	s, err := theServer()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// openPostgres makes an empty store that ends with the test.
func openPostgres(t testing.TB) *Inventory {
	t.Helper()
	s := realServer(t)
	return openOn(t, on(s, s.Copy(t)))
}

func openOn(t testing.TB, s Server) *Inventory {
	t.Helper()
	x, err := OpenPostgres(t.Context(), s, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := x.Close(); err != nil {
			t.Error(err)
		}
	})
	return x
}

func controlPostgres(t testing.TB) *Control {
	t.Helper()
	s := realServer(t)
	c, err := OpenControlPostgres(t.Context(), on(s, s.Copy(t)), Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// servers are the engines that are no files.
func servers() []engine { return []engine{{"postgres", openPostgres, controlPostgres}} }

func TestPostgresPurge(t *testing.T) {
	x := openPostgres(t)
	addDevice(t, x, 1)
	e := software(1, 1, "a")
	e.Sections = append(e.Sections, section(at(1), []inventory.User{{Name: "quokka7"}}), section(at(1), []inventory.Logon{{CurrentUser: "quokka7"}}))
	e.Events = []store.EventReading{{Kind: "app_crash", At: at(1), Attributes: map[string]string{"user": "quokka7"}}}
	take(t, x, e)
	if err := x.SetPeople(t.Context(), deviceID(1), store.People{Owner: "quokka7", Note: "ask quokka7"}); err != nil {
		t.Fatal(err)
	}
	for _, round := range []struct {
		dry  bool
		want int
	}{{true, 6}, {false, 6}, {true, 0}} {
		if l, err := x.Purge(t.Context(), "quokka7", round.dry); err != nil || len(l) != round.want {
			t.Errorf("%+v: %v, %v", round, l, err)
		}
	}
}

// What a server refuses is told in words that say what to do, and what may be
// over by itself is busy.
func TestPostgresRefusals(t *testing.T) {
	s := realServer(t)
	missing, away := on(s, "no_such"), on(s, "postgres")
	away.Host = t.TempDir()
	for _, x := range []struct {
		at    Server
		says  string
		later bool
	}{{missing, "does not exist; create it", true}, {away, "cannot be reached", true}} {
		_, err := OpenPostgres(t.Context(), x.at, Options{})
		if err == nil || !strings.Contains(err.Error(), x.says) || errors.Is(err, store.ErrBusy) != x.later {
			t.Errorf("%s: %v", x.says, err)
		}
	}
	taken := s.Empty(t)
	if _, err := s.SQL(taken, "CREATE SCHEMA inventory; CREATE TABLE inventory.theirs ()"); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenPostgres(t.Context(), on(s, taken), Options{}); err == nil || !strings.Contains(err.Error(), "tables of another program") {
		t.Errorf("somebody else's schema: %v", err)
	}
}
