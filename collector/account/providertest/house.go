// Package providertest is a provider of OpenID Connect over HTTPS on loopback,
// for tests of signing in elsewhere. It must not know accounts or pages.
package providertest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// House is a provider of OpenID Connect over HTTPS: discovery, authorization
// with PKCE, token with the client's secret, keys. It holds clients to the
// specification and, where a test says so, itself not.
type House struct {
	*httptest.Server
	t   testing.TB
	key *ecdsa.PrivateKey

	mu    sync.Mutex
	codes map[string]url.Values // what each code was given for; each serves once

	// Tests set these between two sign-ins.
	Person map[string]any           // claims of who signs in
	Bend   func(map[string]any)     // changes the claims of the ID token
	Sign   func(body []byte) string // instead of the key
}

// What a client is known by.
const (
	ClientID     = "muster"
	ClientSecret = "a secret that the provider made"
)

// New opens a house that sends people back to redirect.
func New(t testing.TB, redirect string) *House {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	h := &House{t: t, key: key, codes: map[string]url.Values{}}
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
		if q.Get("response_type") != "code" || q.Get("client_id") != ClientID || q.Get("redirect_uri") != redirect || q.Get("code_challenge_method") != "S256" ||
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
		if id != ClientID || secret != ClientSecret || !known || r.FormValue("redirect_uri") != redirect || base64.RawURLEncoding.EncodeToString(sum[:]) != q.Get("code_challenge") {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"error":"invalid_grant"}`)
			return
		}
		claims := map[string]any{"iss": h.URL, "aud": ClientID, "nonce": q.Get("nonce"), "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix()}
		for k, v := range h.Person {
			claims[k] = v
		}
		if h.Bend != nil {
			h.Bend(claims)
		}
		body, _ := json.Marshal(claims)
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(map[string]any{"access_token": "unused", "token_type": "Bearer", "expires_in": 60, "id_token": h.signed(body)})
	})
	h.Server = httptest.NewTLSServer(mux)
	t.Cleanup(h.Close)
	return h
}

func (h *House) signed(body []byte) string {
	if h.Sign != nil {
		return h.Sign(body)
	}
	return JWS(h.t, jose.ES256, jose.JSONWebKey{Key: h.key, KeyID: "k"}, body)
}

// JWS signs a token.
func JWS(t testing.TB, alg jose.SignatureAlgorithm, key any, body []byte) string {
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

// Visit sends a browser through the provider and gives what it comes back with.
func (h *House) Visit(at string) url.Values {
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
