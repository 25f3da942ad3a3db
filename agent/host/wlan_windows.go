package host

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// wlan asks the WLAN service for each card. No scan is begun, and networks that
// are only in reach are passed over.
func wlan() ([]byte, error) {
	open, err := proc("wlanapi.dll", "WlanOpenHandle")
	if err != nil {
		return nil, err // servers without the feature
	}
	dll := windows.NewLazySystemDLL("wlanapi.dll")
	call := func(name string, args ...uintptr) error {
		p := dll.NewProc(name)
		if err := p.Find(); err != nil {
			return fmt.Errorf("this Windows has no %s: %w", name, errors.ErrUnsupported)
		}
		if rc, _, _ := p.Call(args...); rc != 0 {
			return fmt.Errorf("%s: %w", name, syscall.Errno(rc))
		}
		return nil
	}
	const version = 2
	var got uint32
	var service uintptr
	if rc, _, _ := open.Call(version, 0, uintptr(unsafe.Pointer(&got)), uintptr(unsafe.Pointer(&service))); rc != 0 {
		if errors.Is(syscall.Errno(rc), windows.ERROR_SERVICE_NOT_ACTIVE) {
			return nil, fmt.Errorf("the WLAN service does not run: %w", errors.ErrUnsupported)
		}
		return nil, fmt.Errorf("WlanOpenHandle: %w", syscall.Errno(rc))
	}
	defer call("WlanCloseHandle", service, 0)
	var list unsafe.Pointer
	if err := call("WlanEnumInterfaces", service, 0, uintptr(unsafe.Pointer(&list))); err != nil {
		return nil, err
	}
	defer call("WlanFreeMemory", uintptr(list))
	const head, row, most = 8, 532, 16 // WLAN_INTERFACE_INFO
	var out []byte
	put := func(kind uint32, b []byte) {
		out = binary.LittleEndian.AppendUint32(out, kind)
		out = binary.LittleEndian.AppendUint32(out, uint32(len(b)))
		out = append(out, b...)
	}
	n := min(*(*uint32)(list), most)
	for i := range uintptr(n) {
		id := (*windows.GUID)(unsafe.Add(list, head+row*i))
		name := interfaceAlias(id)
		if name == "" {
			continue
		}
		put(WLANCard, []byte(name))
		var bssid []byte
		for _, code := range []uint32{WLANConnection, WLANSignal, WLANChannel} {
			var size uint32
			var data unsafe.Pointer
			if call("WlanQueryInterface", service, uintptr(unsafe.Pointer(id)), uintptr(code), 0, uintptr(unsafe.Pointer(&size)), uintptr(unsafe.Pointer(&data)), 0) != nil || data == nil {
				continue
			}
			b := append([]byte(nil), unsafe.Slice((*byte)(data), min(size, 4096))...)
			_ = call("WlanFreeMemory", uintptr(data))
			if code == WLANConnection && len(b) >= 566 {
				bssid = append([]byte(nil), b[560:566]...)
				clear(b[8:520])   // name of the profile
				clear(b[520:556]) // name of the network
			}
			put(code, b)
		}
		if khz, ok := frequency(call, service, id, bssid); ok {
			put(WLANFrequency, binary.LittleEndian.AppendUint32(nil, khz))
		}
	}
	return out, nil
}

// frequency looks for the access point among those that the service knows;
// newer Windows tells only who may know the place.
func frequency(call func(string, ...uintptr) error, service uintptr, card *windows.GUID, bssid []byte) (uint32, bool) {
	if len(bssid) != 6 {
		return 0, false
	}
	const anyNetwork, head, row, at, khz, most = 3, 8, 360, 40, 92, 4096 // WLAN_BSS_LIST
	var list unsafe.Pointer
	if call("WlanGetNetworkBssList", service, uintptr(unsafe.Pointer(card)), 0, anyNetwork, 0, 0, uintptr(unsafe.Pointer(&list))) != nil || list == nil {
		return 0, false
	}
	defer call("WlanFreeMemory", uintptr(list))
	n := min(*(*uint32)(unsafe.Add(list, 4)), most)
	for i := range uintptr(n) {
		e := unsafe.Add(list, head+row*i)
		if bytes.Equal(unsafe.Slice((*byte)(unsafe.Add(e, at)), 6), bssid) {
			return *(*uint32)(unsafe.Add(e, khz)), true
		}
	}
	return 0, false
}

// interfaceAlias is the name of an interface for people, as sections about the
// network have it.
func interfaceAlias(id *windows.GUID) string {
	luid, err := proc("iphlpapi.dll", "ConvertInterfaceGuidToLuid")
	alias, err2 := proc("iphlpapi.dll", "ConvertInterfaceLuidToAlias")
	if err != nil || err2 != nil {
		return ""
	}
	var l uint64
	if rc, _, _ := luid.Call(uintptr(unsafe.Pointer(id)), uintptr(unsafe.Pointer(&l))); rc != 0 {
		return ""
	}
	var name [257]uint16
	if rc, _, _ := alias.Call(uintptr(unsafe.Pointer(&l)), uintptr(unsafe.Pointer(&name[0])), uintptr(len(name))); rc != 0 {
		return ""
	}
	return windows.UTF16ToString(name[:])
}
