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
	"slices"
	"strings"
)

// database is one SQLite file, or one schema of a PostgreSQL server: a
// connection that writes, taken by one goroutine at a time, and a few that only
// read. Statements are prepared once and kept by their text.
//
// Lock order: turn, then whatever the owner of the database guards its caches
// with. A reader never takes turn.
type database struct {
	path    string // of the file, or what people call the server's database
	pool    *sql.DB
	conn    *sql.Conn // the writer; nil: a server's, that is gone
	readers *sql.DB
	server  *server                // nil: SQLite
	words   *cache[string, string] // queries as a server reads them

	turn   chan struct{} // holds one token: whoever has it writes
	stmts  map[string]*sql.Stmt
	broken error // set once by a failed fsync or a damaged file; guarded by turn

	group *together // nil: each write has a commit of its own
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
	if d.group != nil {
		return d.writeTogether(ctx, f)
	}
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
	var err error
	if d.server != nil {
		err = d.writeServer(ctx, t, f)
	} else if err = t.do("BEGIN IMMEDIATE"); err == nil {
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
	s, err := t.d.conn.PrepareContext(context.Background(), t.d.text(query))
	if err != nil {
		return nil, fmt.Errorf("%w in %s", t.d.explain(err), query)
	}
	t.d.stmts[query] = s
	return s, nil
}

// do runs a statement. On a server it is sent together with those that follow,
// up to the first whose answer is wanted: an error may come as late as that, or
// with the end of the transaction. Who has to know at once uses count.
func (t *tx) do(query string, args ...any) error {
	if t.d.server != nil {
		return t.later(query, args, false)
	}
	s, err := t.stmt(query)
	if err != nil {
		return err
	}
	_, err = s.Exec(t.d.bind(args)...)
	return t.d.explain(err)
}

// apart is do of a statement that touches a row of its own, which nothing else
// that waits touches: a server is given many of them as one, and in any order
// among those that are apart.
func (t *tx) apart(query string, args ...any) error {
	if t.d.server != nil {
		return t.later(query, args, true)
	}
	return t.do(query, args...)
}

// question is a query with what is done with each row of its answer.
type question struct {
	query string
	args  []any
	row   func(scan) error
}

// all asks many questions, of a server at one time: none may depend on the
// answer to another. What scans a row takes int64, float64, string, []byte and
// pointers to pointers of these.
func (t *tx) all(list []question) error {
	if len(list) == 0 {
		return nil
	}
	if t.d.server != nil {
		return t.together(list)
	}
	for _, q := range list {
		if err := t.each(q.query, q.args, q.row); err != nil {
			return err
		}
	}
	return nil
}

// count is do that answers how many rows it touched.
func (t *tx) count(query string, args ...any) (int64, error) {
	if err := t.flush(); err != nil {
		return 0, err
	}
	s, err := t.stmt(query)
	if err != nil {
		return 0, err
	}
	r, err := s.Exec(t.d.bind(args)...)
	if err != nil {
		return 0, t.d.explain(err)
	}
	return r.RowsAffected()
}

// insert is do that answers the new row's number, which key is the column of.
func (t *tx) insert(key, query string, args ...any) (no int64, _ error) {
	_, err := t.one(query+" RETURNING "+key, args, &no)
	return no, err
}

// once runs SQL that is not worth keeping prepared, such as a migration's: one
// statement or many, without parameters.
func (t *tx) once(query string) error {
	if t.d.server != nil {
		return t.onceServer(query)
	}
	_, err := t.d.conn.ExecContext(context.Background(), query)
	return t.d.explain(err)
}

// one scans a single row; it answers false when there is none.
func (t *tx) one(query string, args []any, into ...any) (bool, error) {
	if err := t.flush(); err != nil {
		return false, err
	}
	s, err := t.stmt(query)
	if err != nil {
		return false, err
	}
	err = s.QueryRow(t.d.bind(args)...).Scan(into...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, t.d.explain(err)
}

// each calls f for every row; f scans it.
func (t *tx) each(query string, args []any, f func(scan) error) error {
	if err := t.flush(); err != nil {
		return err
	}
	s, err := t.stmt(query)
	if err != nil {
		return err
	}
	rows, err := s.Query(t.d.bind(args)...)
	return t.d.eachRow(rows, err, f)
}

type scan func(into ...any) error

func (d *database) eachRow(rows *sql.Rows, err error, f func(scan) error) error {
	if err != nil {
		return d.explain(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows.Scan); err != nil {
			return err
		}
	}
	return d.explain(rows.Err())
}

// text is a query in the words of the database.
func (d *database) text(query string) string {
	if d.server == nil {
		return query
	}
	if q, ok := d.words.get(query); ok {
		return q
	}
	q := toPostgres(query)
	d.words.put(query, q)
	return q
}

// bind makes parameters what the driver takes.
func (d *database) bind(args []any) []any {
	if d.server != nil {
		return bindPostgres(args)
	}
	for i, a := range args {
		switch a.(type) {
		case numberList, textList:
			args = slices.Clone(args)
			for ; i < len(args); i++ {
				switch args[i].(type) {
				case numberList, textList:
					args[i] = asJSON(args[i])
				}
			}
			return args
		}
	}
	return args
}

func (d *database) explain(err error) error {
	if d.server != nil {
		return explainPostgres(d.path, err)
	}
	return explain(d.path, err)
}

func (d *database) trace(query string, args []any) {
	if d.server != nil && d.server.Trace != nil {
		d.server.Trace(query, args)
	}
}

// view is a read transaction: all its queries see one state.
type view struct {
	d  *database
	tx *sql.Tx
}

// read runs f against one state of the database.
func (d *database) read(ctx context.Context, f func(*view) error) error {
	o := sql.TxOptions{ReadOnly: true}
	if d.server != nil {
		o.Isolation = sql.LevelRepeatableRead // in SQLite it is so anyway
	}
	x, err := d.readers.BeginTx(ctx, &o)
	if err != nil && d.server != nil {
		return unconnected(d.explain(err))
	}
	if err != nil {
		return d.explain(err)
	}
	defer x.Rollback()
	return f(&view{d: d, tx: x})
}

// each calls f for every row of a query whose text varies with the question.
func (v *view) each(ctx context.Context, query string, args []any, f func(scan) error) error {
	v.d.trace(query, args)
	rows, err := v.tx.QueryContext(ctx, v.d.text(query), v.d.bind(args)...)
	return v.d.eachRow(rows, err, f)
}

// one scans a single row; it answers false when there is none.
func (v *view) one(ctx context.Context, query string, args []any, into ...any) (bool, error) {
	v.d.trace(query, args)
	err := v.tx.QueryRowContext(ctx, v.d.text(query), v.d.bind(args)...).Scan(into...)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, v.d.explain(err)
}

// columns is the query for the columns of all tables, with their types in
// SQLite's words.
func (d *database) columns() string {
	if d.server != nil {
		return `SELECT c.relname, a.attname, CASE a.atttypid WHEN 'bigint'::regtype THEN 'INTEGER' WHEN 'double precision'::regtype THEN 'REAL' WHEN 'bytea'::regtype THEN 'BLOB' ELSE 'TEXT' END
			FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped`
	}
	return "SELECT m.name, c.name, c.type FROM sqlite_schema m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.sql NOT LIKE 'CREATE VIRTUAL%'"
}

// views is the query for the names of all views.
func (d *database) views() string {
	if d.server != nil {
		return "SELECT viewname FROM pg_views WHERE schemaname = current_schema()"
	}
	return "SELECT name FROM sqlite_schema WHERE type = 'view'"
}

// searched is a text as free text looks for it: SQLite's index knows the case
// of all letters, that of PostgreSQL is given small ones.
func (d *database) searched(s string) string {
	if d.server != nil {
		return strings.ToLower(s)
	}
	return s
}

// longestKey is how many bytes of a text an index of PostgreSQL is given; its
// limit is about 2,700 for all columns.
const longestKey = 500

// keyed is a value of a column of device_rows that has an index.
func (d *database) keyed(v any) any {
	if s, ok := v.(string); ok && d.server != nil {
		return cutKey(s)
	}
	return v
}

func cutKey(s string) string {
	if len(s) > longestKey {
		return strings.ToValidUTF8(s[:longestKey], "")
	}
	return s
}

// keyedColumns are those of device_rows that devices tell.
func keyedColumns() []string {
	return []string{
		"name",
		"kind",
		"os",
		"os_family",
		"vendor",
		"model",
		"serial",
		"memory_bytes",
		"agent_version",
		"user_name",
	}
}
