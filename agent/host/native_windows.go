package host

import (
	"encoding/binary"
	"errors"
	"fmt"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// readNative asks this machine.
func readNative(q Native) ([]byte, error) {
	const v4, v6 = windows.AF_INET, windows.AF_INET6
	const tcpListeners, udpOwners = 3, 1 // TCP_TABLE_OWNER_PID_LISTENER, UDP_TABLE_OWNER_PID
	switch q {
	case NativeSMBIOS:
		return smbios()
	case NativeProcessors:
		return processors()
	case NativeProcesses:
		return processes()
	case NativeTCP4:
		return table("GetExtendedTcpTable", v4, tcpListeners)
	case NativeTCP6:
		return table("GetExtendedTcpTable", v6, tcpListeners)
	case NativeUDP4:
		return table("GetExtendedUdpTable", v4, udpOwners)
	case NativeUDP6:
		return table("GetExtendedUdpTable", v6, udpOwners)
	case NativeNeighbors:
		return neighbors()
	case NativeRoutes:
		return routes()
	case NativeDevices:
		return devices()
	case NativeWLAN:
		return wlan()
	case NativePrinters:
		return printers()
	case NativePower:
		return power()
	case NativeCost:
		return cost()
	case NativeBatteries:
		return batteries()
	case NativeLicenses:
		return licenses()
	case NativeMemory:
		return memory()
	case NativePaging:
		return system(windows.SystemPerformanceInformation)
	case NativePageFiles:
		return system(windows.SystemPageFileInformation)
	case NativeCards:
		return cards()
	case NativeDriveWork:
		return driveWork()
	}
	return nil, fmt.Errorf("no such question: %w", errors.ErrUnsupported)
}

func proc(dll, name string) (*windows.LazyProc, error) {
	p := windows.NewLazySystemDLL(dll).NewProc(name)
	if err := p.Find(); err != nil {
		return nil, fmt.Errorf("this Windows has no %s: %w", name, errors.ErrUnsupported)
	}
	return p, nil
}

// smbios asks for the length first, as all that give tables of unknown length
// want it.
func smbios() ([]byte, error) {
	p, err := proc("kernel32.dll", "GetSystemFirmwareTable")
	if err != nil {
		return nil, err
	}
	const provider = 'R'<<24 | 'S'<<16 | 'M'<<8 | 'B'
	n, _, err := p.Call(provider, 0, 0, 0)
	if n == 0 {
		return nil, fmt.Errorf("GetSystemFirmwareTable: %w", err)
	}
	if n > MaxNative {
		return nil, fmt.Errorf("GetSystemFirmwareTable: %d bytes", n)
	}
	b := make([]byte, n)
	got, _, err := p.Call(provider, 0, uintptr(unsafe.Pointer(&b[0])), n)
	if got == 0 || got > n {
		return nil, fmt.Errorf("GetSystemFirmwareTable: %w", err)
	}
	return b[:got], nil
}

// cost asks what the way to the Internet costs; Windows tells since version
// 2004 of Windows 10.
func cost() ([]byte, error) {
	p, err := proc("iphlpapi.dll", "GetNetworkConnectivityHint")
	if err != nil {
		return nil, err
	}
	var b [12]byte // NL_NETWORK_CONNECTIVITY_HINT
	if rc, _, _ := p.Call(uintptr(unsafe.Pointer(&b[0]))); rc != 0 {
		return nil, fmt.Errorf("GetNetworkConnectivityHint: %w", syscall.Errno(rc))
	}
	return b[:], nil
}

func processors() ([]byte, error) {
	p, err := proc("kernel32.dll", "GetLogicalProcessorInformationEx")
	if err != nil {
		return nil, err
	}
	const all = 0xffff
	return growing(64<<10, func(b []byte, n *uint32) error {
		if ok, _, err := p.Call(all, uintptr(unsafe.Pointer(&b[0])), uintptr(unsafe.Pointer(n))); ok == 0 {
			return err
		}
		return nil
	})
}

// growing calls ask with ever more room until the answer fits.
func growing(size uint32, ask func(b []byte, n *uint32) error) ([]byte, error) {
	for size <= MaxNative {
		b, n := make([]byte, size), size
		err := ask(b, &n)
		switch {
		case err == nil:
			return b[:min(n, size)], nil
		case errors.Is(err, windows.ERROR_INSUFFICIENT_BUFFER), errors.Is(err, windows.ERROR_MORE_DATA), errors.Is(err, windows.STATUS_INFO_LENGTH_MISMATCH):
			// What is told may be less than what the next call needs: tables grow.
			size = max(2*size, n+n/4)
		default:
			return nil, err
		}
	}
	return nil, fmt.Errorf("the answer is longer than %d bytes", MaxNative)
}

func processes() ([]byte, error) {
	return growing(256<<10, func(b []byte, n *uint32) error {
		err := windows.NtQuerySystemInformation(windows.SystemProcessInformation, unsafe.Pointer(&b[0]), uint32(len(b)), n)
		if err == nil {
			rebase(b)
		}
		return err
	})
}

// rebase makes the addresses of names in a list of processes into distances
// from its beginning: in a recording there is no memory they could point to.
func rebase(b []byte) {
	const name = 0x40 // ImageName.Buffer of SYSTEM_PROCESS_INFORMATION, 64 bits
	start := uint64(uintptr(unsafe.Pointer(&b[0])))
	for at := 0; at+name+8 <= len(b); {
		p := (*uint64)(unsafe.Pointer(&b[at+name]))
		if *p >= start && *p < start+uint64(len(b)) {
			*p -= start
		} else {
			*p = 0
		}
		next := *(*uint32)(unsafe.Pointer(&b[at]))
		if next == 0 {
			return
		}
		at += int(next)
	}
}

func table(name string, family, class uintptr) ([]byte, error) {
	p, err := proc("iphlpapi.dll", name)
	if err != nil {
		return nil, err
	}
	return growing(16<<10, func(b []byte, n *uint32) error {
		rc, _, _ := p.Call(uintptr(unsafe.Pointer(&b[0])), uintptr(unsafe.Pointer(n)), 0, family, class, 0)
		if rc != 0 {
			return syscall.Errno(rc)
		}
		return nil
	})
}

func neighbors() ([]byte, error) {
	p, err := proc("iphlpapi.dll", "GetIpNetTable")
	if err != nil {
		return nil, err
	}
	return growing(16<<10, func(b []byte, n *uint32) error {
		rc, _, _ := p.Call(uintptr(unsafe.Pointer(&b[0])), uintptr(unsafe.Pointer(n)), 0)
		if rc != 0 && syscall.Errno(rc) != windows.ERROR_NO_DATA {
			return syscall.Errno(rc)
		}
		return nil
	})
}

// routes copies the table out of the memory that Windows gives it in.
func routes() ([]byte, error) {
	const row = 104 // MIB_IPFORWARD_ROW2 of 64-bit Windows
	return mib("GetIpForwardTable2", row, windows.AF_UNSPEC)
}

func cards() ([]byte, error) {
	const row = 1352 // MIB_IF_ROW2 of 64-bit Windows
	return mib("GetIfTable2", row)
}

// mib copies a table: a count in eight bytes, then rows.
func mib(name string, row uint64, before ...uintptr) ([]byte, error) {
	p, err := proc("iphlpapi.dll", name)
	if err != nil {
		return nil, err
	}
	free, err := proc("iphlpapi.dll", "FreeMibTable")
	if err != nil {
		return nil, err
	}
	var at unsafe.Pointer
	if rc, _, _ := p.Call(append(before, uintptr(unsafe.Pointer(&at)))...); rc != 0 {
		return nil, fmt.Errorf("%s: %w", name, syscall.Errno(rc))
	}
	defer free.Call(uintptr(at))
	const head = 8
	n := *(*uint32)(at)
	size := head + uint64(n)*row
	if size > MaxNative {
		return nil, fmt.Errorf("%s: %d rows", name, n)
	}
	return append([]byte(nil), unsafe.Slice((*byte)(at), size)...), nil
}

// driveWork asks drives for what they did; no right is needed and none is
// woken. Numbers have gaps where drives went.
func driveWork() ([]byte, error) {
	const performance, most, gap = 0x70020, 128, 16 // IOCTL_DISK_PERFORMANCE
	var out []byte
	for n, missed := uint32(0), 0; n < most && missed < gap; n++ {
		p, err := windows.UTF16PtrFromString(fmt.Sprintf(`\\.\PhysicalDrive%d`, n))
		if err != nil {
			return nil, err
		}
		f, err := windows.CreateFile(p, 0, windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE, nil, windows.OPEN_EXISTING, 0, 0)
		if err != nil {
			missed++
			continue
		}
		missed = 0
		b := make([]byte, 256)
		var got uint32
		err = windows.DeviceIoControl(f, performance, nil, 0, &b[0], uint32(len(b)), &got, nil)
		windows.CloseHandle(f)
		if err == nil {
			out = binary.LittleEndian.AppendUint32(out, n)
			out = binary.LittleEndian.AppendUint32(out, got)
			out = append(out, b[:got]...)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no drive counts what it does: %w", errors.ErrUnsupported)
	}
	return out, nil
}

// memory asks for the counters of memory, processes and threads.
func memory() ([]byte, error) {
	p, err := proc("kernel32.dll", "K32GetPerformanceInfo")
	if err != nil {
		return nil, err
	}
	var b [104]byte // PERFORMANCE_INFORMATION of 64-bit Windows
	if ok, _, err := p.Call(uintptr(unsafe.Pointer(&b[0])), uintptr(len(b))); ok == 0 {
		return nil, fmt.Errorf("GetPerformanceInfo: %w", err)
	}
	return b[:], nil
}

func system(class int32) ([]byte, error) {
	return growing(1024, func(b []byte, n *uint32) error {
		return windows.NtQuerySystemInformation(class, unsafe.Pointer(&b[0]), uint32(len(b)), n)
	})
}
