package sqlstore

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/stdlib"

	"muster/collector/store"
)

// Server is a PostgreSQL database, and how it is reached.
type Server struct {
	Host     string // name or address; a folder is that of its Unix socket
	Port     int    // 0: 5432
	Database string
	User     string
	Password func() (string, error) // asked at every connection; nil: none

	// TLS is "verify-full" (also when empty), "verify-ca", "require" or
	// "disable", as libpq has them
	// (https://www.postgresql.org/docs/current/libpq-ssl.html). A Unix socket
	// needs none.
	TLS string
	CA  string // PEM file of who signs the server's certificate; empty: the system's

	// Readers, when given, are who people's SQL runs as: the first sees no
	// personal columns, the second does. What they may read they are granted
	// when the views are made.
	Reader, PersonalReader string

	// Trace, when given, is told each query of a reader with its parameters.
	// Tests look at plans with it.
	Trace func(query string, args []any)
}

// leastServer is the oldest server that is known to do: PostgreSQL 15.
const leastServer = 150000

// Names of the schemas, and of the lock that keeps a second collector out.
const (
	inventorySchema = "inventory"
	controlSchema   = "control"
)

// Bounds of waiting for a server.
const (
	connectLimit = 10 * time.Second
	lockLimit    = 15 * time.Second // a session whose machine died is noticed by then
	writeLimit   = 2 * time.Minute  // a transaction; then its connection is cut
	idleLimit    = 5 * time.Minute  // a reader without work goes
)

// OpenPostgres opens the inventory in a database of a PostgreSQL server, in
// the schema "inventory", which is made when it is not there. Errors are those
// of Open; store.ErrBusy when the server cannot be reached, or another
// collector has the database.
func OpenPostgres(ctx context.Context, s Server, o Options) (*Inventory, error) {
	d, err := openServer(ctx, s, inventorySchema, appInventory, o)
	if err != nil {
		return nil, err
	}
	return newInventory(ctx, d, o)
}

// OpenControlPostgres opens the control database in the schema "control".
func OpenControlPostgres(ctx context.Context, s Server, o Options) (*Control, error) {
	d, err := openServer(ctx, s, controlSchema, appControl, o)
	if err != nil {
		return nil, err
	}
	return newControl(ctx, d, o)
}

// server is what a database on a server has beside one in a file.
type server struct {
	Server
	schema string
	lock   int64 // key of the advisory lock that the writer holds
	log    *slog.Logger

	late []lateStatement   // of the writer's transaction, not sent yet
	many map[string]string // statements over arrays, by what they are for one row
	used time.Time         // when the writer last had an answer
	// fresh runs in the first transaction over a new connection: what was
	// remembered may be not what is there, for the answer to a COMMIT was lost.
	fresh func(*tx) error
	anew  bool
}

// name is what people call the database.
func (s Server) name() string { return fmt.Sprintf("database %s at %s", s.Database, s.at()) }

func (s Server) at() string {
	if s.local() {
		return s.Host
	}
	return net.JoinHostPort(s.Host, strconv.Itoa(s.port()))
}

func (s Server) local() bool { return strings.HasPrefix(s.Host, "/") }

func (s Server) port() int {
	if s.Port == 0 {
		return 5432
	}
	return s.Port
}

// config is how pgx connects. Nothing comes from the environment: what is
// meant stands in the settings.
func (s Server) config(schema string) (*pgx.ConnConfig, error) {
	c, err := pgx.ParseConfig("host=localhost user=muster sslmode=disable passfile='' servicefile=''")
	if err != nil {
		return nil, err
	}
	c.Host, c.Port, c.Database, c.User, c.Password = s.Host, uint16(s.port()), s.Database, s.User, ""
	c.Fallbacks, c.ConnectTimeout = nil, connectLimit
	c.RuntimeParams = map[string]string{
		"application_name": "muster " + schema, "search_path": schema + ", public", "timezone": "UTC", "client_encoding": "UTF8",
		"standard_conforming_strings": "on",
		// Of a database on an SSD, or in memory: an index is worth its way.
		"random_page_cost":                    "1.1",
		"idle_in_transaction_session_timeout": "300000",
		// A collector whose machine died lets go of its lock.
		"tcp_keepalives_idle": "5", "tcp_keepalives_interval": "2", "tcp_keepalives_count": "3",
	}
	c.StatementCacheCapacity = 2048
	if s.local() {
		return c, nil
	}
	c.TLSConfig, err = s.tls()
	return c, err
}

func (s Server) tls() (*tls.Config, error) {
	t := &tls.Config{ServerName: s.Host, MinVersion: tls.VersionTLS12}
	if s.CA != "" {
		pem, err := os.ReadFile(s.CA)
		if err != nil {
			return nil, fmt.Errorf("CA of the database server: %w", err)
		}
		t.RootCAs = x509.NewCertPool()
		if !t.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("CA of the database server: %s holds no PEM certificate", s.CA)
		}
	}
	switch s.TLS {
	case "disable":
		return nil, nil
	case "", "verify-full":
	case "verify-ca":
		// The chain without the name.
		t.InsecureSkipVerify = true
		t.VerifyConnection = func(st tls.ConnectionState) error {
			o := x509.VerifyOptions{Roots: t.RootCAs, Intermediates: x509.NewCertPool()}
			for _, c := range st.PeerCertificates[1:] {
				o.Intermediates.AddCert(c)
			}
			_, err := st.PeerCertificates[0].Verify(o)
			return err
		}
	case "require":
		t.InsecureSkipVerify = true // encrypted, and no more: so it is called
	default:
		return nil, fmt.Errorf("TLS of the database server: %q is not one of verify-full, verify-ca, require, disable", s.TLS)
	}
	return t, nil
}

// pool makes a pool of connections; it connects nothing yet.
func (s Server) pool(schema string, most int) (*sql.DB, error) {
	c, err := s.config(schema)
	if err != nil {
		return nil, err
	}
	db := stdlib.OpenDB(*c, stdlib.OptionBeforeConnect(func(_ context.Context, c *pgx.ConnConfig) (err error) {
		if s.Password != nil {
			c.Password, err = s.Password()
		}
		return err
	}), stdlib.OptionAfterConnect(knowCitext))
	db.SetMaxOpenConns(most)
	db.SetMaxIdleConns(most)
	db.SetConnMaxIdleTime(idleLimit)
	return db, nil
}

// knowCitext tells pgx the numbers that this database gave the type citext and
// its arrays; none before its extension is there.
func knowCitext(ctx context.Context, c *pgx.Conn) error {
	var one, many uint32
	err := c.QueryRow(ctx, "SELECT coalesce(to_regtype('citext')::oid, 0), coalesce(to_regtype('citext[]')::oid, 0)").Scan(&one, &many)
	if err != nil || one == 0 {
		return err
	}
	t := &pgtype.Type{Name: "citext", OID: one, Codec: &pgtype.TextCodec{}}
	c.TypeMap().RegisterType(t)
	c.TypeMap().RegisterType(&pgtype.Type{Name: "_citext", OID: many, Codec: &pgtype.ArrayCodec{ElementType: t}})
	return nil
}

// openServer connects, makes the schema and takes its lock.
func openServer(ctx context.Context, s Server, schema string, app uint32, o Options) (*database, error) {
	d := &database{path: s.name(), turn: make(chan struct{}, 1), stmts: map[string]*sql.Stmt{},
		server: &server{Server: s, schema: schema, lock: int64(app), log: o.log()}, words: newCache[string, string](wordsKept)}
	var err error
	if d.pool, err = s.pool(schema, 1); err != nil {
		return nil, err
	}
	n := o.Readers
	if n <= 0 {
		n = 8
	}
	if d.readers, err = s.pool(schema, n); err != nil {
		return nil, errors.Join(err, d.pool.Close())
	}
	if err := d.connect(ctx); err != nil {
		return nil, errors.Join(err, d.close())
	}
	d.server.anew = false
	if err := d.furnish(ctx, o.moving); err != nil {
		return nil, errors.Join(err, d.close())
	}
	d.turn <- struct{}{}
	return d, nil
}

// wordsKept is how many queries stay translated, of some 500 bytes.
const wordsKept = 2000

// connect makes the writer's connection, and takes the lock by which a
// database has one collector. Whoever has the turn, or Open, calls it.
func (d *database) connect(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, connectLimit+lockLimit)
	defer cancel()
	conn, err := d.pool.Conn(ctx)
	if err != nil {
		return unconnected(d.explain(err))
	}
	for begin := time.Now(); ; {
		var got bool
		if err := conn.QueryRowContext(ctx, "SELECT pg_try_advisory_lock($1)", d.server.lock).Scan(&got); err != nil {
			return errors.Join(d.explain(err), conn.Close())
		}
		if got {
			break
		}
		if time.Since(begin) > lockLimit {
			return errors.Join(fmt.Errorf("%w: another collector works with %s: stop it, or give this one another database", store.ErrBusy, d.path), conn.Close())
		}
		select {
		case <-time.After(200 * time.Millisecond):
		case <-ctx.Done():
			return errors.Join(ctx.Err(), conn.Close())
		}
	}
	d.conn, d.server.anew, d.server.used = conn, true, time.Now()
	return nil
}

// unconnected makes whatever kept a connection from being made, such as a file
// that holds no password, a thing to try again: nothing was written.
func unconnected(err error) error {
	if err == nil || errors.Is(err, store.ErrBusy) || errors.Is(err, context.Canceled) {
		return err
	}
	return fmt.Errorf("%w: %w", store.ErrBusy, err)
}

// furnish holds the server against what is needed of it, and makes schema and
// extensions.
func (d *database) furnish(ctx context.Context, moving bool) error {
	var version int
	var encoding, readOnly, shown string
	var standby bool
	err := d.conn.QueryRowContext(ctx, `SELECT current_setting('server_version_num')::int, current_setting('server_version'), current_setting('server_encoding'),
		current_setting('default_transaction_read_only'), pg_is_in_recovery()`).Scan(&version, &shown, &encoding, &readOnly, &standby)
	if err != nil {
		return d.explain(err)
	}
	if err := suits(d.path, version, shown, encoding, standby, readOnly == "on"); err != nil {
		return err
	}
	var tables, ours int
	if err := d.conn.QueryRowContext(ctx, "SELECT count(*), count(*) FILTER (WHERE tablename IN ('schema_version', '"+moveTable+"')) FROM pg_tables WHERE schemaname = $1", d.server.schema).Scan(&tables, &ours); err != nil {
		return d.explain(err)
	}
	if tables > 0 && ours == 0 {
		return fmt.Errorf("schema %s of %s has tables of another program: give another database", d.server.schema, d.path)
	}
	if ours > 0 && moving {
		return nil
	}
	if ours > 0 {
		return d.settled(ctx)
	}
	for _, q := range []string{
		"CREATE SCHEMA IF NOT EXISTS " + d.server.schema,
		"CREATE EXTENSION IF NOT EXISTS citext WITH SCHEMA public",
		"CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public",
	} {
		if _, err := d.conn.ExecContext(ctx, q); err != nil {
			return fmt.Errorf("%s: %w; its owner can do it (ALTER DATABASE %s OWNER TO %s), or an administrator beforehand, once", q, d.explain(err), d.server.Database, d.server.User)
		}
	}
	return d.explain(d.native(func(c *pgx.Conn) error { return knowCitext(ctx, c) }))
}

// suits says what a server lacks that a collector needs.
func suits(name string, version int, shown, encoding string, standby, readOnly bool) error {
	switch {
	case version < leastServer:
		return fmt.Errorf("%s is PostgreSQL %s: version %d or newer is needed; move the database to a newer server, or name another", name, shown, leastServer/10000)
	case standby:
		return fmt.Errorf("%s is a standby that is only read: name the primary server with postgres.host", name)
	case readOnly:
		return fmt.Errorf("%s is set to read only: ALTER DATABASE … SET default_transaction_read_only = off, or name the primary server with postgres.host", name)
	case encoding != "UTF8":
		return fmt.Errorf("%s keeps texts as %s: make it with ENCODING 'UTF8'", name, encoding)
	}
	return nil
}

// native runs f on the writer's connection as pgx has it.
func (d *database) native(f func(*pgx.Conn) error) error {
	return d.conn.Raw(func(c any) error { return f(c.(*stdlib.Conn).Conn()) })
}

// alight sees to it that there is a writer's connection that lives.
func (d *database) alight(ctx context.Context) error {
	if d.conn != nil && time.Since(d.server.used) > time.Second {
		if err := d.conn.PingContext(ctx); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			d.hangUp()
		}
	}
	if d.conn != nil {
		return nil
	}
	return d.connect(ctx)
}

// hangUp lets go of the writer's connection.
func (d *database) hangUp() {
	for _, s := range d.stmts {
		s.Close() // with the connection gone there is nothing to tell
	}
	d.stmts = map[string]*sql.Stmt{}
	d.server.late = nil
	// Raw marks it bad, so that the pool does not hand it out again.
	d.conn.Raw(func(c any) error {
		c.(*stdlib.Conn).Conn().PgConn().Conn().Close()
		return nil
	})
	d.conn.Close()
	d.conn = nil
}

// cut ends a transaction that hangs; whoever waits for it gets an error.
func (d *database) cut(conn *pgconn.PgConn) func() {
	return func() {
		d.server.log.Error("a transaction took too long; its connection is cut", "database", d.path, "limit", writeLimit)
		conn.Conn().Close()
	}
}

// makes says whether a statement makes or changes a table.
var makes = regexp.MustCompile(`^\s*(?:--[^\n]*\s*)*(?:CREATE (?:TABLE|UNIQUE INDEX|INDEX|VIRTUAL)|ALTER TABLE)`)

// onceServer makes tables, as a rule.
func (t *tx) onceServer(query string) error {
	if err := t.flush(); err != nil {
		return err
	}
	words := toPostgres
	if makes.MatchString(query) {
		words = toPostgresTables
	}
	return t.d.explain(t.d.native(func(c *pgx.Conn) error {
		_, err := c.PgConn().Exec(context.Background(), words(query)).ReadAll()
		if err != nil {
			err = fmt.Errorf("%w in %s", err, query)
		}
		return err
	}))
}

// writeServer runs a transaction on the server.
func (d *database) writeServer(ctx context.Context, t *tx, f func(*tx) error) error {
	if err := d.alight(ctx); err != nil {
		return err
	}
	var conn *pgconn.PgConn
	if err := d.native(func(c *pgx.Conn) error { conn = c.PgConn(); return nil }); err != nil {
		return d.explain(err)
	}
	defer time.AfterFunc(writeLimit, d.cut(conn)).Stop()
	anew := d.server.anew
	err := t.later("BEGIN", nil, false)
	if err == nil && anew && d.server.fresh != nil {
		err = d.server.fresh(t)
	}
	if err == nil {
		err = f(t)
	}
	if err == nil {
		if err = t.later("COMMIT", nil, false); err == nil {
			err = t.flush()
		}
	}
	d.server.used = time.Now()
	if err == nil {
		d.server.anew = false
		return nil
	}
	d.server.late = nil
	if conn.TxStatus() != 'I' && !conn.IsClosed() {
		_, _ = conn.Exec(context.Background(), "ROLLBACK").ReadAll() // of a connection that is gone the server does it
	}
	if conn.IsClosed() || conn.TxStatus() != 'I' {
		d.hangUp()
	}
	return err
}

// sizeServer is how many bytes the tables of a schema take, with their indexes.
func (d *database) sizeServer(ctx context.Context) (n int64, err error) {
	err = d.read(ctx, func(v *view) error {
		_, err := v.one(ctx, "SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'", nil, &n)
		return err
	})
	return n, err
}
