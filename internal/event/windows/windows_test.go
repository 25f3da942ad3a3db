package windows

import (
	"encoding/binary"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"muster/internal/event"
)

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// record makes a record of the System log; data are pairs of name and text.
func record(id uint64, provider string, event int, data ...string) Record {
	r := Record{ID: id, Time: noon.Add(time.Duration(id) * time.Second), Channel: "System", Provider: provider, EventID: event}
	for i := 0; i < len(data); i += 2 {
		r.Data = append(r.Data, Value{data[i], data[i+1]})
	}
	return r
}

func (r Record) application() Record        { r.Channel = "Application"; return r }
func (r Record) by(user string) Record      { r.User = user; return r }
func (r Record) with(b ...byte) Record      { r.Binary = b; return r }
func (r Record) at(t time.Time) Record      { r.Time = t; return r }
func (r Record) from(channel string) Record { r.Channel = channel; return r }

func wide(s string) (b []byte) {
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return b
}

func stamp(t time.Time) (b []byte) {
	for _, n := range []int{t.Year(), int(t.Month()), int(t.Weekday()), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond() / 1e6} {
		b = binary.LittleEndian.AppendUint16(b, uint16(n))
	}
	return b
}

func attribute(list ...string) map[string]string {
	m := map[string]string{}
	for i := 0; i < len(list); i += 2 {
		m[list[i]] = list[i+1]
	}
	return m
}

const (
	kernelPower = "Microsoft-Windows-Kernel-Power"
	whea        = "Microsoft-Windows-WHEA-Logger"
	disk0       = `\Device\Harddisk0\DR0`
)

// told is a record of each source of the catalogue, as Windows writes it, and
// what it tells.
func told() []struct {
	r    Record
	kind string
	want map[string]string
} {
	type row = struct {
		r    Record
		kind string
		want map[string]string
	}
	read := append([]byte{3}, make([]byte, 47)...)
	write := append([]byte{4}, make([]byte, 47)...)
	rows := []row{
		{record(1, "disk", 7, "", disk0).with(read...), event.DiskError, attribute("cause", "bad_block", "code", "7", "disk", "PhysicalDrive0", "operation", "read")},
		{record(1, "Disk", 11, "", `\Device\Harddisk12\DR12`), event.DiskError, attribute("cause", "controller", "code", "11", "disk", "PhysicalDrive12")},
		{record(1, "Disk", 51, "", disk0).with(write...), event.DiskError, attribute("cause", "paging", "code", "51", "disk", "PhysicalDrive0", "operation", "write")},
		{record(1, "disk", 153, "", disk0, "", "0x2a00", "", "0", "", `\Device\00000031`), event.DiskError, attribute("cause", "retried", "code", "153", "disk", "PhysicalDrive0")},
		{record(1, "disk", 154, "", disk0, "", "0x2a00", "", "0"), event.DiskError, attribute("cause", "hardware", "code", "154", "disk", "PhysicalDrive0")},
		{record(1, "disk", 52, "", disk0), event.DiskFailurePredicted, attribute("disk", "PhysicalDrive0")},
		{record(1, "disk", 157, "", disk0, "", "0"), event.DiskRemoved, attribute("disk", "PhysicalDrive0")},
		{record(1, "Ntfs", 55, "", "", "", "C:"), event.FSError, attribute("cause", "corrupt", "code", "55", "volume", "C:")},
		{record(1, "Microsoft-Windows-Ntfs", 55, "DriveName", `\\?\Volume{1}\`, "DeviceName", `\Device\HarddiskVolume3`), event.FSError, attribute("cause", "corrupt", "code", "55", "volume", `\\?\Volume{1}`)},
		{record(1, "Ntfs", 130, "", "", "", "D:"), event.FSError, attribute("cause", "repaired", "code", "130", "volume", "D:")},
		{record(1, "Ntfs", 137, "", "", "", "D:"), event.FSError, attribute("cause", "transaction", "code", "137", "volume", "D:")},
		{record(1, "Microsoft-Windows-Ntfs", 130, "VolumeName", "D:"), event.FSError, attribute("cause", "repaired", "code", "130", "volume", "D:")},
		{record(1, "Microsoft-Windows-Ntfs", 137, "DriveName", "", "DeviceName", `\Device\HarddiskVolume3`), event.FSError, attribute("cause", "transaction", "code", "137", "volume", `\Device\HarddiskVolume3`)},
		{record(1, "Microsoft-Windows-Ntfs", 98, "DriveName", "C:", "DeviceName", `\Device\HarddiskVolume3`, "CorruptionActionState", "3"), event.FSError, attribute("cause", "needs_check", "code", "98", "volume", "C:")},
		{record(1, "Ntfs", 98, "", "C:", "", `\Device\HarddiskVolume3`, "", "1"), event.FSError, attribute("cause", "needs_check", "code", "98", "volume", `\Device\HarddiskVolume3`)},

		{record(1, whea, 17, "Bus", "0x0", "Device", "0x1c", "Function", "0x4", "Segment", "0x0", "VendorID", "0x8086", "DeviceID", "0xa114"), event.PCIeErrorCorrected, attribute("device", "0000:00:1c.4 8086:a114")},
		{record(1, whea, 18, "ApicId", "3", "MCABank", "5", "MciStat", "0xbea0000000000108"), event.MemoryErrorUncorrected, attribute("component", "cache", "location", "processor 3 bank 5")},
		{record(1, whea, 19, "ApicId", "0", "MCABank", "8", "MciStat", "0x8c00004000010090"), event.MemoryErrorCorrected, attribute("component", "memory", "location", "processor 0 bank 8")},
		{record(1, whea, 20, "ErrorSource", "3"), event.MemoryErrorUncorrected, attribute("component", "other")},
		{record(1, whea, 46, "FRUText", "DIMM_B1", "ValidBits", "0x78"), event.MemoryErrorUncorrected, attribute("component", "memory", "location", "DIMM_B1")},
		{record(1, whea, 47, "FRUText", "", "ValidBits", "0x68", "Node", "0", "Card", "9", "Module", "2", "Bank", "1"), event.MemoryErrorCorrected, attribute("component", "memory", "location", "node 0 module 2 bank 1")},
		{record(1, kernelPower, 41, "BugcheckCode", "159", "PowerButtonTimestamp", "0"), event.UncleanStop, attribute("cause", "bugcheck", "stop_code", "0x9f")},
		{record(1, "EventLog", 6008, "", "11:59:58", "", "\u200e3/\u200e4/\u200e2026"), event.UncleanStop, attribute("cause", "unknown")},
		{record(1, "Microsoft-Windows-WER-SystemErrorReporting", 1001, "param1", "0x00000124 (0x0, 0xffffe, 0x0, 0x0)", "param2", `C:\Windows\MEMORY.DMP`, "param3", "id"), event.Bugcheck, attribute("stop_code", "0x124", "dumped", "true")},
		{record(1, "BugCheck", 1001, "", "0x1000007e (0xc0000005)", "", ""), event.Bugcheck, attribute("stop_code", "0x1000007e")},
		{record(1, "volmgr", 45), event.DumpLost, attribute("code", "45")},
		{record(1, "volmgr", 46), event.DumpLost, attribute("code", "46")},
		{record(1, "volmgr", 161), event.DumpLost, attribute("code", "161")},
		{record(1, "Microsoft-Windows-Kernel-Processor-Power", 37, "Group", "0", "Number", "3", "CapDurationInSeconds", "71"), event.Throttled, attribute("seconds", "71", "reason", "firmware")},
		{record(1, kernelPower, 86, "ThermalZoneDeviceInstance", `ACPI\ThermalZone\TZ00`, "_CRT", "3732"), event.Overheated, attribute("sensor", `ACPI\ThermalZone\TZ00`, "action", "shut_down", "temperature_celsius", "100.05")},
		{record(1, kernelPower, 105, "AcOnline", "false", "RemainingCapacity", "20500", "FullChargeCapacity", "41000"), event.PowerSourceChanged, attribute("source", "battery", "battery_percent", "50")},

		{record(1, "Application Error", 1000, "", "word.exe", "", "16.0.1", "", "5f1a", "", "ntdll.dll", "", "10.0", "", "5f1b", "", "c0000005", "", "0001").application(), event.AppCrash, attribute("program", "word.exe", "version", "16.0.1", "module", "ntdll.dll", "code", "c0000005")},
		{record(1, "Application Hang", 1002, "", "excel.exe", "", "16.0.2").application(), event.AppHang, attribute("program", "excel.exe", "version", "16.0.2")},
		{record(1, "Service Control Manager", 7031, "param1", "Druckwarteschlange", "param2", "2").with(wide("Spooler/4\x00")...), event.ServiceFailed, attribute("service", "Spooler", "restarts", "2")},
		{record(1, "Service Control Manager", 7034, "param1", "Print Spooler", "param2", "1"), event.ServiceFailed, attribute("service", "Print Spooler", "restarts", "1")},
		{record(1, "Microsoft-Windows-Resource-Exhaustion-Detector", 2004, "ProcessInfo/Process_1/Name", "chrome.exe", "ProcessInfo/Process_1/CommitCharge", "9000000000", "ProcessInfo/Process_2/Name", "b.exe"), event.OOMKill, attribute("program", "chrome.exe", "memory_bytes", "9000000000", "scope", "system")},
		{record(1, "Microsoft-Windows-WindowsUpdateClient", 20, "errorCode", "0x80248007", "updateTitle", "Update (KB1)"), event.UpdateFailed, attribute("update", "Update (KB1)", "code", "0x80248007", "manager", "windows_update")},
		{record(1, "ESENT", 454, "", "svchost", "", "1,D", "", "inst: ", "", "-550").application(), event.DBDamaged, attribute("program", "svchost", "code", "454")},
		{record(1, "ESENT", 467, "", "svchost", "", "1,D", "", "inst: ", "", `C:\a.edb`, "", "index").application(), event.DBDamaged, attribute("program", "svchost", "database", `C:\a.edb`, "code", "467")},
		{record(1, "ESENT", 474, "", "SearchIndexer", "", "1,D", "", "Windows: ", "", `C:\w.edb`).application(), event.DBDamaged, attribute("program", "SearchIndexer", "database", `C:\w.edb`, "code", "474")},
		{record(1, "ESENT", 481, "", "a", "", "b", "", "c", "", `C:\w.edb`).application(), event.DBDamaged, attribute("program", "a", "database", `C:\w.edb`, "code", "481")},
		{record(1, "Microsoft-Windows-User Profiles Service", 1511).application().by("S-1-5-21-9"), event.ProfileDamaged, attribute("user", "S-1-5-21-9", "code", "1511")},
		{record(1, "Microsoft-Windows-User Profiles Service", 1515).application(), event.ProfileDamaged, attribute("code", "1515")},

		{record(1, "Microsoft-Windows-Kernel-General", 12, "StartTime", "2026-03-04T12:00:00Z"), event.Boot, nil},
		{record(1, "Microsoft-Windows-Kernel-Boot", 27, "BootType", "1"), event.Boot, attribute("type", "fast")},
		{record(1, "Microsoft-Windows-Kernel-General", 13), event.CleanStop, nil},
		{record(1, "EventLog", 6006), event.CleanStop, nil},
		{record(1, "User32", 1074, "param1", `C:\Windows\system32\winlogon.exe (PC-1)`, "param2", "PC-1", "param3", "x", "param4", "0x500ff", "param5", "power off"), event.CleanStop, attribute("program", "winlogon.exe", "action", "off")},
		{record(1, kernelPower, 42), event.Sleep, nil},
		{record(1, kernelPower, 506), event.Sleep, nil},
		{record(1, kernelPower, 107), event.Resume, nil},
		{record(1, kernelPower, 507), event.Resume, nil},
		{record(1, "Microsoft-Windows-Power-Troubleshooter", 1, "SleepTime", "2026-03-04T11:00:00.5Z", "WakeTime", "2026-03-04T11:30:01.25Z"), event.Resume, attribute("slept_seconds", "1800")},
		{record(1, "Microsoft-Windows-Winlogon", 7001, "TSId", "1", "UserSid", "S-1-5-21-1"), event.UserLogon, attribute("user", "S-1-5-21-1")},
		{record(1, "Microsoft-Windows-Winlogon", 7002, "TSId", "1", "UserSid", "S-1-5-21-1"), event.UserLogoff, attribute("user", "S-1-5-21-1")},
		{record(1, "Microsoft-Windows-Kernel-General", 1, "NewTime", "2026-03-04T12:00:00Z", "OldTime", "2026-03-04T12:00:01.5Z", "Reason", "1", "ProcessName", `\Device\HarddiskVolume3\Windows\System32\svchost.exe`), event.TimeChanged, attribute("step_seconds", "-1.500", "program", "svchost.exe")},

		{record(1, "Microsoft-Windows-WindowsUpdateClient", 19, "updateTitle", "Update (KB2)"), event.UpdateInstalled, attribute("update", "Update (KB2)", "manager", "windows_update")},
		{record(1, "Microsoft-Windows-UserPnp", 20001, "DriverName", `a.inf_amd64_1\a.inf`, "DriverVersion", "2.0", "DeviceInstanceID", "USB\\1", "InstallStatus", "0x00000000"), event.DriverChanged, attribute("driver", "a.inf", "device", "USB\\1", "after", "2.0")},
		{record(1, "Microsoft-Windows-GroupPolicy", 1502), event.PolicyChanged, attribute("scope", "machine")},
		{record(1, "Microsoft-Windows-GroupPolicy", 1503), event.PolicyChanged, attribute("scope", "user")},
	}
	for _, miniport := range []string{"storahci", "stornvme", "iaStorAC", "iaStorVD"} {
		rows = append(rows, row{record(1, miniport, 129, "", `\Device\RaidPort0`), event.DiskError, attribute("cause", "reset", "code", "129")})
	}
	return rows
}

func TestOf(t *testing.T) {
	tested := map[source]bool{}
	for _, c := range told() {
		tested[source{strings.ToLower(c.r.Channel), strings.ToLower(c.r.Provider), c.r.EventID}] = true
		e, ok := Of(c.r)
		if !ok || e.Kind != c.kind || !maps.Equal(e.Attributes, c.want) {
			t.Errorf("%s %d: %s %v, want %s %v", c.r.Provider, c.r.EventID, e.Kind, e.Attributes, c.kind, c.want)
		}
	}
	for s, k := range sources() {
		if !tested[s] {
			t.Errorf("%s %d, which tells %s, is not tested", s.provider, s.id, k.Name)
		}
	}
}

// What a record tells keeps to the catalogue.
func catalogued(t *testing.T, e Event) {
	t.Helper()
	k, ok := event.Lookup(e.Kind)
	if !ok {
		t.Fatalf("no kind is named %q", e.Kind)
	}
	for name, text := range e.Attributes {
		a, ok := k.Attribute(name)
		if !ok {
			t.Errorf("%s has no attribute %s", e.Kind, name)
			continue
		}
		if len(a.Values) > 0 && !slices.Contains(a.Values, text) {
			t.Errorf("%s.%s is %q, none of %v", e.Kind, name, text, a.Values)
		}
		var err error
		switch a.Type {
		case event.Int:
			_, err = strconv.ParseInt(text, 10, 64)
		case event.Float:
			_, err = strconv.ParseFloat(text, 64)
		case event.Bool:
			_, err = strconv.ParseBool(text)
		}
		if err != nil || text == "" || len(text) > longest {
			t.Errorf("%s.%s: %q, %v", e.Kind, name, text, err)
		}
	}
}

func TestToldIsCatalogued(t *testing.T) {
	for _, c := range told() {
		if e, ok := Of(c.r); ok {
			catalogued(t, e)
		}
	}
}

func TestConditions(t *testing.T) {
	for name, r := range map[string]Record{
		"healthy volume":       record(1, "Microsoft-Windows-Ntfs", 98, "CorruptionActionState", "0"),
		"volume without state": record(1, "Microsoft-Windows-Ntfs", 98),
		"step below a second":  record(1, "Microsoft-Windows-Kernel-General", 1, "NewTime", "2026-03-04T12:00:00.999Z", "OldTime", "2026-03-04T12:00:00Z"),
		"step without times":   record(1, "Microsoft-Windows-Kernel-General", 1),
		"driver that failed":   record(1, "Microsoft-Windows-UserPnp", 20001, "InstallStatus", "0xe0000203"),
		"other id":             record(1, "disk", 8),
		"other provider":       record(1, "disk2", 7),
		"other channel":        record(1, "disk", 7).from("Application"),
	} {
		if e, ok := Of(r); ok {
			t.Errorf("%s: %v", name, e)
		}
	}
}

func TestCauseOfAnUncleanStop(t *testing.T) {
	for name, c := range map[string]struct {
		data []string
		want map[string]string
	}{
		"power or freeze": {[]string{"BugcheckCode", "0", "PowerButtonTimestamp", "0", "LongPowerButtonPressDetected", "false"}, attribute("cause", "unknown")},
		"button":          {[]string{"BugcheckCode", "0", "PowerButtonTimestamp", "131428765432109876"}, attribute("cause", "button")},
		"long press":      {[]string{"BugcheckCode", "0", "LongPowerButtonPressDetected", "true"}, attribute("cause", "button")},
		"stop error":      {[]string{"BugcheckCode", "292", "PowerButtonTimestamp", "5"}, attribute("cause", "bugcheck", "stop_code", "0x124")},
		"nothing told":    {nil, attribute("cause", "unknown")},
	} {
		e, ok := Of(record(1, kernelPower, 41, c.data...))
		if !ok || !maps.Equal(e.Attributes, c.want) {
			t.Errorf("%s: %v, want %v", name, e.Attributes, c.want)
		}
	}
}

func TestLastSignOfLife(t *testing.T) {
	alive := noon.Add(-time.Hour)
	whole := append(stamp(alive.Add(2*time.Hour)), stamp(alive)...)
	for name, c := range map[string]struct {
		binary []byte
		want   time.Time
	}{
		"told":           {append(slices.Clone(whole), 60, 0, 0, 0), alive},
		"half":           {whole[:16], noon},
		"no zone fits":   {append(stamp(alive.Add(30*time.Hour)), stamp(alive)...), noon},
		"in the future":  {append(stamp(noon.Add(time.Hour)), stamp(noon.Add(time.Hour))...), noon},
		"no such month":  {append(stamp(alive), 0xea, 7, 13, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0), noon},
		"something else": {make([]byte, 40), noon},
	} {
		e, _ := Of(record(1, "EventLog", 6008).with(c.binary...).at(noon))
		if !e.At.Equal(c.want) {
			t.Errorf("%s: %s, want %s", name, e.At, c.want)
		}
	}
}

// The forms of machine checks are those of the processors' manuals.
func TestMachineCheck(t *testing.T) {
	for status, want := range map[string]string{
		"0xb200000000070005": "processor", // internal parity
		"0xbe00000000800400": "processor", // internal timer
		"0x0000000000000001": "processor",
		"0x000000000000000f": "cache", // generic, 11LL
		"0x9400000000000019": "cache", // TLB
		"0xd400000000001136": "cache", // filtered, 1 RRRR TTLL
		"0xcc00008000010091": "memory",
		"0xfa00000000000e0b": "bus",
		"0x0000000000000000": "other",
	} {
		if got, ok := machineCheck(status); got != want || !ok {
			t.Errorf("%s: %s, want %s", status, got, want)
		}
	}
	if _, ok := machineCheck("none"); ok {
		t.Error("a text is no status")
	}
}

// Anything may stand in a record; what comes out keeps to the catalogue.
func FuzzOf(f *testing.F) {
	list := told()
	for i, c := range list {
		var texts []string
		for _, v := range c.r.Data {
			texts = append(texts, v.Text)
		}
		f.Add(i, strings.Join(texts, "\n"), c.r.Binary)
	}
	f.Fuzz(func(t *testing.T, which int, texts string, binary []byte) {
		r := list[int(uint(which)%uint(len(list)))].r
		data := slices.Clone(r.Data)
		for i, text := range strings.Split(texts, "\n") {
			if i < len(data) {
				data[i].Text = text
			} else if i < 64 {
				data = append(data, Value{"", text})
			}
		}
		r.Data, r.Binary = data, binary
		if e, ok := Of(r); ok {
			catalogued(t, e)
		}
		for _, e := range Events([]Record{r, r}) {
			catalogued(t, e)
		}
	})
}
