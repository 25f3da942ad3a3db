package sqlstore

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"muster/collector/authority"
	"muster/collector/store"
	"muster/internal/enroll"
	"muster/internal/inventory"
)

// strong is the least weight of an item by which devices are compared.
const strong = 15

// changesKept is how long other collectors may take to notice a change.
const changesKept = 24 * time.Hour

const enrolColumns = "hash, id, site, labels, networks, approve, note, uses, uses_left, ca, created_by, created_at, expires_at, revoked_at"

func scanEnrol(s scan) (authority.Token, error) {
	var t authority.Token
	var hash, ca []byte
	var labels, networks string
	var created, expires, revoked int64
	if err := s(&hash, &t.ID, &t.Site, &labels, &networks, &t.Approve, &t.Note, &t.Uses, &t.UsesLeft, &ca, &t.CreatedBy, &created, &expires, &revoked); err != nil {
		return t, err
	}
	copy(t.Hash[:], hash)
	copy(t.CA[:], ca)
	t.CreatedAt, t.ExpiresAt, t.RevokedAt = unstamp(created), unstamp(expires), unstamp(revoked)
	return t, errors.Join(json.Unmarshal([]byte(labels), &t.Labels), json.Unmarshal([]byte(networks), &t.Networks))
}

// PutToken adds an enrolment token, or changes when it ends.
func (c *Control) PutToken(ctx context.Context, k authority.Token) error {
	return c.d.write(ctx, func(t *tx) error {
		return t.do("INSERT INTO enroll_token ("+enrolColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"+
			" ON CONFLICT (hash) DO UPDATE SET expires_at = excluded.expires_at, revoked_at = excluded.revoked_at",
			k.Hash[:], k.ID, k.Site, asJSON(k.Labels), asJSON(k.Networks), k.Approve, k.Note, k.Uses, k.UsesLeft, k.CA[:], k.CreatedBy,
			stamp(k.CreatedAt), stamp(k.ExpiresAt), stamp(k.RevokedAt))
	})
}

// Token finds an enrolment token by its hash.
func (c *Control) Token(ctx context.Context, hash [32]byte) (k authority.Token, err error) {
	found := false
	err = c.d.read(ctx, func(v *view) error {
		return v.each(ctx, "SELECT "+enrolColumns+" FROM enroll_token WHERE hash = ?", []any{hash[:]}, func(s scan) error {
			found = true
			k, err = scanEnrol(s)
			return err
		})
	})
	if err == nil && !found {
		err = authority.ErrNotFound
	}
	return k, err
}

// AllTokens lists enrolment tokens, newest first.
func (c *Control) AllTokens(ctx context.Context) (out []authority.Token, err error) {
	err = c.d.read(ctx, func(v *view) error {
		return v.each(ctx, "SELECT "+enrolColumns+" FROM enroll_token ORDER BY created_at DESC, id", nil, func(s scan) error {
			k, err := scanEnrol(s)
			out = append(out, k)
			return err
		})
	})
	return out, err
}

const (
	keyColumns = "k.hash, k.device, k.generation, k.serial, k.ca, k.certificate, k.machine, k.issued_at, k.expires_at, k.seen_at, k.superseded_at, k.forked_at, k.forks"
	devColumns = "d.device, d.hostname, d.os, d.arch, d.agent_version, d.site, d.labels, d.evidence, d.token, d.parent, d.enrolled_at, d.remote, d.revoked_at, d.revoked_by, d.revoked_reason"
)

// keyRow and devRow take what a scan brings before it becomes what it means.
type keyRow struct {
	k                                           authority.Key
	hash, ca, machine                           []byte
	issued, expires, seen, superseded, forkedAt int64
}

func (r *keyRow) into() []any {
	return []any{&r.hash, &r.k.Device, &r.k.Generation, &r.k.Serial, &r.ca, &r.k.Certificate, &r.machine, &r.issued, &r.expires, &r.seen,
		&r.superseded, &r.forkedAt, &r.k.Forks}
}

func (r *keyRow) key() authority.Key {
	copy(r.k.Hash[:], r.hash)
	copy(r.k.CA[:], r.ca)
	copy(r.k.Machine[:], r.machine)
	r.k.IssuedAt, r.k.ExpiresAt, r.k.SeenAt = unstamp(r.issued), unstamp(r.expires), unstamp(r.seen)
	r.k.SupersededAt, r.k.ForkedAt = unstamp(r.superseded), unstamp(r.forkedAt)
	return r.k
}

type devRow struct {
	d                        authority.Device
	labels, evidence, remote string
	token                    []byte
	enrolled, revoked        int64
}

func (r *devRow) into() []any {
	return []any{&r.d.ID, &r.d.Hostname, &r.d.OS, &r.d.Arch, &r.d.AgentVersion, &r.d.Site, &r.labels, &r.evidence, &r.token, &r.d.Parent,
		&r.enrolled, &r.remote, &r.revoked, &r.d.RevokedBy, &r.d.RevokedReason}
}

func (r *devRow) device() (authority.Device, error) {
	copy(r.d.Token[:], r.token)
	r.d.EnrolledAt, r.d.RevokedAt = unstamp(r.enrolled), unstamp(r.revoked)
	if r.remote != "" {
		a, err := netip.ParseAddr(r.remote)
		if err != nil {
			return r.d, fmt.Errorf("address of device: %w", err)
		}
		r.d.Remote = a
	}
	return r.d, errors.Join(json.Unmarshal([]byte(r.labels), &r.d.Labels), json.Unmarshal([]byte(r.evidence), &r.d.Evidence))
}

// addrText is an address as kept: empty when there is none.
func addrText(a netip.Addr) string {
	if !a.IsValid() {
		return ""
	}
	return a.String()
}

// Issue writes a certificate down; see authority.Identities.
func (c *Control) Issue(ctx context.Context, g authority.Grant) error {
	return c.d.write(ctx, func(t *tx) error {
		var n int
		if found, err := t.one("SELECT 1 FROM identity_key WHERE hash = ?", []any{g.Key.Hash[:]}, &n); err != nil || found {
			return cmp.Or(err, authority.ErrKeyExists)
		}
		if g.Token != nil {
			n, err := t.count("UPDATE enroll_token SET uses_left = uses_left - 1 WHERE hash = ? AND uses_left > 0 AND revoked_at = 0"+
				" AND (expires_at = 0 OR expires_at > ? OR ? = 1)", g.Token[:], stamp(g.Now), g.Approval != "")
			if err != nil || n == 0 {
				return cmp.Or(err, authority.ErrUsedUp)
			}
		}
		if g.Previous != nil {
			if err := t.previous(g); err != nil {
				return err
			}
		}
		if g.Approval != "" {
			n, err := t.count("UPDATE identity_approval SET state = ? WHERE id = ? AND state = ?", authority.Used, g.Approval, authority.Approved)
			if err != nil || n == 0 {
				return cmp.Or(err, authority.ErrConflict)
			}
		}
		if err := t.identify(g); err != nil {
			return err
		}
		k := g.Key
		_, err := t.count("INSERT INTO identity_key VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", k.Hash[:], k.Device, k.Generation, k.Serial, k.CA[:],
			k.Certificate, k.Machine[:], stamp(k.IssuedAt), stamp(k.ExpiresAt), stamp(k.SeenAt), stamp(k.SupersededAt), stamp(k.ForkedAt), k.Forks)
		if errors.Is(err, store.ErrConflict) {
			return authority.ErrKeyExists
		}
		if err != nil {
			return err
		}
		return t.prune(g)
	})
}

// previous checks the key a renewal came with, and marks it when it was a fork.
func (t *tx) previous(g authority.Grant) error {
	var superseded, revoked int64
	found, err := t.one("SELECT k.superseded_at, d.revoked_at FROM identity_key k JOIN identity d USING (device) WHERE k.hash = ?",
		[]any{g.Previous[:]}, &superseded, &revoked)
	switch {
	case err != nil:
		return err
	case !found || revoked != 0 || superseded != 0 && !g.Fork:
		return authority.ErrConflict
	}
	if g.Fork {
		err := t.do("UPDATE identity_key SET forked_at = iif(forked_at = 0, ?, forked_at), forks = forks + 1 WHERE hash = ?", stamp(g.Now), g.Previous[:])
		if err != nil {
			return err
		}
	}
	return t.changed(g.Previous[:], g.Now)
}

// changed tells other collectors; a nil key is the set of CAs.
func (t *tx) changed(key []byte, at time.Time) error {
	if err := t.do("DELETE FROM identity_change WHERE at < ?", at.Add(-changesKept).UnixMilli()); err != nil {
		return err
	}
	if key == nil {
		return t.do("INSERT INTO identity_change (key, at) VALUES (NULL, ?)", at.UnixMilli())
	}
	return t.do("INSERT INTO identity_change (key, at) VALUES (?, ?)", key, at.UnixMilli())
}

// identify adds the device, or brings its evidence up to date.
func (t *tx) identify(g authority.Grant) error {
	id := g.Key.Device
	if d := g.Device; d != nil {
		err := t.do("INSERT INTO identity VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", d.ID, d.Hostname, d.OS, d.Arch, d.AgentVersion, d.Site,
			asJSON(d.Labels), asJSON(d.Evidence), d.Token[:], d.Parent, stamp(d.EnrolledAt), addrText(d.Remote), stamp(d.RevokedAt), d.RevokedBy, d.RevokedReason)
		if err != nil {
			return err
		}
		return t.items(d.ID, d.Evidence)
	}
	if err := t.do("UPDATE identity SET evidence = ? WHERE device = ?", asJSON(g.Evidence), id); err != nil {
		return err
	}
	return t.items(id, g.Evidence)
}

func (t *tx) items(id inventory.DeviceID, e enroll.Evidence) error {
	if err := t.do("DELETE FROM identity_item WHERE device = ?", id); err != nil {
		return err
	}
	for _, it := range e.Items {
		if err := t.do("INSERT OR IGNORE INTO identity_item VALUES (?, ?, ?)", it.Kind, it.Value, id); err != nil {
			return err
		}
	}
	return nil
}

// prune forgets keys that nobody can use any more, and unseen ones beyond the
// bound, oldest first.
func (t *tx) prune(g authority.Grant) error {
	err := t.do(`DELETE FROM identity_key WHERE hash IN (SELECT hash FROM identity_key WHERE device = ?1 AND seen_at = 0 AND hash <> ?2
		ORDER BY issued_at DESC, generation DESC, hash LIMIT 9223372036854775807 OFFSET ?3)`, g.Key.Device, g.Key.Hash[:], authority.MaxUnseen-1)
	if err != nil || g.Keep == 0 {
		return err
	}
	return t.do("DELETE FROM identity_key WHERE device = ? AND hash <> ? AND expires_at < ?", g.Key.Device, g.Key.Hash[:], stamp(g.Now.Add(-g.Keep)))
}

// Key finds a key with its device.
func (c *Control) Key(ctx context.Context, hash enroll.KeyHash) (k authority.Key, d authority.Device, err error) {
	err = c.d.read(ctx, func(v *view) error {
		var kr keyRow
		var dr devRow
		found, err := v.one(ctx, "SELECT "+keyColumns+", "+devColumns+" FROM identity_key k JOIN identity d USING (device) WHERE k.hash = ?",
			[]any{hash[:]}, append(kr.into(), dr.into()...)...)
		if err != nil || !found {
			return cmp.Or(err, authority.ErrNotFound)
		}
		k = kr.key()
		d, err = dr.device()
		return err
	})
	return k, d, err
}

// Newest finds a device with the newest key that was used.
func (c *Control) Newest(ctx context.Context, id inventory.DeviceID) (k authority.Key, d authority.Device, err error) {
	err = c.d.read(ctx, func(v *view) error {
		var kr keyRow
		var dr devRow
		found, err := v.one(ctx, "SELECT "+devColumns+" FROM identity d WHERE d.device = ?", []any{string(id)}, dr.into()...)
		if err != nil || !found {
			return cmp.Or(err, authority.ErrNotFound)
		}
		if d, err = dr.device(); err != nil {
			return err
		}
		found, err = v.one(ctx, "SELECT "+keyColumns+" FROM identity_key k WHERE k.device = ? AND k.seen_at <> 0 ORDER BY k.generation DESC, k.issued_at DESC LIMIT 1",
			[]any{string(id)}, kr.into()...)
		if found {
			k = kr.key()
		}
		return err
	})
	return k, d, err
}

// Seen notes the first use of a key, after which older ones are over.
func (c *Control) Seen(ctx context.Context, hash enroll.KeyHash, at time.Time) (over []enroll.KeyHash, err error) {
	err = c.d.write(ctx, func(t *tx) error {
		var device string
		var generation, seen, superseded int64
		found, err := t.one("SELECT device, generation, seen_at, superseded_at FROM identity_key WHERE hash = ?", []any{hash[:]},
			&device, &generation, &seen, &superseded)
		switch {
		case err != nil:
			return err
		case !found:
			return authority.ErrNotFound
		case superseded != 0:
			return authority.ErrConflict
		case seen != 0:
			return nil
		}
		err = t.each("SELECT hash FROM identity_key WHERE device = ? AND hash <> ? AND generation <= ? AND superseded_at = 0",
			[]any{device, hash[:], generation}, func(s scan) error {
				var b []byte
				if err := s(&b); err != nil {
					return err
				}
				over = append(over, enroll.KeyHash(bytes.Clone(b)))
				return nil
			})
		if err != nil {
			return err
		}
		if err := t.do("UPDATE identity_key SET superseded_at = ? WHERE device = ? AND hash <> ? AND generation <= ? AND superseded_at = 0",
			stamp(at), device, hash[:], generation); err != nil {
			return err
		}
		if err := t.do("UPDATE identity_key SET seen_at = ? WHERE hash = ?", stamp(at), hash[:]); err != nil {
			return err
		}
		for _, h := range append(over, hash) {
			if err := t.changed(h[:], at); err != nil {
				return err
			}
		}
		return nil
	})
	return over, err
}

// Revoke refuses a device from now on.
func (c *Control) Revoke(ctx context.Context, id inventory.DeviceID, r authority.Revocation) (keys []enroll.KeyHash, err error) {
	err = c.d.write(ctx, func(t *tx) error {
		var revoked int64
		found, err := t.one("SELECT revoked_at FROM identity WHERE device = ?", []any{id}, &revoked)
		if err != nil || !found {
			return cmp.Or(err, authority.ErrNotFound)
		}
		if revoked == 0 {
			if err := t.do("UPDATE identity SET revoked_at = ?, revoked_by = ?, revoked_reason = ? WHERE device = ?", stamp(r.At), r.By, r.Reason, id); err != nil {
				return err
			}
		}
		err = t.each("SELECT hash FROM identity_key WHERE device = ?", []any{id}, func(s scan) error {
			var b []byte
			if err := s(&b); err != nil {
				return err
			}
			keys = append(keys, enroll.KeyHash(bytes.Clone(b)))
			return nil
		})
		for _, k := range keys {
			err = errors.Join(err, t.changed(k[:], r.At))
		}
		return err
	})
	return keys, err
}

// Similar finds devices that share a strong item.
func (c *Control) Similar(ctx context.Context, e enroll.Evidence, limit int) (out []authority.Device, err error) {
	var pairs []string
	var args []any
	for _, it := range e.Items {
		if it.Kind.Weight() >= strong {
			pairs = append(pairs, "(?, ?)")
			args = append(args, it.Kind, it.Value)
		}
	}
	if len(pairs) == 0 {
		return nil, nil
	}
	err = c.d.read(ctx, func(v *view) error {
		return v.each(ctx, "SELECT "+devColumns+" FROM identity d WHERE d.device IN (SELECT device FROM identity_item WHERE (kind, value) IN (VALUES "+
			strings.Join(pairs, ", ")+")) ORDER BY d.enrolled_at DESC, d.device DESC LIMIT ?", append(args, limit), func(s scan) error {
			var r devRow
			if err := s(r.into()...); err != nil {
				return err
			}
			d, err := r.device()
			out = append(out, d)
			return err
		})
	})
	return out, err
}

// Changes tells what happened since a number.
func (c *Control) Changes(ctx context.Context, after int64) (out authority.Changes, err error) {
	err = c.d.read(ctx, func(v *view) error {
		out.Next = after
		if after == 0 {
			found, err := v.one(ctx, "SELECT seq FROM sqlite_sequence WHERE name = 'identity_change'", nil, &out.Next)
			if !found {
				out.Next = firstChange
			}
			return err
		}
		return v.each(ctx, "SELECT seq, key FROM identity_change WHERE seq > ? ORDER BY seq", []any{max(after, 0)}, func(s scan) error {
			var key []byte
			if err := s(&out.Next, &key); err != nil {
				return err
			}
			if key == nil {
				out.Authorities = true
			} else {
				out.Keys = append(out.Keys, enroll.KeyHash(bytes.Clone(key)))
			}
			return nil
		})
	})
	return out, err
}

// firstChange stands for "before any": below every number, and not 0.
const firstChange = -1

// Census counts devices, and the CAs that their keys are from.
func (c *Control) Census(ctx context.Context, since time.Time) (out authority.Census, err error) {
	out.Holding = map[enroll.KeyHash]int{}
	err = c.d.read(ctx, func(v *view) error {
		if _, err := v.one(ctx, "SELECT count(*) FILTER (WHERE revoked_at = 0), count(*) FILTER (WHERE revoked_at <> 0) FROM identity", nil,
			&out.Devices, &out.Revoked); err != nil {
			return err
		}
		if _, err := v.one(ctx, `SELECT count(*) FROM (
			SELECT issued_at, row_number() OVER (PARTITION BY device ORDER BY seen_at > 0 DESC, generation DESC, issued_at DESC) AS place
			FROM identity_key JOIN identity USING (device) WHERE revoked_at = 0) AS o WHERE place = 1 AND issued_at >= ?`, []any{stamp(since)}, &out.Since); err != nil {
			return err
		}
		return v.each(ctx, `SELECT ca, count(DISTINCT device) FROM identity_key JOIN identity USING (device)
			WHERE revoked_at = 0 AND superseded_at = 0 GROUP BY ca`, nil, func(s scan) error {
			var ca []byte
			var n int
			if err := s(&ca, &n); err != nil {
				return err
			}
			out.Holding[enroll.KeyHash(bytes.Clone(ca))] = n
			return nil
		})
	})
	return out, err
}
