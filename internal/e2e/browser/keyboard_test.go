//go:build linux

package browser

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// The keys that have no letter.
const (
	tabKey   = "\t"
	enterKey = "\r"
	escKey   = "\u001b"
)

func (b *tab) press(keys ...string) {
	b.t.Helper()
	for _, k := range keys {
		b.do(chromedp.KeyEvent(k))
	}
}

// ring tells what has the focus, and whether that can be seen: something about
// it, about its label or about the box around it looks otherwise than without.
const ring = `(() => {
  const el = document.activeElement;
  if (!el || el === document.body || el === document.documentElement) return {name: '', seen: false, box: false};
  const parts = [el, ...(el.labels ?? []), el.parentElement, el.parentElement?.parentElement].filter(Boolean);
  const look = () => parts.flatMap(p => [null, '::before', '::after'].map(x => {
    const s = getComputedStyle(p, x);
    return [s.outlineStyle === 'none' ? '' : s.outlineStyle + s.outlineWidth + s.outlineColor, s.boxShadow, s.borderColor, s.backgroundColor].join();
  })).join('|');
  const r = el.getBoundingClientRect(), on = look();
  el.blur();
  const off = look();
  el.focus();
  const name = (el.id ? '#' + el.id + ' ' : '') + el.tagName.toLowerCase() + ' ' + (el.getAttribute('aria-label') ?? el.textContent ?? '').trim().slice(0, 40);
  return {name, seen: on !== off, box: r.width > 0 && r.height > 0};
})()`

type ringed struct {
	Name string `json:"name"`
	Seen bool   `json:"seen"`
	Box  bool   `json:"box"`
}

// focus is what has the focus, which must be something and be seen.
func (b *tab) focus(when string) string {
	b.t.Helper()
	r := eval[ringed](b, ring)
	switch {
	case r.Name == "":
		b.t.Errorf("%s: nothing has the focus", when)
	case !r.Seen || !r.Box:
		b.t.Errorf("%s: the focus on %s cannot be seen", when, r.Name)
	}
	return r.Name
}

// on says whether the focus is on what a selector finds.
func (b *tab) on(selector string) bool {
	b.t.Helper()
	return eval[bool](b, fmt.Sprintf("document.activeElement?.matches(%q) ?? false", selector))
}

// tabTo goes on by Tab until the focus is on what a selector finds, and holds that
// it is seen at every stop.
func (b *tab) tabTo(selector string) {
	b.t.Helper()
	for range 150 {
		b.press(tabKey)
		if b.on(selector) {
			b.focus("at " + selector)
			return
		}
		if !b.on("body") {
			b.focus("on the way to " + selector)
		}
	}
	b.t.Fatalf("%s cannot be reached by Tab at %s", selector, eval[string](b, "location.pathname"))
}

// until waits for something to be so.
func (b *tab) until(so string) {
	b.t.Helper()
	for range 300 {
		if eval[bool](b, so) {
			return
		}
		b.do(chromedp.Sleep(100 * time.Millisecond))
	}
	b.t.Fatalf("in vain waited for %s at %s", so, eval[string](b, "location.href"))
}

// settled waits until a request of the page is over and the focus has its place.
func (b *tab) settled(text string) {
	b.t.Helper()
	b.see(text)
	b.until("!document.querySelector('.htmx-request,.htmx-swapping,.htmx-settling,.htmx-added')")
}

// TestAllByKeyboard works an incident from the home page to its end without a
// mouse. The focus is seen at every stop, and no act loses it.
func TestAllByKeyboard(t *testing.T) {
	w := open(t, office(plain))
	b := w.chromium(t)
	b.first()
	b.visit("/")
	b.see("2 incidents need someone today")
	// The help, and the box to search.
	b.press("?")
	b.see("Next and previous row")
	b.focus("in the help")
	b.press(escKey)
	b.until("!document.querySelector('dialog[open]') && !document.activeElement?.closest('dialog')") // the browser takes the focus out in its own time
	b.press("/")
	b.until("document.activeElement?.id === 'find'")
	// Every stop of the page, once around.
	b.do(script("document.activeElement.blur(); window.scrollTo(0, 0)"))
	b.visit("/")
	stops := 0
	for range 200 {
		b.press(tabKey)
		if b.on("body") || stops > 0 && b.on(".usa-skipnav") {
			break
		}
		stops++
		b.focus(fmt.Sprintf("stop %d of the home page", stops))
	}
	if stops < 20 {
		t.Errorf("the home page has %d stops", stops)
	}
	// A row claimed in place: the focus stays with it.
	b.visit("/")
	b.press("j", "j", "c")
	b.settled("You\nsince")
	if !b.on("[data-row] a") {
		t.Errorf("after a claim in the list the focus is on %s", b.focus("after a claim in the list"))
	}
	b.visit("/")
	b.tabTo(".inc__own button")
	b.press(enterKey)
	b.until("!document.querySelector('.inc--today .inc__own button')")
	b.settled("You\nsince")
	if !b.on("[data-row] a") {
		t.Errorf("after the button of a claim the focus is on %s", b.focus("after the button of a claim"))
	}
	b.press(enterKey)
	b.do(chromedp.WaitVisible(".case"))
	// Open it by the row, and claim one by its key.
	b.visit("/?show=unclaimed")
	b.press("j", enterKey)
	b.do(chromedp.WaitVisible(".case"))
	b.press("c")
	b.settled("Claimed by you")
	b.focus("after a claim")
	// A note.
	b.press("n")
	b.until("document.activeElement?.id === 'n-text'")
	b.do(script("document.activeElement.value = ''")) // the browser of a test types what a handler took
	b.press("asked the user", tabKey)
	b.focus("after the note's text")
	b.press(enterKey)
	b.settled("wrote: “asked the user”")
	b.focus("after a note")
	// A check.
	b.tabTo("#c1")
	b.press("as it should be", tabKey, enterKey)
	b.settled("1 of 3 done")
	b.focus("after a check")
	if !eval[bool](b, "document.querySelector('.checks > li').contains(document.activeElement)") {
		t.Error("after a check the focus is not with it")
	}
	b.press(enterKey) // taken back
	b.settled("0 of 3 done")
	b.focus("after a check was taken back")
	// The form to escalate closes by Esc, and the focus goes back.
	b.visit(strings.TrimPrefix(eval[string](b, "location.href"), w.base))
	b.tabTo(".acts details:first-of-type summary")
	b.press(enterKey)
	b.until("document.activeElement.id === 'e-to'")
	b.press(escKey)
	b.until("document.activeElement?.matches('.acts summary')")
	// Each form has its key.
	for key, at := range map[string]string{"e": "e-to", "r": "u-yes", "s": "s-until"} {
		b.press(escKey)
		b.do(script("document.activeElement.blur()"))
		b.press(key)
		b.until("document.activeElement?.id === '" + at + "' && document.querySelectorAll('.acts details[open]').length === 1")
		b.focus("after " + key)
		b.press(escKey)
		b.until("document.activeElement?.matches('.acts summary')")
	}
	// Resolved.
	b.do(script("document.activeElement.blur()"))
	b.tabTo(".acts details:nth-of-type(2) summary")
	b.press(enterKey)
	b.until("document.activeElement.id === 'u-yes'")
	b.focus("in the form to resolve")
	b.press(" ")
	b.tabTo("#r-text")
	b.press("moved to the server", tabKey, enterKey)
	b.settled("resolved it: “moved to the server”")
	b.focus("after resolving")
	b.clean()
}
