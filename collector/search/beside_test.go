package search

import (
	"testing"
	"time"
)

func TestPastAndFuture(t *testing.T) {
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	before, after := now.AddDate(0, -1, 0), now.AddDate(0, 1, 0)
	for _, c := range []struct {
		filter string
		at     time.Time
		want   bool
	}{
		{"eol:past", before, true},
		{"eol:past", after, false},
		{"eol=PAST", before, true},
		{"eol:future", after, true},
		{"eol:future", before, false},
		{"warranty:past", before, true},
		{"os.support_ends_at:past", before, true},
		{"end_of_life<2026-12-01", before, true},
	} {
		if got := one(t, c.filter).MatchTime(c.at, now); got != c.want {
			t.Errorf("%s of %s: %v", c.filter, c.at, got)
		}
	}
	for text, want := range map[string]string{"eol:past": "eol>0d", "eol!=past": "-eol>0d", "eol:future": "eol<0d"} {
		e, err := Parse(text)
		if err != nil || e.String() != want {
			t.Errorf("%s: %v, %v, want %s", text, e, err, want)
		}
	}
	for _, bad := range []string{"eol<past", "ram:past", `eol:"past"`} {
		if _, err := Parse(bad); err == nil {
			t.Errorf("%s was read", bad)
		}
	}
}
