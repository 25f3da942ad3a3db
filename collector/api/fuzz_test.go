package api

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// FuzzRequest sends what a person might type anywhere, and wants an answer or
// a reason, never a broken collector.
func FuzzRequest(f *testing.F) {
	w := newWorld(f)
	w.fails.perMinute = 1 << 30
	for _, seed := range []string{"", "pc-1", "os:windows ram<8GB", "software:\"Adobe Reader\"<23", "pc-1@7d", "@", "..", "%2e%2e", "a/b", "((((", "-", "2026-11-01", "99999999999999w", "\x00", "\xff", "name:*", "cpu=cpu-total", "0123456789abcdef0123"} {
		f.Add(seed, seed)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		qa, qb := url.QueryEscape(a), url.QueryEscape(b)
		for _, path := range []string{
			"/devices?filter=" + qa + "&after=" + qb,
			"/devices?sort=" + qa + "&columns=" + qb,
			"/devices/" + url.PathEscape(a) + "?at=" + qb,
			"/diff?a=" + qa + "&b=" + qb,
			"/history?from=" + qa + "&to=" + qb,
			"/series?name=cpu_usage_user&from=" + qa + "&step=" + qb,
			"/series?name=cpu_usage_user&labels=" + qa + "&filter=" + qb,
			"/software/devices?name=" + qa + "&version=" + qb,
			"/events?kinds=" + qa + "&format=" + qb,
			"/incidents?filter=" + qa + "&site=" + qb,
			"/incidents?families=" + qa + "&assignee=" + qb + "&from=" + qa,
			"/incidents/" + url.PathEscape(a) + "?format=" + qb,
			"/findings?filter=" + qa + "&rules=" + qb,
			"/findings?states=" + qa + "&incident=" + qb,
			"/findings/" + url.PathEscape(a) + "/explain",
			"/explain?device=" + qa + "&rule=" + qb + "&component=" + qa,
			"/explain?device=pc-1&rule=S01&component=" + qa,
			"/rules/" + url.PathEscape(a),
		} {
			r, err := http.NewRequest("GET", "http://collector"+Prefix+path, nil)
			if err != nil {
				continue
			}
			r.RemoteAddr = "127.0.0.1:1"
			r.Header.Set("Authorization", "Bearer "+w.tokens["staff-parks"])
			rec := httptest.NewRecorder()
			w.handler.ServeHTTP(rec, r)
			if rec.Code >= 500 {
				t.Errorf("%s: %d %s", path, rec.Code, rec.Body)
			}
			if strings.Contains(rec.Body.String(), pc3) && !strings.Contains(a+b, pc3) {
				t.Errorf("%s tells of another agency: %s", path, rec.Body)
			}
		}
		w.log.Reset()
	})
}

// FuzzBody sends bodies to operations that take one.
func FuzzBody(f *testing.F) {
	for _, o := range Operations() {
		if o.Changes() {
			f.Add(asJSON(examples()[o.ID]))
		}
	}
	f.Add(`{"name":"x","role":"staff","agencies":["parks"]}`)
	f.Add(`{"filter":"label:x","settings":{"cadence":{"disk":600},"off":["software"]}}`)
	f.Add(`{"until":"3d","reason":"x","to":"y","text":"z","check":1,"useful":"yes"}`)
	f.Add(`{"kind":"webhook","channel":"desk","hours":{"from":"20:00","to":"06:00","days":["mon"]},"digest":{"at":"07:30"},"settings":{"a":[1,{"b":null}]},"secrets":{"url":"x"}}`)
	f.Add(`{"name":"x","days":["tue"],"start":"22:00","minutes":60,"zone":"UTC","filter":"site:hartford","from":"now","to":"4h"}`)
	f.Add(`{"version":"3","user":"x","auth":"sha256","priv":"aes","secrets":{"auth":"xxxxxxxx","priv":"xxxxxxxx"}}`)
	f.Add(`{"network":"10.20.1.0/30","exclude":["10.20.1.1-10.20.1.2"],"credentials":["core"],"v2c":false,"site":"hartford","port":161}`)
	f.Add(`{"owner":"x","add_labels":["a"],"site":"parks/salem"}`)
	w := newWorld(f)
	f.Fuzz(func(t *testing.T, body string) {
		if strings.Contains(body, "assword") {
			return // argon2 is slow on purpose
		}
		for _, o := range Operations() {
			if !o.Changes() || strings.HasSuffix(o.ID, "-delete") {
				continue
			}
			path := strings.NewReplacer("{ref}", "pc-1", "{id}", "7", "{number}", "1", "{name}", "x", "{label}", "loaner", "{agency}", "parks", "{address}", "10.20.0.0", "{bits}", "16").Replace(o.Path)
			r := httptest.NewRequest(o.Method, Prefix+path, strings.NewReader(body))
			r.Header.Set("Content-Type", "application/json")
			resp := w.do(authorized(r, w.tokens["admin"]))
			if resp.StatusCode >= 500 {
				t.Errorf("%s: %d %s", o.ID, resp.StatusCode, bodyOf(t, resp))
			}
		}
		w.log.Reset()
		w.accounts.taken()
	})
}

// FuzzImport reads files that claim to be CSV.
func FuzzImport(f *testing.F) {
	for _, seed := range []string{
		"name,owner\npc-1,x\n", "\xef\xbb\xbfName;Owner\r\npc-1;x\r\n", "id\tnote\n\"a\nb\"\tc\n", "name,owner\n\"", ",,,\n,,,\n", "asset tag,labels,site,agency\nCT-1,a;b,salem,parks\n", "name,name\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		s, faults, err := readSheet(file)
		if err != nil {
			if _, ok := err.(*Problem); !ok {
				t.Errorf("an error that says nothing to people: %v", err)
			}
			return
		}
		for _, l := range s.lines {
			if len(l.cells) != len(s.header) || l.line < 1 {
				t.Fatalf("line %+v under %q", l, s.header)
			}
			s.change(l)
		}
		for _, x := range faults {
			if x.Detail == "" || x.Line < 1 {
				t.Errorf("fault %+v", x)
			}
		}
	})
}

// FuzzMoment reads times as people write them.
func FuzzMoment(f *testing.F) {
	for _, seed := range []string{"now", "7d", "1h30m", "2026-11-01", "2026-11-01 14:05", "2026-11-01T14:05:00+02:00", "999999999y", "-1h", "0001-01-01", "９d"} {
		f.Add(seed)
	}
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		at, err := moment("at", text, now)
		if err == nil && !at.IsZero() && (at.Year() < 1820 || at.Year() >= 2201) {
			t.Errorf("%q is %v", text, at)
		}
		if _, err := at.MarshalJSON(); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	})
}

// FuzzCell holds that no text becomes a formula, and that all come back.
func FuzzCell(f *testing.F) {
	f.Add("=1")
	f.Add("'=1")
	f.Add("\uff1d1")
	f.Fuzz(func(t *testing.T, text string) {
		got := cell(text)
		if got != "" && strings.ContainsRune(formula, []rune(got)[0]) && utf8.ValidString(got) {
			t.Errorf("%q is a formula", got)
		}
		if !strings.HasPrefix(text, "'") && unguarded(got) != text {
			t.Errorf("%q comes back as %q", text, unguarded(got))
		}
	})
}
