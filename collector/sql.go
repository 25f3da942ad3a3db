package collector

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"muster/collector/api"
	"muster/collector/config"
	"muster/collector/query"
	"muster/collector/store"
)

// querier answers people's SQL: in a child of this program, or on the server
// that has the inventory.
type querier struct {
	r asker
	// explain, when given, turns an error of the server into words.
	explain func(error) error
	few     chan struct{} // as many at a time as it has room for
}

// mostQueries run at one time: each may take a processor for ten seconds.
const mostQueries = 2

type asker interface {
	Run(context.Context, query.Request) (query.Result, error)
}

func newQuerier(c config.Config) (api.Querier, error) {
	few := make(chan struct{}, mostQueries)
	if c.Stores.Inventory == "postgres" {
		s := postgres(c.Postgres)
		passwords := map[bool]func() (string, error){
			false: passwordIn("postgres.reader_password_file", c.Postgres.ReaderPasswordFile),
			true:  passwordIn("postgres.personal_reader_password_file", c.Postgres.PersonalPasswordFile),
		}
		return &querier{few: few, explain: s.Explain, r: &query.Postgres{Config: func(personal bool) (*query.Connection, error) { return s.ReaderConfig(personal, passwords[personal]) }}}, nil
	}
	exe, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program for people's SQL: %w", err)
	}
	return &querier{few: few, r: &query.Runner{Exe: exe, Args: []string{"sql-worker"}, DB: filepath.Join(c.Data, "inventory.db")}}, nil
}

// Query answers one statement.
func (q *querier) Query(ctx context.Context, text string, o api.QueryOptions) (api.SQLAnswer, error) {
	select {
	case q.few <- struct{}{}:
		defer func() { <-q.few }()
	case <-ctx.Done():
		return api.SQLAnswer{}, ctx.Err()
	}
	res, err := q.r.Run(ctx, query.Request{SQL: text, Personal: o.Personal, MaxRows: o.Limit})
	var no *query.Refused
	if errors.As(err, &no) {
		return api.SQLAnswer{}, api.NewProblem("bad_sql", "%s", no.Message)
	}
	if errors.Is(err, store.ErrNotFound) {
		return api.SQLAnswer{}, api.NewProblem("bad_sql", "SQL is not set up: with the inventory in PostgreSQL it needs accounts of its own, in the settings postgres.reader and postgres.personal_reader")
	}
	if err != nil && q.explain != nil {
		err = q.explain(err)
	}
	if err != nil {
		return api.SQLAnswer{}, err
	}
	return api.SQLAnswer{Columns: res.Columns, Rows: res.Rows, Truncated: res.Truncated, TookMS: res.Elapsed.Milliseconds()}, nil
}
