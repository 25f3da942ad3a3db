package collector

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"muster/collector/account"
	"muster/collector/config"
	"muster/collector/store"
	"muster/internal/inventory"
	"muster/internal/settings"
)

// page asks for a path, as from this machine unless change says otherwise.
func page(t *testing.T, h http.Handler, path string, change ...func(*http.Request)) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	r.RemoteAddr, r.Host = "127.0.0.1:40000", "127.0.0.1:8420"
	for _, f := range change {
		f(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestLivesAndIsReady(t *testing.T) {
	c := office(t)
	h := c.outside()
	if w := page(t, h, "/healthz"); w.Code != 200 || w.Body.String() != "ok\n" {
		t.Errorf("healthz: %d %q", w.Code, w.Body)
	}
	read := func() (int, readiness) {
		c.watchful.at = time.Time{}
		w := page(t, h, "/readyz", func(r *http.Request) { r.RemoteAddr = "192.0.2.7:1" })
		var st readiness
		if err := json.Unmarshal(w.Body.Bytes(), &st); err != nil {
			t.Fatalf("%v: %s", err, w.Body)
		}
		if strings.Contains(w.Body.String(), c.cfg.Data) {
			t.Errorf("strangers read the path of the data folder: %s", w.Body)
		}
		return w.Code, st
	}
	code, st := read()
	var names []string
	for _, p := range st.Parts {
		names = append(names, p.Name)
	}
	if code != 200 || !st.Ready || strings.Join(names, " ") != "inventory control outbox disk series" {
		t.Errorf("readyz: %d %+v", code, st)
	}
	part := func(st readiness, name string) readyPart {
		for _, p := range st.Parts {
			if p.Name == name {
				return p
			}
		}
		return readyPart{}
	}
	// A reserve larger than the disk has: a twentieth of it is the most that
	// is asked for, so the limit is set where the disk is looked at.
	c.stopBelow.Store(1 << 62)
	if code, st := read(); code != 503 || st.Ready || part(st, "disk").Ready || !strings.Contains(part(st, "disk").Why, "MiB are needed") || !part(st, "inventory").Ready {
		t.Errorf("readyz on a full disk: %d %+v", code, st)
	}
	c.stopBelow.Store(0)
	if code, _ := read(); code != 200 {
		t.Errorf("readyz with room again: %d", code)
	}
}

func TestMetricsAreForThisMachineOrAToken(t *testing.T) {
	c := office(t)
	h := c.outside()
	token := func(name string, scope store.Scope) string {
		_, text, err := c.accounts.NewToken(t.Context(), account.Token{Name: name, Role: account.Intern, Scope: scope})
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	good, scoped := token("scraper", store.Scope{All: true}), token("scoped", store.Scope{Sites: []int64{1}})
	far := func(r *http.Request) { r.RemoteAddr = "192.0.2.7:1" }
	with := func(text string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+text) }
	}
	for _, x := range []struct {
		name   string
		change []func(*http.Request)
		want   int
	}{
		{"from here", nil, 200},
		{"from here by name", []func(*http.Request){func(r *http.Request) { r.Host = "localhost:8420" }}, 200},
		{"from elsewhere", []func(*http.Request){far}, 401},
		{"through a proxy here", []func(*http.Request){func(r *http.Request) { r.Header.Set("X-Forwarded-For", "127.0.0.1") }}, 401},
		{"a page under another name", []func(*http.Request){func(r *http.Request) { r.Host = "rebound.example.org" }}, 401},
		{"a token from elsewhere", []func(*http.Request){far, with(good)}, 200},
		{"a wrong token from here", []func(*http.Request){with("muster_wrong")}, 401},
		{"a token with a scope", []func(*http.Request){far, with(scoped)}, 403},
	} {
		if w := page(t, h, "/metrics", x.change...); w.Code != x.want {
			t.Errorf("%s: %d %s", x.name, w.Code, w.Body)
		}
	}
}

// A dashboard asks only for numbers that there are, and tells of most of them.
func TestDashboardAsksForWhatThereIs(t *testing.T) {
	c := office(t)
	have := map[string]bool{}
	for line := range strings.Lines(page(t, c.outside(), "/metrics").Body.String()) {
		if f := strings.Fields(line); len(f) == 4 && f[0] == "#" && f[1] == "TYPE" {
			have[f[2]] = true
			if f[3] == "histogram" {
				have[f[2]+"_bucket"], have[f[2]+"_sum"], have[f[2]+"_count"] = true, true, true
			}
		}
	}
	if len(have) < 60 {
		t.Fatalf("only %d metrics: %v", len(have), have)
	}
	boards, err := filepath.Glob("../packaging/grafana/*.json")
	if err != nil || len(boards) == 0 {
		t.Fatalf("no dashboards: %v", err)
	}
	asked := map[string]bool{}
	name := regexp.MustCompile(`\b(muster|process|go)_[a-z0-9_]+`)
	for _, b := range boards {
		text, err := os.ReadFile(b)
		if err != nil {
			t.Fatal(err)
		}
		var board struct {
			Panels []struct {
				Title   string
				Type    string
				Targets []struct{ Expr string }
			}
			Templating struct {
				List []struct{ Definition string }
			}
		}
		if err := json.Unmarshal(text, &board); err != nil {
			t.Fatalf("%s: %v", b, err)
		}
		var exprs []string
		for _, p := range board.Panels {
			if p.Type != "row" && len(p.Targets) == 0 {
				t.Errorf("%s: panel %s asks for nothing", b, p.Title)
			}
			for _, x := range p.Targets {
				exprs = append(exprs, x.Expr)
			}
		}
		for _, v := range board.Templating.List {
			exprs = append(exprs, v.Definition)
		}
		for _, e := range exprs {
			for _, n := range name.FindAllString(e, -1) {
				asked[n] = true
				if !have[n] {
					t.Errorf("%s asks for %s, which there is not: %s", b, n, e)
				}
			}
		}
	}
	if len(asked) < 30 {
		t.Errorf("the dashboards ask for %d numbers only", len(asked))
	}
}

// Numbers move with what happens.
func TestMetricsCount(t *testing.T) {
	c := office(t)
	h := c.outside()
	value := func(line string) string {
		for l := range strings.Lines(page(t, h, "/metrics").Body.String()) {
			if rest, ok := strings.CutPrefix(l, line+" "); ok {
				return strings.TrimSpace(rest)
			}
		}
		return "none"
	}
	if v := value(`muster_devices{presence="online"}`); v != "0" {
		t.Errorf("online devices of an empty collector: %s", v)
	}
	d := store.NewDevice{ID: "01900000-0000-7000-8000-000000000001", Kind: "pc", Name: "secret-name", At: time.Now()}
	if err := c.inventory.AddDevice(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	if err := c.inventory.SetPresence(t.Context(), map[inventory.DeviceID]store.Presence{d.ID: store.Online}); err != nil {
		t.Fatal(err)
	}
	before := value("muster_groups_total")
	if err := c.door.Note(t.Context(), d.ID, []store.EventReading{{Kind: "enrolled", At: time.Now(), Count: 1}}); err != nil {
		t.Fatal(err)
	}
	if after := value("muster_groups_total"); after == before || after != value("muster_commit_seconds_count") {
		t.Errorf("groups %s, before %s, commits %s", after, before, value("muster_commit_seconds_count"))
	}
	if v := value(`muster_devices{presence="online"}`); v != "1" {
		t.Errorf("online devices: %s", v)
	}
	if body := page(t, h, "/metrics").Body.String(); strings.Contains(body, "secret-name") || strings.Contains(body, string(d.ID)) {
		t.Error("a device is named")
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/reports", strings.NewReader("x"))
	c.receiver.Handler().ServeHTTP(httptest.NewRecorder(), r)
	if v := value(`muster_refusals_total{reason="unknown_device"}`); v != "1" {
		t.Errorf("refusals: %s in %s", v, page(t, h, "/metrics").Body)
	}
	if v := value(`muster_part_ready{part="disk"}`); v != "1" {
		t.Errorf("disk: %s", v)
	}
}

// The dead man's address is called while the collector is ready, and not while
// it is not.
func TestDeadManIsCalledWhileReady(t *testing.T) {
	called := make(chan *http.Request, 100)
	far := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		called <- r
	}))
	defer far.Close()
	c := office(t, func(cfg *config.Config) {
		cfg.Outgoing.Allow = []string{"127.0.0.0/8"}
		cfg.DeadMan.URL = far.URL + "/ping/secret"
		cfg.DeadMan.Interval = settings.Duration(time.Millisecond)
	})
	wait := func() *http.Request {
		select {
		case r := <-called:
			return r
		case <-time.After(30 * time.Second):
			t.Fatal("nobody was called")
			return nil
		}
	}
	if r := wait(); r.Method != http.MethodGet || r.URL.Path != "/ping/secret" || !strings.HasPrefix(r.UserAgent(), "muster/") {
		t.Errorf("called %s %s as %s", r.Method, r.URL, r.UserAgent())
	}
	c.stopBelow.Store(1 << 62)
	for held := c.pings.held.Load(); c.pings.held.Load() < held+3; {
		select {
		case <-called:
		case <-time.After(time.Millisecond):
		}
	}
	for len(called) > 0 {
		<-called
	}
	before := c.pings.held.Load()
	for c.pings.held.Load() < before+3 {
		time.Sleep(time.Millisecond)
	}
	if len(called) > 0 {
		t.Error("called although not ready")
	}
}

// Errors of a call do not tell the address, which is a secret of a kind.
func TestDeadManKeepsItsAddressToItself(t *testing.T) {
	far := httptest.NewServer(http.NotFoundHandler())
	address := far.URL + "/ping/secret"
	if err := callDeadMan(context.Background(), far.Client(), address); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("404: %v", err)
	}
	far.Close()
	if err := callDeadMan(context.Background(), http.DefaultClient, address); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("nobody there: %v", err)
	}
}
