//go:build linux

package browser

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// payloads are names that try to be more: as HTML, as an attribute, as a
// script, as a template, as a formula, and by sheer length or direction.
func payloads() []string {
	act := "top.hurt=1"
	seeds := []string{
		"<script>%s</script>", "</title><script>%s</script>", "</textarea><script>%s</script>", "</script><script>%s</script>", "<ScRiPt>%s</sCrIpT>",
		"<img src=x onerror=%s>", `"><img src=x onerror=%s>`, "'><img src=x onerror=%s>", "<svg onload=%s>", "<svg><script>%s</script></svg>", "<svg><animate onbegin=%s attributeName=x dur=1s>",
		`" onmouseover="%s`, `" autofocus onfocus="%s`, `' onfocus='%s' autofocus='`, "` onfocus=%s autofocus", `x" style="animation-name:x" onanimationstart="%s`,
		"javascript:%s", "JaVaScRiPt:%s", "java\tscript:%s", "data:text/html,<script>%s</script>", "<a href=javascript:%s>x</a>", "<iframe srcdoc='<script>%s</script>'>", "<iframe src=javascript:%s>",
		"<details open ontoggle=%s>", "<body onload=%s>", "<input autofocus onfocus=%s>", "<video><source onerror=%s>", "<math><mtext><script>%s</script>", "<object data=javascript:%s>", "<embed src=javascript:%s>",
		"<form action=javascript:%s><button>x", "<meta http-equiv=refresh content='0;url=javascript:%s'>", "<base href=//127.0.0.1:1/>%s", "<link rel=stylesheet href=//127.0.0.1:1/x.css>%s", "<style>*{display:none}</style>%s",
		"{{%s}}", "${%s}", "#{%s}", "<%%= %s %%>", "{{constructor.constructor('%s')()}}", "[[%s]]", "-->%s<!--", "]]>%s<![CDATA[", "<!--%s", "<plaintext>%s", "<noscript><p title='</noscript><img src=x onerror=%s>'>",
		"&lt;script&gt;%s&lt;/script&gt;", "&#60;script&#62;%s&#60;/script&#62;", "\u003cscript\u003e%s\u003c/script\u003e", "%%3Cscript%%3E%s%%3C/script%%3E",
		"=cmd|'/c %s'!A1", "+%s", "-%s", "@SUM(%s)", "\t=%s", "=HYPERLINK(\"http://127.0.0.1:1/\",\"%s\")",
		"\u202e%s", "\u200b\u200b%s", "hx-get=/x hx-trigger=load %s", `<div hx-get="/devices" hx-trigger="load">%s`, `<div hx-on:htmx:load="%s">`, `<p data-lazy="/x" data-copy>%s`,
		"<select><option autofocus onfocus=%s>",
	}
	var out []string
	for i, s := range seeds {
		p := fmt.Sprintf(s, act)
		out = append(out, p, strings.ToUpper(p), p+p, "x "+p, p+" "+strings.Repeat("W", 40), strings.Repeat("<", 3)+p, p+`\`, fmt.Sprintf("%d%s", i, p))
	}
	return out
}

// TestNamesStayNames is F30 and F31 over the pages: devices, users, programs,
// evidence and notes are called by 500 hostile names. None runs, none breaks a
// page, none leaves the file of a download as a formula.
func TestNamesStayNames(t *testing.T) {
	list := payloads()
	if len(list) < 500 {
		t.Fatalf("%d payloads", len(list))
	}
	at := 0
	next := func() string { at++; return list[(at*7)%len(list)] }
	w := open(t, office(func(n int) (string, string, string) {
		// A device has three names; the rest of the list comes as its programs.
		return next(), next(), next()
	}))
	b := w.chromium(t)
	b.first()
	seen := []string{"/", "/incidents", "/devices", "/devices?q=x&cols=user,model,serial", "/fleet", "/fleet/quality"}
	for n := range 6 {
		seen = append(seen, fmt.Sprintf("/incidents/%d", n+1), "/devices/"+string(id(n)), "/devices/"+string(id(n))+"?section=software", "/devices/"+string(id(n))+"/compare?with="+string(id(n+1)))
	}
	for _, width := range []int64{1440, 360} {
		b.width(width)
		for _, path := range seen {
			b.visit(path)
			if eval[bool](b, "top.hurt !== undefined") {
				t.Errorf("a name ran at %s", path)
			}
			if over := eval[int](b, "document.documentElement.scrollWidth - innerWidth"); over > 0 {
				t.Errorf("%s scrolls sideways by %d at %d", path, over, width)
			}
			if !eval[bool](b, "!!document.querySelector('footer.foot') && getComputedStyle(document.querySelector('main')).display !== 'none'") {
				t.Errorf("%s is broken", path)
			}
		}
	}
	// All 500 in the address, as what somebody was sent a link with.
	for i, p := range list {
		if i%10 == 0 { // each costs a page
			b.visit("/devices?" + query("q", p))
			if eval[bool](b, "top.hurt !== undefined") {
				t.Errorf("a search ran: %s", p)
			}
		}
	}
	csv := eval[string](b, `(() => { const x = new XMLHttpRequest(); x.open('GET', '/devices?format=csv', false); x.send(); return x.responseText; })()`)
	for line := range strings.Lines(csv) {
		for cell := range strings.SplitSeq(line, ",") {
			if c := strings.Trim(cell, `"`); strings.HasPrefix(c, "=") || strings.HasPrefix(c, "@") || strings.HasPrefix(c, "+") {
				t.Errorf("a formula in CSV: %s", cell)
			}
		}
	}
	b.clean()
}

func query(name, value string) string {
	return url.Values{name: {value}}.Encode()
}
