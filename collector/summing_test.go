package collector

import (
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"muster/collector/account"
	"muster/collector/api"
	"muster/collector/notify/mail/mailtest"
	"muster/collector/store"
)

// An administrator sets a summary up on the page and sends one: it arrives at a
// real mail server with its table, and runs nothing.
func TestASummaryIsSetUpAndSentOnThePage(t *testing.T) {
	t.Parallel()
	p := openPages(t)
	exim := mailtest.Start(t)
	host, port, _ := net.SplitHostPort(exim.Address(false))
	n, _ := strconv.Atoi(port)
	admin := p.api.As(account.Actor{Name: "x", Role: account.Admin, Scope: store.Scope{All: true}}, "")
	b := p.as(account.Admin)
	p.get(p.as(account.Staff), "/admin/summaries", http.StatusForbidden)
	p.get(p.as(account.Intern), "/fleet/reports", http.StatusOK, "None is mailed yet", "An administrator sets that up")
	p.get(p.as(account.Intern), "/fleet", http.StatusOK, "Age of PCs", "Day of purchase not known", "Largest disk of PCs")
	p.get(b, "/admin/summaries", http.StatusOK, "there is no channel of kind mail yet", "Make one first")
	if _, err := admin.ChannelSet(t.Context(), api.ChannelPutInput{Name: "desk", Body: api.ChannelPut{Kind: "mail", Secrets: map[string]api.Secret{"password": api.Secret(exim.Pass)},
		Settings: map[string]any{"host": host, "port": n, "ca": exim.Cert, "user": exim.User, "from": "muster@example.org", "to": []string{"desk@example.org"}}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := admin.AgencyNew(t.Context(), api.AgencyNewInput{Body: api.Naming{Name: "=evil<b>"}}); err != nil {
		t.Fatal(err)
	}
	const path = "/admin/summaries"
	p.post(b, path, http.StatusUnprocessableEntity, "do", "set", "name", "Board", "channel", "desk", "every", "month", "day", "31", "hour", "7", "", `id="summary-day-bad"`)
	p.post(b, path, http.StatusUnprocessableEntity, "do", "set", "name", "Board", "channel", "desk", "every", "week", "weekday", "mon", "hour", "7", "to", "no address", "", `id="summary-to-bad"`, "no address")
	p.post(b, path, http.StatusUnprocessableEntity, "do", "set", "name", "", "channel", "desk", "every", "week", "weekday", "mon", "hour", "7", "", "This is needed.")
	p.post(b, path, http.StatusOK, "do", "set", "name", "Board", "channel", "desk", "every", "week", "weekday", "fri", "hour", "7", "to", "night@example.org", "agencies", "=evil<b>", "",
		"The summary Board goes each Fri, 07:00.", "1 summary is mailed", "night@example.org", "=evil&lt;b&gt;")
	p.get(b, path+"?change=Board", http.StatusOK, "Change Board", "night@example.org", `<option value="fri" selected>`)
	p.get(p.as(account.Intern), "/fleet/reports", http.StatusOK, "each Fri, 07:00")
	p.post(b, path, http.StatusOK, "do", "send", "name", "Board", "", "The summary Board is on its way.")
	deadline := time.Now().Add(60 * time.Second)
	for len(exim.Mails(t)) == 0 && time.Now().Before(deadline) {
		time.Sleep(50 * time.Millisecond)
	}
	mails := exim.Mails(t)
	if len(mails) != 1 {
		t.Fatalf("%d mails arrived", len(mails))
	}
	for _, want := range []string{"Envelope-to: night@example.org", "text/csv", "summary-", "X-Muster-Kind: summary", "&lt;b&gt;"} {
		if !strings.Contains(strings.ToLower(mails[0]), strings.ToLower(want)) {
			t.Errorf("the mail does not hold %q:\n%.3000s", want, mails[0])
		}
	}
	if strings.Contains(mails[0], "=evil<b></") {
		t.Error("a name is a tag")
	}
	page := p.get(b, "/fleet/reports?format=csv&days=90", http.StatusOK, "part,about,measure,value", "incidents,,before_call,0")
	if strings.Contains(page, "<html") {
		t.Error("the CSV is a page")
	}
	p.post(b, path, http.StatusOK, "do", "delete", "name", "Board", "", "Mail the summary Board no more?")
	if err := admin.SummaryDelete(t.Context(), api.ChannelInput{Name: "Board"}); err != nil {
		t.Fatal(err)
	}
}
