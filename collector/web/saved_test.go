package web

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// page reads a page.
func (w *world) page(resp *http.Response) string {
	w.t.Helper()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(b)
}

func TestSavingASearch(t *testing.T) {
	w := newWorld(t)
	staff, intern := w.signedIn("staff"), w.signedIn("intern")
	view := url.Values{"text": {"kind:pc"}, "cols": {"model,last_seen"}, "sort": {"-last_seen"}, "name": {"Our <b>PCs</b>"}, "shared": {"1"}}
	resp := w.post(staff, "/devices/saved", view)
	to := resp.Header.Get("Location")
	if resp.StatusCode != http.StatusSeeOther || to != "/devices?cols=model%2Clast_seen&q=kind%3Apc&sort=-last_seen" {
		t.Fatalf("%s to %s", resp.Status, to)
	}
	body := w.page(w.get(staff, to))
	if !strings.Contains(body, `<b>Our &lt;b&gt;PCs&lt;/b&gt;</b>`) || strings.Contains(body, "<b>PCs</b>") {
		t.Error("the view does not say under which name it is saved, escaped")
	}
	body = w.page(w.get(intern, "/devices"))
	if !strings.Contains(body, "by staff") || !strings.Contains(body, "q=kind%3Apc") {
		t.Error("others do not see the shared search and whose it is")
	}
	if body = w.page(w.get(intern, "/devices/saved")); !strings.Contains(body, "Shared by staff") || strings.Contains(body, "Delete") {
		t.Error("others may change it")
	}
	if resp := w.post(intern, "/devices/saved/1", url.Values{"act": {"delete"}}); resp.StatusCode != http.StatusForbidden && resp.StatusCode != http.StatusOK {
		t.Error(resp.Status)
	}
	if !strings.Contains(w.page(w.get(staff, "/devices/saved")), "Our &lt;b&gt;PCs") {
		t.Fatal("somebody else deleted it")
	}
	t.Run("a name that is taken keeps the input, and can take its place", func(t *testing.T) {
		view.Set("text", "kind:server")
		resp := w.post(staff, "/devices/saved", view)
		body := w.page(resp)
		if resp.StatusCode != http.StatusConflict || !strings.Contains(body, "already") || !strings.Contains(body, `value="kind:server"`) || !strings.Contains(body, `name="replace"`) {
			t.Fatalf("%s\n%s", resp.Status, body)
		}
		view.Set("replace", "1")
		if resp := w.post(staff, "/devices/saved", view); resp.StatusCode != http.StatusSeeOther {
			t.Error(resp.Status)
		}
		if body := w.page(w.get(staff, "/devices/saved")); !strings.Contains(body, "kind:server") || strings.Contains(body, "kind:pc<") {
			t.Error("it was not replaced")
		}
	})
	t.Run("renamed, not shared any more, deleted", func(t *testing.T) {
		if resp := w.post(staff, "/devices/saved/1", url.Values{"name": {"Mine"}}); resp.StatusCode != http.StatusSeeOther {
			t.Error(resp.Status)
		}
		if body := w.page(w.get(intern, "/devices/saved")); strings.Contains(body, "Mine") || !strings.Contains(body, "No search is saved yet") {
			t.Error("others still see it")
		}
		resp := w.post(staff, "/devices/saved/1", url.Values{"name": {"17"}})
		if body := w.page(resp); resp.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(body, "is a number") || !strings.Contains(body, `value="17"`) {
			t.Error(resp.Status)
		}
		if resp := w.post(staff, "/devices/saved/1", url.Values{"act": {"delete"}}); resp.StatusCode != http.StatusSeeOther {
			t.Error(resp.Status)
		}
		if body := w.page(w.get(staff, "/devices/saved")); strings.Contains(body, "Mine") {
			t.Error("it is still there")
		}
	})
}

func TestSavingAStatement(t *testing.T) {
	w := newWorld(t)
	staff, admin := w.signedIn("staff"), w.signedIn("admin")
	resp := w.post(staff, "/sql/saved", url.Values{"sql": {"SELECT 1\r\nAS one"}, "name": {"One"}, "shared": {"1"}})
	if to := resp.Header.Get("Location"); resp.StatusCode != http.StatusSeeOther || to != "/sql?saved=1" {
		t.Fatalf("%s to %s", resp.Status, to)
	}
	body := w.page(w.get(admin, "/sql?saved=1"))
	if !strings.Contains(body, "AS one</textarea>") || !strings.Contains(body, "shared by staff") {
		t.Error("the editor has another statement")
	}
	if resp := w.get(admin, "/sql?saved=9"); resp.StatusCode != http.StatusNotFound {
		t.Error(resp.Status)
	}
	if resp := w.post(staff, "/sql/saved", url.Values{"sql": {" "}, "name": {"None"}}); resp.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(w.page(resp), "empty") {
		t.Error(resp.Status)
	}
}
