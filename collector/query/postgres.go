package query

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/jackc/pgx/v5/pgtype"
)

// Postgres answers people's SQL by an account of the server that may read
// views and nothing else. It needs no child: what a statement takes, it takes
// of the server, and no message of the server longer than the limit is read.
//
// # Walls, one behind the other
//
//	the account      SELECT on the views it was granted, nothing on tables and on
//	                 the schema of control; one account sees personal facts, the
//	                 other has views in which they are NULL. One that may more is
//	                 not used.
//	the transaction  READ ONLY, of a session that ends with it
//	the protocol     one statement, whose rows and bytes are counted
//	the clock        statement_timeout on the server, and the caller's own
type Postgres struct {
	// Config says how to connect; store.ErrNotFound or the like when there is
	// no such account.
	Config func(personal bool) (*Connection, error)
	Limits Limits
}

// Connection is how to connect.
type Connection = pgx.ConnConfig

// mayMore finds an account that could reach beyond its views.
const mayMore = `SELECT r.rolsuper OR r.rolreplication OR r.rolbypassrls OR has_schema_privilege('control', 'USAGE') OR has_schema_privilege('inventory', 'CREATE')
	OR pg_has_role('pg_read_all_data', 'MEMBER') OR pg_has_role('pg_read_server_files', 'MEMBER') OR pg_has_role('pg_execute_server_program', 'MEMBER')
	OR pg_has_role((SELECT nspowner FROM pg_namespace WHERE nspname = 'inventory'), 'MEMBER') FROM pg_roles r WHERE r.rolname = current_user`

// Run answers one statement. Errors of type *Refused are for people; any
// other is a fault of the collector, of its settings or of the server.
func (p *Postgres) Run(ctx context.Context, rq Request) (Result, error) {
	l := (&Runner{Limits: p.Limits}).limits()
	if len(rq.SQL) > l.Text {
		return Result{}, &Refused{fmt.Sprintf("the statement is %d bytes long, at most %d are taken", len(rq.SQL), l.Text)}
	}
	if !asks(rq.SQL) {
		return Result{}, &Refused{notASelect}
	}
	c, err := p.Config(rq.Personal)
	if err != nil {
		return Result{}, err
	}
	c.RuntimeParams["default_transaction_read_only"] = "on"
	c.RuntimeParams["statement_timeout"] = strconv.FormatInt(l.Time.Milliseconds(), 10)
	c.RuntimeParams["lock_timeout"] = "1000"
	c.RuntimeParams["application_name"] = "muster sql"
	c.BuildFrontend = func(r io.Reader, w io.Writer) *pgproto3.Frontend {
		f := pgproto3.NewFrontend(r, w)
		f.SetMaxBodyLen(int(l.Bytes))
		return f
	}
	begin := time.Now()
	ctx, cancel := context.WithTimeout(ctx, l.Time+time.Second)
	defer cancel()
	conn, err := pgx.ConnectConfig(ctx, c)
	if err != nil {
		return Result{}, fmt.Errorf("connect for people's SQL: %w", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	var more bool
	if err := conn.QueryRow(ctx, mayMore).Scan(&more); err != nil {
		return Result{}, fmt.Errorf("look at the account for people's SQL: %w", err)
	}
	if more {
		return Result{}, fmt.Errorf("the account %s for people's SQL may do more than read what it is granted: give one that may only log in", c.User)
	}
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{AccessMode: pgx.ReadOnly})
	if err != nil {
		return Result{}, fmt.Errorf("people's SQL: %w", err)
	}
	res, err := answer(ctx, tx, rq, l)
	res.Elapsed = time.Since(begin)
	return res, err
}

// asks says whether a statement begins as one that only asks.
func asks(sql string) bool {
	for {
		sql = strings.TrimLeftFunc(sql, func(r rune) bool { return unicode.IsSpace(r) || r == '(' })
		switch {
		case strings.HasPrefix(sql, "--"):
			_, sql, _ = strings.Cut(sql, "\n")
		case strings.HasPrefix(sql, "/*"):
			_, rest, ended := strings.Cut(sql, "*/")
			if !ended {
				return false
			}
			sql = rest
		default:
			end := strings.IndexFunc(sql, func(r rune) bool { return !unicode.IsLetter(r) })
			if end < 0 {
				end = len(sql)
			}
			switch strings.ToUpper(sql[:end]) {
			case "SELECT", "WITH", "VALUES", "EXPLAIN":
				return true
			}
			return false
		}
	}
}

// answer reads rows as far as the limits allow.
func answer(ctx context.Context, tx pgx.Tx, rq Request, l Limits) (Result, error) {
	most := l.Rows
	if rq.MaxRows > 0 {
		most = min(most, rq.MaxRows)
	}
	var res Result
	rows, err := tx.Query(ctx, rq.SQL, pgx.QueryExecModeExec, pgx.QueryResultFormats{pgx.TextFormatCode})
	if err != nil {
		return res, refusal(err, l)
	}
	defer rows.Close()
	fields := rows.FieldDescriptions()
	for _, f := range fields {
		res.Columns = append(res.Columns, f.Name)
	}
	most = min(most, max(1, maxValues/max(1, len(fields))))
	total := int64(0)
	for rows.Next() {
		if len(res.Rows) == most {
			res.Truncated = true
			// What else there is nobody reads: the connection ends here.
			tx.Conn().PgConn().Conn().Close()
			return res, nil
		}
		row := make([]any, len(fields))
		for i, raw := range rows.RawValues() {
			total += int64(len(raw)) + 4
			row[i] = cell(fields[i].DataTypeOID, raw, l.Cell)
		}
		if total > l.Bytes {
			tx.Conn().PgConn().Conn().Close()
			return Result{}, tooLarge(l)
		}
		res.Rows = append(res.Rows, row)
	}
	return res, refusal(rows.Err(), l)
}

func tooLarge(l Limits) error {
	return &Refused{fmt.Sprintf("the answer is larger than %d MiB: ask for fewer columns or rows", l.Bytes>>20)}
}

// cell is one value as it is shown: as SQLite would say it.
func cell(oid uint32, raw []byte, most int) any {
	if raw == nil {
		return nil
	}
	switch oid {
	case pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID, pgtype.Float4OID, pgtype.Float8OID, pgtype.NumericOID:
		if f, err := strconv.ParseFloat(string(raw), 64); err == nil && number(f) == any(f) {
			return json.Number(raw)
		}
	case pgtype.BoolOID:
		if string(raw) == "t" {
			return json.Number("1")
		}
		return json.Number("0")
	}
	return text(raw, false, most)
}

// refusal turns an error of the statement into words for whoever wrote it.
func refusal(err error, l Limits) error {
	var e *pgconn.PgError
	var long *pgproto3.ExceededMaxBodyLenErr
	switch {
	case err == nil:
		return nil
	case errors.As(err, &long):
		return tooLarge(l)
	case errors.As(err, &e):
		switch e.Code {
		case "57014": // query_canceled
			return &Refused{fmt.Sprintf("the statement took longer than %s and was stopped: narrow it by WHERE, or ask for less", l.Time)}
		case "42501": // insufficient_privilege
			return &Refused{e.Message + ": use the views, which are named as the sections (see muster schema), or device, event, finding and incident"}
		case "25006": // read_only_sql_transaction
			return &Refused{notASelect}
		}
		words := e.Message
		if e.Hint != "" {
			words += " (" + e.Hint + ")"
		}
		return &Refused{words}
	case errors.Is(err, context.DeadlineExceeded):
		return &Refused{fmt.Sprintf("the statement took longer than %s and was stopped: narrow it by WHERE, or ask for less", l.Time)}
	}
	return err
}
