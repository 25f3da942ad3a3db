package service

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"
)

// newEvents is a log that goes into the system's log of events: warnings and
// errors alone, because that log is everybody's, and at most so many an hour.
// What is left out is counted and told.
func newEvents(put func(slog.Level, string), most int, now func() time.Time) slog.Handler {
	s := &events{put: put, most: most, now: now}
	return eventHandler{s, slog.NewTextHandler(&s.line, &slog.HandlerOptions{Level: slog.LevelWarn,
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			// The log of events has both.
			if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey) {
				return slog.Attr{}
			}
			return a
		}})}
}

// mostEvent is how long an entry may be, in bytes; Windows takes 31,839
// characters (ReportEventW).
const mostEvent = 8 << 10

type events struct {
	put  func(slog.Level, string)
	most int
	now  func() time.Time

	mu    sync.Mutex
	line  bytes.Buffer
	since time.Time // of the present hour
	count int       // in it
	left  int       // out of it
}

type eventHandler struct {
	*events
	text slog.Handler // writes into line
}

func (h eventHandler) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelWarn }

func (h eventHandler) WithAttrs(as []slog.Attr) slog.Handler {
	return eventHandler{h.events, h.text.WithAttrs(as)}
}

func (h eventHandler) WithGroup(name string) slog.Handler {
	return eventHandler{h.events, h.text.WithGroup(name)}
}

func (h eventHandler) Handle(ctx context.Context, r slog.Record) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.now()
	if passed := now.Sub(h.since); passed >= time.Hour || passed < 0 { // clocks are set back
		if h.left > 0 {
			h.put(slog.LevelWarn, fmt.Sprintf("%d further entries were left out in the hour from %s on.", h.left, h.since.Format(time.RFC3339)))
		}
		h.since, h.count, h.left = now, 0, 0
	}
	if h.count >= h.most {
		h.left++
		return nil
	}
	h.count++
	h.line.Reset()
	if err := h.text.Handle(ctx, r); err != nil {
		return err
	}
	text := strings.TrimSpace(h.line.String())
	if len(text) > mostEvent {
		text = strings.ToValidUTF8(text[:mostEvent], "") + " …"
	}
	h.put(r.Level, text)
	return nil
}
