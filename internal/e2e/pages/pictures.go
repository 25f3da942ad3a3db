//go:build linux

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/chromedp/chromedp"

	"muster/collector/api"
	"muster/collector/store"
)

// view is a page to draw.
type view struct {
	name string // of the picture
	path string
	act  string // a script to run before, such as one that opens a box
	docs string // the themes in which it goes into the docs, too
}

// look is how pages are drawn: how wide, and in which theme.
type look struct {
	width int64
	theme string
}

// docs says whether a view goes into the docs like this.
func (l look) docs(v view) bool { return l.width > 1000 && strings.Contains(v.docs, l.theme) }

func looks() []look { return []look{{1440, "light"}, {1440, "dark"}, {360, "light"}} }

// views are all pages, over what the office has to show.
func (h *house) views(ctx context.Context) ([]view, error) {
	wired, err := h.api.DeviceList(ctx, api.DeviceListInput{Filter: `kind:pc model:"Slim 240"`, Limit: 1})
	if err != nil {
		return nil, err
	}
	pc := ""
	if len(wired.Devices) > 0 {
		pc = wired.Devices[0].Name
	}
	open, err := h.api.IncidentList(ctx, api.IncidentListInput{Limit: 1000})
	if err != nil {
		return nil, err
	}
	out := []view{
		{name: "triage", path: "/", docs: "light, dark"}, {name: "triage-mine", path: "/?show=mine"}, {name: "incidents", path: "/incidents"},
		{name: "help", path: "/", act: "document.dispatchEvent(new KeyboardEvent('keydown', {key: '?', bubbles: true}))"},
	}
	seen := map[string]bool{}
	one := func(name string, i store.Incident, docs, device string) {
		if !seen[name] {
			seen[name] = true
			out = append(out, view{name: name, path: fmt.Sprintf("/incidents/%d", i.Number), docs: docs})
			if len(i.Devices) > 0 && i.Devices[0].Kind == "pc" {
				out = append(out, view{name: name + "-device", path: "/devices/" + string(i.Devices[0].ID), docs: device})
			}
		}
	}
	for _, i := range open.Incidents {
		switch {
		case i.Cause != nil || i.Count > 1:
			one("incident-shared", i, "", "")
		case i.Family == "drive":
			one("incident-drive", i, "light", "dark")
		case i.Family == "space":
			one("incident-space", i, "", "")
		case i.Family == "network":
			one("incident-network", i, "", "")
		}
	}
	device := func(name, filter string, more ...string) error {
		list, err := h.api.DeviceList(ctx, api.DeviceListInput{Filter: filter, Limit: 1})
		if err != nil {
			return err
		}
		if len(list.Devices) == 0 {
			return nil
		}
		for _, m := range append([]string{""}, more...) {
			v := view{name: name + fileName(m), path: "/devices/" + string(list.Devices[0].ID) + m}
			if strings.HasPrefix(m, "?port=") {
				v.name, v.docs = name+"-port", "dark"
			}
			out = append(out, v)
		}
		return nil
	}
	for _, err := range []error{
		device("switch", "name:sw-stamford-2", "?port=Gi1/0/3"),
		device("core", "name:core-1"), device("printer", "kind:printer"), device("ups", "kind:ups"),
		device("pc", "kind:pc model:\"Book 14 G4\"", "/compare?then=7d", "?section=software", "?at="+h.ago(72*time.Hour)),
	} {
		if err != nil {
			return nil, err
		}
	}
	q := func(text string) string { return "/devices?q=" + url.QueryEscape(text) }
	out = append(out,
		view{name: "devices", path: "/devices"}, view{name: "devices-search", path: q(`os:"windows 11" ram<16GB`), docs: "light"},
		view{name: "devices-typing", path: "/devices", act: "q.focus(); q.value = 'os:windows so'; q.setSelectionRange(13, 13); q.dispatchEvent(new Event('input', {bubbles: true}))"},
		view{name: "devices-chosen", path: "/devices", act: "document.querySelectorAll('tbody input[type=checkbox]').forEach((x, i) => i < 3 && x.click())"},
		view{name: "devices-none", path: q("name:nobody-is-called-so")}, view{name: "devices-wrong", path: q("ram<<")}, view{name: "devices-words", path: "/devices/words"},
		view{name: "network", path: "/network"}, view{name: "network-find", path: "/network/find?q=" + pc}, view{name: "network-topology", path: "/network/topology", docs: "light"}, view{name: "network-vlans", path: "/network/vlans"},
		view{name: "software", path: "/software"}, view{name: "software-new", path: "/software?view=new"}, view{name: "software-rare", path: "/software?view=rare"}, view{name: "software-ending", path: "/software?view=ending"},
		view{name: "software-title", path: "/software/Paper%20Reader"},
		view{name: "fleet", path: "/fleet"}, view{name: "fleet-upgrade", path: "/fleet/upgrade"}, view{name: "fleet-replacement", path: "/fleet/replacement"}, view{name: "fleet-quality", path: "/fleet/quality"}, view{name: "fleet-reports", path: "/fleet/reports"},
		view{name: "account", path: "/account"}, view{name: "sql", path: "/sql?example=1"}, view{name: "nothing-here", path: "/nothing-here"},
	)
	for _, name := range desks {
		out = append(out, view{name: "admin-" + fileName(name), path: "/admin/" + name})
	}
	return out, nil
}

// desks are the pages of administration.
var desks = []string{"enroll", "approvals", "places", "labels", "groups", "targets", "subnets", "discoveries", "credentials", "rules", "rules/A02",
	"maintenance", "channels", "summaries", "notices", "users", "tokens", "health", "audit", "ca", "about"}

func (h *house) ago(d time.Duration) string {
	return time.Now().Add(h.ahead - d).UTC().Format(time.RFC3339)
}

// fault is what is wrong with a page that was drawn.
type fault struct {
	Picture string   `json:"picture"`
	Wide    int      `json:"wide,omitempty"` // pixels that it scrolls sideways
	Console []string `json:"console,omitempty"`
}

// draw draws each view in each look into a folder, as whole pages, and those
// for the docs as one screen into another; either folder may be empty. It answers what is wrong with them.
func draw(ctx context.Context, t *tab, list []view, only, dir, docs string) ([]fault, error) {
	heard := make(chan string, 1000)
	go func() {
		for m := range chromedp.Console(t.ctx) {
			select {
			case heard <- fmt.Sprint(m):
			default:
			}
		}
	}()
	var out []fault
	for _, l := range looks() {
		if err := t.theme(l.theme); err != nil {
			return nil, err
		}
		if err := t.do(chromedp.EmulateViewport(l.width, 900)); err != nil {
			return nil, err
		}
		for _, v := range list {
			if !strings.Contains(v.name, only) || dir == "" && !l.docs(v) {
				continue
			}
			name := fmt.Sprintf("%s-%d-%s.png", v.name, l.width, l.theme)
			if err := t.visit(v.path); err != nil {
				return nil, err
			}
			if v.act != "" {
				if _, err := eval[bool](t, "(() => {"+v.act+"; return true})()"); err != nil {
					return nil, fmt.Errorf("%s: %w", name, err)
				}
			}
			// Charts and what is looked up while somebody types come a moment later.
			if err := wait(ctx, 400*time.Millisecond); err != nil {
				return nil, err
			}
			f := fault{Picture: name}
			var err error
			if f.Wide, err = eval[int](t, "Math.max(0, document.documentElement.scrollWidth - innerWidth)"); err != nil {
				return nil, err
			}
			for len(heard) > 0 {
				f.Console = append(f.Console, <-heard)
			}
			if f.Wide > 0 || f.Console != nil {
				out = append(out, f)
			}
			if docs != "" && l.docs(v) {
				b, err := chromedp.Run(t.ctx, chromedp.CaptureScreenshot())
				if err != nil {
					return nil, fmt.Errorf("%s: %w", name, err)
				}
				if b, err = small(b); err != nil {
					return nil, fmt.Errorf("%s: %w", name, err)
				}
				if err := os.WriteFile(filepath.Join(docs, v.name+"-"+l.theme+".png"), b, 0o644); err != nil {
					return nil, err
				}
			}
			if dir == "" {
				continue
			}
			b, err := chromedp.Run(t.ctx, chromedp.FullScreenshot(100))
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// tell writes faults, a line each.
func tell(list []fault) error {
	for _, f := range list {
		b, err := json.Marshal(f)
		if err != nil {
			return err
		}
		fmt.Println(string(b))
	}
	return nil
}
