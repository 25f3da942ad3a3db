package account

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"muster/collector/store"
)

// ProviderOptions say where people sign in instead of here (OpenID Connect
// Core 1.0, code flow with PKCE).
type ProviderOptions struct {
	Name     string // as the sign-in page calls it
	Issuer   string // https, exactly as the provider writes it
	ClientID string
	Secret   string
	Redirect string // whole address of CallbackPath on the pages

	NameClaim   string // what becomes the account's name
	GroupsClaim string
	// Admins, Staff and Interns are groups; the strongest role of a person's
	// groups holds, and who is in none of them is not let in.
	Admins, Staff, Interns []string
	// Places are groups whose members see only these agencies (NAME) and sites
	// (AGENCY/SITE). Who is in none of them sees everything, as admins do.
	Places map[string][]string

	Create bool // a person without an account gets one
	Scopes []string

	Client *http.Client // that keeps to the rules of where the collector may call
	Now    func() time.Time
	// Scope finds agencies and sites. Names that do not exist
	// are an error.
	Scope func(ctx context.Context, agencies, sites []string) (store.Scope, error)
}

// CallbackPath is where a provider sends people back to.
const CallbackPath = "/sign-in/callback"

// OutsideStore knows which account belongs to whom at a provider.
type OutsideStore interface {
	OutsideUser(ctx context.Context, issuer, subject string) (name string, err error) // store.ErrNotFound
	PutOutside(ctx context.Context, issuer, subject string, user int64, at time.Time) error
}

// Provider signs people in through another house.
type Provider struct {
	o        ProviderOptions
	accounts *Accounts

	mu    sync.Mutex
	found *oidc.Provider // nil until it was reached once
}

// ErrOutside is why somebody from a provider is not let in. What wraps it may
// be shown.
var ErrOutside = errors.New("signing in at the provider did not work")

func outside(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrOutside, fmt.Sprintf(format, args...))
}

// NewProvider checks the settings; it asks nobody yet, so that a provider that
// is away does not keep the collector from starting.
func NewProvider(a *Accounts, o ProviderOptions) (*Provider, error) {
	issuer, err := url.Parse(o.Issuer)
	switch {
	case err != nil || issuer.Scheme != "https" || issuer.Host == "":
		return nil, fmt.Errorf("web.oidc.issuer %q: give the provider's address, beginning with https://", o.Issuer)
	case o.Client == nil:
		return nil, errors.New("sign-in by a provider: there is nothing to ask it with")
	case o.ClientID == "":
		return nil, errors.New("web.oidc.client_id is empty: register Muster at the provider and put the ID here")
	case strings.TrimSpace(o.Secret) == "":
		return nil, errors.New("the secret of web.oidc.secret_file is empty: put the client's secret from the provider into that file")
	case len(o.Admins)+len(o.Staff)+len(o.Interns) == 0:
		return nil, errors.New("web.oidc: nobody could sign in: name at least one group in admins, staff or interns")
	}
	if o.NameClaim == "" {
		o.NameClaim = "preferred_username"
	}
	if o.GroupsClaim == "" {
		o.GroupsClaim = "groups"
	}
	if o.Name == "" {
		o.Name = issuer.Host
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if len(o.Scopes) == 0 {
		o.Scopes = []string{oidc.ScopeOpenID, "profile", "email"}
	}
	if !slices.Contains(o.Scopes, oidc.ScopeOpenID) {
		o.Scopes = append([]string{oidc.ScopeOpenID}, o.Scopes...)
	}
	return &Provider{o: o, accounts: a}, nil
}

// Name is how the sign-in page calls it.
func (p *Provider) Name() string { return p.o.Name }

// algorithms of signatures that are believed: those with a public key. Not
// none, and not HMAC, whose key would be the client's secret.
func algorithms() []string {
	return []string{oidc.RS256, oidc.RS384, oidc.RS512, oidc.ES256, oidc.ES384, oidc.ES512, oidc.PS256, oidc.PS384, oidc.PS512, oidc.EdDSA}
}

// reach asks the provider for its addresses and keys, once.
func (p *Provider) reach(ctx context.Context) (*oidc.Provider, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.found == nil {
		// What it fetches later, keys, must not end with this request.
		found, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), p.o.Client), p.o.Issuer)
		if err != nil {
			return nil, fmt.Errorf("ask the provider %s: %w", p.o.Issuer, err)
		}
		p.found = found
	}
	return p.found, nil
}

func (p *Provider) client(found *oidc.Provider) *oauth2.Config {
	return &oauth2.Config{ClientID: p.o.ClientID, ClientSecret: p.o.Secret, Endpoint: found.Endpoint(), RedirectURL: p.o.Redirect, Scopes: p.o.Scopes}
}

// Trip is one way to the provider and back. It stays with the collector and
// serves once.
type Trip struct{ State, Nonce, Verifier string }

// Begin gives the address at the provider, and what Finish needs.
func (p *Provider) Begin(ctx context.Context) (string, Trip, error) {
	found, err := p.reach(ctx)
	if err != nil {
		return "", Trip{}, err
	}
	text := func() string {
		var b [24]byte
		rand.Read(b[:])
		return base64.RawURLEncoding.EncodeToString(b[:])
	}
	t := Trip{State: text(), Nonce: text(), Verifier: oauth2.GenerateVerifier()}
	return p.client(found).AuthCodeURL(t.State, oidc.Nonce(t.Nonce), oauth2.S256ChallengeOption(t.Verifier)), t, nil
}

// Finish takes what the provider sent somebody back with, and lets them in:
// the account with its role and scope as the groups say now.
func (p *Provider) Finish(ctx context.Context, t Trip, q url.Values) (Actor, error) {
	switch {
	case t.State == "" || subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(t.State)) != 1:
		return Actor{}, outside("this answer belongs to no attempt that was begun here; begin anew")
	case q.Get("error") != "":
		return Actor{}, outside("the provider said %q; begin anew, or ask whoever runs it", clean(q.Get("error")+" "+q.Get("error_description")))
	case q.Has("iss") && q.Get("iss") != p.o.Issuer: // RFC 9207
		return Actor{}, outside("the answer came from another provider")
	}
	found, err := p.reach(ctx)
	if err != nil {
		return Actor{}, err
	}
	token, err := p.client(found).Exchange(oidc.ClientContext(ctx, p.o.Client), q.Get("code"), oauth2.VerifierOption(t.Verifier))
	if err != nil {
		return Actor{}, fmt.Errorf("%w: the provider did not take its own answer: %w", ErrOutside, err)
	}
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return Actor{}, outside("the provider sent no ID token; the scope openid must be allowed for this client")
	}
	id, err := found.Verifier(&oidc.Config{ClientID: p.o.ClientID, SupportedSigningAlgs: algorithms(), Now: p.o.Now}).Verify(oidc.ClientContext(ctx, p.o.Client), raw)
	if err != nil {
		return Actor{}, fmt.Errorf("%w: its ID token does not hold: %w", ErrOutside, err)
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(t.Nonce)) != 1 {
		return Actor{}, outside("its ID token was made for another attempt")
	}
	claims := map[string]json.RawMessage{}
	if err := id.Claims(&claims); err != nil {
		return Actor{}, fmt.Errorf("%w: its claims cannot be read: %w", ErrOutside, err)
	}
	var party string
	if len(id.Audience) > 1 {
		if json.Unmarshal(claims["azp"], &party); party != p.o.ClientID { // OpenID Connect Core 3.1.3.7
			return Actor{}, outside("its ID token was made for another program")
		}
	}
	return p.admit(ctx, id.Issuer, id.Subject, claims)
}

// admit finds or makes the account, and gives it what its groups say.
func (p *Provider) admit(ctx context.Context, issuer, subject string, claims map[string]json.RawMessage) (Actor, error) {
	have := groups(claims[p.o.GroupsClaim])
	role := p.role(have)
	st := p.accounts.Store
	name, err := st.OutsideUser(ctx, issuer, subject)
	known := err == nil
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return Actor{}, err
	}
	var u User
	if known {
		if u, _, err = st.UserSecret(ctx, name); err != nil {
			return Actor{}, err
		}
	}
	if role == "" {
		if known {
			// Whoever left the groups is out of what is still open, too.
			if _, err := st.EndSessions(ctx, u.ID, ""); err != nil {
				return Actor{}, err
			}
		}
		return Actor{Name: u.Name}, outside("none of your groups may use Muster; ask whoever runs it")
	}
	if !known {
		if u, err = p.first(ctx, claims); err != nil {
			return Actor{Name: u.Name}, err
		}
	}
	if u.Disabled {
		return Actor{Name: u.Name}, outside("this account is disabled; ask an administrator")
	}
	u.Role = role
	if err := p.place(ctx, &u, have); err != nil {
		return Actor{Name: u.Name}, fmt.Errorf("web.oidc.places: %w", err)
	}
	if u, err = st.PutUser(ctx, u, ""); err != nil {
		return Actor{}, err
	}
	if !known {
		if err := st.PutOutside(ctx, issuer, subject, u.ID, p.o.Now()); err != nil {
			return Actor{}, err
		}
	}
	return u.actor(), nil
}

// first is the account of somebody who comes for the first time. One that
// exists is theirs only if nobody can sign in to it otherwise: names at a
// provider may be chosen.
func (p *Provider) first(ctx context.Context, claims map[string]json.RawMessage) (User, error) {
	var name string
	if json.Unmarshal(claims[p.o.NameClaim], &name); name == "" {
		return User{}, outside("the provider does not tell %s, which web.oidc.name_claim asks for", p.o.NameClaim)
	}
	verified := true
	if json.Unmarshal(claims["email_verified"], &verified); p.o.NameClaim == "email" && !verified {
		return User{Name: clean(name)}, outside("the provider has not checked your mail address")
	}
	if err := CheckName(name); err != nil {
		return User{Name: clean(name)}, outside("%v", err)
	}
	u, _, err := p.accounts.Store.UserSecret(ctx, name)
	switch {
	case errors.Is(err, store.ErrNotFound) && p.o.Create:
		return User{Name: name, CreatedAt: p.o.Now()}, nil
	case errors.Is(err, store.ErrNotFound):
		return User{Name: name}, outside("there is no account %q; ask an administrator to make it, without a password", name)
	case err != nil:
		return User{}, err
	case u.HasSecret || u.Outside:
		return User{Name: name}, outside("the account %q belongs to somebody who signs in otherwise; ask an administrator", name)
	}
	return u, nil
}

// role is the strongest that groups give; empty if none does.
func (p *Provider) role(have []string) Role {
	for _, x := range []struct {
		groups []string
		role   Role
	}{{p.o.Admins, Admin}, {p.o.Staff, Staff}, {p.o.Interns, Intern}} {
		if slices.ContainsFunc(x.groups, func(g string) bool { return g != "" && slices.Contains(have, g) }) {
			return x.role
		}
	}
	return ""
}

// place gives an account the scope of its groups.
func (p *Provider) place(ctx context.Context, u *User, have []string) error {
	u.Agencies, u.Sites, u.Scope = nil, nil, store.Scope{All: true}
	if u.Role == Admin {
		return nil
	}
	bound := false
	for group, places := range p.o.Places {
		if !slices.Contains(have, group) {
			continue
		}
		bound = true
		for _, x := range places {
			if strings.Contains(x, "/") {
				u.Sites = append(u.Sites, x)
			} else {
				u.Agencies = append(u.Agencies, x)
			}
		}
	}
	if !bound {
		return nil
	}
	if len(u.Agencies)+len(u.Sites) == 0 || p.o.Scope == nil {
		return errors.New("a group has no agencies and sites")
	}
	slices.Sort(u.Agencies)
	slices.Sort(u.Sites)
	var err error
	u.Scope, err = p.o.Scope(ctx, u.Agencies, u.Sites)
	if err == nil && (u.Scope.All || len(u.Scope.Agencies)+len(u.Scope.Sites) == 0) {
		err = errors.New("its agencies and sites are not there")
	}
	return err
}

// groups reads a claim that is a list of texts, or one text.
func groups(raw json.RawMessage) []string {
	var list []string
	if json.Unmarshal(raw, &list) == nil {
		return list
	}
	var one string
	if json.Unmarshal(raw, &one) == nil && one != "" {
		return []string{one}
	}
	return nil
}

// clean makes a text from elsewhere one that can be shown and logged.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	if len(s) > 200 {
		s = strings.ToValidUTF8(s[:200], "") + "…"
	}
	return strings.TrimSpace(s)
}
