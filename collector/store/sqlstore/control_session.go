package sqlstore

import (
	"context"
	"fmt"
	"time"

	"muster/collector/account"
)

// sessionTables keep who is signed in where, second factors, set-up links, and
// which account belongs to whom at a provider. Times are Unix milliseconds.
const sessionTables = `
CREATE TABLE browser_session (
	id TEXT NOT NULL PRIMARY KEY, hash BLOB NOT NULL UNIQUE, user_no INTEGER NOT NULL, mark TEXT NOT NULL, how TEXT NOT NULL, strong INTEGER NOT NULL,
	address TEXT NOT NULL, device TEXT NOT NULL, created_at INTEGER NOT NULL, seen_at INTEGER NOT NULL, said TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX browser_session_user ON browser_session (user_no, seen_at);
CREATE TABLE account_factor (
	user_no INTEGER NOT NULL, sealed BLOB NOT NULL, confirmed_at INTEGER NOT NULL, last_step INTEGER NOT NULL, PRIMARY KEY (user_no)) STRICT, WITHOUT ROWID;
CREATE TABLE account_recovery (user_no INTEGER NOT NULL, hash BLOB NOT NULL, PRIMARY KEY (user_no, hash)) STRICT, WITHOUT ROWID;
CREATE TABLE account_link (user_no INTEGER NOT NULL, hash BLOB NOT NULL UNIQUE, ends_at INTEGER NOT NULL, PRIMARY KEY (user_no)) STRICT, WITHOUT ROWID;
CREATE TABLE account_outside (
	issuer TEXT NOT NULL, subject TEXT NOT NULL, user_no INTEGER NOT NULL, since INTEGER NOT NULL, PRIMARY KEY (issuer, subject)) STRICT, WITHOUT ROWID;
CREATE INDEX account_outside_user ON account_outside (user_no);
`

const sessionColumns = "id, user_no, ifnull((SELECT u.name FROM account_user u WHERE u.id = browser_session.user_no), ''), mark, how, strong, address, device, created_at, seen_at, said"

func scanSession(s scan) (account.Session, error) {
	var x account.Session
	var created, seen int64
	err := s(&x.ID, &x.User, &x.Name, &x.Mark, &x.How, &x.Strong, &x.Address, &x.Device, &created, &seen, &x.Said)
	x.CreatedAt, x.SeenAt = unstamp(created), unstamp(seen)
	return x, err
}

// AddSession adds one, and ends all but the newest of the user.
func (c *Control) AddSession(ctx context.Context, x account.Session, hash [32]byte) error {
	return c.d.write(ctx, func(t *tx) error {
		if err := t.do("INSERT INTO browser_session (id, hash, user_no, mark, how, strong, address, device, created_at, seen_at, said) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			x.ID, hash[:], x.User, x.Mark, x.How, x.Strong, x.Address, x.Device, stamp(x.CreatedAt), stamp(x.SeenAt), x.Said); err != nil {
			return err
		}
		if err := t.do("DELETE FROM browser_session WHERE user_no = ?1 AND id NOT IN (SELECT id FROM browser_session WHERE user_no = ?1 ORDER BY created_at DESC, id LIMIT ?2)",
			x.User, account.MostSessions); err != nil {
			return err
		}
		return t.do("UPDATE account_user SET last_seen_at = max(last_seen_at, ?) WHERE id = ?", stamp(x.SeenAt), x.User)
	})
}

// SessionByHash finds one, whether or not it still holds.
func (c *Control) SessionByHash(ctx context.Context, hash [32]byte) (x account.Session, err error) {
	found := false
	err = c.d.read(ctx, func(v *view) error {
		return v.each(ctx, "SELECT "+sessionColumns+" FROM browser_session WHERE hash = ?", []any{hash[:]}, func(s scan) error {
			found = true
			x, err = scanSession(s)
			return err
		})
	})
	if err == nil && !found {
		err = notFound("session", "with this token")
	}
	return x, err
}

// Sessions lists those of a user, the one that was used last first.
func (c *Control) Sessions(ctx context.Context, user int64) ([]account.Session, error) {
	var out []account.Session
	err := c.d.read(ctx, func(v *view) error {
		return v.each(ctx, "SELECT "+sessionColumns+" FROM browser_session WHERE user_no = ? ORDER BY seen_at DESC, id", []any{user}, func(s scan) error {
			x, err := scanSession(s)
			out = append(out, x)
			return err
		})
	})
	return out, err
}

// TouchSession notes a visit, and what is to be said at the next one.
func (c *Control) TouchSession(ctx context.Context, id string, at time.Time, said string) error {
	return c.d.write(ctx, func(t *tx) error {
		return t.do("UPDATE browser_session SET seen_at = max(seen_at, ?), said = ? WHERE id = ?", stamp(at), said, id)
	})
}

// EndSession ends one of a user's.
func (c *Control) EndSession(ctx context.Context, user int64, id string) error {
	return c.d.write(ctx, func(t *tx) error {
		n, err := t.count("DELETE FROM browser_session WHERE user_no = ? AND id = ?", user, id)
		if err == nil && n == 0 {
			err = notFound("session", fmt.Sprintf("%q", id))
		}
		return err
	})
}

// EndSessions ends all of a user's but one.
func (c *Control) EndSessions(ctx context.Context, user int64, but string) (n int64, err error) {
	err = c.d.write(ctx, func(t *tx) error {
		n, err = t.count("DELETE FROM browser_session WHERE user_no = ? AND id <> ?", user, but)
		return err
	})
	return n, err
}

// DropSessions removes what began, or was last used, before a time.
func (c *Control) DropSessions(ctx context.Context, created, seen time.Time) (n int64, err error) {
	err = c.d.write(ctx, func(t *tx) error {
		n, err = t.count("DELETE FROM browser_session WHERE created_at < ? OR seen_at < ?", stamp(created), stamp(seen))
		return err
	})
	return n, err
}

// Factor finds a user's second factor.
func (c *Control) Factor(ctx context.Context, user int64) (account.Factor, error) {
	var f account.Factor
	var at int64
	err := c.d.read(ctx, func(v *view) error {
		found, err := v.one(ctx, "SELECT sealed, confirmed_at, last_step FROM account_factor WHERE user_no = ?", []any{user}, &f.Sealed, &at, &f.LastStep)
		if err == nil && !found {
			err = notFound("second factor of user", user)
		}
		return err
	})
	f.ConfirmedAt = unstamp(at)
	return f, err
}

// PutFactor sets it, with its recovery codes.
func (c *Control) PutFactor(ctx context.Context, user int64, f account.Factor, codes [][32]byte) error {
	return c.d.write(ctx, func(t *tx) error {
		if err := t.noFactor(user); err != nil {
			return err
		}
		if err := t.do("INSERT INTO account_factor (user_no, sealed, confirmed_at, last_step) VALUES (?, ?, ?, ?)", user, f.Sealed, stamp(f.ConfirmedAt), f.LastStep); err != nil {
			return err
		}
		for _, h := range codes {
			if err := t.do("INSERT INTO account_recovery (user_no, hash) VALUES (?, ?)", user, h[:]); err != nil {
				return err
			}
		}
		return nil
	})
}

func (t *tx) noFactor(user int64) error {
	if err := t.do("DELETE FROM account_factor WHERE user_no = ?", user); err != nil {
		return err
	}
	return t.do("DELETE FROM account_recovery WHERE user_no = ?", user)
}

// UseStep takes a code once.
func (c *Control) UseStep(ctx context.Context, user, step int64) (ok bool, err error) {
	err = c.d.write(ctx, func(t *tx) error {
		n, err := t.count("UPDATE account_factor SET last_step = ?1 WHERE user_no = ?2 AND last_step < ?1", step, user)
		ok = n == 1
		return err
	})
	return ok, err
}

// UseCode takes a recovery code away.
func (c *Control) UseCode(ctx context.Context, user int64, hash [32]byte) (ok bool, err error) {
	err = c.d.write(ctx, func(t *tx) error {
		n, err := t.count("DELETE FROM account_recovery WHERE user_no = ? AND hash = ?", user, hash[:])
		ok = n == 1
		return err
	})
	return ok, err
}

// CodesLeft counts the recovery codes that were not used.
func (c *Control) CodesLeft(ctx context.Context, user int64) (n int, err error) {
	err = c.d.read(ctx, func(v *view) error {
		_, err := v.one(ctx, "SELECT count(*) FROM account_recovery WHERE user_no = ?", []any{user}, &n)
		return err
	})
	return n, err
}

// DeleteFactor takes the second factor away; none is no error.
func (c *Control) DeleteFactor(ctx context.Context, user int64) error {
	return c.d.write(ctx, func(t *tx) error { return t.noFactor(user) })
}

// PutLink makes the one set-up link of a user.
func (c *Control) PutLink(ctx context.Context, user int64, hash [32]byte, until time.Time) error {
	return c.d.write(ctx, func(t *tx) error {
		return t.do("INSERT INTO account_link (user_no, hash, ends_at) VALUES (?1, ?2, ?3) ON CONFLICT (user_no) DO UPDATE SET hash = ?2, ends_at = ?3", user, hash[:], stamp(until))
	})
}

// LinkUser finds whose set-up link this is.
func (c *Control) LinkUser(ctx context.Context, hash [32]byte, now time.Time) (name string, err error) {
	err = c.d.read(ctx, func(v *view) error {
		found, err := v.one(ctx, "SELECT u.name FROM account_link l JOIN account_user u ON u.id = l.user_no WHERE l.hash = ? AND l.ends_at > ?", []any{hash[:], stamp(now)}, &name)
		if err == nil && !found {
			err = notFound("set-up link", "with this text")
		}
		return err
	})
	return name, err
}

// DropLinks removes those that ran out.
func (c *Control) DropLinks(ctx context.Context, now time.Time) error {
	return c.d.write(ctx, func(t *tx) error { return t.do("DELETE FROM account_link WHERE ends_at <= ?", stamp(now)) })
}

// OutsideUser finds the account of somebody at a provider.
func (c *Control) OutsideUser(ctx context.Context, issuer, subject string) (name string, err error) {
	err = c.d.read(ctx, func(v *view) error {
		found, err := v.one(ctx, "SELECT u.name FROM account_outside o JOIN account_user u ON u.id = o.user_no WHERE o.issuer = ? AND o.subject = ?", []any{issuer, subject}, &name)
		if err == nil && !found {
			err = notFound("account of", fmt.Sprintf("%q at %s", subject, issuer))
		}
		return err
	})
	return name, err
}

// PutOutside ties an account to somebody at a provider.
func (c *Control) PutOutside(ctx context.Context, issuer, subject string, user int64, at time.Time) error {
	return c.d.write(ctx, func(t *tx) error {
		return t.do("INSERT INTO account_outside (issuer, subject, user_no, since) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (issuer, subject) DO UPDATE SET user_no = ?3, since = ?4", issuer, subject, user, stamp(at))
	})
}

// leave removes all that lets a user in, but the password.
func (t *tx) leave(user int64) error {
	for _, table := range []string{"browser_session", "account_factor", "account_recovery", "account_link", "account_outside"} {
		if err := t.do("DELETE FROM "+table+" WHERE user_no = ?", user); err != nil {
			return err
		}
	}
	return nil
}
