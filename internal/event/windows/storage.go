package windows

import (
	"encoding/binary"
	"strconv"
	"strings"
	"time"
)

// diskError: the disk class driver logs 7, 11, 51, 153 and 154; miniports log
// 129 and name only their port.
func diskError(r Record, a attributes) (time.Time, bool) {
	causes := map[int]string{
		7:   "bad_block",
		11:  "controller",
		51:  "paging",
		129: "reset",
		153: "retried",
		154: "hardware",
	}
	a.put("cause", causes[r.EventID])
	a.put("code", strconv.Itoa(r.EventID))
	a.put("disk", drive(r))
	a.put("operation", operation(r.Binary))
	return time.Time{}, true
}

func diskNamed(r Record, a attributes) (time.Time, bool) {
	a.put("disk", drive(r))
	return time.Time{}, true
}

// drive is disk.name of the drive a record names: \Device\Harddisk1\DR1 is
// PhysicalDrive1. Its number is that of the moment.
func drive(r Record) string {
	const device = `\device\harddisk`
	for _, v := range r.Data {
		rest, ok := strings.CutPrefix(strings.ToLower(clean(v.Text)), device)
		if !ok {
			continue
		}
		digits, _, _ := strings.Cut(rest, `\`)
		if n, err := strconv.ParseUint(digits, 10, 16); err == nil {
			return "PhysicalDrive" + strconv.FormatUint(n, 10)
		}
	}
	return ""
}

// operation reads the first byte of the driver's IO_ERROR_LOG_PACKET (wdm.h),
// which ends in the record's Binary: the major function of the request.
func operation(packet []byte) string {
	const header = 40 // up to DeviceOffset
	if len(packet) < header {
		return ""
	}
	switch packet[0] {
	case 0x03: // IRP_MJ_READ
		return "read"
	case 0x04: // IRP_MJ_WRITE
		return "write"
	case 0x09: // IRP_MJ_FLUSH_BUFFERS
		return "flush"
	}
	return ""
}

// fsError: a healthy volume logs 98 at each mount, with
// CorruptionActionState 0.
func fsError(r Record, a attributes) (time.Time, bool) {
	causes := map[int]string{
		55:  "corrupt",
		98:  "needs_check",
		130: "repaired",
		137: "transaction",
	}
	if r.EventID == 98 {
		if state, ok := number(r.text(2, "CorruptionActionState")); !ok || state == 0 {
			return time.Time{}, false
		}
	}
	a.put("cause", causes[r.EventID])
	a.put("code", strconv.Itoa(r.EventID))
	// In the old form the first text is the device of the driver, often
	// empty, and the second the volume.
	volume := r.text(1, "DriveName", "VolumeName")
	if volume == "" {
		volume = r.text(0, "DeviceName")
	}
	a.put("volume", strings.TrimRight(volume, `\`))
	return time.Time{}, true
}

// systemtime reads a SYSTEMTIME (minwinbase.h): eight 16-bit words from the
// year down to the millisecond.
func systemtime(b []byte) (time.Time, bool) {
	if len(b) < 16 {
		return time.Time{}, false
	}
	word := func(i int) int { return int(binary.LittleEndian.Uint16(b[2*i:])) }
	year, month, day := word(0), word(1), word(3)
	if year < 1990 || year > 2200 || month < 1 || month > 12 || day < 1 || day > 31 || word(4) > 23 || word(5) > 59 || word(6) > 59 || word(7) > 999 {
		return time.Time{}, false
	}
	return time.Date(year, time.Month(month), day, word(4), word(5), word(6), word(7)*int(time.Millisecond), time.UTC), true
}
