package collector

import (
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"muster/collector/account"
	"muster/collector/config"
	"muster/collector/store"
)

// pages are those of a whole collector, with the parts that the tests of the
// pages themselves do without: gear, enrolment, channels.
type pages struct {
	*collector
	t    *testing.T
	home string
}

const pagesPassword = "correct horse battery"

func openPages(t *testing.T) *pages {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	p := &pages{t: t, home: "http://" + address, collector: office(t, func(cfg *config.Config) {
		cfg.Web.Address = address
		cfg.Agents.Public = []string{"muster.example.org:8421"}
		cfg.Outgoing.Allow = []string{"127.0.0.0/8"}
	})}
	hash, err := p.accounts.HashPassword(t.Context(), pagesPassword)
	if err != nil {
		t.Fatal(err)
	}
	for _, role := range []account.Role{account.Admin, account.Staff, account.Intern} {
		if _, err := p.control.PutUser(t.Context(), account.User{Name: string(role), Role: role, Scope: store.Scope{All: true}, CreatedAt: time.Now()}, hash); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// as is a browser in which somebody is signed in. It follows where it is sent.
func (p *pages) as(role account.Role) *http.Client {
	p.t.Helper()
	jar, _ := cookiejar.New(nil)
	b := &http.Client{Jar: jar}
	p.post(b, "/sign-in", http.StatusOK, "name", string(role), "password", pagesPassword)
	return b
}

func (p *pages) read(resp *http.Response, err error) (int, string) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// get opens a page and fails the test when it does not say all texts.
func (p *pages) get(b *http.Client, path string, status int, texts ...string) string {
	p.t.Helper()
	got, page := p.read(b.Get(p.home + path))
	p.says("GET "+path, page, got, status, texts)
	return page
}

// post sends a form: names and values, and behind an empty name the texts that
// the page it leads to must say.
func (p *pages) post(b *http.Client, path string, status int, form ...string) string {
	p.t.Helper()
	f := url.Values{}
	for len(form) > 1 && form[0] != "" {
		f.Add(form[0], form[1])
		form = form[2:]
	}
	got, page := p.read(b.PostForm(p.home+path, f))
	if len(form) > 0 {
		form = form[1:]
	}
	p.says("POST "+path+" "+f.Get("do"), page, got, status, form)
	return page
}

func (p *pages) says(what, page string, got, status int, texts []string) {
	p.t.Helper()
	if got != status {
		p.t.Errorf("%s: %d, not %d", what, got, status)
	}
	for _, x := range texts {
		if !strings.Contains(page, x) {
			p.t.Errorf("%s does not say %q", what, x)
		}
	}
}

func TestEnrollmentPage(t *testing.T) {
	t.Parallel()
	p := openPages(t)
	b := p.as(account.Staff)
	p.get(p.as(account.Intern), "/admin/enroll", http.StatusForbidden)
	p.get(b, "/admin/enroll", http.StatusOK, "No invitation is open")
	p.post(b, "/admin/enroll", http.StatusUnprocessableEntity, "do", "new", "uses", "many", "", `id="invite-uses-bad"`, `value="many"`)
	p.post(b, "/admin/enroll", http.StatusUnprocessableEntity, "do", "new", "uses", "2", "networks", "10.0.0.0/99", "", `id="invite-networks-bad"`, "10.0.0.0/99")
	page := p.post(b, "/admin/enroll", http.StatusOK, "do", "new", "uses", "2", "expires", "7d", "note", "front <desk>", "", "The invitation is ready", "muster-agent")
	_, command, _ := strings.Cut(page, "<code")
	secret := ""
	for word := range strings.FieldsFuncSeq(command, func(r rune) bool { return strings.ContainsRune(" \n\"'<>&;", r) }) {
		if len(word) > len(secret) && len(word) > 60 {
			secret = word
		}
	}
	if secret == "" {
		t.Fatalf("there is no string to enroll with:\n%.1000s", command)
	}
	page = p.get(b, "/admin/enroll", http.StatusOK, "1 invitation is open", "front &lt;desk&gt;")
	if strings.Contains(page, secret) {
		t.Error("the string is shown again")
	}
	list, err := p.api.As(account.Actor{Name: "x", Role: account.Admin, Scope: store.Scope{All: true}}, "").EnrollList(t.Context())
	if err != nil || len(list.Invitations) != 1 || list.Invitations[0].Uses != 2 {
		t.Fatalf("%+v, %v", list, err)
	}
	id := list.Invitations[0].ID
	p.post(b, "/admin/enroll", http.StatusOK, "do", "revoke", "id", id, "", "Revoke this invitation?")
	p.get(b, "/admin/enroll", http.StatusOK, "1 invitation is open")
	p.post(b, "/admin/enroll", http.StatusOK, "do", "revoke", "id", id, "sure", "1", "", "The invitation is revoked.", "No invitation is open")
	p.get(b, "/admin/approvals", http.StatusOK, "Nothing waits for a decision")
	p.post(b, "/admin/approvals", http.StatusNotFound, "do", "approve", "id", "none")
}

func TestGearPages(t *testing.T) {
	t.Parallel()
	p := openPages(t)
	staff, b := p.as(account.Staff), p.as(account.Admin)
	p.get(staff, "/admin/credentials", http.StatusForbidden)
	const secret = "look-only-7Q"
	p.post(b, "/admin/credentials", http.StatusUnprocessableEntity, "do", "set", "name", "", "version", "2c", "community", secret, "", `id="credential-name-bad"`)
	page := p.post(b, "/admin/credentials", http.StatusOK, "do", "set", "name", "front", "version", "2c", "community", secret, "", "The credential front is kept.")
	page += p.get(b, "/admin/credentials/one?name=front", http.StatusOK, "The credential front is of SNMP 2c")
	page += p.get(b, "/admin/audit", http.StatusOK, "credential-set")
	if strings.Contains(page, secret) {
		t.Error("a community is shown again")
	}

	p.post(staff, "/admin/targets", http.StatusUnprocessableEntity, "do", "set", "address", "no address", "", `id="target-address-bad"`, "no address")
	p.post(staff, "/admin/targets", http.StatusOK, "do", "set", "address", "127.77.1.1", "credential", "front", "", "127.77.1.1 is a target.")
	p.get(staff, "/admin/targets/one?address=127.77.1.1", http.StatusOK, "127.77.1.1")
	p.post(b, "/admin/credentials/one?name=front", http.StatusConflict, "do", "delete", "sure", "1")
	p.post(staff, "/admin/targets/one?address=127.77.1.1", http.StatusOK, "do", "delete", "", "Remove the target 127.77.1.1?")
	p.post(staff, "/admin/targets/one?address=127.77.1.1", http.StatusOK, "do", "delete", "sure", "1", "", "127.77.1.1 is asked no more.")
	p.get(staff, "/admin/targets/one?address=127.77.1.1", http.StatusNotFound)
	p.post(b, "/admin/credentials/one?name=front", http.StatusOK, "do", "delete", "sure", "1", "", "The credential front is deleted.")

	p.post(staff, "/admin/subnets", http.StatusUnprocessableEntity, "do", "set", "network", "10.0.0.0", "every_seconds", "0", "", `aria-invalid="true"`)
	p.post(staff, "/admin/subnets", http.StatusOK, "do", "set", "network", "127.77.2.0/30", "every_seconds", "0", "rate", "50", "port", "161", "exclude", "127.77.2.1", "", "127.77.2.0/30 is added.")
	p.get(staff, "/admin/subnets/one?network=127.77.2.0%2F30", http.StatusOK, "127.77.2.1")
	p.post(staff, "/admin/subnets/one?network=127.77.2.0%2F30", http.StatusOK, "do", "delete", "", "Remove the subnet")
	p.post(staff, "/admin/subnets/one?network=127.77.2.0%2F30", http.StatusOK, "do", "delete", "sure", "1", "", "127.77.2.0/30 is looked through no more.")
	p.post(staff, "/admin/discoveries", http.StatusUnprocessableEntity, "do", "start", "network", "10.0.0.0/2", "", `role="alert"`, "has more than the 1048576 addresses")
	p.get(staff, "/admin/discoveries/77", http.StatusNotFound)
}

func TestChannelPages(t *testing.T) {
	t.Parallel()
	p := openPages(t)
	p.get(p.as(account.Staff), "/admin/channels", http.StatusForbidden)
	b := p.as(account.Admin)
	p.get(b, "/admin/channels", http.StatusOK, "Nobody is told anything yet")
	const secret = "a-password-7Q"
	mail := []string{"do", "mail", "name", "desk", "to", "desk@example.org", "from", "muster@example.org", "host", "127.0.0.1", "user", "muster", "secret_password", secret, "port"}
	with := func(more ...string) []string { return append(append([]string{}, mail...), more...) }
	page := p.post(b, "/admin/channels", http.StatusUnprocessableEntity, with("lots", "", `id="mail-port-bad"`, `value="lots"`, "desk@example.org")...)
	page += p.post(b, "/admin/channels", http.StatusOK, with("9", "", "The channel desk is kept.", "1 channel, and no route leads there")...)
	page += p.get(b, "/admin/channels/one?name=desk", http.StatusOK, "desk goes ")
	page += p.post(b, "/admin/channels/one?name=desk", http.StatusUnprocessableEntity, "do", "test", "", "The test was not sent.") // nobody listens there
	if strings.Contains(page, secret) {
		t.Error("a password is shown again")
	}
	p.post(b, "/admin/channels", http.StatusUnprocessableEntity, "do", "route", "name", "nights", "channel", "desk", "severity", "warn", "sites", "Nowhere/None", "", "Nowhere/None")
	p.post(b, "/admin/channels", http.StatusOK, "do", "route", "name", "nights", "channel", "desk", "severity", "warn", "from", "20:00", "to", "06:00", "", "The route nights is there.", "1 channel and 1 route")
	p.get(b, "/admin/routes/one?name=nights", http.StatusOK, "nights leads to desk", "20:00")
	p.post(b, "/admin/channels/one?name=desk", http.StatusConflict, "do", "delete", "sure", "1")
	p.post(b, "/admin/routes/one?name=nights", http.StatusOK, "do", "delete", "", "Delete the route nights?")
	p.post(b, "/admin/routes/one?name=nights", http.StatusOK, "do", "delete", "sure", "1", "", "The route nights is deleted.")
	p.post(b, "/admin/channels/one?name=desk", http.StatusOK, "do", "delete", "sure", "1", "", "The channel desk is deleted.", "Nobody is told anything yet")
	p.get(b, "/admin/channels/one?name=desk", http.StatusNotFound)
	p.get(b, "/admin/notices", http.StatusOK, "All messages are sent")
	p.post(b, "/admin/notices", http.StatusNotFound, "do", "retry", "id", "none")
}
