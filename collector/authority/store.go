package authority

import (
	"context"
	"errors"
	"net/netip"
	"time"

	"muster/internal/enroll"
	"muster/internal/inventory"
)

// Errors of a Store, to be told apart by errors.Is.
var (
	ErrNotFound  = errors.New("not found")
	ErrUsedUp    = errors.New("the token is used up or no longer good")
	ErrKeyExists = errors.New("the key is known already")
	ErrConflict  = errors.New("somebody else was faster")
)

// Store keeps what this package must remember over restarts. Every method
// that changes something is one transaction, durable when it returns nil, and
// all of it or nothing. All may be called from several goroutines and, over a
// shared database, from several collectors. Times come back in UTC and to the
// millisecond. authoritytest.Suite holds a store to these words.
type Store interface {
	Tokens
	Identities
	Approvals
	Authorities
}

// Tokens keeps what lets devices in.
type Tokens interface {
	// PutToken adds a token. For a hash that exists it changes only ExpiresAt
	// and RevokedAt: a count of uses is never set back.
	PutToken(ctx context.Context, t Token) error
	// Token finds by hash; ErrNotFound.
	Token(ctx context.Context, hash [32]byte) (Token, error)
	// AllTokens lists them, newest first.
	AllTokens(ctx context.Context) ([]Token, error)
}

// Identities keeps devices and their keys.
type Identities interface {
	// Issue writes a certificate down, in this order:
	//
	// With Token: takes one use — UPDATE … SET uses_left = uses_left - 1 WHERE
	// hash = ? AND uses_left > 0 AND revoked_at = 0 AND (expires_at > now OR
	// an Approval is given) — and answers ErrUsedUp when no row changed.
	//
	// With Previous: ErrConflict unless that key exists, its device is not
	// revoked, and, without Fork, it is not superseded. With Fork it is marked
	// forked and its Forks counts one up.
	//
	// With Approval: sets it used; ErrConflict unless it was approved.
	//
	// With Device: adds it, with its evidence. Without: sets the evidence of
	// Key.Device.
	//
	// Adds Key; ErrKeyExists when its hash is there, in which case nothing of
	// the above has happened (checked first, so that asking again takes no
	// use). Then drops the oldest unseen keys of the device beyond MaxUnseen,
	// and those that expired before Now - Keep.
	Issue(ctx context.Context, g Grant) error
	// Key finds a key with its device; ErrNotFound.
	Key(ctx context.Context, hash enroll.KeyHash) (Key, Device, error)
	// Newest finds a device with the key of the highest generation that was
	// used; a zero Key when none was, ErrNotFound when there is no such device.
	Newest(ctx context.Context, id inventory.DeviceID) (Key, Device, error)
	// Seen notes the first use of a key: sets seen_at, and superseded_at of
	// every other key of the device that is not above its generation and not
	// superseded yet, and answers their hashes. For a key that was seen before
	// it does nothing; ErrConflict when it is superseded; ErrNotFound.
	Seen(ctx context.Context, hash enroll.KeyHash, at time.Time) (superseded []enroll.KeyHash, err error)
	// Revoke refuses a device from now on, and answers its keys. Revoking
	// again keeps the first time and reason. ErrNotFound.
	Revoke(ctx context.Context, id inventory.DeviceID, r Revocation) ([]enroll.KeyHash, error)
	// Similar finds devices, revoked ones too, that share an item of 15 points
	// or more with the evidence, at most limit, newest first.
	Similar(ctx context.Context, e enroll.Evidence, limit int) ([]Device, error)
	// Changes tells what other collectors did since the number that the last
	// call answered; 0 answers nothing but the present number. Issue with
	// Previous, Seen, Revoke and ChangeAuthorities leave a change.
	Changes(ctx context.Context, after int64) (Changes, error)
	// Census counts devices.
	Census(ctx context.Context, since time.Time) (Census, error)
}

// Approvals keeps what people have to decide.
type Approvals interface {
	// PutApproval adds a question, or changes state and decision of one whose
	// ID exists. A new one whose kind, device, other and key are those of one
	// that is pending, approved or denied is not added: that one is answered.
	PutApproval(ctx context.Context, a Approval) (Approval, error)
	// ListApprovals lists them oldest first; empty kind or state mean any. Those
	// denied or used longer than a year ago may go.
	ListApprovals(ctx context.Context, k ApprovalKind, s ApprovalState) ([]Approval, error)
}

// Authorities keeps CAs with their sealed keys.
type Authorities interface {
	// AllAuthorities lists all that are not removed, newest first.
	AllAuthorities(ctx context.Context) ([]CA, error)
	// ChangeAuthorities takes all steps or none, in order; ErrConflict when one is not
	// From its state, or when two CAs would be active or published. An empty
	// From adds the CA, an empty To deletes it, key and all.
	ChangeAuthorities(ctx context.Context, steps []Step) error
}

// MaxUnseen is how many keys of a device may wait for their first use.
const MaxUnseen = 8

// Token lets devices in. The token itself is not kept, only its hash.
type Token struct {
	Hash      [32]byte
	ID        string // names it to people; begin of the hash in hexadecimal
	Site      int64  // where its devices begin; 0: none
	Labels    []string
	Networks  []netip.Prefix // enrolments must come from one of these; none: from anywhere
	Approve   bool           // each device waits until somebody lets it in
	Note      string
	Uses      int
	UsesLeft  int
	CA        enroll.KeyHash // the one its enrolment string names
	CreatedBy string
	CreatedAt time.Time
	ExpiresAt time.Time
	RevokedAt time.Time
}

// Device is what the authority knows of a device.
type Device struct {
	ID            inventory.DeviceID
	Hostname      string // as it said when it enrolled
	OS, Arch      string
	AgentVersion  string
	Site          int64
	Labels        []string
	Evidence      enroll.Evidence // newest
	Token         [32]byte        // that let it in; zero after a fork
	Parent        inventory.DeviceID
	EnrolledAt    time.Time
	Remote        netip.Addr
	RevokedAt     time.Time
	RevokedBy     string
	RevokedReason string
}

// Key is one key of a device with the certificate over it.
type Key struct {
	Hash         enroll.KeyHash
	Device       inventory.DeviceID
	Generation   int    // 0 by enrolment or fork
	Serial       string // hexadecimal
	CA           enroll.KeyHash
	Certificate  []byte  // DER
	Machine      [8]byte // fingerprint of the machine that asked
	IssuedAt     time.Time
	ExpiresAt    time.Time
	SeenAt       time.Time // first use
	SupersededAt time.Time // a newer key was used
	ForkedAt     time.Time // another machine came with it
	Forks        int
}

// Grant is one certificate to be written down; see Identities.Issue.
type Grant struct {
	Now      time.Time
	Keep     time.Duration // how long expired keys of the device are remembered
	Token    *[32]byte
	Previous *enroll.KeyHash
	Fork     bool
	Approval string
	Device   *Device
	Evidence enroll.Evidence
	Key      Key
}

// Revocation says who refused a device and why.
type Revocation struct {
	At     time.Time
	By     string
	Reason string
}

// Changes is what happened since a number.
type Changes struct {
	Keys        []enroll.KeyHash
	Authorities bool
	Next        int64
}

// Census counts devices.
type Census struct {
	Devices int // not revoked
	Revoked int
	// Holding is, of devices not revoked, how many have a key from each CA that
	// is not superseded: the one in use, and any given later that was not used
	// yet. A device may count for two CAs: nobody knows which key it comes with
	// next.
	Holding map[enroll.KeyHash]int
	// Since is how many have their newest key that was used (or the newest at
	// all) from the time asked for or after it: their agents have been told of
	// every CA that was there by then.
	Since int
}

// ApprovalKind is what has to be decided.
type ApprovalKind string

// The kinds.
const (
	ApproveEnroll ApprovalKind = "enrol" // a device that is new
	ApproveRenew  ApprovalKind = "renew" // one that comes back after long
	ApproveMerge  ApprovalKind = "merge" // two records that may be one machine
)

// ApprovalState is how far the decision is.
type ApprovalState string

// The states.
const (
	Pending  ApprovalState = "pending"
	Approved ApprovalState = "approved"
	Denied   ApprovalState = "denied"
	Used     ApprovalState = "used" // approved, and done
)

// Approval is a question to people and its answer.
type Approval struct {
	ID        string
	Kind      ApprovalKind
	State     ApprovalState
	Device    inventory.DeviceID // empty for one that is not let in yet
	Other     inventory.DeviceID // ApproveMerge: the record that was there before
	Key       enroll.KeyHash
	Token     [32]byte
	Name      string // host name, as the device says
	Remote    netip.Addr
	Reason    string
	Score     int
	Terms     []enroll.Term
	AskedAt   time.Time
	DecidedAt time.Time
	DecidedBy string
}

// CAState is where a CA is in its life.
type CAState string

// The states, in order.
const (
	Published CAState = "published"
	Active    CAState = "active"
	Retired   CAState = "retired"
)

// CA is a certificate authority with its key.
type CA struct {
	Hash        enroll.KeyHash
	Certificate []byte // DER
	SealedKey   []byte // PKCS #8, sealed under "authority/HASH"
	State       CAState
	CreatedAt   time.Time
	Since       time.Time // of the state
}

// Step moves one CA from a state to another; see Authorities.
type Step struct {
	CA   CA // of an existing one Hash and Since alone count
	From CAState
	To   CAState
}
