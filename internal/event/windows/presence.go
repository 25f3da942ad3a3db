package windows

import (
	"strconv"
	"strings"
	"time"
)

// boot: only Kernel-Boot knows whether the start was a cold one.
func boot(r Record, a attributes) (time.Time, bool) {
	if n, ok := number(r.text(-1, "BootType")); ok {
		types := map[int64]string{0: "cold", 1: "fast", 2: "resume"}
		a.put("type", types[n])
	}
	return time.Time{}, true
}

// cleanStop: 1074 names who asked and, in the language of the system, for
// what; only English is understood.
func cleanStop(r Record, a attributes) (time.Time, bool) {
	if r.EventID != 1074 {
		return time.Time{}, true
	}
	a.put("program", file(r.text(0, "param1")))
	switch strings.ToLower(r.text(4, "param5")) {
	case "restart":
		a.put("action", "restart")
	case "power off", "shutdown", "shut down":
		a.put("action", "off")
	}
	return time.Time{}, true
}

// resume: Power-Troubleshooter tells both times by the clock set right.
func resume(r Record, a attributes) (time.Time, bool) {
	slept, ok := moment(r.text(-1, "SleepTime"))
	woke, ok2 := moment(r.text(-1, "WakeTime"))
	if !ok || !ok2 || woke.Before(slept) {
		return time.Time{}, true
	}
	a.put("slept_seconds", strconv.FormatInt(int64(woke.Sub(slept)/time.Second), 10))
	return woke, true
}

func userOf(r Record, a attributes) (time.Time, bool) {
	a.put("user", r.text(1, "UserSid"))
	return time.Time{}, true
}

// leastStep is what counts as a step of the clock: time services correct by
// less all the time.
const leastStep = time.Second

func timeChanged(r Record, a attributes) (time.Time, bool) {
	after, ok := moment(r.text(0, "NewTime"))
	before, ok2 := moment(r.text(1, "OldTime"))
	if !ok || !ok2 {
		return time.Time{}, false
	}
	step := after.Sub(before)
	if step.Abs() < leastStep {
		return time.Time{}, false
	}
	a.put("step_seconds", strconv.FormatFloat(step.Seconds(), 'f', 3, 64))
	a.put("program", file(r.text(-1, "ProcessName")))
	return time.Time{}, true
}

// moment reads a time as Windows renders it in a record's XML.
func moment(text string) (time.Time, bool) {
	t, err := time.Parse(time.RFC3339Nano, text)
	return t, err == nil && t.Year() > 1601 // FILETIME 0 means none
}
