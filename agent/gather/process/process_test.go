package process

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"muster/agent/gather/recorded"
)

// stat writes a line of /proc/PID/stat.
func stat(pid int, name string, user, system, started, pages int) string {
	return fmt.Sprintf("-- /proc/%d/stat --\n%d (%s) S 1 1 1 0 -1 4194304 9 0 0 0 %d %d 0 0 20 0 4 0 %d 1000000 %d 18446744073709551615 0 0\n", pid, pid, name, user, system, started, pages)
}

func TestRead(t *testing.T) {
	up := 1000 * time.Second
	files := "-- /etc/passwd --\nroot:x:0:0:root:/root:/bin/sh\nada:x:1000:1000:Ada:/home/ada:/bin/sh\n-- /proc/self/stat --\nno number\n" +
		stat(1, "init", 100, 100, 2, 300) +
		stat(77, "Web (Content)", 0, 0, 90_000, 60_000) + "-- /proc/77/status --\nName:\tx\nUid:\t1000\t1000\t1000\t1000\n-- /proc/77/smaps_rollup --\n7f-8f ---p 0 0 0 [rollup]\nRss: 1000 kB\nPrivate_Clean: 10 kB\nPrivate_Dirty: 200 kB\n" +
		stat(9, "kworker/0:1", 5000, 5000, 10, 0) +
		stat(12, "young", 50, 50, 99_900, 10)
	h := recorded.Unpack(t, []byte(files))
	h.Mono = func() (time.Duration, error) { return up, nil }
	rd := &Reader{}
	r, err := rd.Read(context.Background(), h)
	recorded.Golden(t, h, "process", "first", r, err)

	// An hour later one has been busy, and a number was given to another.
	up += time.Hour
	h = recorded.Unpack(t, []byte(files+stat(1, "init", 100, 100, 2, 300)+stat(77, "Web (Content)", 540_000, 0, 90_000, 60_000)+stat(9, "other", 7, 0, 300_000, 5)))
	h.Mono = func() (time.Duration, error) { return up, nil }
	r, err = rd.Read(context.Background(), h)
	recorded.Golden(t, h, "process", "later", r, err)
}

// Who is shown only his own processes does not know which use most.
func TestNotAllAreShown(t *testing.T) {
	own := recorded.Unpack(t, []byte(stat(77, "own", 0, 0, 90_000, 60_000)))
	own.Mono = func() (time.Duration, error) { return 1000 * time.Second, nil }
	if r, err := (&Reader{}).Read(t.Context(), own); err != nil || len(r.Faults) != 1 || len(r.Table.Rows) != 1 {
		t.Errorf("%d rows, faults %q, error %v", len(r.Table.Rows), r.Faults, err)
	}
	none := recorded.Unpack(t, []byte("-- /proc/self/stat --\nno number\n"))
	if _, err := (&Reader{}).Read(t.Context(), none); !errors.Is(err, errors.ErrUnsupported) {
		t.Errorf("without processes: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("1 (init) S 1 1 1 0 -1 4194304 9 0 0 0 1 2 0 0 20 0 4 0 3 1000000 4 5 0 0", "Private_Dirty: 200 kB\n")
	f.Fuzz(func(t *testing.T, line, smaps string) {
		if p, ok := parseStat([]byte(line)); ok && (p.rss < 0 || p.pid <= 0 || len(p.name) > 64) {
			t.Errorf("%+v", p)
		}
		if n, _ := private(smaps); n < 0 {
			t.Error(n)
		}
		statusUID(smaps)
	})
}
