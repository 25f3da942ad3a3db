package outbox

import (
	"bytes"
	"testing"
	"time"
)

// FuzzDecodeAside: whatever stands in the file, reading it ends, and what was
// written comes back.
func FuzzDecodeAside(f *testing.F) {
	at := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	whole, err := encodeAside(Aside{Sink: "series", Record: 7, At: at, Since: at, Reason: "out of range"}, []byte("a record\nof two lines"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add([]byte("{}\n"))
	f.Add([]byte("\n"))
	f.Add([]byte{0x81, 0x01, 0x02})
	f.Fuzz(func(t *testing.T, b []byte) {
		numbersOf(b)
		e, body, err := decodeAside(1, b)
		if err != nil {
			return
		}
		again, err := encodeAside(e, body)
		if err != nil {
			return // a time that JSON cannot say
		}
		if _, b2, err := decodeAside(1, again); err != nil || !bytes.Equal(body, b2) {
			t.Errorf("%q came back as %q, %v", body, b2, err)
		}
	})
}
