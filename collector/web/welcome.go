package web

import (
	"net/http"

	"muster/collector/account"
	"muster/collector/web/texts"
)

// welcoming is the page behind a set-up link: somebody gives their account a
// password.
type welcoming struct {
	Key   string
	Error texts.T
	Name  string // the account's; empty: the link does not hold
}

func (p welcoming) Head() (texts.T, string) {
	if p.Name == "" {
		return "This link does not hold any more", ""
	}
	return "Choose a password", ""
}

// invited is whose link this is. Who guesses has to wait, as with passwords.
func (s *Site) invited(v *visit, key string) (account.User, int, error) {
	peer := s.o.Peer(v.r)
	if s.slow(v, peer, "") {
		return account.User{}, http.StatusTooManyRequests, nil
	}
	u, err := s.o.Accounts.ByLink(v.ctx(), key)
	if gone(err) {
		s.gate.Failed(peer, "")
		return account.User{}, http.StatusForbidden, nil
	}
	return u, http.StatusOK, err
}

func (s *Site) welcomePage(v *visit) error {
	key := v.r.URL.Query().Get("key")
	u, status, err := s.invited(v, key)
	if err != nil {
		return err
	}
	return s.render(v, status, "welcome", "", welcoming{Key: key, Name: u.Name})
}

func (s *Site) welcome(v *visit) error {
	in := welcoming{Key: v.form("key")}
	u, status, err := s.invited(v, in.Key)
	if err != nil || u.Name == "" {
		if err == nil {
			err = s.render(v, status, "welcome", "", in)
		}
		return err
	}
	in.Name = u.Name
	again := func(why texts.T) error {
		in.Error = why
		return s.render(v, http.StatusUnprocessableEntity, "welcome", "", in)
	}
	password := v.r.FormValue("password")
	if password != v.r.FormValue("again") {
		return again("The two passwords are not the same.")
	}
	hash, err := s.o.Accounts.HashPassword(v.ctx(), password)
	if err != nil {
		if v.ctx().Err() != nil {
			return err
		}
		return again(sentence(err.Error()))
	}
	if _, err := s.o.Accounts.Store.PutUser(v.ctx(), u, hash); err != nil {
		return err
	}
	s.audit(v.ctx(), account.Record{Actor: u.Name, Via: "set-up link", Address: s.o.Peer(v.r).String(), Action: "password-change", Object: u.Name, Outcome: "done"})
	return v.send("/sign-in?after=password")
}
