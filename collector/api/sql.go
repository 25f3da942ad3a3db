package api

import (
	"context"
)

// sqlQuery asks in SQL. Only accounts without a scope have the right: the
// views show every device.
func (s *Server) sqlQuery(ctx context.Context, in *SQLInput) (SQLAnswer, error) {
	note(ctx, "query", printable(in.Body.Query))
	if s.d.SQL == nil {
		return SQLAnswer{}, NewProblem(notOffered, "this collector does not answer SQL")
	}
	limit := in.Body.Limit
	if limit == 0 {
		limit = 10_000
	}
	out, err := s.d.SQL.Query(ctx, in.Body.Query, QueryOptions{Limit: limit, Personal: personal(ctx)})
	if out.Columns == nil {
		out.Columns = []string{}
	}
	if out.Rows == nil {
		out.Rows = [][]any{}
	}
	return out, err
}
