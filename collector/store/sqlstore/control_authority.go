package sqlstore

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"

	"muster/collector/authority"
	"muster/collector/store"
)

const askColumns = "id, kind, state, device, other, key, token, name, remote, reason, score, terms, asked_at, decided_at, decided_by"

func scanAsk(s scan) (authority.Approval, error) {
	var a authority.Approval
	var key, token []byte
	var remote, terms string
	var asked, decided int64
	if err := s(&a.ID, &a.Kind, &a.State, &a.Device, &a.Other, &key, &token, &a.Name, &remote, &a.Reason, &a.Score, &terms, &asked, &decided, &a.DecidedBy); err != nil {
		return a, err
	}
	copy(a.Key[:], key)
	copy(a.Token[:], token)
	a.AskedAt, a.DecidedAt = unstamp(asked), unstamp(decided)
	if remote != "" {
		addr, err := netip.ParseAddr(remote)
		if err != nil {
			return a, fmt.Errorf("address of approval: %w", err)
		}
		a.Remote = addr
	}
	return a, json.Unmarshal([]byte(terms), &a.Terms)
}

// PutApproval adds a question, or its answer.
func (c *Control) PutApproval(ctx context.Context, a authority.Approval) (out authority.Approval, err error) {
	err = c.d.write(ctx, func(t *tx) error {
		n, err := t.count("UPDATE identity_approval SET state = ?, decided_at = ?, decided_by = ? WHERE id = ?", a.State, stamp(a.DecidedAt), a.DecidedBy, a.ID)
		if err != nil {
			return err
		}
		id := a.ID
		if n == 0 {
			found, err := t.one("SELECT id FROM identity_approval WHERE kind = ? AND device = ? AND other = ? AND key = ? AND state <> ? LIMIT 1",
				[]any{a.Kind, a.Device, a.Other, a.Key[:], authority.Used}, &id)
			if err != nil {
				return err
			}
			if !found {
				if err := t.do("INSERT INTO identity_approval ("+askColumns+") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
					a.ID, a.Kind, a.State, a.Device, a.Other, a.Key[:], a.Token[:], a.Name, addrText(a.Remote), a.Reason, a.Score, asJSON(a.Terms),
					stamp(a.AskedAt), stamp(a.DecidedAt), a.DecidedBy); err != nil {
					return err
				}
			}
		}
		return t.each("SELECT "+askColumns+" FROM identity_approval WHERE id = ?", []any{id}, func(s scan) error {
			out, err = scanAsk(s)
			return err
		})
	})
	return out, err
}

// ListApprovals lists questions, oldest first.
func (c *Control) ListApprovals(ctx context.Context, k authority.ApprovalKind, st authority.ApprovalState) (out []authority.Approval, err error) {
	err = c.d.read(ctx, func(v *view) error {
		return v.each(ctx, "SELECT "+askColumns+" FROM identity_approval WHERE (?1 = '' OR kind = ?1) AND (?2 = '' OR state = ?2) ORDER BY asked_at, id",
			[]any{k, st}, func(s scan) error {
				a, err := scanAsk(s)
				out = append(out, a)
				return err
			})
	})
	return out, err
}

// AllAuthorities lists the CAs, newest first.
func (c *Control) AllAuthorities(ctx context.Context) (out []authority.CA, err error) {
	err = c.d.read(ctx, func(v *view) error {
		return v.each(ctx, "SELECT hash, certificate, sealed_key, state, created_at, since FROM authority ORDER BY created_at DESC, hash", nil, func(s scan) error {
			var a authority.CA
			var hash []byte
			var created, since int64
			if err := s(&hash, &a.Certificate, &a.SealedKey, &a.State, &created, &since); err != nil {
				return err
			}
			copy(a.Hash[:], hash)
			a.Certificate, a.SealedKey = bytes.Clone(a.Certificate), bytes.Clone(a.SealedKey)
			a.CreatedAt, a.Since = unstamp(created), unstamp(since)
			out = append(out, a)
			return nil
		})
	})
	return out, err
}

// ChangeAuthorities takes all steps or none.
func (c *Control) ChangeAuthorities(ctx context.Context, steps []authority.Step) error {
	return c.d.write(ctx, func(t *tx) error {
		for _, st := range steps {
			a := st.CA
			var n int64
			var err error
			switch {
			case st.From == "":
				n, err = t.count("INSERT INTO authority VALUES (?, ?, ?, ?, ?, ?)", a.Hash[:], a.Certificate, a.SealedKey, st.To, stamp(a.CreatedAt), stamp(a.Since))
			case st.To == "":
				n, err = t.count("DELETE FROM authority WHERE hash = ? AND state = ?", a.Hash[:], st.From)
			default:
				n, err = t.count("UPDATE authority SET state = ?, since = ? WHERE hash = ? AND state = ?", st.To, stamp(a.Since), a.Hash[:], st.From)
			}
			if errors.Is(err, store.ErrConflict) || err == nil && n == 0 {
				return authority.ErrConflict
			}
			if err != nil {
				return err
			}
			if err := t.changed(nil, a.Since); err != nil {
				return err
			}
		}
		return nil
	})
}
