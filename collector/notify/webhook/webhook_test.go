package webhook

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"muster/collector/notify"
	"muster/collector/notify/channeltest"
	"muster/collector/outgoing"
)

const (
	path = "/hooks/T0123/secret-part-of-the-address"
	key  = "a key of more than sixteen letters"
)

func local() *outgoing.Dialer {
	return &outgoing.Dialer{Rules: outgoing.Rules{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}}
}

// receiver is a server that takes posts as a form's receivers do.
type receiver struct {
	*httptest.Server
	ca string

	mu     sync.Mutex
	taken  []string
	ids    []string
	answer func(http.ResponseWriter, *http.Request) bool // true: it has answered
	broken []string                                      // what was wrong with requests
}

func receive(t *testing.T, signed bool) *receiver {
	r := &receiver{}
	r.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		r.mu.Lock()
		defer r.mu.Unlock()
		if err != nil {
			return // the connection was cut: nothing is taken
		}
		if q.Method != "POST" || q.URL.Path != path || q.Header.Get("Content-Type") != "application/json" || !strings.HasPrefix(q.UserAgent(), "Muster/") {
			r.broken = append(r.broken, fmt.Sprint(q.Method, q.URL, q.Header))
		}
		if err := Verify(key, q.Header.Get("Muster-Signature"), body, time.Now(), time.Minute); (err == nil) != signed {
			r.broken = append(r.broken, fmt.Sprintf("signature %q: %v", q.Header.Get("Muster-Signature"), err))
		}
		if r.answer != nil && r.answer(w, q) {
			return
		}
		id, _ := strconv.Unquote(q.Header.Get("Idempotency-Key"))
		r.ids = append(r.ids, id)
		r.taken = append(r.taken, id+"\n"+string(body))
		w.WriteHeader(http.StatusAccepted)
	}))
	r.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelInfo)
	r.StartTLS()
	t.Cleanup(func() {
		r.Close()
		for _, b := range r.broken {
			t.Errorf("a request that no receiver takes: %s", b)
		}
	})
	r.ca = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(r.ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: r.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *receiver) says(answer func(http.ResponseWriter, *http.Request) bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = answer
}

func (r *receiver) code(code int, text string, headers ...string) func(bool) {
	return func(on bool) {
		if !on {
			r.says(nil)
			return
		}
		r.says(func(w http.ResponseWriter, q *http.Request) bool {
			for i := 0; i < len(headers); i += 2 {
				w.Header().Set(headers[i], headers[i+1])
			}
			http.Error(w, text, code)
			return true
		})
	}
}

const own = `{"summary": "{{.Subject}}", "count": {{len .Incidents}},
 "items": [{{range $n, $i := .Incidents}}{{if $n}},{{end}}{"title": "{{$i.Incident.Title}}", "who": "{{range $i.Incident.Devices}}{{.Name}} {{end}}"}{{end}}],
 "all": {{json .Incidents}}, "when": "{{.At}}"}`

func build(t testing.TB, form, server, ca string) *Channel {
	t.Helper()
	c, s := Config{Form: form, CA: ca}, Secrets{URL: "https://" + server + path}
	if form == "json" || form == "template" {
		s.Key = key
	}
	if form == "template" {
		c.Template = own
	}
	ch, err := New(c, s, local())
	if err != nil {
		t.Fatal(err)
	}
	return ch
}

// TestForms holds each form to the suite; its bodies are held to the schema
// that its receiver documents.
func TestForms(t *testing.T) {
	for form, check := range map[string]func(*testing.T, []byte, notify.Message){
		"json": checkJSON, "slack": checkSlack, "teams": checkTeams, "template": checkOwn,
	} {
		t.Run(form, func(t *testing.T) {
			channeltest.Run(t, func(t *testing.T) channeltest.World {
				r := receive(t, form == "json" || form == "template")
				return channeltest.World{
					Server:   r.Listener.Addr().String(),
					Channel:  func(server string) notify.Channel { return build(t, form, server, r.ca) },
					Stranger: func(server string) notify.Channel { return build(t, form, server, "") },
					Taken: func() []string {
						r.mu.Lock()
						defer r.mu.Unlock()
						return slices.Clone(r.taken)
					},
					Busy:    r.code(http.StatusTooManyRequests, "rate_limited", "Retry-After", "90"),
					BusyFor: 90 * time.Second,
					Refuse:  r.code(http.StatusBadRequest, "invalid_payload"),
					Check: func(t *testing.T, taken []string, m notify.Message) {
						t.Helper()
						id, body, _ := strings.Cut(taken[0], "\n")
						if id != m.ID {
							t.Errorf("Idempotency-Key %q for %s", id, m.ID)
						}
						check(t, []byte(body), m)
					},
				}
			})
		})
	}
}

func strictly(t *testing.T, b []byte, into any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		t.Fatalf("%v in\n%.2000s", err, b)
	}
}

func checkJSON(t *testing.T, b []byte, m notify.Message) {
	t.Helper()
	var p Payload
	strictly(t, b, &p)
	if p.Version != 1 || p.ID != m.ID || p.Kind != m.Kind || p.Subject != m.Subject() || p.Severity != m.Severity() || !p.At.Equal(m.At) {
		t.Errorf("%+v", p)
	}
	told := len(p.Incidents) + len(p.Numbers)
	if told != m.Incidents() {
		t.Errorf("%d incidents of %d", told, m.Incidents())
	}
	if len(p.Incidents) > 0 && p.Incidents[0].Incident.Title != m.Notices[0].Incident.Title {
		t.Errorf("title %q", p.Incidents[0].Incident.Title)
	}
}

// checkSlack: https://docs.slack.dev/reference/block-kit/blocks, as read in
// 2026.
func checkSlack(t *testing.T, b []byte, m notify.Message) {
	t.Helper()
	type text struct {
		Type  string `json:"type"`
		Text  string `json:"text"`
		Emoji *bool  `json:"emoji"`
	}
	var p struct {
		Text   string `json:"text"`
		Links  bool   `json:"unfurl_links"`
		Media  bool   `json:"unfurl_media"`
		Blocks []struct {
			Type     string `json:"type"`
			Text     *text  `json:"text"`
			Elements []text `json:"elements"`
		} `json:"blocks"`
	}
	strictly(t, b, &p)
	if n := len(p.Blocks); n == 0 || n > 50 {
		t.Errorf("%d blocks", n)
	}
	if strings.ContainsAny(p.Text, "<>") {
		t.Errorf("the text holds markup: %q", p.Text)
	}
	shown := 0
	for i, block := range p.Blocks {
		limit := map[string]int{"header": 150, "section": 3000}[block.Type]
		switch block.Type {
		case "header", "section":
			if block.Text == nil || block.Text.Type != "plain_text" || block.Text.Text == "" || len([]rune(block.Text.Text)) > limit || block.Text.Emoji == nil || *block.Text.Emoji {
				t.Errorf("block %d: %+v", i, block.Text)
			}
			shown += len(block.Text.Text)
		case "context":
			if len(block.Elements) != 1 || block.Elements[0].Type != "mrkdwn" || !strings.HasPrefix(block.Elements[0].Text, "<https://muster.example.org/") || strings.Count(block.Elements[0].Text, "<") != 1 {
				t.Errorf("block %d: %+v", i, block.Elements)
			}
		case "divider":
		default:
			t.Errorf("block %d is a %s", i, block.Type)
		}
	}
	if shown > 13000*2 {
		t.Errorf("%d bytes are shown", shown)
	}
	if m.Kind == notify.Notices && len(m.Notices) == 1 && !strings.Contains(p.Blocks[1].Text.Text, m.Notices[0].Incident.Title) {
		t.Errorf("the title is not in %q", p.Blocks[1].Text.Text)
	}
}

// checkTeams: the message of "Post to a channel when a webhook request is
// received", and the schema of Adaptive Cards 1.2, as read in 2026.
func checkTeams(t *testing.T, b []byte, m notify.Message) {
	t.Helper()
	if len(b) > 28<<10 {
		t.Errorf("%d bytes", len(b))
	}
	type run struct {
		Type   string `json:"type"`
		Text   string `json:"text"`
		Weight string `json:"weight"`
		Size   string `json:"size"`
		Color  string `json:"color"`
	}
	type rich struct {
		Type    string `json:"type"`
		Spacing string `json:"spacing"`
		Inlines []run  `json:"inlines"`
	}
	var p struct {
		Type        string `json:"type"`
		Attachments []struct {
			ContentType string  `json:"contentType"`
			ContentURL  *string `json:"contentUrl"`
			Content     struct {
				Schema   string `json:"$schema"`
				Type     string `json:"type"`
				Version  string `json:"version"`
				Fallback string `json:"fallbackText"`
				Body     []struct {
					rich
					Separator bool   `json:"separator"`
					Items     []rich `json:"items"`
				} `json:"body"`
				Actions []struct {
					Type  string `json:"type"`
					Title string `json:"title"`
					URL   string `json:"url"`
				} `json:"actions"`
				Teams struct {
					Width string `json:"width"`
				} `json:"msteams"`
			} `json:"content"`
		} `json:"attachments"`
	}
	strictly(t, b, &p)
	if p.Type != "message" || len(p.Attachments) != 1 || p.Attachments[0].ContentType != "application/vnd.microsoft.card.adaptive" || p.Attachments[0].Content.Type != "AdaptiveCard" || p.Attachments[0].Content.Version != "1.2" {
		t.Fatalf("%+v", p)
	}
	card := p.Attachments[0].Content
	all := ""
	check := func(r rich) {
		if r.Type != "RichTextBlock" || len(r.Inlines) == 0 {
			t.Errorf("%+v", r)
		}
		for _, one := range r.Inlines {
			if one.Type != "TextRun" || one.Text == "" {
				t.Errorf("%+v", one)
			}
			all += one.Text + "\n"
		}
	}
	for i, block := range card.Body {
		if i == 0 {
			check(block.rich)
			continue
		}
		if block.Type != "Container" || len(block.Items) == 0 {
			t.Errorf("%+v", block)
		}
		for _, r := range block.Items {
			check(r)
		}
	}
	for _, a := range card.Actions {
		if a.Type != "Action.OpenUrl" || a.Title == "" || !strings.HasPrefix(a.URL, "https://muster.example.org/") {
			t.Errorf("%+v", a)
		}
	}
	if m.Kind == notify.Notices && len(m.Notices) == 1 && !strings.Contains(all, m.Notices[0].Incident.Title) {
		t.Errorf("the title is not in\n%s", all)
	}
}

func checkOwn(t *testing.T, b []byte, m notify.Message) {
	t.Helper()
	var p struct {
		Summary string `json:"summary"`
		Count   int    `json:"count"`
		Items   []struct{ Title, Who string }
		All     []notify.Notice `json:"all"`
		When    time.Time       `json:"when"`
	}
	strictly(t, b, &p)
	if p.Summary != m.Subject() || p.Count != len(m.Notices) || len(p.Items) != p.Count || len(p.All) != p.Count || !p.When.Equal(m.At) {
		t.Errorf("%+v", p)
	}
	for i, one := range p.Items {
		if one.Title != m.Notices[i].Incident.Title || strings.TrimSpace(one.Who) == "" {
			t.Errorf("%+v", one)
		}
	}
}

func send(t *testing.T, c *Channel) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	return c.Send(ctx, channeltest.One("x"))
}

// TestAnswers: what each answer is taken for, and that no error gives the
// address away.
func TestAnswers(t *testing.T) {
	r := receive(t, false)
	c := build(t, "slack", r.Listener.Addr().String(), r.ca)
	tomorrow := time.Now().Add(90 * time.Second).UTC().Format(http.TimeFormat)
	for _, x := range []struct {
		code    int
		headers []string
		fate    notify.Fate
		after   time.Duration
	}{
		{400, nil, notify.Permanent, 0},
		{401, nil, notify.Setup, 0},
		{403, nil, notify.Setup, 0},
		{404, nil, notify.Setup, 0},
		{408, nil, notify.Temporary, 0},
		{410, nil, notify.Setup, 0},
		{413, nil, notify.Permanent, 0},
		{422, nil, notify.Permanent, 0},
		{429, nil, notify.Temporary, 0},
		{429, []string{"Retry-After", "120"}, notify.Temporary, 2 * time.Minute},
		{429, []string{"Retry-After", "soon"}, notify.Temporary, 0},
		{500, nil, notify.Temporary, 0},
		{503, []string{"Retry-After", "1"}, notify.Temporary, time.Second},
		{503, []string{"Retry-After", "99999999999"}, notify.Temporary, 24 * time.Hour},
		{503, []string{"Retry-After", tomorrow}, notify.Temporary, 90 * time.Second},
		{302, []string{"Location", "https://127.0.0.1/other"}, notify.Setup, 0},
		{307, []string{"Location", "http://169.254.169.254/"}, notify.Setup, 0},
	} {
		r.code(x.code, "no luck with "+path, x.headers...)(true)
		err := send(t, c)
		var f *notify.Failure
		if !errors.As(err, &f) || f.Fate != x.fate || (f.After-x.after).Abs() > 5*time.Second || !strings.HasPrefix(f.Said, strconv.Itoa(x.code)) {
			t.Errorf("%d %v: %+v", x.code, x.headers, err)
		}
		if strings.Contains(err.Error(), "secret-part") {
			t.Errorf("%d gives the address away: %v", x.code, err)
		}
	}
	r.says(func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(500)
		for range 1000 {
			io.WriteString(w, strings.Repeat("x", 1000))
		}
		return true
	})
	if err := send(t, c); err == nil || len(err.Error()) > 2000 {
		t.Errorf("a long answer: %d bytes", len(err.Error()))
	}
	r.says(func(http.ResponseWriter, *http.Request) bool { panic(http.ErrAbortHandler) })
	var f *notify.Failure
	if err := send(t, c); !errors.As(err, &f) || f.Fate != notify.Temporary || strings.Contains(err.Error(), "secret-part") {
		t.Errorf("hung up: %v", err)
	}
	strict, err := New(Config{Form: "slack", CA: r.ca}, Secrets{URL: r.URL + path}, &outgoing.Dialer{})
	if err != nil {
		t.Fatal(err)
	}
	if err := send(t, strict); !errors.As(err, &f) || f.Fate != notify.Setup || !strings.Contains(err.Error(), outgoing.Setting) || strings.Contains(err.Error(), "secret-part") {
		t.Errorf("without leave: %v", err)
	}
	lost, err := New(Config{Form: "slack"}, Secrets{URL: "https://no-such-host.invalid" + path}, local())
	if err != nil {
		t.Fatal(err)
	}
	if err := send(t, lost); !errors.As(err, &f) || f.Fate != notify.Temporary || strings.Contains(err.Error(), "secret-part") {
		t.Errorf("a name that is not there: %v", err)
	}
	if len(r.taken) != 0 {
		t.Errorf("%d were taken", len(r.taken))
	}
}

func TestHeaders(t *testing.T) {
	var got http.Header
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, q *http.Request) { got = q.Header }))
	defer s.Close()
	c, err := New(Config{Form: "json", Plain: true}, Secrets{URL: s.URL, Key: key, Authorization: "Bearer t0ken"}, local())
	if err != nil {
		t.Fatal(err)
	}
	c.Now = func() time.Time { return time.Unix(1772633100, 0) }
	if err := send(t, c); err != nil {
		t.Fatal(err)
	}
	if got.Get("Authorization") != "Bearer t0ken" || got.Get("Idempotency-Key") != `"x"` || !strings.HasPrefix(got.Get("Muster-Signature"), "t=1772633100,v1=") {
		t.Errorf("%v", got)
	}
}

func TestVerify(t *testing.T) {
	at := time.Unix(1772633100, 0)
	body := []byte(`{"version":1}`)
	// HMAC-SHA-256 of "1772633100." and the body, by OpenSSL.
	const good = "t=1772633100,v1=6437b82455234dedb7de41c7d0f338067dcfcebbf3ce472ce3825c5c30f9e10f"
	if got := sign(key, at, body); got != good {
		t.Errorf("signed %s", got)
	}
	if err := Verify(key, good, body, at.Add(time.Minute), 5*time.Minute); err != nil {
		t.Error(err)
	}
	for what, err := range map[string]error{
		"old":             Verify(key, good, body, at.Add(time.Hour), 5*time.Minute),
		"of the future":   Verify(key, good, body, at.Add(-time.Hour), 5*time.Minute),
		"another body":    Verify(key, good, []byte(`{"version":2}`), at, time.Minute),
		"another key":     Verify(key+"x", good, body, at, time.Minute),
		"another time":    Verify(key, strings.Replace(good, "1772633100", "1772633101", 1), body, at, time.Minute),
		"none":            Verify(key, "", body, at, time.Minute),
		"no time":         Verify(key, "t=,v1=00", body, at, time.Minute),
		"only a hash":     Verify(key, "v1=00", body, at, time.Minute),
		"a made-up one":   Verify(key, good[:20]+strings.Repeat("0", 60), body, at, time.Minute),
		"something after": Verify(key, good+"00", body, at, time.Minute),
	} {
		if err == nil {
			t.Errorf("%s: taken", what)
		}
	}
}

func FuzzVerify(f *testing.F) {
	f.Add("t=1772633100,v1=00")
	f.Add("t=,v1=")
	f.Fuzz(func(t *testing.T, header string) {
		if Verify(key, header, []byte("x"), time.Unix(0, 0), time.Hour) == nil {
			t.Fatalf("%q was taken, and nobody signed it", header)
		}
	})
}

func TestSettings(t *testing.T) {
	good := Secrets{URL: "https://chat.example.org/x", Key: key}
	for part, x := range map[string]struct {
		c Config
		s Secrets
	}{
		"form":               {Config{Form: "xml"}, good},
		"go together":        {Config{Form: "template"}, good},
		"together":           {Config{Form: "slack", Template: "{}"}, good},
		"https:// is":        {Config{Form: "slack"}, Secrets{URL: "http://chat.example.org/secret-part"}},
		"web address":        {Config{Form: "slack"}, Secrets{URL: "chat.example.org/secret-part"}},
		"web address such":   {Config{Form: "slack"}, Secrets{URL: "https://chat.example.org/secret-part\x7f"}},
		"user and password":  {Config{Form: "slack"}, Secrets{URL: "https://a:secret-part@chat.example.org/"}},
		"https:// is expect": {Config{Form: "slack", Plain: true}, Secrets{URL: "file://chat/secret-part"}},
		"at least 16":        {Config{Form: "json"}, Secrets{URL: good.URL, Key: "secret-part"}},
		"needs one":          {Config{Form: "json"}, Secrets{URL: good.URL}},
		"one line":           {Config{Form: "slack"}, Secrets{URL: good.URL, Authorization: "secret-part\r\nX: y"}},
		"no such file":       {Config{Form: "slack", CA: filepath.Join(t.TempDir(), "ca.pem")}, good},
	} {
		if _, err := New(x.c, x.s, local()); err == nil || !strings.Contains(err.Error(), part) || strings.Contains(err.Error(), "secret-part") {
			t.Errorf("%s: %v", part, err)
		}
	}
}

func TestTemplates(t *testing.T) {
	for text, part := range map[string]string{
		`{"a": "{{.Subject}}"`:                                            "no JSON",
		`{"a": {{.Subject}}}`:                                             "no JSON",
		`{"a": "{{.Nothing}}"}`:                                           "Nothing",
		`{"a": "{{.Subject"}`:                                             "bad character",
		`{"a": "{{.Incidents}}"}`:                                         "{{json",
		`{"a": "{{printf "%99999999d" 1}}"}`:                              "printf",
		`{"a": "{{(printf "%9d" 1)}}"}`:                                   "printf",
		`{"a": "{{if (printf "x")}}{{end}}"}`:                             "printf",
		`{"a": "{{call .At.String}}"}`:                                    "call",
		`{"a": "{{range 1000000000}}{{end}}"}`:                            "come to an end",
		`{"a": "{{range 1000}}{{range 1000}}x{{end}}{{end}}"}`:            "come to an end",
		`{"a": "{{define "x"}}{{template "x"}}{{end}}{{template "x"}}"}`:  "come to an end",
		`{"a": "{{range 40000}}` + strings.Repeat("x", 100) + `{{end}}"}`: "longer than",
		strings.Repeat(" ", maxTemplate+1):                                "more than",
	} {
		if _, err := newForm(text); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%.60s: %v", text, err)
		}
	}
	f, err := newForm(`{"a": "{{with $s := .Subject}}{{$s}}{{end}}", "b": {{json .Subject}}, "c": {{len .Incidents}}, "d": [{{range .Incidents}}{{template "one" .Incident}},{{end}}0]}{{define "one"}}"{{.Title}}"{{end}}`)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range channeltest.Hostile() {
		m := channeltest.One("x")
		m.Notices[0].Incident.Title = bad
		b, err := f.write(&m)
		var got struct {
			A, B string
			C    int
			D    []any
		}
		if err != nil || json.Unmarshal(b, &got) != nil || got.A != m.Subject() || got.B != m.Subject() || got.C != 1 || got.D[0] != bad {
			t.Errorf("%q: %s, %v", bad, b, err)
		}
	}
}

// FuzzEscape: whatever stands in a text stays inside its quotes.
func FuzzEscape(f *testing.F) {
	for _, s := range channeltest.Hostile() {
		f.Add(s)
	}
	t, err := newForm(`{"a": "{{.Subject}}", "b": 1}`)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(tt *testing.T, s string) {
		m := channeltest.One("x")
		m.Notices[0].Incident.Title = s
		b, err := t.write(&m)
		var got struct {
			A string
			B int
		}
		if err != nil || json.Unmarshal(b, &got) != nil || got.B != 1 {
			tt.Fatalf("%q: %s, %v", s, b, err)
		}
	})
}

// FuzzTemplate: whatever an office writes, it is refused or gives JSON, in
// bounded time and room.
func FuzzTemplate(f *testing.F) {
	f.Add(own)
	f.Add(`{"a": "{{range .Incidents}}{{.Incident.Title}}{{end}}"}`)
	f.Add(`{{define "x"}}{{template "x" .}}{{end}}{{template "x" .}}`)
	f.Add(`{{with $x := .Digest}}{{json $x}}{{else}}{{range $i := 9999999}}{{continue}}{{end}}0{{end}}`)
	f.Add(`{{range 1000000}}{{break}}{{end}}{{slice .Subject 1 2 | len}}`)
	f.Fuzz(func(t *testing.T, text string) {
		form, err := newForm(text)
		if err != nil {
			return
		}
		m := channeltest.One("x")
		if b, err := form.write(&m); err == nil && (!json.Valid(b) || len(b) > maxBody) {
			t.Fatalf("%q gives %.200q", text, b)
		}
	})
}
