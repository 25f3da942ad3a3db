package api

import (
	"context"
	"net/url"
	"slices"

	"muster/collector/account"
)

// userLink makes a link; whoever has it sets the account's password.
func (s *Server) userLink(ctx context.Context, in *NameInput) (UserLink, error) {
	u, err := s.user(ctx, in.Name)
	if err != nil {
		return UserLink{}, err
	}
	switch {
	case u.Outside:
		return UserLink{}, NewProblem(conflict, "user %s signs in at the provider, where passwords are set", u.Name)
	case u.Disabled:
		return UserLink{}, NewProblem(conflict, "user %s is disabled: enable the account first", u.Name)
	case s.d.PageLink == nil || s.d.PageLink("/") == "":
		return UserLink{}, NewProblem(notOffered, "this collector was built without pages: set a password with muster user password")
	}
	text, err := s.d.Accounts.NewLink(ctx, u.ID)
	return UserLink{Link: s.d.PageLink("/welcome") + "?key=" + url.QueryEscape(text), ExpiresAt: s.d.Now().Add(account.LinkLife)}, err
}

func (s *Server) userSessions(ctx context.Context, in *NameInput) (SessionList, error) {
	u, err := s.user(ctx, in.Name)
	if err != nil {
		return SessionList{}, err
	}
	list, err := s.d.Accounts.Store.Sessions(ctx, u.ID)
	now := s.d.Now()
	list = slices.DeleteFunc(list, func(x account.Session) bool { return x.Over(now) })
	return SessionList{Sessions: append([]account.Session{}, list...)}, err
}

func (s *Server) userSessionEnd(ctx context.Context, in *SessionInput) (Nothing, error) {
	u, err := s.user(ctx, in.Name)
	if err != nil {
		return Nothing{}, err
	}
	note(ctx, "session", in.ID)
	return Nothing{}, s.d.Accounts.Store.EndSession(ctx, u.ID, in.ID)
}

func (s *Server) userSignOut(ctx context.Context, in *NameInput) (SessionsEnded, error) {
	u, err := s.user(ctx, in.Name)
	if err != nil {
		return SessionsEnded{}, err
	}
	n, err := s.d.Accounts.Store.EndSessions(ctx, u.ID, "")
	return SessionsEnded{Ended: n}, err
}

// userResetFactor lets somebody in again whose phone is gone. Their sessions
// stay: it is who has the password that gets in from now on.
func (s *Server) userResetFactor(ctx context.Context, in *NameInput) (Nothing, error) {
	u, err := s.user(ctx, in.Name)
	if err != nil {
		return Nothing{}, err
	}
	if !u.HasCode {
		return Nothing{}, nil
	}
	return Nothing{}, s.d.Accounts.Store.DeleteFactor(ctx, u.ID)
}
