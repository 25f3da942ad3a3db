package store

import (
	"context"
	"time"

	"muster/internal/inventory"
	"muster/internal/report"
)

// Head is how far a device's epoch is taken in: everything up to Seq is
// durable, or known to be lost (Gaps).
type Head struct {
	Epoch uint64
	Seq   uint64
	Body  inventory.Hash // of the report numbered Seq
}

// SectionState is what is known of a section's last reading.
type SectionState struct {
	Hash    inventory.Hash // as the device computed it
	Status  report.Status
	Sources []string // asked since the last ok reading, that one included
}

// DeviceState is what intake must know of a device to judge its next report.
type DeviceState struct {
	Heads     []Head // newest epoch first
	Machine   [8]byte
	Sections  map[string]SectionState
	SeenAt    time.Time
	FirstSeen time.Time // when the device was added
	Merged    inventory.DeviceID
	Retired   bool
	Name      string
}

// Entry is one report as intake hands it to the store: already checked, timed
// and in sequence.
type Entry struct {
	Device     inventory.DeviceID
	Head       Head      // after this report; zero for what the collector itself has to tell of a device
	At         time.Time // the report's time, clamped
	ReceivedAt time.Time
	Offset     time.Duration // device's clock minus ours
	Address    string
	Machine    [8]byte
	Sections   []SectionReading
	Events     []EventReading
	Gaps       []report.Gap // ranges of the head's epoch that will never come
	Layouts    []report.Layout
}

// SectionReading is one reading of a section, conforming to the catalogue.
type SectionReading struct {
	Section *inventory.Section
	Status  report.Status
	Reason  string
	Sources []string
	At      time.Time
	Took    time.Duration
	Hash    inventory.Hash
	Table   inventory.Table
}

// EventReading is one event to store.
type EventReading struct {
	Kind       string
	At         time.Time
	Count      int64
	Attributes map[string]string
}

// NewDevice is a device at its birth.
type NewDevice struct {
	ID         inventory.DeviceID
	Kind       string
	Name       string
	Site       int64 // 0: none yet
	Labels     []string
	ForkedFrom inventory.DeviceID
	At         time.Time
}

// Retention says how long what is no longer true is kept; zero keeps for ever.
type Retention struct {
	ClosedRows time.Duration // also of findings and incidents that ended
	Events     time.Duration
}

// Counts is what the store holds.
type Counts struct {
	Devices     int   `json:"devices"`
	Rows        int64 `json:"rows"`
	CurrentRows int64 `json:"current_rows"`
	Events      int64 `json:"events"`
	Findings    int64 `json:"findings"`  // that are not resolved
	Incidents   int64 `json:"incidents"` // likewise
	Bytes       int64 `json:"bytes"`
}

// Inventory keeps devices, their sections with history, and what people add.
// Every method returns ErrNotFound for a thing that is not there or not in
// scope. A method that returns nil has made its change durable. All methods
// may be called from several goroutines, except Commit, which intake calls
// from one.
type Inventory interface {
	// AddDevice creates a device; ErrConflict when the ID exists.
	AddDevice(ctx context.Context, d NewDevice) error
	// State loads what intake needs; ErrNotFound for an unknown device.
	State(ctx context.Context, id inventory.DeviceID) (DeviceState, error)
	// Commit takes a group of reports in one transaction: all or none. An entry
	// whose head is not beyond the stored one of its epoch is a repeat and
	// changes nothing. Rows begin at their reading's time, but never before
	// what the store holds of the device. ErrFull when the disk is; ErrFatal
	// when the process must stop.
	Commit(ctx context.Context, entries []Entry) error
	// Layout finds a layout that some Commit brought.
	Layout(ctx context.Context, h report.LayoutHash) (report.Layout, error)

	// Devices lists. The order is total, so that pages neither repeat nor skip.
	Devices(ctx context.Context, q DeviceQuery) (DevicePage, error)
	// Breakdown counts devices by what lists are narrowed by; of q it takes what
	// chooses them.
	Breakdown(ctx context.Context, q DeviceQuery) (Breakdown, error)
	// Device finds one by ID; a merged one is found too.
	Device(ctx context.Context, s Scope, id inventory.DeviceID) (Device, error)
	// Resolve finds a device by ID, start of ID (8 characters or more), name,
	// serial or asset tag. ErrAmbiguous names the candidates.
	Resolve(ctx context.Context, s Scope, ref string) (inventory.DeviceID, error)
	// Sections gives sections of a device as they were at a time; zero is now.
	// Without names it gives all that were ever read. How a reading went is
	// kept of the last one only: for times before it Status is empty.
	Sections(ctx context.Context, id inventory.DeviceID, at time.Time, names []string) ([]SectionView, error)
	// Rows hands rows of a section of all devices in scope to f, device by
	// device, all of one state of the store; merged devices are left out. It
	// ends with the first error of f.
	Rows(ctx context.Context, q RowQuery, f func(*Row) error) error
	// Installs hands where programs of these names are and were to f, device by
	// device, all of one state of the store; merged devices are left out. It ends
	// with the first error of f.
	Installs(ctx context.Context, s Scope, names []string, f func(*Install) error) error
	// Journal lists changes of rows, newest first. What a section's first good
	// reading found is one line, verb first_read.
	Journal(ctx context.Context, q JournalQuery) ([]Change, error)
	// Events lists events, newest first.
	Events(ctx context.Context, q EventQuery) ([]EventRow, error)
	// Software lists titles by how many devices have them.
	Software(ctx context.Context, q SoftwareQuery) ([]SoftwareTitle, error)
	// Gaps lists the ranges of reports that never came.
	Gaps(ctx context.Context, id inventory.DeviceID) ([]report.Gap, error)

	// SetPeople replaces the people's fields of a device.
	SetPeople(ctx context.Context, id inventory.DeviceID, p People) error
	// SetSite moves a device; site 0 takes it out of any. byHand keeps subnet
	// rules from moving it again.
	SetSite(ctx context.Context, id inventory.DeviceID, site int64, byHand bool) error
	// SetLabels replaces a device's labels.
	SetLabels(ctx context.Context, id inventory.DeviceID, labels []string) error
	// Retire marks or unmarks (zero time) a device as out of use.
	Retire(ctx context.Context, id inventory.DeviceID, at time.Time) error
	// SetPresence stores what presence was last judged to be.
	SetPresence(ctx context.Context, states map[inventory.DeviceID]Presence) error

	// Merge hides old behind into and copies people's fields that are empty
	// there. Undo takes it back.
	Merge(ctx context.Context, old, into inventory.DeviceID, by, reason string, at time.Time) (Merge, error)
	UndoMerge(ctx context.Context, id int64, by string, at time.Time) (Merge, error)
	Merges(ctx context.Context, s Scope) ([]Merge, error)

	// Places and groups. Put creates with ID 0 and else replaces; Delete of an
	// agency with sites or a site with devices is ErrConflict.
	Agencies(ctx context.Context, s Scope) ([]Agency, error)
	PutAgency(ctx context.Context, a Agency) (Agency, error)
	DeleteAgency(ctx context.Context, name string) error
	Sites(ctx context.Context, s Scope) ([]Site, error)
	PutSite(ctx context.Context, x Site) (Site, error)
	DeleteSite(ctx context.Context, agency, name string) error
	Labels(ctx context.Context, s Scope) (map[string]int, error) // label to number of devices
	Groups(ctx context.Context) ([]Group, error)
	PutGroup(ctx context.Context, g Group) (Group, error)
	DeleteGroup(ctx context.Context, name string) error

	// Retain removes what is older than r says and answers how many rows.
	Retain(ctx context.Context, r Retention, now time.Time) (int64, error)
	Counts(ctx context.Context) (Counts, error)
	Close() error
}
