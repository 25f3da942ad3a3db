package memory

import (
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	total, bad := parseInfo(strings.NewReader("MemTotal:       1000 kB\nMemTotal:\nHardwareCorrupted:     -4 kB\nX: y kB\n"))
	if total != 1000<<10 || bad != nil {
		t.Errorf("%d %v", total, bad)
	}
	names, size := parseSwaps(strings.NewReader("Filename Type Size\n/dev/sda2 partition 100 0 -2\n/swap\\040file file 50 0 -3\nrelative file 1\n/x file junk\n"))
	if len(names) != 2 || size != 150<<10 {
		t.Errorf("%v %d", names, size)
	}
}

func FuzzInfo(f *testing.F) {
	f.Add("MemTotal: 1 kB\nHardwareCorrupted: 0 kB\n/dev/sda2 partition 100 0 -2\n")
	f.Fuzz(func(t *testing.T, text string) {
		total, bad := parseInfo(strings.NewReader(text))
		names, size := parseSwaps(strings.NewReader(text))
		if total < 0 || bad != nil && *bad < 0 || size < 0 || len(names) > 64 {
			t.Errorf("%d %v %v %d", total, bad, names, size)
		}
	})
}
