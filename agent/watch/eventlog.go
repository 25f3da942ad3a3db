package watch

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"muster/agent/host"
	"muster/internal/event"
	"muster/internal/event/linux"
	"muster/internal/event/windows"
	"muster/internal/order"
)

// eventLog is the event log of Windows.
type eventLog interface {
	// After gives at most most records of a channel behind the one numbered id,
	// oldest first, as Windows renders them; for id 0, those since then. skipped
	// counts records that could not be rendered.
	After(channel string, id uint64, since time.Time, most int) (records [][]byte, skipped int, err error)
	// Newest is the number of the last record of a channel; 0 when it is empty.
	Newest(channel string) (uint64, error)
}

// eventMark is how far a channel was read.
type eventMark struct {
	Record uint64 `json:"record"`
	// Held is the first record that waits for others that tell of the same; 0
	// when none does. From it on is read again after a restart of the agent.
	Held uint64 `json:"held,omitempty"`
}

const (
	systemChannel = "System"
	// heldFor is how long records of a start, a stop or a sleep wait for others
	// that tell of the same. What belongs to a start is written in its first
	// minute.
	heldFor = 90 * time.Second
	// calledOff is after how long a stop that was asked for and never came is
	// one that was called off.
	calledOff = time.Hour
	maxHeld   = 500
)

func eventChannels() []string { return []string{systemChannel, "Application"} }

// events is what is kept of the event log between two looks.
type events struct {
	log     eventLog
	again   map[string]bool // channels of which held records were read again
	held    []windows.Record
	arrived time.Time // when the last of them came
}

// beginEvents opens the event log, where there is one.
func (w *Watch) beginEvents() {
	log, err := w.OpenEvents(w.Host)
	switch {
	case err == nil:
		w.events = events{log: log, again: map[string]bool{}}
	case !errors.Is(err, errors.ErrUnsupported):
		w.Log.Warn("the event log cannot be read", "error", err)
	}
}

// readEvents takes what is new in the event log. It says whether there is
// more. mu is held.
func (w *Watch) readEvents(ctx context.Context) bool {
	if w.events.log == nil {
		return false
	}
	more := false
	for _, channel := range eventChannels() {
		m := w.mark.Events[channel]
		if w.dueNow("newest "+channel, time.Hour) {
			// A log that was made anew counts from 1.
			if n, err := w.events.log.Newest(channel); err == nil && n < m.Record {
				w.missing("event_log", "overwritten", 0)
				m = eventMark{}
			}
		}
		from := m.Record
		if m.Held > 0 && !w.events.again[channel] {
			from = m.Held - 1
		}
		w.events.again[channel] = true
		list, skipped, err := w.events.log.After(channel, from, w.since(), passEntries)
		switch {
		case errors.Is(err, fs.ErrPermission):
			w.deniedOnce("event_log")
			continue
		case err != nil:
			w.Log.Warn("the event log could not be read", "channel", channel, "error", err)
			continue
		}
		for _, b := range list {
			r, err := windows.ParseXML(b)
			if err != nil || r.ID == 0 {
				skipped++
				continue
			}
			w.eventRecord(ctx, r, r.ID <= m.Record)
			m.Record = max(m.Record, r.ID)
		}
		if skipped > 0 && w.dueNow("damaged", time.Hour) {
			w.missing("event_log", "damaged", uint64(skipped))
		}
		if w.mark.Events == nil {
			w.mark.Events = map[string]eventMark{}
		}
		w.mark.Events[channel] = m
		more = more || len(list) == passEntries
	}
	w.flushHeld(ctx, more)
	m := w.mark.Events[systemChannel]
	if m.Held = 0; len(w.events.held) > 0 {
		m.Held = w.events.held[0].ID
	}
	if w.mark.Events != nil {
		w.mark.Events[systemChannel] = m
	}
	return more
}

// eventRecord takes one record. again says that it was read before the agent
// started anew, so that only what was held then is news.
func (w *Watch) eventRecord(ctx context.Context, r windows.Record, again bool) {
	if r.Time.Before(w.since()) {
		return
	}
	if joins(r) {
		if len(w.events.held) < maxHeld {
			w.events.held = append(w.events.held, r)
			w.events.arrived = w.now()
		}
		return
	}
	e, ok := windows.Of(r)
	if !ok || again {
		return
	}
	if e.Kind == event.Throttled {
		day := e.At.UTC().Format(time.DateOnly)
		if w.mark.Held.Day == day {
			return
		}
		w.mark.Held.Day = day
	}
	w.tellWindows(ctx, e)
}

// joins says whether a record may be one of several that tell of the same: see
// windows.Events. All are of one channel.
func joins(r windows.Record) bool {
	if !strings.EqualFold(r.Channel, systemChannel) {
		return false
	}
	if strings.EqualFold(r.Provider, "EventLog") && (r.EventID == 6005 || r.EventID == 6009) {
		return true // they part one start from the next
	}
	k, ok := windows.Kind(r.Channel, r.Provider, r.EventID)
	if !ok {
		return false
	}
	switch k.Name {
	case event.Boot, event.CleanStop, event.Sleep, event.Resume, event.UncleanStop:
		return true
	}
	return false
}

// flushHeld tells of what was held when nothing more came for a while.
func (w *Watch) flushHeld(ctx context.Context, more bool) {
	if more || len(w.events.held) == 0 || w.now().Sub(w.events.arrived).Abs() < heldFor {
		return
	}
	list := w.events.held
	order.Stable(list, func(a, b windows.Record) int { return int(int64(a.ID) - int64(b.ID)) })
	list, w.events.held = asked(list, w.now())
	for _, e := range windows.Events(list) {
		w.tellWindows(ctx, e)
	}
}

// asked parts a stop that was only asked for, and of which nothing else tells
// yet, from the rest. Too old a one is left out of both.
func asked(list []windows.Record, now time.Time) (told, waits []windows.Record) {
	for n := len(list); n > 0; n-- {
		r := list[n-1]
		if !strings.EqualFold(r.Provider, "User32") || r.EventID != 1074 {
			return list[:n], waits
		}
		if now.Sub(r.Time).Abs() < calledOff {
			waits = append([]windows.Record{r}, waits...)
		}
	}
	return nil, waits
}

// tellWindows tells an event of Windows, with what is known of its drive.
func (w *Watch) tellWindows(ctx context.Context, e windows.Event) {
	if disk := e.Attributes["disk"]; disk != "" && w.Serial != nil {
		if k, ok := event.Lookup(e.Kind); ok {
			if _, has := k.Attribute("serial"); has && e.Attributes["serial"] == "" {
				if s := w.Serial(ctx, disk); s != "" {
					e.Attributes["serial"] = s
				}
			}
		}
	}
	w.tell(ctx, linux.Event{Kind: e.Kind, At: e.At, Attributes: e.Attributes})
}

// openEvents is the event log of a machine that has one.
func openEvents(h *host.Host) (eventLog, error) {
	l := logOf{h}
	if _, err := l.Newest(systemChannel); err != nil {
		return nil, err
	}
	return l, nil
}

// logOf is the event log of a host.
type logOf struct{ h *host.Host }

func (l logOf) After(channel string, id uint64, since time.Time, most int) ([][]byte, int, error) {
	return l.h.Records(channel, query(id, since), false, most)
}

func (l logOf) Newest(channel string) (uint64, error) {
	list, _, err := l.h.Records(channel, "*", true, 1)
	if err != nil || len(list) == 0 {
		return 0, err
	}
	r, err := windows.ParseXML(list[0])
	return r.ID, err
}

// query is the question for records of a channel (Microsoft, "Consuming
// Events", XPath).
func query(id uint64, since time.Time) string {
	if id > 0 {
		return fmt.Sprintf("*[System[EventRecordID>%d]]", id)
	}
	return fmt.Sprintf("*[System[TimeCreated[@SystemTime>='%s']]]", since.UTC().Format("2006-01-02T15:04:05.000Z"))
}
