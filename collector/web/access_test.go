package web

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"muster/collector/account"
	"muster/collector/store"
)

// filled is an address of a page with its parts filled in.
func filled(path string) string {
	return strings.NewReplacer("{$}", "", "{ref}", device, "{number}", "1", "{act}", "claim", "{chart}", "day", "{title}", "x", "{name}", "none", "{id}", "1").Replace(path)
}

// TestEveryPageByEveryActor is F29 over the pages, from their table: nobody sees
// a page without the right that the table names, and each who has it gets past
// the door.
func TestEveryPageByEveryActor(t *testing.T) {
	w := newWorld(t)
	scope := map[bool]store.Scope{true: {All: true}, false: {Agencies: []int64{1}}}
	browsers := map[string]*http.Client{"nobody": w.browser()}
	rights := map[string]account.Actor{}
	for name, u := range actors(1) {
		if u.Disabled {
			continue
		}
		browsers[name] = w.signedIn(name)
		rights[name] = account.Actor{Role: u.Role, Scope: scope[!strings.HasPrefix(name, "scoped")]}
	}
	for _, p := range pages() {
		if p.right == open || p.path == "/live" {
			continue
		}
		for name, b := range browsers {
			var resp *http.Response
			if p.method == http.MethodGet {
				resp = w.get(b, filled(p.path))
			} else {
				resp = w.post(b, filled(p.path), url.Values{})
			}
			who := p.method + " " + p.path + " by " + name
			if name == "nobody" {
				if to := resp.Header.Get("Location"); resp.StatusCode != http.StatusSeeOther || !strings.HasPrefix(to, "/sign-in") {
					t.Errorf("%s: %s to %q", who, resp.Status, to)
				}
				continue
			}
			allowed := rights[name].Can(p.right) == nil
			if refused := resp.StatusCode == http.StatusForbidden; refused == allowed {
				t.Errorf("%s: %s", who, resp.Status)
			}
			if resp.StatusCode >= 500 && resp.StatusCode != http.StatusNotImplemented { // this office has no gear and no enrolment
				body, _ := io.ReadAll(resp.Body)
				t.Errorf("%s: %s\n%.1200s", who, resp.Status, body)
			}
		}
	}
	// What is not in the table is not there, and not for strangers either.
	if resp := w.get(browsers["nobody"], "/backdoor"); resp.StatusCode != http.StatusSeeOther {
		t.Error(resp.Status)
	}
	if resp := w.get(browsers["admin"], "/backdoor"); resp.StatusCode != http.StatusNotFound {
		t.Error(resp.Status)
	}
}

func TestSigningIn(t *testing.T) {
	w := newWorld(t)
	wrong := url.Values{"name": {"staff"}, "password": {"guess guess guess"}}
	b := w.browser()
	t.Run("a wrong password, a name that is not there and a disabled account read alike", func(t *testing.T) {
		var said []string
		for _, name := range []string{"intern", "nobody here", "disabled"} {
			pass := password
			if name == "intern" {
				pass = "guess guess guess"
			}
			w.gate = account.NewGate(100, w.o.Now)
			resp := w.post(b, "/sign-in", url.Values{"name": {name}, "password": {pass}})
			body, _ := io.ReadAll(resp.Body)
			said = append(said, resp.Status+strings.ReplaceAll(string(body), name, ""))
		}
		if said[0] != said[1] || said[1] != said[2] || !strings.Contains(said[0], "Name or password is wrong.") {
			t.Error("they differ")
		}
	})
	t.Run("guessing has to wait, from elsewhere too", func(t *testing.T) {
		w.gate = account.NewGate(3, w.o.Now)
		for range 3 {
			w.post(b, "/sign-in", wrong)
		}
		if resp := w.post(w.browser(), "/sign-in", url.Values{"name": {"staff"}, "password": {password}}); resp.StatusCode != http.StatusTooManyRequests {
			t.Error(resp.Status)
		}
		w.gate = account.NewGate(3, w.o.Now)
	})
	t.Run("the session gets a new token, which scripts cannot read", func(t *testing.T) {
		b := w.browser()
		resp := w.post(b, "/sign-in", url.Values{"name": {"staff"}, "password": {password}}, "Cookie", "muster=fixed")
		c := resp.Cookies()
		if len(c) != 1 || c[0].Value == "fixed" || len(c[0].Value) < 32 || !c[0].HttpOnly || c[0].SameSite != http.SameSiteLaxMode {
			t.Errorf("%+v", c)
		}
	})
	t.Run("it leads back, but nowhere else", func(t *testing.T) {
		for to, want := range map[string]string{"/devices?q=x": "/devices?q=x", "//evil.example/": "/", "https://evil.example/": "/", `/\evil.example`: "/", "javascript:1": "/", "": "/"} {
			resp := w.post(w.browser(), "/sign-in", url.Values{"name": {"staff"}, "password": {password}, "to": {to}})
			if got := resp.Header.Get("Location"); got != want {
				t.Errorf("%q leads to %q", to, got)
			}
		}
	})
	t.Run("signing out, a new password and a disabled account end it", func(t *testing.T) {
		in := func(b *http.Client) bool { return w.get(b, "/devices").StatusCode == http.StatusOK }
		b := w.signedIn("staff")
		if !in(b) {
			t.Fatal("not in")
		}
		w.post(b, "/sign-out", nil)
		if in(b) {
			t.Error("in after signing out")
		}
		b = w.signedIn("staff")
		users, err := w.accounts.Store.Users(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range users {
			if u.Name != "staff" {
				continue
			}
			hash, err := w.accounts.HashPassword(t.Context(), "another long password")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.accounts.Store.PutUser(t.Context(), u, hash); err != nil {
				t.Fatal(err)
			}
		}
		if in(b) {
			t.Error("in with the session of an old password")
		}
		b = w.signedIn("intern")
		for _, u := range users {
			if u.Name == "intern" {
				u.Disabled = true
				if _, err := w.accounts.Store.PutUser(t.Context(), u, ""); err != nil {
					t.Fatal(err)
				}
			}
		}
		if in(b) {
			t.Error("in with a disabled account")
		}
	})
	t.Run("forms of other sites are refused", func(t *testing.T) {
		b := w.signedIn("admin")
		resp := w.post(b, "/devices/"+device, url.Values{"note": {"hurt"}}, "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site")
		if resp.StatusCode != http.StatusForbidden {
			t.Error(resp.Status)
		}
	})
	t.Run("pages load nothing from elsewhere and are framed nowhere", func(t *testing.T) {
		h := w.get(w.browser(), "/sign-in").Header
		for name, want := range map[string]string{"Content-Security-Policy": policy, "X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store"} {
			if h.Get(name) != want {
				t.Errorf("%s: %s", name, h.Get(name))
			}
		}
	})
}
