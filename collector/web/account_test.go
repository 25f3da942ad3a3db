package web

import (
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"muster/collector/account"
	"muster/collector/api"
)

// opened is the text of a page, after its forwarding.
func (w *world) opened(b *http.Client, path string) string {
	w.t.Helper()
	resp := w.get(b, path)
	for range 3 {
		to := resp.Header.Get("Location")
		if to == "" {
			break
		}
		resp = w.get(b, to)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return html.UnescapeString(string(body))
}

func (w *world) in(b *http.Client) bool { return w.get(b, "/devices").StatusCode == http.StatusOK }

// records counts those of the audit that fit.
func (w *world) records(fits func(account.Record) bool) (n int) {
	w.t.Helper()
	list, err := w.accounts.Store.Records(w.t.Context(), 0, 500)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, r := range list {
		if fits(r) {
			n++
		}
	}
	return n
}

var spaced = regexp.MustCompile(`qr__key">([A-Z2-7 ]+)<`)
var recoveryForm = regexp.MustCompile(`[a-z2-7]{4}-[a-z2-7]{4}-[a-z2-7]{4}-[a-z2-7]{4}`)

// enroll sets up a second factor, and gives its secret and recovery codes.
func (w *world) enroll(b *http.Client) (string, []string) {
	w.t.Helper()
	m := spaced.FindStringSubmatch(w.opened(b, "/account/code"))
	if m == nil {
		w.t.Fatal("the page shows no secret")
	}
	secret := strings.ReplaceAll(m[1], " ", "")
	if resp := w.post(b, "/account/code", url.Values{"code": {"000000"}}); resp.StatusCode != http.StatusUnprocessableEntity {
		w.t.Errorf("a wrong code: %s", resp.Status)
	}
	if m := spaced.FindStringSubmatch(w.opened(b, "/account/code")); m == nil || strings.ReplaceAll(m[1], " ", "") != secret {
		w.t.Error("the secret changed while it was being set up")
	}
	resp := w.post(b, "/account/code", url.Values{"code": {w.code(secret)}})
	body, _ := io.ReadAll(resp.Body)
	codes := recoveryForm.FindAllString(string(body), -1)
	if resp.StatusCode != http.StatusOK || len(codes) != 10 {
		w.t.Fatalf("%s, %d recovery codes", resp.Status, len(codes))
	}
	return secret, codes
}

func (w *world) code(secret string) string {
	w.t.Helper()
	code, err := totp.GenerateCode(secret, w.now())
	if err != nil {
		w.t.Fatal(err)
	}
	return code
}

func TestSecondFactor(t *testing.T) {
	w := newWorld(t)
	w.gate = account.NewGate(1000, w.o.Now)
	b, other := w.signedIn("staff"), w.signedIn("staff")
	secret, codes := w.enroll(b)
	if !w.in(b) || w.in(other) {
		t.Error("this browser stays in, the others, which had no second factor, do not")
	}
	if page := w.opened(b, "/account"); !strings.Contains(page, "10 of your recovery codes are left") {
		t.Error("the account's page does not say that it is on")
	}
	half := func() *http.Client {
		t.Helper()
		b := w.browser()
		resp := w.post(b, "/sign-in", url.Values{"name": {"staff"}, "password": {password}, "to": {"/network"}})
		if to := resp.Header.Get("Location"); to != "/sign-in/code" || w.in(b) {
			t.Fatalf("the password alone led to %q", to)
		}
		return b
	}
	enter := func(b *http.Client, code string) (int, string) {
		resp := w.post(b, "/sign-in/code", url.Values{"code": {code}})
		return resp.StatusCode, resp.Header.Get("Location")
	}
	if status, _ := enter(half(), w.code(secret)); status != http.StatusUnauthorized {
		t.Errorf("the code that was used to set it up is taken again: %d", status)
	}
	w.pass(time.Minute)
	b = half()
	if status, to := enter(b, " "+w.code(secret)[:3]+" "+w.code(secret)[3:]); status != http.StatusSeeOther || to != "/network" || !w.in(b) {
		t.Errorf("%d to %q", status, to)
	}
	if status, _ := enter(half(), w.code(secret)); status != http.StatusUnauthorized {
		t.Errorf("a code is taken twice: %d", status)
	}
	if status, to := enter(half(), strings.ToUpper(codes[3])); status != http.StatusSeeOther || to != "/network" {
		t.Errorf("a recovery code: %d", status)
	}
	if status, _ := enter(half(), codes[3]); status != http.StatusUnauthorized {
		t.Errorf("a recovery code is taken twice: %d", status)
	}
	if status, to := enter(w.browser(), codes[4]); status != http.StatusUnauthorized || to != "" {
		t.Errorf("a code without the password: %d", status)
	}
	tired := half()
	for range 5 {
		enter(tired, "111111")
	}
	if status, _ := enter(tired, codes[5]); status != http.StatusUnauthorized || w.in(tired) {
		t.Error("after five wrong codes a right one is taken without the password")
	}
	slow := half()
	w.pass(11 * time.Minute)
	if status, _ := enter(slow, codes[6]); status != http.StatusUnauthorized {
		t.Error("half a sign-in holds for longer than ten minutes")
	}
	if resp := w.post(b, "/account/code/remove", url.Values{"now": {"not my password"}}); resp.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("taken off without the password: %s", resp.Status)
	}
	w.post(b, "/account/code/remove", url.Values{"now": {password}})
	if resp := w.post(w.browser(), "/sign-in", url.Values{"name": {"staff"}, "password": {password}}); resp.Header.Get("Location") != "/" {
		t.Errorf("after it was taken off: %s", resp.Header.Get("Location"))
	}
	for _, act := range []string{"code-new", "code-remove"} {
		if w.records(func(r account.Record) bool { return r.Action == act && r.Outcome == "done" && r.Actor == "staff" }) != 1 {
			t.Errorf("%s is not in the audit", act)
		}
	}
}

func TestAdminsWhoNeedASecondFactor(t *testing.T) {
	w := newWorld(t)
	w.o.AdminsNeedCode = true
	b := w.signedIn("admin")
	if to := w.get(b, "/devices").Header.Get("Location"); to != "/account/code" {
		t.Errorf("an admin without one gets to %q", to)
	}
	// No page and no operation answers, by whatever way it is asked.
	for _, p := range pages() {
		if p.right == open || strings.HasPrefix(p.path, "/account/code") {
			continue
		}
		resp := w.get(b, filled(p.path))
		if p.method == http.MethodPost {
			resp = w.post(b, filled(p.path), url.Values{"do": {"new"}, "name": {"mallory"}, "role": {"admin"}})
		}
		if to := resp.Header.Get("Location"); resp.StatusCode != http.StatusSeeOther || to != "/account/code" {
			t.Errorf("%s %s lets an admin without one in: %s to %q", p.method, p.path, resp.Status, to)
		}
	}
	home, err := url.Parse(w.server.URL)
	if err != nil {
		t.Fatal(err)
	}
	programs := func(b *http.Client) int {
		r := httptest.NewRequest(http.MethodGet, api.Prefix+"/users", nil)
		r.RemoteAddr = "127.0.0.1:9"
		for _, c := range b.Jar.Cookies(home) {
			r.AddCookie(c)
		}
		rw := httptest.NewRecorder()
		w.Programs(w.o.API.Handler()).ServeHTTP(rw, r)
		return rw.Code
	}
	if status := programs(b); status != http.StatusUnauthorized {
		t.Errorf("operations answer %d to an admin without one", status)
	}
	list, err := w.accounts.Store.Users(t.Context())
	if err != nil || slices.ContainsFunc(list, func(u account.User) bool { return u.Name == "mallory" }) {
		t.Errorf("an admin without one has made a user (%v)", err)
	}
	staff := w.signedIn("staff")
	if !w.in(staff) || programs(staff) != http.StatusForbidden {
		t.Error("others do not go on as they did")
	}
	w.enroll(b)
	if status := programs(b); status != http.StatusOK {
		t.Errorf("operations answer %d to an admin with one", status)
	}
	if !w.in(b) {
		t.Error("an admin with one is kept out")
	}
}

func TestOwnPassword(t *testing.T) {
	w := newWorld(t)
	b, other := w.signedIn("staff"), w.signedIn("staff")
	try := func(now, next, again string) int {
		t.Helper()
		w.gate = account.NewGate(1000, w.o.Now)
		return w.post(b, "/account/password", url.Values{"now": {now}, "next": {next}, "again": {again}}).StatusCode
	}
	for why, status := range map[string]int{
		"wrong": try("something else here", "a new long password", "a new long password"), "unlike": try(password, "a new long password", "a new long passwort"),
		"short": try(password, "short", "short"), "same": try(password, password, password),
	} {
		if status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", why, status)
		}
	}
	old, err := url.Parse(w.server.URL)
	if err != nil {
		t.Fatal(err)
	}
	before := b.Jar.Cookies(old)
	if status := try(password, "a new long password", "a new long password"); status != http.StatusSeeOther {
		t.Fatal(status)
	}
	if after := b.Jar.Cookies(old); len(after) != 1 || after[0].Value == before[0].Value {
		t.Error("the session goes on under the same token")
	}
	if !w.in(b) || w.in(other) {
		t.Error("this browser stays in, others do not")
	}
	if page := w.opened(b, "/account"); !strings.Contains(page, "Your password is changed.") {
		t.Error("it does not say that it is done")
	}
	if page := w.opened(b, "/account"); strings.Contains(page, "Your password is changed.") {
		t.Error("it says so twice")
	}
}

// TestOwnSessions: they outlast a restart, end after a while, and each can be
// ended from another.
func TestOwnSessions(t *testing.T) {
	w := newWorld(t)
	b, other, somebody := w.signedIn("staff"), w.signedIn("staff"), w.signedIn("intern")
	again, err := New(w.o) // as after a restart: other memory, the same store
	if err != nil {
		t.Fatal(err)
	}
	w.server.Config.Handler = again.Handler()
	if !w.in(b) {
		t.Fatal("a restart signs people out")
	}
	list := func(name string) []account.Session {
		t.Helper()
		u, _, err := w.accounts.Store.UserSecret(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		l, err := w.accounts.Store.Sessions(t.Context(), u.ID)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	page := w.opened(b, "/account")
	if n := strings.Count(page, `name="session"`); n != 1 || !strings.Contains(page, "You are signed in in 2 browsers") || strings.Contains(page, list("intern")[0].ID) {
		t.Errorf("%d other browsers", n)
	}
	w.post(b, "/account/sessions", url.Values{"session": {list("intern")[0].ID}})
	if !w.in(somebody) {
		t.Error("somebody else's session was ended")
	}
	id := regexp.MustCompile(`name="session" value="([0-9a-f]+)"`).FindStringSubmatch(page)[1]
	w.post(b, "/account/sessions", url.Values{"session": {id}})
	if w.in(other) || !w.in(b) {
		t.Error("the other browser is in, or this one out")
	}
	other = w.signedIn("staff")
	w.post(other, "/account/sessions", url.Values{"do": {"all"}})
	if w.in(other) || w.in(b) {
		t.Error("still in after signing out everywhere")
	}

	b = w.signedIn("staff")
	for range 13 {
		w.pass(29 * time.Minute)
		if !w.in(b) {
			t.Fatal("out within half an hour of a click")
		}
	}
	w.pass(30 * time.Minute)
	if w.in(b) {
		t.Error("in after half an hour without a click")
	}
	b = w.signedIn("staff")
	for range 24 {
		w.pass(29 * time.Minute)
		w.in(b)
	}
	w.pass(24 * time.Minute)
	if w.in(b) {
		t.Error("in after twelve hours")
	}
	w.pass(37 * time.Hour)
	if err := w.accounts.DropSessions(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := len(list("staff")); n != 0 {
		t.Errorf("%d old sessions are kept", n)
	}
}

// TestFormThatCameTooLate: what somebody wrote is not lost with their session.
func TestFormThatCameTooLate(t *testing.T) {
	w := newWorld(t)
	b := w.signedIn("staff")
	w.pass(time.Hour)
	at := "/devices/" + device
	resp := w.post(b, at, url.Values{"note": {`The fan "rattles"`}})
	if to := resp.Header.Get("Location"); to != "/sign-in?after=late" {
		t.Fatalf("it leads to %q", to)
	}
	if page := w.opened(b, "/sign-in?after=late"); !strings.Contains(page, "What you wrote is kept") {
		t.Error("it does not say that it is kept")
	}
	resp = w.post(b, "/sign-in", url.Values{"name": {"staff"}, "password": {password}})
	if to := resp.Header.Get("Location"); to != "/sign-in/kept" {
		t.Fatalf("it leads to %q", to)
	}
	if page := w.opened(b, "/sign-in/kept"); !strings.Contains(page, `action="`+at+`"`) || !strings.Contains(page, `name="note" value="The fan "rattles""`) {
		t.Error("it is not given back")
	}
	// Nobody else gets it, and passwords are not kept at all.
	b = w.signedIn("staff")
	w.pass(time.Hour)
	w.post(b, at, url.Values{"note": {"mine"}})
	if to := w.post(b, "/sign-in", url.Values{"name": {"intern"}, "password": {password}}).Header.Get("Location"); to != "/" {
		t.Errorf("somebody else is led to %q", to)
	}
	b = w.signedIn("staff")
	w.pass(time.Hour)
	if to := w.post(b, "/account/password", url.Values{"now": {password}, "next": {"x"}}).Header.Get("Location"); to != "/sign-in?after=gone&to=%2F" {
		t.Errorf("a password is kept: %q", to)
	}
	if to := w.post(w.browser(), at, url.Values{"note": {"x"}}).Header.Get("Location"); to != "/sign-in?after=gone&to=%2F" {
		t.Errorf("a stranger's form is kept: %q", to)
	}
}

func TestSetUpLink(t *testing.T) {
	w := newWorld(t)
	w.gate = account.NewGate(1000, w.o.Now)
	u, _, err := w.accounts.Store.UserSecret(t.Context(), "intern")
	if err != nil {
		t.Fatal(err)
	}
	text, err := w.accounts.NewLink(t.Context(), u.ID)
	if err != nil {
		t.Fatal(err)
	}
	b := w.browser()
	if resp := w.get(b, "/welcome?key=guessed"); resp.StatusCode != http.StatusForbidden {
		t.Error(resp.Status)
	}
	if page := w.opened(b, "/welcome?key="+text); !strings.Contains(page, "For the account <b>intern</b>") {
		t.Error("the link does not open")
	}
	set := func(p string) int {
		return w.post(b, "/welcome", url.Values{"key": {text}, "password": {p}, "again": {p}}).StatusCode
	}
	if status := set("short"); status != http.StatusUnprocessableEntity {
		t.Error(status)
	}
	if status := set("a password of my own"); status != http.StatusSeeOther {
		t.Error(status)
	}
	if status := set("a password of another"); status != http.StatusForbidden {
		t.Errorf("a link serves twice: %d", status)
	}
	if resp := w.post(b, "/sign-in", url.Values{"name": {"intern"}, "password": {"a password of my own"}}); resp.StatusCode != http.StatusSeeOther {
		t.Error(resp.Status)
	}
	late, err := w.accounts.NewLink(t.Context(), u.ID)
	if err != nil {
		t.Fatal(err)
	}
	w.pass(account.LinkLife)
	if resp := w.get(b, "/welcome?key="+late); resp.StatusCode != http.StatusForbidden {
		t.Errorf("after three days: %s", resp.Status)
	}
}

// TestGuessing: an address and an account each have their limit, and the audit
// is not flooded by what is refused for it.
func TestGuessing(t *testing.T) {
	w := newWorld(t)
	guess := func(name string) int {
		return w.post(w.browser(), "/sign-in", url.Values{"name": {name}, "password": {"guess guess guess"}}).StatusCode
	}
	for i, name := range []string{"a", "b", "c"} {
		if status := guess(name); status != http.StatusUnauthorized {
			t.Errorf("attempt %d: %d", i, status)
		}
	}
	for range 20 {
		if status := guess("d"); status != http.StatusTooManyRequests {
			t.Error(status)
		}
	}
	limited := func(r account.Record) bool { return r.Detail["why"] == "too many wrong attempts" }
	if n := w.records(limited); n != 1 {
		t.Errorf("%d records of 20 attempts that were too many", n)
	}
	w.pass(2 * time.Minute)
	if status := guess("d"); status != http.StatusUnauthorized {
		t.Errorf("after a while: %d", status)
	}
}
