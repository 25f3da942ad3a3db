package web

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"regexp"
	"time"

	"muster/collector/account"
	"muster/collector/api"
	"muster/collector/web/texts"
)

// Options of the pages.
type Options struct {
	API      *api.Server
	Accounts *account.Accounts
	Log      *slog.Logger
	Now      func() time.Time
	// Zone is the office's: all times are shown in it.
	Zone *time.Location
	// Secure says that browsers come over HTTPS, so that cookies say so.
	Secure bool
	// Peer is the address a request came from, proxies taken into account.
	Peer func(*http.Request) netip.Addr
	// Agents are addresses that agents reach this collector at, for the ready
	// commands of enrolment.
	Agents []string
	// FailuresPerMinute is how many wrong passwords one address, or one account,
	// may try.
	FailuresPerMinute int
	// Provider is where people may sign in besides; nil: nowhere.
	Provider *account.Provider
	// AdminsNeedCode says that an administrator who signs in by password must
	// have a second factor, and sets one up before anything else.
	AdminsNeedCode bool
	// Languages are what pages speak beside English; nil: all that are translated.
	Languages []*texts.Language
}

// Site serves the pages.
type Site struct {
	o        Options
	assets   *assets
	looks    map[string]looks // by language
	sessions *sessions
	half     *halfway
	gate     *account.Gate
	told     *reminded
	first    *first
	mux      *http.ServeMux
	patience time.Duration // with numbers over time

	// ruleID finds the ID of a rule in a text, behind those that stand in
	// parentheses behind what is said.
	ruleID, behind *regexp.Regexp
}

// New makes the pages. It fails when a page is not as the table demands.
func New(o Options) (*Site, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Zone == nil {
		o.Zone = time.Local
	}
	if o.FailuresPerMinute == 0 {
		o.FailuresPerMinute = 10
	}
	if o.API == nil || o.Accounts == nil || o.Peer == nil {
		return nil, fmt.Errorf("start pages: API, accounts and the peer of a request are needed")
	}
	s := &Site{o: o, mux: http.NewServeMux(), patience: patience, gate: account.NewGate(o.FailuresPerMinute, o.Now), told: &reminded{},
		half: newHalfway(o.Now), sessions: &sessions{accounts: o.Accounts, secure: o.Secure}}
	s.ruleID, s.behind = ruleTexts()
	var err error
	if s.assets, err = loadAssets(); err != nil {
		return nil, err
	}
	if s.o.Languages == nil {
		if s.o.Languages, err = texts.Translations(); err != nil {
			return nil, err
		}
	}
	s.looks = map[string]looks{}
	for _, l := range append([]*texts.Language{nil}, s.o.Languages...) {
		if s.looks[l.String()], err = s.parse(l); err != nil {
			return nil, err
		}
	}
	s.first = &first{now: o.Now, accounts: o.Accounts}
	return s, s.mount(pages())
}

// Handler serves all pages.
func (s *Site) Handler() http.Handler {
	var h http.Handler = s.mux
	h = s.sameOrigin(h)
	h = s.guarded(h)
	return h
}

// Programs lets what is open to programs be opened in a browser by somebody
// who has signed in: the API's documents, and answers that pages link to. It
// adds nothing that they could not see on pages.
func (s *Site) Programs(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "" {
			o, ok, err := s.who(r)
			if err != nil {
				s.o.Log.ErrorContext(r.Context(), "session", "error", err)
			}
			if ok && !s.wanting(o) {
				r = api.Identified(r, o.Actor, s.o.Peer(r).String())
			}
		}
		next.ServeHTTP(w, r)
	})
}

// SetupPath is the address under which the first account can be made, as long
// as there is none; empty when there is one.
func (s *Site) SetupPath(ctx context.Context) (string, error) { return s.first.path(ctx) }
