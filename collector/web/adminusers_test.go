package web

import (
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"muster/collector/account"
)

var linkForm = regexp.MustCompile(`https://muster\.example\.org(/welcome\?key=[A-Za-z0-9_-]+)`)

// TestUsersPages adds somebody, who sets a password by the link, is changed,
// loses a phone, is signed out, disabled and deleted.
func TestUsersPages(t *testing.T) {
	w := newWorld(t)
	w.gate = account.NewGate(1000, w.o.Now)
	b := w.signedIn("admin")
	text := func(resp *http.Response, want int) string {
		t.Helper()
		body, _ := io.ReadAll(resp.Body)
		if resp.StatusCode != want {
			t.Errorf("%s, want %d\n%.300s", resp.Status, want, body)
		}
		return html.UnescapeString(string(body))
	}
	act := func(do string, more ...string) *http.Response {
		t.Helper()
		form := url.Values{"do": {do}}
		for i := 0; i+1 < len(more); i += 2 {
			form.Add(more[i], more[i+1])
		}
		return w.post(b, userAt("dana"), form)
	}
	dana := func() account.User {
		t.Helper()
		u, _, err := w.accounts.Store.UserSecret(t.Context(), "dana")
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	if page := text(w.post(b, usersAt, url.Values{"do": {"new"}, "name": {"-dana"}, "role": {"staff"}}), http.StatusUnprocessableEntity); !strings.Contains(page, `value="-dana"`) {
		t.Error("what was written is lost")
	}
	page := text(w.post(b, usersAt, url.Values{"do": {"new"}, "name": {"dana"}, "role": {"staff"}, "agencies": {"Parks"}}), http.StatusOK)
	link := linkForm.FindStringSubmatch(page)
	if link == nil || strings.Contains(w.opened(b, usersAt), "/welcome?key=") {
		t.Fatal("the link is not shown once")
	}
	if u := dana(); u.Role != account.Staff || u.Scope.All || u.HasSecret {
		t.Errorf("%+v", u)
	}
	key, err := url.Parse(link[1])
	if err != nil {
		t.Fatal(err)
	}
	w.post(w.browser(), "/welcome", url.Values{"key": {key.Query().Get("key")}, "password": {password}, "again": {password}})
	d := w.signedIn("dana")
	secret, _ := w.enroll(d)
	if secret == "" || !dana().HasCode {
		t.Fatal("no second factor")
	}
	if page := w.opened(b, userAt("dana")); !strings.Contains(page, "dana is signed in in 1 browser") || !strings.Contains(page, `value="Parks" checked`) {
		t.Error("the page of the user does not say what is")
	}
	act("change", "role", "intern")
	if u := dana(); u.Role != account.Intern || !u.Scope.All {
		t.Errorf("%+v", u)
	}
	text(act("change", "role", "admin", "agencies", "Parks"), http.StatusUnprocessableEntity)
	text(act("factor"), http.StatusOK) // asks first
	if !dana().HasCode {
		t.Error("taken off unasked")
	}
	act("factor", "sure", "1")
	if dana().HasCode {
		t.Error("still there")
	}
	if !w.in(d) {
		t.Error("out too early")
	}
	// One browser of several.
	before, err := w.accounts.Store.Sessions(t.Context(), dana().ID)
	if err != nil || len(before) != 1 {
		t.Fatalf("%+v, %v", before, err)
	}
	other := w.signedIn("dana")
	list, err := w.accounts.Store.Sessions(t.Context(), dana().ID)
	if err != nil || len(list) != 2 || !w.in(other) {
		t.Fatalf("%+v, %v", list, err)
	}
	act("end", "session", before[0].ID)
	if w.in(d) || !w.in(other) {
		t.Error("the wrong browser is out")
	}
	if !strings.Contains(w.opened(b, userAt("dana")), "is signed in in 1 browser") {
		t.Error("the page still lists it")
	}
	act("end", "session", before[0].ID) // it is said, and nothing breaks
	for _, x := range list {            // as of another user it ends nothing
		w.post(b, userAt("staff"), url.Values{"do": {"end"}, "session": {x.ID}})
	}
	if !w.in(other) {
		t.Error("the session of one was ended as that of another")
	}
	d = other
	act("out")
	if w.in(d) {
		t.Error("not signed out")
	}
	if link := linkForm.FindString(text(act("link"), http.StatusOK)); link == "" {
		t.Error("no new link")
	}
	d = w.signedIn("dana")
	act("disable")
	if w.in(d) || !dana().Disabled {
		t.Error("in with a disabled account")
	}
	text(act("link"), http.StatusConflict)
	act("enable")
	if w.in(d) {
		t.Error("the old session is back")
	}
	w.signedIn("dana")
	act("delete", "sure", "1")
	if _, _, err := w.accounts.Store.UserSecret(t.Context(), "dana"); !gone(err) {
		t.Errorf("still there: %v", err)
	}
	text(act("disable"), http.StatusNotFound)
	// One's own account is another administrator's to change.
	text(w.post(b, userAt("admin"), url.Values{"do": {"disable"}}), http.StatusConflict)
}

func TestTokensPage(t *testing.T) {
	w := newWorld(t)
	b := w.signedIn("admin")
	post := func(form url.Values) string {
		t.Helper()
		body, _ := io.ReadAll(w.post(b, tokensAt, form).Body)
		return html.UnescapeString(string(body))
	}
	page := post(url.Values{"do": {"new"}, "name": {"grafana"}, "role": {"intern"}, "expires": {"90d"}})
	text := regexp.MustCompile(`muster_[A-Za-z0-9_-]+`).FindString(page)
	a, err := w.accounts.ByToken(t.Context(), text)
	if err != nil || a.Role != account.Intern {
		t.Fatalf("%+v, %v", a, err)
	}
	if page := w.opened(b, tokensAt); strings.Contains(page, text) || !strings.Contains(page, "1 token holds") {
		t.Error("it is shown again")
	}
	if page := post(url.Values{"do": {"new"}, "name": {"grafana"}, "role": {"intern"}, "expires": {"90d"}}); !strings.Contains(page, "choose another name") {
		t.Error("a name is taken twice")
	}
	post(url.Values{"do": {"revoke"}, "token": {"grafana"}})
	if _, err := w.accounts.ByToken(t.Context(), text); err != nil {
		t.Error("revoked unasked")
	}
	post(url.Values{"do": {"revoke"}, "token": {"grafana"}, "sure": {"1"}})
	if _, err := w.accounts.ByToken(t.Context(), text); err == nil {
		t.Error("it holds still")
	}
}
