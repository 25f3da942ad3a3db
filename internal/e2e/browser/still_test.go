//go:build linux

package browser

import (
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"muster/collector/api"
)

// watch notes what moves on a page without anybody's act (Layout Instability).
const watch = `window.moved = []; new PerformanceObserver(l => { for (const e of l.getEntries()) moved.push([e.value, ...e.sources.map(s => (s.node?.className ?? s.node?.nodeName ?? '') + ' ' + (s.node?.textContent ?? '').trim().slice(0, 30))].join(' ')) }).observe({type: 'layout-shift', buffered: true});`

// still fails the test when something moved on the page since it was opened.
func (b *tab) still(when string) {
	b.t.Helper()
	// Two frames more: an entry comes with the frame after what moved.
	b.do(script("window.frames2 = 0; requestAnimationFrame(() => requestAnimationFrame(() => { frames2 = 1 }))"))
	b.until("window.frames2 === 1")
	b.do(chromedp.Sleep(300 * time.Millisecond))
	if moved := eval[[]string](b, "window.moved ?? ['nobody watches']"); len(moved) > 0 {
		b.t.Errorf("%s: %d things moved: %q", when, len(moved), moved)
	}
}

// TestNothingMoves: pages stand still while they come, and while others work on
// incidents beside whom reads.
func TestNothingMoves(t *testing.T) {
	w := open(t, closet(func(usual string) string { return usual }))
	b := w.chromium(t)
	b.first()
	if _, err := chromedp.Call(b.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: watch}); err != nil {
		t.Fatal(err)
	}
	// What watches sees what moves.
	b.visit("/fleet")
	b.do(script("document.querySelector('main').insertAdjacentHTML('afterbegin', '<div id=bump></div>'); setTimeout(() => { document.querySelector('#bump').style.height = '300px' }, 600)"))
	b.until("window.moved.length > 0")
	for _, width := range []int64{1440, 360} {
		b.width(width)
		for _, path := range []string{"/", "/incidents/1", "/devices", "/devices/" + string(id(0)), "/devices/" + string(id(100)), "/network", "/software", "/fleet"} {
			b.visit(path)
			b.still(path)
		}
	}
	b.width(1440)
	act := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx := t.Context()
	b.visit("/")
	b.until("document.querySelector('[data-live]').textContent.includes('Live')")
	_, err := w.ask.IncidentClaim(ctx, api.IncidentInput{Number: 1})
	act(err)
	for _, n := range []int64{1, 2, 4} {
		_, err := w.ask.IncidentResolve(ctx, api.IncidentResolveInput{Number: n, Body: api.IncidentOutcome{Useful: "yes"}})
		act(err)
	}
	b.until("document.querySelectorAll('.inc--solved').length === 3")
	b.still("the board, while incidents end")
	b.visit("/")
	b.until("document.querySelector('[data-live]').textContent.includes('Live')")
	for _, n := range []int64{1, 2} {
		_, err := w.ask.IncidentReopen(ctx, api.IncidentInput{Number: n})
		act(err)
	}
	b.until("!document.querySelector('[data-fresh]').hidden")
	b.still("the board, while incidents come")
	b.visit("/incidents/5")
	_, err = w.ask.IncidentResolve(ctx, api.IncidentResolveInput{Number: 2, Body: api.IncidentOutcome{Useful: "yes"}})
	act(err)
	b.do(chromedp.Sleep(6 * time.Second)) // longer than the stream's pulse
	b.still("an incident, while others change")
	b.clean()
}
