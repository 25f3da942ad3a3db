//go:build linux

package browser

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// mainPages are those that people have open all day.
func mainPages() []string {
	pc := "/devices/" + string(id(0))
	return []string{"/", "/incidents", "/incidents/1", "/devices", pc, pc + "/compare?with=" + string(id(1)), "/network", "/network/topology", "/software", "/software/Northwind%20Notes", "/fleet", "/fleet/upgrade", "/fleet/reports", "/sql", "/admin/users", "/account"}
}

// cut tells of texts that end before they are over where nobody can scroll to
// their rest: in a box that hides what does not fit.
const cut = `[...document.querySelectorAll('main *, header *')].filter(el => {
  const s = getComputedStyle(el), r = el.getBoundingClientRect();
  if (r.width < 2 || r.height < 2 || s.visibility === 'hidden' || el.closest('.sr, svg, dialog, [hidden], .qbox__edit')) return false;
  if (!/hidden|clip/.test(s.overflowX) || el.childElementCount === 0 && el.textContent.trim() === '') return false;
  return el.scrollWidth > el.clientWidth + 2 && s.textOverflow !== 'ellipsis';
}).map(el => el.tagName.toLowerCase() + '.' + el.className + ' ' + el.textContent.trim().slice(0, 40)).slice(0, 5).join('; ')`

// out tells of what stands beside the window, where no box scrolls to it.
const out = `[...document.querySelectorAll('main *, header *')].filter(el => {
  const r = el.getBoundingClientRect(), s = getComputedStyle(el);
  if (r.width < 2 || r.height < 2 || s.visibility === 'hidden' || el.closest('.sr, svg, .usa-skipnav, .drop__in')) return false;
  for (let p = el; p && p !== document.body; p = p.parentElement) if (/auto|scroll/.test(getComputedStyle(p).overflowX)) return false;
  return r.right > innerWidth + 1 || r.left < -1;
}).map(el => el.tagName.toLowerCase() + '.' + el.className + ' ' + el.textContent.trim().slice(0, 40)).slice(0, 5).join('; ')`

// TestLargePrint: at 200 and 400 percent (1280 pixels that are 640 or 320 wide to
// the page, WCAG 1.4.4 and 1.4.10) no page scrolls sideways, and nothing is cut
// off.
func TestLargePrint(t *testing.T) {
	w := open(t, office(plain))
	b := w.chromium(t)
	b.first()
	// What looks for texts that are cut off or stand outside finds them.
	b.visit("/fleet")
	b.do(script("const x = document.createElement('div'); x.className = 'planted'; x.textContent = 'a text that is longer than its box, by far'; x.style.width = '60px'; x.style.overflow = 'hidden'; x.style.whiteSpace = 'nowrap'; document.querySelector('main').append(x); const y = document.createElement('div'); y.className = 'beside'; y.textContent = 'y'; y.style.position = 'fixed'; y.style.left = '5000px'; y.style.width = '90px'; document.querySelector('main').append(y)"))
	if found := eval[string](b, cut); !strings.Contains(found, "planted") {
		t.Fatalf("a text that is cut off is not found, but %q", found)
	}
	if found := eval[string](b, out); !strings.Contains(found, "beside") {
		t.Fatalf("what stands outside is not found, but %q", found)
	}
	for _, path := range mainPages() {
		b.visit(path)
		for _, scale := range []float64{2, 4} {
			_, err := chromedp.Call(b.ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: int64(1280 / scale), Height: int64(1024 / scale), DeviceScaleFactor: scale})
			if err != nil {
				t.Fatal(err)
			}
			name := fmt.Sprintf("%s at %.0f %%", path, 100*scale)
			b.fits(name)
			for what, script := range map[string]string{"is cut off": cut, "stands beside the window": out} {
				if found := eval[string](b, script); found != "" {
					t.Errorf("%s: %s %s", name, found, what)
				}
			}
		}
	}
	b.clean()
}

// TestPaper: the sheets that people take to a desk have no frame of the program on
// them, are black on white in either theme, and hold what has to be looked at and
// filled in.
func TestPaper(t *testing.T) {
	w := open(t, office(plain))
	b := w.chromium(t)
	b.first()
	for _, theme := range []string{"light", "dark"} {
		for path, needs := range map[string][]string{
			"/":                         {"Disk will be full", "CH-FRONT-00", "Act today", "This week"},
			"/incidents/1":              {"Disk will be full", "First checks", "What grew?", "When to escalate", "CH-FRONT-00", "NL00000", "Result: ____", "Signed: ____"},
			"/devices/" + string(id(0)): {"CH-FRONT-00", "NL00000", "Simdrive NX", "frontdesk00"},
		} {
			b.visit(path)
			_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print", Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}}})
			if err != nil {
				t.Fatal(err)
			}
			name := path + " on paper, from " + theme
			b.width(816) // Letter at 96 dots an inch
			text := eval[string](b, `document.body.innerText`)
			for _, n := range needs {
				if !bytes.Contains([]byte(text), []byte(n)) {
					t.Errorf("%s lacks %q", name, n)
				}
			}
			if shown := eval[string](b, `[...document.querySelectorAll('.bar, .foot, nav.nav, .usa-skipnav, button, .seg, nav.toc, nav.queue')].filter(e => e.getClientRects().length && getComputedStyle(e).visibility !== 'hidden').map(e => e.tagName + '.' + e.className + ' ' + e.textContent.trim().slice(0, 30)).slice(0, 6).join('; ')`); shown != "" {
				t.Errorf("%s still has %s", name, shown)
			}
			if dark := eval[string](b, `(() => {
  const lum = c => { const m = c.match(/[\d.]+/g)?.map(Number); if (!m || (m[3] ?? 1) < .1) return null; const f = v => { v /= c.startsWith('color') ? 1 : 255; return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; }; return .2126 * f(m[0]) + .7152 * f(m[1]) + .0722 * f(m[2]); };
  const bad = [];
  for (const el of [document.documentElement, document.body, ...document.querySelectorAll('main, main *')]) {
    if (!el.getClientRects().length || el.closest('svg')) continue;
    const s = getComputedStyle(el), back = lum(s.backgroundColor), ink = lum(s.color);
    if (back !== null && back < .7) bad.push('dark box ' + el.tagName + '.' + el.className);
    if ([...el.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()) && ink !== null && ink > .25) bad.push('pale text ' + el.tagName + '.' + el.className + ' ' + s.color);
  }
  return [...new Set(bad)].slice(0, 6).join('; ');
})()`); dark != "" {
				t.Errorf("%s: %s", name, dark)
			}
			if rows := eval[string](b, `[...document.querySelectorAll('.inc__own')].filter(e => !getComputedStyle(e, '::after').content.includes('☐')).length + ' of ' + document.querySelectorAll('.inc__own').length`); path == "/" && rows != "0 of 4" {
				t.Errorf("%s: %s rows have no box to tick", name, rows)
			}
			if boxes := eval[int](b, `document.querySelectorAll('.checks > li svg.tickmark').length`); path == "/incidents/1" && boxes != 3 {
				t.Errorf("%s has %d boxes to tick, of 3 checks", name, boxes)
			}
			sheet, err := chromedp.Call(b.ctx, page.PrintToPDF, page.PrintToPDFParams{PaperWidth: 8.5, PaperHeight: 11})
			if err != nil {
				t.Fatal(name, err)
			}
			if pages := bytes.Count(sheet.Data, []byte("/Type /Page\n")); path == "/incidents/1" && pages != 1 {
				t.Errorf("%s takes %d pages", name, pages)
			}
			if dir := os.Getenv("MUSTER_SHEETS"); dir != "" { // to look at
				if err := os.WriteFile(fmt.Sprintf("%s/%s%d.pdf", dir, theme, len(path)), sheet.Data, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{}); err != nil {
				t.Fatal(err)
			}
		}
	}
	b.clean()
}
