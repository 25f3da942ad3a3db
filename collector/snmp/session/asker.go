package session

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"time"
)

// Asker asks one device. It may be used from several goroutines; questions are
// sent one after the other, since many agents answer badly to more.
type Asker interface {
	// Get asks for single objects, any number of them, and gives the answers in
	// the order of the question. What the device does not have comes as
	// Missing. With an error comes what was answered until then.
	Get(ctx context.Context, oids ...string) ([]Variable, error)
	// Table follows columns of one table to their end. When it is not complete,
	// Table.Fault says why; it is an error too when not one row came.
	Table(ctx context.Context, columns []string, l Limits) (Table, error)
	// Walk follows everything below root. Use Table where there is one: it
	// takes a tenth of the packets. With an error comes what was answered until
	// then.
	Walk(ctx context.Context, root string, l Limits) ([]Variable, error)
	// In is the same device seen through a context: the context name of
	// version 3 (RFC 3411 §3.3.1), community@context before it, as switches
	// have one for each VLAN. An empty context is that of the credential.
	In(context string) Asker
}

// Limits bound one table or walk. A limit of 0 is the default.
type Limits struct {
	Rows     int           // default 100,000, and 400,000 cells
	Requests int           // packets sent, repeated ones too; default 20,000
	Time     time.Duration // default 5 minutes

	// Expect is how many rows the device itself says there are (ifNumber).
	// There are agents that skip rows in answers to GETBULK. When fewer came,
	// the table is asked for once more row by row, and what that shows is
	// learned. 0: nothing is known.
	Expect int
}

// Secret is a text that prints as hidden.
type Secret string

// String hides it from logs and messages.
func (Secret) String() string { return "(hidden)" }

// GoString hides it from %#v too.
func (Secret) GoString() string { return "(hidden)" }

// MarshalText hides it from JSON and whatever else writes texts.
func (Secret) MarshalText() ([]byte, error) { return []byte("(hidden)"), nil }

// LogValue hides it from slog.
func (Secret) LogValue() slog.Value { return slog.StringValue("(hidden)") }

// Credential is how a device lets itself be asked.
type Credential struct {
	Name    string // for people
	Version string // 1, 2c, 3

	Community Secret // versions 1 and 2c

	User         string // version 3, as is all below
	AuthProtocol string // MD5, SHA, SHA224, SHA256, SHA384, SHA512; empty: messages are not signed
	AuthSecret   Secret // the password, not the key
	PrivProtocol string // DES, AES, AES192, AES256, AES192C, AES256C; empty: messages are not encrypted
	PrivSecret   Secret
	Context      string
}

// Options of a Session.
type Options struct {
	Address    netip.AddrPort
	Credential Credential
	// Learned is what the session before gave; nil: nothing is known.
	Learned *Learned
	// Timeout is how long one packet is waited for. 0: three times the longest
	// usual round trip, between 0.5 s and 5 s, and 2 s while none is known;
	// each repetition then waits twice as long as the one before, up to 5 s.
	Timeout time.Duration
	// Retries is how often a question is repeated. 0: never.
	Retries int
	// Passwords keeps what passwords of version 3 come to, for all sessions that
	// share it: some milliseconds of computing for each. nil: for this one.
	Passwords *Passwords
	// Dial opens the way to the device. nil: UDP.
	Dial func(to netip.AddrPort) (Link, error)
	// Now is the clock. nil: time.Now.
	Now func() time.Time
}

// Link carries packets to one device and back.
type Link interface {
	Send(packet []byte) error
	// Receive waits for the next packet and hands it to take, which may not
	// keep it. os.ErrDeadlineExceeded when none came until then, the context's
	// error when that ended first.
	Receive(ctx context.Context, until time.Time, take func(packet []byte)) error
	Close() error
}

// Errors that callers tell apart.
var (
	// ErrTimeout: nothing came. A wrong community looks the same.
	ErrTimeout = errors.New("no answer")
	// ErrRefused: the network or the device says that nobody is there (ICMP).
	ErrRefused = errors.New("nobody listens at this address and port")
	// ErrCredential: the device answers that user, key or level are wrong.
	ErrCredential = errors.New("credential refused")
	// ErrGarbage: what came is no answer that can be read, or to another
	// question.
	ErrGarbage = errors.New("answer cannot be read")
	// ErrLoop: the device gives rows that it gave before.
	ErrLoop = errors.New("device repeats itself")
	// ErrLimit: there is more than Limits allow.
	ErrLimit = errors.New("limit reached")
	// ErrStatus: the device answered with an error; see StatusError.
	ErrStatus = errors.New("device reports an error")
	// ErrClosed: the session was closed.
	ErrClosed = errors.New("session is closed")
)

// StatusError is an error that a device reported.
type StatusError struct {
	Status int    // RFC 3416 §3, error-status
	OID    string // what it is about; empty when the device does not say
}

// Error names it.
func (e *StatusError) Error() string {
	about := ""
	if e.OID != "" {
		about = " about " + e.OID
	}
	return fmt.Sprintf("%v%s: %s", ErrStatus, about, statusName(e.Status))
}

// Is makes it ErrStatus, and ErrCredential when the device says that this user
// may see nothing at that level of security (RFC 3413 §3.2).
func (e *StatusError) Is(target error) bool {
	return target == ErrStatus || target == ErrCredential && e.Status == statusAuthorization
}

// statusName is the name of an error-status (RFC 3416 §3).
func statusName(n int) string {
	names := []string{
		"noError", "tooBig", "noSuchName", "badValue", "readOnly", "genErr",
		"noAccess", "wrongType", "wrongLength", "wrongEncoding", "wrongValue",
		"noCreation", "inconsistentValue", "resourceUnavailable",
		"commitFailed", "undoFailed", "authorizationError", "notWritable",
		"inconsistentName",
	}
	if n >= 0 && n < len(names) {
		return names[n]
	}
	return fmt.Sprintf("error-status %d", n)
}

// Stats counts what a session did since it was opened.
type Stats struct {
	Requests  int64 // packets sent
	Answers   int64 // packets that answered one
	Timeouts  int64 // packets sent that nothing answered in time
	Garbage   int64 // packets that cannot be read
	Strange   int64 // packets that answer no question of ours: late, doubled, forged
	Reports   int64 // of version 3: engine, clock, user, key
	Refused   int64 // ICMP
	Variables int64 // received
	Bytes     int64 // received
}
