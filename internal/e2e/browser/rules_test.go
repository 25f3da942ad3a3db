//go:build linux

package browser

import (
	"testing"

	"github.com/chromedp/chromedp"
)

// TestAnAdministratorSetsARule does it as one would: finds the rule, errs, tries,
// sets, and takes it back, all by the page.
func TestAnAdministratorSetsARule(t *testing.T) {
	w := open(t, office(plain))
	b := w.chromium(t)
	b.first()
	send := func() chromedp.Action[chromedp.Void] {
		return script("document.querySelector('#set-on').form.requestSubmit()")
	}
	b.visit("/admin/rules")
	b.do(chromedp.Click(`a[href="/admin/rules/S01"]`), chromedp.WaitVisible("#set-limit_full"))
	b.do(chromedp.SetValue("#set-limit_full", "9"), send(), chromedp.WaitVisible("#set-limit_full-bad"))
	b.see("50 to 99 is expected (percent); the files say 90")
	b.forEverybody([]string{"/admin/rules/S01"})
	b.visit("/admin/rules/S01")
	b.do(chromedp.SetValue("#set-limit_full", "85"), chromedp.Click("#set-try"), send(), chromedp.WaitVisible("#past"))
	b.see("It would have fired")
	b.do(chromedp.Click("#set-try"), chromedp.SendKeys("#set-reason", "Small disks"), send())
	b.see("The rule is set, and counts from now on.")
	b.see("before it was set: 90")
	b.forEverybody([]string{"/admin/rules", "/admin/rules/S01"})
	b.visit("/admin/rules/S01")
	b.do(chromedp.SetValue("#set-on", "off"), send())
	b.see("switched off")
	b.do(chromedp.Click(`form[action="/admin/rules/S01/set"] button.usa-button--outline`), chromedp.WaitVisible(".sure"), chromedp.Click(".sure button"))
	b.see("The rule is as it was before anybody set it.")
	b.clean()
}
