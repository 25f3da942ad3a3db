package sqlstore

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"muster/collector/account"
	"muster/collector/authority"
)

// appControl marks a control database (PRAGMA application_id): "MUSC".
const appControl = 0x4d555343

// Control keeps accounts, tokens, identities, the audit, and how gear is asked
// in a file or schema apart from the inventory, so that people's SQL never has it in reach.
type Control struct {
	d *database
}

var (
	_ account.Store   = (*Control)(nil)
	_ authority.Store = (*Control)(nil)
)

// OpenControl opens or creates the control database at path. Errors are those
// of Open.
func OpenControl(ctx context.Context, path string, o Options) (*Control, error) {
	if o.Cache == 0 {
		o.Cache = 4 << 20 // identities are small and cached by the authority
	}
	d, err := openDatabase(ctx, path, appControl, o)
	if err != nil {
		return nil, err
	}
	c, err := newControl(ctx, d, o)
	if err == nil {
		d.group = &together{}
	}
	return c, err
}

func newControl(ctx context.Context, d *database, o Options) (*Control, error) {
	c := &Control{d: d}
	if err := d.migrate(ctx, controlMigrations(), o.now()); err != nil {
		return nil, errors.Join(err, d.close())
	}
	return c, nil
}

// Close closes the database. No other method may run or follow.
func (c *Control) Close() error { return c.d.close() }

// controlMigrations is the fixed schema, step by step; steps that have been
// released are never changed. Times are Unix milliseconds, 0 for never.
func controlMigrations() []migration {
	return []migration{{"accounts, identities, audit", `
CREATE TABLE account_user (
	id INTEGER PRIMARY KEY, name TEXT NOT NULL COLLATE NOCASE UNIQUE, role TEXT NOT NULL, agencies TEXT NOT NULL, sites TEXT NOT NULL,
	scope TEXT NOT NULL, personal INTEGER NOT NULL, disabled INTEGER NOT NULL, password TEXT NOT NULL,
	created_at INTEGER NOT NULL, last_seen_at INTEGER NOT NULL) STRICT;
CREATE TABLE account_token (
	id INTEGER PRIMARY KEY, name TEXT NOT NULL COLLATE NOCASE UNIQUE, hash BLOB NOT NULL UNIQUE, role TEXT NOT NULL, agencies TEXT NOT NULL,
	sites TEXT NOT NULL, scope TEXT NOT NULL, personal INTEGER NOT NULL, created_by TEXT NOT NULL,
	created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, last_used_at INTEGER NOT NULL, revoked_at INTEGER NOT NULL) STRICT;
CREATE TABLE audit (
	seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, actor TEXT NOT NULL, via TEXT NOT NULL, address TEXT NOT NULL, action TEXT NOT NULL,
	object TEXT NOT NULL, outcome TEXT NOT NULL, detail TEXT NOT NULL, hash TEXT NOT NULL) STRICT;
CREATE TABLE audit_start (only INTEGER PRIMARY KEY CHECK (only = 1), seq INTEGER NOT NULL, hash TEXT NOT NULL) STRICT;
INSERT INTO audit_start VALUES (1, 0, '');
CREATE TRIGGER audit_unchanged BEFORE UPDATE ON audit BEGIN SELECT raise(ABORT, 'the audit is only added to'); END;

CREATE TABLE enroll_token (
	hash BLOB PRIMARY KEY, id TEXT NOT NULL UNIQUE, site INTEGER NOT NULL, labels TEXT NOT NULL, networks TEXT NOT NULL, approve INTEGER NOT NULL,
	note TEXT NOT NULL, uses INTEGER NOT NULL, uses_left INTEGER NOT NULL, ca BLOB NOT NULL, created_by TEXT NOT NULL,
	created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, revoked_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE identity (
	device TEXT PRIMARY KEY, hostname TEXT NOT NULL, os TEXT NOT NULL, arch TEXT NOT NULL, agent_version TEXT NOT NULL, site INTEGER NOT NULL,
	labels TEXT NOT NULL, evidence TEXT NOT NULL, token BLOB NOT NULL, parent TEXT NOT NULL, enrolled_at INTEGER NOT NULL, remote TEXT NOT NULL,
	revoked_at INTEGER NOT NULL, revoked_by TEXT NOT NULL, revoked_reason TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE identity_item (
	kind TEXT NOT NULL, value TEXT NOT NULL, device TEXT NOT NULL, PRIMARY KEY (kind, value, device)) STRICT, WITHOUT ROWID;
CREATE INDEX identity_item_device ON identity_item (device);
CREATE TABLE identity_key (
	hash BLOB PRIMARY KEY, device TEXT NOT NULL, generation INTEGER NOT NULL, serial TEXT NOT NULL, ca BLOB NOT NULL, certificate BLOB NOT NULL,
	machine BLOB NOT NULL, issued_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, seen_at INTEGER NOT NULL, superseded_at INTEGER NOT NULL,
	forked_at INTEGER NOT NULL, forks INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX identity_key_device ON identity_key (device, generation);
CREATE TABLE identity_approval (
	id TEXT PRIMARY KEY, kind TEXT NOT NULL, state TEXT NOT NULL, device TEXT NOT NULL, other TEXT NOT NULL, key BLOB NOT NULL, token BLOB NOT NULL,
	name TEXT NOT NULL, remote TEXT NOT NULL, reason TEXT NOT NULL, score INTEGER NOT NULL, terms TEXT NOT NULL,
	asked_at INTEGER NOT NULL, decided_at INTEGER NOT NULL, decided_by TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE authority (
	hash BLOB PRIMARY KEY, certificate BLOB NOT NULL, sealed_key BLOB NOT NULL, state TEXT NOT NULL,
	created_at INTEGER NOT NULL, since INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX authority_one ON authority (state) WHERE state IN ('active', 'published');
CREATE TABLE identity_change (seq INTEGER PRIMARY KEY AUTOINCREMENT, key BLOB, at INTEGER NOT NULL) STRICT;
`}, {"channels and routes", channelTables}, {"credentials, targets, subnets", gearTables},
		{"saved searches and statements, last looks", savedTables},
		{"sessions, second factors, set-up links, providers", sessionTables},
		{"changes of rules", ruleTables},
		{"summaries", summaryTables}}
}

// stamp is how times are kept here.
func stamp(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func unstamp(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// asJSON keeps lists and the like as text. Only types that always encode are
// handed in.
func asJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic("sqlstore: " + err.Error())
	}
	return string(b)
}
