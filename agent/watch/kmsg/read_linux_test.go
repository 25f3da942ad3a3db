package kmsg

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"
)

// TestLive reads the log of this machine and a line planted in it.
func TestLive(t *testing.T) {
	l, err := Open("/dev/kmsg")
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, errors.ErrUnsupported) {
		t.Skipf("the kernel's log cannot be read here, so reading it is not tried: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	w, err := os.OpenFile("/dev/kmsg", os.O_WRONLY, 0)
	if err != nil {
		t.Skipf("the kernel's log cannot be written to, so no line can be planted in it: %v", err)
	}
	defer w.Close()
	mark := fmt.Sprintf("muster test %d", time.Now().UnixNano())
	if _, err := w.WriteString("<6>" + mark + "\n"); err != nil {
		t.Skipf("the kernel takes no line: %v", err)
	}
	last, up := Line{}, time.Duration(0)
	for {
		line, err := l.Next(5 * time.Second)
		if err != nil {
			t.Fatalf("behind line %d: %v", last.Number, err)
		}
		if last.Number != 0 && line.Number <= last.Number {
			t.Fatalf("line %d behind line %d", line.Number, last.Number)
		}
		last = line
		if strings.Contains(line.Text, mark) {
			break
		}
	}
	// The kernel's log has a clock of its own, which nothing sets right: over
	// days it goes seconds away from the one that is.
	if up, err = Awake(); err != nil || last.Since > up+time.Minute || last.Since < up-time.Minute || last.Level != 6 || !last.OfKernel() {
		t.Errorf("%+v at %v, %v", last, up, err)
	}
	if _, err := l.Next(-time.Second); err != nil && !errors.Is(err, ErrNone) {
		t.Error(err)
	}
}
