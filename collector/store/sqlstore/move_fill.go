package sqlstore

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

const (
	// moveRange is how many rows are held against each other at once, and
	// written when they differ: what a collector changes meanwhile is spread.
	moveRange = 2000
	// moveBulk is the same where the server has nothing yet.
	moveBulk = 20_000
)

// movedTable is a table of the file, and how it stands on the server.
type movedTable struct {
	name    string
	columns []string
	kinds   []string // of columns, as SQLite declares them
	key     []int    // columns that order ranges, in the same order on both sides; none: all of it is one
	part    bool     // the key is but the beginning of the primary one
	reform  []func(string) string
}

// list finds the tables of the file, and holds those of the server against them.
func (m *Move) list(ctx context.Context) ([]movedTable, error) {
	there := map[string]map[string]string{} // declared types by table and column
	err := m.to.eachOn(ctx, `SELECT c.relname, a.attname, a.atttypid::regtype::text FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
		WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped`, nil, func(s scan) error {
		var table, column, kind string
		if err := s(&table, &column, &kind); err != nil {
			return err
		}
		if there[table] == nil {
			there[table] = map[string]string{}
		}
		there[table][column] = kind
		return nil
	})
	if err != nil {
		return nil, err
	}
	var out []movedTable
	var primary [][]int // by table: place in the primary key, 0: not in it
	rows, err := m.from.readers.QueryContext(ctx, `SELECT m.name, c.name, c.type, c.pk FROM sqlite_schema m JOIN pragma_table_info(m.name) c
		WHERE m.type = 'table' AND m.sql NOT LIKE 'CREATE VIRTUAL%' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE 'device_search_%'
		AND m.name NOT IN ('schema_version', 'catalogue_version') ORDER BY m.name, c.cid`)
	if err := m.from.eachRow(rows, err, func(s scan) error {
		var table, column, kind string
		var pk int
		if err := s(&table, &column, &kind, &pk); err != nil {
			return err
		}
		if len(out) == 0 || out[len(out)-1].name != table {
			out, primary = append(out, movedTable{name: table}), append(primary, nil)
		}
		t := &out[len(out)-1]
		t.columns, t.kinds = append(t.columns, column), append(t.kinds, kind)
		primary[len(out)-1] = append(primary[len(out)-1], pk)
		return nil
	}); err != nil {
		return nil, err
	}
	if m.part == PartInventory {
		out = append(out, movedTable{name: "device_search", columns: []string{"device_no", "facts", "personal"}, kinds: []string{"INTEGER", "TEXT", "TEXT"}})
		primary = append(primary, []int{1, 0, 0})
	}
	for i := range out {
		t := &out[i]
		kinds := there[t.name]
		if kinds == nil {
			return nil, fmt.Errorf("the table %s of %s has no place on the server: start the collector of this program once on it, then move it", t.name, m.from.path)
		}
		for _, c := range t.columns {
			if kinds[c] == "" {
				return nil, fmt.Errorf("the column %s.%s of %s has no place on the server: start the collector of this program once on it, then move it", t.name, c, m.from.path)
			}
		}
		if n := len(t.columns); n != len(kinds) {
			return nil, fmt.Errorf("%s has %d columns in its table %s, this program has %d: start its collector once on it, then move it", m.from.path, n, t.name, len(kinds))
		}
		t.keyed(primary[i], kinds)
		t.reforms(m.part)
		delete(there, t.name)
	}
	for name := range there {
		if !slices.Contains([]string{"schema_version", "catalogue_version", moveTable}, name) {
			return nil, fmt.Errorf("%s lacks the table %s: start the collector of this program once on it, then move it", m.from.path, name)
		}
	}
	return out, nil
}

// keyed takes the columns of the primary key, up to the first that the two
// databases put in another order: letter case apart, that is of many alphabets.
func (t *movedTable) keyed(primary []int, kinds map[string]string) {
	for place := 1; ; place++ {
		i := slices.Index(primary, place)
		if i < 0 {
			return
		}
		if kinds[t.columns[i]] == "citext" {
			t.part = true
			return
		}
		t.key = append(t.key, i)
	}
}

// reforms are what sqlstore itself does to texts on their way to a server.
func (t *movedTable) reforms(part Part) {
	t.reform = make([]func(string) string, len(t.columns))
	for i, c := range t.columns {
		t.reform[i] = plainText
		switch {
		case part == PartInventory && t.name == "device_rows" && slices.Contains(keyedColumns(), c):
			t.reform[i] = func(s string) string { return cutKey(plainText(s)) }
		case t.name == "device_search":
			t.reform[i] = func(s string) string { return strings.ToLower(plainText(s)) }
		}
	}
}

// Tally is how many rows a table has, and a hash over them whatever their
// order: the sums, modulo 2^64, of both halves of each row's SHA-256, cut to
// 128 bits. A row is its values in the order of columns, each as a letter for
// its kind, its length and its bytes.
type Tally struct {
	Rows int64
	Hash [2]uint64
}

func (t *Tally) add(row []byte) {
	h := sha256.Sum256(row)
	t.Rows++
	t.Hash[0] += binary.BigEndian.Uint64(h[0:])
	t.Hash[1] += binary.BigEndian.Uint64(h[8:])
}

func (t *Tally) sum(o Tally) {
	t.Rows += o.Rows
	t.Hash[0] += o.Hash[0]
	t.Hash[1] += o.Hash[1]
}

// Letters of kinds in a row that is hashed.
const (
	kindNull  = 'n'
	kindInt   = 'i'
	kindFloat = 'f'
	kindText  = 't'
	kindBytes = 'b'
)

func hashed(b []byte, kind byte, v []byte) []byte {
	b = binary.AppendUvarint(append(b, kind), uint64(len(v)))
	return append(b, v...)
}

// MovedTable is what became of a table in a round.
type MovedTable struct {
	Name    string
	File    Tally
	Server  Tally // as it was read back
	Written int64 // rows
}

// MoveStep is how far a round is.
type MoveStep struct {
	Table string
	Rows  int64 // of the table, that were gone through
	Of    int64 // rows of it
	All   int64 // rows of all tables
	Done  int64 // of all tables
}

// Round makes the schema what the file is now. tell, which may be nil, is told
// after each range. A collector may change the file meanwhile: then the tallies
// are of no one state.
func (m *Move) Round(ctx context.Context, tell func(MoveStep)) ([]MovedTable, error) {
	if tell == nil {
		tell = func(MoveStep) {}
	}
	step := MoveStep{}
	sizes := make([]int64, len(m.tables))
	for i, t := range m.tables {
		if err := m.from.readers.QueryRowContext(ctx, "SELECT count(*) FROM "+quote(t.name)).Scan(&sizes[i]); err != nil {
			return nil, m.from.explain(err)
		}
		step.All += sizes[i]
	}
	var out []MovedTable
	for i := range m.tables {
		step.Table, step.Rows, step.Of = m.tables[i].name, 0, sizes[i]
		done, err := m.table(ctx, &m.tables[i], func(rows int64) {
			step.Rows += rows
			step.Done += rows
			tell(step)
		})
		if err != nil {
			return nil, fmt.Errorf("table %s: %w", m.tables[i].name, m.told(err))
		}
		out = append(out, done)
	}
	return out, nil
}

// told adds to what a server says what it means here.
func (m *Move) told(err error) error {
	if strings.Contains(err.Error(), "23505") { // unique_violation, of a primary key
		return fmt.Errorf("%w; two names in the file differ in the case of letters only: rename one of them in the collector, and run this again", err)
	}
	return err
}

// table makes one table equal.
func (m *Move) table(ctx context.Context, t *movedTable, tell func(int64)) (MovedTable, error) {
	out := MovedTable{Name: t.name}
	var after []any // key of the last row of the range before
	beyond := false // the server has nothing beyond after
	for {
		var err error
		if !beyond {
			if beyond, err = m.none(ctx, t, after); err != nil {
				return out, err
			}
		}
		size := moveRange
		if beyond {
			size = moveBulk
		}
		rows, end, err := m.read(ctx, t, after, size)
		if err != nil {
			return out, err
		}
		var upto []any // nil: to the end
		if !end {
			upto = t.keyOf(rows[len(rows)-1])
		}
		here, there := Tally{}, Tally{}
		var b []byte
		for _, r := range rows {
			b = t.hashed(b[:0], r)
			here.add(b)
		}
		if !beyond {
			if there, err = m.tally(ctx, t, after, upto); err != nil {
				return out, err
			}
		}
		if here != there {
			if err := m.write(ctx, t, after, upto, rows, !beyond); err != nil {
				return out, err
			}
			out.Written += int64(len(rows))
			if there, err = m.tally(ctx, t, after, upto); err != nil {
				return out, err
			}
			if here != there {
				return out, fmt.Errorf("the server has other rows than were written: %d of %d; see whether somebody else writes to %s", there.Rows, here.Rows, m.to.path)
			}
		}
		out.File.sum(here)
		out.Server.sum(there)
		tell(int64(len(rows)))
		if end {
			return out, nil
		}
		after = upto
	}
}

func (t *movedTable) keyOf(row []any) []any {
	var k []any
	for _, i := range t.key {
		k = append(k, row[i])
	}
	return k
}

// names are the columns, quoted.
func (t *movedTable) names(which []int) string {
	var list []string
	if which == nil {
		for _, c := range t.columns {
			list = append(list, quote(c))
		}
	}
	for _, i := range which {
		list = append(list, quote(t.columns[i]))
	}
	return strings.Join(list, ", ")
}

// read reads the rows after a key from the file, some n of them; end says that
// there are no more.
func (m *Move) read(ctx context.Context, t *movedTable, after []any, n int) (rows [][]any, end bool, err error) {
	columns, key := t.names(nil), t.names(t.key)
	if t.name == "device_search" { // its rows are numbered as devices are
		columns, key = "rowid, facts, personal", "rowid"
	}
	for {
		q := "SELECT " + columns + " FROM " + quote(t.name)
		if after != nil {
			q += " WHERE (" + key + ") > (" + placeholders(len(after)) + ")"
		}
		if t.key != nil {
			q += fmt.Sprintf(" ORDER BY %s LIMIT %d", key, n)
		}
		got, err := m.from.readers.QueryContext(ctx, q, after...)
		rows = rows[:0]
		err = m.from.eachRow(got, err, func(s scan) error {
			row, into := make([]any, len(t.columns)), make([]any, len(t.columns))
			for i := range row {
				into[i] = &row[i]
			}
			err := s(into...)
			for i := range row {
				switch v := row[i].(type) {
				case string:
					row[i] = t.reform[i](v)
				case []byte:
					if v == nil { // SQLite hands an empty one out as none
						row[i] = []byte{}
					}
				}
			}
			rows = append(rows, row)
			return err
		})
		if err != nil {
			return nil, false, err
		}
		if t.key == nil || len(rows) < n {
			return rows, true, nil
		}
		// Rows of one key stay together.
		last := t.keyOf(rows[len(rows)-1])
		whole := len(rows)
		for t.part && whole > 0 && slices.EqualFunc(last, t.keyOf(rows[whole-1]), sameValue) {
			whole--
		}
		if whole > 0 {
			return rows[:whole], false, nil
		}
		n *= 2
	}
}

func sameValue(a, b any) bool {
	x, ok := a.([]byte)
	if y, too := b.([]byte); ok && too {
		return string(x) == string(y)
	}
	return a == b
}

// hashed is a row as it is hashed. What the file declares is how it is kept.
func (t *movedTable) hashed(b []byte, row []any) []byte {
	var eight [8]byte
	for i, v := range row {
		switch v := v.(type) {
		case nil:
			b = hashed(b, kindNull, nil)
		case int64:
			if t.kinds[i] == "REAL" {
				binary.BigEndian.PutUint64(eight[:], math.Float64bits(float64(v)))
				b = hashed(b, kindFloat, eight[:])
				continue
			}
			binary.BigEndian.PutUint64(eight[:], uint64(v))
			b = hashed(b, kindInt, eight[:])
		case float64:
			binary.BigEndian.PutUint64(eight[:], math.Float64bits(v))
			b = hashed(b, kindFloat, eight[:])
		case string:
			b = hashed(b, kindText, []byte(v))
		case []byte:
			b = hashed(b, kindBytes, v)
		default:
			b = fmt.Appendf(b, "?%T", v) // no such value is ever kept; it differs from all
		}
	}
	return b
}

// span is the condition of a range, with its parameters.
func (t *movedTable) span(after, upto []any) (where string, args []any) {
	var list []string
	add := func(op string, key []any) {
		if key == nil {
			return
		}
		var marks []string
		for _, v := range key {
			args = append(args, v)
			marks = append(marks, fmt.Sprintf("$%d", len(args)))
		}
		list = append(list, "("+t.names(t.key)+") "+op+" ("+strings.Join(marks, ", ")+")")
	}
	add(">", after)
	add("<=", upto)
	if len(list) == 0 {
		return "", nil
	}
	return " WHERE " + strings.Join(list, " AND "), args
}

// none says that the server has no row after a key.
func (m *Move) none(ctx context.Context, t *movedTable, after []any) (bool, error) {
	where, args := t.span(after, nil)
	var some bool
	err := m.to.native(func(c *pgx.Conn) error {
		return c.QueryRow(ctx, "SELECT EXISTS (SELECT 1 FROM "+quote(t.name)+where+")", args...).Scan(&some)
	})
	return !some, m.to.explain(err)
}

// tally hashes the rows of a range on the server, from the bytes in which it
// sends them.
func (m *Move) tally(ctx context.Context, t *movedTable, after, upto []any) (Tally, error) {
	var out Tally
	letters := make([]byte, len(t.columns))
	for i, k := range t.kinds {
		letters[i] = map[string]byte{"INTEGER": kindInt, "REAL": kindFloat, "BLOB": kindBytes}[k]
		if letters[i] == 0 {
			letters[i] = kindText
		}
	}
	where, args := t.span(after, upto)
	err := m.to.native(func(c *pgx.Conn) error {
		rows, err := c.Query(ctx, "SELECT "+t.names(nil)+" FROM "+quote(t.name)+where, append([]any{pgx.QueryResultFormats{pgx.BinaryFormatCode}}, args...)...)
		if err != nil {
			return err
		}
		defer rows.Close()
		var b []byte
		for rows.Next() {
			b = b[:0]
			for i, v := range rows.RawValues() {
				if v == nil {
					b = hashed(b, kindNull, nil)
				} else {
					b = hashed(b, letters[i], v)
				}
			}
			out.add(b)
		}
		return rows.Err()
	})
	return out, m.to.explain(err)
}

// write makes a range of the server these rows.
func (m *Move) write(ctx context.Context, t *movedTable, after, upto []any, rows [][]any, clear bool) error {
	return m.transaction(ctx, func(tx pgx.Tx) error {
		if clear {
			where, args := t.span(after, upto)
			if _, err := tx.Exec(ctx, "DELETE FROM "+quote(t.name)+where, args...); err != nil {
				return err
			}
		}
		for i, kind := range t.kinds {
			if kind != "REAL" {
				continue
			}
			for _, r := range rows {
				if v, ok := r[i].(int64); ok {
					r[i] = float64(v)
				}
			}
		}
		_, err := tx.CopyFrom(ctx, pgx.Identifier{string(m.part), t.name}, t.columns, pgx.CopyFromRows(rows))
		return err
	})
}
