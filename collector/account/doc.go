// Package account is who may do what: roles, their rights, scopes, passwords,
// second factors, sessions, tokens, signing in at a provider (OpenID Connect),
// and the record of who did it. It owns the table of rights and the
// audit's hash chain. Policy is deny by default: an operation without a right
// does not start, and an actor without it is refused.
//
// It must not know HTTP, pages or how a database keeps its rows.
package account

import (
	"context"
	"errors"
	"time"

	"muster/collector/store"
)

// Role is what a person or a token is.
type Role string

// The roles.
const (
	Admin  Role = "admin"  // everything, accounts and the CA too
	Staff  Role = "staff"  // everything about devices in scope
	Intern Role = "intern" // reads; works incidents
)

// Right is one thing an operation may need.
type Right string

// The rights. Each operation names exactly one.
const (
	Read         Right = "read"          // devices, sections, history, numbers
	ReadPersonal Right = "read_personal" // facts that tell of a person
	Work         Right = "work"          // incidents: claim, note, resolve
	Edit         Right = "edit"          // people's fields, labels, sites of devices, merge, retire
	Query        Right = "query"         // SQL; only without a scope
	Manage       Right = "manage"        // enrolment, groups, agencies and sites, subnets and targets of gear
	Administer   Right = "administer"    // users, tokens, CA, audit, channels, credentials of gear
	Self         Right = "self"          // what everyone who is signed in may do
)

// rights is the whole policy.
func rights(r Role) []Right {
	switch r {
	case Admin:
		return []Right{Self, Read, ReadPersonal, Work, Edit, Query, Manage, Administer}
	case Staff:
		return []Right{Self, Read, ReadPersonal, Work, Edit, Query, Manage}
	case Intern:
		return []Right{Self, Read, Work}
	}
	return nil
}

// Actor is who asks.
type Actor struct {
	ID    int64  // of the user, 0 for the local socket
	Name  string // as the audit names it
	Via   string // "session", "token NAME" or "socket"
	Role  Role
	Scope store.Scope
	// Personal adds ReadPersonal to a role that does not have it.
	Personal bool
}

// Errors of this package. Their texts may be shown.
var (
	ErrSignedOut = errors.New("sign in, or give a token by --token-file or MUSTER_TOKEN")
	ErrForbidden = errors.New("this account has no right to do that")
	ErrScoped    = errors.New("this needs an account without a scope: it shows all devices")
)

// Can says whether the actor has a right, nil if so.
func (a Actor) Can(r Right) error {
	if r == ReadPersonal && a.Personal && a.Role != "" {
		return nil
	}
	for _, have := range rights(a.Role) {
		if have != r {
			continue
		}
		if !a.Scope.All && unscoped(r) {
			return ErrScoped
		}
		return nil
	}
	return ErrForbidden
}

// unscoped are the rights that reach beyond any scope.
func unscoped(r Right) bool { return r == Query || r == Manage || r == Administer }

// User is a person with an account.
type User struct {
	ID         int64       `json:"id"`
	Name       string      `json:"name"`
	Role       Role        `json:"role"`
	Agencies   []string    `json:"agencies,omitempty"` // scope; none of both: everything
	Sites      []string    `json:"sites,omitempty"`    // as agency/site
	Personal   bool        `json:"personal,omitempty"`
	Disabled   bool        `json:"disabled,omitempty"`
	CreatedAt  time.Time   `json:"created_at"`
	LastSeenAt time.Time   `json:"last_seen_at,omitzero"`
	HasSecret  bool        `json:"has_password"`
	HasCode    bool        `json:"has_code"`          // a second factor
	Outside    bool        `json:"outside,omitempty"` // signs in at a provider
	Scope      store.Scope `json:"-"`
}

// Token is a key for a program or a script.
type Token struct {
	ID         int64       `json:"id"`
	Name       string      `json:"name"`
	Role       Role        `json:"role"`
	Agencies   []string    `json:"agencies,omitempty"`
	Sites      []string    `json:"sites,omitempty"`
	Personal   bool        `json:"personal,omitempty"`
	CreatedBy  string      `json:"created_by"`
	CreatedAt  time.Time   `json:"created_at"`
	ExpiresAt  time.Time   `json:"expires_at,omitzero"`
	LastUsedAt time.Time   `json:"last_used_at,omitzero"`
	RevokedAt  time.Time   `json:"revoked_at,omitzero"`
	Scope      store.Scope `json:"-"`
}

// Record is one line of the audit. Each holds the hash of the one before, so
// that a line changed or taken out afterwards shows.
type Record struct {
	Seq     int64             `json:"seq"`
	At      time.Time         `json:"at"`
	Actor   string            `json:"actor"`
	Via     string            `json:"via"`
	Address string            `json:"address,omitempty"`
	Action  string            `json:"action"` // the operation's ID
	Object  string            `json:"object,omitempty"`
	Outcome string            `json:"outcome"`          // done, refused, failed
	Detail  map[string]string `json:"detail,omitempty"` // never a secret
	Hash    string            `json:"hash"`             // hex, over the record and the hash before
}

// Store keeps accounts. sqlstore has it in the control database.
type Store interface {
	SessionStore
	CodeStore
	OutsideStore

	Users(ctx context.Context) ([]User, error)
	PutUser(ctx context.Context, u User, passwordHash string) (User, error) // ID 0 creates; empty hash keeps the old
	UserSecret(ctx context.Context, name string) (User, string, error)      // with its password hash
	DeleteUser(ctx context.Context, name string) error

	Tokens(ctx context.Context) ([]Token, error)
	AddToken(ctx context.Context, t Token, hash [32]byte) (Token, error)
	TokenByHash(ctx context.Context, hash [32]byte) (Token, error)
	TouchToken(ctx context.Context, id int64, at time.Time) error
	RevokeToken(ctx context.Context, name string, at time.Time) error

	// AddRecord appends to the audit; link makes the record's hash from the
	// hash of the last one, inside the transaction that adds it.
	AddRecord(ctx context.Context, r Record, link func(last string, r Record) string) (Record, error)
	Records(ctx context.Context, before int64, limit int) ([]Record, error) // newest first
	DropRecords(ctx context.Context, before time.Time) (int64, error)       // retention; keeps the hash of the last one dropped
	AuditStart(ctx context.Context) (string, error)                         // hash before the first record kept
}
