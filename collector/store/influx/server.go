package influx

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	influxhttp "github.com/influxdata/influxdb-client-go/v2/api/http"

	"muster/collector/store"
	"muster/internal/metric"
)

// place is where numbers are: how /query names it, and how writes do.
type place struct {
	db, rp string // rp empty: the default of db
	bucket string

	hourly       string // db of hourly figures
	hourlyRP     string
	hourlyBucket string
}

// family is a line of servers.
type family int

const (
	oneX   family = 1
	twoX   family = 2
	threeX family = 3
)

// oldest1 is the first of the 1.x that has /api/v2/write.
const oldest1 = 8

// probe finds out what the server is, makes what is missing, and compares
// types. About is good as far as it came.
func (s *Store) probe(ctx context.Context) (About, place, error) {
	s.mu.Lock()
	about := About{Place: s.about.Place}
	s.mu.Unlock()
	f, version, err := s.version(ctx)
	if err != nil {
		return about, place{}, err
	}
	about.Version = version
	about.Abilities = []store.Ability{{Name: "version", Found: version}}
	var p place
	var found prepared
	switch f {
	case oneX:
		p, found, err = s.prepare1(ctx)
	case twoX:
		p, found, err = s.prepare2(ctx)
	case threeX:
		p, found, err = s.prepare3(ctx)
	}
	about.Warnings = found.warnings
	about.Abilities = append(about.Abilities, found.abilities...)
	if err != nil {
		return about, place{}, err
	}
	clash, note, err := s.types(ctx, p)
	if err != nil {
		return about, place{}, err
	}
	about.Warnings = append(about.Warnings, note...)
	about.Abilities = append(about.Abilities, store.Ability{Name: "questions", Found: "InfluxQL at /query"}, store.Ability{Name: "writes", Found: "line protocol at /api/v2/write"},
		store.Ability{Name: "deletion", Found: "by the retention above; Muster deletes nothing there, and shows nothing older than its settings"})
	if len(clash) > 0 {
		return about, place{}, fmt.Errorf("%w: %s has fields of Muster's names as other types (%s): give Muster a database of its own with influx.database, or drop these measurements there",
			store.ErrConfiguration, about.Place, listed(clash, 5))
	}
	till, err := s.marked(ctx, p)
	if err != nil {
		return about, place{}, err
	}
	if till > s.rolled.Load() {
		s.rolled.Store(till)
		s.cutoff.Store(max(s.cutoff.Load(), till))
	}
	return about, p, nil
}

// prepared is what was found of a server while places were made on it.
type prepared struct {
	warnings  []string
	abilities []store.Ability
}

func (x *prepared) warn(format string, a ...any) {
	x.warnings = append(x.warnings, fmt.Sprintf(format, a...))
}

func (x *prepared) found(name, format string, a ...any) {
	x.abilities = append(x.abilities, store.Ability{Name: name, Found: fmt.Sprintf(format, a...)})
}

// lastingWords is a retention in words.
func lastingWords(d time.Duration) string {
	switch {
	case d == 0:
		return "for ever"
	case d%(24*time.Hour) == 0:
		return fmt.Sprintf("for %d days", d/(24*time.Hour))
	}
	return "for " + d.String()
}

// version asks for the version, which every server tells in a header.
func (s *Store) version(ctx context.Context) (family, string, error) {
	rq, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(s.o.URL, "/")+"/ping", nil)
	if err != nil {
		return 0, "", fmt.Errorf("look at InfluxDB: %w", err)
	}
	var version, build string
	refused := s.client.HTTPService().DoHTTPRequest(rq, nil, func(rs *http.Response) error {
		defer rs.Body.Close()
		_, _ = io.CopyN(io.Discard, rs.Body, mostRefusal) // so that the connection is used again
		version, build = plain(rs.Header.Get("X-Influxdb-Version")), plain(rs.Header.Get("X-Influxdb-Build"))
		return nil
	})
	if refused != nil {
		return 0, "", sorted(ctx, refused)
	}
	return judge(version, build)
}

// judge takes a version apart: "1.8.10", "v2.7.5", "3.1.0"; "unknown" of a 1.x
// that somebody built.
func judge(version, build string) (family, string, error) {
	major, rest, _ := strings.Cut(strings.TrimPrefix(version, "v"), ".")
	minor, _, _ := strings.Cut(rest, ".")
	switch n, err := strconv.Atoi(major); {
	case version == "" && build == "":
		return 0, "", fmt.Errorf("%w: what answers at influx.url does not say that it is InfluxDB", store.ErrConfiguration)
	case err != nil:
		return oneX, fmt.Sprintf("InfluxDB of version %q, taken for 1.8", version), nil
	case n == 1:
		if m, err := strconv.Atoi(minor); err == nil && m < oldest1 {
			return 0, "", fmt.Errorf("%w: this is InfluxDB %s: Muster needs 1.8 or later", store.ErrConfiguration, version)
		}
		return oneX, "InfluxDB " + version, nil
	case n == 2:
		return twoX, "InfluxDB " + strings.TrimPrefix(version, "v"), nil
	case n == 3:
		return threeX, "InfluxDB " + version, nil
	default:
		return 0, "", fmt.Errorf("%w: InfluxDB %s is not known to Muster: it needs 1.8, 2.x or 3.x", store.ErrConfiguration, version)
	}
}

// types holds the types of fields that are there against the catalogue. A
// field that is there with ours and another is only told: InfluxDB keeps types
// for each stretch of time, and the other may be of the past.
func (s *Store) types(ctx context.Context, p place) (clash, note []string, err error) {
	kinds := map[[2]string][]string{}
	err = s.ask(ctx, p.db, p.rp, "SHOW FIELD KEYS", func(x *row) error {
		if len(x.Columns) < 2 {
			return nil
		}
		for _, v := range x.Values {
			if len(v) < 2 {
				continue
			}
			name, kind := v[0].text, v[1].text
			if _, _, ok := metric.Lookup(x.Name, name); ok {
				at := [2]string{x.Name, name}
				kinds[at] = append(kinds[at], kind)
			}
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	for at, there := range kinds {
		_, f, _ := metric.Lookup(at[0], at[1])
		want := kindOf(f.Type)
		text := fmt.Sprintf("%s.%s is %s, Muster's is %s", at[0], at[1], strings.Join(there, " and "), want)
		switch {
		case !slices.Contains(there, want):
			clash = append(clash, text)
		case len(there) > 1:
			note = append(note, "InfluxDB holds a field as two types, and a question over both times sees one: "+text)
		}
	}
	slices.Sort(clash)
	slices.Sort(note)
	return clash, note, nil
}

// kindOf is a type as SHOW FIELD KEYS names it.
func kindOf(t metric.Type) string {
	switch t {
	case metric.Int:
		return "integer"
	case metric.Bool:
		return "boolean"
	}
	return "float"
}

// listed is the first few of a list, and how many more there are.
func listed(list []string, most int) string {
	if len(list) <= most {
		return strings.Join(list, "; ")
	}
	return fmt.Sprintf("%s; and %d more", strings.Join(list[:most], "; "), len(list)-most)
}

// cardinality is how many series there are: measurements with their tags. 2.x
// and 3.x do not say.
func (s *Store) cardinality(ctx context.Context, p place) (int64, error) {
	var n int64
	err := s.ask(ctx, p.db, p.rp, "SHOW SERIES CARDINALITY", func(x *row) error {
		for _, v := range x.Values {
			if len(v) > 0 && v[0].ok {
				n += int64(v[0].number)
			}
		}
		return nil
	})
	var said *statementError
	if errors.As(err, &said) {
		return 0, nil
	}
	return n, err
}

// call is a request of the server's own API beyond writes and questions.
func (s *Store) call(ctx context.Context, method, path string, body io.Reader) error {
	rq, err := http.NewRequestWithContext(ctx, method, strings.TrimRight(s.o.URL, "/")+path, body)
	if err != nil {
		return fmt.Errorf("ask InfluxDB: %w", err)
	}
	if body != nil {
		rq.Header.Set("Content-Type", "application/json")
	}
	if refused := s.client.HTTPService().DoHTTPRequest(rq, nil, func(rs *http.Response) error {
		defer rs.Body.Close()
		_, _ = io.CopyN(io.Discard, rs.Body, mostRefusal)
		return nil
	}); refused != nil {
		return refused
	}
	return nil
}

// status is the status of a refusal; 0: it is none.
func status(err error) int {
	var x *influxhttp.Error
	if errors.As(err, &x) {
		return x.StatusCode
	}
	return 0
}
