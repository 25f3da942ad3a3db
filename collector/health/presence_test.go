package health

import (
	"testing"
	"time"

	"muster/collector/store"
)

func TestPresence(t *testing.T) {
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	for name, c := range map[string]struct {
		o    Observed
		want store.Presence
	}{
		"just heard":                {Observed{Kind: "pc", LastSeen: ago(30 * time.Second), Interval: time.Minute}, store.Online},
		"one report late":           {Observed{Kind: "pc", LastSeen: ago(2 * time.Minute), Interval: time.Minute}, store.Online},
		"slow rhythm":               {Observed{Kind: "pc", LastSeen: ago(12 * time.Minute), Interval: 5 * time.Minute}, store.Online},
		"said good night":           {Observed{Kind: "laptop", LastSeen: ago(time.Minute), Stopped: ago(time.Minute), Interval: time.Minute}, store.Asleep},
		"over the night":            {Observed{Kind: "pc", LastSeen: ago(15 * time.Hour), Interval: time.Minute}, store.Asleep},
		"over the weekend":          {Observed{Kind: "pc", LastSeen: ago(63 * time.Hour), Interval: time.Minute}, store.Asleep},
		"a week":                    {Observed{Kind: "pc", LastSeen: ago(7 * 24 * time.Hour), Interval: time.Minute}, store.Away},
		"a month":                   {Observed{Kind: "pc", LastSeen: ago(30 * 24 * time.Hour), Interval: time.Minute}, store.Missing},
		"a switch does not sleep":   {Observed{Kind: "switch", LastSeen: ago(15 * time.Hour), Interval: time.Minute}, store.Away},
		"a switch gone for days":    {Observed{Kind: "switch", LastSeen: ago(30 * time.Hour), Interval: time.Minute}, store.Missing},
		"a server does not sleep":   {Observed{Kind: "server", LastSeen: ago(time.Hour), Interval: time.Minute}, store.Away},
		"never heard":               {Observed{Kind: "pc", Interval: time.Minute}, store.Missing},
		"retired, though it speaks": {Observed{Kind: "pc", LastSeen: now, Retired: true, Interval: time.Minute}, store.Retired},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Presence(c.o, now); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}
