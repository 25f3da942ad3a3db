package web

import (
	"context"
	"errors"
	"net/http"
	"time"

	"muster/collector/account"
	"muster/collector/web/texts"
)

// sessions are the browsers in which somebody is signed in, as accounts keep
// them: they outlast a restart. A browser has the token in a cookie.
type sessions struct {
	accounts *account.Accounts
	secure   bool
}

type sessionKey struct{}

// cookie is a name for a cookie. Over HTTPS a browser takes one of that name
// from this host alone.
func (x *sessions) cookie(name string) string {
	if x.secure {
		return "__Host-" + name
	}
	return name
}

// set gives a browser a cookie that scripts cannot read; life 0 is until the
// browser is closed, below 0 takes it away.
func (x *sessions) set(w http.ResponseWriter, name, value string, life time.Duration) {
	http.SetCookie(w, &http.Cookie{Name: x.cookie(name), Value: value, Path: "/", Secure: x.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode, MaxAge: int(life / time.Second)})
}

func (x *sessions) value(r *http.Request, name string) string {
	c, err := r.Cookie(x.cookie(name))
	if err != nil {
		return ""
	}
	return c.Value
}

// Cookies.
const (
	sessionCookie = "muster"
	halfCookie    = "muster-half" // between two steps of signing in

	languageCookie = "muster-language" // as somebody chose it on their account's page
)

// of finds the session of a request; ok is false for a browser without one.
func (x *sessions) of(r *http.Request) (account.Opened, bool, error) {
	if o, ok := r.Context().Value(sessionKey{}).(account.Opened); ok {
		return o, true, nil
	}
	token := x.value(r, sessionCookie)
	if token == "" {
		return account.Opened{}, false, nil
	}
	o, err := x.accounts.BySession(r.Context(), token)
	if errors.Is(err, account.ErrSignedOut) {
		return account.Opened{}, false, nil
	}
	return o, err == nil, err
}

// here is the session of the one who asks; zero for nobody.
func here(ctx context.Context) account.Session {
	o, _ := ctx.Value(sessionKey{}).(account.Opened)
	return o.Session
}

// Put keeps a sentence for the next page.
func (x *sessions) Put(ctx context.Context, text texts.T) error {
	s := here(ctx)
	if s.ID == "" {
		return nil
	}
	return x.accounts.Store.TouchSession(context.WithoutCancel(ctx), s.ID, s.SeenAt, string(text))
}

// Pop gives that sentence once.
func (x *sessions) Pop(ctx context.Context) (texts.T, error) {
	s := here(ctx)
	if s.ID == "" || s.Said == "" {
		return "", nil
	}
	return texts.T(s.Said), x.Put(ctx, "")
}

// who is signed in, with all that their account asks of them.
func (s *Site) who(r *http.Request) (account.Opened, bool, error) {
	o, ok, err := s.sessions.of(r)
	return o, ok && o.Live, err
}

// wanting says that an account needs a second factor and has none yet.
func (s *Site) wanting(o account.Opened) bool {
	return s.o.AdminsNeedCode && o.User.Role == account.Admin && !o.Session.Strong
}

// begin opens a session under a new token; its first page says what was done.
// One that the browser had ends.
func (s *Site) begin(v *visit, user, how string, said texts.T) error {
	if o, ok, err := s.sessions.of(v.r); err == nil && ok {
		if err := s.end(v, o.Session); err != nil {
			return err
		}
	}
	_, token, err := s.o.Accounts.Open(v.ctx(), user, account.Session{How: how, Said: string(said), Strong: how != account.ByPassword,
		Address: s.o.Peer(v.r).String(), Device: account.DeviceOf(clip(v.r.UserAgent(), 500))})
	if err != nil {
		return err
	}
	s.sessions.set(v.w, sessionCookie, token, 0)
	return nil
}

// end ends a session; one that is gone already is no error.
func (s *Site) end(v *visit, x account.Session) error {
	err := s.o.Accounts.Store.EndSession(v.ctx(), x.User, x.ID)
	if gone(err) {
		return nil
	}
	return err
}

func (s *Site) audit(ctx context.Context, r account.Record) {
	if err := s.o.Accounts.Audit(context.WithoutCancel(ctx), r); err != nil {
		s.o.Log.ErrorContext(ctx, "audit", "action", r.Action, "error", err)
	}
}
