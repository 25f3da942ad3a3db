//go:build linux

package browser

import (
	"encoding/json"
	"os"
	"strings"

	"github.com/chromedp/chromedp"
)

// forEverybody holds pages to WCAG 2.1 A and AA by axe-core, in both themes and
// at three widths, and that none scrolls sideways.
func (b *tab) forEverybody(paths []string) {
	b.t.Helper()
	axe, err := os.ReadFile("../../../collector/web/node_modules/axe-core/axe.min.js")
	if err != nil {
		b.t.Fatal("axe-core is not there: make assets")
	}
	for _, theme := range []string{"light", "dark"} {
		b.theme(theme)
		for _, path := range paths {
			b.width(1440)
			b.visit(path)
			b.fits(path)
			b.holds(path, string(axe))
			b.width(360)
			b.fits(path)
			if theme == "light" {
				b.holds(path, string(axe))
			}
			b.width(768)
			b.fits(path)
		}
	}
}

// fits fails the test when the page scrolls sideways.
func (b *tab) fits(path string) {
	b.t.Helper()
	if over := eval[int](b, "document.documentElement.scrollWidth - innerWidth"); over > 0 {
		b.t.Errorf("%s scrolls sideways by %d at %d", path, over, eval[int](b, "innerWidth"))
	}
}

// holds fails the test with what axe-core finds on the page.
func (b *tab) holds(path, axe string) {
	b.t.Helper()
	if !eval[bool](b, "typeof axe === 'object'") {
		eval[bool](b, axe+";true")
	}
	raw, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](`axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']}).then(r => JSON.stringify(r.violations.map(v => ({id: v.id, help: v.help, nodes: v.nodes.slice(0, 3).map(n => n.html.slice(0, 200) + ' ' + (n.failureSummary || ''))}))))`, chromedp.EvalAwaitPromise))
	if err != nil {
		b.t.Fatal(path, err)
	}
	var found []struct {
		ID, Help string
		Nodes    []string
	}
	if err := json.Unmarshal([]byte(raw), &found); err != nil {
		b.t.Fatal(err)
	}
	for _, v := range found {
		b.t.Errorf("%s: %s (%s)\n%s", path, v.ID, v.Help, strings.Join(v.Nodes, "\n"))
	}
}
