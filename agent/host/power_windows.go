package host

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/windows"
)

// power asks how the machine is fed and which sleep states it has.
func power() ([]byte, error) {
	status, err := proc("kernel32.dll", "GetSystemPowerStatus")
	if err != nil {
		return nil, err
	}
	b := make([]byte, 12) // SYSTEM_POWER_STATUS
	if ok, _, err := status.Call(uintptr(unsafe.Pointer(&b[0]))); ok == 0 {
		return nil, fmt.Errorf("GetSystemPowerStatus: %w", err)
	}
	info, err := proc("powrprof.dll", "CallNtPowerInformation")
	if err != nil {
		return b, nil
	}
	const capabilities = 4    // SystemPowerCapabilities
	more := make([]byte, 256) // SYSTEM_POWER_CAPABILITIES has 76
	for _, size := range []uintptr{76, uintptr(len(more))} {
		if rc, _, _ := info.Call(capabilities, 0, 0, uintptr(unsafe.Pointer(&more[0])), size); rc == 0 {
			return append(b, more[:76]...), nil
		}
	}
	return b, nil
}

// batteryClass is GUID_DEVICE_BATTERY (batclass.h).
func batteryClass() *windows.GUID {
	return &windows.GUID{Data1: 0x72631e54, Data2: 0x78a4, Data3: 0x11d0, Data4: [8]byte{0xbc, 0xf7, 0x00, 0xaa, 0x00, 0xb7, 0xb3, 0x2a}}
}

// Codes of poclass.h.
const (
	queryTag         = 0x294040 // IOCTL_BATTERY_QUERY_TAG
	queryInformation = 0x294044 // IOCTL_BATTERY_QUERY_INFORMATION
	queryStatus      = 0x29404c // IOCTL_BATTERY_QUERY_STATUS
)

// maxBatteries bounds how many are asked.
const maxBatteries = 16

// batteries asks each battery for all that it tells. The answer is a row of
// items: kind and length, four bytes each, and so many bytes.
func batteries() ([]byte, error) {
	list, err := windows.CM_Get_Device_Interface_List("", batteryClass(), windows.CM_GET_DEVICE_INTERFACE_LIST_PRESENT)
	if err != nil {
		// Not wrapped: to see what such an error is takes a function that not
		// every system with these lists has.
		var code windows.CONFIGRET
		if errors.As(err, &code) {
			return nil, fmt.Errorf("CM_Get_Device_Interface_List gives %02x: %w", uint32(code), errors.ErrUnsupported)
		}
		return nil, fmt.Errorf("CM_Get_Device_Interface_List: %w", err)
	}
	var out []byte
	put := func(kind uint32, b []byte) {
		out = binary.LittleEndian.AppendUint32(out, kind)
		out = binary.LittleEndian.AppendUint32(out, uint32(len(b)))
		out = append(out, b...)
	}
	for _, path := range list[:min(len(list), maxBatteries)] {
		p, err := windows.UTF16PtrFromString(path)
		if path == "" || err != nil {
			continue
		}
		f, err := windows.CreateFile(p, windows.GENERIC_READ, windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE, nil, windows.OPEN_EXISTING, 0, 0)
		if err != nil {
			return nil, fmt.Errorf("open the battery %s: %w", path, err)
		}
		battery(f, func() { put(BatteryPath, []byte(path)) }, put)
		windows.CloseHandle(f)
	}
	return out, nil
}

// battery asks one; an empty bay has no tag, and is left out.
func battery(f windows.Handle, begin func(), put func(kind uint32, b []byte)) {
	ask := func(code uint32, in []byte) []byte {
		out := make([]byte, 1024)
		var n uint32
		if windows.DeviceIoControl(f, code, &in[0], uint32(len(in)), &out[0], uint32(len(out)), &n, nil) != nil {
			return nil
		}
		return out[:n]
	}
	tag := ask(queryTag, make([]byte, 4)) // waits for none
	if len(tag) != 4 || binary.LittleEndian.Uint32(tag) == 0 {
		return
	}
	begin()
	for level := range uint32(9) {
		if level == 1 {
			continue // how fine the numbers are
		}
		in := binary.LittleEndian.AppendUint32(append([]byte(nil), tag...), level)
		if b := ask(queryInformation, append(in, 0, 0, 0, 0)); len(b) > 0 {
			put(level, b)
		}
	}
	if b := ask(queryStatus, append(append([]byte(nil), tag...), make([]byte, 16)...)); len(b) > 0 {
		put(BatteryStatus, b)
	}
}
