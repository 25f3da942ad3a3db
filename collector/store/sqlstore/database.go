package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// database is one SQLite file: a connection that writes, taken by one
// goroutine at a time, and a few that only read. Statements are prepared once
// and kept by their text.
//
// Lock order: turn, then whatever the owner of the database guards its caches
// with. A reader never takes turn.
type database struct {
	path    string
	pool    *sql.DB
	conn    *sql.Conn // the writer
	readers *sql.DB

	turn   chan struct{} // holds one token: whoever has it writes
	stmts  map[string]*sql.Stmt
	broken error // set once by a failed fsync or a damaged file; guarded by turn

}

// magic is how a SQLite file begins (https://www.sqlite.org/fileformat.html §1.2).
const magic = "SQLite format 3\x00"

// openDatabase opens or creates the file and brings it to the newest schema.
func openDatabase(ctx context.Context, path string, app uint32, o Options) (*database, error) {
	if err := checkFile(path); err != nil {
		return nil, err
	}
	d := &database{
		path:  path,
		turn:  make(chan struct{}, 1),
		stmts: map[string]*sql.Stmt{},
	}
	cacheKiB := o.cacheBytes() >> 10
	var err error
	// FULL syncs the WAL at every commit: what was answered for is on disk.
	d.pool, err = sql.Open("sqlite", dsn(path, "_pragma=busy_timeout(10000)", "_pragma=journal_mode(WAL)", "_pragma=synchronous(FULL)",
		"_pragma=foreign_keys(1)", "_pragma=trusted_schema(0)", "_pragma=temp_store(MEMORY)",
		fmt.Sprintf("_pragma=cache_size(-%d)", cacheKiB), "_pragma=journal_size_limit(67108864)", "_dqs=0"))
	if err != nil {
		return nil, err
	}
	d.pool.SetMaxOpenConns(1)
	if d.conn, err = d.pool.Conn(ctx); err != nil {
		return nil, errors.Join(explain(path, err), d.pool.Close())
	}
	if err := d.claim(ctx, app); err != nil {
		return nil, errors.Join(err, d.close())
	}
	d.readers, err = sql.Open("sqlite", dsn(path, "_pragma=busy_timeout(10000)", "_pragma=query_only(1)", "_pragma=temp_store(MEMORY)",
		"_pragma=trusted_schema(0)", fmt.Sprintf("_pragma=cache_size(-%d)", cacheKiB), "_dqs=0"))
	if err != nil {
		return nil, errors.Join(err, d.close())
	}
	n := o.readers()
	d.readers.SetMaxOpenConns(n)
	d.readers.SetMaxIdleConns(n)
	d.turn <- struct{}{}
	return d, nil
}

// claim writes whose file this is into a new one and refuses someone else's.
func (d *database) claim(ctx context.Context, app uint32) error {
	var id, tables int64
	if err := d.conn.QueryRowContext(ctx, "PRAGMA application_id").Scan(&id); err != nil {
		return explain(d.path, err)
	}
	if err := d.conn.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables); err != nil {
		return explain(d.path, err)
	}
	switch {
	case id == int64(app):
		return nil
	case id != 0 || tables > 0:
		return fmt.Errorf("%s is a database of another program or of another part of Muster (application id %#x): give another data folder", d.path, id)
	}
	_, err := d.conn.ExecContext(ctx, fmt.Sprintf("PRAGMA application_id = %d", app))
	return explain(d.path, err)
}

// checkFile finds what SQLite would only call "unable to open".
func checkFile(path string) error {
	dir := filepath.Dir(path)
	switch st, err := os.Stat(dir); {
	case missing(err):
		return fmt.Errorf("data folder %s does not exist: create it, or name another", dir)
	case err != nil:
		return fmt.Errorf("data folder: %w", err)
	case !st.IsDir():
		return fmt.Errorf("data folder %s is not a folder", dir)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	switch {
	case missing(err):
		// SQLite makes the file and two beside it: see now whether it can.
		t, err := os.CreateTemp(dir, ".write-test-*")
		if err != nil {
			return fmt.Errorf("data folder %s cannot be written by this account: change its owner or rights, or name another: %w", dir, err)
		}
		return errors.Join(t.Close(), os.Remove(t.Name()))
	case err != nil:
		return fmt.Errorf("%s cannot be written by this account: change its owner or rights: %w", path, err)
	}
	defer f.Close()
	head := make([]byte, len(magic))
	switch n, err := io.ReadFull(f, head); {
	case n == 0:
		return nil // an empty file is a new database
	case err != nil || string(head) != magic:
		return fmt.Errorf("%s is not a database: move it away, or restore a backup", path)
	}
	return nil
}

// dsn is the URI of the file (https://www.sqlite.org/uri.html).
func dsn(path string, params ...string) string {
	p := filepath.ToSlash(path)
	if runtime.GOOS == "windows" && filepath.VolumeName(path) != "" {
		p = "/" + p
	}
	return "file:" + (&url.URL{Path: p}).EscapedPath() + "?" + strings.Join(params, "&")
}

func (d *database) close() error {
	var errs []error
	for _, s := range d.stmts {
		errs = append(errs, s.Close())
	}
	if d.readers != nil {
		errs = append(errs, d.readers.Close())
	}
	if d.conn != nil {
		errs = append(errs, d.conn.Close())
	}
	if d.pool != nil {
		errs = append(errs, d.pool.Close())
	}
	return errors.Join(errs...)
}

// tx is the writer inside a transaction. Its statements run without the
// caller's context: an interrupted statement would only roll back what the
// caller will send again, and watching for it costs a goroutine each time.
type tx struct {
	d     *database
	after []func() // run once it is durable, still in turn
}

// write runs f in a transaction; a nil answer means that it is durable.
func (d *database) write(ctx context.Context, f func(*tx) error) error {
	select {
	case <-d.turn:
		defer func() { d.turn <- struct{}{} }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if d.broken != nil {
		return d.broken
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	t := &tx{d: d}
	err := t.do("BEGIN IMMEDIATE")
	if err == nil {
		if err = f(t); err == nil {
			err = t.do("COMMIT")
		}
		if err != nil {
			// Some errors roll back by themselves; then this one says "no
			// transaction", which is what is wanted.
			_ = t.do("ROLLBACK")
		}
	}
	if fatal(err) {
		d.broken = err
	}
	if err == nil {
		for _, f := range t.after {
			f()
		}
	}
	return err
}

func (t *tx) stmt(query string) (*sql.Stmt, error) {
	if s := t.d.stmts[query]; s != nil {
		return s, nil
	}
	s, err := t.d.conn.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, fmt.Errorf("%w in %s", explain(t.d.path, err), query)
	}
	t.d.stmts[query] = s
	return s, nil
}

func (t *tx) do(query string, args ...any) error {
	s, err := t.stmt(query)
	if err != nil {
		return err
	}
	_, err = s.Exec(args...)
	return explain(t.d.path, err)
}

// count is do that answers how many rows it touched.
func (t *tx) count(query string, args ...any) (int64, error) {
	s, err := t.stmt(query)
	if err != nil {
		return 0, err
	}
	r, err := s.Exec(args...)
	if err != nil {
		return 0, explain(t.d.path, err)
	}
	return r.RowsAffected()
}

// insert is do that answers the new row's number.
func (t *tx) insert(query string, args ...any) (int64, error) {
	s, err := t.stmt(query)
	if err != nil {
		return 0, err
	}
	r, err := s.Exec(args...)
	if err != nil {
		return 0, explain(t.d.path, err)
	}
	return r.LastInsertId()
}

// once runs SQL that is not worth keeping prepared, such as a migration's.
func (t *tx) once(query string) error {
	_, err := t.d.conn.ExecContext(context.Background(), query)
	return explain(t.d.path, err)
}

// one scans a single row; it answers false when there is none.
func (t *tx) one(query string, args []any, into ...any) (bool, error) {
	s, err := t.stmt(query)
	if err != nil {
		return false, err
	}
	err = s.QueryRow(args...).Scan(into...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, explain(t.d.path, err)
}

// each calls f for every row; f scans it.
func (t *tx) each(query string, args []any, f func(scan) error) error {
	s, err := t.stmt(query)
	if err != nil {
		return err
	}
	rows, err := s.Query(args...)
	return eachRow(t.d.path, rows, err, f)
}

type scan func(into ...any) error

func eachRow(path string, rows *sql.Rows, err error, f func(scan) error) error {
	if err != nil {
		return explain(path, err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows.Scan); err != nil {
			return err
		}
	}
	return explain(path, rows.Err())
}

// view is a read transaction: all its queries see one state.
type view struct {
	d  *database
	tx *sql.Tx
}

// read runs f against one state of the database.
func (d *database) read(ctx context.Context, f func(*view) error) error {
	x, err := d.readers.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return explain(d.path, err)
	}
	defer x.Rollback()
	return f(&view{d: d, tx: x})
}

// each calls f for every row of a query whose text varies with the question.
func (v *view) each(ctx context.Context, query string, args []any, f func(scan) error) error {
	rows, err := v.tx.QueryContext(ctx, query, args...)
	return eachRow(v.d.path, rows, err, f)
}

// one scans a single row; it answers false when there is none.
func (v *view) one(ctx context.Context, query string, args []any, into ...any) (bool, error) {
	err := v.tx.QueryRowContext(ctx, query, args...).Scan(into...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, explain(v.d.path, err)
}
