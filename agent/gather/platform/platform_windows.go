package platform

import (
	"context"
	"unsafe"

	"golang.org/x/sys/windows"

	"muster/agent/host"
	"muster/internal/inventory"
)

func read(_ context.Context, h *host.Host) (inventory.PlatformSecurity, []string, error) {
	return fromRegistry(h, isolated())
}

// isolated asks for the security chip, and whether Windows' secure kernel
// runs. Older Windows knows neither question.
func isolated() isolation {
	var i isolation
	tbs := windows.NewLazySystemDLL("tbs.dll").NewProc("Tbsi_GetDeviceInfo")
	if tbs.Find() == nil {
		const notFound = 0x8028400f                                // TBS_E_TPM_NOT_FOUND
		var info struct{ form, version, attached, revised uint32 } // TPM_DEVICE_INFO
		switch rc, _, _ := tbs.Call(unsafe.Sizeof(info), uintptr(unsafe.Pointer(&info))); uint32(rc) {
		case 0:
			i.TPM, i.TPMVersion = new(true), tpmVersion(info.version)
		case notFound:
			i.TPM = new(false)
		}
	}
	// SystemIsolatedUserModeInformation: the first bit says that the secure
	// kernel runs, the second that it guards kernel code.
	const isolatedUserMode = 165
	var b [16]byte
	var n uint32
	if windows.NtQuerySystemInformation(isolatedUserMode, unsafe.Pointer(&b[0]), uint32(len(b)), &n) == nil {
		i.VirtualSecurity, i.MemoryIntegrity = new(b[0]&1 != 0), new(b[0]&2 != 0)
	}
	return i
}
