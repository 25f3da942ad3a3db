package account_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"muster/collector/account"
	"muster/collector/store"
	"muster/collector/store/sqlstore"
)

// house is a provider of OpenID Connect over HTTPS: discovery, authorization
// with PKCE, token with the client's secret, keys. It holds clients to the
// specification and, where a test says so, itself not.
type house struct {
	*httptest.Server
	t   *testing.T
	key *ecdsa.PrivateKey

	mu     sync.Mutex
	person map[string]any           // claims of who signs in
	bend   func(map[string]any)     // changes the claims of the ID token
	sign   func(body []byte) string // instead of the key
	codes  map[string]url.Values    // what each code was given for; each serves once
}

const (
	clientID     = "muster"
	clientSecret = "a secret that the provider made"
	redirect     = "https://muster.example.org" + account.CallbackPath
)

func newHouse(t *testing.T) *house {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, key: key, codes: map[string]url.Values{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, r *http.Request) {
		json.NewEncoder(w).Encode(map[string]any{"issuer": h.URL, "authorization_endpoint": h.URL + "/authorize", "token_endpoint": h.URL + "/token", "jwks_uri": h.URL + "/keys",
			"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"}, "id_token_signing_alg_values_supported": []string{"ES256", "HS256", "none"}})
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, r *http.Request) {
		json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: &key.PublicKey, KeyID: "k", Algorithm: "ES256", Use: "sig"}}})
	})
	mux.HandleFunc("GET /authorize", func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if q.Get("response_type") != "code" || q.Get("client_id") != clientID || q.Get("redirect_uri") != redirect || q.Get("code_challenge_method") != "S256" ||
			len(q.Get("code_challenge")) != 43 || !strings.Contains(q.Get("scope"), "openid") || q.Get("state") == "" || q.Get("nonce") == "" {
			http.Error(w, "not a request of the code flow with PKCE", http.StatusBadRequest)
			return
		}
		code := rand.Text()
		h.mu.Lock()
		h.codes[code] = q
		h.mu.Unlock()
		http.Redirect(w, r, redirect+"?"+url.Values{"code": {code}, "state": {q.Get("state")}, "iss": {h.URL}}.Encode(), http.StatusFound)
	})
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		id, secret, ok := r.BasicAuth()
		if !ok {
			id, secret = r.FormValue("client_id"), r.FormValue("client_secret")
		} else {
			id, _ = url.QueryUnescape(id) // RFC 6749 §2.3.1
			secret, _ = url.QueryUnescape(secret)
		}
		h.mu.Lock()
		defer h.mu.Unlock()
		q, known := h.codes[r.FormValue("code")]
		delete(h.codes, r.FormValue("code"))
		sum := sha256.Sum256([]byte(r.FormValue("code_verifier")))
		if id != clientID || secret != clientSecret || !known || r.FormValue("redirect_uri") != redirect || base64.RawURLEncoding.EncodeToString(sum[:]) != q.Get("code_challenge") {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"error":"invalid_grant"}`)
			return
		}
		claims := map[string]any{"iss": h.URL, "aud": clientID, "nonce": q.Get("nonce"), "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix()}
		for k, v := range h.person {
			claims[k] = v
		}
		if h.bend != nil {
			h.bend(claims)
		}
		body, _ := json.Marshal(claims)
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(map[string]any{"access_token": "unused", "token_type": "Bearer", "expires_in": 60, "id_token": h.signed(body)})
	})
	h.Server = httptest.NewTLSServer(mux)
	t.Cleanup(h.Close)
	return h
}

func (h *house) signed(body []byte) string {
	if h.sign != nil {
		return h.sign(body)
	}
	return jws(h.t, jose.ES256, jose.JSONWebKey{Key: h.key, KeyID: "k"}, body)
}

func jws(t *testing.T, alg jose.SignatureAlgorithm, key any, body []byte) string {
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		t.Error(err)
		return ""
	}
	x, err := s.Sign(body)
	if err != nil {
		t.Error(err)
		return ""
	}
	text, err := x.CompactSerialize()
	if err != nil {
		t.Error(err)
	}
	return text
}

// visit sends a browser through the provider and gives what it comes back with.
func (h *house) visit(at string) url.Values {
	h.t.Helper()
	c := h.Client()
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := c.Get(at)
	if err != nil {
		h.t.Fatal(err)
	}
	resp.Body.Close()
	to, err := resp.Location()
	if err != nil {
		h.t.Fatalf("the provider refused the request: %s", resp.Status)
	}
	return to.Query()
}

func outsideWorld(t *testing.T) (*house, *account.Accounts, account.ProviderOptions) {
	t.Helper()
	h := newHouse(t)
	c, err := sqlstore.OpenControl(t.Context(), filepath.Join(t.TempDir(), "control.db"), sqlstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	a := &account.Accounts{Store: c, Now: time.Now, Key: []byte("a key of thirty-two bytes, or so")}
	client := h.Client()
	o := account.ProviderOptions{Issuer: h.URL, ClientID: clientID, Secret: clientSecret, Redirect: redirect, Create: true, Client: client,
		Admins: []string{"it-admins"}, Staff: []string{"it-staff"}, Interns: []string{"it-interns"}, Places: map[string][]string{"parks": {"Parks"}},
		Scope: func(_ context.Context, agencies, sites []string) (store.Scope, error) {
			if len(agencies) == 1 && agencies[0] == "Parks" && len(sites) == 0 {
				return store.Scope{Agencies: []int64{7}}, nil
			}
			return store.Scope{}, errors.New("there is no such agency")
		}}
	h.person = map[string]any{"sub": "s-1", "preferred_username": "dana", "groups": []string{"everybody", "it-staff", "parks"}}
	return h, a, o
}

func TestProvider(t *testing.T) {
	h, a, o := outsideWorld(t)
	ctx := t.Context()
	p, err := account.NewProvider(a, o)
	if err != nil {
		t.Fatal(err)
	}
	through := func(p *account.Provider) (account.Actor, error) {
		t.Helper()
		at, trip, err := p.Begin(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return p.Finish(ctx, trip, h.visit(at))
	}
	actor, err := through(p)
	if err != nil || actor.Name != "dana" || actor.Role != account.Staff || actor.Scope.All || len(actor.Scope.Agencies) != 1 || actor.Scope.Agencies[0] != 7 {
		t.Fatalf("%+v, %v", actor, err)
	}
	// The groups hold anew each time, and a name that changed there is no other
	// person here.
	h.person["preferred_username"], h.person["groups"] = "dana.new", []string{"it-admins", "it-interns", "parks"}
	again, err := through(p)
	if err != nil || again.ID != actor.ID || again.Name != "dana" || again.Role != account.Admin || !again.Scope.All {
		t.Errorf("%+v, %v", again, err)
	}
	h.person["groups"] = "it-interns" // some providers tell one group so
	if again, err = through(p); err != nil || again.Role != account.Intern || !again.Scope.All {
		t.Errorf("%+v, %v", again, err)
	}

	refused := func(name string, bend func(map[string]any), sign func([]byte) string) {
		t.Helper()
		h.bend, h.sign = bend, sign
		defer func() { h.bend, h.sign = nil, nil }()
		if actor, err := through(p); !errors.Is(err, account.ErrOutside) {
			t.Errorf("%s: %+v, %v", name, actor, err)
		}
	}
	set := func(k string, v any) func(map[string]any) { return func(c map[string]any) { c[k] = v } }
	refused("wrong nonce", set("nonce", "of another attempt"), nil)
	refused("no nonce", func(c map[string]any) { delete(c, "nonce") }, nil)
	refused("wrong audience", set("aud", "another program"), nil)
	refused("several audiences, and made for another", func(c map[string]any) { c["aud"], c["azp"] = []string{clientID, "other"}, "other" }, nil)
	refused("wrong issuer", set("iss", "https://login.example"), nil)
	refused("expired", set("exp", time.Now().Add(-time.Hour).Unix()), nil)
	refused("alg none", nil, func(body []byte) string {
		enc := base64.RawURLEncoding.EncodeToString
		return enc([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + enc(body) + "."
	})
	refused("signed with the client's secret", nil, func(body []byte) string {
		return jws(t, jose.HS256, []byte(clientSecret+" and more, to be long enough"), body)
	})
	refused("signed by somebody else", nil, func(body []byte) string {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Error(err)
		}
		return jws(t, jose.ES256, jose.JSONWebKey{Key: key, KeyID: "k"}, body)
	})

	at, trip, err := p.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	answer := h.visit(at)
	for name, bent := range map[string]url.Values{"another state": {"state": {"x"}, "code": answer["code"]}, "no state": {"code": answer["code"]},
		"another provider": {"state": answer["state"], "code": answer["code"], "iss": {"https://evil.example"}}, "the provider's no": {"state": answer["state"], "error": {"access_denied"}}} {
		if _, err := p.Finish(ctx, trip, bent); !errors.Is(err, account.ErrOutside) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := p.Finish(ctx, account.Trip{}, url.Values{"code": answer["code"]}); !errors.Is(err, account.ErrOutside) {
		t.Errorf("an answer that nobody asked for: %v", err)
	}
	other, foreign, err := p.Begin(ctx)
	if err != nil || other == at {
		t.Fatal(err)
	}
	if _, err := p.Finish(ctx, account.Trip{State: trip.State, Nonce: trip.Nonce, Verifier: foreign.Verifier}, answer); !errors.Is(err, account.ErrOutside) {
		t.Errorf("a code with the verifier of another attempt: %v", err)
	}

	// Who left the groups is out, of what is open too.
	u, _, err := a.Store.UserSecret(ctx, "dana")
	if err != nil || !u.Outside {
		t.Fatalf("%+v, %v", u, err)
	}
	if _, _, err := a.Open(ctx, "dana", account.Session{How: account.ByProvider}); err != nil {
		t.Fatal(err)
	}
	h.person["groups"] = []string{"everybody", "parks"}
	refused("no group", nil, nil)
	if list, err := a.Store.Sessions(ctx, u.ID); err != nil || len(list) != 0 {
		t.Errorf("%d sessions are open, %v", len(list), err)
	}
	h.person["groups"] = []string{"it-staff", "parks"}
	u.Disabled = true
	if _, err := a.Store.PutUser(ctx, u, ""); err != nil {
		t.Fatal(err)
	}
	refused("disabled", nil, nil)
}

// TestProviderAccounts: whose account somebody from the provider gets.
func TestProviderAccounts(t *testing.T) {
	h, a, o := outsideWorld(t)
	ctx := t.Context()
	through := func(o account.ProviderOptions) (account.Actor, error) {
		t.Helper()
		p, err := account.NewProvider(a, o)
		if err != nil {
			t.Fatal(err)
		}
		at, trip, err := p.Begin(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return p.Finish(ctx, trip, h.visit(at))
	}
	must := o
	must.Create = false
	if actor, err := through(must); !errors.Is(err, account.ErrOutside) {
		t.Errorf("without an account: %+v, %v", actor, err)
	}
	put := func(name, hash string) {
		t.Helper()
		if _, err := a.Store.PutUser(ctx, account.User{Name: name, Role: account.Admin, Scope: store.Scope{All: true}, CreatedAt: time.Now()}, hash); err != nil {
			t.Fatal(err)
		}
	}
	put("dana", "")
	if actor, err := through(must); err != nil || actor.Role != account.Staff {
		t.Errorf("an account that was made for them: %+v, %v", actor, err)
	}
	h.person["sub"] = "s-2"
	if actor, err := through(o); !errors.Is(err, account.ErrOutside) {
		t.Errorf("another person of the same name: %+v, %v", actor, err)
	}
	put("root", "hash of a password")
	h.person["preferred_username"] = "root"
	if actor, err := through(o); !errors.Is(err, account.ErrOutside) {
		t.Errorf("the name of somebody who has a password here: %+v, %v", actor, err)
	}
	h.person["preferred_username"] = "<b>"
	if actor, err := through(o); !errors.Is(err, account.ErrOutside) {
		t.Errorf("a name that is none: %+v, %v", actor, err)
	}
	mail := o
	mail.NameClaim = "email"
	h.person["email"], h.person["email_verified"] = "eve@example.org", false
	if actor, err := through(mail); !errors.Is(err, account.ErrOutside) {
		t.Errorf("a mail address that nobody checked: %+v, %v", actor, err)
	}
	h.person["email_verified"] = true
	if actor, err := through(mail); err != nil || actor.Name != "eve@example.org" {
		t.Errorf("%+v, %v", actor, err)
	}
	gone := o
	gone.Places = map[string][]string{"parks": {"Harbor"}}
	h.person["sub"], h.person["preferred_username"] = "s-3", "finn"
	if actor, err := through(gone); err == nil {
		t.Errorf("an agency that is not there: %+v", actor)
	}
	if _, _, err := a.Store.UserSecret(ctx, "finn"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("an account was made all the same: %v", err)
	}
}

func TestProviderSettings(t *testing.T) {
	good := account.ProviderOptions{Issuer: "https://login.example.org", ClientID: "muster", Secret: "s", Staff: []string{"it"}, Client: http.DefaultClient}
	if _, err := account.NewProvider(nil, good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*account.ProviderOptions){
		"an empty secret": func(o *account.ProviderOptions) { o.Secret = " \n" }, "no client": func(o *account.ProviderOptions) { o.ClientID = "" },
		"plain HTTP": func(o *account.ProviderOptions) { o.Issuer = "http://login.example.org" }, "no group": func(o *account.ProviderOptions) { o.Staff = nil },
		"no way to ask": func(o *account.ProviderOptions) { o.Client = nil },
	} {
		o := good
		change(&o)
		if _, err := account.NewProvider(nil, o); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
