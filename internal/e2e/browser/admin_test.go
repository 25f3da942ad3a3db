//go:build linux

package browser

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// TestAnAdministratorSetsUpTheOffice does what an office does first, by the
// pages: invite, add a site, say what gear answers to, add a subnet, a target
// and a way to people; and every page of administration is for everybody.
func TestAnAdministratorSetsUpTheOffice(t *testing.T) {
	w := open(t, office(plain))
	b := w.chromium(t)
	b.first()
	send := func(id string) chromedp.Action[chromedp.Void] {
		return script("document.querySelector('#" + id + "').form.requestSubmit()")
	}
	b.visit("/admin/enroll")
	b.see("No invitation is open")
	b.do(chromedp.SetValue("#invite-uses", "many"), send("invite-uses"), chromedp.WaitVisible("#invite-uses-bad"))
	b.do(chromedp.SetValue("#invite-uses", "5"), chromedp.SendKeys("#invite-note", "front desk"), send("invite-uses"), chromedp.WaitVisible("#made"))
	b.see("The invitation is ready")
	if text := eval[string](b, "document.querySelector('#made code').textContent"); !strings.Contains(text, "muster-agent.exe enroll") {
		t.Error(text)
	}
	b.visit("/admin/enroll")
	b.see("front desk")
	b.do(chromedp.Click(".rowacts button"), chromedp.WaitVisible(".sure"), chromedp.Click(".sure button"))
	b.see("The invitation is revoked.")
	b.visit("/admin/places")
	b.do(chromedp.Click("#site summary"), chromedp.WaitVisible("#site-name"), chromedp.SendKeys("#site-name", "Depot"), chromedp.SendKeys("#site-subnets", "10.9.0.0/16"), send("site-name"))
	b.see("The site Depot is there.")
	b.visit("/admin/credentials")
	b.do(chromedp.SendKeys("#credential-name", "office"), chromedp.SetValue("#credential-version", "2c"), chromedp.SendKeys("#credential-community", "look-only"), send("credential-name"))
	b.see("The credential office is kept.")
	b.visit("/admin/subnets")
	b.do(chromedp.SendKeys("#subnet-network", "127.77.0.0/30"), chromedp.SetValue("#subnet-every_seconds", "0"), chromedp.Click("#subnet input[name=credentials]"), chromedp.Click("#subnet-v2c"), send("subnet-network"))
	b.see("127.77.0.0/30 is added.")
	b.visit("/admin/targets")
	b.do(chromedp.Click("#target summary"), chromedp.WaitVisible("#target-address"), chromedp.SendKeys("#target-address", "127.77.0.1"), send("target-address"))
	b.see("127.77.0.1 is a target.")
	b.visit("/admin/channels")
	b.do(chromedp.SendKeys("#mail-name", "desk"), chromedp.SendKeys("#mail-to", "desk@example.org"), chromedp.SendKeys("#mail-from", "muster@example.org"), chromedp.SendKeys("#mail-host", "127.0.0.1"), chromedp.SetValue("#mail-port", "9"), send("mail-name"))
	b.see("The channel desk is kept.")
	b.do(chromedp.Click("#route summary"), chromedp.WaitVisible("#route-name"), chromedp.SendKeys("#route-name", "now"), send("route-name"))
	b.see("The route now is there.")
	b.do(chromedp.Click(".rowacts button"), chromedp.WaitVisible("#change, .askform .bad"))
	b.see("The test was not sent.")
	b.forEverybody([]string{"/admin", "/admin/enroll", "/admin/approvals", "/admin/places", "/admin/labels", "/admin/groups", "/admin/targets", "/admin/targets/one?address=127.77.0.1", "/admin/subnets",
		"/admin/discoveries", "/admin/credentials", "/admin/rules", "/admin/rules/D14", "/admin/maintenance", "/admin/channels", "/admin/routes/one?name=now", "/admin/summaries", "/admin/notices", "/admin/audit", "/admin/ca", "/admin/health"})
	b.clean()
}
