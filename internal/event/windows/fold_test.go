package windows

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"muster/internal/event"
)

const (
	general = "Microsoft-Windows-Kernel-General"
	trouble = "Microsoft-Windows-Power-Troubleshooter"
)

// The records of a start in the order of writing: the log service's own, then
// what the kernel kept for it.
func start(id uint64, middle ...Record) []Record {
	list := []Record{record(id, "EventLog", 6009), record(id+1, "EventLog", 6005)}
	list = append(list, middle...)
	return append(list, record(id+5, general, 12), record(id+6, "Microsoft-Windows-Kernel-Boot", 27, "BootType", "0"))
}

func TestEvents(t *testing.T) {
	askOff := func(id uint64, program string) Record {
		return record(id, "User32", 1074, "param1", program, "param2", "", "param3", "", "param4", "", "param5", "restart")
	}
	for name, c := range map[string]struct {
		records []Record
		want    []string // kind, attributes, records
	}{
		"a start": {start(1), []string{"boot map[type:cold] 2"}},
		"a stop and a start": {
			slices.Concat([]Record{askOff(1, "a.exe"), record(2, "EventLog", 6006)}, start(3, record(5, general, 13))),
			[]string{"clean_stop map[action:restart program:a.exe] 3", "boot map[type:cold] 2"},
		},
		"two starts": {
			slices.Concat(start(1), []Record{record(10, "EventLog", 6006)}, start(20), start(40)),
			[]string{"boot map[type:cold] 2", "clean_stop map[] 1", "boot map[type:cold] 2", "boot map[type:cold] 2"},
		},
		"a stop that was called off": {
			[]Record{askOff(1, "a.exe"), askOff(500, "b.exe"), record(501, "EventLog", 6006)},
			[]string{"clean_stop map[action:restart program:b.exe] 3"},
		},
		"fast start": {
			[]Record{askOff(1, "a.exe"), record(3, "Microsoft-Windows-Kernel-Boot", 27, "BootType", "1"), askOff(4, "b.exe")},
			[]string{"clean_stop map[action:restart program:a.exe] 1", "boot map[type:fast] 1", "clean_stop map[action:restart program:b.exe] 1"},
		},
		"sleep and wake, twice": {
			[]Record{
				record(1, kernelPower, 42), record(2, kernelPower, 107),
				record(3, trouble, 1, "SleepTime", "2026-03-04T12:00:00Z", "WakeTime", "2026-03-04T13:00:00Z"),
				record(4, kernelPower, 42), record(5, kernelPower, 107), record(6, trouble, 1),
			},
			[]string{"sleep map[] 1", "resume map[slept_seconds:3600] 2", "sleep map[] 1", "resume map[] 2"},
		},
		"waking twice, one falling asleep is lost": {
			[]Record{record(1, kernelPower, 107), record(2, kernelPower, 107)},
			[]string{"resume map[] 1", "resume map[] 1"},
		},
		"an unclean stop": {
			slices.Concat([]Record{record(1, "EventLog", 6008)}, start(2), []Record{record(9, kernelPower, 41, "BugcheckCode", "30")}),
			[]string{"boot map[type:cold] 2", "unclean_stop map[cause:bugcheck stop_code:0x1e] 2"},
		},
		"an unclean stop without 41": {
			slices.Concat([]Record{record(1, "EventLog", 6008)}, start(2)),
			[]string{"unclean_stop map[cause:unknown] 1", "boot map[type:cold] 2"},
		},
		"two unclean stops, one without 41": {
			slices.Concat([]Record{record(1, "EventLog", 6008)}, start(2), []Record{record(1100, "EventLog", 6008)}, start(1101), []Record{record(1110, kernelPower, 41)}),
			[]string{"unclean_stop map[cause:unknown] 1", "boot map[type:cold] 2", "boot map[type:cold] 2", "unclean_stop map[cause:unknown] 2"},
		},
		"the system is stuck in starting": {
			slices.Concat(
				start(1, record(3, "EventLog", 6008)), []Record{record(8, kernelPower, 41)},
				start(11, record(13, "EventLog", 6008)), []Record{record(18, kernelPower, 41)}),
			[]string{"boot map[type:cold] 2", "unclean_stop map[cause:unknown] 2", "boot map[type:cold] 2", "unclean_stop map[cause:unknown] 2"},
		},
		"throttling of two processors": {
			[]Record{
				throttle(1, "0", 71), throttle(2, "1", 71), throttle(3, "0", 9),
				throttle(4, "0", 5).at(noon.AddDate(0, 0, 1)),
			},
			[]string{"throttled map[reason:firmware seconds:80] 3", "throttled map[reason:firmware seconds:5] 1"},
		},
		"each of the rest counts": {
			[]Record{record(1, "disk", 153, "", disk0), record(2, "disk", 153, "", disk0)},
			[]string{"disk_error map[cause:retried code:153 disk:PhysicalDrive0] 1", "disk_error map[cause:retried code:153 disk:PhysicalDrive0] 1"},
		},
	} {
		var got []string
		for _, e := range Events(c.records) {
			got = append(got, fmt.Sprint(e.Kind, " ", e.Attributes, " ", e.Records))
			catalogued(t, e)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s:\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
		}
		// The order in which records are handed in does not matter: their
		// numbers do.
		turned := slices.Clone(c.records)
		slices.Reverse(turned)
		var again []string
		for _, e := range Events(turned) {
			again = append(again, fmt.Sprint(e.Kind, " ", e.Attributes, " ", e.Records))
		}
		if !slices.Equal(again, got) {
			t.Errorf("%s, handed in backwards: %v", name, again)
		}
	}
}

func throttle(id uint64, processor string, seconds int) Record {
	return record(id, "Microsoft-Windows-Kernel-Processor-Power", 37, "Group", "0", "Number", processor, "CapDurationInSeconds", fmt.Sprint(seconds))
}

// 41 tells why, 6008 tells when.
func TestUncleanStopAtTheLastSignOfLife(t *testing.T) {
	alive := noon.Add(-3 * time.Hour)
	late := record(1, "EventLog", 6008).with(append(stamp(alive), stamp(alive)...)...)
	got := Events(slices.Concat([]Record{late}, start(2), []Record{record(9, kernelPower, 41, "BugcheckCode", "239")}))
	if len(got) != 2 || !got[1].At.Equal(alive) || !maps.Equal(got[1].Attributes, attribute("cause", "bugcheck", "stop_code", "0xef")) {
		t.Errorf("%v", got)
	}
}

// Waking is told at the time after the clock was set right.
func TestResumeAtTheRightTime(t *testing.T) {
	got := Events([]Record{
		record(1, kernelPower, 107).at(noon.AddDate(0, 0, -3)),
		record(2, trouble, 1, "SleepTime", "2026-03-01T12:00:00Z", "WakeTime", "2026-03-04T11:59:59Z"),
	})
	if want := noon.Add(-time.Second); len(got) != 1 || got[0].Kind != event.Resume || !got[0].At.Equal(want) {
		t.Errorf("%v", got)
	}
}

func TestKindOfEitherCase(t *testing.T) {
	for _, provider := range []string{"disk", "Disk", "DISK"} {
		if k, ok := Kind("system", provider, 7); !ok || k.Name != event.DiskError {
			t.Errorf("%s: %v", provider, k.Name)
		}
	}
}
