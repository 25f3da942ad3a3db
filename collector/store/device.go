package store

import (
	"errors"
	"time"

	"muster/collector/search"
	"muster/internal/inventory"
)

// Errors that callers tell apart.
var (
	ErrNotFound  = errors.New("not found")
	ErrAmbiguous = errors.New("ambiguous") // several devices answer to that name
	ErrConflict  = errors.New("conflict")  // a name is taken, or the thing is in use
	ErrFuture    = errors.New("database is newer than this program")
	ErrFull      = errors.New("no space left in the store")
	// ErrBusy is a store that another program holds, or a server that cannot be
	// reached or refuses the collector: nothing was written, and a later try may
	// succeed.
	ErrBusy = errors.New("the database cannot be used just now")
	// ErrFatal says that nothing more may be written: an fsync failed or the
	// file is damaged. The process must stop and start again; trying again in
	// the same process would answer for what is not on disk.
	ErrFatal = errors.New("the store cannot be trusted")
	// ErrPersonal says that a filter asks for facts of persons and that the
	// caller lacks the right to see them.
	ErrPersonal = errors.New("needs the right to see personal facts")
)

// Scope is what a caller may see: everything, or some agencies and sites.
type Scope struct {
	All      bool
	Agencies []int64
	Sites    []int64
}

// Presence is whether a device can be expected to answer.
type Presence string

// The states of presence.
const (
	Online  Presence = "online"
	Asleep  Presence = "asleep"
	Away    Presence = "away"
	Missing Presence = "missing"
	Retired Presence = "retired"
)

// Device is one device as lists show it.
type Device struct {
	ID           inventory.DeviceID `json:"id"`
	Kind         string             `json:"kind"` // pc, server, switch …
	Name         string             `json:"name"` // host name as last reported
	Agency       string             `json:"agency,omitempty"`
	Site         string             `json:"site,omitempty"`
	Labels       []string           `json:"labels,omitempty"`
	Presence     Presence           `json:"presence"`
	Address      string             `json:"address,omitempty"` // last peer address
	AgentVersion string             `json:"agent_version,omitempty"`
	OS           string             `json:"os,omitempty"`
	Vendor       string             `json:"vendor,omitempty"`
	Model        string             `json:"model,omitempty"`
	Serial       string             `json:"serial,omitempty"`
	User         string             `json:"user,omitempty"` // personal
	MemoryBytes  int64              `json:"memory_bytes,omitempty"`
	FirstSeen    time.Time          `json:"first_seen"`
	LastSeen     time.Time          `json:"last_seen,omitzero"` // receipt time of the last report
	ClockOffset  float64            `json:"clock_offset_seconds,omitempty"`
	RetiredAt    time.Time          `json:"retired_at,omitzero"`
	MergedInto   inventory.DeviceID `json:"merged_into,omitempty"`
	ForkedFrom   inventory.DeviceID `json:"forked_from,omitempty"`
	People       People             `json:"people"`
	// Severity is that of its worst incident that wants somebody: of a device in
	// use, open, not snoozed, no upkeep, and not there when the device came; empty
	// is none. Device tells it, and Devices where it is asked for.
	Severity string `json:"severity,omitempty"`
}

// People are the fields that people keep, apart from observed facts.
type People struct {
	AssetTag   string `json:"asset_tag,omitempty"`
	Owner      string `json:"owner,omitempty"` // personal
	Department string `json:"department,omitempty"`
	Purchased  string `json:"purchased,omitempty"` // YYYY-MM-DD
	Warranty   string `json:"warranty,omitempty"`  // YYYY-MM-DD, last day
	Note       string `json:"note,omitempty"`
}

// DeviceQuery asks for a list of devices.
type DeviceQuery struct {
	Scope    Scope
	Filter   search.Expr // nil: all
	Sort     string      // a column of Device by its JSON name, "-" before it for descending; default name
	Limit    int         // 0: no limit
	After    string      // cursor of the page before
	Merged   bool        // also devices merged into others
	Personal bool        // the caller may filter by personal facts
	Now      time.Time   // what seen>7d counts from
	Severity bool        // tell the severity of each
	Builds   bool        // count builds in a breakdown
}

// DevicePage is one page of a list.
type DevicePage struct {
	Devices []Device
	Total   int    // of all pages
	Next    string // cursor, empty on the last page
}

// SectionView is a section of a device as it was at one time.
type SectionView struct {
	Name    string          `json:"name"`
	Status  string          `json:"status"`
	Reason  string          `json:"reason,omitempty"`
	Sources []string        `json:"sources,omitempty"`
	ReadAt  time.Time       `json:"read_at"`           // last reading of any status
	GoodAt  time.Time       `json:"good_at,omitzero"`  // last ok reading
	TookMS  int64           `json:"took_ms,omitempty"` //
	Table   inventory.Table `json:"-"`                 // every column of the section
	From    []time.Time     `json:"-"`                 // of each row
}

// Change is a line of a device's journal.
type Change struct {
	At      time.Time          `json:"at"`
	Device  inventory.DeviceID `json:"device"`
	Name    string             `json:"name"` // of the device
	Section string             `json:"section"`
	Verb    string             `json:"verb"` // added, removed, changed; first_read: After holds the number of rows
	Key     map[string]any     `json:"key,omitempty"`
	Before  map[string]any     `json:"before,omitempty"` // changed or removed columns
	After   map[string]any     `json:"after,omitempty"`
}

// JournalQuery asks for changes, newest first.
type JournalQuery struct {
	Scope    Scope
	Devices  []inventory.DeviceID // empty: all in scope
	Sections []string             // empty: all
	From, To time.Time            // zero: open
	Limit    int
}

// EventRow is one stored event.
type EventRow struct {
	At         time.Time          `json:"at"`
	ReceivedAt time.Time          `json:"received_at"`
	Device     inventory.DeviceID `json:"device"`
	Name       string             `json:"name"` // of the device
	Kind       string             `json:"kind"`
	Count      int64              `json:"count"`
	Attributes map[string]string  `json:"attributes,omitempty"`
}

// EventQuery asks for events, newest first.
type EventQuery struct {
	Scope    Scope
	Devices  []inventory.DeviceID
	Kinds    []string
	From, To time.Time
	Limit    int
}

// SoftwareTitle is a program and how far it is spread.
type SoftwareTitle struct {
	Name      string `json:"name"`
	Publisher string `json:"publisher,omitempty"`
	Version   string `json:"version,omitempty"` // empty when versions are folded
	Versions  int    `json:"versions"`
	Devices   int    `json:"devices"`
}

// SoftwareQuery asks for titles, most spread first.
type SoftwareQuery struct {
	Scope    Scope
	Name     string // part of the name; empty: all
	Versions bool   // one line per version
	Limit    int
}

// Agency has sites; a device has at most one site.
type Agency struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

// Site is a place of an agency.
type Site struct {
	ID      int64    `json:"id"`
	Agency  string   `json:"agency"`
	Name    string   `json:"name"`
	Subnets []string `json:"subnets,omitempty"` // CIDR: devices reporting from there belong here
}

// Group is devices chosen by a filter, with agent settings.
type Group struct {
	ID       int64         `json:"id"`
	Name     string        `json:"name"`
	Filter   string        `json:"filter"`
	Priority int64         `json:"priority"` // of two groups that set the same, the higher wins
	Settings GroupSettings `json:"settings"`
}

// GroupSettings is what a group may set on agents: never a path or a URL.
type GroupSettings struct {
	SampleSeconds int64            `json:"sample_seconds,omitempty"`
	Off           []string         `json:"off,omitempty"`
	Cadence       map[string]int64 `json:"cadence,omitempty"` // seconds by section
	PerCore       bool             `json:"per_core,omitempty"`
	PerProcess    bool             `json:"per_process,omitempty"`
}

// Merge is a decision that two records are one machine. Nothing is mixed: the
// old record stays whole and is hidden behind the new one, so undoing is
// taking the sign away.
type Merge struct {
	ID       int64              `json:"id"`
	Old      inventory.DeviceID `json:"old"`
	Into     inventory.DeviceID `json:"into"`
	By       string             `json:"by"`
	At       time.Time          `json:"at"`
	Reason   string             `json:"reason,omitempty"`
	UndoneAt time.Time          `json:"undone_at,omitzero"`
	UndoneBy string             `json:"undone_by,omitempty"`
	Carried  People             `json:"carried"` // people's fields copied to Into because they were empty there
}
