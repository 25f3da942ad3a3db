package windows

import (
	"encoding/binary"
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
)

func appCrash(r Record, a attributes) (time.Time, bool) {
	a.put("program", file(r.text(0, "AppName")))
	a.put("version", r.text(1, "AppVersion"))
	a.put("module", file(r.text(3, "ModuleName")))
	a.put("code", r.text(6, "ExceptionCode"))
	return time.Time{}, true
}

func appHang(r Record, a attributes) (time.Time, bool) {
	a.put("program", file(r.text(0, "AppName", "Application")))
	a.put("version", r.text(1, "AppVersion"))
	return time.Time{}, true
}

// serviceFailed: the first text is the name that people read, in their
// language; the short name is in Binary, UTF-16, and behind a slash for some
// records the number of the error.
func serviceFailed(r Record, a attributes) (time.Time, bool) {
	name := shortName(r.Binary)
	if name == "" {
		name = r.text(0, "param1")
	}
	a.put("service", name)
	if n, ok := number(r.text(1, "param2")); ok && n >= 0 {
		a.put("restarts", strconv.FormatInt(n, 10))
	}
	return time.Time{}, true
}

func shortName(b []byte) string {
	const most = 256 // letters in a service's name, MSDN CreateService
	if len(b)%2 != 0 || len(b) > 2*(most+16) {
		return ""
	}
	u := make([]uint16, len(b)/2)
	for i := range u {
		u[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	name, _, _ := strings.Cut(string(utf16.Decode(u)), "\x00")
	name, _, _ = strings.Cut(name, "/")
	for _, c := range name {
		if c < ' ' || c > '~' {
			return ""
		}
	}
	return strings.TrimSpace(name)
}

// oomKill: Resource-Exhaustion-Detector lists the three programs that hold
// most, the largest first.
func oomKill(r Record, a attributes) (time.Time, bool) {
	a.put("program", file(r.ending("ProcessInfo/Process_1/Name")))
	if n, ok := number(r.ending("ProcessInfo/Process_1/CommitCharge")); ok && n > 0 {
		a.put("memory_bytes", strconv.FormatInt(n, 10))
	}
	a.put("scope", "system")
	return time.Time{}, true
}

func updateFailed(r Record, a attributes) (time.Time, bool) {
	a.put("update", r.text(1, "updateTitle"))
	a.put("code", strings.ToLower(r.text(0, "errorCode")))
	a.put("manager", "windows_update")
	return time.Time{}, true
}

func updateInstalled(r Record, a attributes) (time.Time, bool) {
	a.put("update", r.text(0, "updateTitle"))
	a.put("manager", "windows_update")
	return time.Time{}, true
}

// dbDamaged: program, its number, instance, then the file, except for 454,
// where an error number stands there.
func dbDamaged(r Record, a attributes) (time.Time, bool) {
	a.put("program", file(r.text(0)))
	if r.EventID != 454 {
		a.put("database", r.text(3))
	}
	a.put("code", strconv.Itoa(r.EventID))
	return time.Time{}, true
}

func profileDamaged(r Record, a attributes) (time.Time, bool) {
	a.put("user", r.User)
	a.put("code", strconv.Itoa(r.EventID))
	return time.Time{}, true
}

// driverChanged: 20001 also tells of attempts that failed.
func driverChanged(r Record, a attributes) (time.Time, bool) {
	if status, ok := number(r.ending("InstallStatus")); ok && status != 0 {
		return time.Time{}, false
	}
	a.put("driver", file(r.ending("DriverName")))
	a.put("device", r.ending("DriverDescription"))
	if a["device"] == "" {
		a.put("device", r.ending("DeviceInstanceID"))
	}
	a.put("after", r.ending("DriverVersion"))
	return time.Time{}, true
}

func policyChanged(r Record, a attributes) (time.Time, bool) {
	switch r.EventID {
	case 1502:
		a.put("scope", "machine")
	case 1503:
		a.put("scope", "user")
	}
	return time.Time{}, true
}
