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

// Point is one reading of all series of a layout; NaN was not read.
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

// The aggregates. Rate is the per-second rise of a counter, resets apart.
const (
	Mean Aggregate = "mean"
	Min  Aggregate = "min"
	Max  Aggregate = "max"
	Last Aggregate = "last"
	Rate Aggregate = "rate"
)

// Matcher chooses series by a label; Values are alternatives, Not excludes.
type Matcher struct {
	Label  string
	Values []string
	Not    bool
}

// SeriesQuery asks for numbers of one field of the metric catalogue.
type SeriesQuery struct {
	Measurement string
	Field       string
	Matchers    []Matcher
	From, To    time.Time
	Step        time.Duration // 0: points as stored, with Aggregate Last
	Aggregate   Aggregate
	Limit       int // series at most; 0 means 1000
}

// SeriesResult is one series of an answer. Steps without points are absent.
type SeriesResult struct {
	Labels map[string]string `json:"labels"`
	Points []TimeValue       `json:"points"`
}

// TimeValue is a number at a time; of a step, the step's start.
type TimeValue struct {
	At    time.Time `json:"at"`
	Value float64   `json:"value"`
}

// ErrLoading says that the store is still opening; the text says how far.
var ErrLoading = errors.New("series store is loading")

// ErrLimit says that a query would return more series than its limit.
var ErrLimit = errors.New("too many series")

// Appended is what became of a write.
type Appended struct {
	Samples int // written
	Doubles int // already there, or older than the store takes
	Future  int
	NaN     int
	TooOld  int
}

// Series keeps numbers over time. Points are idempotent by series and time:
// writing one again changes nothing. Append returns when the points are
// readable; they need be durable only after Sync or Close, because the outbox
// keeps them until then. A batch whose layout has names that the metric
// catalogue does not know is written without them.
type Series interface {
	Append(ctx context.Context, batches []Batch) (Appended, error)
	// Query answers ErrLoading while opening, ErrLimit beyond q.Limit.
	Query(ctx context.Context, q SeriesQuery) ([]SeriesResult, error)
	// Retain drops what is older than keep.
	Retain(ctx context.Context, keep time.Duration, now time.Time) error
	// Stats says how many series are in memory and how many bytes on disk.
	Stats(ctx context.Context) (SeriesStats, error)
	Sync(ctx context.Context) error
	Close() error
}

// SeriesStats is what a series store holds.
type SeriesStats struct {
	Series int64   `json:"series"`
	Bytes  int64   `json:"bytes"`
	Ready  float64 `json:"ready"` // 0 to 1 while opening
}
