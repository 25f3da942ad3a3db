package web

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"muster/collector/account"
	"muster/collector/api"
	"muster/collector/web/texts"
)

// visit is one request of somebody to a page.
type visit struct {
	w     http.ResponseWriter
	r     *http.Request
	id    string // of the request, for the log
	actor account.Actor
	api   *api.Client // asks as the actor
	now   time.Time
	lang  *texts.Language // nil: English

	numbers sync.Once // over time: the first one who asks begins the wait
	until   time.Time // how long the page waits for them
}

func (v *visit) ctx() context.Context { return v.r.Context() }

// form is a field of what was sent, without the space around it.
func (v *visit) form(name string) string { return strings.TrimSpace(v.r.FormValue(name)) }

// partial says that a script asks for a piece of a page, to put it in place.
func (v *visit) partial() bool { return v.r.Header.Get("HX-Request") == "true" }

// can says whether the actor has a right, for what a page offers.
func (v *visit) can(r account.Right) bool { return v.actor.Can(r) == nil }

// send sends a browser on. A script follows by itself.
func (v *visit) send(to string) error {
	if v.partial() {
		v.w.Header().Set("HX-Redirect", to)
		v.w.WriteHeader(http.StatusNoContent)
		return nil
	}
	http.Redirect(v.w, v.r, to, http.StatusSeeOther)
	return nil
}

// maxForm bounds what a form may send.
const maxForm = 512 << 10

// longest is how long a page may take.
const longest = 55 * time.Second

// serve finds out who asks, whether they may, and lets the page answer.
func (s *Site) serve(p page, w http.ResponseWriter, r *http.Request) {
	var b [8]byte
	rand.Read(b[:])
	v := &visit{w: w, r: r, id: hex.EncodeToString(b[:]), now: s.o.Now()}
	v.lang = texts.Choose(s.o.Languages, s.sessions.value(r, languageCookie), r.Header.Get("Accept-Language"))
	start := v.now
	seen := &watched{ResponseWriter: w}
	v.w = seen
	defer func() {
		if x := recover(); x != nil && x != http.ErrAbortHandler {
			s.o.Log.ErrorContext(r.Context(), "page broke", "panic", fmt.Sprint(x), "stack", string(debug.Stack()), "request_id", v.id)
			if seen.status == 0 {
				s.fail(v, errors.New("broken"))
			}
		}
		level := slog.LevelInfo
		if strings.HasPrefix(r.URL.Path, "/assets/") {
			level = slog.LevelDebug
		}
		s.o.Log.LogAttrs(r.Context(), level, "page", slog.String("method", r.Method), slog.String("path", clip(r.URL.Path, 200)), slog.Int("status", seen.status),
			slog.Int64("took_ms", s.o.Now().Sub(start).Milliseconds()), slog.String("actor", v.actor.Name), slog.String("peer", s.o.Peer(r).String()), slog.String("request_id", v.id))
	}()
	w.Header().Set("X-Request-Id", v.id)
	if r.Method == http.MethodPost {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	}
	if p.right == open {
		if err := p.do(s, v); err != nil {
			s.fail(v, err)
		}
		return
	}
	o, ok, err := s.who(r)
	if err != nil {
		s.fail(v, err)
		return
	}
	if !ok {
		s.toSignIn(v)
		return
	}
	actor := o.Actor
	v.actor, v.api = actor, s.o.API.As(actor, s.o.Peer(r).String())
	if s.wanting(o) && !strings.HasPrefix(p.path, "/account/code") {
		v.send("/account/code")
		return
	}
	if err := actor.Can(p.right); err != nil {
		s.fail(v, err)
		return
	}
	ctx, cancel := context.WithTimeout(context.WithValue(r.Context(), sessionKey{}, o), longest)
	defer cancel()
	if p.path != "/live" { // which asks anew, and is nobody's click
		v.r = r.WithContext(ctx)
		s.o.Accounts.Touch(ctx, o.Session)
	}
	if err := p.do(s, v); err != nil {
		s.fail(v, err)
	}
}

// toSignIn sends somebody who is nobody yet to the page for it, and back
// afterwards.
func (s *Site) toSignIn(v *visit) {
	to := "/sign-in"
	if v.r.Method == http.MethodPost && s.tooLate(v) {
		v.send(to + "?after=late")
		return
	}
	if v.r.Method == http.MethodPost && v.partial() {
		// The page stays, with what was written in it.
		s.fail(v, &api.Problem{Type: "muster:unauthenticated", Status: http.StatusUnauthorized,
			Detail: "you are signed out, and nothing was sent. What you wrote is still here: sign in in another tab of this browser, then press the button again"})
		return
	}
	if v.r.Method == http.MethodPost {
		// A page of this site sent it: back to that page afterwards.
		from, err := url.Parse(v.r.Referer())
		at := "/"
		if err == nil && from.Host == v.r.Host {
			at = back(from.RequestURI())
		}
		v.send(to + "?" + url.Values{"after": {"gone"}, "to": {at}}.Encode())
		return
	}
	if v.r.Method == http.MethodGet && v.r.URL.Path != "/" && !v.partial() {
		to += "?to=" + url.QueryEscape(v.r.URL.RequestURI())
	}
	v.send(to)
}

// back is where to go after signing in: a path of this site, nothing else.
func back(to string) string {
	u, err := url.Parse(to)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(u.Path, "/") || strings.HasPrefix(to, "//") || strings.Contains(to, `\`) {
		return "/"
	}
	return to
}

// trouble is what a page of an error says.
type trouble struct {
	Title, Text texts.T
	Errors      []api.Fault
	Candidates  []api.Candidate
	ID          string
	Status      int
}

// fail answers with a page that says what is wrong and what to do.
func (s *Site) fail(v *visit, err error) {
	t := trouble{Title: "That did not work", ID: v.id, Status: http.StatusInternalServerError}
	var p *api.Problem
	var big *http.MaxBytesError
	switch {
	case errors.As(err, &p):
		t.Status, t.Text, t.Errors, t.Candidates = p.Status, spoken(p.Detail), p.Errors, p.Candidates
		switch p.Status {
		case http.StatusNotFound:
			t.Title = "There is nothing here"
		case http.StatusForbidden:
			t.Title = "You may not see this"
		}
	case errors.Is(err, account.ErrForbidden), errors.Is(err, account.ErrScoped):
		t.Status, t.Title, t.Text = http.StatusForbidden, "You may not see this", sentence(err.Error())
	case errors.As(err, &big):
		t.Status, t.Text = http.StatusRequestEntityTooLarge, "That is more than a form may send."
	case errors.Is(err, context.DeadlineExceeded):
		t.Status, t.Text = http.StatusGatewayTimeout, "The collector did not answer in time. Ask for less, or try again in a moment."
	case errors.Is(err, context.Canceled):
		return
	default:
		s.o.Log.ErrorContext(v.r.Context(), "page", "path", clip(v.r.URL.Path, 200), "error", err, "request_id", v.id)
		t.Text = "The collector could not do that. Its log says why, under the number below."
		if later := api.ProblemOf(err); later.Status == http.StatusServiceUnavailable {
			p, t.Status, t.Text = later, later.Status, sentence(later.Detail)
		}
	}
	if w, ok := v.w.(*watched); ok && w.status != 0 {
		return
	}
	if p != nil && p.RetryAfter > 0 {
		v.w.Header().Set("Retry-After", fmt.Sprint(p.RetryAfter))
	}
	if v.partial() {
		// A script shows it where the person looks; the page stays.
		v.w.Header().Set("HX-Retarget", "#said")
		v.w.Header().Set("HX-Reswap", "innerHTML")
		s.render(v, http.StatusOK, "said", "said", t)
		return
	}
	if err := s.render(v, t.Status, "trouble", "", t); err != nil {
		s.o.Log.ErrorContext(v.r.Context(), "page", "path", clip(v.r.URL.Path, 200), "error", err, "request_id", v.id)
		http.Error(v.w, "The collector could not write this page; its log says why. "+v.id, http.StatusInternalServerError)
	}
}

func (s *Site) nowhere(v *visit) error {
	return &api.Problem{Type: "muster:not_found", Status: http.StatusNotFound, Detail: "there is no page at this address"}
}

// spoken is what the API says without its hints for the command line, which
// nobody types into a page.
func spoken(detail string) texts.T {
	detail = commandHint.ReplaceAllString(detail, "")
	if at := commandTail.FindStringIndex(detail); at != nil {
		detail = detail[:at[0]]
	}
	return sentence(detail)
}

var (
	commandHint = regexp.MustCompile(` ?\([^()]*\bmuster [a-z]+ [^()]*\)`)
	commandTail = regexp.MustCompile(`[:;,] muster [a-z]+ [a-z]+[^.;]*$`)
)

// sentence makes a text of the API one of a page.
func sentence(s string) texts.T {
	if s == "" {
		return ""
	}
	s = strings.ToUpper(s[:1]) + s[1:]
	if !strings.ContainsAny(s[len(s)-1:], ".!?") {
		s += "."
	}
	return texts.As(s)
}

func clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "") + "…"
}

// watched remembers what was answered.
type watched struct {
	http.ResponseWriter
	status int
}

func (w *watched) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *watched) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets flushes through.
func (w *watched) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// policy is what a page may load and be put into: nothing from elsewhere.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// guarded sets the headers that every page has.
func (s *Site) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Cache-Control", "no-store")
		if s.o.Secure {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

// sameOrigin refuses what a page of another site makes a browser send.
func (s *Site) sameOrigin(next http.Handler) http.Handler {
	c := http.NewCrossOriginProtection()
	c.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, "a page of another site may not do that", http.StatusForbidden)
	}))
	return c.Handler(next)
}

// asProblem is what the API said, if that is what went wrong.
func asProblem(err error) (*api.Problem, bool) {
	var p *api.Problem
	ok := errors.As(err, &p)
	return p, ok
}
