package account_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"muster/collector/account"
	"muster/collector/account/providertest"
	"muster/collector/store"
	"muster/collector/store/sqlstore"
)

const redirect = "https://muster.example.org" + account.CallbackPath

func outsideWorld(t *testing.T) (*providertest.House, *account.Accounts, account.ProviderOptions) {
	t.Helper()
	h := providertest.New(t, redirect)
	c, err := sqlstore.OpenControl(t.Context(), filepath.Join(t.TempDir(), "control.db"), sqlstore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	a := &account.Accounts{Store: c, Now: time.Now, Key: []byte("a key of thirty-two bytes, or so")}
	client := h.Client()
	o := account.ProviderOptions{Issuer: h.URL, ClientID: providertest.ClientID, Secret: providertest.ClientSecret, Redirect: redirect, Create: true, Client: client,
		Admins: []string{"it-admins"}, Staff: []string{"it-staff"}, Interns: []string{"it-interns"}, Places: map[string][]string{"parks": {"Parks"}},
		Scope: func(_ context.Context, agencies, sites []string) (store.Scope, error) {
			if len(agencies) == 1 && agencies[0] == "Parks" && len(sites) == 0 {
				return store.Scope{Agencies: []int64{7}}, nil
			}
			return store.Scope{}, errors.New("there is no such agency")
		}}
	h.Person = map[string]any{"sub": "s-1", "preferred_username": "dana", "groups": []string{"everybody", "it-staff", "parks"}}
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
		return p.Finish(ctx, trip, h.Visit(at))
	}
	actor, err := through(p)
	if err != nil || actor.Name != "dana" || actor.Role != account.Staff || actor.Scope.All || len(actor.Scope.Agencies) != 1 || actor.Scope.Agencies[0] != 7 {
		t.Fatalf("%+v, %v", actor, err)
	}
	// The groups hold anew each time, and a name that changed there is no other
	// person here.
	h.Person["preferred_username"], h.Person["groups"] = "dana.new", []string{"it-admins", "it-interns", "parks"}
	again, err := through(p)
	if err != nil || again.ID != actor.ID || again.Name != "dana" || again.Role != account.Admin || !again.Scope.All {
		t.Errorf("%+v, %v", again, err)
	}
	h.Person["groups"] = "it-interns" // some providers tell one group so
	if again, err = through(p); err != nil || again.Role != account.Intern || !again.Scope.All {
		t.Errorf("%+v, %v", again, err)
	}

	refused := func(name string, bend func(map[string]any), sign func([]byte) string) {
		t.Helper()
		h.Bend, h.Sign = bend, sign
		defer func() { h.Bend, h.Sign = nil, nil }()
		if actor, err := through(p); !errors.Is(err, account.ErrOutside) {
			t.Errorf("%s: %+v, %v", name, actor, err)
		}
	}
	set := func(k string, v any) func(map[string]any) { return func(c map[string]any) { c[k] = v } }
	refused("wrong nonce", set("nonce", "of another attempt"), nil)
	refused("no nonce", func(c map[string]any) { delete(c, "nonce") }, nil)
	refused("wrong audience", set("aud", "another program"), nil)
	refused("several audiences, and made for another", func(c map[string]any) { c["aud"], c["azp"] = []string{providertest.ClientID, "other"}, "other" }, nil)
	refused("wrong issuer", set("iss", "https://login.example"), nil)
	refused("expired", set("exp", time.Now().Add(-time.Hour).Unix()), nil)
	refused("alg none", nil, func(body []byte) string {
		enc := base64.RawURLEncoding.EncodeToString
		return enc([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + enc(body) + "."
	})
	refused("signed with the client's secret", nil, func(body []byte) string {
		return providertest.JWS(t, jose.HS256, []byte(providertest.ClientSecret+" and more, to be long enough"), body)
	})
	refused("signed by somebody else", nil, func(body []byte) string {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Error(err)
		}
		return providertest.JWS(t, jose.ES256, jose.JSONWebKey{Key: key, KeyID: "k"}, body)
	})

	at, trip, err := p.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	answer := h.Visit(at)
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
	h.Person["groups"] = []string{"everybody", "parks"}
	refused("no group", nil, nil)
	if list, err := a.Store.Sessions(ctx, u.ID); err != nil || len(list) != 0 {
		t.Errorf("%d sessions are open, %v", len(list), err)
	}
	h.Person["groups"] = []string{"it-staff", "parks"}
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
		return p.Finish(ctx, trip, h.Visit(at))
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
	h.Person["sub"] = "s-2"
	if actor, err := through(o); !errors.Is(err, account.ErrOutside) {
		t.Errorf("another person of the same name: %+v, %v", actor, err)
	}
	put("root", "hash of a password")
	h.Person["preferred_username"] = "root"
	if actor, err := through(o); !errors.Is(err, account.ErrOutside) {
		t.Errorf("the name of somebody who has a password here: %+v, %v", actor, err)
	}
	h.Person["preferred_username"] = "<b>"
	if actor, err := through(o); !errors.Is(err, account.ErrOutside) {
		t.Errorf("a name that is none: %+v, %v", actor, err)
	}
	mail := o
	mail.NameClaim = "email"
	h.Person["email"], h.Person["email_verified"] = "eve@example.org", false
	if actor, err := through(mail); !errors.Is(err, account.ErrOutside) {
		t.Errorf("a mail address that nobody checked: %+v, %v", actor, err)
	}
	h.Person["email_verified"] = true
	if actor, err := through(mail); err != nil || actor.Name != "eve@example.org" {
		t.Errorf("%+v, %v", actor, err)
	}
	gone := o
	gone.Places = map[string][]string{"parks": {"Harbor"}}
	h.Person["sub"], h.Person["preferred_username"] = "s-3", "finn"
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
