package report

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
	"time"

	"muster/internal/inventory"
)

// Envelope is the body of one request.
type Envelope struct {
	Version int      `cbor:"1,keyasint"`
	Epoch   uint64   `cbor:"2,keyasint"`
	Oldest  uint64   `cbor:"3,keyasint,omitempty"` // first seq the sender can still send; 0 = the first one here
	Known   [8]byte  `cbor:"4,keyasint"`           // Answer.Known of the last answer taken to heart
	Reports []Report `cbor:"5,keyasint"`

	// The sender's clocks at the moment of sending. With them a collector
	// finds the true time of a report whose wall clock was years off.
	Sent int64   `cbor:"6,keyasint,omitempty"` // Unix ms
	Mono int64   `cbor:"7,keyasint,omitempty"` // ms since boot, sleep included
	Boot [8]byte `cbor:"8,keyasint"`

	Layouts []Layout `cbor:"9,keyasint,omitempty"` // when the last answer asked for them
}

// Report is what one device said at one time.
type Report struct {
	Seq      uint64                    `cbor:"1,keyasint"`
	Time     int64                     `cbor:"2,keyasint"` // Unix ms by the device's clock
	Mono     int64                     `cbor:"3,keyasint,omitempty"`
	Boot     [8]byte                   `cbor:"4,keyasint"`
	Machine  [8]byte                   `cbor:"5,keyasint"`
	Root     inventory.Hash            `cbor:"6,keyasint"`
	Sections []Section                 `cbor:"7,keyasint,omitempty"`
	Hashes   map[string]inventory.Hash `cbor:"8,keyasint,omitempty"`
	Layouts  []Layout                  `cbor:"9,keyasint,omitempty"`
	Samples  []Sample                  `cbor:"10,keyasint,omitempty"`
	Events   []Event                   `cbor:"11,keyasint,omitempty"`
	Gaps     []Gap                     `cbor:"12,keyasint,omitempty"`

	// Body is the hash of the report's own bytes as they arrived, set by
	// Decode: two bodies under one sequence number are two machines.
	Body inventory.Hash `cbor:"-"`
}

// Status says how the reading of a section went.
type Status uint8

// The statuses. Only OK says that what is absent is gone.
const (
	OK          Status = iota
	Partial            // some of it could not be read; what is absent may still be there
	Unsupported        // this system cannot answer it
	Denied             // the agent lacks a right
	Failed
	statuses
)

var statusNames = [...]string{"ok", "partial", "unsupported", "denied", "failed"}

func (s Status) String() string {
	if s < statuses {
		return statusNames[s]
	}
	return fmt.Sprintf("status(%d)", uint8(s))
}

// ParseStatus reads a status by name.
func ParseStatus(name string) (Status, error) {
	for i, n := range statusNames {
		if n == name {
			return Status(i), nil
		}
	}
	return 0, fmt.Errorf("status %q is none of ok, partial, unsupported, denied, failed", name)
}

// Section is one reading of one inventory section.
type Section struct {
	Name    string         `cbor:"1,keyasint"`
	Status  Status         `cbor:"2,keyasint,omitempty"`
	Reason  string         `cbor:"3,keyasint,omitempty"`
	Sources []string       `cbor:"4,keyasint,omitempty"` // what was asked, such as dpkg or rpm; rows close only under equal sources
	At      int64          `cbor:"5,keyasint,omitempty"` // ms before Report.Time
	Took    int64          `cbor:"6,keyasint,omitempty"` // ms
	Columns []string       `cbor:"7,keyasint,omitempty"`
	Rows    [][]any        `cbor:"8,keyasint,omitempty"`
	Hash    inventory.Hash `cbor:"9,keyasint"`
}

// Seal sets the section's hash. That of a good reading is the hash of its
// content, so that a collector can compute it from its own rows; that of any
// other reading covers status and reason too, so that their change is told.
func (s *Section) Seal(sec *inventory.Section, conforming inventory.Table) {
	s.Hash = sec.HashTable(conforming)
	if s.Status == OK {
		return
	}
	h := sha256.New()
	h.Write(s.Hash[:])
	h.Write([]byte{byte(s.Status)})
	h.Write([]byte(s.Reason))
	copy(s.Hash[:], h.Sum(nil))
}

// Table is the section's content.
func (s Section) Table() inventory.Table {
	return inventory.Table{Columns: s.Columns, Rows: s.Rows}
}

// Label is a tag of a series.
type Label struct {
	_     struct{} `cbor:",toarray"`
	Key   string
	Value string
}

// Series names one series as the metric catalogue does.
type Series struct {
	_           struct{} `cbor:",toarray"`
	Measurement string
	Field       string
	Labels      []Label // sorted by key
}

// Layout is the names of the values of a sample, in order.
type Layout []Series

// LayoutHash names a layout by its content.
type LayoutHash [8]byte

// Hash is the layout's name on the wire: the first 8 bytes of a SHA-256 over
// its texts, each with a length before it.
func (l Layout) Hash() LayoutHash {
	h := sha256.New()
	writeInt(h, len(l))
	for _, s := range l {
		writeText(h, s.Measurement)
		writeText(h, s.Field)
		writeInt(h, len(s.Labels))
		for _, x := range s.Labels {
			writeText(h, x.Key)
			writeText(h, x.Value)
		}
	}
	return LayoutHash(h.Sum(nil)[:8])
}

func writeInt(h hash.Hash, n int) {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(n))
	h.Write(b[:])
}

func writeText(h hash.Hash, s string) {
	writeInt(h, len(s))
	h.Write([]byte(s))
}

// Sample is one reading of all numbers of a layout.
type Sample struct {
	Layout LayoutHash `cbor:"1,keyasint"`
	At     int64      `cbor:"2,keyasint,omitempty"` // ms before Report.Time
	Values Values     `cbor:"3,keyasint"`           // NaN where nothing could be read
}

// Event is something that happened once, of a kind in the event catalogue.
type Event struct {
	Kind       string            `cbor:"1,keyasint"`
	At         int64             `cbor:"2,keyasint,omitempty"` // ms before Report.Time
	Attributes map[string]string `cbor:"3,keyasint,omitempty"`
	Count      int64             `cbor:"4,keyasint,omitempty"` // how often since the last report; 0 means 1
}

// Gap is a range of sequence numbers, both ends included, that the spool had
// to drop.
type Gap struct {
	_    struct{} `cbor:",toarray"`
	From uint64
	To   uint64
}

// Answer is what the collector says to an envelope it took.
type Answer struct {
	Acked   uint64    `cbor:"1,keyasint"`           // highest contiguous seq that is durable; everything up to it may be forgotten
	Now     int64     `cbor:"2,keyasint"`           // collector's clock, Unix ms
	Next    int64     `cbor:"3,keyasint"`           // seconds until the next report is welcome
	Resend  uint64    `cbor:"4,keyasint,omitempty"` // send again from this seq on
	Want    []string  `cbor:"5,keyasint,omitempty"` // sections to send whole; WantHashes asks for Report.Hashes
	Layouts bool      `cbor:"6,keyasint,omitempty"` // a layout was not known: send the layouts again, with the samples since Acked
	Rekey   bool      `cbor:"7,keyasint,omitempty"` // this machine is not the one the key was made on: make a new key and renew with Fork
	Refused []Refused `cbor:"8,keyasint,omitempty"` // reports that can never be taken

	// Known and Policy: what the device should hold. Policy comes only when
	// the envelope's Known was another one.
	Known  [8]byte `cbor:"9,keyasint"`
	Policy *Policy `cbor:"10,keyasint,omitempty"`
}

// WantHashes in Answer.Want asks for the hashes of all sections.
const WantHashes = "*"

// Refused names a report that is broken for ever.
type Refused struct {
	Seq    uint64 `cbor:"1,keyasint"`
	Reason string `cbor:"2,keyasint"`
}

// Policy is what the collector wishes of an agent. It holds no paths, no
// commands and no URLs except the collector's own addresses.
type Policy struct {
	SampleSeconds int64            `cbor:"1,keyasint,omitempty"`
	Off           []string         `cbor:"2,keyasint,omitempty"` // sections not to be read
	Cadence       map[string]int64 `cbor:"3,keyasint,omitempty"` // seconds, by section
	PerCore       bool             `cbor:"4,keyasint,omitempty"` // also the series of each core
	PerProcess    bool             `cbor:"5,keyasint,omitempty"` // also the top processes
	CAs           [][]byte         `cbor:"6,keyasint,omitempty"` // DER; the set to trust from now on
	Addresses     []string         `cbor:"7,keyasint,omitempty"` // host:port of the collectors
}

// Refusal is the body of an answer with a status from 400 up.
type Refusal struct {
	Code    string `cbor:"1,keyasint" json:"code"`
	Message string `cbor:"2,keyasint" json:"message"`
	Now     int64  `cbor:"3,keyasint,omitempty" json:"now,omitempty"`
}

// Codes of refusals on /v1/reports.
const (
	CodeMalformed = "malformed"           // 400: these bytes are never taken
	CodeVersion   = "unknown_version"     // 400: the collector is older than the agent
	CodeTooLarge  = "too_large"           // 413
	CodeConflict  = "conflict"            // 409: this seq was taken with another body
	CodeBusy      = "busy"                // 429, 503: with Retry-After
	CodeUnknown   = "unknown_device"      // 401: enrol again
	CodeRevoked   = "revoked"             // 403: enrol again with a new invitation
	CodeExpired   = "certificate_expired" // 401: renew
)

// When is the time a part of a report speaks of.
func (r *Report) When(msBefore int64) time.Time {
	return time.UnixMilli(r.Time - msBefore)
}
