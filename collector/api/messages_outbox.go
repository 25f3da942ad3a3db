package api

import (
	"time"

	"muster/internal/inventory"
)

// OutboxStatus is what waits for the stores of numbers.
type OutboxStatus struct {
	Records    int64   `json:"records" doc:"Records that wait."`
	Bytes      int64   `json:"bytes" doc:"Room used, records kept for replay included."`
	LimitBytes int64   `json:"limit_bytes"`
	Fill       float64 `json:"fill_ratio" doc:"Share of the room that is taken by what cannot be given up. From 0.8 on reports are put off."`
	LagSeconds float64 `json:"lag_seconds" doc:"Age of the oldest record that waits."`
	Poisoned   int64   `json:"poisoned" doc:"Records put aside because a store refuses them, since the outbox was made."`
	// Kept is how many of them can be taken back or dropped.
	Kept      int           `json:"kept" doc:"Records put aside that are still there: outbox-aside lists them."`
	KeptBytes int64         `json:"kept_bytes"`
	Lost      int64         `json:"lost" doc:"Records put aside that were let go since the start, for want of room."`
	Newest    uint64        `json:"newest" doc:"Number of the newest record."`
	Arriving  float64       `json:"arriving_per_second" doc:"Records that came a second, over the last minute."`
	Closed    bool          `json:"closed,omitempty" doc:"No reports are taken, so that it runs empty."`
	Stores    []OutboxStore `json:"stores" nullable:"false"`
}

// OutboxStore is how far one store of numbers is behind.
type OutboxStore struct {
	Name          string     `json:"name" doc:"series is the embedded store, influx an InfluxDB."`
	State         string     `json:"state" doc:"current; behind: it takes, and is not through; unavailable: it is tried again and again; refuses: somebody has to change something."`
	Records       int64      `json:"records" doc:"Records that wait for it."`
	Bytes         int64      `json:"bytes" doc:"Of these, about."`
	OldestAt      *time.Time `json:"oldest_at,omitempty" doc:"When the oldest of them came."`
	BehindSeconds float64    `json:"behind_seconds" doc:"Its age."`
	Done          uint64     `json:"done" doc:"Number of the last record that it has."`
	Again         int64      `json:"again" doc:"Records that it had, and is given once more after a start because it may have lost some."`
	Since         *time.Time `json:"since,omitempty" doc:"When it stopped taking numbers; absent: it takes."`
	Error         string     `json:"error,omitempty" doc:"Why, in its words."`
	Tries         int        `json:"tries,omitempty" doc:"Since then."`
	NextAt        *time.Time `json:"next_at,omitempty" doc:"When it is tried again."`
	Rate          float64    `json:"records_per_second" doc:"Records that it takes a second while there are some. 0: not known."`
	CaughtUpIn    *float64   `json:"caught_up_in_seconds,omitempty" doc:"Estimate of when it is through. Absent: it is, or nobody can tell."`
	Poisoned      int64      `json:"poisoned" doc:"Records put aside because it refuses them, since the outbox was made."`
}

// States of an OutboxStore.
const (
	StoreCurrent     = "current"
	StoreBehind      = "behind"
	StoreUnavailable = "unavailable"
	StoreRefuses     = "refuses"
)

// BehindAfter is from which age of the oldest waiting record on a store is
// called behind, in seconds. Agents report each minute; a slow commit is not
// worth a word.
const BehindAfter = 15

// OutboxAsideInput asks for records that stores refuse.
type OutboxAsideInput struct {
	Limit int `query:"limit" minimum:"0" maximum:"10000" doc:"Records in one answer, newest first. 0 is 1,000."`
}

// OutboxAside is records that stores refuse, newest first.
type OutboxAside struct {
	Records []AsideRecord `json:"records" nullable:"false"`
	Total   int           `json:"total"`
}

// AsideRecord is one record that a store refuses.
type AsideRecord struct {
	Number   uint64             `json:"number" doc:"For outbox-retry and outbox-drop."`
	Store    string             `json:"store" doc:"That refuses it."`
	Device   inventory.DeviceID `json:"device,omitempty" doc:"That reported it; empty when the record cannot be read."`
	Host     string             `json:"host,omitempty"`
	CameAt   time.Time          `json:"came_at"`
	AsideAt  time.Time          `json:"aside_at"`
	Reason   string             `json:"reason" doc:"In the words of the store."`
	Bytes    int64              `json:"bytes"`
	Readings int                `json:"readings" doc:"Times at which numbers were read."`
}

// OutboxChoiceInput chooses records that were put aside.
type OutboxChoiceInput struct {
	Body OutboxChoice
}

// OutboxChoice is some of them or all.
type OutboxChoice struct {
	Numbers []uint64 `json:"numbers,omitempty" maxItems:"10000"`
	All     bool     `json:"all,omitempty" doc:"Instead of numbers."`
}

// OutboxChanged is what became of them.
type OutboxChanged struct {
	Records int `json:"records"`
}

// OutboxDrainInput moves what waits.
type OutboxDrainInput struct {
	Body OutboxDrain
}

// OutboxDrain says whether reports are taken meanwhile.
type OutboxDrain struct {
	Close *bool `json:"close,omitempty" doc:"True: no reports are taken until told otherwise or until a restart, so that the outbox runs empty. False: they are taken again. Absent: it stays as it is."`
}
