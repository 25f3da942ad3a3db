package utmp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"testing"
	"time"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// record writes one as a login program does.
func record(size, kind int, line, user, host string, at time.Time) []byte {
	b := make([]byte, size)
	le := binary.LittleEndian
	le.PutUint16(b, uint16(kind))
	le.PutUint32(b[4:], 4711)
	copy(b[8:40], line)
	copy(b[40:44], "ts/1")
	copy(b[44:76], user)
	copy(b[76:332], host)
	if size == Short {
		le.PutUint32(b[336:], 9)
		le.PutUint32(b[340:], uint32(at.Unix()))
	} else {
		le.PutUint64(b[336:], 9)
		le.PutUint64(b[344:], uint64(at.Unix()))
	}
	return b
}

func TestEach(t *testing.T) {
	for _, size := range []int{Short, Long} {
		var file []byte
		for i := range 50 {
			file = append(file, record(size, User, "pts/0", "ada", "192.0.2.7", noon.Add(time.Duration(i)*time.Minute))...)
		}
		var got []Record
		end, err := Each(bytes.NewReader(file), 0, 1000, func(r Record) { got = append(got, r) })
		if err != nil || end != int64(len(file)) || len(got) != 50 {
			t.Fatalf("%d records to %d, %v", len(got), end, err)
		}
		want := Record{Type: User, PID: 4711, Line: "pts/0", ID: "ts/1", User: "ada", Host: "192.0.2.7", Session: 9, At: noon.Add(49 * time.Minute)}
		if got[49] != want {
			t.Errorf("%+v", got[49])
		}
		// From the middle, with a bound, and with a torn end.
		got = nil
		end, err = Each(bytes.NewReader(append(file, 1, 2, 3)), int64(40*size+5), 7, func(r Record) { got = append(got, r) })
		if err != nil || len(got) != 7 || !got[0].At.Equal(noon.Add(40*time.Minute)) || end != int64(47*size) {
			t.Errorf("%d records to %d, %v", len(got), end, err)
		}
	}
	if _, err := Each(bytes.NewReader([]byte("not a log of sign-ins")), 0, 10, nil); !errors.Is(err, ErrLayout) {
		t.Error(err)
	}
	if end, err := Each(bytes.NewReader(nil), 0, 10, nil); err != nil || end != 0 {
		t.Error(end, err)
	}
}

func FuzzEach(f *testing.F) {
	f.Add(record(Short, User, "pts/0", "ada", "", noon), int64(0))
	f.Add(append(record(Long, Boot, "~", "reboot", "6.1", noon), record(Long, RunLevel, "~", "shutdown", "6.1", noon)...), int64(400))
	f.Fuzz(func(t *testing.T, b []byte, from int64) {
		from = min(max(from, 0), int64(len(b)))
		n := 0
		end, err := Each(bytes.NewReader(b), from, 100, func(r Record) {
			n++
			if len(r.User) > 32 || len(r.Host) > 256 || r.Type < 0 || r.Type > 9 {
				t.Errorf("%+v", r)
			}
		})
		if err == nil && (end > int64(len(b)) || n > 100) {
			t.Errorf("%d records to %d of %d", n, end, len(b))
		}
	})
}
