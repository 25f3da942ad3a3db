package mail

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"testing"
	"time"

	"muster/collector/notify"
	"muster/collector/notify/mail/mailtest"
)

// leaves reads all parts of a mail that hold no parts.
func leaves(t *testing.T, kind string, encoding string, body io.Reader, into map[string]string) {
	t.Helper()
	kind, params, err := mime.ParseMediaType(kind)
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasPrefix(kind, "multipart/") {
		parts := multipart.NewReader(body, params["boundary"])
		for {
			p, err := parts.NextRawPart()
			if err == io.EOF {
				return
			}
			if err != nil {
				t.Fatalf("parts of a %s: %v", kind, err)
			}
			leaves(t, p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p, into)
		}
	}
	switch strings.ToLower(encoding) {
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	}
	b, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	into[kind] += strings.ReplaceAll(string(b), "\r\n", "\n")
}

// Figures arrive at a real server as text, as a page and as a file, at those
// they are for, and names of devices stay names.
func TestFiguresAreMailedWithTheirFile(t *testing.T) {
	x := exim{mailtest.Start(t)}
	hostile := `<img src=x onerror=alert(1)></td></table><script>`
	csv := []byte("part,about\n'=evil(),x\n")
	m := notify.Message{ID: "s-1", Kind: notify.Board, At: time.Date(2026, 11, 30, 7, 0, 0, 0, time.UTC), URL: "https://muster.example.org/fleet/reports", To: []string{"night@example.org"}, Attempt: 1,
		Sheet: &notify.Sheet{Subject: "Parks, 23 to 29 Nov: 12 incidents found", Parts: []notify.Part{
			{Heading: "What Muster found " + hostile, Lines: []notify.Field{{Text: "Parks " + hostile}}, Table: &notify.Table{Head: []string{"Incidents", "Count"}, Rows: [][]string{{"Found", "12"}, {hostile, "3"}}}},
			{Heading: "Rules", Table: &notify.Table{Head: []string{"Rule", "Incidents", "False"}, Rows: [][]string{{"Disk", "9", "1"}}}},
		}, Files: []notify.File{{Name: "summary.csv", Type: "text/csv", Body: csv}}}}
	if err := send(t, x.channel(t, x.config(x.Address(false), "starttls")), m); err != nil {
		t.Fatal(err)
	}
	raw := x.waits(t, 1)[0]
	got, err := mail.ReadMessage(strings.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	if to := got.Header.Get("Envelope-To"); to != "night@example.org" || got.Header.Get("To") != "<night@example.org>" {
		t.Errorf("it went to %q", to)
	}
	if s, _ := new(mime.WordDecoder).DecodeHeader(got.Header.Get("Subject")); s != "[summary] Parks, 23 to 29 Nov: 12 incidents found" {
		t.Errorf("subject %q", s)
	}
	parts := map[string]string{}
	leaves(t, got.Header.Get("Content-Type"), got.Header.Get("Content-Transfer-Encoding"), got.Body, parts)
	if !bytes.Equal([]byte(parts["text/csv"]), csv) || !strings.Contains(raw, `filename="summary.csv"`) {
		t.Errorf("the file is %q", parts["text/csv"])
	}
	if parts["text/plain"] == "" || strings.TrimRight(parts["text/plain"], "\n") != strings.TrimRight(m.Text(), "\n") || !strings.Contains(m.Text(), "  Found: 12\n") || !strings.Contains(m.Text(), "  Disk: Incidents 9; False 1\n") {
		t.Errorf("the text is\n%s", parts["text/plain"])
	}
	page := parts["text/html"]
	for _, ours := range []string{"table", "tr", "th", "td"} { // beside those that checkPage knows
		page = strings.NewReplacer("<"+ours+">", "", "</"+ours+">", "").Replace(page)
		for {
			from := strings.Index(page, "<"+ours+" style=\"")
			if from < 0 {
				break
			}
			end := strings.Index(page[from:], ">")
			page = page[:from] + page[from+end+1:]
		}
	}
	checkPage(t, page)
	if strings.Count(parts["text/html"], "&lt;img src=x") != 3 || !strings.Contains(parts["text/html"], "Open in Muster") {
		t.Errorf("the page is\n%s", parts["text/html"])
	}

	m.To = []string{"no address"}
	if err := send(t, x.channel(t, x.config(x.Address(false), "starttls")), m); err == nil || !strings.Contains(err.Error(), "it is no address") {
		t.Errorf("to nobody: %v", err)
	}
}
