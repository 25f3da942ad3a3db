package authority

import (
	"context"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"muster/internal/enroll"
)

// Invite says what a new token lets in.
type Invite struct {
	Uses     int           // 1 when zero
	Valid    time.Duration // 24 h when zero, at most MaxValid
	Site     int64
	Labels   []string
	Networks []netip.Prefix
	Approve  bool
	Note     string
	By       string
}

// Bounds of an invitation.
const (
	MaxUses  = 100_000
	MaxValid = 366 * day
)

// Invite makes a token and the enrolment string around it. The string is
// given once; only the token's hash is kept.
func (a *Authority) Invite(ctx context.Context, i Invite) (enroll.Invitation, Token, error) {
	fail := func(err error) (enroll.Invitation, Token, error) {
		return enroll.Invitation{}, Token{}, fmt.Errorf("make an invitation: %w", err)
	}
	if i.Uses == 0 {
		i.Uses = 1
	}
	if i.Valid == 0 {
		i.Valid = day
	}
	if i.Uses < 0 || i.Uses > MaxUses {
		return fail(fmt.Errorf("uses is 1 to %d, not %d", MaxUses, i.Uses))
	}
	if i.Valid < 0 || i.Valid > MaxValid {
		return fail(fmt.Errorf("it may be good for up to %d days", MaxValid/day))
	}
	addresses := a.o.Addresses()
	v := enroll.Invitation{Addresses: addresses[:min(len(addresses), enroll.MaxAddresses)], Token: enroll.NewSecret(), CA: a.Active()}
	if err := v.Check(); err != nil {
		return fail(err)
	}
	now, hash := a.now(), v.Token.Hash()
	t := Token{
		Hash: hash, ID: hex.EncodeToString(hash[:6]), Site: i.Site, Labels: i.Labels, Networks: i.Networks,
		Approve: i.Approve, Note: i.Note, Uses: i.Uses, UsesLeft: i.Uses, CA: v.CA,
		CreatedBy: i.By, CreatedAt: now, ExpiresAt: now.Add(i.Valid),
	}
	if err := a.o.Store.PutToken(ctx, t); err != nil {
		return fail(err)
	}
	return v, t, nil
}

// Tokens lists the tokens, newest first.
func (a *Authority) Tokens(ctx context.Context) ([]Token, error) { return a.o.Store.AllTokens(ctx) }

// RevokeToken ends a token by its ID. Devices it let in stay.
func (a *Authority) RevokeToken(ctx context.Context, id string) error {
	all, err := a.o.Store.AllTokens(ctx)
	if err != nil {
		return fmt.Errorf("revoke invitation %s: %w", id, err)
	}
	i := slices.IndexFunc(all, func(t Token) bool { return t.ID == id })
	if i < 0 {
		return fmt.Errorf("revoke invitation %s: %w", id, ErrNotFound)
	}
	t := all[i]
	if !t.RevokedAt.IsZero() {
		return nil
	}
	t.RevokedAt = a.now()
	if err := a.o.Store.PutToken(ctx, t); err != nil {
		return fmt.Errorf("revoke invitation %s: %w", id, err)
	}
	return nil
}

// judge says why a token does not let a device in. over is set when it was
// good once: then a device that it let in may still ask for its reply again.
func (t Token) judge(now time.Time, from netip.Addr) (code enroll.Code, over bool) {
	switch {
	case !t.RevokedAt.IsZero():
		return enroll.CodeTokenRevoked, false
	case !t.covers(from):
		return enroll.CodeTokenNetwork, false
	case !now.Before(t.ExpiresAt):
		return enroll.CodeTokenExpired, true
	case t.UsesLeft <= 0:
		return enroll.CodeTokenUsedUp, true
	}
	return "", false
}

func (t Token) covers(from netip.Addr) bool {
	from = from.Unmap().WithZone("")
	return len(t.Networks) == 0 || slices.ContainsFunc(t.Networks, func(p netip.Prefix) bool { return p.Contains(from) })
}
