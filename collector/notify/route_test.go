package notify

import (
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

func moment(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestHours(t *testing.T) {
	week := []time.Weekday{1, 2, 3, 4, 5}
	office := Hours{From: "08:00", To: "17:30", Days: week, Zone: "America/New_York"}
	night := Hours{From: "22:00", To: "06:00", Days: []time.Weekday{5}, Zone: "Europe/Berlin"}
	for _, c := range []struct {
		h         Hours
		now, want string // empty: now
	}{
		{Hours{}, "2026-03-04T03:00:00Z", ""},
		{office, "2026-03-04T13:00:00Z", ""},                     // Wednesday 08:00
		{office, "2026-03-04T12:59:59Z", "2026-03-04T13:00:00Z"}, // a second before
		{office, "2026-03-04T22:29:59Z", ""},
		{office, "2026-03-04T22:30:00Z", "2026-03-05T13:00:00Z"},
		{office, "2026-03-06T23:00:00Z", "2026-03-09T12:00:00Z"}, // over the weekend on which clocks go forward
		{office, "2026-10-30T22:00:00Z", "2026-11-02T13:00:00Z"}, // and back
		{night, "2026-03-06T20:59:00Z", "2026-03-06T21:00:00Z"},  // Friday 22:00
		{night, "2026-03-06T22:00:00Z", ""},
		{night, "2026-03-07T04:59:00Z", ""}, // Saturday morning is Friday's night
		{night, "2026-03-07T05:00:00Z", "2026-03-13T21:00:00Z"},
		{night, "2026-03-07T22:00:00Z", "2026-03-13T21:00:00Z"},
		{Hours{From: "09:00", To: "09:00", Zone: "UTC"}, "2026-03-07T08:59:00Z", ""}, // the whole day
		{Hours{Days: []time.Weekday{0}, Zone: "UTC"}, "2026-03-07T08:59:00Z", "2026-03-08T00:00:00Z"},
		{Hours{From: "02:30", To: "03:30", Zone: "America/New_York"}, "2026-03-08T06:00:00Z", "2026-03-08T06:30:00Z"}, // 02:30 is left out that day
		{Hours{From: "08:00", To: "17:00", Zone: "Mars/Olympus"}, "2026-03-04T09:00:00Z", ""},                         // no longer known: as UTC
	} {
		now := moment(t, c.now)
		want := now
		if c.want != "" {
			want = moment(t, c.want)
		}
		if got := c.h.next(now); !got.Equal(want) {
			t.Errorf("%+v at %s: %s, want %s", c.h, c.now, got.UTC(), want)
		}
	}
}

func TestDigestTimes(t *testing.T) {
	for _, c := range []struct {
		d               Digest
		now, last, next string
	}{
		{Digest{At: "07:30", Zone: "UTC"}, "2026-03-04T07:30:00Z", "2026-03-04T07:30:00Z", "2026-03-05T07:30:00Z"},
		{Digest{At: "07:30", Zone: "UTC"}, "2026-03-04T07:29:59Z", "2026-03-03T07:30:00Z", "2026-03-04T07:30:00Z"},
		{Digest{At: "07:30", Zone: "UTC", Days: []time.Weekday{1}}, "2026-03-04T07:00:00Z", "2026-03-02T07:30:00Z", "2026-03-09T07:30:00Z"},
		{Digest{At: "07:30", Zone: "America/New_York"}, "2026-03-08T12:00:00Z", "2026-03-08T11:30:00Z", "2026-03-09T11:30:00Z"},
	} {
		last, next := c.d.around(moment(t, c.now))
		if !last.Equal(moment(t, c.last)) || !next.Equal(moment(t, c.next)) {
			t.Errorf("%+v at %s: %s, %s", c.d, c.now, last.UTC(), next.UTC())
		}
	}
	// Over a year with both changes of clocks there is one each day.
	d := Digest{At: "02:30", Zone: "America/New_York"}
	now, n := moment(t, "2026-01-01T12:00:00Z"), 0
	for end := now.AddDate(1, 0, 0); ; n++ {
		if _, now = d.around(now); now.After(end) {
			break
		}
	}
	if n != 365 {
		t.Errorf("%d digests in a year", n)
	}
}

func TestRouteChecks(t *testing.T) {
	good := Route{Name: "day", Channel: "mail"}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	for part, edit := range map[string]func(*Route){
		"needs a name":   func(r *Route) { r.Name = "a\nb" },
		"no channel":     func(r *Route) { r.Channel = "" },
		"severity":       func(r *Route) { r.Severity = "loud" },
		"at most 1h":     func(r *Route) { r.Wait = 2 * time.Hour },
		"rate":           func(r *Route) { r.Rate = -1 },
		"sends nothing":  func(r *Route) { r.Only = true },
		"kind":           func(r *Route) { r.Kinds = []Kind{"gone"} },
		"agency/site":    func(r *Route) { r.Sites = []string{"hartford"} },
		"beginning":      func(r *Route) { r.Hours.From = "08:00" },
		"time of day":    func(r *Route) { r.Hours.From, r.Hours.To = "8:00", "25:00" },
		"weekday":        func(r *Route) { r.Hours.Days = []time.Weekday{7} },
		"time zone":      func(r *Route) { r.Hours.Zone = "../../etc/passwd" },
		"digest: time":   func(r *Route) { r.Digest.At = "noon" },
		"digest: time z": func(r *Route) { r.Digest = Digest{At: "07:30", Zone: "Nowhere"} },
	} {
		r := good
		edit(&r)
		if err := r.Check(); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%s: %v", part, err)
		}
	}
}

func sample() Announcement {
	return Announcement{ID: "x", Kind: Opened, Incident: Incident{Number: 1, Severity: Warn, Family: "disk", Rule: "D01", Agency: "North", Site: "Hartford",
		Devices: []Device{{Name: "pc-1", Kind: "pc", User: "j.doe", Agency: "North", Site: "Hartford"}}}}
}

func TestRoutesTake(t *testing.T) {
	several := func(a *Announcement) {
		i := &a.Incident
		i.Agency, i.Site = "", ""
		i.Places = []Place{{"North", "Hartford"}, {"South", "Utica"}}
		i.Devices = append(i.Devices, Device{Name: "pc-2", Kind: "server", User: "a.roe", Agency: "South", Site: "Utica"})
		i.DeviceCount = 2
	}
	for name, c := range map[string]struct {
		route Route
		edit  func(*Announcement)
		want  bool
	}{
		"all":                     {Route{}, nil, true},
		"off":                     {Route{Off: true}, nil, false},
		"severe enough":           {Route{Severity: Warn}, nil, true},
		"not severe enough":       {Route{Severity: Critical}, nil, false},
		"the site":                {Route{Sites: []string{"north/HARTFORD"}}, nil, true},
		"another site":            {Route{Sites: []string{"north/utica"}}, nil, false},
		"a site of its name":      {Route{Sites: []string{"south/hartford"}}, nil, false},
		"the agency":              {Route{Agencies: []string{"south", "north"}}, nil, true},
		"another agency":          {Route{Agencies: []string{"south"}}, nil, false},
		"agency or site":          {Route{Agencies: []string{"south"}, Sites: []string{"north/hartford"}}, nil, true},
		"one of several sites":    {Route{Sites: []string{"south/utica"}}, several, true},
		"none of several sites":   {Route{Sites: []string{"south/albany"}}, several, false},
		"the family":              {Route{Families: []string{"disk"}}, nil, true},
		"another family":          {Route{Families: []string{"network"}}, nil, false},
		"the rule":                {Route{Rules: []string{"d01"}}, nil, true},
		"another rule":            {Route{Rules: []string{"D02"}}, nil, false},
		"the kind of device":      {Route{Devices: []string{"pc"}}, nil, true},
		"another kind of device":  {Route{Devices: []string{"switch"}}, nil, false},
		"one of several kinds":    {Route{Devices: []string{"server"}}, several, true},
		"backlog":                 {Route{}, func(a *Announcement) { a.Incident.Backlog = true }, false},
		"backlog that got worse":  {Route{}, func(a *Announcement) { a.Incident.Backlog, a.Kind = true, Worse }, true},
		"backlog where wanted":    {Route{Backlog: true}, func(a *Announcement) { a.Incident.Backlog = true }, true},
		"an end":                  {Route{}, func(a *Announcement) { a.Kind = Resolved }, false},
		"an end where wanted":     {Route{Kinds: []Kind{Resolved}}, func(a *Announcement) { a.Kind = Resolved }, true},
		"only escalations":        {Route{Kinds: []Kind{Escalated}}, nil, false},
		"nothing but the digest":  {Route{Only: true}, nil, false},
		"its end, only a digest":  {Route{Only: true}, func(a *Announcement) { a.Kind = Resolved }, false},
		"no place known":          {Route{Agencies: []string{"north"}}, func(a *Announcement) { a.Incident.Agency, a.Incident.Devices = "", nil }, false},
		"place of a device alone": {Route{Agencies: []string{"north"}}, func(a *Announcement) { a.Incident.Agency, a.Incident.Site = "", "" }, true},
	} {
		a := sample()
		if c.edit != nil {
			c.edit(&a)
		}
		c.route.Channel = "mail"
		loud := 0
		for _, it := range items([]Route{c.route}, a, time.Now()) {
			if !it.Quiet {
				loud++
			}
		}
		if (loud == 1) != c.want {
			t.Errorf("%s: %d items", name, loud)
		}
	}

	// What is for one site tells nothing about people and machines at another.
	a := sample()
	several(&a)
	it := items([]Route{{Name: "utica", Channel: "mail", Sites: []string{"south/utica"}, Personal: true}}, a, time.Now())[0]
	if d := it.Announcement.Incident.Devices; len(d) != 1 || d[0].Name != "pc-2" || d[0].User != "a.roe" || !it.Elsewhere || len(it.Announcement.Incident.Places) != 1 {
		t.Errorf("for one site: %+v", it)
	}
	if it := items([]Route{{Channel: "mail"}}, a, time.Now())[0]; it.Announcement.Incident.Devices[0].User != "" || it.Elsewhere {
		t.Errorf("without leave for names: %+v", it)
	}
	if a.Incident.Devices[0].User == "" || len(a.Incident.Devices) != 2 {
		t.Errorf("the announcement itself was changed: %+v", a)
	}
}

func TestFirstRouteDecides(t *testing.T) {
	routes := []Route{
		{Name: "a", Channel: "mail", Severity: Critical},
		{Name: "b", Channel: "mail", Personal: true},
		{Name: "c", Channel: "mail", Kinds: []Kind{Resolved}},
		{Name: "d", Channel: "chat"},
	}
	a := sample()
	got := items(routes, a, time.Now())
	if len(got) != 2 || got[0].Route != "b" || got[0].Announcement.Incident.Devices[0].User != "j.doe" || got[1].Route != "d" {
		t.Errorf("%+v", got)
	}
	a.Kind = Resolved
	got = items(routes, a, time.Now())
	if len(got) != 2 || got[0].Route != "c" || got[0].Quiet || !got[1].Quiet {
		t.Errorf("an end: %+v", got)
	}
}

func TestLine(t *testing.T) {
	for in, want := range map[string]string{
		"  a\r\nSubject: b\t\tc\x00 ":         "a Subject: b c",
		"pc\u202etxt.exe":                     "pctxt.exe",
		"a\u200bb\u00adc\ufeffd\u2066e\u2069": "abcde",
		"a\u2028b\u0085c\u00a0d":              "a b c d",
		"\xff\xfe":                            "\ufffd\ufffd",
		"ünïcode 漢字 🖨":                        "ünïcode 漢字 🖨",
		"tag\U000E0041":                       "tag",
		"12345678901234567890123":             "12345678901234567890…",
		"":                                    "",
		"\n":                                  "",
	} {
		if got := Line(in, 20); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func FuzzLine(f *testing.F) {
	for _, s := range []string{"a\r\nb", "\u202e", "\xff", strings.Repeat("é", 100)} {
		f.Add(s, 20)
	}
	f.Fuzz(func(t *testing.T, s string, n int) {
		n = 1 + min(max(n, -n)&0xff, 200)
		got := Line(s, n)
		if !utf8.ValidString(got) || utf8.RuneCountInString(got) > n+1 {
			t.Fatalf("%q", got)
		}
		for _, r := range got {
			if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
				t.Fatalf("%q holds %U", got, r)
			}
		}
		if Line(got, n+1) != got {
			t.Fatalf("%q becomes %q", got, Line(got, n+1))
		}
		if b := (Announcement{Note: s}).Bounded().Note; utf8.RuneCountInString(b) > maxText+1 {
			t.Fatalf("a bound of %d runes leaves %d", maxText, utf8.RuneCountInString(b))
		}
	})
}

func TestLinks(t *testing.T) {
	for in, want := range map[string]bool{
		"https://muster.example.org/incidents/7?a=b#c": true, "http://10.0.0.1:8420/": true,
		"javascript:alert(1)": false, "https://a/\r\nX: y": false, `https://a/"onclick=`: false, "https://a/<b>": false, "ftp://a": false,
		"https://ä.example": false, "https://" + strings.Repeat("a", 500): false, "": false, "https://a|b": false,
	} {
		if got := link(in); (got == in && in != "") != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}
