//go:build linux

package e2e

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"

	"muster/collector/api"
	"muster/internal/event"
)

// TestPlantedKernelLine writes a line to the kernel's log, as a failing drive
// would have the kernel do, and waits for the event in the collector: a minute
// is promised. It is told once, over a stop and a start of the agent, and a
// line written while the agent is away is not lost.
//
// Only root may write to /dev/kmsg, and some sandboxes have none or let no
// line in: there this cannot be tried. Where it can be, it must work.
func TestPlantedKernelLine(t *testing.T) {
	plant := planter(t)
	o := newOffice(t, "")
	o.start()
	e := o.newEndpoint("")
	e.start()
	until := func(within time.Duration, what string, is func() bool) {
		t.Helper()
		eventually(t, within, func() error {
			if !is() {
				return errors.New("not so yet: " + what)
			}
			return nil
		})
	}
	until(30*time.Second, "the agent is enrolled", func() bool { return e.device() != "" })

	// A drive that this machine cannot have: others may watch its log too.
	disk := fmt.Sprintf("sdz%c%c", 'a'+rune(time.Now().UnixNano()%26), 'a'+rune(time.Now().UnixNano()/26%26))
	line := "blk_update_request: I/O error, dev " + disk + ", sector 2048 op 0x0:(READ) flags 0x0 phys_seg 1 prio class 0"
	times := func() (n int, last api.Event) {
		list, err := o.api().DeviceEvents(context.Background(), api.DeviceEventsInput{Ref: e.device(), Kinds: []string{event.DiskError}, Limit: 1000})
		if err != nil {
			t.Fatal(err)
		}
		for _, ev := range list.Events {
			if p := ev.Attributes["disk"]; p != nil && *p == disk {
				n += int(max(ev.Count, 1))
				last = ev
			}
		}
		return n, last
	}
	begin := time.Now()
	plant(line)
	until(time.Minute, "the line is an event", func() bool { n, _ := times(); return n > 0 })
	took := time.Since(begin)
	n, ev := times()
	if n != 1 || ev.Attributes["cause"] == nil || *ev.Attributes["cause"] != "io_error" || *ev.Attributes["operation"] != "read" {
		t.Errorf("told %d times, the last %+v", n, ev)
	}
	if d := ev.At.Sub(begin).Abs(); d > 5*time.Second {
		t.Errorf("it is said to have happened %s off", d)
	}
	t.Logf("known to the collector after %s", took.Round(10*time.Millisecond))

	e.stop(t)
	plant(line)
	e.start()
	until(time.Minute, "the line written meanwhile is an event", func() bool { n, _ := times(); return n == 2 })
	e.kill()
	e.start()
	before, _ := times()
	plant("usb 9-9: device descriptor read/64, error -71")
	time.Sleep(5 * time.Second)
	if n, _ := times(); n != before {
		t.Errorf("told %d times, want %d", n, before)
	}
}

// planter gives a way to write lines of the kernel's log, or says why there is
// none here.
func planter(t *testing.T) func(string) {
	t.Helper()
	w, err := os.OpenFile("/dev/kmsg", os.O_WRONLY, 0)
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission) || errors.Is(err, syscall.ENXIO) || errors.Is(err, syscall.EINVAL) {
		t.Skipf("no line can be planted in the kernel's log here (root and a real /dev/kmsg are needed): %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return func(line string) {
		t.Helper()
		if _, err := w.WriteString("<3>" + line + "\n"); err != nil {
			t.Fatalf("write to the kernel's log: %v", err)
		}
	}
}
