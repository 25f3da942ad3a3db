package web

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"

	"muster/collector/account"
	"muster/collector/store"
)

// What a session holds: whose it is, and the mark of the secret it was opened
// with, so that it ends with that.
const (
	sessionUser = "user"
	sessionMark = "mark"
)

// who is signed in. The account is read anew each time: one that was disabled,
// or whose password was changed, is out at once.
func (s *Site) who(r *http.Request) (account.Actor, bool, error) {
	name := s.sessions.GetString(r.Context(), sessionUser)
	if name == "" {
		return account.Actor{}, false, nil
	}
	u, hash, err := s.o.Accounts.Store.UserSecret(r.Context(), name)
	if errors.Is(err, store.ErrNotFound) {
		return account.Actor{}, false, nil
	}
	if err != nil {
		return account.Actor{}, false, err
	}
	if u.Disabled || s.sessions.GetString(r.Context(), sessionMark) != mark(hash) {
		return account.Actor{}, false, s.sessions.Destroy(r.Context())
	}
	return account.Actor{ID: u.ID, Name: u.Name, Via: "session", Role: u.Role, Scope: u.Scope, Personal: u.Personal}, true, nil
}

// mark tells two secrets apart without telling them.
func mark(hash string) string {
	h := sha256.Sum256([]byte("session " + hash))
	return hex.EncodeToString(h[:8])
}

type signing struct {
	To, Name, Error string
	First           bool // there is no account yet
}

func (s *Site) signInPage(v *visit) error {
	if _, ok, err := s.who(v.r); err == nil && ok {
		return v.send(back(v.r.URL.Query().Get("to")))
	}
	none, err := s.first.none(v.ctx())
	if err != nil {
		return err
	}
	return s.render(v, http.StatusOK, "sign-in", "", signing{To: v.r.URL.Query().Get("to"), First: none})
}

func (s *Site) signIn(v *visit) error {
	in := signing{To: v.form("to"), Name: v.form("name")}
	peer := s.o.Peer(v.r)
	if wait := s.gate.Wait(peer, in.Name); wait > 0 {
		in.Error = "Too many wrong passwords. Try again in a minute."
		return s.render(v, http.StatusTooManyRequests, "sign-in", "", in)
	}
	actor, err := s.o.Accounts.SignIn(v.ctx(), in.Name, v.r.FormValue("password"))
	if errors.Is(err, account.ErrWrong) {
		s.gate.Failed(peer, in.Name)
		s.audit(v.ctx(), account.Record{Actor: clip(in.Name, 63), Via: "session", Address: peer.String(), Action: "sign-in", Outcome: "refused"})
		in.Error = "Name or password is wrong."
		return s.render(v, http.StatusUnauthorized, "sign-in", "", in)
	}
	if err != nil {
		return err
	}
	if err := s.begin(v, actor); err != nil {
		return err
	}
	s.audit(v.ctx(), account.Record{Actor: actor.Name, Via: "session", Address: peer.String(), Action: "sign-in", Outcome: "done"})
	return v.send(back(in.To))
}

// begin opens a session, under a new token.
func (s *Site) begin(v *visit, actor account.Actor) error {
	_, hash, err := s.o.Accounts.Store.UserSecret(v.ctx(), actor.Name)
	if err != nil {
		return err
	}
	if err := s.sessions.RenewToken(v.ctx()); err != nil {
		return err
	}
	s.sessions.Put(v.ctx(), sessionUser, actor.Name)
	s.sessions.Put(v.ctx(), sessionMark, mark(hash))
	return nil
}

func (s *Site) audit(ctx context.Context, r account.Record) {
	if err := s.o.Accounts.Audit(context.WithoutCancel(ctx), r); err != nil {
		s.o.Log.ErrorContext(ctx, "audit", "action", r.Action, "error", err)
	}
}

func (s *Site) signOut(v *visit) error {
	if actor, ok, err := s.who(v.r); err == nil && ok {
		s.audit(v.ctx(), account.Record{Actor: actor.Name, Via: "session", Address: s.o.Peer(v.r).String(), Action: "sign-out", Outcome: "done"})
	}
	if err := s.sessions.Destroy(v.ctx()); err != nil {
		return err
	}
	return v.send("/sign-in")
}
