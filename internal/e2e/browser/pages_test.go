//go:build linux

package browser

import (
	"context"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// script runs one on the page.
func script(text string) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
		_, err := chromedp.Run(ctx, chromedp.Evaluate[any]("(() => {"+text+"; return 0})()"))
		return err
	})
}

// addresses are the pages there are, by what they are about.
func addresses() []string {
	pc := "/devices/" + string(id(0))
	return []string{
		"/", "/?show=mine", "/incidents", "/incidents?what=resolved", "/incidents/1",
		"/devices", "/devices?q=nothing-is-called-so", "/devices?q=ram<<", "/devices/words", "/devices?q=kind:pc+ram<32GB&field=ram", "/devices?field=&q=kind:pc", pc, pc + "?section=software", pc + "/compare", pc + "/settings", pc + "/compare?with=" + string(id(1)),
		"/fleet", "/fleet/upgrade", "/fleet/replacement", "/fleet/quality", "/fleet/reports",
		"/nowhere",
	}
}

// TestNobodyIsLockedOut holds every page to WCAG 2.1 A and AA by axe-core, in
// both themes and at three widths, and that none scrolls sideways.
func TestNobodyIsLockedOut(t *testing.T) {
	w := open(t, office(plain))
	b := w.chromium(t)
	b.first()
	b.forEverybody(addresses())
	b.clean()
}

// TestAnInternWorksAnIncident does what an intern does in the morning, by
// keyboard and by mouse.
func TestAnInternWorksAnIncident(t *testing.T) {
	w := open(t, office(plain))
	b := w.chromium(t)
	b.first()
	b.visit("/")
	b.see("2 incidents need someone today")
	b.see("The other 34 of 40 devices look fine.")
	// The first row by keyboard, and claimed in place.
	b.do(chromedp.KeyEvent("j"), chromedp.KeyEvent("c"))
	b.see("You\nsince")
	b.do(chromedp.Click("article.inc h3 a"), chromedp.WaitVisible(".case"))
	b.see("Claimed by you")
	b.see("First checks")
	// The first check, with what came out.
	b.do(chromedp.SendKeys("#c1", "20 GB of old videos"), chromedp.Click("form.checkform button[value=bad]"))
	b.see("something is wrong. 20 GB of old videos")
	b.see("1 of 3 done")
	// A note, by its key.
	b.do(script("document.activeElement.blur()"), chromedp.KeyEvent("n"), chromedp.WaitVisible("#n-text"), chromedp.SetValue("#n-text", "asked the user to move them"), script("document.querySelector('#n-text').form.requestSubmit()"))
	b.see("wrote: “asked the user to move them”")
	// Resolved, and said what it was worth.
	b.do(script("document.querySelector('#r-text').closest('details').open = true"), chromedp.Click("label[for=u-yes]"), chromedp.SendKeys("#r-text", "moved to the server"), script("document.querySelector('#r-text').form.requestSubmit()"))
	b.see("Resolved")
	b.see("resolved it: “moved to the server”")
	b.visit("/")
	b.see("1 incident needs someone today")
	b.clean()
}

// TestSomebodyFindsAMachine goes from a half remembered name to the machine, and
// hands the list to a colleague.
func TestSomebodyFindsAMachine(t *testing.T) {
	w := open(t, office(plain))
	b := w.chromium(t)
	b.first()
	b.do(chromedp.SendKeys("#find", "CH-FRONT-07\r"), chromedp.WaitVisible(".dh"))
	b.see("Norrland Desk 5040")
	b.see("NL00007")
	b.visit("/devices")
	b.do(chromedp.SendKeys("#q", "software:"))
	b.do(chromedp.SendKeys("#q", `"Northwind Notes"<22`))
	b.see("In words: has the program Northwind Notes in a version before 22")
	b.do(chromedp.SendKeys("#q", "\r"), chromedp.WaitVisible("table.t--dev"))
	b.see("16 devices of 40")
	if href := eval[string](b, `[...document.querySelectorAll('.tools a')].find(a => a.textContent.includes('CSV')).href`); !strings.Contains(href, "format=csv") {
		t.Error(href)
	}
	csv := eval[string](b, `(() => { const x = new XMLHttpRequest(); x.open('GET', [...document.querySelectorAll('.tools a')].find(a => a.textContent.includes('CSV')).href, false); x.send(); return x.responseText; })()`)
	if n := strings.Count(strings.TrimSpace(csv), "\n"); n != 16 || !strings.Contains(csv, "CH-FRONT-00") {
		t.Errorf("%d lines:\n%s", n, csv)
	}
	// Many at once, shown first, and taken back.
	b.do(chromedp.Click("[data-all]"), chromedp.SetValue("#b-act", "label"), chromedp.SetValue("#b-val", "old-notes"), chromedp.Click(".bulk button[type=submit]"))
	b.see("Put the label old-notes on 16 devices?")
	b.do(chromedp.Click("main form button[type=submit]"))
	b.see("16 devices were changed.")
	b.do(chromedp.Click("main form button[type=submit]"))
	b.see("Take the label old-notes off 16 devices: done")
	b.clean()
}

// TestWithoutScripts works an incident in a browser that runs none.
func TestWithoutScripts(t *testing.T) {
	w := open(t, office(plain))
	b := w.chromium(t)
	if _, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}); err != nil {
		t.Fatal(err)
	}
	b.first()
	b.visit("/")
	b.do(chromedp.Click("article.inc .inc__own button"), chromedp.WaitVisible("nav.nav"))
	b.see("You\nsince")
	b.do(chromedp.Click("article.inc h3 a"), chromedp.WaitVisible(".case"))
	b.do(chromedp.Click("form.checkform button[value=good]"), chromedp.WaitVisible(".case"))
	b.see("1 of 3 done")
	b.visit("/devices?q=CH-FRONT-07")
	b.do(chromedp.Click("table.t--dev th.dev a"), chromedp.WaitVisible(".dh"))
	b.see("NL00007")
	for _, path := range addresses() {
		b.visit(path)
		if n := eval[int](b, "document.querySelectorAll('h1').length"); n != 1 {
			t.Errorf("%s has %d titles", path, n)
		}
		if title := eval[string](b, "document.title"); !strings.HasSuffix(title, "Muster") {
			t.Errorf("%s is called %q", path, title)
		}
	}
	b.clean()
}
