package web

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"muster/collector/api"
	"muster/collector/store"
)

// pulse is how often a stream looks whether something changed, and thereby how
// old a page can be.
const pulse = 5 * time.Second

// markOf tells two states of the list apart.
func markOf(list []store.Incident) string {
	h := sha256.New()
	for _, i := range list {
		fmt.Fprintf(h, "%d %s %s %s\n", i.Number, i.Severity, i.Status, i.Assignee)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// message is one message of the stream: what is open now, so that a page can say
// what is new without moving anything.
type message struct {
	Mark string    `json:"mark"`
	At   string    `json:"at"` // as people read it
	Open []openOne `json:"open"`
}

type openOne struct {
	Number   int64  `json:"number"`
	Title    string `json:"title"`
	Urgency  string `json:"urgency"`
	Word     string `json:"word"`
	Site     string `json:"site,omitempty"`
	Assignee string `json:"assignee,omitempty"`
}

// live is a stream of server-sent events (WHATWG HTML §9.2). Its events carry
// the whole state, so one that was missed costs nothing.
func (s *Site) live(v *visit) error {
	rc := http.NewResponseController(v.w)
	h := v.w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("X-Accel-Buffering", "no")
	site, mark := v.r.URL.Query().Get("site"), ""
	t := time.NewTicker(pulse)
	defer t.Stop()
	for {
		// Who was disabled, or signed out elsewhere, hears no more.
		if _, ok, err := s.who(v.r); err != nil || !ok {
			return nil
		}
		list, err := v.api.IncidentList(v.ctx(), api.IncidentListInput{Site: site, Limit: 300})
		if err != nil {
			return nil // the browser comes again by itself
		}
		now := s.o.Now()
		out := message{Mark: markOf(list.Incidents), At: clock{s.o.Zone, now, v.lang}.At(now), Open: []openOne{}}
		name := "tick"
		if out.Mark != mark {
			name, mark = "open", out.Mark
			for _, i := range list.Incidents {
				class, word := urgency(i.Severity)
				out.Open = append(out.Open, openOne{i.Number, i.Title, class, v.lang.Say(word), i.Site, i.Assignee})
			}
		}
		b, err := json.Marshal(out)
		if err != nil {
			return err
		}
		if err := rc.SetWriteDeadline(now.Add(time.Minute)); err != nil {
			s.o.Log.Debug("stream without a deadline", "error", err)
		}
		if _, err := fmt.Fprintf(v.w, "event: %s\ndata: %s\n\n", name, b); err != nil {
			return nil
		}
		if err := rc.Flush(); err != nil {
			return nil
		}
		select {
		case <-v.ctx().Done():
			return nil
		case <-t.C:
		}
	}
}
