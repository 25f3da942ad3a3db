package web

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"muster/collector/account"
	"muster/collector/api"
	"muster/collector/store"
)

// says fails the test when a page does not answer so, or does not say it.
func (w *world) says(resp *http.Response, status int, texts ...string) string {
	w.t.Helper()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	if resp.StatusCode != status {
		w.t.Errorf("%s %s: %s, not %d", resp.Request.Method, resp.Request.URL, resp.Status, status)
	}
	for _, x := range texts {
		if !strings.Contains(string(body), x) {
			w.t.Errorf("%s %s does not say %q", resp.Request.Method, resp.Request.URL, x)
		}
	}
	return string(body)
}

// lands posts a form that is taken, and gives the page that it leads to.
func (w *world) lands(b *http.Client, path string, f url.Values, texts ...string) string {
	w.t.Helper()
	resp := w.post(b, path, f)
	if resp.StatusCode != http.StatusSeeOther {
		body, _ := io.ReadAll(resp.Body)
		w.t.Fatalf("POST %s: %s\n%.3000s", path, resp.Status, body)
	}
	return w.says(w.get(b, resp.Header.Get("Location")), http.StatusOK, texts...)
}

func TestAdministrationListsWhatOneMayOpen(t *testing.T) {
	w := newWorld(t)
	page := w.says(w.get(w.signedIn("staff"), "/admin"), http.StatusOK, "Agent settings", `href="/admin/places"`)
	for _, p := range adminPages() {
		if shown := strings.Contains(page, `href="`+p.Path+`"`); shown != (p.Right == "manage") {
			t.Errorf("staff sees %s: %v", p.Path, shown)
		}
	}
	admin := w.signedIn("admin")
	for _, p := range adminPages() {
		resp := w.get(admin, p.Path)
		if resp.StatusCode != http.StatusOK && resp.StatusCode != http.StatusNotImplemented {
			t.Errorf("%s: %s", p.Path, resp.Status)
		}
	}
	if body := w.says(w.get(w.signedIn("intern"), "/"), http.StatusOK); strings.Contains(body, `href="/admin"`) {
		t.Error("an intern is led to administration")
	}
}

func TestAgenciesAndSites(t *testing.T) {
	w := newWorld(t)
	b := w.signedIn("staff")
	w.says(w.get(b, "/admin/places"), http.StatusOK, "1 site of 1 agency", "City Hall")
	// What is wrong stands under its field, and what was written stays.
	w.says(w.post(b, "/admin/places", url.Values{"do": {"agency-new"}, "name": {""}}), http.StatusUnprocessableEntity, `id="agency-name-bad"`, "This is needed.")
	w.says(w.post(b, "/admin/places", url.Values{"do": {"site-new"}, "agency": {"Parks"}, "name": {"Depot <9>"}, "subnets": {"10.1.0.0/99"}}), http.StatusUnprocessableEntity,
		`aria-invalid="true"`, "is no network", "Depot &lt;9&gt;", "10.1.0.0/99")
	w.lands(b, "/admin/places", url.Values{"do": {"agency-new"}, "name": {"Roads"}}, "The agency Roads is there.")
	w.lands(b, "/admin/places", url.Values{"do": {"site-new"}, "agency": {"Roads"}, "name": {"Depot"}, "subnets": {"10.1.0.0/16\n10.2.0.0/16"}}, "2 sites of 2 agencies", "10.1.0.0/16, 10.2.0.0/16")
	one := placeAt("Roads", "Depot")
	w.says(w.get(b, one), http.StatusOK, "Depot has 0 devices")
	w.lands(b, one, url.Values{"name": {"Yard"}, "subnets": {"10.3.0.0/16"}}, "Yard is kept.", "10.3.0.0/16")
	// Deleting asks first, and keeps what was sent for the second time.
	yard := placeAt("Roads", "Yard")
	w.says(w.post(b, yard, url.Values{"do": {"delete"}}), http.StatusOK, "Delete Yard?", `name="do" value="delete"`, `name="sure"`)
	w.says(w.get(b, "/admin/places"), http.StatusOK, "Yard")
	if page := w.lands(b, yard, url.Values{"do": {"delete"}, "sure": {"1"}}, "Yard is deleted.", "1 site of 2 agencies"); strings.Contains(page, ">Yard<") {
		t.Error("it is still there")
	}
	w.says(w.post(b, placeAt("Parks", ""), url.Values{"do": {"delete"}, "sure": {"1"}}), http.StatusConflict)
}

func TestLabelsAndGroups(t *testing.T) {
	w := newWorld(t)
	b := w.signedIn("staff")
	w.says(w.get(b, "/admin/labels"), http.StatusOK, "No device has a label")
	if _, err := w.o.API.As(account.Actor{Name: "x", Role: account.Admin, Scope: store.Scope{All: true}}, "").LabelAdd(t.Context(), api.LabelInput{Label: "kiosk", Body: api.LabelTargets{Devices: []string{device}}}); err != nil {
		t.Fatal(err)
	}
	w.says(w.get(b, "/admin/labels"), http.StatusOK, "1 label is in use", "kiosk")
	w.lands(b, "/admin/labels", url.Values{"do": {"ask"}, "label": {"kiosk"}}, "New name of kiosk")
	w.says(w.post(b, "/admin/labels", url.Values{"do": {"rename"}, "label": {"kiosk"}, "name": {"a b c !"}}), http.StatusUnprocessableEntity, `role="alert"`, "a b c !")
	w.lands(b, "/admin/labels", url.Values{"do": {"rename"}, "label": {"kiosk"}, "name": {"lobby"}}, "The label is lobby now, on 1 device.")

	w.says(w.get(b, "/admin/groups"), http.StatusOK, "All agents gather alike")
	f := url.Values{"name": {"lobby"}, "filter": {"label:lobby"}, "sample_seconds": {"300"}, "off": {"software_usage"}, "cadence": {"software 6h"}}
	w.says(w.post(b, "/admin/groups", f), http.StatusUnprocessableEntity, "write it as software=6h", "label:lobby")
	f.Set("cadence", "software=6h")
	w.lands(b, "/admin/groups", f, "1 group has settings of its own", "Numbers every 5m; without software_usage; software every 6h.")
	w.says(w.post(b, "/admin/groups", f), http.StatusUnprocessableEntity, "There is a group of this name")
	w.says(w.get(b, groupAt("lobby")), http.StatusOK, "lobby has 1 device", "software=6h", "front-1")
	f.Set("filter", "label<<")
	w.says(w.post(b, groupAt("lobby"), f), http.StatusUnprocessableEntity, `id="change-filter-bad"`, "label&lt;&lt;")
	w.lands(b, groupAt("lobby"), url.Values{"do": {"delete"}, "sure": {"1"}}, "All agents gather alike")
	w.lands(b, "/admin/labels", url.Values{"do": {"delete"}, "label": {"lobby"}, "sure": {"1"}}, "No device has a label")
}

func TestTheAuditIsAsked(t *testing.T) {
	w := newWorld(t)
	b := w.signedIn("admin")
	w.lands(b, "/admin/places", url.Values{"do": {"agency-new"}, "name": {"Roads & Ways"}}, "The agency Roads &amp; Ways is there.")
	w.says(w.get(b, "/admin/audit?actor=admin&action=agency-*"), http.StatusOK, "1 act", "agency-new", "Roads &amp; Ways", "format=csv")
	w.says(w.get(b, "/admin/audit?actor=staff&action=agency-new"), http.StatusOK, "Nothing of that kind was done")
	w.says(w.get(b, "/admin/audit?from=yesterday-ish"), http.StatusUnprocessableEntity, `id="ask-from-bad"`, "yesterday-ish")
	w.lands(b, "/admin/audit", url.Values{"do": {"verify"}}, "The chain is whole")
}

func TestTheCollectorTellsOfItself(t *testing.T) {
	w := newWorld(t)
	b := w.signedIn("admin")
	w.says(w.get(b, "/admin/health"), http.StatusOK, "What was looked at", "No backup was made", "Series")
	w.says(w.post(b, "/admin/health", url.Values{"do": {"drop"}, "number": {"7"}}), http.StatusOK, "Drop this record?")
	w.says(w.post(b, "/admin/health", url.Values{"do": {"drop"}, "number": {"x"}}), http.StatusUnprocessableEntity)
	w.says(w.get(w.signedIn("staff"), "/admin/about"), http.StatusOK, "htmx.org", "0BSD")
	w.says(w.get(w.signedIn("staff"), "/admin/audit"), http.StatusForbidden)
}

func TestMaintenanceIsPlanned(t *testing.T) {
	w := newWorld(t)
	b := w.signedIn("staff")
	w.says(w.get(b, "/admin/maintenance"), http.StatusOK, "No maintenance is planned")
	f := url.Values{"do": {"new"}, "name": {"Reboots"}, "to": {""}, "days": {}, "start": {"22:00"}}
	w.says(w.post(b, "/admin/maintenance", f), http.StatusUnprocessableEntity, `id="maintenance-days-bad"`, "Reboots")
	f["days"] = []string{"sun", "wed"}
	w.says(w.post(b, "/admin/maintenance", f), http.StatusUnprocessableEntity, `id="maintenance-minutes-bad"`, `value="wed" checked`)
	f.Set("minutes", "90")
	w.lands(b, "/admin/maintenance", f, "Reboots is there, for 1 device.", "at 22:00")
	w.lands(b, "/admin/maintenance", url.Values{"do": {"new"}, "name": {"Switch"}, "to": {"4h"}}, "1 time of maintenance holds now")
	w.lands(b, "/admin/maintenance", url.Values{"do": {"delete"}, "id": {"2"}, "sure": {"1"}}, "No maintenance now, 1 is planned")
}

// TestSecretsAreNeverShownAgain holds forms that were not taken.
func TestSecretsAreNeverShownAgain(t *testing.T) {
	for _, f := range []*form{credentialForm(""), channelForm("mail", ""), channelForm("webhook", "")} {
		for _, x := range f.Fields {
			x.Value = "hidden-value"
		}
		w := newWorld(t)
		var b strings.Builder
		if err := w.looks["en-US"]["admin-page"].ExecuteTemplate(&b, "form", f.named()); err != nil {
			t.Fatal(err)
		}
		for part := range strings.SplitSeq(b.String(), "<input") {
			if strings.Contains(part, `type="password"`) && strings.Contains(part[:strings.Index(part, ">")], "hidden-value") {
				t.Errorf("%s shows a secret: %s", f.ID, part)
			}
		}
		if strings.Count(b.String(), `type="password"`) == 0 {
			t.Errorf("%s asks for no secret", f.ID)
		}
	}
}

func TestFormsOfChannelsAndRoutes(t *testing.T) {
	f := channelForm("mail", "desk")
	f.set("to", "a@example.org\nb@example.org").set("host", "mail.example.org").set("port", "25").set("secret_password", "s3cret")
	in := f.channel("mail", map[string]any{"helo": "kept", "user": "gone", "port": 587})
	if in.Settings["helo"] != "kept" || in.Settings["port"] != 25 || in.Settings["user"] != nil || len(in.Settings["to"].([]string)) != 2 || string(in.Secrets["password"]) != "s3cret" || in.Settings["secret_password"] != nil {
		t.Errorf("%+v", in)
	}
	was := api.RoutePut{Rules: []string{"D14"}, Rate: 3, Hours: &api.RouteHours{Zone: "UTC"}, Digest: &api.RouteDigest{At: "07:00", Empty: true}}
	r := routeForm("x", nil).set("channel", "desk").set("from", "08:00").set("to", "17:00").set("digest", "07:30")
	out := r.route(was)
	if out.Rate != 3 || len(out.Rules) != 1 || out.Hours.Zone != "UTC" || out.Hours.From != "08:00" || out.Digest.At != "07:30" || !out.Digest.Empty || was.Digest.At != "07:00" {
		t.Errorf("%+v", out)
	}
	if r.set("digest", ""); r.route(was).Digest != nil {
		t.Error("a summary that was taken away is still there")
	}
}
