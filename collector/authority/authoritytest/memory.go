// Package authoritytest holds stores of identities to their contract, and has
// one in memory for the tests of others. It must not be linked into a program.
package authoritytest

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"muster/collector/authority"
	"muster/internal/enroll"
	"muster/internal/inventory"
)

// Memory is an authority.Store that forgets at exit. Fail, when set, is asked
// before each method with its name; its error is answered instead. Set it
// before use.
type Memory struct {
	Fail func(method string) error

	mu        sync.Mutex
	tokens    map[[32]byte]authority.Token
	devices   map[inventory.DeviceID]authority.Device
	keys      map[enroll.KeyHash]authority.Key
	of        map[inventory.DeviceID][]enroll.KeyHash // the keys of each device
	approvals []authority.Approval
	cas       []authority.CA
	changes   []authority.Changes // one key or one change of CAs each; Next is its number
}

// NewMemory makes an empty store.
func NewMemory() *Memory {
	return &Memory{
		tokens:  map[[32]byte]authority.Token{},
		devices: map[inventory.DeviceID]authority.Device{},
		keys:    map[enroll.KeyHash]authority.Key{},
		of:      map[inventory.DeviceID][]enroll.KeyHash{},
	}
}

var _ authority.Store = (*Memory)(nil)

func (m *Memory) begin(ctx context.Context, method string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if m.Fail != nil {
		return m.Fail(method)
	}
	return nil
}

func (m *Memory) changed(keys ...enroll.KeyHash) {
	for _, k := range keys {
		m.changes = append(m.changes, authority.Changes{Keys: []enroll.KeyHash{k}, Next: int64(len(m.changes) + 1)})
	}
}

// PutToken implements authority.Tokens.
func (m *Memory) PutToken(ctx context.Context, t authority.Token) error {
	if err := m.begin(ctx, "PutToken"); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if old, ok := m.tokens[t.Hash]; ok {
		old.ExpiresAt, old.RevokedAt = t.ExpiresAt, t.RevokedAt
		t = old
	}
	m.tokens[t.Hash] = t
	return nil
}

// Token implements authority.Tokens.
func (m *Memory) Token(ctx context.Context, hash [32]byte) (authority.Token, error) {
	if err := m.begin(ctx, "Token"); err != nil {
		return authority.Token{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	t, ok := m.tokens[hash]
	if !ok {
		return t, authority.ErrNotFound
	}
	return t, nil
}

// AllTokens implements authority.Tokens.
func (m *Memory) AllTokens(ctx context.Context) ([]authority.Token, error) {
	if err := m.begin(ctx, "AllTokens"); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.SortedFunc(maps.Values(m.tokens), func(a, b authority.Token) int { return b.CreatedAt.Compare(a.CreatedAt) }), nil
}

// Issue implements authority.Identities.
func (m *Memory) Issue(ctx context.Context, g authority.Grant) error {
	if err := m.begin(ctx, "Issue"); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	// All is checked before anything is written: that is the transaction.
	if _, ok := m.keys[g.Key.Hash]; ok {
		return authority.ErrKeyExists
	}
	approved := -1
	if g.Approval != "" {
		approved = slices.IndexFunc(m.approvals, func(a authority.Approval) bool { return a.ID == g.Approval && a.State == authority.Approved })
		if approved < 0 {
			return authority.ErrConflict
		}
	}
	if g.Token != nil {
		t := m.tokens[*g.Token]
		if t.UsesLeft <= 0 || !t.RevokedAt.IsZero() || !g.Now.Before(t.ExpiresAt) && approved < 0 {
			return authority.ErrUsedUp
		}
		t.UsesLeft--
		defer func() { m.tokens[t.Hash] = t }()
	}
	if g.Previous != nil {
		p, ok := m.keys[*g.Previous]
		if !ok || !m.devices[p.Device].RevokedAt.IsZero() || !g.Fork && !p.SupersededAt.IsZero() {
			return authority.ErrConflict
		}
		if g.Fork {
			p.ForkedAt, p.Forks = g.Now, p.Forks+1
			m.keys[p.Hash] = p
			m.changed(p.Hash)
		}
	}
	if approved >= 0 {
		m.approvals[approved].State = authority.Used
	}
	if g.Device != nil {
		m.devices[g.Device.ID] = *g.Device
	}
	d := m.devices[g.Key.Device]
	d.Evidence = g.Evidence
	m.devices[d.ID] = d
	m.keys[g.Key.Hash] = g.Key
	m.of[g.Key.Device] = append(m.of[g.Key.Device], g.Key.Hash)
	m.drop(g)
	return nil
}

// drop forgets keys of the device that are long expired, and unseen ones
// beyond the bound.
func (m *Memory) drop(g authority.Grant) {
	var unseen []authority.Key
	for _, h := range m.of[g.Key.Device] {
		switch k := m.keys[h]; {
		case h == g.Key.Hash:
		case k.ExpiresAt.Before(g.Now.Add(-g.Keep)):
			delete(m.keys, h)
		case k.SeenAt.IsZero() && k.SupersededAt.IsZero():
			unseen = append(unseen, k)
		}
	}
	slices.SortFunc(unseen, func(a, b authority.Key) int { return b.IssuedAt.Compare(a.IssuedAt) })
	for _, k := range unseen[min(len(unseen), authority.MaxUnseen-1):] {
		delete(m.keys, k.Hash)
	}
	m.of[g.Key.Device] = slices.DeleteFunc(m.of[g.Key.Device], func(h enroll.KeyHash) bool {
		_, ok := m.keys[h]
		return !ok
	})
}

// Key implements authority.Identities.
func (m *Memory) Key(ctx context.Context, hash enroll.KeyHash) (authority.Key, authority.Device, error) {
	if err := m.begin(ctx, "Key"); err != nil {
		return authority.Key{}, authority.Device{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	k, ok := m.keys[hash]
	if !ok {
		return k, authority.Device{}, authority.ErrNotFound
	}
	return k, m.devices[k.Device], nil
}

// Newest implements authority.Identities.
func (m *Memory) Newest(ctx context.Context, id inventory.DeviceID) (k authority.Key, d authority.Device, _ error) {
	if err := m.begin(ctx, "Newest"); err != nil {
		return k, d, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	d, ok := m.devices[id]
	if !ok {
		return k, d, authority.ErrNotFound
	}
	for _, h := range m.of[id] {
		if x := m.keys[h]; !x.SeenAt.IsZero() && (k.SeenAt.IsZero() || x.Generation > k.Generation) {
			k = x
		}
	}
	return k, d, nil
}

// Seen implements authority.Identities.
func (m *Memory) Seen(ctx context.Context, hash enroll.KeyHash, at time.Time) ([]enroll.KeyHash, error) {
	if err := m.begin(ctx, "Seen"); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	k, ok := m.keys[hash]
	switch {
	case !ok:
		return nil, authority.ErrNotFound
	case !k.SupersededAt.IsZero():
		return nil, authority.ErrConflict
	case !k.SeenAt.IsZero():
		return nil, nil
	}
	k.SeenAt = at
	m.keys[hash] = k
	var out []enroll.KeyHash
	for _, h := range m.of[k.Device] {
		if o := m.keys[h]; h != hash && o.Generation <= k.Generation && o.SupersededAt.IsZero() {
			o.SupersededAt = at
			m.keys[h] = o
			out = append(out, h)
		}
	}
	m.changed(append(out, hash)...)
	return out, nil
}

// Revoke implements authority.Identities.
func (m *Memory) Revoke(ctx context.Context, id inventory.DeviceID, r authority.Revocation) ([]enroll.KeyHash, error) {
	if err := m.begin(ctx, "Revoke"); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	d, ok := m.devices[id]
	if !ok {
		return nil, authority.ErrNotFound
	}
	if d.RevokedAt.IsZero() {
		d.RevokedAt, d.RevokedBy, d.RevokedReason = r.At, r.By, r.Reason
		m.devices[id] = d
	}
	out := slices.Clone(m.of[id])
	m.changed(out...)
	return out, nil
}

// Similar implements authority.Identities.
func (m *Memory) Similar(ctx context.Context, e enroll.Evidence, limit int) ([]authority.Device, error) {
	if err := m.begin(ctx, "Similar"); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []authority.Device
	for _, d := range m.devices {
		if slices.ContainsFunc(d.Evidence.Items, func(it enroll.Item) bool {
			return it.Kind.Weight() >= enroll.BootDisk.Weight() && slices.Contains(e.Items, it)
		}) {
			out = append(out, d)
		}
	}
	slices.SortFunc(out, func(a, b authority.Device) int {
		return cmp.Or(b.EnrolledAt.Compare(a.EnrolledAt), cmp.Compare(b.ID, a.ID))
	})
	return out[:min(len(out), limit)], nil
}

// Changes implements authority.Identities.
func (m *Memory) Changes(ctx context.Context, after int64) (authority.Changes, error) {
	if err := m.begin(ctx, "Changes"); err != nil {
		return authority.Changes{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	out := authority.Changes{Next: int64(len(m.changes))}
	if after >= 0 {
		for _, c := range m.changes[min(after, out.Next):] {
			out.Keys = append(out.Keys, c.Keys...)
			out.Authorities = out.Authorities || c.Authorities
		}
	}
	return out, nil
}

// Census implements authority.Identities.
func (m *Memory) Census(ctx context.Context, since time.Time) (authority.Census, error) {
	if err := m.begin(ctx, "Census"); err != nil {
		return authority.Census{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	out := authority.Census{Holding: map[enroll.KeyHash]int{}}
	current := map[inventory.DeviceID]authority.Key{}
	holding := map[inventory.DeviceID]map[enroll.KeyHash]bool{}
	for _, k := range m.keys {
		if k.SupersededAt.IsZero() {
			if holding[k.Device] == nil {
				holding[k.Device] = map[enroll.KeyHash]bool{}
			}
			holding[k.Device][k.CA] = true
		}
		have, ok := current[k.Device]
		// A key that was used counts before one that was not; then the newest.
		if better := cmp.Or(
			-cmp.Compare(flag(k.SeenAt), flag(have.SeenAt)),
			-cmp.Compare(k.Generation, have.Generation),
			-k.IssuedAt.Compare(have.IssuedAt)); !ok || better < 0 {
			current[k.Device] = k
		}
	}
	for id, d := range m.devices {
		if !d.RevokedAt.IsZero() {
			out.Revoked++
			continue
		}
		out.Devices++
		for ca := range holding[id] {
			out.Holding[ca]++
		}
		if k, ok := current[id]; ok && !k.IssuedAt.Before(since) {
			out.Since++
		}
	}
	return out, nil
}

func flag(t time.Time) int {
	if t.IsZero() {
		return 0
	}
	return 1
}

// PutApproval implements authority.Approvals.
func (m *Memory) PutApproval(ctx context.Context, a authority.Approval) (authority.Approval, error) {
	if err := m.begin(ctx, "PutApproval"); err != nil {
		return a, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, h := range m.approvals {
		if h.ID == a.ID {
			m.approvals[i].State, m.approvals[i].DecidedAt, m.approvals[i].DecidedBy = a.State, a.DecidedAt, a.DecidedBy
			return m.approvals[i], nil
		}
		if h.Kind == a.Kind && h.Device == a.Device && h.Other == a.Other && h.Key == a.Key && h.State != authority.Used {
			return h, nil
		}
	}
	m.approvals = append(m.approvals, a)
	return a, nil
}

// ListApprovals implements authority.Approvals.
func (m *Memory) ListApprovals(ctx context.Context, k authority.ApprovalKind, s authority.ApprovalState) ([]authority.Approval, error) {
	if err := m.begin(ctx, "ListApprovals"); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []authority.Approval
	for _, a := range m.approvals {
		if (k == "" || a.Kind == k) && (s == "" || a.State == s) {
			out = append(out, a)
		}
	}
	return out, nil
}

// AllAuthorities implements authority.Authorities.
func (m *Memory) AllAuthorities(ctx context.Context) ([]authority.CA, error) {
	if err := m.begin(ctx, "AllAuthorities"); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	out := slices.Clone(m.cas)
	slices.Reverse(out)
	return out, nil
}

// ChangeAuthorities implements authority.Authorities.
func (m *Memory) ChangeAuthorities(ctx context.Context, steps []authority.Step) error {
	if err := m.begin(ctx, "ChangeAuthorities"); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	cas := slices.Clone(m.cas)
	for _, s := range steps {
		i := slices.IndexFunc(cas, func(c authority.CA) bool { return c.Hash == s.CA.Hash })
		switch {
		case s.From == "" && i >= 0, s.From != "" && (i < 0 || cas[i].State != s.From):
			return authority.ErrConflict
		case s.From == "":
			s.CA.State = s.To
			cas = append(cas, s.CA)
		case s.To == "":
			cas = slices.Delete(cas, i, i+1)
		default:
			cas[i].State, cas[i].Since = s.To, s.CA.Since
		}
	}
	for _, one := range []authority.CAState{authority.Active, authority.Published} {
		n := 0
		for _, c := range cas {
			if c.State == one {
				n++
			}
		}
		if n > 1 {
			return authority.ErrConflict
		}
	}
	m.cas = cas
	m.changes = append(m.changes, authority.Changes{Authorities: true, Next: int64(len(m.changes) + 1)})
	return nil
}

// Clone is the store as a backup of it would be.
func (m *Memory) Clone() *Memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := NewMemory()
	maps.Copy(c.tokens, m.tokens)
	maps.Copy(c.devices, m.devices)
	maps.Copy(c.keys, m.keys)
	for id, list := range m.of {
		c.of[id] = slices.Clone(list)
	}
	c.approvals, c.cas, c.changes = slices.Clone(m.approvals), slices.Clone(m.cas), slices.Clone(m.changes)
	return c
}

// Forget takes a device and its keys out.
func (m *Memory) Forget(id inventory.DeviceID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, h := range m.of[id] {
		delete(m.keys, h)
	}
	delete(m.of, id)
	delete(m.devices, id)
}
