package webhook

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"muster/collector/notify"
)

// Payload is the form json, and what templates see.
type Payload struct {
	Version   int                 `json:"version"`
	ID        string              `json:"id"`
	Kind      notify.MessageKind  `json:"kind"`
	At        time.Time           `json:"at"`
	Subject   string              `json:"subject"`
	Text      string              `json:"text"`
	Severity  notify.Severity     `json:"severity"`
	URL       string              `json:"url,omitempty"`
	Incidents []notify.Notice     `json:"incidents"`
	More      []notify.Tally      `json:"more,omitempty"`
	Numbers   []int64             `json:"numbers,omitempty"`
	Until     time.Time           `json:"until,omitzero"`
	Digest    *notify.DigestLines `json:"digest,omitempty"`
}

// How much the far sides take.
const (
	maxBody = 512 << 10 // ours

	// Slack: 50 blocks a message, 3,000 letters a section, 150 a header
	// (reference of Block Kit); all text together is refused from about 13,000
	// on (slackapi/bolt-js, issue 2509).
	slackBlocks, slackSection, slackHeader, slackAll = 50, 3000, 150, 12000

	// Teams: 28 KB a message (limits of incoming webhooks), of which others
	// found 21 KB to be safe.
	teamsBody = 21000
)

func payload(m *notify.Message) Payload {
	p := Payload{Version: 1, ID: m.ID, Kind: m.Kind, At: m.At, Subject: m.Subject(), Text: m.Text(), Severity: m.Severity(), URL: m.URL,
		Incidents: m.Notices, More: m.More, Numbers: m.Numbers, Until: m.Until, Digest: m.Digest}
	if p.Incidents == nil {
		p.Incidents = []notify.Notice{} // a list, not null
	}
	return p
}

// fitting writes the message as long as it fits, shorter and shorter.
func fitting(m *notify.Message, write func(*notify.Message) ([]byte, error), fits func([]byte) bool) ([]byte, error) {
	for level := range notify.Shortest + 1 {
		short := m.Shorten(level)
		b, err := write(&short)
		if err != nil {
			return nil, err
		}
		if fits(b) {
			return b, nil
		}
	}
	return nil, fmt.Errorf("the message is too long even in its shortest form")
}

func under(most int) func([]byte) bool { return func(b []byte) bool { return len(b) <= most } }

// encode leaves < and > as they are: this is no HTML.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// plain is the form json.
func plain(m *notify.Message) ([]byte, error) {
	return fitting(m, func(m *notify.Message) ([]byte, error) { return encode(payload(m)) }, under(maxBody))
}

// object is one of JSON.
type object map[string]any

// head shortens to n letters.
func head(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	r := []rune(s)
	return string(r[:n-1]) + "…"
}

// lines are a part's lines as text.
func lines(p notify.Part) string {
	var b strings.Builder
	for _, f := range p.Lines {
		if f.Name != "" {
			b.WriteString(f.Name + ": ")
		}
		b.WriteString(f.Text)
		for i, one := range f.List {
			if i > 0 || f.Name != "" {
				b.WriteString("\n")
			}
			fmt.Fprintf(&b, "  %d. %s", i+1, one)
		}
		b.WriteString("\n")
	}
	return strings.TrimRight(b.String(), "\n")
}

// slack makes a message of blocks. What comes from devices stands in
// plain_text, where nothing is markup; only our own links are mrkdwn.
func slack(m *notify.Message) ([]byte, error) {
	text := func(s string, n int) object { return object{"type": "plain_text", "text": head(s, n), "emoji": false} }
	letters, count := 0, 0
	write := func(m *notify.Message) ([]byte, error) {
		blocks := []object{{"type": "header", "text": text(m.Subject(), slackHeader)}}
		letters = 0
		for n, p := range m.Parts() {
			if n > 0 {
				blocks = append(blocks, object{"type": "divider"})
			}
			body := p.Heading + "\n" + lines(p)
			letters += min(utf8.RuneCountInString(body), slackSection)
			blocks = append(blocks, object{"type": "section", "text": text(body, slackSection)})
			if p.URL != "" {
				link := "<" + escaped(p.URL) + "|Open in Muster>"
				letters += len(link)
				blocks = append(blocks, object{"type": "context", "elements": []object{{"type": "mrkdwn", "text": link}}})
			}
		}
		count = len(blocks)
		// What is shown where blocks are not: in a notification, on a watch.
		return encode(object{"text": escaped(m.Subject()), "blocks": blocks, "unfurl_links": false, "unfurl_media": false})
	}
	return fitting(m, write, func([]byte) bool { return letters <= slackAll && count <= slackBlocks })
}

// escaped keeps Slack's mrkdwn from seeing links, mentions and entities.
func escaped(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

// teams makes an Adaptive Card in the message that a workflow "when a webhook
// request is received" takes. What comes from devices stands in TextRuns, in
// which Markdown is not supported (Adaptive Cards schema, TextRun, 1.2).
func teams(m *notify.Message) ([]byte, error) {
	run := func(s string, more object) object {
		r := object{"type": "TextRun", "text": s}
		for k, v := range more {
			r[k] = v
		}
		return r
	}
	write := func(m *notify.Message) ([]byte, error) {
		body := []object{{"type": "RichTextBlock", "inlines": []object{run(m.Subject(), object{"weight": "Bolder", "size": "Medium"})}}}
		var actions []object
		for _, p := range m.Parts() {
			heading := object{"weight": "Bolder"}
			switch p.Tone {
			case notify.Critical:
				heading["color"] = "Attention"
			case notify.Warn:
				heading["color"] = "Warning"
			}
			items := []object{{"type": "RichTextBlock", "inlines": []object{run(p.Heading, heading)}}}
			for _, f := range p.Lines {
				var inlines []object
				if f.Name != "" {
					inlines = append(inlines, run(f.Name+": ", object{"weight": "Bolder"}))
				}
				if f.Text != "" {
					inlines = append(inlines, run(f.Text, nil))
				}
				if len(inlines) > 0 {
					items = append(items, object{"type": "RichTextBlock", "spacing": "Small", "inlines": inlines})
				}
				for i, one := range f.List {
					items = append(items, object{"type": "RichTextBlock", "spacing": "None", "inlines": []object{run(fmt.Sprintf("%d. %s", i+1, one), nil)}})
				}
			}
			body = append(body, object{"type": "Container", "separator": true, "items": items})
			if p.URL != "" && len(actions) < 6 { // more are not shown
				actions = append(actions, object{"type": "Action.OpenUrl", "title": head("Open: "+p.Heading, 40), "url": p.URL})
			}
		}
		card := object{"$schema": "http://adaptivecards.io/schemas/adaptive-card.json", "type": "AdaptiveCard", "version": "1.2",
			"fallbackText": m.Subject(), "body": body, "msteams": object{"width": "Full"}}
		if len(actions) > 0 {
			card["actions"] = actions
		}
		return encode(object{"type": "message", "attachments": []object{{"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": nil, "content": card}}})
	}
	return fitting(m, write, under(teamsBody))
}
