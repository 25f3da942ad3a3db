package store

import (
	"context"
	"errors"
	"time"

	"muster/internal/inventory"
	"muster/internal/report"
)

// Batch is the samples of one device under one layout, times ascending.
type Batch struct {
	Device inventory.DeviceID
	Host   string
	Hash   report.LayoutHash // names Layout, so that a store can remember what it resolved
	Layout report.Layout
	Points []Point
}

// Point is one reading of all series of a layout. NaN was not read; infinite
// numbers are taken for NaN, because JSON cannot say them.
type Point struct {
	At     int64 // Unix ms
	Values []float64
}

// Labels every series has beside those of its catalogue entry.
const (
	LabelDevice = "device_id"
	LabelHost   = "host"
)

// Aggregate is how a step's points become one.
type Aggregate string

// The aggregates of the points in a step.
//
// Rate is the rise of a counter per second. Each point with the one before it
// is a pair, and belongs to the step of the later point; that the earlier may
// lie in a step before, or before From, keeps a slow counter in short steps
// visible. A pair does not count when the counter fell (it was reset) or when
// it is further apart than Reach. The rate is the sum of the rises of the
// pairs by the sum of their seconds; a step without pairs is absent.
const (
	Mean Aggregate = "mean"
	Min  Aggregate = "min"
	Max  Aggregate = "max"
	Last Aggregate = "last"
	Rate Aggregate = "rate"
)

// Matcher chooses series by a label; Values are alternatives, Not excludes
// them. The empty text is the value of a label that a series does not have.
// Without Values nothing matches (with Not: everything), so that somebody
// whose scope has no devices sees none.
type Matcher struct {
	Label  string
	Values []string
	Not    bool
}

// SeriesQuery asks for numbers of one field of the metric catalogue, of the
// points from From (which is in) to To (which is not). Steps begin at
// multiples of Step since 1970, so that two questions about one hour see the
// same steps; the first may begin before From, but holds no point from there.
//
// Where points have become hourly figures (Retain), steps are made of these, a
// step shorter than an hour holding those of the hour that begins in it. Points
// as stored are then the last of each hour.
type SeriesQuery struct {
	Measurement string
	Field       string
	Matchers    []Matcher // all must hold
	From, To    time.Time
	Step        time.Duration // whole milliseconds; 0: points as stored, with Aggregate Last or none
	Aggregate   Aggregate     // none is Last
	Limit       int           // series at most; 0 means DefaultLimit
}

// SeriesResult is one series of an answer: all its labels, and points in the
// order of time. Steps without points are absent, as are series without any.
type SeriesResult struct {
	Labels map[string]string `json:"labels"`
	Points []TimeValue       `json:"points"`
}

// TimeValue is a number at a time (UTC); of a step, the step's start.
type TimeValue struct {
	At    time.Time `json:"at"`
	Value float64   `json:"value"`
}

// ErrLoading says that the store is still opening; the text says how far.
var ErrLoading = errors.New("series store is loading")

// ErrLimit says that a query would return more series than its limit, or more
// than MaxPoints points.
var ErrLimit = errors.New("too many series")

// ErrQuery says that a query makes no sense; the text says why.
var ErrQuery = errors.New("query cannot be answered")

// Errors of Append and Query by what a caller should do. Each text says what is
// wrong in words for the people who run the store, and holds no secret. Errors
// of none of these kinds, and not of ErrLoading, ErrClosed or ErrFatal, are not
// understood: try again, and blame a record only when others get through.
var (
	// ErrUnavailable: the store cannot be reached, is overloaded or is
	// starting. Nothing is wrong with the batches: try the same later, however
	// long it takes. What was appended before stays. See Unavailable for when.
	ErrUnavailable = errors.New("series store is not available")
	// ErrConfiguration: the store answers and will not have it until a person
	// changes something: credentials, rights, a limit of the server, a field
	// that somebody else keeps as another type. Every batch would meet the
	// same: try later, as with ErrUnavailable, and tell people.
	ErrConfiguration = errors.New("series store refuses the collector")
	// ErrPoison: the store refuses what one or some of the batches hold, and
	// would again. Others of the same call may be in or not; written without
	// the bad ones they go in. Who wrote several together finds the bad ones
	// by halves. A store answers this only when it knows that it is the
	// content: never for want of room, time or rights.
	ErrPoison = errors.New("series store refuses these samples")
)

// Unavailable is an ErrUnavailable of a store that says when to come again.
type Unavailable struct {
	After time.Duration // at least; 0: not said
	Err   error
}

func (e *Unavailable) Error() string { return ErrUnavailable.Error() + ": " + e.Err.Error() }

// Is makes it an ErrUnavailable.
func (e *Unavailable) Is(target error) bool { return target == ErrUnavailable }

// Unwrap gives the cause.
func (e *Unavailable) Unwrap() error { return e.Err }

// What stores take and give.
const (
	// Window is how far behind its newest point a store must still take one:
	// an agent keeps 7 days, intake clamps at 8, and a little is for the way.
	Window = 8*24*time.Hour + 2*time.Hour
	// Ahead is how far ahead of the clock a point may be. Intake clamps at ten
	// minutes; what is beyond an hour was let in by a wrong clock.
	Ahead = time.Hour
	// DefaultLimit is how many series a query without limit may return.
	DefaultLimit = 1000
	// MaxPoints is how many points one query may return, of all series.
	MaxPoints = 2_000_000
)

// Appended is what became of the values of a write. They sum up to all values.
type Appended struct {
	Samples int // written
	Doubles int // already there; 0 from a store that cannot tell
	Future  int // more than Ahead ahead of the clock
	NaN     int // not read, or infinite
	TooOld  int // older than the store takes
	Unknown int // names that are not in the metric catalogue, or no name at all
}

// Add adds up what became of two writes.
func (a *Appended) Add(b Appended) {
	a.Samples += b.Samples
	a.Doubles += b.Doubles
	a.Future += b.Future
	a.NaN += b.NaN
	a.TooOld += b.TooOld
	a.Unknown += b.Unknown
}

// Series keeps numbers over time. A series is a name and its labels: those of
// its layout, the device's ID and its host name, so that a renamed device goes
// on under new series. All methods may be called from several goroutines;
// after Close they answer ErrClosed.
type Series interface {
	// Append writes. Points are idempotent by series and time: writing one
	// again changes nothing, and of two values at one time one stays. It
	// returns when the points are readable; they need be durable only after
	// Sync or Close, because the outbox keeps them until then. It waits while
	// the store is opening. A batch whose layout has names or labels that the
	// metric catalogue does not know is written without them. After an error
	// some of the points may be in; the same call again is harmless. Errors
	// are ErrUnavailable, ErrConfiguration, ErrPoison, ErrLoading (it is being
	// opened anew, and what it took since the last Sync may be gone) and others.
	Append(ctx context.Context, batches []Batch) (Appended, error)
	// Query answers, sorted by labels. ErrLoading while opening, ErrLimit
	// beyond q.Limit or MaxPoints, ErrQuery for what makes no sense,
	// ErrUnavailable and ErrConfiguration of a store beside the collector.
	Query(ctx context.Context, q SeriesQuery) ([]SeriesResult, error)
	// Retain makes hourly figures of what is older than keep.Raw, drops the
	// points they are made of, and drops figures older than keep.Hourly: no
	// query sees them any more, the disk may follow later. Figures outlast a
	// restart, the times do not, so it is called at start and then now and
	// then. What comes later for a time that has figures already is TooOld. It
	// may take long where much is to be made, and goes on where it was stopped.
	Retain(ctx context.Context, keep SeriesRetention, now time.Time) error
	// Stats says how many series are in memory and how many bytes on disk.
	// It answers while opening too.
	Stats(ctx context.Context) (SeriesStats, error)
	// Sync returns when all that was appended before survives a power cut. An
	// error is fatal: what the disk holds is not known any more.
	Sync(ctx context.Context) error
	// Close makes all durable and ends the store. It waits for calls under
	// way. Closing twice is no error.
	Close() error
}

// ErrClosed says that a store was closed.
var ErrClosed = errors.New("store is closed")

// SeriesStats is what a series store holds.
type SeriesStats struct {
	Series   int64    `json:"series"`             // 0 too of a store beside the collector that does not say
	Bytes    int64    `json:"bytes"`              // 0: not known, of a store beside the collector
	Ready    float64  `json:"ready"`              // 0 to 1 while opening; 0 while it cannot be used
	Engine   string   `json:"engine,omitempty"`   // tsdb, influx
	Server   string   `json:"server,omitempty"`   // of a store beside the collector: what it is and where
	Problem  string   `json:"problem,omitempty"`  // why it cannot be used
	Warnings []string `json:"warnings,omitempty"` // what somebody should look at, each with what to do

	Abilities []Ability `json:"abilities,omitempty"` // of a store beside the collector: what was found of it
}

// Ability is one thing that a server can or has, and how.
type Ability struct {
	Name  string `json:"name"`
	Found string `json:"found"`
}
