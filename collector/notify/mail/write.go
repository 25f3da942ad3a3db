package mail

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"html/template"
	"strings"

	"github.com/wneessen/go-mail"

	"muster/collector/notify"
	"muster/internal/buildinfo"
)

// write makes the mail. The same message gives the same bytes, but for the
// boundaries of one with files: go-mail uses a boundary that is given for the
// parts within parts too, and readers then lose the end.
func (c *Channel) write(m *notify.Message) ([]byte, error) {
	id := c.id(m.ID, m.URL)
	boundary := sha256.Sum256([]byte("boundary\n" + id))
	msg := mail.NewMsg(mail.WithCharset(mail.CharsetUTF8), mail.WithEncoding(mail.EncodingQP), mail.WithNoDefaultUserAgent())
	if m.Sheet == nil || len(m.Sheet.Files) == 0 {
		msg.SetBoundary("muster-" + hex.EncodeToString(boundary[:16]))
	}
	msg.FromMailAddress(c.from)
	to, err := c.recipients(m)
	if err != nil {
		return nil, err
	}
	msg.ToMailAddress(to...)
	msg.Subject(m.Subject())
	msg.SetMessageIDWithValue(id)
	msg.SetDateWithValue(m.At)
	if incident := m.Incident(); incident != 0 {
		// A mail that was never sent is the root: which of several mails is
		// the first depends on what each reader was sent.
		root := "<" + c.id(fmt.Sprintf("incident-%d", incident), m.URL) + ">"
		msg.SetGenHeader("References", root)
		msg.SetGenHeader("In-Reply-To", root)
		msg.SetGenHeader("X-Muster-Incident", fmt.Sprint(incident))
	}
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetGenHeader("X-Auto-Response-Suppress", "All")
	msg.SetGenHeader("X-Muster-Kind", string(m.Kind))
	msg.SetGenHeader("X-Muster-Severity", string(m.Severity()))
	msg.SetUserAgent("Muster " + buildinfo.Read().Version)
	if m.Severity() == notify.Critical && m.Kind != notify.Summary && m.Kind != notify.Board {
		msg.SetImportance(mail.ImportanceHigh)
	}
	msg.SetBodyString(mail.TypeTextPlain, m.Text())
	var page bytes.Buffer
	if err := pageOf.Execute(&page, view{m.Subject(), m.Parts()}); err != nil {
		return nil, err
	}
	msg.AddAlternativeString(mail.TypeTextHTML, page.String())
	if m.Sheet != nil {
		for _, f := range m.Sheet.Files {
			if err := msg.AttachReader(f.Name, bytes.NewReader(f.Body), mail.WithFileContentType(mail.ContentType(f.Type)), mail.WithFileEncoding(mail.EncodingB64)); err != nil {
				return nil, err
			}
		}
	}
	var out bytes.Buffer
	if _, err := msg.WriteTo(&out); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// id is a Message-ID (RFC 5322 §3.6.4) without its brackets. The collector's
// address tells it from that of another collector which mails the same people.
func (c *Channel) id(of, origin string) string {
	sum := sha256.Sum256([]byte(origin))
	safe := strings.Map(func(r rune) rune {
		if r == '-' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return -1
	}, of)
	_, domain, _ := strings.Cut(c.from.Address, "@")
	return fmt.Sprintf("%s.%s@%s", safe, hex.EncodeToString(sum[:4]), domain)
}

type view struct {
	Title string
	Parts []notify.Part
}

// Color is that of the bar beside a part. What it says is said in words too.
func (view) Color(s notify.Severity) string {
	switch s {
	case notify.Critical:
		return "#b50909"
	case notify.Warn:
		return "#c2850c"
	}
	return "#71767a"
}

// pageOf is the mail as a page: nothing is loaded, nothing is scripted, and
// html/template escapes all that comes from devices. Read-only.
var pageOf = template.Must(template.New("mail").Parse(`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{{.Title}}</title></head>
<body style="margin:0;padding:16px;font:15px/1.45 sans-serif;color:#1b1b1b;background:#ffffff">
{{- range .Parts}}
<div style="border-left:5px solid {{$.Color .Tone}};margin:0 0 20px;padding:2px 0 2px 14px;max-width:720px">
<h2 style="font-size:18px;margin:0 0 8px">{{.Heading}}</h2>
{{- range .Lines}}
<p style="margin:0 0 8px">{{with .Name}}<b>{{.}}:</b> {{end}}{{.Text}}</p>
{{- with .List}}
<ol style="margin:0 0 8px;padding-left:24px">{{range .}}<li>{{.}}</li>{{end}}</ol>
{{- end}}
{{- end}}
{{- with .Table}}
<table style="border-collapse:collapse;margin:0 0 8px"><tr>{{range .Head}}<th style="text-align:left;padding:3px 14px 3px 0;border-bottom:1px solid #71767a">{{.}}</th>{{end}}</tr>
{{- range .Rows}}
<tr>{{range $i, $x := .}}<td style="padding:3px 14px 3px 0;border-bottom:1px solid #dfe1e2">{{$x}}</td>{{end}}</tr>
{{- end}}
</table>
{{- end}}
{{- with .URL}}
<p style="margin:0"><a href="{{.}}">Open in Muster</a></p>
{{- end}}
</div>
{{- end}}
</body></html>
`))
