// Package pnp reads what Windows knows of the devices that are present, and of
// the drivers they use, for several gatherers.
//
// It owns the form of device instance ids and of the keys Enum and Class in
// the registry. It must not know what any device is for.
package pnp

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"muster/agent/host"
)

const (
	enum    = `HKLM\SYSTEM\CurrentControlSet\Enum\`
	classes = `HKLM\SYSTEM\CurrentControlSet\Control\Class\`
)

// Classes of devices (Microsoft, "System-Defined Device Setup Classes").
const (
	ClassDisplay = "{4d36e968-e325-11ce-bfc1-08002be10318}"
	ClassMonitor = "{4d36e96e-e325-11ce-bfc1-08002be10318}"
)

// Device is one device that is present.
type Device struct {
	ID        string // instance id, such as PCI\VEN_8086&DEV_15BE&SUBSYS_22E717AA&REV_30\3&11583659&0&FE
	Problem   int64  // CM_PROB_ of cfg.h; 0 is none
	Parent    string // instance id of what it hangs on
	Path      string // places on the way to it, such as PCIROOT(0)#PCI(1400)#USBROOT(0)#USB(4)
	Reported  string // name by the device itself; only of USB
	Lanes     int64  // of its PCI link; 0 when not known
	MostLanes int64

	Key Key
}

// Key is what the registry holds of a device.
type Key struct {
	Name        string // for people
	Description string // by its driver
	Vendor      string
	Service     string // the driver's service
	Class       string // GUID of its class, in lower case
	Driver      string // its key below Class, such as {…}\0001
	Hardware    []string
	Compatible  []string
	Location    string
	Slot        int64 // number of its slot; -1 when none is told
}

// maxLine bounds one line of the list.
const maxLine = 16 << 10

// Present lists the devices whose instance ids begin with a bus, such as PCI;
// the empty text lists all. Their keys are read too. The error wraps
// errors.ErrUnsupported where Windows has no such list.
func Present(h *host.Host, bus string) ([]Device, error) {
	b, err := h.AskNative(host.NativeDevices)
	if err != nil {
		return nil, err
	}
	var list []Device
	for _, d := range Parse(string(b)) {
		if bus != "" && !strings.EqualFold(d.Bus(), bus) {
			continue
		}
		if d.Key, err = ReadKey(h, d.ID); err != nil {
			continue // it went between the two
		}
		list = append(list, d)
	}
	return list, nil
}

// Parse reads the answer to host.NativeDevices.
func Parse(text string) []Device {
	var list []Device
	for line := range strings.Lines(text) {
		f := strings.Split(strings.TrimRight(line, "\r\n"), "\t")
		if len(f) != 7 || f[0] == "" || len(line) > maxLine {
			continue
		}
		list = append(list, Device{ID: f[0], Problem: number(f[1]), Parent: f[2], Path: f[3], Reported: f[4], Lanes: number(f[5]), MostLanes: number(f[6])})
	}
	return list
}

func number(s string) int64 {
	n, err := strconv.ParseUint(s, 10, 32)
	if err != nil {
		return 0
	}
	return int64(n)
}

// Bus is the part before the first backslash: who found the device.
func (d Device) Bus() string {
	bus, _, _ := strings.Cut(d.ID, `\`)
	return bus
}

// Instance is the part after the last backslash: a serial number, or what
// Windows made up, which has an ampersand.
func (d Device) Instance() string { return d.ID[strings.LastIndexByte(d.ID, '\\')+1:] }

// Part is what stands behind a prefix in the instance id, such as 8086 behind
// VEN_; empty when it is not there.
func (d Device) Part(prefix string) string {
	_, rest, _ := strings.Cut(d.ID, `\`)
	rest, _, _ = strings.Cut(rest, `\`)
	return part(rest, prefix)
}

// Any is Part over the device's other ids.
func (d Device) Any(prefix string) string {
	for _, list := range [][]string{d.Key.Hardware, d.Key.Compatible} {
		for _, id := range list {
			_, rest, _ := strings.Cut(id, `\`)
			if p := part(rest, prefix); p != "" {
				return p
			}
		}
	}
	return ""
}

func part(id, prefix string) string {
	for _, word := range strings.Split(id, "&") {
		if len(word) > len(prefix) && strings.EqualFold(word[:len(prefix)], prefix) {
			return strings.ToLower(word[len(prefix):])
		}
	}
	return ""
}

// ReadKey reads a device's key.
func ReadKey(h *host.Host, id string) (Key, error) {
	k, err := h.Key(host.View64, enum+id, "FriendlyName", "DeviceDesc", "Mfg", "Service", "ClassGUID", "Driver", "HardwareID", "CompatibleIDs", "LocationInformation", "UINumber")
	if err != nil {
		return Key{}, err
	}
	out := Key{Description: Words(k.Text("DeviceDesc")), Vendor: Words(k.Text("Mfg")), Service: k.Text("Service"),
		Class: strings.ToLower(k.Text("ClassGUID")), Driver: k.Text("Driver"), Hardware: k.Texts("HardwareID"), Compatible: k.Texts("CompatibleIDs"),
		Location: k.Text("LocationInformation"), Slot: -1}
	if out.Name = Words(k.Text("FriendlyName")); out.Name == "" {
		out.Name = out.Description
	}
	if strings.HasPrefix(out.Vendor, "(") {
		out.Vendor = "" // (Standard system devices) and the like
	}
	if n, ok := k.Number("UINumber"); ok && n > 0 && n < 1000 {
		out.Slot = int64(n)
	}
	return out, nil
}

// Words is the text for people behind the place where it stands: such values
// are "@oem12.inf,%name%;Name".
func Words(s string) string {
	if strings.HasPrefix(s, "@") {
		i := strings.LastIndexByte(s, ';')
		if i < 0 {
			return ""
		}
		s = s[i+1:]
	}
	return strings.TrimSpace(s)
}

// Driver is the driver of a device as the key of its class has it.
type Driver struct {
	Name       string // of the device, by its driver
	Version    string
	Provider   string
	Inf        string // oem12.inf
	ReleasedAt time.Time
	Memory     int64 // of a graphics adapter, in bytes; 0 when not told
	BIOS       string
}

// ReadDriver reads the driver of a device; the zero Driver when it has none.
func ReadDriver(h *host.Host, d Device) Driver {
	if d.Key.Driver == "" || strings.Contains(d.Key.Driver, "..") {
		return Driver{}
	}
	k, err := h.Key(host.View64, classes+d.Key.Driver, "DriverDesc", "DriverVersion", "DriverDate", "DriverDateData", "ProviderName", "InfPath",
		"HardwareInformation.qwMemorySize", "HardwareInformation.MemorySize", "HardwareInformation.BiosString")
	if err != nil {
		return Driver{}
	}
	return driverOf(k)
}

func driverOf(k host.Key) Driver {
	out := Driver{Name: Words(k.Text("DriverDesc")), Version: k.Text("DriverVersion"), Provider: Words(k.Text("ProviderName")), Inf: strings.ToLower(k.Text("InfPath"))}
	if b := k.Bytes("DriverDateData"); len(b) == 8 {
		out.ReleasedAt = host.FileTime(little(b))
	}
	if out.ReleasedAt.IsZero() {
		if at, err := time.Parse("1-2-2006", k.Text("DriverDate")); err == nil {
			out.ReleasedAt = at
		}
	}
	for _, name := range []string{"HardwareInformation.qwMemorySize", "HardwareInformation.MemorySize"} {
		// Drivers keep it as a number or as its bytes.
		b := k.Bytes(name)
		if n := little(b); len(b) <= 8 && n > 0 && n < 1<<50 {
			out.Memory = int64(n)
			break
		}
	}
	if out.BIOS = k.Text("HardwareInformation.BiosString"); out.BIOS == "" {
		v := host.Value{Kind: host.RegText, Data: k.Bytes("HardwareInformation.BiosString")}
		out.BIOS = plain(v.Text())
	}
	return out
}

// plain leaves out what is no text of letters and signs.
func plain(s string) string {
	for _, r := range s {
		if r < ' ' || r > '~' {
			return ""
		}
	}
	return s
}

func little(b []byte) (n uint64) {
	for i, c := range b {
		if i < 8 {
			n |= uint64(c) << (8 * i)
		}
	}
	return n
}

// ClassName is the name of a class of devices, such as Net.
func ClassName(h *host.Host, guid string) string {
	if guid == "" || strings.ContainsAny(guid, `\/`) {
		return ""
	}
	k, err := h.Key(host.View64, classes+guid, "Class")
	if err != nil {
		return ""
	}
	return k.Text("Class")
}

// Fault says what Windows holds against a device; empty when nothing. Numbers
// are CM_PROB_ (Microsoft, "Error codes in Device Manager in Windows").
func (d Device) Fault() string {
	if d.Problem == 0 {
		return ""
	}
	words := map[int64]string{
		1: "not configured", 3: "the driver is damaged", 9: "the firmware describes it wrongly", 10: "it does not start",
		12: "no resources are free for it", 14: "a restart is needed", 18: "the driver has to be installed anew", 19: "its settings are damaged",
		21: "it is being removed", 22: "switched off", 24: "not there or not working", 28: "no driver is installed", 29: "switched off by the firmware",
		31: "the driver cannot be loaded", 32: "its driver is switched off", 37: "the driver did not start", 38: "an older copy of the driver is still loaded",
		39: "the driver is damaged or missing", 40: "its settings are damaged", 41: "the device was not found", 42: "it is there twice",
		43: "it reported a fault", 44: "it was stopped", 45: "not attached", 47: "prepared for removal", 48: "the driver is blocked",
		49: "the registry is full", 50: "it waits for another device", 51: "it waits for another device", 52: "the driver is not signed",
		53: "kept by the kernel's debugger", 54: "it is being reset",
	}
	if w := words[d.Problem]; w != "" {
		return fmt.Sprintf("code %d: %s", d.Problem, w)
	}
	return fmt.Sprintf("code %d", d.Problem)
}

// Address reads where on PCI a device is, as domain:bus:device.function. Windows keeps it as "PCI bus 0, device 31,
// function 6", in the words of the system's language, with the three numbers
// in brackets behind when the words are a resource of pci.sys. Bits 8 and up
// of the bus are the segment.
func Address(location string) (string, bool) {
	if i := strings.LastIndexByte(location, '('); i >= 0 && strings.HasPrefix(location, "@") {
		location = location[i:]
	}
	var n []uint64
	for _, w := range strings.FieldsFunc(location, func(r rune) bool { return r < '0' || r > '9' }) {
		v, err := strconv.ParseUint(w, 10, 24)
		if err != nil {
			return "", false
		}
		n = append(n, v)
	}
	if len(n) != 3 || n[1] > 31 || n[2] > 7 {
		return "", false
	}
	return fmt.Sprintf("%04x:%02x:%02x.%x", n[0]>>8, n[0]&0xff, n[1], n[2]), true
}
