package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"muster/collector/account"
	"muster/collector/store"
)

func authorized(r *http.Request, token string) *http.Request {
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return r
}

func bodyOf(t testing.TB, resp *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestProblems(t *testing.T) {
	for _, c := range []struct {
		err    error
		status int
		kind   string
		hidden bool
		shows  string
		hides  string
	}{
		{fmt.Errorf("x: %w", store.ErrNotFound), 404, notFound, false, "no such thing", "x:"},
		{fmt.Errorf("subnet 10.0.0.0/8 belongs to site a already: %w", store.ErrConflict), 409, conflict, false, "belongs to site a", ""},
		{fmt.Errorf("%w: UNIQUE constraint failed: agency.name", store.ErrConflict), 409, conflict, false, "taken", "UNIQUE"},
		{store.ErrAmbiguous, 409, ambiguous, false, "ID", ""},
		{fmt.Errorf("sorting %w", store.ErrPersonal), 403, forbidden, false, "read_personal", ""},
		{fmt.Errorf("%w: 40 %%", store.ErrLoading), 503, busy, false, "40 %", ""},
		{store.ErrLimit, 422, tooMuch, false, "", ""},
		{store.ErrQuery, 422, invalid, false, "", ""},
		{fmt.Errorf("%w: /var/lib/muster is full", store.ErrFull), 503, busy, true, "disk is full", "/var/lib"},
		{fmt.Errorf("%w: page 7", store.ErrFatal), 503, busy, true, "log", "page"},
		{account.ErrSignedOut, 401, signedOut, false, "token", ""},
		{account.ErrForbidden, 403, forbidden, false, "", ""},
		{account.ErrScoped, 403, forbidden, false, "scope", ""},
		{context.DeadlineExceeded, 503, busy, false, "too long", ""},
		{errors.New("SELECT broke at /etc/passwd"), 500, internal, true, "log says why", "SELECT"},
		{NewProblem("no such kind", "x"), 500, internal, false, "", ""},
	} {
		p, hidden := problemOf(c.err)
		if p.Status != c.status || p.Kind() != c.kind || hidden != c.hidden {
			t.Errorf("%v: got %d %s, hidden %t", c.err, p.Status, p.Kind(), hidden)
		}
		if !strings.Contains(p.Detail, c.shows) || c.hides != "" && strings.Contains(p.Detail, c.hides) {
			t.Errorf("%v: says %q", c.err, p.Detail)
		}
	}
	names := map[string]bool{}
	for _, k := range kinds() {
		if names[k.name] || k.title == "" || k.status < 400 {
			t.Errorf("kind %+v", k)
		}
		names[k.name] = true
	}
}

func TestInternalErrorsAreLoggedNotShown(t *testing.T) {
	w := newWorld(t)
	w.inventory.fail = errors.New("disk I/O error on /secret/path")
	resp, body := w.get("admin", "/devices")
	if resp.StatusCode != 500 || strings.Contains(body, "secret") {
		t.Errorf("got %d %s", resp.StatusCode, body)
	}
	id := resp.Header.Get("X-Request-Id")
	if !strings.Contains(w.log.String(), "/secret/path") || !strings.Contains(w.log.String(), id) || !strings.Contains(body, id) {
		t.Errorf("the log does not tell of request %s: %s", id, w.log)
	}
}

func TestPanicIsOneRequest(t *testing.T) {
	w := newWorld(t)
	w.Server.d.Inventory = nil // every use panics
	resp, body := w.get("admin", "/agencies")
	if resp.StatusCode != 500 || !strings.Contains(body, "its log says why") || !strings.Contains(w.log.String(), "request broke") {
		t.Errorf("got %d %s", resp.StatusCode, body)
	}
	w.accounts.taken()
	if status, _ := w.ask("admin", "agency-new", examples()["agency-new"]); status != 500 {
		t.Errorf("got %d", status)
	}
	if r := w.accounts.taken(); len(r) != 1 || r[0].Outcome != "failed" {
		t.Errorf("records %+v", r)
	}
}

func TestHeaders(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"/devices", "/nothing", "/docs", "/openapi.json"} {
		resp, _ := w.get("admin", path)
		for _, h := range []string{"Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "X-Frame-Options", "Cache-Control", "X-Request-Id"} {
			if resp.Header.Get(h) == "" {
				t.Errorf("%s: no %s", path, h)
			}
		}
		if csp := resp.Header.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: policy %q", path, csp)
		}
	}
}

func TestDocs(t *testing.T) {
	w := newWorld(t)
	resp, body := w.get("", "/docs")
	if resp.StatusCode != 200 || !strings.Contains(body, "<style>"+docsStyle+"</style>") {
		t.Errorf("the page's style is not what its policy allows: %d %.300s", resp.StatusCode, body)
	}
	for _, bad := range []string{"<script", "http://", "https://", "ZgotmplZ"} {
		if strings.Contains(body, bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
	for _, o := range Operations() {
		if !strings.Contains(body, `id="`+o.ID+`"`) {
			t.Errorf("the page does not tell of %s", o.ID)
		}
	}
}

func TestOpenAPI(t *testing.T) {
	w := newWorld(t)
	_, body := w.get("", "/openapi.json")
	var doc struct {
		OpenAPI string `json:"openapi"`
		Servers []struct{ URL string }
		Paths   map[string]map[string]struct {
			OperationID string                     `json:"operationId"`
			Right       string                     `json:"x-right"`
			Responses   map[string]json.RawMessage `json:"responses"`
		}
		Components struct {
			Schemas map[string]json.RawMessage
		}
	}
	if err := json.Unmarshal([]byte(body), &doc); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.1") || len(doc.Servers) != 1 || doc.Servers[0].URL != Prefix {
		t.Errorf("version %s, servers %v", doc.OpenAPI, doc.Servers)
	}
	for _, o := range Operations() {
		x := doc.Paths[o.Path][strings.ToLower(o.Method)]
		if x.OperationID != o.ID || x.Right != string(o.Right) {
			t.Errorf("%s: %+v", o.ID, x)
		}
		if !strings.Contains(string(x.Responses["default"]), "#/components/schemas/Problem") {
			t.Errorf("%s does not say how it refuses: %s", o.ID, x.Responses["default"])
		}
	}
	for _, ref := range regexp.MustCompile(`#/components/schemas/([A-Za-z0-9]+)`).FindAllStringSubmatch(body, -1) {
		if doc.Components.Schemas[ref[1]] == nil {
			t.Errorf("nothing at %s", ref[0])
		}
	}
	if strings.Contains(body, "ErrorModel") {
		t.Error("huma's own errors show in the description")
	}
}

func TestRequestsThatAreNotAsDescribed(t *testing.T) {
	w := newWorld(t)
	post := func(path, ct, body string) (int, string) {
		r := httptest.NewRequest("POST", Prefix+path, strings.NewReader(body))
		r.Header.Set("Content-Type", ct)
		resp := w.do(authorized(r, w.tokens["admin"]))
		return resp.StatusCode, bodyOf(t, resp)
	}
	long := `{"name":"x","role":"staff","password":"` + strings.Repeat("hunter2", 200) + `"}`
	for _, c := range []struct {
		what, path, ct, body string
		status               int
		shows                string
	}{
		{"an unknown field", "/users", "application/json", `{"name":"x","role":"staff","id":1}`, 422, "is not known here"},
		{"a wrong role", "/users", "application/json", `{"name":"x","role":"root"}`, 422, "body.role"},
		{"a long password", "/users", "application/json", long, 422, "body.password"},
		{"not JSON", "/users", "application/json", `{"name"`, 400, "cannot be read"},
		{"no body", "/users", "application/json", ``, 400, "needs a body"},
		{"a form", "/users", "application/x-www-form-urlencoded", `name=x`, 415, "application/json"},
		{"a huge body", "/users", "application/json", `{"name":"` + strings.Repeat("x", 300<<10) + `"}`, 413, "too large"},
		{"a huge import", "/import/devices", "text/csv", strings.Repeat("name,note\n", 1<<20), 413, "too large"},
		{"deep JSON", "/users", "application/json", strings.Repeat("[", 20_000), 400, ""},
	} {
		status, body := post(c.path, c.ct, c.body)
		if status != c.status || !strings.Contains(body, c.shows) || strings.Contains(body, "hunter2") {
			t.Errorf("%s: %d %.300s", c.what, status, body)
		}
	}
	for _, path := range []string{"/devices?limit=x", "/devices?limit=-1", "/devices?limit=99999999", "/devices?colour=red", "/devices?format=xml", "/series?aggregate=sum", "/devices?filter=" + strings.Repeat("x", 5000)} {
		if resp, body := w.get("admin", path); resp.StatusCode != 422 || resp.Header.Get("Content-Type") != problemType {
			t.Errorf("%.60s: %d %.200s", path, resp.StatusCode, body)
		}
	}
}

func TestCrossOrigin(t *testing.T) {
	w := newWorld(t)
	r := httptest.NewRequest("POST", Prefix+"/agencies", strings.NewReader(`{"name":"x"}`))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	if resp := w.do(authorized(r, w.tokens["admin"])); resp.StatusCode != 403 {
		t.Errorf("got %d", resp.StatusCode)
	}
}

func TestWrongTokensAreLimited(t *testing.T) {
	w := newWorld(t)
	try := func(addr, token string) int {
		r := httptest.NewRequest("GET", Prefix+"/me", nil)
		r.RemoteAddr = addr
		return w.do(authorized(r, token)).StatusCode
	}
	for i := range 10 {
		if got := try("10.0.0.1:1", fmt.Sprintf("muster_%d", i)); got != 401 {
			t.Fatalf("attempt %d: %d", i, got)
		}
	}
	if got := try("10.0.0.1:2", "muster_x"); got != 429 {
		t.Errorf("attempt 11: %d", got)
	}
	if got := try("10.0.0.1:2", w.tokens["admin"]); got != 429 {
		t.Errorf("even the right token must wait, or it would tell itself from the wrong ones: %d", got)
	}
	if got := try("10.0.0.2:1", w.tokens["admin"]); got != 200 {
		t.Errorf("another address: %d", got)
	}
	if _, err := w.client("socket").MeShow(t.Context()); err != nil {
		t.Errorf("the socket: %v", err)
	}
	w.now = w.now.Add(7 * time.Second)
	if got := try("10.0.0.1:3", w.tokens["admin"]); got != 200 {
		t.Errorf("after a while: %d", got)
	}
	for i := range 12 { // a subscriber has a whole /64
		try(fmt.Sprintf("[2001:db8::%x]:1", i+1), "muster_x")
	}
	if got := try("[2001:db8::ffff]:1", "muster_x"); got != 429 {
		t.Errorf("the same /64: %d", got)
	}
	for i := range 3 * maxAddresses {
		w.fails.failed(netipOf(i))
	}
	if n := len(w.fails.by); n > maxAddresses {
		t.Errorf("%d addresses are remembered", n)
	}
}

func TestPeer(t *testing.T) {
	w := newWorld(t)
	w.Server.d.Proxies = prefixes("10.0.0.0/8")
	for _, c := range []struct{ remote, forwarded, want string }{
		{"192.0.2.1:1", "", "192.0.2.1"},
		{"192.0.2.1:1", "198.51.100.7", "192.0.2.1"}, // nobody may say so himself
		{"10.0.0.1:1", "198.51.100.7", "198.51.100.7"},
		{"10.0.0.1:1", "1.1.1.1, 198.51.100.7", "198.51.100.7"}, // the front is the client's own word
		{"10.0.0.1:1", "198.51.100.7, 10.0.0.9", "198.51.100.7"},
		{"10.0.0.1:1", "rubbish", "10.0.0.1"},
		{"[::ffff:192.0.2.1]:1", "", "192.0.2.1"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.remote
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if got := w.peerOf(r).String(); got != c.want {
			t.Errorf("%+v: got %s", c, got)
		}
	}
}

// TestSocket goes the way of the command line on the collector's machine.
func TestSocket(t *testing.T) {
	w := newWorld(t)
	dir, err := os.MkdirTemp("", "m") // short: a socket's path has some 100 bytes
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "s")
	c := Socket(path)
	if _, err := c.MeShow(t.Context()); err == nil || !strings.Contains(err.Error(), "muster serve") {
		t.Errorf("without a collector: %v", err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	srv := NewHTTPServer(w.handler, slog.New(slog.DiscardHandler))
	srv.ConnContext = OnSocket
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	me, err := c.MeShow(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if me.Role != "admin" || me.Via != "socket" || me.Name == "" {
		t.Errorf("got %+v", me)
	}
	if err := srv.Close(); err != nil {
		t.Error(err)
	}
	if err := <-done; err != http.ErrServerClosed {
		t.Error(err)
	}
	if _, err := c.MeShow(t.Context()); err == nil || !strings.Contains(err.Error(), "muster serve") {
		t.Errorf("after the collector: %v", err)
	}
}

func TestClientSaysWhatIsWrong(t *testing.T) {
	for _, base := range []string{"muster", "ftp://muster", "http://muster.example.org", "https://u:p@muster", "https://muster?x=1", "://"} {
		if _, err := Remote(base, "", nil); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", base, err)
		}
	}
	plain := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Header.Get("User-Agent") {
		case "away":
			http.Redirect(w, r, "https://elsewhere.example/", http.StatusFound)
		case "page":
			http.Error(w, "<html>busy</html>", http.StatusBadGateway)
		default:
			fmt.Fprint(w, "no json")
		}
	}))
	defer plain.Close()
	secure := httptest.NewUnstartedServer(http.NotFoundHandler())
	secure.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	secure.StartTLS()
	defer secure.Close()
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	for _, c := range []struct{ base, agent, want string }{
		{plain.URL, "away", "sends on to https://elsewhere.example/"},
		{plain.URL, "page", "is it a collector"},
		{plain.URL, "", "cannot ask"},
		{secure.URL, "", "does not trust"},
		{strings.Replace(plain.URL, "http:", "https:", 1), "", "does not speak TLS"},
		{closed.URL, "", "nothing listens"},
	} {
		cl, err := Remote(c.base, "muster_secret", nil)
		if err != nil {
			t.Fatal(err)
		}
		cl.Agent = c.agent
		_, err = cl.DeviceList(t.Context(), DeviceListInput{Filter: "owner:jane"})
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "jane") || strings.Contains(err.Error(), "muster_secret") {
			t.Errorf("%+v: %v", c, err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 0)
	defer cancel()
	cl, err := Remote(plain.URL, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cl.MeShow(ctx); err == nil || !strings.Contains(err.Error(), "in time") {
		t.Errorf("too late: %v", err)
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	s := Secret("hunter2")
	var b strings.Builder
	slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "password", s)
	for _, text := range []string{fmt.Sprint(s), fmt.Sprintf("%s %v %#v %q", s, s, s, s), fmt.Sprintf("%+v", Password{s}), b.String()} {
		if strings.Contains(text, "hunter2") {
			t.Error(text)
		}
	}
	if asJSON(Password{s}) != `{"password":"hunter2"}` {
		t.Error("the client could not send it")
	}
}
