package power

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"

	"muster/agent/host"
	"muster/internal/inventory"
)

// fromNative asks Windows for what feeds the machine, in the form of Linux'
// supplies.
func fromNative(h *host.Host) ([]supply, []string, error) {
	b, err := h.AskNative(host.NativeBatteries)
	if err != nil {
		return nil, nil, err
	}
	list, err := parseBatteries(b)
	if err != nil {
		return nil, nil, err
	}
	asked := []string{"battery_query"}
	if b, err := h.AskNative(host.NativePower); err == nil && len(b) > 0 {
		asked = append(asked, "power_status")
		if b[0] <= 1 { // ACLineStatus; 255 is not known
			list = append(list, supply{name: "AC", of: map[string]string{"type": "Mains", "online": strconv.Itoa(int(b[0]))}})
		}
	}
	return list, asked, nil
}

// parseBatteries reads the answer to host.NativeBatteries. Structures are those
// of poclass.h.
func parseBatteries(b []byte) ([]supply, error) {
	var list []supply
	var now *parsed
	end := func() {
		if now != nil && len(list) < maxSupplies {
			list = append(list, now.supply())
		}
	}
	for len(b) > 0 {
		if len(b) < 8 {
			return nil, fmt.Errorf("batteries: %d bytes are left over", len(b))
		}
		kind, n := binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint32(b[4:])
		if b = b[8:]; uint64(n) > uint64(len(b)) {
			return nil, fmt.Errorf("batteries: an item of %d bytes, of which %d are there", n, len(b))
		}
		data := b[:n]
		b = b[n:]
		if kind == host.BatteryPath {
			end()
			now = &parsed{path: string(data), of: map[uint32][]byte{}}
			continue
		}
		if now == nil {
			return nil, errors.New("batteries: an item before the first battery")
		}
		now.of[kind] = data
	}
	end()
	return list, nil
}

// parsed is what one battery answered.
type parsed struct {
	path string
	of   map[uint32][]byte
}

// Levels of information (BATTERY_QUERY_INFORMATION_LEVEL).
const (
	levelInformation = 0
	levelTemperature = 2
	levelEstimated   = 3
	levelName        = 4
	levelDate        = 5
	levelMaker       = 6
	levelSerial      = 8
)

func (p parsed) number(kind uint32, off int) (uint32, bool) {
	b := p.of[kind]
	if off+4 > len(b) {
		return 0, false
	}
	return binary.LittleEndian.Uint32(b[off:]), true
}

func (p parsed) text(kind uint32) string {
	var u []uint16
	for b := p.of[kind]; len(b) > 1 && len(u) < 128; b = b[2:] {
		c := binary.LittleEndian.Uint16(b)
		if c == 0 {
			break
		}
		u = append(u, c)
	}
	return strings.TrimSpace(string(utf16.Decode(u)))
}

// supply puts what it answered into the attributes of a supply. Windows counts
// in thousandths of watts, watt-hours and volts.
func (p parsed) supply() supply {
	const unknown = 0xffffffff
	s := supply{name: instance(p.path), of: map[string]string{"type": "Battery", "manufacturer": p.text(levelMaker), "model_name": p.text(levelName), "serial_number": p.text(levelSerial)}}
	set := func(name string, n int64) { s.of[name] = strconv.FormatInt(n, 10) }
	flags, _ := p.number(levelInformation, 0)
	const shortTerm, relative, system = 1 << 29, 1 << 30, 1 << 31
	switch {
	case flags&shortTerm != 0:
		s.of["type"] = "UPS"
	case p.of[levelInformation] != nil && flags&system == 0:
		s.of["scope"] = "Device"
	}
	if b := p.of[levelInformation]; len(b) >= 12 {
		s.of["technology"] = chemistry(strings.Trim(string(b[8:12]), "\x00 "))
	}
	full, okFull := p.number(levelInformation, 16)
	okFull = okFull && full != 0 && full != unknown
	if design, ok := p.number(levelInformation, 12); ok && flags&relative == 0 && design != 0 && design != unknown {
		set("energy_full_design", int64(design)*1000)
	}
	if okFull && flags&relative == 0 {
		set("energy_full", int64(full)*1000)
	}
	if n, ok := p.number(levelInformation, 32); ok && n != unknown {
		set("cycle_count", int64(n))
	}
	if n, ok := p.number(levelTemperature, 0); ok && n > 2232 && n < 4000 { // tenths of a kelvin
		set("temp", int64(n)-2732)
	}
	if n, ok := p.number(levelEstimated, 0); ok && n != unknown {
		set("time_to_empty_now", int64(n))
	}
	if b := p.of[levelDate]; len(b) >= 4 {
		set("manufacture_day", int64(b[0]))
		set("manufacture_month", int64(b[1]))
		set("manufacture_year", int64(binary.LittleEndian.Uint16(b[2:])))
	}
	p.status(set, s, flags&relative != 0, full, okFull)
	return s
}

// status adds BATTERY_STATUS: state, charge, voltage, rate.
func (p parsed) status(set func(string, int64), s supply, relative bool, full uint32, okFull bool) {
	const unknown = 0xffffffff
	state, ok := p.number(host.BatteryStatus, 0)
	if !ok {
		return
	}
	charge, _ := p.number(host.BatteryStatus, 4)
	volts, _ := p.number(host.BatteryStatus, 8)
	rate, okRate := p.number(host.BatteryStatus, 12)
	const online, discharging, charging = 1, 2, 4
	known := charge != unknown && okFull
	if known {
		set("capacity", int64(min(math.Round(float64(charge)/float64(full)*100), 100)))
		if !relative {
			set("energy_now", int64(charge)*1000)
		}
	}
	switch {
	case state&charging != 0:
		s.of["status"] = "Charging"
	case state&discharging != 0:
		s.of["status"] = "Discharging"
	case state&online != 0 && known && charge >= full-full/50:
		s.of["status"] = "Full"
	case state&online != 0:
		s.of["status"] = "Not charging"
	}
	if volts != unknown && volts != 0 {
		set("voltage_now", int64(volts)*1000)
	}
	const unknownRate = 0x80000000
	if okRate && rate != unknownRate && !relative {
		set("power_now", int64(int32(rate))*1000)
	}
}

// chemistry brings the four letters of a battery into words.
func chemistry(s string) string {
	switch strings.ToUpper(s) {
	case "LION", "LI-I", "LIIO":
		return "Li-ion"
	case "LIP", "LIPO", "LI-P", "LGC":
		return "LiP"
	case "NIMH":
		return "NiMH"
	case "NICD":
		return "NiCd"
	case "PBAC":
		return "PbAc"
	}
	return printable(s)
}

func printable(s string) string {
	for _, c := range s {
		if c < ' ' || c > '~' {
			return ""
		}
	}
	return s
}

// instance is the instance id in the path of a device's interface:
// \\?\ACPI#PNP0C0A#1#{72631e54-…} is of ACPI\PNP0C0A\1.
func instance(path string) string {
	s := strings.TrimPrefix(path, `\\?\`)
	if i := strings.LastIndex(s, "#{"); i > 0 {
		s = s[:i]
	}
	return strings.ToUpper(strings.ReplaceAll(s, "#", `\`))
}

const (
	schemes     = `HKLM\SYSTEM\CurrentControlSet\Control\Power\User\PowerSchemes`
	settings    = `HKLM\SYSTEM\CurrentControlSet\Control\Power\PowerSettings`
	sleepGroup  = `\238c9fa8-0aad-41ed-83f4-97be242c8f20`
	sleepAfter  = sleepGroup + `\29f6c1db-86da-48c5-9fdb-f2b67b1f44da` // STANDBYIDLE, in seconds
	powerKey    = `HKLM\SYSTEM\CurrentControlSet\Control\Power`
	sessionKey  = `HKLM\SYSTEM\CurrentControlSet\Control\Session Manager\Power`
	maxSleepSec = 1 << 31
)

// fromWindows reads section power: plan and limits of the registry, sleep
// states and supplies of the system.
func fromWindows(ctx context.Context, h *host.Host) (inventory.Power, []string, error) {
	var r inventory.Power
	if err := ctx.Err(); err != nil {
		return r, nil, err
	}
	k, err := h.Key(host.View64, schemes, "ActivePowerScheme")
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return r, nil, err
	}
	asked := []string{"registry"}
	if scheme := strings.ToLower(k.Text("ActivePowerScheme")); scheme != "" && !strings.ContainsAny(scheme, `\/`) {
		if k, err := h.Key(host.View64, schemes+`\`+scheme, "FriendlyName"); err == nil {
			r.Plan = planName(k.Text("FriendlyName"))
		}
		r.SleepACSeconds, r.SleepDCSeconds = sleep(h, scheme)
	}
	r.Hibernation = hibernation(h)
	if k, err := h.Key(host.View64, sessionKey, "HiberbootEnabled"); err == nil {
		// Without hibernation there is nothing that a start could take up.
		if on := k.Flag("HiberbootEnabled"); on != nil && r.Hibernation != nil {
			r.FastStartup = new(*on && *r.Hibernation)
		}
	}
	if b, err := h.AskNative(host.NativePower); err == nil {
		asked = append(asked, "power_status")
		r.SleepStates = states(b)
		if len(b) > 0 && b[0] <= 1 {
			r.ACOnline = new(b[0] == 1)
		}
	}
	switch list, _, err := fromNative(h); {
	case err == nil:
		var n int64
		for _, s := range list {
			if s.battery() && s.row().Kind == "internal" {
				n++
			}
		}
		r.BatteryCount = &n
		asked = append(asked, "battery_query")
	case !errors.Is(err, errors.ErrUnsupported):
		return r, nil, err
	}
	return r, asked, nil
}

func hibernation(h *host.Host) *bool {
	k, err := h.Key(host.View64, powerKey, "HibernateEnabled", "HibernateEnabledDefault")
	if err != nil {
		return nil
	}
	if on := k.Flag("HibernateEnabled"); on != nil {
		return on
	}
	return k.Flag("HibernateEnabledDefault")
}

// sleep is after how many idle seconds the machine sleeps: as set in the plan,
// else as the plan came.
func sleep(h *host.Host, scheme string) (ac, dc *int64) {
	for _, path := range []string{schemes + `\` + scheme + sleepAfter, settings + sleepAfter + `\DefaultPowerSchemeValues\` + scheme} {
		k, err := h.Key(host.View64, path, "ACSettingIndex", "DCSettingIndex")
		if err != nil {
			continue
		}
		if n, ok := k.Number("ACSettingIndex"); ok && ac == nil && n < maxSleepSec {
			ac = new(int64(n))
		}
		if n, ok := k.Number("DCSettingIndex"); ok && dc == nil && n < maxSleepSec {
			dc = new(int64(n))
		}
	}
	return ac, dc
}

// planName is the name of a plan; those of Windows stand behind the place of
// their translation: "@%SystemRoot%\system32\powrprof.dll,-15,Balanced".
func planName(s string) string {
	if strings.HasPrefix(s, "@") {
		s = s[strings.LastIndexByte(s, ',')+1:]
	}
	return strings.TrimSpace(s)
}

// states reads SYSTEM_POWER_CAPABILITIES (winnt.h) behind SYSTEM_POWER_STATUS:
// a byte each for S1 to S5 from the fourth on, then whether there is a file to
// hibernate to; the 21st is AoAc, "always on, always connected".
func states(b []byte) []string {
	const head = 12
	if len(b) < head+21 {
		return nil
	}
	b = b[head:]
	var list []string
	if b[20] != 0 {
		list = append(list, "s0ix")
	}
	for i, name := range []string{"s1", "s2", "s3"} {
		if b[3+i] != 0 {
			list = append(list, name)
		}
	}
	if b[6] != 0 && b[8] != 0 {
		list = append(list, "s4")
	}
	return list
}
