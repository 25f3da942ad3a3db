package web

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"muster/collector/account"
	"muster/collector/web/texts"
)

// templates are the pages' own files; each has its "main", and frame.html puts
// it into the page. What several share is in parts.html.
//
//go:embed templates/*.html
var templates embed.FS

// looks are the parsed templates, by the page's name. There is one set a
// language: their texts are replaced when they are read, so that a page costs in
// each what it costs in English.
type looks map[string]*template.Template

// parse reads all templates in a language: one that does not parse stops the
// start.
func (s *Site) parse(l *texts.Language) (looks, error) {
	out := looks{}
	shared, err := fs.Glob(templates, "templates/parts*.html")
	if err != nil {
		return nil, err
	}
	shared = append(shared, "templates/frame.html")
	list, err := fs.Glob(templates, "templates/*.html")
	if err != nil {
		return nil, err
	}
	for _, file := range list {
		if slices.Contains(shared, file) {
			continue
		}
		name := strings.TrimSuffix(path.Base(file), ".html")
		t, err := template.New(name).Funcs(s.funcs(l)).ParseFS(templates, append(slices.Clone(shared), file)...)
		if err != nil {
			return nil, fmt.Errorf("read the page %s: %w", name, err)
		}
		if l != nil {
			(&texts.Markup{Language: l, Picture: draws}).Read(t)
		}
		out[name] = t
	}
	return out, nil
}

// draws says which functions give pictures, which are no part of a sentence.
func draws(function string) bool {
	return function == "icon" || function == "kindIcon" || function == "qr"
}

// funcs is what templates may call.
func (s *Site) funcs(l *texts.Language) template.FuncMap {
	say := func(x any) any {
		if t, ok := x.(texts.T); ok {
			return l.Say(t)
		}
		return x
	}
	return template.FuncMap{
		"say": say,
		"icon": func(name string, word ...texts.T) (template.HTML, error) {
			if len(word) == 0 {
				return drawn(name)
			}
			return drawn(name, l.Say(word[0]))
		},
		"kindIcon": kindIcon, "asset": s.assets.url,
		"urgency": urgencyClass, "urgencyWord": urgencyWord, "presenceWord": presenceWord, "presenceIcon": presenceIcon, "kindWord": kindWord,
		"count": func(n int, one, many texts.T) string { return l.Say(texts.Count(n, one, many)) },
		"whole": whole, "size": size, "num": func(n int) string { return whole(int64(n)) },
		"inc": func(n int) int { return n + 1 }, "minus": func(a, b int) int { return a - b }, "join": strings.Join,
		"bits": func(n int64) string { return amount(float64(n), "bit_per_second") }, "roleWord": roleWord,
		"orDash": func(n *int64) string {
			if n == nil {
				return "–"
			}
			return whole(*n)
		},
		"text": func(s *string) string {
			if s == nil {
				return ""
			}
			return *s
		},
		"deviceNames": deviceNames,
		"qr":          qrPicture,
		"known":       func(s string) string { return l.Say(texts.Known(s)) },
		"dict":        dict, "list": func(a ...any) []any { return a },
		"titleLink": titleLink, "sentence": sentence, "targetWord": targetWord, "heardWord": heardWord,
		"queryOf": queryOf, "query": func(filter string) string { return "/devices?" + queryOf("q", filter) },
	}
}

// dict gives a part more than one thing.
func dict(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, fmt.Errorf("dict: a name without a value")
	}
	out := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("dict: %v is no name", pairs[i])
		}
		out[name] = pairs[i+1]
	}
	return out, nil
}

// frame is what the page around a page needs.
type frame struct {
	Title texts.T
	Page  string // of the top bar: triage, devices …
	Actor account.Actor
	Clock clock
	Today int // incidents to act on today, beside the word Triage
	D     any // of the page itself

	Staff, Manage, Admin bool
	Signed               bool
	Body                 string             // class
	Lang                 string             // tag of the language
	Scripts              map[texts.T]string // what scripts say in it; none in English
}

// title is what a page may say of itself.
type titled interface {
	Head() (title texts.T, page string)
}

// render writes a page, or with a part only that.
func (s *Site) render(v *visit, status int, name, part string, data any) error {
	t := s.looks[v.lang.String()][name]
	if t == nil {
		return fmt.Errorf("there is no page %q", name)
	}
	f := frame{Actor: v.actor, Clock: s.clock(v), D: data, Lang: v.lang.String(), Scripts: scriptWords(v.lang), Signed: v.actor.Name != "",
		Staff: v.can(account.Query), Manage: v.can(account.Manage), Admin: v.can(account.Administer)}
	if h, ok := data.(titled); ok {
		f.Title, f.Page = h.Head()
	}
	if f.Signed && part == "" {
		f.Today = s.today(v)
	}
	if part == "" {
		part = "frame"
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, part, f); err != nil {
		return fmt.Errorf("write the page %s: %w", name, err)
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	body := b.Bytes()
	if len(body) > 1400 && strings.Contains(v.r.Header.Get("Accept-Encoding"), "gzip") {
		body = packFast(body)
		v.w.Header().Set("Content-Encoding", "gzip")
	}
	v.w.Header().Add("Vary", "Accept-Encoding, HX-Request, Accept-Language, Cookie")
	v.w.WriteHeader(status)
	_, err := v.w.Write(body)
	return err
}

// names lists the pages there are, for tests.
func (l looks) names() []string { return slices.Sorted(maps.Keys(l)) }

// renderPart writes a part of a page alone, with what it needs as it is.
func (s *Site) renderPart(v *visit, name, part string, data any) error {
	var b bytes.Buffer
	if err := s.looks[v.lang.String()][name].ExecuteTemplate(&b, part, data); err != nil {
		return fmt.Errorf("write the part %s: %w", part, err)
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, err := v.w.Write(b.Bytes())
	return err
}
