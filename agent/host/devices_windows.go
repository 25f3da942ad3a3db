package host

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unsafe"

	"golang.org/x/sys/windows"
)

// maxPresent is how many devices are listed; a PC has 200, a server 1000.
const maxPresent = 8192

// devices lists those that are present, a line each, fields parted by tabs:
// instance id, number of the problem, instance id of what it hangs on, path of
// places, what the bus says that it is, lanes of its link and the most it has.
func devices() ([]byte, error) {
	set, err := windows.SetupDiGetClassDevsEx(nil, "", 0, windows.DIGCF_ALLCLASSES|windows.DIGCF_PRESENT, 0, "")
	if err != nil {
		return nil, fmt.Errorf("SetupDiGetClassDevsEx: %w", err)
	}
	defer set.Close()
	ask, err := proc("setupapi.dll", "SetupDiGetDevicePropertyW")
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	for i := range maxPresent {
		d, err := set.EnumDeviceInfo(i)
		if errors.Is(err, windows.ERROR_NO_MORE_ITEMS) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("SetupDiEnumDeviceInfo: %w", err)
		}
		id, err := set.DeviceInstanceID(d)
		if err != nil {
			continue // it went just now
		}
		p := property{ask: ask, set: set, of: d}
		fields := []string{id, strconv.Itoa(int(problem(d))), p.text(keyParent, 8), p.text(keyDevice, 37), "", "", ""}
		switch strings.ToUpper(id[:min(4, len(id))]) {
		case `USB\`:
			fields[4] = p.text(keyReported, 4)
		case `PCI\`:
			fields[5], fields[6] = p.number(keyLink, 10), p.number(keyLink, 12)
		}
		for n := range fields {
			fields[n] = strings.Join(strings.FieldsFunc(fields[n], func(r rune) bool { return r < ' ' }), " ")
		}
		out.WriteString(strings.Join(fields, "\t") + "\n")
	}
	return out.Bytes(), nil
}

// problem is why a device does not work; 0 when it does, or nobody knows.
func problem(d *windows.DevInfoData) uint32 {
	const hasProblem = 0x400 // DN_HAS_PROBLEM of cfg.h
	var status, n uint32
	if windows.CM_Get_DevNode_Status(&status, &n, d.DevInst, 0) != nil || status&hasProblem == 0 {
		return 0
	}
	return n
}

// Groups of properties (devpkey.h, pciprop.h): DEVPKEY_Device_Parent is 8 of
// the first, DEVPKEY_Device_LocationPaths 37 of the second,
// DEVPKEY_Device_BusReportedDeviceDesc 4 of the third, and of the last
// DEVPKEY_PciDevice_CurrentLinkWidth is 10 and MaxLinkWidth 12.
var (
	keyParent   = windows.GUID{Data1: 0x4340a6c5, Data2: 0x93fa, Data3: 0x4706, Data4: [8]byte{0x97, 0x2c, 0x7b, 0x64, 0x80, 0x08, 0xa5, 0xa7}}
	keyDevice   = windows.GUID{Data1: 0xa45c254e, Data2: 0xdf1c, Data3: 0x4efd, Data4: [8]byte{0x80, 0x20, 0x67, 0xd1, 0x46, 0xa8, 0x50, 0xe0}}
	keyReported = windows.GUID{Data1: 0x540b947e, Data2: 0x8b40, Data3: 0x45bc, Data4: [8]byte{0xa8, 0xa2, 0x6a, 0x0b, 0x89, 0x4c, 0xbd, 0xa2}}
	keyLink     = windows.GUID{Data1: 0x3ab22e31, Data2: 0x8264, Data3: 0x4b4e, Data4: [8]byte{0x9a, 0xf5, 0xa8, 0xd2, 0xd8, 0xe3, 0x3e, 0x62}}
)

// property asks for properties of one device.
type property struct {
	ask *windows.LazyProc
	set windows.DevInfo
	of  *windows.DevInfoData
}

func (p property) bytes(group windows.GUID, id uint32) []byte {
	key := struct {
		group windows.GUID
		id    uint32
	}{group, id}
	var kind, n uint32
	b := make([]byte, 4096)
	ok, _, _ := p.ask.Call(uintptr(p.set), uintptr(unsafe.Pointer(p.of)), uintptr(unsafe.Pointer(&key)), uintptr(unsafe.Pointer(&kind)),
		uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)), uintptr(unsafe.Pointer(&n)), 0)
	if ok == 0 || n > uint32(len(b)) {
		return nil
	}
	return b[:n]
}

// text is the first of one or several texts.
func (p property) text(group windows.GUID, id uint32) string {
	b := p.bytes(group, id)
	var u []uint16
	for ; len(b) > 1; b = b[2:] {
		c := binary.LittleEndian.Uint16(b)
		if c == 0 {
			break
		}
		u = append(u, c)
	}
	return string(utf16.Decode(u))
}

func (p property) number(group windows.GUID, id uint32) string {
	b := p.bytes(group, id)
	if len(b) != 4 {
		return ""
	}
	return strconv.FormatUint(uint64(binary.LittleEndian.Uint32(b)), 10)
}
