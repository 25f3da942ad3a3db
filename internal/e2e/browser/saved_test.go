//go:build linux

package browser

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// TestAViewIsKept searches, chooses columns and an order, saves that for
// everybody, comes back to it, renames it and takes it away.
func TestAViewIsKept(t *testing.T) {
	w := open(t, office(plain))
	b := w.chromium(t)
	b.first()
	b.visit("/devices?q=kind:pc&cols=model,last_seen&sort=-last_seen")
	b.do(chromedp.Click(".kept details:last-child summary"), chromedp.WaitVisible("#keep-name"), chromedp.SendKeys("#keep-name", "Every PC"), chromedp.Click(".kept input[name=shared]"), script("document.querySelector('#keep-name').form.requestSubmit()"))
	b.see("Every PC")
	b.visit("/devices")
	b.do(chromedp.Click(".kept details summary"), chromedp.WaitVisible(".kept .drop__in a"), chromedp.Click(".kept .drop__in a"), chromedp.WaitVisible(".kept__now"))
	if at := eval[string](b, "location.search"); at != "?cols=model%2Clast_seen&q=kind%3Apc&sort=-last_seen" {
		t.Error(at)
	}
	// A statement, from the editor as it stands.
	b.visit("/sql?example=0")
	b.do(chromedp.SendKeys("#sql", " "), chromedp.Click(".sqlbox .kept__menu summary"), chromedp.WaitVisible("#keep-name"), chromedp.SendKeys("#keep-name", "By system"), chromedp.Click("#keep"), chromedp.WaitVisible(".kept__now"))
	b.see("By system")
	b.forEverybody([]string{"/devices/saved", "/sql/saved", "/sql?saved=2", "/devices?q=kind:pc&cols=model,last_seen&sort=-last_seen"})
	b.visit("/devices/saved")
	b.see("1 saved search")
	b.do(chromedp.Click(".keptlist summary"), chromedp.WaitVisible(".keptlist .usa-input"), chromedp.SetValue(".keptlist .usa-input", "All of them"), script("document.querySelector('.keptlist .usa-input').form.requestSubmit()"))
	b.see("All of them")
	b.do(chromedp.Click(".keptlist summary"), chromedp.WaitVisible(".keptlist__gone button"), chromedp.Click(".keptlist__gone button"))
	b.see("No search is saved yet")
	b.clean()
}
