package kmsg

import (
	"strings"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	l, err := Parse([]byte("3,1234,5678901,-,caller=T1;nvme nvme0: I/O 24 QID 3 timeout, aborting; x\n SUBSYSTEM=nvme\n DEVICE=c241:0\n"))
	want := Line{Number: 1234, Since: 5678901 * time.Microsecond, Level: 3, Text: "nvme nvme0: I/O 24 QID 3 timeout, aborting; x"}
	if err != nil || l != want || !l.OfKernel() {
		t.Errorf("%+v, %v", l, err)
	}
	if l, err := Parse([]byte("30,7,9,-;systemd[1]: Started\n")); err != nil || l.Facility != 3 || l.Level != 6 || l.OfKernel() {
		t.Errorf("%+v, %v", l, err)
	}
	if l, err := Parse([]byte("6,7,9;" + strings.Repeat("x", 5000))); err != nil || len(l.Text) != maxText {
		t.Errorf("%d bytes, %v", len(l.Text), err)
	}
	for _, s := range []string{"", ";", "6;x", "6,7;x", "a,7,9,-;x", "6,-1,9,-;x", "99999999999,7,9,-;x", "6,7,99999999999999999999,-;x"} {
		if l, err := Parse([]byte(s)); err == nil {
			t.Errorf("%q is %+v", s, l)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("3,1234,5678901,-,caller=T1;nvme nvme0: x\n SUBSYSTEM=nvme\n"))
	f.Add([]byte("30,7,9,-;systemd[1]: Started\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := Parse(b)
		if err == nil && (len(l.Text) > maxText || l.Since < 0 || l.Level > 7 || strings.ContainsRune(l.Text, '\n')) {
			t.Errorf("%+v", l)
		}
	})
}
