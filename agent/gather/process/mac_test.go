package process

import (
	"testing"
	"time"

	"muster/agent/gather/recorded"
)

func TestMac(t *testing.T) {
	h := recorded.Mac(t, "macbook")
	r, err := (&Reader{}).ReadMac(t.Context(), h)
	recorded.Golden(t, h, "process", "macbook", r, err)
}

// Between two readings counts what a process used meanwhile, and not since it
// started.
func TestMacBetweenTwoReadings(t *testing.T) {
	rd := &Reader{}
	at := time.Date(2024, 6, 3, 9, 0, 0, 0, time.UTC)
	look := func(after time.Duration, text string) []one {
		list, _ := parsePS([]byte(text))
		rd.compare(list, time.Duration(at.Add(after).UnixNano()))
		return list
	}
	look(0, "  77 mara 100 10:00.00 Mon Jun  3 08:00:00 2024 Safari\n")
	l := look(time.Minute, "  77 mara 100 10:30.00 Mon Jun  3 08:00:00 2024 Safari\n")
	if len(l) != 1 || !l[0].known || l[0].percent != 50 {
		t.Errorf("read %+v, want 50 %%", l)
	}
}

func TestParsePS(t *testing.T) {
	list, accounts := parsePS([]byte("    1 root             21344   3:07.12 Sun Jun  2 07:00:10 2024 launchd\n" +
		"  900 _windowserver   412000 1-02:03:04.50 Sun Jun  2 07:00:20 2024 WindowServer\n" +
		" 1200 mara            900000  61:02.03 Mon Jun  3 06:00:00 2024 Microsoft Word\n" +
		"nonsense\n 7 a b c d e f g h i\n -1 root 1 0:00.00 Sun Jun  2 07:00:10 2024 x\n"))
	if len(list) != 3 {
		t.Fatalf("read %+v", list)
	}
	want := []one{
		{pid: 1, name: "launchd", cpu: 18712, started: 171731161000, rss: 21344 << 10},
		{pid: 900, name: "WindowServer", cpu: 9378450, started: 171731162000, rss: 412000 << 10},
		{pid: 1200, name: "Microsoft Word", cpu: 366203, started: 171739440000, rss: 900000 << 10},
	}
	for i := range want {
		if list[i] != want[i] {
			t.Errorf("read %+v, want %+v", list[i], want[i])
		}
	}
	if accounts[1200] != "mara" {
		t.Errorf("accounts are %v", accounts)
	}
}

func FuzzParsePS(f *testing.F) {
	f.Add([]byte("    1 root  21344   3:07.12 Sun Jun  2 07:00:10 2024 launchd\n"))
	f.Add([]byte("1 a 1 1-1:1:1.1 Sun Jun  2 07:00:10 2024 x y\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		list, _ := parsePS(b)
		for _, p := range list {
			if p.pid <= 0 || p.rss < 0 || p.name == "" || len(p.name) > 64 {
				t.Errorf("read %+v", p)
			}
		}
	})
}
