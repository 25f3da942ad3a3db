package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// later reads what is to be put back.
func (m *Move) later(ctx context.Context) (list []putBack, err error) {
	var text string
	if err := m.to.conn.QueryRowContext(ctx, "SELECT later FROM "+moveTable).Scan(&text); err != nil {
		return nil, m.to.explain(err)
	}
	if err := json.Unmarshal([]byte(text), &list); err != nil {
		return nil, fmt.Errorf("read which indexes are to be made: %w", err)
	}
	return list, nil
}

func (m *Move) advance(ctx context.Context, phase string) error {
	if err := m.do(ctx, "UPDATE "+moveTable+" SET phase = $1", phase); err != nil {
		return err
	}
	m.phase = phase
	return nil
}

// putBack makes the indexes and constraints of these ranks that are not there.
func (m *Move) putBack(ctx context.Context, ranks func(int) bool, tell func(done, of int)) error {
	list, err := m.later(ctx)
	if err != nil {
		return err
	}
	there := map[string]bool{}
	if err := m.to.eachOn(ctx, `SELECT relname::text FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = 'i'
		UNION ALL SELECT conname FROM pg_constraint WHERE connamespace = current_schema()::regnamespace AND contype = 'f'`, nil, func(s scan) error {
		var name string
		err := s(&name)
		there[name] = true
		return err
	}); err != nil {
		return err
	}
	for i, p := range list {
		if !ranks(rank(p)) || there[p.Name] {
			continue
		}
		if err := m.do(ctx, p.SQL); err != nil {
			return fmt.Errorf("%s of table %s: %w", p.Name, p.Table, m.told(err))
		}
		if tell != nil {
			tell(i+1, len(list))
		}
	}
	return nil
}

// Index makes the indexes that a file which changes cannot contradict. It is
// for the time after the first round, while a collector still works with the
// file; later rounds keep them up. It also lets the server see which pages hold
// nothing but living rows. Doing it twice is nothing.
func (m *Move) Index(ctx context.Context, tell func(done, of int)) error {
	if m.phase != phaseFilling {
		return nil
	}
	if err := m.putBack(ctx, func(r int) bool { return r == 0 }, tell); err != nil {
		return err
	}
	// Until a table has been vacuumed once, a search that an index alone could
	// answer looks at each row as well, and takes twice as long.
	for _, t := range m.tables {
		if err := m.do(ctx, "VACUUM "+quote(t.name)); err != nil {
			return err
		}
	}
	return m.advance(ctx, phaseIndexed)
}

// Complete makes the schema one that a collector can work with, after a round
// during which nobody changed the file: all indexes and keys, the numbers that
// rows get next, and what the server knows of the tables for its plans. What
// the constraints hold is thereby checked. Doing it twice is nothing; no Round
// may follow.
func (m *Move) Complete(ctx context.Context, tell func(done, of int)) error {
	if err := m.Index(ctx, tell); err != nil {
		return err
	}
	if err := m.putBack(ctx, func(int) bool { return true }, tell); err != nil {
		return err
	}
	if err := m.numbers(ctx); err != nil {
		return fmt.Errorf("set the next numbers: %w", err)
	}
	for _, t := range m.tables {
		if err := m.do(ctx, "ANALYZE "+quote(t.name)); err != nil {
			return err
		}
	}
	return m.advance(ctx, phaseWhole)
}

// numbers sets the sequence of each column that numbers rows: behind its
// highest number, and where the file gives none twice (AUTOINCREMENT) behind
// the highest there ever was.
func (m *Move) numbers(ctx context.Context) error {
	ever := map[string]int64{}
	var autoincrement bool
	if err := m.from.readers.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence')").Scan(&autoincrement); err != nil {
		return m.from.explain(err)
	}
	if autoincrement {
		rows, err := m.from.readers.QueryContext(ctx, "SELECT name, seq FROM sqlite_sequence")
		if err := m.from.eachRow(rows, err, func(s scan) error {
			var name string
			var n int64
			err := s(&name, &n)
			ever[name] = n
			return err
		}); err != nil {
			return err
		}
	}
	type column struct{ table, name string }
	var list []column
	if err := m.to.eachOn(ctx, `SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
		WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND a.attidentity <> '' ORDER BY 1, 2`, nil, func(s scan) error {
		var c column
		err := s(&c.table, &c.name)
		list = append(list, c)
		return err
	}); err != nil {
		return err
	}
	for _, c := range list {
		var most int64
		if err := m.to.conn.QueryRowContext(ctx, "SELECT coalesce(max("+quote(c.name)+"), 0) FROM "+quote(c.table)).Scan(&most); err != nil {
			return m.to.explain(err)
		}
		most = max(most, ever[c.table])
		if err := m.do(ctx, "SELECT setval(pg_get_serial_sequence($1, $2), $3, $4)", string(m.part)+"."+quote(c.table), c.name, max(most, 1), most > 0); err != nil {
			return err
		}
	}
	return nil
}

// Seal makes the schema a collector's, for good: it is durable when this
// returns. Doing it twice is nothing.
func (m *Move) Seal(ctx context.Context) error {
	if m.phase == phaseSealed {
		return nil
	}
	if m.phase != phaseWhole {
		return fmt.Errorf("schema %s of %s is not whole", m.part, m.to.path)
	}
	if err := m.transaction(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SET LOCAL synchronous_commit = on"); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "UPDATE "+moveTable+" SET phase = $1, sealed_at = $2", phaseSealed, time.Now().UTC().Format(time.RFC3339))
		return err
	}); err != nil {
		return err
	}
	m.phase = phaseSealed
	return nil
}
