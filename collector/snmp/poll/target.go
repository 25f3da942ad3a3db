package poll

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"muster/collector/snmp/session"
	"muster/internal/inventory"
	"muster/internal/report"
)

// Target is an address that is asked, and how.
type Target struct {
	ID         string // names it for ever; its place in the interval follows from it
	Address    netip.AddrPort
	Credential session.Credential
	Every      time.Duration      // between two rounds; 0: Options.Every
	Device     inventory.DeviceID // as known; empty until Registry says
}

// Asker is one device that is asked, and what asking it was like.
type Asker interface {
	session.Asker
	// Learned is what to begin the next session with.
	Learned() *session.Learned
	// Counts are packets sent, those not answered, and answers refused, since
	// it was opened.
	Counts() (requests, timeouts, refused int64)
	Close() error
}

// Pinger sends one ICMP echo.
type Pinger interface {
	Ping(ctx context.Context, addr netip.Addr, timeout time.Duration) (time.Duration, error)
}

// Reader knows what devices can be asked. Identify finds out who answers;
// kept is what Device.Keep gave before, or nil.
type Reader interface {
	Identify(ctx context.Context, a session.Asker, kept []byte) (Device, error)
}

// Device is one that was identified. It is used from one goroutine at a time.
type Device interface {
	Identity() Identity
	Paces() []Pace
	// Read asks for what is due. An error says that nothing was read; what
	// failed of it alone stands in the sections' status.
	Read(ctx context.Context, a session.Asker, due []string) (Reading, error)
	// Keep is what it wants to have back after a restart of the collector.
	Keep() ([]byte, error)
}

// Renewable is a Device that says when its Reader would see it otherwise by now,
// as after profiles were changed. When its slowest pace is due next, it is
// identified anew and read wholly.
type Renewable interface{ Stale() bool }

// Pace is a group of objects that are read at one rhythm.
type Pace struct {
	Name  string
	Every time.Duration
}

// Reading is what a round brought.
type Reading struct {
	Sections []report.Section // conforming or not; poll seals them
	Layout   report.Layout
	Values   []float64
	Events   []report.Event
	Clocks   Clocks
	Early    []string // paces that the device's own signs of change ask for now
	Again    []string // paces of which a part failed: they are not waited for in full
}

// Identity is who answers, as far as it says so itself. Texts are hostile.
type Identity struct {
	Kind, Name, Vendor, Model, Serial string
	Chassis                           string   // of LLDP or the bridge, lower case hexadecimal with colons
	Engine                            string   // hexadecimal
	MACs                              []string // of its own ports
	Addresses                         []netip.Addr
}

// brief is what same looks at: the rest would be most of what is kept of a
// target.
func (i Identity) brief() Identity { return Identity{Serial: i.Serial, Chassis: i.Chassis} }

// same says whether two identities can be one device: nothing that both tell
// and that is not shared between devices differs.
func (i Identity) same(o Identity) bool {
	if i.Serial != "" && o.Serial != "" {
		return i.Serial == o.Serial
	}
	return i.Chassis == "" || o.Chassis == "" || i.Chassis == o.Chassis
}

// Registry says which device of the inventory answers at a target, and makes
// one when there is none yet. It may answer an empty ID when people have to
// decide first: the target is then watched and nothing is kept of it.
type Registry interface {
	Device(ctx context.Context, t Target, who Identity) (inventory.DeviceID, error)
}

// Door takes reports, and single events that are told without one.
type Door interface {
	// Accept returns once what the answer acknowledges is durable. ErrBusy:
	// nothing was taken. ErrGone: the device is no longer in the inventory.
	Accept(ctx context.Context, id inventory.DeviceID, from netip.Addr, e *report.Envelope) (report.Answer, error)
	// Note keeps an event, which does not count as a sign of life.
	Note(ctx context.Context, id inventory.DeviceID, at time.Time, e report.Event) error
}

// Errors that a Door answers with.
var (
	ErrBusy = errors.New("reports are not taken just now")
	ErrGone = errors.New("device is not in the inventory")
)

// Memory keeps what is known of targets over a restart. What it gives back is
// what it was given, or nil.
type Memory interface {
	Recall(ctx context.Context, target string) ([]byte, error)
	Remember(ctx context.Context, kept map[string][]byte) error
}
