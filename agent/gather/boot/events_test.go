package boot

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"muster/agent/gather"
	"muster/agent/gather/recorded"
	"muster/agent/host"
	"muster/internal/inventory"
)

// logged makes a machine that was switched on 20 minutes ago after a crash.
func logged(t *testing.T) *host.Host {
	h := recorded.Unpack(t, []byte(`
-- reg --
[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Session Manager\Power]
"FwPOSTTime"=dword:00002134
`))
	up := 20 * time.Minute
	h.Mono = func() (time.Duration, error) { return up, nil }
	start := h.Now().Add(-up)
	record := func(provider string, id int, at time.Time, data string) []byte {
		return []byte(fmt.Sprintf(`<Event><System><Provider Name='%s'/><EventID>%d</EventID><TimeCreated SystemTime='%s'/><EventRecordID>1</EventRecordID><Channel>System</Channel></System><EventData>%s</EventData></Event>`,
			provider, id, at.UTC().Format(time.RFC3339Nano), data))
	}
	var all = map[string][]byte{
		lastStart: record("Microsoft-Windows-Kernel-Boot", 27, start, "<Data Name='BootType'>0</Data>"),
		lastStop:  record("EventLog", 6008, start.Add(time.Second), ""),
		lastCrash: record("Microsoft-Windows-Kernel-Power", 41, start.Add(2*time.Second), "<Data Name='BugcheckCode'>292</Data>"),
		lastTook: record("Microsoft-Windows-Diagnostics-Performance", 100, start.Add(3*time.Minute), "<Data Name='BootStartTime'>"+start.UTC().Format(time.RFC3339Nano)+"</Data>"+
			"<Data Name='BootTime'>61500</Data><Data Name='MainPathBootTime'>31500</Data><Data Name='BootUserProfileProcessingTime'>1500</Data><Data Name='BootExplorerInitTime'>2000</Data><Data Name='BootPostBootTime'>30000</Data>"),
	}
	h.Events = func(_, question string, newest bool, most int) ([][]byte, int, error) {
		if !newest || most != 1 {
			t.Errorf("asked for %d, newest %v", most, newest)
		}
		if b, ok := all[question]; ok {
			return [][]byte{b}, 0, nil
		}
		return nil, 0, errors.New("asked " + question)
	}
	return h
}

func TestWindowsEvents(t *testing.T) {
	h := logged(t)
	row, asked, faults, err := fromWindows(h)
	r, bad := gather.Rows([]inventory.Boot{row}, asked...)
	if bad != nil {
		t.Fatal(bad)
	}
	r.Faults = faults
	recorded.Golden(t, h, "boot", "windows.events", r, err)
	// What was measured of another start says nothing of this one.
	h.Mono = func() (time.Duration, error) { return 40 * time.Hour, nil }
	if _, ok := took(h, h.Now().Add(-40*time.Hour)); ok {
		t.Error("an old start is taken for the last")
	}
	h.Events = func(string, string, bool, int) ([][]byte, int, error) { return nil, 0, errors.New("no answer") }
	if _, _, faults, err := fromWindows(h); err != nil || len(faults) == 0 || !strings.Contains(faults[0], "no answer") {
		t.Errorf("%v %v", faults, err)
	}
}

func TestWindowsSample(t *testing.T) {
	h := logged(t)
	told := 0
	s := &Sampler{Told: func() bool { return told > 0 }, Tell: func() { told++ }}
	got := sink{}
	for range 2 {
		if err := s.Sample(t.Context(), h, got); err != nil {
			t.Fatal(err)
		}
	}
	if told != 1 || got["boot.core_seconds"] != 36.5 || got["boot.signin_seconds"] != 33.5 || got["boot.firmware_seconds"] != 8.5 {
		t.Errorf("told %d times: %v", told, got)
	}
}
