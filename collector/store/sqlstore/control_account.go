package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"muster/collector/account"
	"muster/collector/store"
)

const userColumns = "id, name, role, agencies, sites, scope, personal, disabled, password <> '', EXISTS (SELECT 1 FROM account_factor f WHERE f.user_no = account_user.id), EXISTS (SELECT 1 FROM account_outside o WHERE o.user_no = account_user.id), created_at, last_seen_at"

func scanUser(s scan, more ...any) (account.User, error) {
	var u account.User
	var agencies, sites, scope string
	var created, seen int64
	err := s(append([]any{&u.ID, &u.Name, &u.Role, &agencies, &sites, &scope, &u.Personal, &u.Disabled, &u.HasSecret, &u.HasCode, &u.Outside, &created, &seen}, more...)...)
	if err == nil {
		err = unpackScope(agencies, sites, scope, &u.Agencies, &u.Sites, &u.Scope)
	}
	u.CreatedAt, u.LastSeenAt = unstamp(created), unstamp(seen)
	return u, err
}

func unpackScope(agencies, sites, scope string, a, s *[]string, to *store.Scope) error {
	if err := json.Unmarshal([]byte(sites), s); err != nil {
		return fmt.Errorf("names of a scope: %w", err)
	}
	if err := json.Unmarshal([]byte(agencies), a); err != nil {
		return fmt.Errorf("names of a scope: %w", err)
	}
	if err := json.Unmarshal([]byte(scope), to); err != nil {
		return fmt.Errorf("scope: %w", err)
	}
	return nil
}

// Users lists them by name.
func (c *Control) Users(ctx context.Context) ([]account.User, error) {
	var out []account.User
	err := c.d.read(ctx, func(v *view) error {
		return v.each(ctx, "SELECT "+userColumns+" FROM account_user ORDER BY name", nil, func(s scan) error {
			u, err := scanUser(s)
			out = append(out, u)
			return err
		})
	})
	return out, err
}

// PutUser creates (ID 0) or replaces; an empty hash keeps the password. A new
// one, or disabling, ends the account's sessions and set-up links.
func (c *Control) PutUser(ctx context.Context, u account.User, hash string) (account.User, error) {
	err := c.d.write(ctx, func(t *tx) error {
		err := t.put("user", u.Name, &u.ID,
			`INSERT INTO account_user (name, role, agencies, sites, scope, personal, disabled, password, created_at, last_seen_at)
			 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)`,
			`UPDATE account_user SET name = ?1, role = ?2, agencies = ?3, sites = ?4, scope = ?5, personal = ?6, disabled = ?7,
			 password = iif(?8 = '', password, ?8), created_at = ?9, last_seen_at = ?10 WHERE id = ?11`,
			u.Name, u.Role, asJSON(u.Agencies), asJSON(u.Sites), asJSON(u.Scope), u.Personal, u.Disabled, hash, stamp(u.CreatedAt), stamp(u.LastSeenAt))
		if err != nil || hash == "" && !u.Disabled {
			return err
		}
		// Who had the old password, or a link to set one, is out.
		if err := t.do("DELETE FROM browser_session WHERE user_no = ?", u.ID); err != nil {
			return err
		}
		return t.do("DELETE FROM account_link WHERE user_no = ?", u.ID)
	})
	u.HasSecret = u.HasSecret || hash != ""
	return u, err
}

// UserSecret finds a user with the hash of the password.
func (c *Control) UserSecret(ctx context.Context, name string) (u account.User, hash string, err error) {
	found := false
	err = c.d.read(ctx, func(v *view) error {
		return v.each(ctx, "SELECT "+userColumns+", password FROM account_user WHERE name = ?", []any{name}, func(s scan) error {
			found = true
			u, err = scanUser(s, &hash)
			return err
		})
	})
	if err == nil && !found {
		err = notFound("user", fmt.Sprintf("%q", name))
	}
	return u, hash, err
}

// DeleteUser removes an account; what it did stays in the audit.
func (c *Control) DeleteUser(ctx context.Context, name string) error {
	return c.d.write(ctx, func(t *tx) error {
		var id int64
		found, err := t.one("SELECT id FROM account_user WHERE name = ?", []any{name}, &id)
		if err != nil {
			return err
		}
		if !found {
			return notFound("user", fmt.Sprintf("%q", name))
		}
		if err := t.forget(id); err != nil {
			return err
		}
		if err := t.leave(id); err != nil {
			return err
		}
		return t.do("DELETE FROM account_user WHERE id = ?", id)
	})
}

const tokenColumns = "id, name, role, agencies, sites, scope, personal, created_by, created_at, expires_at, last_used_at, revoked_at"

func scanToken(s scan) (account.Token, error) {
	var k account.Token
	var agencies, sites, scope string
	var created, expires, used, revoked int64
	err := s(&k.ID, &k.Name, &k.Role, &agencies, &sites, &scope, &k.Personal, &k.CreatedBy, &created, &expires, &used, &revoked)
	if err == nil {
		err = unpackScope(agencies, sites, scope, &k.Agencies, &k.Sites, &k.Scope)
	}
	k.CreatedAt, k.ExpiresAt, k.LastUsedAt, k.RevokedAt = unstamp(created), unstamp(expires), unstamp(used), unstamp(revoked)
	return k, err
}

// Tokens lists them by name, revoked ones too.
func (c *Control) Tokens(ctx context.Context) ([]account.Token, error) {
	var out []account.Token
	err := c.d.read(ctx, func(v *view) error {
		return v.each(ctx, "SELECT "+tokenColumns+" FROM account_token ORDER BY name", nil, func(s scan) error {
			k, err := scanToken(s)
			out = append(out, k)
			return err
		})
	})
	return out, err
}

// AddToken adds one; store.ErrConflict when the name is taken, by a revoked
// one too, so that a name in the audit means one token.
func (c *Control) AddToken(ctx context.Context, k account.Token, hash [32]byte) (account.Token, error) {
	err := c.d.write(ctx, func(t *tx) error {
		no, err := t.insert("id", `INSERT INTO account_token (name, hash, role, agencies, sites, scope, personal, created_by, created_at, expires_at, last_used_at, revoked_at)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0)`, k.Name, hash[:], k.Role, asJSON(k.Agencies), asJSON(k.Sites), asJSON(k.Scope), k.Personal,
			k.CreatedBy, stamp(k.CreatedAt), stamp(k.ExpiresAt))
		k.ID = no
		if err != nil {
			return fmt.Errorf("token %q: %w", k.Name, err)
		}
		return nil
	})
	return k, err
}

// TokenByHash finds one, revoked or expired too.
func (c *Control) TokenByHash(ctx context.Context, hash [32]byte) (k account.Token, err error) {
	found := false
	err = c.d.read(ctx, func(v *view) error {
		return v.each(ctx, "SELECT "+tokenColumns+" FROM account_token WHERE hash = ?", []any{hash[:]}, func(s scan) error {
			found = true
			k, err = scanToken(s)
			return err
		})
	})
	if err == nil && !found {
		err = notFound("token", "with this text")
	}
	return k, err
}

// TouchToken notes a use.
func (c *Control) TouchToken(ctx context.Context, id int64, at time.Time) error {
	return c.d.write(ctx, func(t *tx) error {
		return t.do("UPDATE account_token SET last_used_at = max(last_used_at, ?) WHERE id = ?", stamp(at), id)
	})
}

// RevokeToken ends a token; the first time counts.
func (c *Control) RevokeToken(ctx context.Context, name string, at time.Time) error {
	return c.d.write(ctx, func(t *tx) error {
		n, err := t.count("UPDATE account_token SET revoked_at = iif(revoked_at = 0, ?, revoked_at) WHERE name = ?", stamp(at), name)
		if err == nil && n == 0 {
			err = notFound("token", fmt.Sprintf("%q", name))
		}
		return err
	})
}

// AddRecord appends to the audit, linked to the record before.
func (c *Control) AddRecord(ctx context.Context, r account.Record, link func(string, account.Record) string) (account.Record, error) {
	err := c.d.write(ctx, func(t *tx) error {
		var last string
		found, err := t.one("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1", nil, &r.Seq, &last)
		if err != nil {
			return err
		}
		if !found {
			if _, err := t.one("SELECT seq, hash FROM audit_start", nil, &r.Seq, &last); err != nil {
				return err
			}
		}
		r.Seq++
		r.Hash = link(last, r)
		return t.do("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			r.Seq, stamp(r.At), r.Actor, r.Via, r.Address, r.Action, r.Object, r.Outcome, asJSON(r.Detail), r.Hash)
	})
	return r, err
}

// Records lists the audit below a number (0: from the newest), newest first.
func (c *Control) Records(ctx context.Context, before int64, limit int) ([]account.Record, error) {
	var out []account.Record
	if before == 0 {
		before = 1 << 62
	}
	err := c.d.read(ctx, func(v *view) error {
		return v.each(ctx, "SELECT seq, at, actor, via, address, action, object, outcome, detail, hash FROM audit WHERE seq < ? ORDER BY seq DESC LIMIT ?",
			[]any{before, limit}, func(s scan) error {
				var r account.Record
				var at int64
				var detail string
				if err := s(&r.Seq, &at, &r.Actor, &r.Via, &r.Address, &r.Action, &r.Object, &r.Outcome, &detail, &r.Hash); err != nil {
					return err
				}
				r.At = unstamp(at)
				out = append(out, r)
				return json.Unmarshal([]byte(detail), &out[len(out)-1].Detail)
			})
	})
	return out, err
}

// DropRecords removes the audit before a time, and keeps the last hash that
// was dropped, so that the chain of the rest can still be checked.
func (c *Control) DropRecords(ctx context.Context, before time.Time) (n int64, err error) {
	err = c.d.write(ctx, func(t *tx) error {
		var seq int64
		var hash string
		// Up to the first record that stays: the chain has no holes.
		found, err := t.one("SELECT seq, hash FROM audit WHERE seq < ifnull((SELECT min(seq) FROM audit WHERE at >= ?), 4611686018427387904) ORDER BY seq DESC LIMIT 1",
			[]any{stamp(before)}, &seq, &hash)
		if err != nil || !found {
			return err
		}
		if err := t.do("UPDATE audit_start SET seq = ?, hash = ?", seq, hash); err != nil {
			return err
		}
		n, err = t.count("DELETE FROM audit WHERE seq <= ?", seq)
		return err
	})
	return n, err
}

// AuditStart is the hash before the first record that is kept.
func (c *Control) AuditStart(ctx context.Context) (hash string, err error) {
	err = c.d.read(ctx, func(v *view) error {
		_, err := v.one(ctx, "SELECT hash FROM audit_start", nil, &hash)
		return err
	})
	return hash, err
}
