package windows

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

func codeOnly(r Record, a attributes) (time.Time, bool) {
	a.put("code", strconv.Itoa(r.EventID))
	return time.Time{}, true
}

// uncleanStop: 41 knows the cause, 6008 knows the time. A bug check code of 0
// is a power cut or a freeze; nothing tells one from the other.
func uncleanStop(r Record, a attributes) (time.Time, bool) {
	if r.EventID == 6008 {
		a.put("cause", "unknown")
		at, _ := lastAlive(r)
		return at, true
	}
	code, _ := number(r.text(-1, "BugcheckCode"))
	pressed, _ := number(r.text(-1, "PowerButtonTimestamp"))
	held := strings.EqualFold(r.text(-1, "LongPowerButtonPressDetected"), "true")
	switch {
	case code != 0:
		a.put("cause", "bugcheck")
		a.put("stop_code", stopCode(code))
	case pressed != 0 || held:
		a.put("cause", "button")
	default:
		a.put("cause", "unknown")
	}
	return time.Time{}, true
}

// lastAlive is the last time that the log service wrote down that it lives,
// which 6008 carries in Binary as two SYSTEMTIMEs, local and UTC. Both must be
// there and differ by no more than a time zone, or the bytes are not those.
func lastAlive(r Record) (time.Time, bool) {
	if len(r.Binary) < 32 {
		return time.Time{}, false
	}
	local, ok := systemtime(r.Binary)
	utc, ok2 := systemtime(r.Binary[16:])
	if !ok || !ok2 || local.Sub(utc).Abs() > 15*time.Hour || utc.After(r.Time) {
		return time.Time{}, false
	}
	return utc, true
}

// stopCode is written without leading zeros, in lower case, as 0x9f.
func stopCode(code int64) string { return fmt.Sprintf("0x%x", uint32(code)) }

// bugcheck: the first text is "0x0000009f (0x…, 0x…, 0x…, 0x…)", the second
// the file of the dump.
func bugcheck(r Record, a attributes) (time.Time, bool) {
	first, _, _ := strings.Cut(r.text(0, "param1"), " ")
	if code, ok := number(first); ok {
		a.put("stop_code", stopCode(code))
	}
	if r.text(1, "param2") != "" {
		a.put("dumped", "true")
	}
	return time.Time{}, true
}

// throttled: one record for each logical processor, with the time since the
// last one.
func throttled(r Record, a attributes) (time.Time, bool) {
	if n, ok := number(r.text(2, "CapDurationInSeconds")); ok && n >= 0 {
		a.put("seconds", strconv.FormatInt(n, 10))
	}
	a.put("reason", "firmware")
	return time.Time{}, true
}

// overheated: _CRT is the zone's critical temperature in kelvin or tenths of
// one (ACPI, section 11.4), by version of Windows.
func overheated(r Record, a attributes) (time.Time, bool) {
	a.put("sensor", r.text(-1, "ThermalZoneDeviceInstance"))
	a.put("action", "shut_down")
	if k, ok := number(strings.TrimSuffix(r.text(-1, "_CRT"), "K")); ok {
		kelvin := float64(k)
		if kelvin > 2000 {
			kelvin /= 10
		}
		if c := kelvin - 273.15; c > 30 && c < 150 {
			a.put("temperature_celsius", strconv.FormatFloat(c, 'f', 2, 64))
		}
	}
	return time.Time{}, true
}

func powerSource(r Record, a attributes) (time.Time, bool) {
	switch strings.ToLower(r.text(0, "AcOnline")) {
	case "true", "1":
		a.put("source", "mains")
	case "false", "0":
		a.put("source", "battery")
	}
	left, ok := number(r.text(1, "RemainingCapacity"))
	full, ok2 := number(r.text(2, "FullChargeCapacity"))
	if ok && ok2 && full > 0 && left >= 0 && left <= full {
		a.put("battery_percent", strconv.FormatInt(left*100/full, 10))
	}
	return time.Time{}, true
}

// memoryError: 18 and 19 are machine checks, 46 and 47 platform memory
// errors (UEFI, appendix N.2.5), 20 a chipset's.
func memoryError(r Record, a attributes) (time.Time, bool) {
	a.put("location", r.text(-1, "FRUText"))
	switch r.EventID {
	case 46, 47:
		a.put("component", "memory")
		a.location(r)
		return time.Time{}, true
	case 20:
		a.put("component", "other")
		return time.Time{}, true
	}
	part, ok := machineCheck(r.text(-1, "MciStat"))
	if ok {
		a.put("component", part)
	}
	if a["location"] == "" {
		apic, ok := number(r.text(-1, "ApicId"))
		bank, ok2 := number(r.text(-1, "MCABank"))
		if ok && ok2 {
			a.put("location", fmt.Sprintf("processor %d bank %d", apic, bank))
		}
	}
	return time.Time{}, true
}

// location is where a module sits, of what the record says it knows: its
// ValidBits are those of the memory error section.
func (a attributes) location(r Record) {
	if a["location"] != "" {
		return
	}
	valid, ok := number(r.text(-1, "ValidBits"))
	if !ok {
		return
	}
	var parts []string
	for _, p := range []struct {
		bit  uint
		name string
	}{{3, "Node"}, {4, "Card"}, {5, "Module"}, {6, "Bank"}} {
		if n, ok := number(r.text(-1, p.name)); ok && valid>>p.bit&1 == 1 {
			parts = append(parts, strings.ToLower(p.name)+" "+strconv.FormatInt(n, 10))
		}
	}
	a.put("location", strings.Join(parts, " "))
}

// machineCheck says what an error was in by the low half of IA32_MCi_STATUS:
// Intel SDM volume 3B, "Interpreting the MCA error codes". AMD uses the same
// forms (PPR, "MCA error codes"). Bit 12 only says that the error was filtered.
func machineCheck(status string) (string, bool) {
	n, ok := number(status)
	if !ok {
		return "", false
	}
	code := uint16(n) &^ (1 << 12)
	switch {
	case code>>11 == 1: // 1PPT RRRR IILL
		return "bus", true
	case code>>8 == 1: // 0001 RRRR TTLL
		return "cache", true
	case code>>7 == 1: // 0000 1MMM CCCC
		return "memory", true
	case code>>4 == 1, code>>2 == 3: // 0000 0001 TTLL, TLB; 0000 0000 11LL, some cache
		return "cache", true
	case code>>10 == 1, code > 0 && code < 8: // internal: timer, parity, microcode
		return "processor", true
	}
	return "other", true
}

// pcieError names the device as Linux does, with vendor and device numbers.
func pcieError(r Record, a attributes) (time.Time, bool) {
	var place, model string
	if bus, ok := number(r.text(-1, "Bus", "PrimaryBus")); ok {
		segment, _ := number(r.text(-1, "Segment"))
		device, _ := number(r.text(-1, "Device"))
		function, _ := number(r.text(-1, "Function"))
		place = fmt.Sprintf("%04x:%02x:%02x.%x", uint16(segment), uint8(bus), uint8(device), uint8(function)&7)
	}
	vendor, ok := number(r.text(-1, "VendorID"))
	device, ok2 := number(r.text(-1, "DeviceID"))
	if ok && ok2 {
		model = fmt.Sprintf("%04x:%04x", uint16(vendor), uint16(device))
	}
	a.put("device", strings.TrimSpace(place+" "+model))
	return time.Time{}, true
}
