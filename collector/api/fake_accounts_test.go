package api

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"muster/collector/account"
	"muster/collector/store"
)

// fakeAccounts keeps users, tokens and the audit.
type fakeAccounts struct {
	account.Store // what no test here asks for
	mu            sync.Mutex
	users         []account.User
	tokens        map[[32]byte]account.Token
	records       []account.Record
	broken        error // what AddRecord answers
}

func (x *fakeAccounts) Users(context.Context) ([]account.User, error) {
	return slices.Clone(x.users), nil
}

func (x *fakeAccounts) PutUser(_ context.Context, u account.User, hash string) (account.User, error) {
	u.HasSecret = u.HasSecret || hash != ""
	for i := range x.users {
		if x.users[i].ID == u.ID {
			x.users[i] = u
			return u, nil
		}
	}
	u.ID = int64(len(x.users) + 100)
	x.users = append(x.users, u)
	return u, nil
}

func (x *fakeAccounts) UserSecret(context.Context, string) (account.User, string, error) {
	return account.User{}, "", store.ErrNotFound
}

func (x *fakeAccounts) DeleteUser(_ context.Context, name string) error {
	x.users = slices.DeleteFunc(x.users, func(u account.User) bool { return u.Name == name })
	return nil
}

func (x *fakeAccounts) Tokens(context.Context) ([]account.Token, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return slices.Collect(maps.Values(x.tokens)), nil
}

func (x *fakeAccounts) AddToken(_ context.Context, t account.Token, hash [32]byte) (account.Token, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, k := range x.tokens {
		if k.Name == t.Name {
			return t, store.ErrConflict
		}
	}
	t.ID = int64(len(x.tokens) + 1)
	x.tokens[hash] = t
	return t, nil
}

func (x *fakeAccounts) TokenByHash(_ context.Context, hash [32]byte) (account.Token, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	t, ok := x.tokens[hash]
	if !ok {
		return t, store.ErrNotFound
	}
	return t, nil
}

func (x *fakeAccounts) TouchToken(context.Context, int64, time.Time) error { return nil }

func (x *fakeAccounts) RevokeToken(_ context.Context, name string, at time.Time) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	for h, t := range x.tokens {
		if t.Name == name {
			t.RevokedAt = at
			x.tokens[h] = t
			return nil
		}
	}
	return store.ErrNotFound
}

func (x *fakeAccounts) AddRecord(_ context.Context, r account.Record, link func(string, account.Record) string) (account.Record, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.broken != nil {
		return r, x.broken
	}
	last := ""
	if n := len(x.records); n > 0 {
		last = x.records[n-1].Hash
	}
	r.Seq = int64(len(x.records) + 1)
	r.Hash = link(last, r)
	x.records = append(x.records, r)
	return r, nil
}

func (x *fakeAccounts) Records(_ context.Context, before int64, limit int) ([]account.Record, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	var out []account.Record
	for _, r := range slices.Backward(x.records) {
		if (before == 0 || r.Seq < before) && len(out) < limit {
			out = append(out, r)
		}
	}
	return out, nil
}

func (x *fakeAccounts) DropRecords(context.Context, time.Time) (int64, error) { return 0, nil }
func (x *fakeAccounts) AuditStart(context.Context) (string, error)            { return "", nil }

// taken gives the records since the last call.
func (x *fakeAccounts) taken() []account.Record {
	x.mu.Lock()
	defer x.mu.Unlock()
	out := x.records
	x.records = nil
	return out
}

func (x *fakeAccounts) Sessions(context.Context, int64) ([]account.Session, error) {
	return []account.Session{{ID: "s1", How: account.ByPassword, Device: "Firefox on Linux", Address: "192.0.2.7"}}, nil
}

func (x *fakeAccounts) EndSession(context.Context, int64, string) error           { return nil }
func (x *fakeAccounts) EndSessions(context.Context, int64, string) (int64, error) { return 1, nil }

func (x *fakeAccounts) DeleteFactor(context.Context, int64) error { return nil }

func (x *fakeAccounts) PutLink(context.Context, int64, [32]byte, time.Time) error { return nil }
