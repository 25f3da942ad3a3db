package summary

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"muster/collector/notify"
	"muster/collector/store"
)

// Line is where letters wait to be sent.
type Line interface {
	// Queue puts a letter in line and remembers, in the same transaction, that
	// the one of a source for a time was. One that was already is left out, and
	// not added. Without a source nothing is remembered. Times far ahead of now
	// that are remembered were noted while the clock was wrong, and are
	// forgotten.
	Queue(ctx context.Context, l notify.Letter, source string, due, now time.Time) (added bool, err error)
}

// late is how long after its time a summary still goes: a collector that was
// down over a weekend sends it on Monday.
const late = 72 * time.Hour

// ahead is how far a time can be in the future without the clock being wrong.
const ahead = 25 * time.Hour

// Sender mails summaries. All its fields are set by who makes it.
type Sender struct {
	Sources   Sources
	Schedules Schedules
	Line      Line
	CSV       func(Figures) ([]byte, error)
	Wake      func() // a letter is in line
	Zone      *time.Location
	URL       string // of the page with the figures; may be empty
	Log       *slog.Logger
	Now       func() time.Time

	done map[string]time.Time // of Due: the last time of each schedule that was seen to
}

// tick is how often it is looked whether one is due.
const tick = time.Minute

// Run sends what is due until ctx ends.
func (s *Sender) Run(ctx context.Context) error {
	t := time.NewTicker(tick)
	defer t.Stop()
	for {
		if err := s.Due(ctx); err != nil && ctx.Err() == nil {
			s.Log.Error("summaries wait", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
	}
}

// Due sends those that are due now. One that fails is tried when it is called
// again, and leaves the others standing. It is called by one goroutine.
func (s *Sender) Due(ctx context.Context) error {
	list, err := s.Schedules.Summaries(ctx)
	if err != nil {
		return err
	}
	if s.done == nil {
		s.done = map[string]time.Time{}
	}
	now := s.Now()
	for _, x := range list {
		at, _ := x.Around(now, s.Zone)
		since := x.Since
		if since.After(now.Add(ahead)) {
			since = time.Time{} // it was set while the clock was wrong
		}
		if x.Off || at.Before(since) || now.Sub(at) > late || s.done[x.Name].Equal(at) {
			continue
		}
		from, to := x.Period(at, s.Zone)
		id := sha256.Sum256(fmt.Appendf(nil, "%s\n%s\n%d", x.Name, at.UTC().Format(time.RFC3339), now.UnixMilli()))
		added, err := s.queue(ctx, x, x.To, from, to, "s-"+hex.EncodeToString(id[:12]), "summary "+strings.ToLower(x.Name), at)
		if err != nil {
			if ctx.Err() == nil {
				s.Log.Error("a summary waits", "summary", x.Name, "error", err)
			}
			continue
		}
		s.done[x.Name] = at
		if added {
			s.Log.Info("a summary is on its way", "summary", x.Name, "channel", x.Channel, "due", at)
		}
	}
	return nil
}

// Send puts one in line now: of the last whole week or month. It counts for no
// time of its schedule. Without addresses it goes to those of the schedule.
func (s *Sender) Send(ctx context.Context, x Schedule, to []string) (letter string, _ error) {
	if len(to) == 0 {
		to = x.To
	}
	from, until := x.Period(s.Now(), s.Zone)
	letter = "s-" + strings.ToLower(rand.Text())
	_, err := s.queue(ctx, x, to, from, until, letter, "", time.Time{})
	return letter, err
}

func (s *Sender) queue(ctx context.Context, x Schedule, to []string, from, until time.Time, id, source string, due time.Time) (bool, error) {
	now := s.Now()
	f, err := s.Sources.Count(ctx, Order{Scope: x.Scope, From: from, To: until, Now: now})
	if err != nil {
		return false, err
	}
	place, err := Place(ctx, s.Sources.Inventory, x.Scope)
	if err != nil {
		return false, err
	}
	csv, err := s.CSV(f)
	if err != nil {
		return false, fmt.Errorf("write CSV: %w", err)
	}
	m := f.message(place, csv, x.zone(s.Zone))
	m.ID, m.URL, m.To = id, s.URL, to
	l := notify.Letter{ID: id, Channel: x.Channel, Kind: notify.Board, Formed: now, Since: now, State: notify.Unsent, Message: m}
	l.Subject = m.Subject()
	added, err := s.Line.Queue(ctx, l, source, due, now)
	if err == nil && added {
		s.Wake()
	}
	return added, err
}

// Place says whose devices a scope has.
func Place(ctx context.Context, inv store.Inventory, scope store.Scope) (string, error) {
	if scope.All {
		return "All agencies", nil
	}
	agencies, err := inv.Agencies(ctx, store.Scope{All: true})
	if err != nil {
		return "", err
	}
	sites, err := inv.Sites(ctx, store.Scope{All: true})
	if err != nil {
		return "", err
	}
	var names []string
	for _, id := range scope.Agencies {
		for _, a := range agencies {
			if a.ID == id {
				names = append(names, a.Name)
			}
		}
	}
	for _, id := range scope.Sites {
		for _, x := range sites {
			if x.ID == id {
				names = append(names, x.Agency+"/"+x.Name)
			}
		}
	}
	if len(names) == 0 {
		return "No place that is left", nil
	}
	return strings.Join(names, ", "), nil
}
