package influx

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// prepare3 makes databases on a 3.x server. There are no retention policies,
// and no mappings: InfluxQL names databases as they are. A server that does not
// let this account make one may make it with the first write.
func (s *Store) prepare3(ctx context.Context) (p place, y prepared, err error) {
	db := s.o.Database
	p = place{db: db, bucket: db, hourly: db + "_hourly", hourlyBucket: db + "_hourly"}
	for _, x := range []struct {
		name string
		keep time.Duration
		what string
	}{{p.db, s.o.Raw, "numbers as they come"}, {p.hourly, s.o.Hourly, "hourly figures"}} {
		y.found(x.what, "database %s; how long it keeps them is not told", x.name)
		order := map[string]string{"db": x.name}
		if x.keep > 0 {
			order["retention_period"] = fmt.Sprintf("%dh", int((x.keep + late).Hours()))
		}
		body, err := json.Marshal(order)
		if err != nil {
			return p, y, err
		}
		switch err := s.call(ctx, http.MethodPost, "/api/v3/configure/database", bytes.NewReader(body)); {
		case err == nil, status(err) == http.StatusConflict, strings.Contains(strings.ToLower(err.Error()), "already exists"):
		case status(err) == http.StatusForbidden, status(err) == http.StatusNotFound, status(err) == http.StatusMethodNotAllowed:
			y.warn("this account may not make databases: if %s is not there, make it", x.name)
		default:
			return p, y, sorted(ctx, err)
		}
	}
	y.found("mappings for InfluxQL", "none are needed")
	return p, y, nil
}
