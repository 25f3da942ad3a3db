package web

import (
	"net/http"
	"strings"
	"testing"
)

// TestPuttingASearchTogether goes through the builder as a browser without
// scripts does: field, comparison, value; and takes a condition out.
func TestPuttingASearchTogether(t *testing.T) {
	w := newWorld(t)
	b := w.signedIn("intern")
	body := w.page(w.get(b, "/devices?q=kind%3Apc&sort=name&field=site"))
	for _, want := range []string{`<details class="build__more" open>`, `<option value="-:">does not contain</option>`, `<option value="Parks/City Hall"></option>`, "Take out: kind is pc"} {
		if !strings.Contains(body, want) {
			t.Errorf("%s is missing", want)
		}
	}
	if strings.Contains(body, `value="owner"`) {
		t.Error("a field of persons is offered to somebody who may not see them")
	}
	resp := w.get(b, "/devices?q=kind%3Apc&sort=name&field=site&how=%3D&value=City+Hall&add=1")
	if to := resp.Header.Get("Location"); resp.StatusCode != http.StatusSeeOther || to != "/devices?q=kind%3Apc+site%3D%22City+Hall%22&sort=name" {
		t.Errorf("%s to %s", resp.Status, to)
	}
	resp = w.get(b, "/devices?q=kind%3Apc&field=ram&how=%3C&value=lots&add=1")
	if body = w.page(resp); resp.StatusCode != http.StatusOK || !strings.Contains(body, `value="lots"`) || !strings.Contains(body, `aria-invalid="true"`) {
		t.Errorf("%s: a value that does not fit is not said beside the field", resp.Status)
	}
	// Programs take a version too.
	if body = w.page(w.get(b, "/devices?field=software")); !strings.Contains(body, `id="b-second" name="second"`) || !strings.Contains(body, `<option value=":&lt;">has, in a version before</option>`) {
		t.Error("a version cannot be asked for")
	}
	resp = w.get(b, "/devices?field=software&how=%3A%3C&value=Adobe+Reader&second=23&add=1")
	if to := resp.Header.Get("Location"); to != "/devices?q=software%3A%22Adobe+Reader%22%3C23" {
		t.Errorf("%s to %s", resp.Status, to)
	}
	resp = w.get(b, "/devices?field=software&how=%3A%3C&value=Adobe+Reader&add=1")
	if body = w.page(resp); resp.StatusCode != http.StatusOK || !strings.Contains(body, "The version is missing") {
		t.Errorf("%s: a missing version is not said", resp.Status)
	}
	// Another field than the comparison was for: one chooses again.
	if resp = w.get(b, "/devices?field=ram&how=~&value=8GB&add=1"); resp.StatusCode != http.StatusOK || !strings.Contains(w.page(resp), `<option value="&lt;">less than</option>`) {
		t.Error(resp.Status)
	}
	if resp = w.get(b, "/devices?field=nonsense"); resp.StatusCode != http.StatusOK || !strings.Contains(w.page(resp), "nonsense") {
		t.Error(resp.Status)
	}
}
