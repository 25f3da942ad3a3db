package collector

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"muster/collector/api"
	"muster/collector/query"
)

// querier answers people's SQL in a child of this program.
type querier struct {
	r   query.Runner
	few chan struct{} // as many at a time as it has room for
}

// mostQueries run at one time: each may take a processor for ten seconds.
const mostQueries = 2

func newQuerier(data string) (api.Querier, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("find this program for people's SQL: %w", err)
	}
	return &querier{r: query.Runner{Exe: exe, Args: []string{"sql-worker"}, DB: filepath.Join(data, "inventory.db")},
		few: make(chan struct{}, mostQueries)}, nil
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
	if err != nil {
		return api.SQLAnswer{}, err
	}
	return api.SQLAnswer{Columns: res.Columns, Rows: res.Rows, Truncated: res.Truncated, TookMS: res.Elapsed.Milliseconds()}, nil
}
