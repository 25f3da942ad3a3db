package running

import (
	"encoding/binary"
	"testing"
	"time"
)

// listOf makes two processes, System and one with a name.
func listOf() []byte {
	b := make([]byte, 2*256+64)
	binary.LittleEndian.PutUint32(b, 256)
	binary.LittleEndian.PutUint64(b[80:], 4)
	r := b[256:]
	name := "app.exe"
	binary.LittleEndian.PutUint16(r[56:], uint16(2*len(name)))
	binary.LittleEndian.PutUint64(r[64:], 512)
	for i, c := range name {
		binary.LittleEndian.PutUint16(b[512+2*i:], uint16(c))
	}
	binary.LittleEndian.PutUint64(r[80:], 4242)
	binary.LittleEndian.PutUint64(r[32:], 133_618_806_000_000_000)
	binary.LittleEndian.PutUint64(r[40:], 3e7)
	binary.LittleEndian.PutUint64(r[48:], 1e7)
	binary.LittleEndian.PutUint64(r[144:], 50<<20)
	binary.LittleEndian.PutUint64(r[8:], 30<<20)
	return b
}

func TestList(t *testing.T) {
	list := List(listOf())
	if len(list) != 2 {
		t.Fatal(list)
	}
	want := Entry{PID: 4242, Name: "app.exe", Started: time.Date(2024, 6, 3, 9, 30, 0, 0, time.UTC), CPU: 4 * time.Second, Memory: 50 << 20, Private: 30 << 20}
	if list[0].PID != 4 || list[1] != want {
		t.Errorf("%+v", list)
	}
	if short := List(listOf()[:300]); len(short) != 1 {
		t.Error(short)
	}
}

func FuzzList(f *testing.F) {
	f.Add(listOf())
	f.Add(make([]byte, 208))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, e := range List(b) {
			if e.PID < 0 || e.Memory < 0 || e.Private < 0 || e.CPU < 0 || len(e.Name) > 1024 {
				t.Errorf("%+v", e)
			}
		}
	})
}
