package web

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"muster/collector/web/texts"
)

// pseudo is a language in which each text stands between brackets and is a third
// longer. What a page shows without them was never translated.
func pseudo(t *testing.T) *texts.Language {
	t.Helper()
	all, err := texts.English()
	if err != nil {
		t.Fatal(err)
	}
	value := regexp.MustCompile(`\{.\}`)
	wrap := func(s string) string {
		return "⟦" + value.ReplaceAllString(s, "⟧$0⟦") + strings.Repeat("~", 1+len(s)/3) + "⟧"
	}
	w := struct {
		Language string                       `json:"language"`
		Name     string                       `json:"name"`
		Texts    map[string]string            `json:"texts"`
		Counted  map[string]map[string]string `json:"counted"`
	}{"qps", "⟦Pseudo⟧", map[string]string{}, map[string]map[string]string{}}
	for s := range all.Texts {
		w.Texts[s] = wrap(s)
	}
	for s := range all.Counted {
		one, many, _ := strings.Cut(s, "|")
		w.Counted[s] = map[string]string{"one": wrap("{n} " + one), "other": wrap("{n} " + many)}
	}
	b, err := json.Marshal(w)
	if err != nil {
		t.Fatal(err)
	}
	l, err := texts.Read(b, all)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// untold is what a page shows that is no translated text.
func untold(t *testing.T, page io.Reader) []string {
	t.Helper()
	root, err := html.ParseWithOptions(page, html.ParseOptionEnableScripting(false))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	depth := 0
	// left is what of a text stands outside of brackets.
	left := func(s string, depth *int) string {
		var b strings.Builder
		for _, r := range s {
			switch {
			case r == '⟦':
				*depth++
			case r == '⟧':
				*depth--
				b.WriteByte(' ')
			case *depth == 0:
				b.WriteRune(r)
			}
		}
		return b.String()
	}
	say := func(s, where string) {
		if rest := plainData(s); letters(rest) {
			out = append(out, where+": "+strings.Join(strings.Fields(s), " "))
		}
	}
	var walk func(n *html.Node)
	walk = func(n *html.Node) {
		if n.Type == html.TextNode {
			say(left(n.Data, &depth), "<"+n.Parent.Data+">")
			return
		}
		if n.Type == html.ElementNode {
			switch n.Data {
			case "script", "style", "time", "code", "pre", "kbd", "textarea":
				return // data, times, and what is typed
			}
			for _, a := range n.Attr {
				switch a.Key {
				case "aria-label", "placeholder", "title", "alt", "data-busy", "data-read", "label":
					d := 0
					say(left(a.Val, &d), n.Data+" "+a.Key)
				}
				if a.Key == "class" && slices.Contains(strings.Fields(a.Val), "mono") {
					return // data
				}
			}
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(root)
	return out
}

// data are the names that the world of tests has, and what needs no translation.
func data() []string {
	return []string{
		"muster", "front-1", "Parks", "City Hall", "scoped intern", "scoped staff", "intern", "staff", "admin", "disabled",
		"English", // languages are called by their own names
		"Windows", "Linux", "macOS", "UTC", "CSV", "JSON", "SNMP", "SQL", "TLS", "STARTTLS", "AM", "PM", "GB", "MB", "KB", "TB",
	}
}

var (
	dataWords = regexp.MustCompile(`(?i)\b(` + strings.Join(data(), "|") + `)\b`)
	figures   = regexp.MustCompile(`\b\d[\d,.]*\s?(min|h|d|W|V|ms|s|°C|bit/s|Mbit/s|Gbit/s)\b|\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\b`)
)

// plainData takes away what is data: names that the test itself has put into the
// stores, figures with units, times.
func plainData(s string) string {
	s = regexp.MustCompile(`§\S+`).ReplaceAllString(s, "")
	return dataWords.ReplaceAllString(figures.ReplaceAllString(s, ""), "")
}

// notOurs says that a text on a page is not the pages' own.
func (w *world) notOurs(s string, status int) bool {
	_, text, _ := strings.Cut(s, ": ")
	switch {
	case status >= 400 && strings.HasPrefix(s, "<p>"):
		return true // what the API answers to what cannot be
	case regexp.MustCompile(`^([A-Z]\d\d|bool|bytes|float|int|list|text|time|machine|msi)$`).MatchString(text):
		return true // rules by their ID, types of SQL, values as the inventory has them
	}
	for _, r := range w.judge.Rules().Rules { // the rulebook is in one place already
		for _, said := range append([]string{r.Title, r.Meaning, r.Disproof, r.Likelihood, r.Escalate}, r.Checks...) {
			if len(said) > 12 && strings.HasPrefix(strings.ToLower(text), strings.ToLower(said[:12])) {
				return true
			}
		}
	}
	return false
}

// TestEveryPageCanBeTranslated opens all pages of the table in a language that
// wraps each text, and wants nothing without wrapping.
func TestEveryPageCanBeTranslated(t *testing.T) {
	w := newWorld(t, pseudo(t))
	w.furnish()
	b := w.signedIn("admin")
	found := map[string][]string{}
	for _, p := range pages() {
		if p.method != http.MethodGet || p.path == "/live" || strings.HasPrefix(p.path, "/assets") {
			continue
		}
		who := b
		if p.right == open {
			who = w.browser()
		}
		resp := w.speaking(who, filled(p.path), "qps")
		if !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") || resp.StatusCode/100 == 3 {
			continue
		}
		for _, s := range untold(t, resp.Body) {
			if w.notOurs(s, resp.StatusCode) {
				continue
			}
			if !slices.Contains(found[s], p.path) {
				found[s] = append(found[s], p.path)
			}
		}
	}
	for _, s := range slices.Sorted(maps.Keys(found)) {
		t.Errorf("%s (%s)", s, strings.Join(found[s][:min(len(found[s]), 3)], ", "))
	}
}

// TestLanguageOfAVisitor holds that people get the language they chose, else the
// one their browser asks for, and English pages nothing to choose from when there
// is no other.
func TestLanguageOfAVisitor(t *testing.T) {
	w := newWorld(t, pseudo(t))
	b := w.signedIn("intern")
	is := func(asked, want, shown string) {
		t.Helper()
		body, err := io.ReadAll(w.speaking(b, "/account", asked).Body)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []string{`<html lang="` + want + `"`, shown, `action="/account/language"`} {
			if !strings.Contains(string(body), s) {
				t.Errorf("asked for %q: no %q", asked, s)
			}
		}
	}
	is("en", "en-US", "Where you are signed in")
	is("qps", "qps", "⟦Where you are signed in")
	choose := func(tag string, status int) {
		t.Helper()
		if resp := w.post(b, "/account/language", url.Values{"language": {tag}}); resp.StatusCode != status {
			t.Errorf("%s: %s", tag, resp.Status)
		}
	}
	choose("qps", http.StatusSeeOther)
	is("en", "qps", "⟦Where you are signed in")
	choose("en-US", http.StatusSeeOther)
	is("qps", "en-US", "Where you are signed in")
	choose("tlh", http.StatusUnprocessableEntity)

	alone := newWorld(t)
	body, err := io.ReadAll(alone.speaking(alone.signedIn("intern"), "/account", "qps").Body)
	if err != nil || strings.Contains(string(body), "/account/language") {
		t.Error("there is a choice of one language, or none of all: ", err)
	}
}

// speaking asks for a page in a language.
func (w *world) speaking(b *http.Client, path, language string) *http.Response {
	w.t.Helper()
	r, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, w.server.URL+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Accept-Language", language)
	return w.answer(b.Do(r))
}
