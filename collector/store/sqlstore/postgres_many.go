package sqlstore

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// A server is far away: what takes SQLite a microsecond takes it a way there and
// back. So statements whose answer nobody waits for are kept, questions of which
// there are many go together, and rows of one statement become one statement
// over arrays. The statements themselves are those of SQLite.

// lateStatement is one that waits to be sent.
type lateStatement struct {
	query string // in PostgreSQL's words
	args  []any
	apart bool
}

// lateMost is how many statements wait for each other, of which each may be a
// row of an inventory.
const lateMost = 2000

// manyLeast is from how many rows on a statement over arrays is worth it.
const manyLeast = 3

// later keeps a statement until an answer is wanted.
func (t *tx) later(query string, args []any, apart bool) error {
	s := t.d.server
	s.late = append(s.late, lateStatement{t.d.text(query), bindPostgres(args), apart})
	if len(s.late) >= lateMost {
		return t.flush()
	}
	return nil
}

// flush sends the statements that wait, all at once. The first that fails
// fails the transaction.
func (t *tx) flush() error {
	if t.d.server == nil || len(t.d.server.late) == 0 {
		return nil
	}
	return t.together(nil)
}

// together sends the statements that wait, and questions behind them, and hands
// on the answers.
func (t *tx) together(list []question) error {
	return t.d.explain(t.d.native(func(c *pgx.Conn) error {
		late, err := t.d.server.joined(c)
		if err != nil {
			return err
		}
		var b pgx.Batch
		for _, s := range late {
			b.Queue(s.query, s.args...)
		}
		for _, q := range list {
			b.Queue(t.d.text(q.query), bindPostgres(q.args)...)
		}
		r := c.SendBatch(context.Background(), &b)
		for _, s := range late {
			if _, err := r.Exec(); err != nil {
				r.Close() // it says the same once more
				return fmt.Errorf("%w in %s", err, s.query)
			}
		}
		for _, q := range list {
			if err := answered(r, q); err != nil {
				r.Close()
				return fmt.Errorf("%w in %s", err, q.query)
			}
		}
		return r.Close()
	}))
}

func answered(r pgx.BatchResults, q question) error {
	rows, err := r.Query()
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := q.row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// joined takes what waits, with rows of one statement as one: those that are
// apart, as far as nothing stands between them that is not.
func (s *server) joined(c *pgx.Conn) ([]lateStatement, error) {
	waiting := s.late
	s.late = nil
	type group struct {
		query string
		rows  [][]any
	}
	var groups []group
	open := map[string]int{}
	for _, x := range waiting {
		if !x.apart {
			clear(open)
			groups = append(groups, group{x.query, [][]any{x.args}})
			continue
		}
		i, ok := open[x.query]
		if !ok {
			i = len(groups)
			open[x.query] = i
			groups = append(groups, group{query: x.query})
		}
		groups[i].rows = append(groups[i].rows, x.args)
	}
	var out []lateStatement
	for _, g := range groups {
		if len(g.rows) >= manyLeast {
			m, err := s.manyOf(c, g.query)
			if err != nil {
				return nil, err
			}
			if m != "" {
				out = append(out, lateStatement{query: m, args: columns(g.rows)})
				continue
			}
		}
		for _, row := range g.rows {
			out = append(out, lateStatement{query: g.query, args: row})
		}
	}
	return out, nil
}

// columns turns rows into arrays, one a parameter.
func columns(rows [][]any) []any {
	out := make([]any, len(rows[0]))
	for i := range out {
		column := make([]any, len(rows))
		for j, row := range rows {
			column[j] = row[i]
		}
		out[i] = column
	}
	return out
}

// manyOf is a statement over arrays of its parameters; empty when it cannot be
// one. The types of parameters are the server's to know.
func (s *server) manyOf(c *pgx.Conn, query string) (string, error) {
	if m, ok := s.many[query]; ok {
		return m, nil
	}
	d, err := c.Prepare(context.Background(), "", query)
	if err != nil {
		return "", fmt.Errorf("%w in %s", err, query)
	}
	var types []string
	for _, oid := range d.ParamOIDs {
		t, ok := c.TypeMap().TypeForOID(oid)
		if ok {
			_, list := t.Codec.(*pgtype.ArrayCodec)
			ok = !list
		}
		if !ok {
			types = nil
			break
		}
		types = append(types, t.Name)
	}
	m := ""
	if len(types) > 0 {
		m = overArrays(query, types)
	}
	if s.many == nil {
		s.many = map[string]string{}
	}
	s.many[query] = m
	return m, nil
}

var parameter = regexp.MustCompile(`\$(\d+)`)

// overArrays makes INSERT … VALUES (…) and UPDATE … SET … WHERE … one statement
// for many rows, each of which it touches by itself. Others it leaves: empty.
func overArrays(query string, types []string) string {
	var arrays, names []string
	for i, t := range types {
		arrays = append(arrays, fmt.Sprintf("$%d::%s[]", i+1, t))
		names = append(names, manyColumn(strconv.Itoa(i+1)))
	}
	from := " FROM unnest(" + strings.Join(arrays, ", ") + ") AS many (" + strings.Join(names, ", ") + ")"
	named := func(text string) string {
		return parameter.ReplaceAllStringFunc(text, func(p string) string { return "many." + manyColumn(p[1:]) })
	}
	switch {
	case strings.HasPrefix(query, "INSERT INTO "):
		head, rest, ok := strings.Cut(query, "VALUES (")
		if !ok || parameter.MatchString(head) {
			return ""
		}
		values, end := arguments(rest, 0)
		if end < 0 || parameter.MatchString(rest[end:]) || slices.ContainsFunc(values, func(v string) bool { return strings.Contains(v, "SELECT") }) {
			return ""
		}
		return head + "SELECT " + named(strings.Join(values, ", ")) + from + rest[end:]
	case strings.HasPrefix(query, "UPDATE ") && strings.Count(query, " WHERE ") == 1 && !strings.Contains(query, " FROM ") && !strings.Contains(query, "RETURNING"):
		head, rest, _ := strings.Cut(query, " WHERE ")
		return named(head) + from + " WHERE " + named(rest)
	}
	return ""
}

func manyColumn(n string) string { return "many_" + n }
