//go:build linux

package browser

import (
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"muster/collector/api"
	"muster/collector/authority"
	"muster/collector/store/sqlstore"
)

// TestHostileNamesInAdministration is F30 to F32 over the pages of
// administration: whatever can be called something, or tells of what somebody
// sent, is hostile. Each page that can be reached from the first is opened.
func TestHostileNamesInAdministration(t *testing.T) {
	list := payloads()
	at := 0
	next := func() string { at++; return list[(at*11)%len(list)] }
	clip := func(s string, n int) string { return strings.ToValidUTF8(s[:min(n, len(s))], "") }
	furnish := office(func(n int) (string, string, string) { return next(), next(), next() })
	w := open(t, furnish, func(t *testing.T, c *sqlstore.Control) {
		for i := range 30 {
			kind := []authority.ApprovalKind{authority.ApproveEnroll, authority.ApproveRenew, authority.ApproveMerge}[i%3]
			a := authority.Approval{Kind: kind, State: authority.Pending, Name: next(), Reason: next(), Remote: netip.MustParseAddr("10.1.2.3"), AskedAt: time.Now()}
			a.ID = fmt.Sprint("ask", i)
			if kind != authority.ApproveEnroll {
				a.Device = id(i)
			}
			if kind == authority.ApproveMerge {
				a.Other = id(i + 1)
			}
			if _, err := c.PutApproval(t.Context(), a); err != nil {
				t.Fatal(err)
			}
		}
	})
	b := w.chromium(t)
	b.first()
	ctx := t.Context()
	// many tries payloads until n are taken: some are refused, which is as good.
	many := func(what string, n int, do func(p string, i int) error) {
		t.Helper()
		taken := 0
		var last error
		for i := range len(list) {
			if err := do(next(), i); err != nil {
				last = err
			} else if taken++; taken == n {
				return
			}
		}
		if taken == 0 {
			t.Errorf("no %s takes any of the names: %v", what, last)
		}
	}
	many("agency", 6, func(p string, _ int) error {
		_, err := w.ask.AgencyNew(ctx, api.AgencyNewInput{Body: api.Naming{Name: clip(p, 100)}})
		return err
	})
	many("site", 6, func(p string, _ int) error {
		_, err := w.ask.SiteNew(ctx, api.SiteNewInput{Body: api.SiteNew{Agency: "Parks", Name: clip(p, 100)}})
		return err
	})
	many("invitation", 12, func(p string, _ int) error {
		_, err := w.ask.EnrollNew(ctx, api.InvitationNewInput{Body: api.InvitationNew{Note: clip(p, 500)}})
		return err
	})
	many("maintenance", 12, func(p string, _ int) error {
		_, err := w.ask.MaintenanceNew(ctx, api.MaintenanceNewInput{Body: api.MaintenanceNew{Name: clip(p, 100), To: "4h", Reason: clip(p, 500), Filter: `name:"` + strings.NewReplacer(`"`, "", `\`, "").Replace(clip(p, 80)) + `"`}})
		return err
	})
	many("group", 6, func(p string, i int) error {
		_, err := w.ask.GroupSet(ctx, api.GroupPutInput{Name: fmt.Sprint("g", i), Body: api.GroupPut{Filter: `name:"` + strings.NewReplacer(`"`, "", `\`, "").Replace(clip(p, 200)) + `"`}})
		return err
	})
	many("channel", 4, func(p string, i int) error {
		_, err := w.ask.ChannelSet(ctx, api.ChannelPutInput{Name: fmt.Sprint("c", i), Body: api.ChannelPut{Kind: "webhook", Settings: map[string]any{"form": "template", "template": `{"text": {{.Text | json}}, "more": "` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\t", " ").Replace(p) + `"}`}, Secrets: map[string]api.Secret{"url": api.Secret("https://example.org/" + url.PathEscape(p))}}})
		return err
	})
	many("credential", 4, func(p string, i int) error {
		_, err := w.ask.CredentialSet(ctx, api.CredentialPutInput{Name: fmt.Sprint("k", i), Body: api.CredentialPut{Version: new("3"), User: new(clip(p, 32)), Context: new(clip(p, 255)), Auth: new("sha256"), Secrets: map[string]api.Secret{"auth": "long enough 1"}}})
		return err
	})
	many("rule", 6, func(p string, i int) error {
		_, err := w.ask.RuleSet(ctx, api.RuleSetInput{ID: []string{"D14", "S01", "O03"}[i%3], Body: api.RuleSetting{On: new(i%2 == 0), Reason: clip(p, 500), Limits: map[string]api.RuleLimitChange{
			[]string{"warm_disk", "full", "old"}[i%3]: {Models: map[string]float64{clip(p, 100): []float64{50, 90, 30}[i%3]}}}}})
		return err
	})
	// What is not taken is told, and kept in the audit.
	for range 20 {
		w.ask.DeviceRefresh(ctx, api.RefInput{Ref: clip(next(), 200)})
		w.ask.LabelAdd(ctx, api.LabelInput{Label: clip(next(), 60), Body: api.LabelTargets{Devices: []string{string(id(1))}}})
		w.ask.UserNew(ctx, api.UserNewInput{Body: api.UserNew{Name: clip(next(), 63), Role: "intern"}})
		w.ask.TokenNew(ctx, api.TokenNewInput{Body: api.TokenNew{Name: clip(next(), 63), Role: "intern"}})
		w.ask.TargetSet(ctx, api.TargetPutInput{Address: clip(next(), 60)})
		w.ask.DiscoveryStart(ctx, api.DiscoveryInput{Body: api.DiscoveryWish{Network: clip(next(), 60)}})
	}
	// Browsers say what they want of themselves, and people mistype.
	for i := range 4 {
		jar, _ := cookiejar.New(nil)
		name, pass := who, password
		if i > 1 {
			name, pass = clip(next(), 60), "not this one, surely"
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.base+"/sign-in", strings.NewReader(url.Values{"name": {name}, "password": {pass}}.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("User-Agent", strings.Map(func(c rune) rune {
			if c < ' ' || c > '~' {
				return -1
			}
			return c
		}, next()))
		resp, err := (&http.Client{Jar: jar}).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}

	shown := map[string]bool{}
	look := func(path string) {
		t.Helper()
		b.visit(path)
		if eval[bool](b, "document.querySelector('main').innerHTML.toLowerCase().includes('top.hurt')") {
			at, _, _ := strings.Cut(path, "?")
			shown[at] = true
		}
		if eval[bool](b, "top.hurt !== undefined") {
			t.Errorf("a name ran at %s", path)
		}
		if over := eval[int](b, "document.documentElement.scrollWidth - innerWidth"); over > 0 {
			t.Errorf("%s scrolls sideways by %d of %d", path, over, eval[int](b, "innerWidth"))
		}
		if !eval[bool](b, "!!document.querySelector('footer.foot') && getComputedStyle(document.querySelector('main')).display !== 'none'") {
			t.Errorf("%s is broken", path)
		}
	}
	b.width(1440)
	pages := b.follow(look, "/admin", "/admin/rules/D14", "/admin/rules/S01", "/admin/rules/O03")
	if len(pages) < 40 {
		t.Errorf("only %d pages were found: %q", len(pages), pages)
	}
	b.width(360)
	for _, path := range pages {
		look(path)
	}
	for _, path := range []string{"/admin/approvals", "/admin/audit", "/admin/enroll", "/admin/groups", "/admin/groups/one", "/admin/maintenance", "/admin/places", "/admin/places/one", "/admin/credentials",
		"/admin/credentials/one", "/admin/rules/D14"} {
		if !shown[path] {
			t.Errorf("%s shows no hostile name: it proves nothing", path)
		}
	}
	csv := eval[string](b, `(() => { const x = new XMLHttpRequest(); x.open('GET', '/api/v1/audit?format=csv', false); x.setRequestHeader('Accept', 'text/csv'); x.send(); return x.responseText; })()`)
	if !strings.Contains(csv, "maintenance-new") {
		t.Errorf("the audit as CSV: %.300s", csv)
	}
	for line := range strings.Lines(csv) {
		for cell := range strings.SplitSeq(line, ",") {
			if c := strings.Trim(cell, `"`); strings.HasPrefix(c, "=") || strings.HasPrefix(c, "@") {
				t.Errorf("a formula in CSV: %s", cell)
			}
		}
	}
	b.clean()
}

// follow looks at pages of administration and at all that they lead to, at
// most five of one kind.
func (b *tab) follow(look func(path string), from ...string) []string {
	b.t.Helper()
	kind := func(path string) string {
		path, _, _ = strings.Cut(path, "?")
		if rest, ok := strings.CutPrefix(path, "/admin/rules/"); ok && rest != "" {
			return "/admin/rules/{id}"
		}
		return path
	}
	var out []string
	seen, kinds := map[string]bool{}, map[string]int{}
	for wait := from; len(wait) > 0; {
		path := wait[0]
		if wait = wait[1:]; seen[path] || kinds[kind(path)] >= 5 {
			continue
		}
		seen[path] = true
		kinds[kind(path)]++
		out = append(out, path)
		look(path)
		for _, to := range eval[[]string](b, "[...document.querySelectorAll('a[href]')].map(a => a.getAttribute('href'))") {
			if to, _, _ = strings.Cut(to, "#"); strings.HasPrefix(to, "/admin") && !strings.Contains(to, "format=") {
				wait = append(wait, to)
			}
		}
	}
	return out
}
