package enroll

import (
	"testing"
	"time"
)

func TestClock(t *testing.T) {
	built := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	told := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name   string
		now    time.Time
		server time.Time
		want   time.Time
		sure   bool
	}{
		{"right", told, time.Time{}, told, true},
		{"empty battery", time.Unix(0, 0), time.Time{}, built, false},
		{"empty battery, collector known", time.Unix(0, 0), told, told, false},
		{"set back two days", told.Add(-48 * time.Hour), told, told, false},
		{"set back an hour", told.Add(-time.Hour), told, told.Add(-time.Hour), true},
		{"three years ahead", told.AddDate(3, 0, 0), told, told, false},
		{"a drawer", told.AddDate(1, 0, 0), told, told.AddDate(1, 0, 0), true},
		{"a century ahead", told.AddDate(100, 0, 0), time.Time{}, built, false},
		{"old build", built.AddDate(4, 0, 0), time.Time{}, built.AddDate(4, 0, 0), true},
	} {
		got, sure := NewClock(func() time.Time { return c.now }, built, c.server).Time()
		if !got.Equal(c.want) || sure != c.sure {
			t.Errorf("%s: %v %v, want %v %v", c.name, got, sure, c.want, c.sure)
		}
	}
}

func TestClockLearns(t *testing.T) {
	built := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	told := time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)
	now := time.Unix(1000, 0)
	c := NewClock(func() time.Time { return now }, built, time.Time{})
	c.Learn(built.Add(-time.Hour))
	if got, sure := c.Time(); sure || !got.Equal(built) {
		t.Errorf("a time before the build is believed: %v", got)
	}
	c.Learn(told)
	now = now.Add(time.Hour)
	if got, sure := c.Time(); sure || !got.Equal(told.Add(time.Hour)) {
		t.Errorf("an hour after: %v %v", got, sure)
	}
	now = told.Add(2 * time.Hour) // set right
	c.Learn(now)
	now = now.Add(60 * 24 * time.Hour) // asleep
	if got, sure := c.Time(); !sure || !got.Equal(now) {
		t.Errorf("after a long sleep: %v %v", got, sure)
	}
	now = told.Add(-1000 * time.Hour)
	if got, sure := c.Time(); sure || !got.Equal(c.Server()) {
		t.Errorf("set back while running: %v %v", got, sure)
	}
}

func TestOffers(t *testing.T) {
	a, b := KeyHash{1}, KeyHash{2}
	cfg := ClientTLS([]KeyHash{a}, nil, NewClock(time.Now, time.Now(), time.Time{}))
	if this, any := Offers(cfg.NextProtos, a); !this || !any {
		t.Error("its own pin is not offered")
	}
	if this, any := Offers(cfg.NextProtos, b); this || !any {
		t.Error("another pin is offered")
	}
	if this, any := Offers([]string{"h2", "http/1.1"}, a); this || any {
		t.Error("a script pins nothing")
	}
}
