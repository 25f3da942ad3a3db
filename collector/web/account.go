package web

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"muster/collector/account"
	"muster/collector/api"
	"muster/collector/web/texts"
)

// accountPage is one's own account.
type accountPage struct {
	Done     texts.T
	Me       api.Me
	User     account.User
	Provider string // where one signs in; empty: here
	Left     int    // recovery codes
	Needed   bool   // an administrator cannot do without a second factor
	Sessions []ownSession
	Speaks   []spokenIn // languages to choose from; none when there is only one
	Problem  struct{ Password, Code texts.T }
}

func (p *accountPage) Head() (texts.T, string) {
	n := len(p.Sessions)
	return texts.F("You are signed in in {1}", count(n, "browser", "browsers")), "account"
}

// ownSession is one browser of somebody.
type ownSession struct {
	account.Session
	Here bool
}

func (s *Site) account(v *visit) error { return s.accountWith(v, http.StatusOK, &accountPage{}) }

func (s *Site) accountWith(v *visit, status int, p *accountPage) error {
	var err error
	if p.Me, err = v.api.MeShow(v.ctx()); err != nil {
		return err
	}
	if p.User, _, err = s.o.Accounts.Store.UserSecret(v.ctx(), v.actor.Name); err != nil {
		return err
	}
	if p.User.HasCode {
		if p.Left, err = s.o.Accounts.Store.CodesLeft(v.ctx(), v.actor.ID); err != nil {
			return err
		}
	}
	if p.User.Outside && !p.User.HasSecret {
		p.Provider = "a provider"
		if s.o.Provider != nil {
			p.Provider = s.o.Provider.Name()
		}
	}
	p.Needed = s.o.AdminsNeedCode && p.User.Role == account.Admin
	list, err := s.o.Accounts.Store.Sessions(v.ctx(), v.actor.ID)
	if err != nil {
		return err
	}
	for _, x := range list {
		if !x.Over(v.now) {
			p.Sessions = append(p.Sessions, ownSession{x, x.ID == here(v.ctx()).ID})
		}
	}
	slices.SortStableFunc(p.Sessions, func(a, b ownSession) int {
		switch {
		case a.Here == b.Here:
			return 0
		case a.Here:
			return -1
		}
		return 1
	})
	if len(s.o.Languages) > 0 {
		p.Speaks = []spokenIn{{"en-US", "English", v.lang == nil}}
		for _, l := range s.o.Languages {
			p.Speaks = append(p.Speaks, spokenIn{l.String(), l.Name, v.lang == l})
		}
	}
	p.Done = s.done(v)
	return s.render(v, status, "account", "", p)
}

// spokenIn is a language that pages can be in, by its own name.
type spokenIn struct {
	Tag, Name string
	Now       bool
}

// accountLanguage keeps the language that somebody chose, in their browser as
// the colors are: it holds before they have signed in too.
func (s *Site) accountLanguage(v *visit) error {
	chosen := v.form("language")
	if chosen != (*texts.Language)(nil).String() && !slices.ContainsFunc(s.o.Languages, func(l *texts.Language) bool { return l.String() == chosen }) {
		return &api.Problem{Type: "muster:invalid", Status: http.StatusUnprocessableEntity, Detail: "pages are not in that language: choose one of the list"}
	}
	s.sessions.set(v.w, languageCookie, chosen, 10*365*24*time.Hour)
	return v.send("/account")
}

// proves asks for the password again, before what a stolen session must not
// do. The text is why not; empty if it is right.
func (s *Site) proves(v *visit, password string) (texts.T, int, error) {
	peer := s.o.Peer(v.r)
	if s.slow(v, peer, v.actor.Name) {
		return tooFast, http.StatusTooManyRequests, nil
	}
	_, err := s.o.Accounts.SignIn(v.ctx(), v.actor.Name, password)
	if errors.Is(err, account.ErrWrong) {
		s.gate.Failed(peer, v.actor.Name)
		return "Your password is not this one.", http.StatusUnprocessableEntity, nil
	}
	return "", 0, err
}

// own records what somebody did to their own account.
func (s *Site) own(v *visit, action, outcome string) {
	s.audit(v.ctx(), account.Record{Actor: v.actor.Name, Via: "session", Address: s.o.Peer(v.r).String(), Action: action, Object: v.actor.Name, Outcome: outcome})
}

func (s *Site) accountPassword(v *visit) error {
	p := &accountPage{}
	again := func(why texts.T, status int) error {
		p.Problem.Password = why
		s.own(v, "password-change", "refused")
		return s.accountWith(v, status, p)
	}
	now, next := v.r.FormValue("now"), v.r.FormValue("next")
	if why, status, err := s.proves(v, now); err != nil {
		return err
	} else if why != "" {
		return again(why, status)
	}
	if next != v.r.FormValue("again") {
		return again("The two new passwords are not the same.", http.StatusUnprocessableEntity)
	}
	if next == now {
		return again("That is the password you have.", http.StatusUnprocessableEntity)
	}
	u, _, err := s.o.Accounts.Store.UserSecret(v.ctx(), v.actor.Name)
	if err != nil {
		return err
	}
	hash, err := s.o.Accounts.HashPassword(v.ctx(), next)
	if err != nil {
		if v.ctx().Err() != nil {
			return err
		}
		return again(sentence(err.Error()), http.StatusUnprocessableEntity)
	}
	if _, err := s.o.Accounts.Store.PutUser(v.ctx(), u, hash); err != nil {
		return err
	}
	s.own(v, "password-change", "done")
	if err := s.begin(v, u.Name, here(v.ctx()).How, "Your password is changed. All other browsers are signed out."); err != nil {
		return err
	}
	return v.send("/account")
}

// enrolling is the page that sets up a second factor.
type enrolling struct {
	Secret, Address string
	Error           texts.T
	Needed          bool
}

func (enrolling) Head() (texts.T, string) { return "Set up a second factor", "account" }

// Spaced is the secret in fours, for who types it.
func (e enrolling) Spaced() string {
	var out []byte
	for i := range len(e.Secret) {
		if i > 0 && i%4 == 0 {
			out = append(out, ' ')
		}
		out = append(out, e.Secret[i])
	}
	return string(out)
}

func (s *Site) accountCodePage(v *visit) error {
	u, _, err := s.o.Accounts.Store.UserSecret(v.ctx(), v.actor.Name)
	if err != nil {
		return err
	}
	if !u.HasSecret || u.HasCode {
		return v.send("/account")
	}
	x, ok := s.half.look(s.sessions.value(v.r, halfCookie), false)
	if !ok || x.secret == "" || x.user != u.Name {
		x = half{user: u.Name}
		if x.secret, x.address, err = s.o.Accounts.NewSecret(u.Name); err != nil {
			return err
		}
		s.keepHalf(v, x)
	}
	return s.render(v, http.StatusOK, "account-code", "", enrolling{Secret: x.secret, Address: x.address, Needed: s.o.AdminsNeedCode && u.Role == account.Admin})
}

// recovery is the page that shows the recovery codes, once.
type recovery struct{ Codes []string }

func (recovery) Head() (texts.T, string) { return "Keep these codes", "account" }

func (s *Site) accountCode(v *visit) error {
	token := s.sessions.value(v.r, halfCookie)
	x, ok := s.half.look(token, false)
	if !ok || x.secret == "" || x.user != v.actor.Name {
		return v.send("/account/code")
	}
	u, _, err := s.o.Accounts.Store.UserSecret(v.ctx(), v.actor.Name)
	if err != nil {
		return err
	}
	if u.HasCode || !u.HasSecret {
		return v.send("/account")
	}
	codes, err := s.o.Accounts.Enroll(v.ctx(), u, x.secret, v.form("code"))
	if errors.Is(err, account.ErrCode) {
		return s.render(v, http.StatusUnprocessableEntity, "account-code", "", enrolling{Secret: x.secret, Address: x.address,
			Error: "That is not the code that the app shows now. See that the phone's clock is right, and type the newest one."})
	}
	if err != nil {
		return err
	}
	s.half.drop(token)
	s.noHalf(v.w)
	// What was opened without the second factor ends; this browser goes on under
	// a new token.
	if _, err := s.o.Accounts.Store.EndSessions(v.ctx(), u.ID, ""); err != nil {
		return err
	}
	s.own(v, "code-new", "done")
	if err := s.begin(v, u.Name, account.ByCode, ""); err != nil {
		return err
	}
	return s.render(v, http.StatusOK, "account-codes", "", recovery{Codes: codes})
}

func (s *Site) accountCodeRemove(v *visit) error {
	p := &accountPage{}
	if why, status, err := s.proves(v, v.r.FormValue("now")); err != nil {
		return err
	} else if why != "" {
		p.Problem.Code = why
		s.own(v, "code-remove", "refused")
		return s.accountWith(v, status, p)
	}
	if err := s.o.Accounts.Store.DeleteFactor(v.ctx(), v.actor.ID); err != nil {
		return err
	}
	s.own(v, "code-remove", "done")
	if _, err := s.o.Accounts.Store.EndSessions(v.ctx(), v.actor.ID, ""); err != nil {
		return err
	}
	if err := s.begin(v, v.actor.Name, account.ByPassword, "The second factor is off. All other browsers are signed out."); err != nil {
		return err
	}
	return v.send("/account")
}

func (s *Site) accountSessions(v *visit) error {
	if v.form("do") == "all" {
		if _, err := s.o.Accounts.Store.EndSessions(v.ctx(), v.actor.ID, ""); err != nil {
			return err
		}
		s.own(v, "sign-out-everywhere", "done")
		return v.send("/sign-in?after=everywhere")
	}
	err := s.o.Accounts.Store.EndSession(v.ctx(), v.actor.ID, v.form("session"))
	if gone(err) {
		return s.did(v, "/account", "That browser was signed out already.")
	}
	if err != nil {
		return err
	}
	s.own(v, "session-end", "done")
	if v.form("session") == here(v.ctx()).ID {
		return v.send("/sign-in")
	}
	return s.did(v, "/account", "That browser is signed out.")
}
