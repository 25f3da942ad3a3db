package session

import (
	"testing"
	"time"

	"muster/agent/gather/recorded"
)

func TestMac(t *testing.T) {
	h := recorded.Mac(t, "macbook")
	r, err := ReadMac(t.Context(), h)
	recorded.Golden(t, h, "session", "macbook-session", r, err)
	r, err = ReadLogonMac(t.Context(), h)
	recorded.Golden(t, h, "logon", "macbook-logon", r, err)
}

func TestParseWho(t *testing.T) {
	now := time.Date(2024, 1, 2, 9, 30, 0, 0, time.UTC)
	list := parseWho("mara     console      Dec 30 08:01 old          158\n"+
		"mara     ttys000      Jan  2 09:20   .         2000\n"+
		"admin    ttys001      Jan  2 08:00 01:20      2100 (192.0.2.7)\n"+
		"_mbsetupuser console  Jan  1 00:00 old  99\nmara console Dec 30 08:01 old 158\nshort\n", now)
	if len(list) != 3 {
		t.Fatalf("read %+v", list)
	}
	if s := list[0]; s.Kind != "graphical" || !s.console || s.State != "active" || s.IdleSecs != nil || !s.StartedAt.Equal(time.Date(2023, 12, 30, 8, 1, 0, 0, time.UTC)) {
		t.Errorf("at the console: %+v", s)
	}
	if s := list[1]; s.Kind != "terminal" || s.State != "active" || *s.IdleSecs != 0 {
		t.Errorf("in a window: %+v", s)
	}
	if s := list[2]; s.Kind != "ssh" || s.Remote != "192.0.2.7" || *s.IdleSecs != 4800 {
		t.Errorf("from elsewhere: %+v", s)
	}
}

// Years are not told: they are found by going back in time, over a turn of the
// year too.
func TestParseLast(t *testing.T) {
	now := time.Date(2024, 1, 3, 9, 30, 0, 0, time.UTC)
	list := parseLast("mara       console                         Tue Jan  2 08:00   still logged in\n"+
		"mara       ttys000                         Mon Jan  1 20:00 - 20:30  (00:30)\n"+
		"admin      ttys001  192.0.2.7              Sun Dec 31 23:00 - 01:00  (02:00)\n"+
		"reboot    ~                         Sun Dec 31 07:00 \n"+
		"reboot time                                Sun Dec 31 07:00\n"+
		"mara       console                         Fri Dec 29 08:00 - crash (1+23:00)\n"+
		"mara       console                         Thu Dec 28 08:00 - 17:00  (09:00)\n\nwtmp begins Sat Jan  6 10:01 \n", now)
	if len(list) != 5 {
		t.Fatalf("read %+v", list)
	}
	if s := list[2]; s.user != "admin" || !s.remote || !s.to.Equal(time.Date(2024, 1, 1, 1, 0, 0, 0, time.UTC)) {
		t.Errorf("over the turn of the year: %+v", s)
	}
	tl := tally{now: now, from: now.Add(-window), person: macPerson}
	tl.stays(list)
	// 25:30 since yesterday count for a day, a crash for four hours.
	if got := tl.users["mara"]; got != 24*time.Hour+lostStay+9*time.Hour {
		t.Errorf("mara was there for %s", got)
	}
	if tl.lastUser != "mara" || tl.users["admin"] != 2*time.Hour {
		t.Errorf("%+v", tl)
	}
}

func FuzzMacSessions(f *testing.F) {
	f.Add("mara     ttys000      Jan  2 09:20   .         2000 (x)\nmara  console  Tue Jan  2 08:00 - crash (1+02:03)\n")
	f.Add("a b Feb 29 10:00\na b Thu Feb 29 10:00 still logged in\n")
	now := time.Date(2024, 1, 3, 9, 30, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text string) {
		for _, s := range parseWho(text, now) {
			if s.UserName == "" || s.StartedAt.After(now.Add(24*time.Hour)) {
				t.Errorf("%+v", s)
			}
		}
		list := parseLast(text, now)
		tl := tally{now: now, from: now.Add(-window), person: macPerson}
		tl.stays(list)
		for name, d := range tl.users {
			if d < 0 {
				t.Errorf("%s was there for %s", name, d)
			}
		}
	})
}
