package sqlstore

import (
	"context"
	"fmt"
	"time"

	"muster/collector/store"
)

const targetColumns = `t.id, t.address, t.port, ifnull(k.name, ''), t.pinned, t.site, t.origin, t.state, t.reason, t.since, t.polled_at, t.good_at,
	t.device, t.learned, t.revision, t.created_at, t.created_by FROM target AS t LEFT JOIN credential AS k ON k.id = t.credential`

func scanTarget(s scan) (store.Target, error) {
	var x store.Target
	var at []byte
	var learned *string
	var since, polled, good, created int64
	err := s(&x.ID, &at, &x.Port, &x.Credential, &x.Pinned, &x.Site, &x.Origin, &x.State, &x.Reason, &since, &polled, &good,
		&x.Device, &learned, &x.Revision, &created, &x.CreatedBy)
	x.Address, x.Since, x.PolledAt, x.GoodAt, x.CreatedAt = address(at), unstamp(since), unstamp(polled), unstamp(good), unstamp(created)
	if learned != nil {
		x.Learned = []byte(*learned)
	}
	return x, err
}

// Targets lists them by address and port.
func (c *Control) Targets(ctx context.Context, q store.TargetQuery) ([]store.Target, error) {
	var w where
	if len(q.States) > 0 {
		w.add("t.state IN (SELECT value FROM json_each(?))", textsOf(q.States))
	}
	if q.Site != 0 {
		w.add("t.site = ?", q.Site)
	}
	if q.Network.IsValid() {
		first, last := prefixRange(q.Network)
		w.add("t.address BETWEEN ? AND ?", first, last)
	}
	if q.Port != 0 {
		w.add("t.port = ?", q.Port)
	}
	if q.Device != "" {
		w.add("t.device = ?", q.Device)
	}
	var out []store.Target
	err := c.d.read(ctx, func(v *view) error {
		return v.each(ctx, "SELECT "+targetColumns+w.String()+" ORDER BY t.address, t.port LIMIT ?", append(w.args, limitOf(q.Limit)), func(s scan) error {
			x, err := scanTarget(s)
			out = append(out, x)
			return err
		})
	})
	return out, err
}

// CountTargets counts all by their state.
func (c *Control) CountTargets(ctx context.Context) (map[store.TargetState]int, error) {
	out := map[store.TargetState]int{}
	err := c.d.read(ctx, func(v *view) error {
		return v.each(ctx, "SELECT state, count(*) FROM target GROUP BY state", nil, func(s scan) error {
			var state store.TargetState
			var n int
			err := s(&state, &n)
			out[state] = n
			return err
		})
	})
	return out, err
}

// PutTarget creates a target or changes what people say of one.
func (c *Control) PutTarget(ctx context.Context, x store.Target, now time.Time) (store.Target, error) {
	if err := x.Check(); err != nil {
		return store.Target{}, err
	}
	var out store.Target
	err := c.d.write(ctx, func(t *tx) error {
		var credential any
		if x.Credential != "" {
			id, found, err := t.credentialID(x.Credential)
			if err == nil && !found {
				err = notFound("credential", fmt.Sprintf("%q", x.Credential))
			}
			if err != nil {
				return err
			}
			credential = id
		}
		if x.ID == 0 {
			id, err := t.addTarget(x, credential, now)
			if err != nil {
				return fmt.Errorf("target %s: %w", x.AddrPort(), err)
			}
			x.ID = id
		} else {
			n, err := t.count(`UPDATE target SET state = iif(credential IS ?2, state, 'untried'), reason = iif(credential IS ?2, reason, ''), since = iif(credential IS ?2, since, ?5),
				credential = ?2, pinned = ?3, site = ?4, revision = revision + 1 WHERE id = ?1`, x.ID, credential, x.Pinned, x.Site, stamp(now))
			if err == nil && n == 0 {
				err = notFound("target", x.ID)
			}
			if err != nil {
				return err
			}
		}
		var err error
		out, _, err = t.target("t.id = ?", x.ID)
		return err
	})
	return out, err
}

func (t *tx) target(where string, args ...any) (store.Target, bool, error) {
	var out store.Target
	found := false
	err := t.each("SELECT "+targetColumns+" WHERE "+where, args, func(s scan) (err error) {
		out, err = scanTarget(s)
		found = true
		return err
	})
	return out, found, err
}

func (t *tx) addTarget(x store.Target, credential any, now time.Time) (int64, error) {
	if x.State == "" {
		x.State = store.Untried
	}
	if x.Since.IsZero() {
		x.Since = now
	}
	at := x.Address.As16()
	return t.insert("id", `INSERT INTO target (address, port, credential, pinned, site, origin, state, reason, since, polled_at, good_at, device, learned, revision, created_at, created_by)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?)`, at[:], x.Port, credential, x.Pinned, x.Site, x.Origin, x.State, x.Reason, stamp(x.Since),
		stamp(x.PolledAt), stamp(x.GoodAt), x.Device, textOrNull(x.Learned), stamp(now), x.CreatedBy)
}

// textOrNull keeps NULL for what is not there.
func textOrNull(b []byte) any {
	if len(b) == 0 {
		return nil
	}
	return string(b)
}

// AddTargets creates those that are not there yet.
func (c *Control) AddTargets(ctx context.Context, list []store.Target, now time.Time) ([]store.Target, error) {
	for i := range list {
		if err := list[i].Check(); err != nil {
			return nil, err
		}
	}
	var out []store.Target
	err := c.d.write(ctx, func(t *tx) error {
		out = out[:0]
		for _, x := range list {
			at := x.Address.As16()
			old, found, err := t.target("t.address = ? AND t.port = ?", at[:], x.Port)
			if err != nil {
				return err
			}
			if !found {
				var credential any
				if id, known, err := t.credentialID(x.Credential); err != nil {
					return err
				} else if known {
					credential = id
				}
				if x.ID, err = t.addTarget(x, credential, now); err != nil {
					return fmt.Errorf("target %s: %w", x.AddrPort(), err)
				}
				if old, _, err = t.target("t.id = ?", x.ID); err != nil {
					return err
				}
			}
			out = append(out, old)
		}
		return nil
	})
	return out, err
}

// MarkTargets notes what polls found.
func (c *Control) MarkTargets(ctx context.Context, marks []store.TargetMark) error {
	for i := range marks {
		if err := marks[i].Check(); err != nil {
			return err
		}
	}
	if len(marks) == 0 {
		return nil
	}
	return c.d.write(ctx, func(t *tx) error {
		for _, m := range marks {
			at := stamp(m.At)
			if err := t.do(`UPDATE target SET
				since = iif(?4 IN ('', state), since, ?3), reason = iif(?4 = '', reason, ?5), state = iif(?4 = '', state, ?4),
				good_at = iif(?4 = 'live', ?3, good_at), polled_at = ?3,
				credential = iif(pinned <> 0 OR ?6 = '', credential, ifnull((SELECT id FROM credential WHERE name = ?6 COLLATE NOCASE), credential)),
				device = iif(?7 = '', device, ?7), learned = ifnull(?8, learned)
				WHERE id = ?1 AND revision = ?2`,
				m.ID, m.Revision, at, m.State, m.Brief(), m.Credential, m.Device, textOrNull(m.Learned)); err != nil {
				return fmt.Errorf("mark target %d: %w", m.ID, err)
			}
		}
		return nil
	})
}

// DeleteTarget ends polling.
func (c *Control) DeleteTarget(ctx context.Context, id int64) error {
	return c.d.write(ctx, func(t *tx) error {
		n, err := t.count("DELETE FROM target WHERE id = ?", id)
		if err == nil && n == 0 {
			err = notFound("target", id)
		}
		return err
	})
}
