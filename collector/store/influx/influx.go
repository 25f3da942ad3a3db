package influx

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	influxdb "github.com/influxdata/influxdb-client-go/v2"
	"github.com/influxdata/influxdb-client-go/v2/api"

	"muster/collector/store"
	"muster/internal/backoff"
	"muster/internal/report"
)

// Options of a Store.
type Options struct {
	// URL of the server, without path: http://127.0.0.1:8086.
	URL string
	// User is the account of a 1.8 server, whose password Secret then is.
	// Without it Secret is the token of 2.x or 3.x. Both empty: a server that
	// asks for none.
	User, Secret string
	// Organization of a 2.x server.
	Organization string
	// Database is where numbers go: a database of 1.8 and 3.x, and the bucket
	// of 2.x. Hourly figures go to a retention policy of it called hourly
	// (1.8), or to one called Database_hourly.
	Database string
	// Roots are the CAs whose certificates are taken; nil: the system's.
	Roots *x509.CertPool
	// Compress sends and asks for gzip.
	Compress bool
	// Raw and Hourly are how long the server is told to keep numbers where the
	// Store makes the place for them; 0: for ever.
	Raw, Hourly time.Duration
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Log takes what a person should know; nil is silent.
	Log *slog.Logger
}

const (
	probePatience = 15 * time.Second
	// probeAgain is between two looks at a server that works: what was changed
	// on it is told within this time.
	probeAgain = 10 * time.Minute
	// probeSoon and probeLate bound the waits while it does not.
	probeSoon = time.Second
	probeLate = 15 * time.Second
)

// Store is a store.Series. Make it with New and keep Run going, which finds
// out what the server is.
type Store struct {
	o      Options
	log    *slog.Logger
	client influxdb.Client
	http   *http.Client
	cutoff atomic.Int64 // Unix ms; no point before it is taken or shown
	rolled atomic.Int64 // Unix ms; before it there are hourly figures only
	hours  atomic.Int64 // Unix ms; no figure before it is shown

	ended context.Context // of every call, by Close
	end   context.CancelFunc
	calls sync.WaitGroup

	rolling sync.Mutex // one at a time makes hourly figures

	planMu sync.Mutex
	plans  map[report.LayoutHash]*plan

	mu      sync.Mutex
	running bool
	closed  bool
	about   About
	place   place
	writer  api.WriteAPIBlocking // of place
	state   error                // why there is none
	trouble error                // of the last look, for the log
	changed chan struct{}        // closed and replaced when state changes
	doubt   chan struct{}        // has one when the server should be looked at again
}

// About is what is known of a server.
type About struct {
	Version  string   // "InfluxDB 1.8.10"; empty: it never answered
	Place    string   // "database muster at http://127.0.0.1:8086"
	Warnings []string // what somebody should look at, each with what to do

	Abilities []store.Ability // what was found of it, one by one
}

var _ store.Series = (*Store)(nil)

// errStarting is the state before the first look at the server.
var errStarting = &store.Unavailable{Err: errors.New("InfluxDB was not reached yet")}

// New checks the options and starts nothing.
func New(o Options) (*Store, error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || u.RawQuery != "" {
		return nil, errors.New("the address of InfluxDB is not one such as https://influx.example.org:8086 (influx.url)")
	}
	if o.Database == "" {
		return nil, errors.New("InfluxDB needs the name of a database (influx.database)")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	token := o.Secret
	if o.User != "" {
		token = o.User + ":" + o.Secret
	}
	s := &Store{o: o, log: o.Log, http: newHTTPClient(o.Roots, o.Compress), plans: map[report.LayoutHash]*plan{},
		state: errStarting, changed: make(chan struct{}), doubt: make(chan struct{}, 1)}
	s.client = influxdb.NewClientWithOptions(o.URL, token, influxdb.DefaultOptions().SetHTTPClient(s.http).
		SetApplicationName("muster").SetPrecision(time.Millisecond).SetUseGZip(o.Compress).SetMaxRetries(0))
	s.ended, s.end = context.WithCancel(context.Background())
	for _, at := range []*atomic.Int64{&s.cutoff, &s.rolled, &s.hours} {
		at.Store(math.MinInt64)
	}
	s.about.Place = fmt.Sprintf("database %s at %s", o.Database, o.URL)
	return s, nil
}

// Run looks at the server, makes what is missing there, and looks again now and
// then, until ctx ends. A server that does not answer is no error.
func (s *Store) Run(ctx context.Context) error {
	s.mu.Lock()
	if s.running {
		s.mu.Unlock()
		return errors.New("series store is already running")
	}
	s.running = true
	s.mu.Unlock()

	wait := backoff.Backoff{Min: probeSoon, Max: probeLate}
	for {
		err := s.look(ctx)
		if ctx.Err() != nil || errors.Is(err, store.ErrClosed) {
			return nil
		}
		next := probeAgain
		if err != nil {
			next = wait.Next()
		} else {
			wait = backoff.Backoff{Min: probeSoon, Max: probeLate}
		}
		t := time.NewTimer(next)
		select {
		case <-ctx.Done():
			t.Stop()
			return nil
		case <-s.ended.Done():
			t.Stop()
			return nil
		case <-s.doubt:
			// Not at once: what raised the doubt would in a loop.
			t.Reset(min(next, wait.Next()))
			select {
			case <-ctx.Done():
			case <-s.ended.Done():
			case <-t.C:
			}
			t.Stop()
		case <-t.C:
		}
	}
}

// look finds out what the server is and what it has, and makes what is missing.
func (s *Store) look(ctx context.Context) error {
	ctx, done, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer done()
	probe, cancel := context.WithTimeout(ctx, probePatience)
	defer cancel()
	about, p, err := s.probe(probe)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil && probe.Err() != nil {
		err = &store.Unavailable{Err: fmt.Errorf("InfluxDB did not answer within %s", probePatience)}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	before, known := s.trouble, s.about
	s.trouble = err
	if about.Version == "" {
		about.Version = known.Version
	}
	s.about, s.state = about, err
	if errors.Is(err, store.ErrUnavailable) && s.writer != nil {
		// Calls find out by themselves when it is back.
		s.state = nil
	}
	if err == nil && (s.writer == nil || p != s.place) {
		s.place, s.writer = p, s.client.WriteAPIBlocking(s.o.Organization, p.bucket)
	}
	close(s.changed)
	s.changed = make(chan struct{})
	switch {
	case err == nil && (before != nil || known.Version == ""):
		s.log.Info("series are in InfluxDB", "server", about.Version, "place", about.Place)
		for _, w := range about.Warnings {
			s.log.Warn(w)
		}
	case err != nil && (before == nil || before.Error() != err.Error()):
		s.log.Error("series store cannot be used; samples wait in the outbox", "error", err)
	}
	return err
}

// begin counts a call under way, whose context ends with the store. It answers
// ErrClosed after Close.
func (s *Store) begin(ctx context.Context) (context.Context, func(), error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, nil, store.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	s.calls.Add(1)
	return ctx, s.calls.Done, nil
}

// ready gives the place of numbers, after the first look at the server. It
// waits for that one, and for no other.
func (s *Store) ready(ctx context.Context) (place, api.WriteAPIBlocking, error) {
	for {
		s.mu.Lock()
		p, w, state, ch := s.place, s.writer, s.state, s.changed
		s.mu.Unlock()
		if state == nil {
			return p, w, nil
		}
		if state != error(errStarting) {
			return place{}, nil, state
		}
		select {
		case <-ctx.Done():
			return place{}, nil, ctx.Err()
		case <-s.ended.Done():
			return place{}, nil, store.ErrClosed
		case <-ch:
		}
	}
}

// suspect has the server looked at again, because a call was refused in a way
// that a look may explain or mend.
func (s *Store) suspect(err error) {
	if !errors.Is(err, store.ErrConfiguration) {
		return
	}
	select {
	case s.doubt <- struct{}{}:
	default:
	}
}

// About is what is known of the server.
func (s *Store) About() About {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.about
}

// Stats implements store.Series. While the server cannot be used, Ready is 0
// and Problem says why. Bytes are not known: they are the server's.
func (s *Store) Stats(ctx context.Context) (store.SeriesStats, error) {
	ctx, done, err := s.begin(ctx)
	if err != nil {
		return store.SeriesStats{}, err
	}
	defer done()
	s.mu.Lock()
	about, p, state := s.about, s.place, s.state
	s.mu.Unlock()
	out := store.SeriesStats{Engine: "influx", Server: cmp.Or(about.Version, "InfluxDB") + ", " + about.Place, Warnings: about.Warnings, Abilities: about.Abilities}
	if state == nil {
		ask, cancel := context.WithTimeout(ctx, probePatience)
		defer cancel()
		out.Series, state = s.cardinality(ask, p)
		if ctx.Err() != nil {
			return out, ctx.Err()
		}
	}
	if state != nil {
		out.Problem = state.Error()
		return out, nil
	}
	out.Ready = 1
	return out, nil
}

// Sync implements store.Series: what Append answered for is durable.
func (s *Store) Sync(ctx context.Context) error {
	_, done, err := s.begin(ctx)
	if err != nil {
		return err
	}
	done()
	return nil
}

// Close ends the store. It waits for calls under way.
func (s *Store) Close() error {
	s.mu.Lock()
	closed := s.closed
	s.closed = true
	s.mu.Unlock()
	if closed {
		return nil
	}
	s.end()
	s.calls.Wait()
	s.client.Close()
	s.http.CloseIdleConnections()
	return nil
}
