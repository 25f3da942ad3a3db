//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptrace"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"muster/collector/api"
)

// figure is one JSON line, as cmd measure writes them.
type figure struct {
	Figure string  `json:"figure"`
	Value  float64 `json:"value"`
	Unit   string  `json:"unit"`
	Goal   float64 `json:"goal,omitempty"`
}

// The goals of issue 6.
const (
	goalFirst = 100 // ms
	goalCold  = 300 // KB
	goalWarm  = 30  // KB
	goalPaint = 1000
	asked     = 60 // times that each page is asked for
)

// subject is a page that is measured.
type subject struct{ name, path string }

// subjects are the four pages that the goals name.
func (h *house) subjects(ctx context.Context) ([]subject, error) {
	list, err := h.api.IncidentList(ctx, api.IncidentListInput{Limit: 100})
	if err != nil {
		return nil, err
	}
	device := ""
	for _, i := range list.Incidents {
		if len(i.Devices) == 1 && i.Devices[0].Kind == "pc" {
			device = string(i.Devices[0].ID)
			break
		}
	}
	if device == "" {
		return nil, fmt.Errorf("no PC of this office is in trouble: there is no page of a device to measure")
	}
	titles, err := h.api.SoftwareList(ctx, api.SoftwareListInput{Limit: 1})
	if err != nil {
		return nil, err
	}
	out := []subject{{"triage", "/"}, {"devices", "/devices"}, {"devices_search", "/devices?" + url.Values{"q": {"os:windows ram<16GB"}}.Encode()}, {"device", "/devices/" + device}, {"software", "/software"}}
	if len(titles.Software) > 0 {
		out = append(out, subject{"software_title", "/software/" + url.PathEscape(titles.Software[0].Name)})
	}
	return out, nil
}

// firstBytes asks for each page in turn, as one who has signed in, and takes
// the time from the request to the first byte of the answer.
func (h *house) firstBytes(ctx context.Context, list []subject) ([]figure, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	cl := &http.Client{Jar: jar, Timeout: time.Minute}
	rs, err := cl.PostForm(h.base+"/sign-in", url.Values{"name": {who}, "password": {password}})
	if err != nil {
		return nil, err
	}
	rs.Body.Close()
	times := map[string][]time.Duration{}
	for n := range asked + 2 {
		for _, s := range list {
			took, err := firstByte(ctx, cl, h.base+s.path)
			if err != nil {
				return nil, err
			}
			if n >= 2 { // the first two warm up
				times[s.name] = append(times[s.name], took)
			}
		}
	}
	var out []figure
	for _, s := range list {
		t := times[s.name]
		slices.Sort(t)
		at := func(q float64) float64 { return float64(t[int(q*float64(len(t)-1))].Microseconds()) / 1000 }
		// The fastest is what a page takes when nobody else wants the processor.
		out = append(out, figure{"page_" + s.name + "_first_byte_least", at(0), "ms", 0}, figure{"page_" + s.name + "_first_byte_p50", at(0.5), "ms", 0}, figure{"page_" + s.name + "_first_byte_p95", at(0.95), "ms", goalFirst})
	}
	return out, nil
}

func firstByte(ctx context.Context, cl *http.Client, address string) (time.Duration, error) {
	var begun, first time.Time
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { begun = time.Now() }, GotFirstResponseByte: func() { first = time.Now() }})
	rq, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return 0, err
	}
	rq.Header.Set("Accept-Encoding", "gzip")
	rs, err := cl.Do(rq)
	if err != nil {
		return 0, err
	}
	defer rs.Body.Close()
	if _, err := io.Copy(io.Discard, rs.Body); err != nil {
		return 0, err
	}
	if rs.StatusCode != http.StatusOK || rs.Request.URL.Path == "/sign-in" {
		return 0, fmt.Errorf("%s: %s", address, rs.Status)
	}
	return first.Sub(begun), nil
}

// observed is what a page says of its own loading (W3C Resource Timing,
// Largest Contentful Paint, Layout Instability).
type observed struct {
	KB    float64 `json:"kb"`
	Paint float64 `json:"paint"`
	Shift float64 `json:"shift"`
}

// watch is run in each page before its own scripts.
const watch = `window.seen = {paint: 0, shift: 0};
new PerformanceObserver(l => { for (const e of l.getEntries()) seen.paint = e.startTime }).observe({type: 'largest-contentful-paint', buffered: true});
new PerformanceObserver(l => { for (const e of l.getEntries()) seen.shift += e.value }).observe({type: 'layout-shift', buffered: true});`

const told = `({kb: [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')].filter(e => !e.name.includes('/live')).reduce((n, e) => n + e.transferSize, 0) / 1000, paint: seen.paint, shift: seen.shift})`

// loaded measures what each page transfers, with an empty cache and with a full
// one, when its largest part is drawn, and how much moves while it loads.
func (t *tab) loaded(ctx context.Context, list []subject) ([]figure, error) {
	if err := t.do(chromedp.EmulateViewport(1440, 900)); err != nil {
		return nil, err
	}
	if _, err := chromedp.Call(t.ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: watch}); err != nil {
		return nil, err
	}
	var out []figure
	see := func(s subject) (o observed, err error) {
		if err := t.visit(s.path); err != nil {
			return o, err
		}
		if err := wait(ctx, time.Second); err != nil {
			return o, err
		}
		return eval[observed](t, told)
	}
	for _, s := range list {
		if _, err := chromedp.Call(t.ctx, network.ClearBrowserCache, cdp.Empty{}); err != nil {
			return nil, err
		}
		cold, err := see(s)
		if err != nil {
			return nil, err
		}
		var paints []float64
		var warm observed
		for range 5 {
			if warm, err = see(s); err != nil {
				return nil, err
			}
			paints = append(paints, warm.Paint)
		}
		slices.Sort(paints)
		out = append(out, figure{"page_" + s.name + "_cold", cold.KB, "KB", goalCold}, figure{"page_" + s.name + "_warm", warm.KB, "KB", goalWarm},
			figure{"page_" + s.name + "_largest_paint_cold", cold.Paint, "ms", goalPaint}, figure{"page_" + s.name + "_largest_paint", paints[2], "ms", goalPaint},
			figure{"page_" + s.name + "_shift_loading", cold.Shift, "", 0})
	}
	return out, nil
}

// moved measures how much moves on the triage page while others work: incidents
// are claimed, resolved and opened again beside it.
func (t *tab) moved(ctx context.Context, h *house) ([]figure, error) {
	list, err := h.api.IncidentList(ctx, api.IncidentListInput{Limit: 6})
	if err != nil {
		return nil, err
	}
	if err := t.visit("/"); err != nil {
		return nil, err
	}
	// What was hidden when the page came is news when it is there again.
	for k, i := range list.Incidents {
		in := api.IncidentInput{Number: i.Number}
		switch {
		case k%3 == 0:
			_, err = h.api.IncidentClaim(ctx, in)
		default:
			_, err = h.api.IncidentResolve(ctx, api.IncidentResolveInput{Number: i.Number, Body: api.IncidentOutcome{Useful: "yes"}})
		}
		if err != nil {
			return nil, err
		}
	}
	if err := wait(ctx, 7*time.Second); err != nil { // longer than the stream's pulse
		return nil, err
	}
	gone, err := eval[int](t, "document.querySelectorAll('.inc--solved').length")
	if err != nil {
		return nil, err
	}
	// The page that is opened now lacks what is opened again then.
	if gone == 0 {
		return nil, fmt.Errorf("the page of triage did not hear that incidents were resolved")
	}
	first, err := eval[observed](t, told)
	if err != nil {
		return nil, err
	}
	if err := t.visit("/"); err != nil {
		return nil, err
	}
	for k, i := range list.Incidents {
		if k%3 != 0 {
			if _, err := h.api.IncidentReopen(ctx, api.IncidentInput{Number: i.Number}); err != nil {
				return nil, err
			}
		}
	}
	if err := wait(ctx, 7*time.Second); err != nil {
		return nil, err
	}
	fresh, err := eval[bool](t, "!document.querySelector('[data-fresh]').hidden")
	if err != nil {
		return nil, err
	}
	if !fresh {
		return nil, fmt.Errorf("the page of triage did not tell of what was opened again")
	}
	second, err := eval[observed](t, told)
	if err != nil {
		return nil, err
	}
	return []figure{{"page_triage_shift_live", first.Shift + second.Shift, "", 0}}, nil
}

// measure prints all figures, a table and a JSON line each.
func (h *house) measure(ctx context.Context, t *tab) error {
	load, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return err
	}
	list, err := h.subjects(ctx)
	if err != nil {
		return err
	}
	out, err := h.firstBytes(ctx, list)
	if err != nil {
		return err
	}
	more, err := t.loaded(ctx, list)
	if err != nil {
		return err
	}
	live, err := t.moved(ctx, h)
	if err != nil {
		return err
	}
	fmt.Printf("load average %s\n", strings.Join(strings.Fields(string(load))[:3], " "))
	for _, f := range slices.Concat(out, more, live) {
		b, err := json.Marshal(f)
		if err != nil {
			return err
		}
		fmt.Println(string(b))
	}
	return nil
}
