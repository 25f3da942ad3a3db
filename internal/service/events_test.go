package service

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// Warnings and errors go on with all that belongs to them; the rest does not.
func TestEvents(t *testing.T) {
	var got []string
	now := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	log := slog.New(newEvents(func(l slog.Level, text string) { got = append(got, fmt.Sprint(l, " ", text)) }, 3, func() time.Time { return now }))
	log.Info("nobody wants to know")
	log.With("device", "7").WithGroup("g").Warn("not delivered", "error", errors.New("no way\x00 to it"))
	log.Error(strings.Repeat("ä", mostEvent))
	if len(got) != 2 || got[0] != `WARN msg="not delivered" device=7 g.error="no way\x00 to it"` {
		t.Fatalf("%q", got)
	}
	if !strings.HasPrefix(got[1], "ERROR msg=ää") || !strings.HasSuffix(got[1], "ä …") || len(got[1]) > mostEvent+20 {
		t.Errorf("%d bytes: %.20q", len(got[1]), got[1])
	}
	for range 5 {
		log.Warn("again")
	}
	if len(got) != 3 {
		t.Errorf("%d entries within the hour, want 3", len(got))
	}
	now = now.Add(time.Hour)
	log.Warn("later")
	if len(got) != 5 || got[3] != "WARN 4 further entries were left out in the hour from 2026-03-02T10:00:00Z on." || got[4] != "WARN msg=later" {
		t.Errorf("%q", got[3:])
	}
}

// A clock that was set back does not silence the log.
func TestEventsAfterTheClockWasSetBack(t *testing.T) {
	count := 0
	now := time.Now()
	log := slog.New(newEvents(func(slog.Level, string) { count++ }, 1, func() time.Time { return now }))
	log.Warn("one")
	log.Warn("too many")
	now = now.Add(-24 * time.Hour)
	log.Warn("two")
	if count != 3 { // with the count of what was left out
		t.Errorf("%d entries", count)
	}
}
