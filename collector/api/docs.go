package api

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"net/http"
	"reflect"
	"strings"
)

// docsStyle is the page's whole style; the page's policy allows it by its hash
// and nothing else.
const docsStyle = `
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem}
table{border-collapse:collapse;width:100%;margin:1rem 0 2rem}
th,td{text-align:left;vertical-align:top;padding:.3rem .8rem .3rem 0;border-bottom:1px solid #8886}
code{font:14px/1.4 ui-monospace,monospace}
h2{margin-top:2.5rem}
small{opacity:.75}
`

const docsText = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Muster API</title><style>{{.Style}}</style></head><body>
<h1>Muster API</h1>
<p>All paths are below <code>{{.Prefix}}</code>. Send a token as <code>Authorization: Bearer TOKEN</code>; <code>muster token new</code> makes one.
Answers are JSON; those marked CSV come as CSV with <code>?format=csv</code> or <code>Accept: text/csv</code>.
Errors are <code>application/problem+json</code> (RFC 9457). The same for programs: <a href="{{.Prefix}}/openapi.json">OpenAPI 3.1</a>.</p>
<p>Times in requests are RFC 3339, <code>2026-11-01</code>, <code>2026-11-01 14:05</code> (UTC), or an age such as <code>12h</code> or <code>7d</code>.
A device is named by its ID, the first 8 characters of it, its name, serial number or asset tag.</p>
{{range .Groups}}<h2 id="{{.Name}}">{{.Name}}</h2>
<table><thead><tr><th>Operation</th><th>What it does</th><th>Right</th><th>Takes</th></tr></thead><tbody>
{{range .Operations}}<tr id="{{.ID}}"><td><code>{{.Method}} {{.Path}}</code><br><small>{{.ID}}</small></td><td>{{.Summary}}{{if .CSV}} <small>CSV</small>{{end}}</td><td><code>{{.Right}}</code></td>
<td>{{range .Takes}}<code>{{.Name}}</code> <small>{{.Where}}{{if .Doc}}: {{.Doc}}{{end}}</small><br>{{end}}</td></tr>
{{end}}</tbody></table>
{{end}}</body></html>
`

type docsTake struct{ Name, Where, Doc string }

type docsOperation struct {
	Operation
	CSV   bool
	Takes []docsTake
}

type docsGroup struct {
	Name       string
	Operations []docsOperation
}

// docsPage renders the table of operations.
func docsPage(list []Operation) ([]byte, error) {
	t, err := template.New("docs").Parse(docsText)
	if err != nil {
		return nil, err
	}
	var groups []docsGroup
	for _, o := range list {
		noun, _, _ := strings.Cut(o.ID, "-")
		if len(groups) == 0 || groups[len(groups)-1].Name != noun {
			groups = append(groups, docsGroup{Name: noun})
		}
		g := &groups[len(groups)-1]
		g.Operations = append(g.Operations, docsOperation{Operation: o, CSV: tabular(o.Output), Takes: takes(o.Input)})
	}
	var b bytes.Buffer
	err = t.Execute(&b, map[string]any{"Prefix": Prefix, "Groups": groups, "Style": template.CSS(docsStyle)})
	return b.Bytes(), err
}

// takes lists the parameters of a request.
func takes(t reflect.Type) []docsTake {
	var out []docsTake
	for i := range t.NumField() {
		f := t.Field(i)
		switch {
		case f.Tag.Get("path") != "":
			out = append(out, docsTake{f.Tag.Get("path"), "path", f.Tag.Get("doc")})
		case f.Tag.Get("query") != "":
			out = append(out, docsTake{f.Tag.Get("query"), "query", f.Tag.Get("doc")})
		case f.Name == "RawBody":
			out = append(out, docsTake{"body", f.Tag.Get("contentType"), ""})
		case f.Name == "Body":
			for j := range f.Type.NumField() {
				b := f.Type.Field(j)
				name, _, _ := strings.Cut(b.Tag.Get("json"), ",")
				out = append(out, docsTake{name, "body", b.Tag.Get("doc")})
			}
		}
	}
	return out
}

func (s *Server) serveDocs(w http.ResponseWriter, _ *http.Request) {
	sum := sha256.Sum256([]byte(docsStyle))
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Write(s.page)
}

func (s *Server) serveOpenAPI(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/openapi+json")
	w.Write(s.openAPI)
}
