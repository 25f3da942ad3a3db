package web

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"muster/collector/account"
	"muster/collector/account/providertest"
	"muster/collector/store"
)

// withProvider is a world whose people may sign in at a provider, and dana who
// is there.
func withProvider(t *testing.T) (*world, *providertest.House) {
	t.Helper()
	w := newWorld(t)
	h := providertest.New(t, w.server.URL+account.CallbackPath)
	p, err := account.NewProvider(w.accounts, account.ProviderOptions{Name: "The office", Issuer: h.URL, ClientID: providertest.ClientID, Secret: providertest.ClientSecret,
		Redirect: w.server.URL + account.CallbackPath, Create: true, Client: h.Client(), Admins: []string{"it-admins"}, Staff: []string{"it-staff"}, Interns: []string{"it-interns"},
		Places: map[string][]string{"parks": {"Parks"}}, Scope: func(context.Context, []string, []string) (store.Scope, error) {
			return store.Scope{Agencies: []int64{1}}, nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	w.o.Provider = p
	w.gate = account.NewGate(1000, w.o.Now)
	w.groups(h, "it-staff")
	return w, h
}

func (w *world) groups(h *providertest.House, groups ...string) {
	h.Person = map[string]any{"sub": "s-1", "preferred_username": "dana", "groups": groups}
}

// away begins to sign in at the provider and gives the address to come back by.
func (w *world) away(h *providertest.House, b *http.Client, path string) string {
	w.t.Helper()
	resp := w.get(b, path)
	to := resp.Header.Get("Location")
	if resp.StatusCode != http.StatusSeeOther || !strings.HasPrefix(to, h.URL+"/authorize?") {
		w.t.Fatalf("%s: %s to %q", path, resp.Status, to)
	}
	return account.CallbackPath + "?" + h.Visit(to).Encode()
}

// out fails the test when the browser is in, or the page does not say why not.
func (w *world) out(b *http.Client, resp *http.Response, status int, why string) {
	w.t.Helper()
	w.says(resp, status, why, "Sign in with The office")
	if w.in(b) {
		w.t.Errorf("in, although %s", why)
	}
}

func TestSigningInAtTheProvider(t *testing.T) {
	w, h := withProvider(t)
	b := w.browser()
	w.says(w.get(b, "/sign-in"), http.StatusOK, "Sign in with The office", "/sign-in/provider")
	resp := w.get(b, w.away(h, b, "/sign-in/provider?to="+url.QueryEscape("/devices?q=x")))
	if to := resp.Header.Get("Location"); resp.StatusCode != http.StatusSeeOther || to != "/devices?q=x" {
		t.Fatalf("%s to %q", resp.Status, to)
	}
	if !w.in(b) {
		t.Fatal("not in")
	}
	w.says(w.get(b, "/admin/places"), http.StatusOK)
	w.says(w.get(b, "/admin/users"), http.StatusForbidden)
	w.says(w.get(w.signedIn("admin"), "/admin/users"), http.StatusOK, "dana", "Signs in at the provider")
	if n := w.records(func(r account.Record) bool {
		return r.Action == "sign-in" && r.Detail["by"] == account.ByProvider && r.Actor == "dana" && r.Outcome == "done"
	}); n != 1 {
		t.Errorf("the audit has %d records of it", n)
	}
	// It leads nowhere else.
	for _, to := range []string{"//evil.example/", "https://evil.example/", `/\evil.example`} {
		b := w.browser()
		if got := w.get(b, w.away(h, b, "/sign-in/provider?to="+url.QueryEscape(to))).Header.Get("Location"); got != "/" {
			t.Errorf("%q leads to %q", to, got)
		}
	}
	// The session is a new one, and not that which somebody planted.
	planted := w.browser()
	back := w.away(h, planted, "/sign-in/provider")
	for _, c := range w.get(planted, back).Cookies() {
		if c.MaxAge >= 0 && c.Value != "" && (!c.HttpOnly || len(c.Value) < 32) {
			t.Errorf("%+v", c)
		}
	}
}

func TestTheProvidersGroupsDecide(t *testing.T) {
	w, h := withProvider(t)
	in := func() *http.Client {
		t.Helper()
		b := w.browser()
		w.get(b, w.away(h, b, "/sign-in/provider"))
		return b
	}
	for _, c := range []struct {
		groups             []string
		admin, manage, all bool
	}{
		{[]string{"it-admins", "it-interns", "parks"}, true, true, true},
		{[]string{"everybody", "it-staff"}, false, true, true},
		{[]string{"it-interns"}, false, false, true},
		{[]string{"it-staff", "parks"}, false, false, false}, // the agency's staff manages nothing of all
	} {
		w.groups(h, c.groups...)
		b := in()
		if !w.in(b) {
			t.Fatalf("%q is not in", c.groups)
		}
		for path, may := range map[string]bool{"/admin/users": c.admin, "/admin/places": c.manage, "/sql": c.all && c.manage} {
			if status := w.get(b, path).StatusCode; (status == http.StatusOK || status == http.StatusNotImplemented) != may {
				t.Errorf("%q: %s answers %d", c.groups, path, status)
			}
		}
	}
	// An admin from the provider has passed its second factor, if it asks for one.
	w.o.AdminsNeedCode = true
	w.groups(h, "it-admins")
	if b := in(); !w.in(b) {
		t.Error("an admin of the provider is asked for a second factor here")
	}
	// Who left the groups is not let in, and out of what is open.
	w.groups(h, "it-staff")
	open := in()
	w.groups(h, "everybody", "parks")
	b := w.browser()
	w.out(b, w.get(b, w.away(h, b, "/sign-in/provider")), http.StatusUnauthorized, "none of your groups may use Muster")
	if w.in(open) {
		t.Error("somebody who left the groups is still in")
	}
	if n := w.records(func(r account.Record) bool {
		return r.Via == "provider" && r.Outcome == "refused" && strings.Contains(r.Detail["why"], "none of your groups")
	}); n != 1 {
		t.Errorf("the audit has %d records of the refusal", n)
	}
}

func TestAnswersThatTheProviderDidNotGive(t *testing.T) {
	w, h := withProvider(t)
	b := w.browser()
	with := func(back, name, value string) string {
		at, q, _ := strings.Cut(back, "?")
		values, err := url.ParseQuery(q)
		if err != nil {
			t.Fatal(err)
		}
		values.Set(name, value)
		return at + "?" + values.Encode()
	}
	const foreign = "this answer belongs to no attempt that was begun here"
	w.out(b, w.get(b, with(w.away(h, b, "/sign-in/provider"), "state", "another")), http.StatusUnauthorized, foreign)
	w.out(b, w.get(b, account.CallbackPath), http.StatusUnauthorized, foreign)
	// In the browser of somebody else, who would be signed in as a stranger.
	victim := w.browser()
	back := w.away(h, b, "/sign-in/provider")
	w.out(victim, w.get(victim, back), http.StatusUnauthorized, foreign)
	// Each answer serves once, whoever has it.
	if resp := w.get(b, back); resp.StatusCode != http.StatusSeeOther || !w.in(b) {
		t.Fatal(resp.Status)
	}
	w.post(b, "/sign-out", nil)
	w.out(b, w.get(b, back), http.StatusUnauthorized, foreign)
	// An attempt that took too long is over.
	back = w.away(h, b, "/sign-in/provider")
	w.pass(halfLife + 1)
	w.out(b, w.get(b, back), http.StatusUnauthorized, foreign)

	w.out(b, w.get(b, with(w.away(h, b, "/sign-in/provider"), "error", "access_denied<script>")), http.StatusUnauthorized, "access_denied&lt;script&gt;")
	w.out(b, w.get(b, with(w.away(h, b, "/sign-in/provider"), "iss", "https://evil.example")), http.StatusUnauthorized, "from another provider")
	w.out(b, w.get(b, with(w.away(h, b, "/sign-in/provider"), "code", "another")), http.StatusUnauthorized, "the provider did not take its own answer")
	h.Bend = func(c map[string]any) { c["nonce"] = "of another attempt" }
	w.out(b, w.get(b, w.away(h, b, "/sign-in/provider")), http.StatusUnauthorized, "made for another attempt")
	h.Bend = nil
	h.Person["preferred_username"], h.Person["sub"] = "admin", "s-2"
	w.out(b, w.get(b, w.away(h, b, "/sign-in/provider")), http.StatusUnauthorized, "") // that name has a password here
	// Guessing has to wait.
	w.gate = account.NewGate(3, w.o.Now)
	for range 3 {
		w.get(b, account.CallbackPath)
	}
	w.out(b, w.get(b, account.CallbackPath), http.StatusTooManyRequests, "")
}

func TestWithoutTheProvider(t *testing.T) {
	w, h := withProvider(t)
	h.Close()
	b := w.browser()
	body, err := io.ReadAll(w.get(b, "/sign-in/provider").Body)
	if err != nil || !strings.Contains(string(body), "The provider does not answer") {
		t.Errorf("%v", err)
	}
	if !w.in(w.signedIn("admin")) {
		t.Error("nobody gets in while the provider is away")
	}
	w.o.Provider = nil
	for _, path := range []string{"/sign-in/provider", account.CallbackPath} {
		if resp := w.get(b, path); resp.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %s", path, resp.Status)
		}
	}
}
