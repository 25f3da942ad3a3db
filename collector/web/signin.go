package web

import (
	"errors"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"muster/collector/account"
	"muster/collector/store"
	"muster/collector/web/texts"
)

// signing is the page to sign in on.
type signing struct {
	To, Name   string
	Error, Say texts.T
	First      bool   // there is no account yet
	Provider   string // its name, if one may sign in there
}

func (p signing) Head() (texts.T, string) { return "Sign in", "" }

func gone(err error) bool { return errors.Is(err, store.ErrNotFound) }

// signInAs shows the page.
func (s *Site) signInAs(v *visit, status int, in signing) error {
	none, err := s.first.none(v.ctx())
	if err != nil {
		return err
	}
	in.First = none
	if s.o.Provider != nil && !none {
		in.Provider = s.o.Provider.Name()
	}
	return s.render(v, status, "sign-in", "", in)
}

func (s *Site) signInPage(v *visit) error {
	if _, ok, err := s.who(v.r); err == nil && ok {
		return v.send(back(v.r.URL.Query().Get("to")))
	}
	in := signing{To: v.r.URL.Query().Get("to")}
	switch v.r.URL.Query().Get("after") {
	case "password":
		in.Say = "The password is set. Sign in with it."
	case "late":
		in.Say = "You were signed out before that was sent. What you wrote is kept: sign in, and you can send it."
	case "gone":
		in.Say = "You were signed out before that was sent, and it is not kept. Sign in, and do it once more."
	case "everywhere":
		in.Say = "You are signed out everywhere."
	}
	return s.signInAs(v, http.StatusOK, in)
}

// slow says whether an attempt has to wait. That somebody was made to wait is
// in the audit once a minute, not once an attempt.
func (s *Site) slow(v *visit, peer netip.Addr, name string) bool {
	if s.gate.Wait(peer, name) == 0 {
		return false
	}
	if s.told.first(peer.String()+" "+strings.ToLower(clip(name, 63)), v.now) {
		s.audit(v.ctx(), account.Record{Actor: clip(name, 63), Via: "session", Address: peer.String(), Action: "sign-in", Outcome: "refused", Detail: map[string]string{"why": "too many wrong attempts"}})
	}
	return true
}

const tooFast = "Too many wrong attempts. Try again in a minute."

func (s *Site) signIn(v *visit) error {
	in := signing{To: v.form("to"), Name: v.form("name")}
	peer := s.o.Peer(v.r)
	if s.slow(v, peer, in.Name) {
		in.Error = tooFast
		return s.signInAs(v, http.StatusTooManyRequests, in)
	}
	actor, err := s.o.Accounts.SignIn(v.ctx(), in.Name, v.r.FormValue("password"))
	if errors.Is(err, account.ErrWrong) {
		s.gate.Failed(peer, in.Name)
		s.audit(v.ctx(), account.Record{Actor: clip(in.Name, 63), Via: "session", Address: peer.String(), Action: "sign-in", Outcome: "refused"})
		in.Error = "Name or password is wrong."
		return s.signInAs(v, http.StatusUnauthorized, in)
	}
	if err != nil {
		return err
	}
	u, _, err := s.o.Accounts.Store.UserSecret(v.ctx(), actor.Name)
	if err != nil {
		return err
	}
	if u.HasCode {
		s.keepHalf(v, half{user: u.Name, id: u.ID, to: in.To, form: s.lateForm(v, u.Name)})
		return v.send("/sign-in/code")
	}
	return s.enter(v, u.Name, account.ByPassword, in.To, s.lateForm(v, u.Name))
}

// enter begins the session of somebody who has shown who they are.
func (s *Site) enter(v *visit, user, how, to string, form *kept) error {
	if err := s.begin(v, user, how, ""); err != nil {
		return err
	}
	s.audit(v.ctx(), account.Record{Actor: user, Via: "session", Address: s.o.Peer(v.r).String(), Action: "sign-in", Outcome: "done", Detail: map[string]string{"by": how}})
	if form != nil {
		s.keepHalf(v, half{user: user, form: form})
		return v.send("/sign-in/kept")
	}
	if s.sessions.value(v.r, halfCookie) != "" {
		s.half.drop(s.sessions.value(v.r, halfCookie))
		s.noHalf(v.w)
	}
	return v.send(back(to))
}

// codePage asks for the second factor.
type codePage struct{ Error texts.T }

func (codePage) Head() (texts.T, string) { return "Enter the code", "" }

func (s *Site) codePage(v *visit) error {
	if x, ok := s.half.look(s.sessions.value(v.r, halfCookie), false); !ok || x.id == 0 {
		return v.send("/sign-in")
	}
	return s.render(v, http.StatusOK, "sign-in-code", "", codePage{})
}

func (s *Site) code(v *visit) error {
	token, peer := s.sessions.value(v.r, halfCookie), s.o.Peer(v.r)
	x, ok := s.half.look(token, true)
	if !ok || x.id == 0 {
		return s.signInAs(v, http.StatusUnauthorized, signing{Error: "That took too long, or too many codes were wrong. Sign in again."})
	}
	if s.slow(v, peer, x.user) {
		return s.render(v, http.StatusTooManyRequests, "sign-in-code", "", codePage{Error: tooFast})
	}
	how, err := s.o.Accounts.CheckCode(v.ctx(), x.id, v.form("code"))
	if errors.Is(err, account.ErrCode) {
		s.gate.Failed(peer, x.user)
		s.audit(v.ctx(), account.Record{Actor: x.user, Via: "session", Address: peer.String(), Action: "sign-in", Outcome: "refused", Detail: map[string]string{"why": "wrong code"}})
		return s.render(v, http.StatusUnauthorized, "sign-in-code", "", codePage{Error: sentence(err.Error())})
	}
	if err != nil {
		return err
	}
	s.half.drop(token)
	s.noHalf(v.w)
	return s.enter(v, x.user, how, x.to, x.form)
}

func (s *Site) signOut(v *visit) error {
	if o, ok, err := s.sessions.of(v.r); err == nil && ok {
		if o.Live {
			s.audit(v.ctx(), account.Record{Actor: o.User.Name, Via: "session", Address: s.o.Peer(v.r).String(), Action: "sign-out", Outcome: "done"})
		}
		if err := s.end(v, o.Session); err != nil {
			return err
		}
	}
	s.sessions.set(v.w, sessionCookie, "", -time.Second)
	return v.send("/sign-in")
}

// toProvider sends somebody to sign in elsewhere.
func (s *Site) toProvider(v *visit) error {
	if s.o.Provider == nil {
		return s.nowhere(v)
	}
	to, trip, err := s.o.Provider.Begin(v.ctx())
	if err != nil {
		s.o.Log.WarnContext(v.ctx(), "sign in at the provider", "error", err)
		return s.signInAs(v, http.StatusBadGateway, signing{Error: "The provider does not answer. Try again in a moment; accounts with a password here work as always."})
	}
	x, _ := s.half.look(s.sessions.value(v.r, halfCookie), false)
	s.keepHalf(v, half{to: v.r.URL.Query().Get("to"), trip: trip, user: x.user, form: x.form})
	http.Redirect(v.w, v.r, to, http.StatusSeeOther)
	return nil
}

// fromProvider takes somebody who comes back.
func (s *Site) fromProvider(v *visit) error {
	if s.o.Provider == nil {
		return s.nowhere(v)
	}
	peer := s.o.Peer(v.r)
	if s.slow(v, peer, "") {
		return s.signInAs(v, http.StatusTooManyRequests, signing{Error: tooFast})
	}
	x, _ := s.half.take(s.sessions.value(v.r, halfCookie))
	s.noHalf(v.w)
	actor, err := s.o.Provider.Finish(v.ctx(), x.trip, v.r.URL.Query())
	if err != nil {
		s.gate.Failed(peer, "")
		s.o.Log.WarnContext(v.ctx(), "sign in at the provider", "error", err)
		s.audit(v.ctx(), account.Record{Actor: clip(actor.Name, 63), Via: "provider", Address: peer.String(), Action: "sign-in", Outcome: "refused", Detail: map[string]string{"why": clip(err.Error(), 300)}})
		said := texts.T("The provider does not answer as it should; the collector's log says why.")
		if errors.Is(err, account.ErrOutside) {
			said = sentence(clip(err.Error(), 300))
		}
		return s.signInAs(v, http.StatusUnauthorized, signing{Error: said})
	}
	if x.form != nil && !strings.EqualFold(x.user, actor.Name) {
		x.form = nil
	}
	return s.enter(v, actor.Name, account.ByProvider, x.to, x.form)
}

// tooLate keeps a form whose session had run out, to give it back once they
// have signed in again. Passwords are not kept.
func (s *Site) tooLate(v *visit) bool {
	o, ok, err := s.sessions.of(v.r)
	if err != nil || !ok || o.User.Disabled || v.partial() || strings.HasPrefix(v.r.URL.Path, "/account") || v.r.Body == nil || v.r.ContentLength > maxKept {
		return false
	}
	if !strings.HasPrefix(v.r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") || v.r.ParseForm() != nil {
		return false
	}
	k := &kept{Path: v.r.URL.RequestURI()}
	for name, values := range v.r.PostForm {
		for _, x := range values {
			if secretName(name) || len(x) > maxKept {
				return false
			}
			k.Fields = append(k.Fields, sent{name, x})
		}
	}
	slices.SortStableFunc(k.Fields, func(a, b sent) int { return strings.Compare(a.Name, b.Name) })
	s.keepHalf(v, half{user: o.User.Name, form: k})
	return true
}

func secretName(name string) bool {
	name = strings.ToLower(name)
	for _, x := range []string{"password", "secret", "community", "key", "code", "token", "again"} {
		if strings.Contains(name, x) {
			return true
		}
	}
	return false
}

// lateForm is the form that waits for this user in this browser, if any.
func (s *Site) lateForm(v *visit, user string) *kept {
	x, ok := s.half.look(s.sessions.value(v.r, halfCookie), false)
	if !ok || x.form == nil || x.user != user {
		return nil
	}
	return x.form
}

// keptForm gives a form back.
type keptPost struct{ kept }

func (keptPost) Head() (texts.T, string) { return "Not sent yet: what you wrote", "" }

func (s *Site) lateFormPage(v *visit) error {
	k := s.lateForm(v, v.actor.Name)
	if k == nil {
		return v.send("/")
	}
	return s.render(v, http.StatusOK, "sign-in-kept", "", keptPost{*k})
}

// reminded remembers what was recorded within the last minute.
type reminded struct {
	mu sync.Mutex
	by map[string]time.Time
}

func (t *reminded) first(what string, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if at, ok := t.by[what]; ok && now.Sub(at) < time.Minute {
		return false
	}
	if t.by == nil || len(t.by) > 5000 {
		t.by = map[string]time.Time{}
	}
	t.by[what] = now
	return true
}
