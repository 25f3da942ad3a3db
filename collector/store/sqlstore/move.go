package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"muster/collector/store"
)

// Part is one of the two databases of a collector.
type Part string

// The parts, named as the schemas of a server, and as the files.
const (
	PartInventory Part = inventorySchema
	PartControl   Part = controlSchema
)

func (p Part) app() uint32 {
	if p == PartControl {
		return appControl
	}
	return appInventory
}

func (p Part) migrations() []migration {
	if p == PartControl {
		return controlMigrations()
	}
	return inventoryMigrations()
}

// Move fills a schema of a server with what is in a file. It works by rounds,
// each of which makes the schema what the file is, table by table and range by
// range of keys: what is equal already is left alone. So a round that was cut
// off is made good by the next one, and a collector may work with the file
// meanwhile: what it changes behind a round is of the next. Each range is one
// transaction on the server. The file is only read.
//
// Foreign keys, and indexes but those of primary keys, are taken off the tables
// before they are filled: a file that changes while it is read has no state
// that they would hold for, and filling is faster without. Complete puts them
// back. Until Seal the schema is refused to collectors.
type Move struct {
	part   Part
	from   *database
	to     *database
	tables []movedTable
	phase  string
}

// Phases of a schema that is being filled.
const (
	phaseMaking  = "making"  // tables
	phaseFilling = "filling" // tables have no indexes
	phaseIndexed = "indexed" // those that are not unique are there again
	phaseWhole   = "whole"   // all of them are
	phaseSealed  = "sealed"  // it is a collector's
)

// moveTable has one row in a schema that was or is filled by a Move.
const moveTable = "migration"

// ErrMoved is a schema that this move has been sealed for.
var ErrMoved = errors.New("it was moved already")

// OpenMove opens the file at path and the schema on the server. id names the
// move: a schema must be empty, or filled by the same one. Errors: ErrMoved;
// store.ErrFuture, store.ErrBusy as of Open; else what is in the way, and what
// to do.
func OpenMove(ctx context.Context, part Part, path string, s Server, id string, o Options) (_ *Move, err error) {
	m := &Move{part: part}
	defer func() {
		if err != nil {
			err = errors.Join(err, m.Close())
		}
	}()
	if m.from, err = look(ctx, path, part.app()); err != nil {
		return nil, err
	}
	if err := m.from.newest(ctx, part); err != nil {
		return nil, err
	}
	o.moving = true
	if m.to, err = openServer(ctx, s, string(part), part.app(), o); err != nil {
		return nil, err
	}
	if err := m.begin(ctx, id, o); err != nil {
		return nil, err
	}
	if m.tables, err = m.list(ctx); err != nil {
		return nil, err
	}
	if m.phase == phaseSealed {
		return m, ErrMoved
	}
	// What a crash of the server loses, the next round finds; Seal waits for the disk.
	for _, q := range []string{"SET synchronous_commit = off", "SET maintenance_work_mem = '128MB'", "SET idle_in_transaction_session_timeout = 0"} {
		if err := m.do(ctx, q); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// Close lets go of both databases; the lock of the schema ends with it.
func (m *Move) Close() error {
	var errs []error
	if m.from != nil {
		errs = append(errs, m.from.close())
	}
	if m.to != nil {
		// A connection that was cut off is told so now: the driver would wait
		// for the server, and that would hold the lock.
		errs = append(errs, m.to.native(func(c *pgx.Conn) error {
			if c.IsClosed() {
				_ = c.PgConn().Conn().Close() // it is closed in any case
			}
			return nil
		}))
		errs = append(errs, m.to.close())
	}
	return errors.Join(errs...)
}

// newest refuses a file of another schema than this program's.
func (d *database) newest(ctx context.Context, part Part) error {
	var have int
	if err := d.readers.QueryRowContext(ctx, "SELECT ifnull(max(version), 0) FROM schema_version").Scan(&have); err != nil {
		return d.explain(err)
	}
	switch known := len(part.migrations()); {
	case have > known:
		return fmt.Errorf("%w: %s has schema %d, this program knows up to %d: use the newer muster", store.ErrFuture, d.path, have, known)
	case have < known:
		return fmt.Errorf("%s has schema %d, this program has %d: start the collector of this program once on it, then move it", d.path, have, known)
	}
	return nil
}

// do runs a statement on the server, outside of a transaction.
func (m *Move) do(ctx context.Context, q string, args ...any) error {
	return m.to.explain(m.to.native(func(c *pgx.Conn) error {
		_, err := c.Exec(ctx, q, args...)
		if err != nil {
			err = fmt.Errorf("%w in %s", err, q)
		}
		return err
	}))
}

// transaction runs f in a transaction on the server.
func (m *Move) transaction(ctx context.Context, f func(pgx.Tx) error) error {
	return m.to.explain(m.to.native(func(c *pgx.Conn) error { return pgx.BeginFunc(ctx, c, f) }))
}

// begin finds out how far the schema is and makes its tables.
func (m *Move) begin(ctx context.Context, id string, o Options) error {
	whose, phase, err := m.to.move(ctx)
	switch {
	case err != nil:
		return err
	case whose == id:
		m.phase = phase
	case whose != "":
		return fmt.Errorf("schema %s of %s is filled by the move of another data folder: give an empty database", m.part, m.to.path)
	default:
		if err := m.claim(ctx, id); err != nil {
			return err
		}
	}
	if m.phase == phaseMaking {
		if err := m.make(ctx, o); err != nil {
			return err
		}
	}
	var have int
	if err := m.to.conn.QueryRowContext(ctx, "SELECT coalesce(max(version), 0) FROM schema_version").Scan(&have); err != nil {
		return m.to.explain(err)
	}
	if have != len(m.part.migrations()) {
		return fmt.Errorf("schema %s of %s was begun by another version of this program: drop its schemas (DROP SCHEMA %s CASCADE) and begin again", m.part, m.to.path, m.part)
	}
	return nil
}

// move says which move fills the schema, and how far it is; empty: none.
func (d *database) move(ctx context.Context) (id, phase string, err error) {
	var there bool
	if err := d.conn.QueryRowContext(ctx, "SELECT to_regclass($1) IS NOT NULL", d.server.schema+"."+moveTable).Scan(&there); err != nil || !there {
		return "", "", d.explain(err)
	}
	err = d.conn.QueryRowContext(ctx, "SELECT id, phase FROM "+moveTable).Scan(&id, &phase)
	return id, phase, d.explain(err)
}

// settled refuses a schema that a move has not done with.
func (d *database) settled(ctx context.Context) error {
	id, phase, err := d.move(ctx)
	if err == nil && id != "" && phase != phaseSealed {
		err = fmt.Errorf("schema %s of %s is half filled by muster migrate: run that to its end, or give another database", d.server.schema, d.path)
	}
	return err
}

// claim makes an empty schema this move's.
func (m *Move) claim(ctx context.Context, id string) error {
	// A collector that was started once on it has made its tables, and its CA.
	var tables []string
	err := m.to.eachOn(ctx, "SELECT tablename FROM pg_tables WHERE schemaname = $1 AND tablename NOT IN ('schema_version', 'catalogue_version', 'section_name', 'audit_start')", []any{string(m.part)}, func(s scan) error {
		var name string
		err := s(&name)
		tables = append(tables, name)
		return err
	})
	if err != nil {
		return err
	}
	for _, t := range tables {
		var some bool
		if err := m.to.conn.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM "+quote(t)+")").Scan(&some); err != nil {
			return m.to.explain(err)
		}
		if some {
			return fmt.Errorf("schema %s of %s holds data of a collector already (%s): give an empty database", m.part, m.to.path, t)
		}
	}
	m.phase = phaseMaking
	return m.transaction(ctx, func(tx pgx.Tx) error {
		for _, q := range []string{
			"DROP SCHEMA IF EXISTS " + string(m.part) + " CASCADE",
			"CREATE SCHEMA " + string(m.part),
			"CREATE TABLE " + moveTable + " (id TEXT NOT NULL, phase TEXT NOT NULL, later TEXT NOT NULL, begun_at TEXT NOT NULL, sealed_at TEXT NOT NULL)",
			"INSERT INTO " + moveTable + " VALUES ('" + strings.ReplaceAll(id, "'", "") + "', '" + phaseMaking + "', '[]', '" + time.Now().UTC().Format(time.RFC3339) + "', '')",
		} {
			if _, err := tx.Exec(ctx, q); err != nil {
				return fmt.Errorf("%w in %s", err, q)
			}
		}
		return nil
	})
}

// eachOn calls f for every row of a query on the writer's connection.
func (d *database) eachOn(ctx context.Context, query string, args []any, f func(scan) error) error {
	rows, err := d.conn.QueryContext(ctx, query, args...)
	return d.eachRow(rows, err, f)
}

// make makes the tables: the fixed ones as a collector does, those of sections
// with the columns that the file has, where it has them (see migrateSections);
// then it takes off what would be in the way of filling them.
func (m *Move) make(ctx context.Context, o Options) error {
	if err := m.to.migrate(ctx, m.part.migrations(), o.now()); err != nil {
		return err
	}
	if m.part == PartInventory {
		if err := m.sections(ctx); err != nil {
			return fmt.Errorf("make the tables of sections: %w", err)
		}
		x := &Inventory{d: m.to, log: o.log(), heads: nil, facts: newCache[factKey, []any](factsKept), digests: newCache[digest, int64](factsKept)}
		if err := x.prepare(ctx, o); err != nil {
			return err
		}
		m.to.server.fresh = nil
	}
	return m.bare(ctx)
}

// sections makes the tables of sections that are not there yet, in the words
// in which the file has them.
func (m *Move) sections(ctx context.Context) error {
	var ddl []string
	rows, err := m.from.readers.QueryContext(ctx, `SELECT m.sql FROM sqlite_schema m JOIN section_name s ON m.name IN (s.name || '_rows', s.name || '_facts') WHERE m.type = 'table' ORDER BY m.name`)
	if err := m.from.eachRow(rows, err, func(s scan) error {
		var q string
		err := s(&q)
		ddl = append(ddl, q)
		return err
	}); err != nil {
		return err
	}
	have := map[string]bool{}
	if err := m.to.eachOn(ctx, "SELECT tablename FROM pg_tables WHERE schemaname = $1", []any{string(m.part)}, func(s scan) error {
		var name string
		err := s(&name)
		have[name] = true
		return err
	}); err != nil {
		return err
	}
	return m.to.write(ctx, func(t *tx) error {
		for _, q := range ddl {
			name, _, _ := strings.Cut(strings.TrimPrefix(q, `CREATE TABLE "`), `"`)
			if have[name] {
				continue
			}
			if err := t.once(q); err != nil {
				return err
			}
		}
		// Indexes that layOut makes only with a new table.
		return m.sectionIndexes(t, have)
	})
}

// sectionIndexes makes the indexes that belong to a new table of a section.
func (m *Move) sectionIndexes(t *tx, had map[string]bool) error {
	rows, err := m.from.readers.QueryContext(context.Background(), `SELECT m.sql, m.tbl_name FROM sqlite_schema m JOIN section_name s ON m.tbl_name IN (s.name || '_rows', s.name || '_facts') WHERE m.type = 'index' AND m.sql IS NOT NULL ORDER BY m.name`)
	return m.from.eachRow(rows, err, func(s scan) error {
		var q, table string
		if err := s(&q, &table); err != nil || had[table] {
			return err
		}
		return t.once(q)
	})
}

// putBack is an index or a constraint that is made once its table is full.
type putBack struct {
	Name   string `json:"name"`
	Table  string `json:"table"`
	SQL    string `json:"sql"`
	Unique bool   `json:"unique,omitempty"` // or a foreign key: made at the end
	Key    bool   `json:"key,omitempty"`    // a constraint, not an index
}

// bare takes indexes and constraints off, and notes how they are made.
func (m *Move) bare(ctx context.Context) error {
	return m.transaction(ctx, func(tx pgx.Tx) error {
		var list []putBack
		for _, q := range []string{
			// Foreign keys go before what they point at, and come after it.
			`SELECT conname, conrelid::regclass::text, 'ALTER TABLE ' || conrelid::regclass || ' ADD CONSTRAINT ' || quote_ident(conname) || ' ' || pg_get_constraintdef(oid), true, true
				FROM pg_constraint WHERE connamespace = current_schema()::regnamespace AND contype = 'f' ORDER BY conname`,
			`SELECT conname, conrelid::regclass::text, 'ALTER TABLE ' || conrelid::regclass || ' ADD CONSTRAINT ' || quote_ident(conname) || ' ' || pg_get_constraintdef(oid), true, true
				FROM pg_constraint WHERE connamespace = current_schema()::regnamespace AND contype = 'u' ORDER BY conname`,
			`SELECT c.relname, i.indrelid::regclass::text, pg_get_indexdef(i.indexrelid), i.indisunique, false
				FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relnamespace = current_schema()::regnamespace AND NOT i.indisprimary
				AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = i.indexrelid) ORDER BY c.relname`,
		} {
			rows, err := tx.Query(ctx, q)
			if err != nil {
				return err
			}
			more, err := pgx.CollectRows(rows, func(r pgx.CollectableRow) (p putBack, err error) {
				err = r.Scan(&p.Name, &p.Table, &p.SQL, &p.Unique, &p.Key)
				return p, err
			})
			if err != nil {
				return err
			}
			for _, p := range more {
				drop := "DROP INDEX " + pgx.Identifier{p.Name}.Sanitize()
				if p.Key {
					drop = "ALTER TABLE " + p.Table + " DROP CONSTRAINT " + pgx.Identifier{p.Name}.Sanitize()
				}
				if _, err := tx.Exec(ctx, drop); err != nil {
					return fmt.Errorf("%w in %s", err, drop)
				}
			}
			list = append(more, list...) // the first dropped is the last made
		}
		slices.SortStableFunc(list, func(a, b putBack) int { return rank(a) - rank(b) })
		m.phase = phaseFilling
		_, err := tx.Exec(ctx, "UPDATE "+moveTable+" SET later = $1, phase = $2", asJSON(list), m.phase)
		return err
	})
}

// rank orders what is put back: indexes, unique ones, unique constraints, and
// foreign keys, which need those.
func rank(p putBack) int {
	switch {
	case strings.Contains(p.SQL, " FOREIGN KEY "):
		return 3
	case p.Key:
		return 2
	case p.Unique:
		return 1
	}
	return 0
}
