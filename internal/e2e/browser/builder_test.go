//go:build linux

package browser

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// TestASearchIsPutTogether builds one condition by keyboard, without knowing the
// language, and takes it out again; what stands in the box is kept.
func TestASearchIsPutTogether(t *testing.T) {
	w := open(t, office(plain))
	b := w.chromium(t)
	b.first()
	for _, width := range []int64{360, 900, 1440} {
		b.width(width)
		b.visit("/devices?q=kind:pc")
		b.do(chromedp.Focus(".build summary"), chromedp.KeyEvent("\r"), chromedp.WaitVisible("#b-field"))
		b.do(script("const s = document.querySelector('#b-field'); s.value = 'software'; s.dispatchEvent(new Event('change', { bubbles: true }))"), chromedp.WaitVisible("#b-value"))
		b.do(chromedp.SendKeys("#b-value", "Northwind Notes"), chromedp.Focus(".build__go button"), chromedp.KeyEvent("\r"), chromedp.WaitVisible(".build__parts li:nth-child(2)"))
		if q := eval[string](b, "document.querySelector('#q').value"); q != `kind:pc software:"Northwind Notes"` {
			t.Errorf("at %d: %s", width, q)
		}
		b.see("has the program Northwind Notes")
		b.do(chromedp.Click(".build__parts li:nth-child(2) a"), chromedp.WaitNotPresent(".build__parts li:nth-child(2)"))
		if q := eval[string](b, "document.querySelector('#q').value"); q != "kind:pc" {
			t.Errorf("at %d: %s", width, q)
		}
	}
	b.clean()
}
