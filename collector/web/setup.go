package web

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"sync"
	"time"

	"muster/collector/account"
	"muster/collector/store"
	"muster/collector/web/texts"
)

// setupLife is how long the link to the first account holds.
const setupLife = time.Hour

// first is the way to the first account: a link that whoever starts the
// collector is told.
type first struct {
	now      func() time.Time
	accounts *account.Accounts

	mu    sync.Mutex
	key   string
	until time.Time
}

// none says that there is no account yet.
func (f *first) none(ctx context.Context) (bool, error) {
	users, err := f.accounts.Store.Users(ctx)
	return len(users) == 0, err
}

func (f *first) path(ctx context.Context) (string, error) {
	none, err := f.none(ctx)
	if err != nil || !none {
		return "", err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.key == "" || f.now().After(f.until) {
		var b [18]byte
		rand.Read(b[:])
		f.key, f.until = base64.RawURLEncoding.EncodeToString(b[:]), f.now().Add(setupLife)
	}
	return "/setup?key=" + f.key, nil
}

// holds says whether a key opens the door now.
func (f *first) holds(ctx context.Context, key string) (bool, error) {
	none, err := f.none(ctx)
	if err != nil || !none {
		return false, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.key != "" && f.now().Before(f.until) && subtle.ConstantTimeCompare([]byte(f.key), []byte(key)) == 1, nil
}

type settingUp struct {
	Key, Name string
	Error     texts.T
}

func (s *Site) setupPage(v *visit) error {
	key := v.r.URL.Query().Get("key")
	ok, err := s.first.holds(v.ctx(), key)
	if err != nil {
		return err
	}
	if !ok {
		return s.render(v, http.StatusForbidden, "setup-over", "", nil)
	}
	return s.render(v, http.StatusOK, "setup", "", settingUp{Key: key})
}

func (s *Site) setup(v *visit) error {
	in := settingUp{Key: v.form("key"), Name: v.form("name")}
	again := func(why texts.T) error {
		in.Error = why
		return s.render(v, http.StatusUnprocessableEntity, "setup", "", in)
	}
	ok, err := s.first.holds(v.ctx(), in.Key)
	if err != nil {
		return err
	}
	if !ok {
		return s.render(v, http.StatusForbidden, "setup-over", "", nil)
	}
	if err := account.CheckName(in.Name); err != nil {
		return again(sentence(err.Error()))
	}
	password := v.r.FormValue("password")
	if password != v.r.FormValue("again") {
		return again("The two passwords are not the same.")
	}
	hash, err := s.o.Accounts.HashPassword(v.ctx(), password)
	if err != nil {
		return again(sentence(err.Error()))
	}
	u := account.User{Name: in.Name, Role: account.Admin, CreatedAt: s.o.Now(), Scope: store.Scope{All: true}}
	if u, err = s.o.Accounts.Store.PutUser(v.ctx(), u, hash); err != nil {
		return err
	}
	s.audit(v.ctx(), account.Record{Actor: u.Name, Via: "setup link", Address: s.o.Peer(v.r).String(), Action: "user-new", Object: u.Name, Outcome: "done"})
	if err := s.begin(v, u.Name, account.ByPassword, ""); err != nil {
		return err
	}
	return v.send("/")
}
