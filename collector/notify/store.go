package notify

import (
	"context"
	"errors"
	"time"
)

// Item is an announcement on its way to one channel: cleaned, cut down to what
// its route allows, and waiting for a letter.
type Item struct {
	No           int64        `json:"no"` // by the store, in the order of announcements
	Channel      string       `json:"channel"`
	Route        string       `json:"route"`
	Announcement Announcement `json:"announcement"`
	Elsewhere    bool         `json:"elsewhere,omitempty"` // some of its devices are not for this route
	// Quiet: it makes no letter; it only tells those that wait that their
	// incident is over.
	Quiet bool `json:"quiet,omitempty"`

	Hold time.Time `json:"hold"` // no letter carries it before
	Due  time.Time `json:"due"`  // a letter is made now, with all whose Hold is over
	// Told is how many letters of the channel carried this incident before.
	// The store fills it in.
	Told int `json:"told,omitempty"`
}

// never is a Due that does not come: year 9999, which every store keeps.
var never = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// Sane is how far ahead a Hold or Due can lie. One beyond was set while a
// clock was wrong, and counts as come.
const Sane = 15 * 24 * time.Hour

// LetterState is how far a letter is.
type LetterState string

// The states.
const (
	Unsent LetterState = "unsent"
	Sent   LetterState = "sent"
	Failed LetterState = "failed" // put aside: nobody tries it again unless a person says so
)

// Letter is one message to one channel, fixed before it is first sent.
type Letter struct {
	ID        string      `json:"id"`
	Channel   string      `json:"channel"`
	Kind      MessageKind `json:"kind"`
	Routes    []string    `json:"routes,omitempty"`
	Incidents []int64     `json:"incidents,omitempty"`
	Subject   string      `json:"subject"`
	Formed    time.Time   `json:"formed"`
	Since     time.Time   `json:"since"` // it is tried from here on, for GiveUp
	State     LetterState `json:"state"`
	Attempts  int         `json:"attempts"`
	Tried     time.Time   `json:"tried,omitzero"`
	Next      time.Time   `json:"next,omitzero"`
	Said      string      `json:"said,omitempty"` // what the last attempt was told
	Message   Message     `json:"-"`              // only where a method says so
}

// Settlement is what becomes of waiting items, in one transaction. Items are
// named by their numbers; those that no longer wait are passed over.
type Settlement struct {
	Letter  *Letter // new, with its Message; carries Carried. One whose ID is there is left as it is
	Carried []int64
	Dropped []int64 // need not be told any more
	Late    []Late
}

// Late is an item that has to wait longer.
type Late struct {
	No   int64
	Hold time.Time
	Due  time.Time
}

// Mark is what an attempt came to.
type Mark struct {
	State LetterState
	At    time.Time
	Next  time.Time // Unsent: not before
	Said  string
}

// State is what the worker of a channel goes by.
type State struct {
	Unsent  []Letter             // with their messages, in the order they were formed
	Recent  []Letter             // formed since, in any state, without messages, in order
	Digests map[string]time.Time // when the last digest of each route was formed
}

// Count is what a channel has.
type Count struct {
	Channel string    `json:"channel"`
	Waiting int       `json:"waiting"` // items without a letter
	Unsent  int       `json:"unsent"`
	Sent    int       `json:"sent"` // as far back as letters are kept
	Failed  int       `json:"failed"`
	Dropped int       `json:"dropped"`       // items that needed no telling
	Storms  int       `json:"storms"`        // letters of the brake
	Last    time.Time `json:"last,omitzero"` // when one was last sent
}

// Query chooses letters.
type Query struct {
	Channel string      // empty: all
	State   LetterState // empty: all
	Limit   int         // 0: 100
}

// ErrNoLetter is a letter that is not there, or is not put aside.
var ErrNoLetter = errors.New("no letter with this ID is put aside")

// Store keeps announcements, items and letters. notifytest has its suite; each
// method is one transaction and durable when it returns.
type Store interface {
	// Pending lists announcements that are not dispatched, as they were
	// announced, at most limit.
	Pending(ctx context.Context, limit int) ([]Announcement, error)
	// Dispatch adds items and marks announcements as dispatched. An item whose
	// channel has its announcement already is left out, and a quiet one whose
	// incident has nothing waiting on its channel.
	Dispatch(ctx context.Context, ids []string, items []Item) error
	// Waiting tells the earliest Due of all items of a channel that no letter
	// carries; zero: nothing waits. When that has come at now, or lies further
	// ahead than Sane, it lists, as they were announced and at most limit,
	// those of incidents of which some item's Hold is over, or that far ahead.
	Waiting(ctx context.Context, channel string, now time.Time, limit int) (list []Item, due time.Time, err error)
	// Settle decides about waiting items. A letter of kind Summary becomes the
	// last digest of its first route.
	Settle(ctx context.Context, channel string, s Settlement) error
	// State reads a channel.
	State(ctx context.Context, channel string, since time.Time) (State, error)
	// Mark notes an attempt on a letter that is unsent.
	Mark(ctx context.Context, id string, m Mark) error

	// Letters lists the newest first, without messages.
	Letters(ctx context.Context, q Query) ([]Letter, error)
	// Again puts a letter that was put aside back in line, as new at now.
	// ErrNoLetter when there is none.
	Again(ctx context.Context, id string, now time.Time) error
	// Counts has a line for each channel, and how many announcements are not
	// dispatched.
	Counts(ctx context.Context) (channels []Count, pending int, err error)
	// Prune drops what was settled before: sent and failed letters, dropped
	// items, dispatched announcements. An announcement's ID is forgotten with
	// it.
	Prune(ctx context.Context, before time.Time) error
}
