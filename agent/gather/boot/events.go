package boot

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"time"

	"muster/agent/host"
	"muster/internal/event/windows"
	"muster/internal/inventory"
)

// Questions for Windows' event log. Each is for the newest record.
const (
	systemLog      = "System"
	performanceLog = "Microsoft-Windows-Diagnostics-Performance/Operational"

	lastStart = "*[System[Provider[@Name='Microsoft-Windows-Kernel-Boot'] and EventID=27]]"
	lastStop  = "*[System[Provider[@Name='EventLog'] and (EventID=6006 or EventID=6008)]]"
	lastCrash = "*[System[Provider[@Name='Microsoft-Windows-Kernel-Power'] and EventID=41]]"
	lastTook  = "*[System[EventID=100]]"
)

// newest is the newest record that a question chooses; ok is false when there
// is none.
func newest(h *host.Host, channel, question string) (r windows.Record, ok bool, err error) {
	list, _, err := h.Records(channel, question, true, 1)
	if errors.Is(err, errors.ErrUnsupported) {
		return r, false, nil
	}
	if err != nil || len(list) == 0 {
		return r, false, err
	}
	r, err = windows.ParseXML(list[0])
	return r, err == nil, err
}

// value is a number of a record.
func value(r windows.Record, name string) (int64, bool) {
	for _, v := range r.Data {
		if v.Name == name {
			n, err := strconv.ParseInt(v.Text, 0, 64)
			return n, err == nil
		}
	}
	return 0, false
}

// fromEvents adds what the event log tells of the last start and of the stop
// before.
func fromEvents(h *host.Host, r *inventory.Boot) (asked bool, faults []string) {
	take := func(channel, question string) (windows.Record, bool) {
		x, ok, err := newest(h, channel, question)
		if err != nil {
			faults = append(faults, err.Error())
		}
		asked = asked || ok
		return x, ok
	}
	if x, ok := take(systemLog, lastStart); ok {
		if n, told := value(x, "BootType"); told && n >= 0 && n <= 2 {
			r.Kind = []string{"cold", "fast_startup", "resume"}[n]
		}
		r.PoweredOnAt = x.Time.Truncate(time.Second)
	}
	if x, ok := take(systemLog, lastStop); ok {
		r.CleanStop = new(x.EventID == 6006)
		if crash, ok := take(systemLog, lastCrash); ok && x.EventID == 6008 && crash.Time.Sub(x.Time).Abs() < time.Hour {
			if code, ok := value(crash, "BugcheckCode"); ok && code != 0 {
				r.StopCause = fmt.Sprintf("stop code 0x%x", code)
			}
		}
	}
	if t, ok := took(h, r.StartedAt, r.PoweredOnAt); ok {
		r.BootSeconds, r.CoreSeconds, r.SigninSeconds = t.whole, t.core, t.signin
	}
	return asked, faults
}

// lengths are how long parts of a start took, in seconds.
type lengths struct{ whole, core, signin *float64 }

// took reads record 100 of the performance diagnosis, which Windows writes some
// minutes after a start. MainPathBootTime ends with the desktop; what the
// person's profile and the desktop took of it begins with the sign-in, and
// BootPostBootTime is until the machine came to rest. Waiting for somebody to
// sign in is counted by none. A record of another start than the last is none.
func took(h *host.Host, starts ...time.Time) (lengths, bool) {
	x, ok, err := newest(h, performanceLog, lastTook)
	if err != nil || !ok {
		return lengths{}, false
	}
	of := false
	for _, v := range x.Data {
		if at, err := time.Parse(time.RFC3339Nano, v.Text); v.Name == "BootStartTime" && err == nil {
			for _, s := range starts {
				of = of || !s.IsZero() && at.Sub(s).Abs() < 10*time.Minute
			}
		}
	}
	if !of {
		return lengths{}, false
	}
	seconds := func(ms int64) *float64 { v := float64(ms) / 1000; return &v }
	const most = 6 * 3600 * 1000
	var t lengths
	if n, ok := value(x, "BootTime"); ok && n > 0 && n < most {
		t.whole = seconds(n)
	}
	path, ok1 := value(x, "MainPathBootTime")
	profile, ok2 := value(x, "BootUserProfileProcessingTime")
	desktop, ok3 := value(x, "BootExplorerInitTime")
	if ok1 && ok2 && ok3 && path > 0 && path < most && profile >= 0 && desktop >= 0 && profile+desktop < path {
		t.core = seconds(path - profile - desktop)
		rest, _ := value(x, "BootPostBootTime")
		if rest >= 0 && rest < most {
			t.signin = seconds(profile + desktop + rest)
		}
	}
	return t, t.whole != nil
}

// firmware is how long the firmware took, as Task Manager shows it; nil when it
// is not told.
func firmware(h *host.Host) (*float64, error) {
	k, err := h.Key(host.View64, `HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Power`, "FwPOSTTime")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	n, ok := k.Number("FwPOSTTime")
	if !ok || n == 0 || n > 3600*1000 {
		return nil, nil
	}
	return new(float64(n) / 1000), nil
}
