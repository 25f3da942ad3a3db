package system

import (
	"context"
	"errors"
	"testing"

	"muster/agent/gather"
	"muster/agent/gather/recorded"
	"muster/agent/host"
	"muster/internal/inventory"
)

// TestWindows reads the recorded machines with Windows.
func TestWindows(t *testing.T) {
	recorded.Windows(t, func(t *testing.T, name string, h *host.Host) {
		row, asked, faults, err := fromWindows(context.Background(), h)
		r, bad := gather.Rows([]inventory.System{row}, asked...)
		if bad != nil {
			t.Fatal(bad)
		}
		r.Faults = faults
		recorded.Golden(t, h, "system", "windows."+name, r, err)
	})
}

// TestWindowsWithoutTables takes Windows' copy when there are no tables, and
// says that nothing is known without either.
func TestWindowsWithoutTables(t *testing.T) {
	h := recorded.Unpack(t, []byte(`
-- reg --
[HKEY_LOCAL_MACHINE\HARDWARE\DESCRIPTION\System\BIOS]
"SystemManufacturer"="Microsoft Corporation"
"SystemProductName"="Virtual Machine"
"BIOSVersion"="Hyper-V UEFI Release v4.1"
"BIOSReleaseDate"="04/06/2022"
"BiosMajorRelease"=dword:00000004
"BiosMinorRelease"=dword:00000001
"EnclosureType"=dword:00000003
`))
	row, _, faults, err := fromWindows(context.Background(), h)
	if err != nil || len(faults) != 1 {
		t.Fatal(faults, err)
	}
	if row.Model != "Virtual Machine" || row.Hypervisor != "hyperv" || row.FirmwareRelease != "4.1" || row.ChassisType != "desktop" || row.FirmwareAt.Year() != 2022 {
		t.Errorf("%+v", row)
	}
	h = recorded.Unpack(t, []byte("\n-- reg --\n[HKEY_LOCAL_MACHINE\\SOFTWARE]\n"))
	if _, asked, _, err := fromWindows(context.Background(), h); err == nil || len(asked) != 0 {
		t.Error(asked, err)
	}
	h = recorded.Unpack(t, []byte("\n-- reg --\n[HKEY_LOCAL_MACHINE\\SOFTWARE]\n"))
	h.Registry, h.Native = nil, nil
	if _, _, _, err := fromWindows(context.Background(), h); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
}
