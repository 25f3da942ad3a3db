package process

import (
	"context"
	"encoding/binary"
	"testing"
	"time"

	"muster/agent/gather/recorded"
	"muster/agent/host"
)

// entry makes one process of Windows' list, with its name behind it.
func entry(pid uint64, name string, cpu time.Duration, memory uint64, last bool, at int) []byte {
	b := make([]byte, 256+64)
	if !last {
		binary.LittleEndian.PutUint32(b, uint32(len(b)))
	}
	binary.LittleEndian.PutUint64(b[8:], memory/2)
	binary.LittleEndian.PutUint64(b[32:], 133_618_806_000_000_000-36_000_000_000) // an hour ago
	binary.LittleEndian.PutUint64(b[40:], uint64(cpu/100))
	binary.LittleEndian.PutUint16(b[56:], uint16(2*len(name)))
	binary.LittleEndian.PutUint64(b[64:], uint64(at+256))
	binary.LittleEndian.PutUint64(b[80:], pid)
	binary.LittleEndian.PutUint64(b[144:], memory)
	for i, c := range name {
		binary.LittleEndian.PutUint16(b[256+2*i:], uint16(c))
	}
	return b
}

// TestWindows ranks by use since the reading before.
func TestWindows(t *testing.T) {
	list := func(busy time.Duration) []byte {
		b := entry(0, "", 1000*time.Hour, 8192, false, 0)
		b = append(b, entry(4, "System", time.Minute, 1<<20, false, len(b))...)
		b = append(b, entry(100, "busy.exe", busy, 10<<20, false, len(b))...)
		return append(b, entry(200, "large.exe", time.Minute, 900<<20, true, len(b))...)
	}
	now, spent := time.Date(2024, 6, 3, 9, 30, 0, 0, time.UTC), time.Hour
	h := &host.Host{Now: func() time.Time { return now },
		Native: func(host.Native) ([]byte, error) { return list(spent), nil }}
	var rd Reader
	if _, err := rd.Read(context.Background(), h); err != nil {
		t.Fatal(err)
	}
	now, spent = now.Add(time.Minute), spent+30*time.Second
	r, err := rd.Read(context.Background(), h)
	if err != nil {
		t.Fatal(err)
	}
	rows := recorded.Check(t, "process", r)
	if rows[0]["name"] != "busy.exe" || rows[0]["cpu_percent"] != 50.0 || len(rows) != 4 || rows[1]["name"] != "large.exe" || rows[1]["memory_bytes"] != int64(900<<20) || rows[1]["private_bytes"] != int64(450<<20) {
		t.Errorf("%v", rows)
	}
	h.Native = func(host.Native) ([]byte, error) { return nil, nil }
	if _, err := rd.Read(context.Background(), h); err == nil {
		t.Error("an empty list is believed")
	}
}

// Times that are counted from 1970 do not overflow: what a process used since
// its start is known at the first reading.
func TestSinceTheStart(t *testing.T) {
	at := time.Date(2024, 6, 3, 9, 0, 0, 0, time.UTC)
	list := []one{{pid: 1, cpu: 3600 * ticks / 4, started: uint64(at.Add(-time.Hour).Unix()) * ticks}}
	(&Reader{}).compare(list, time.Duration(at.UnixNano()))
	if !list[0].known || list[0].percent != 25 {
		t.Errorf("it uses %v %%, want 25", list[0].percent)
	}
}
