package pnp

import (
	"errors"
	"io/fs"
	"reflect"
	"strings"
	"testing"
	"time"

	"muster/agent/gather/recorded"
	"muster/agent/host"
)

func TestParse(t *testing.T) {
	got := Parse("PCI\\VEN_8086&DEV_1\\3&1\t43\tACPI\\X\\0\tPCIROOT(0)#PCI(0)\t\t4\t16\nshort line\n\t0\t\t\t\t\t\nUSB\\VID_1&PID_2\\SER\tx\tP\t\tName\t\t\n")
	want := []Device{{ID: `PCI\VEN_8086&DEV_1\3&1`, Problem: 43, Parent: `ACPI\X\0`, Path: "PCIROOT(0)#PCI(0)", Lanes: 4, MostLanes: 16},
		{ID: `USB\VID_1&PID_2\SER`, Parent: "P", Reported: "Name"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
	d := got[0]
	if d.Bus() != "PCI" || d.Instance() != "3&1" || d.Part("VEN_") != "8086" || d.Part("REV_") != "" || got[1].Part("PID_") != "2" {
		t.Errorf("%s %s %s", d.Bus(), d.Instance(), d.Part("VEN_"))
	}
	if f := d.Fault(); f != "code 43: it reported a fault" {
		t.Error(f)
	}
	if f := (Device{Problem: 999}).Fault(); f != "code 999" {
		t.Error(f)
	}
	if (Device{}).Fault() != "" {
		t.Error("a device without a problem has a fault")
	}
}

// Only what is present and has a key is listed.
func TestPresent(t *testing.T) {
	h := recorded.Unpack(t, []byte("-- told devices --\nUSB\\A\\1\t0\t\t\t\t\t\nUSB\\GONE\\1\t0\t\t\t\t\t\nPCI\\B\\1\t0\t\t\t\t\t\n-- reg --\n"+
		`[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Enum\USB\A\1]
"DeviceDesc"="@usb.inf,%a%;Thing; with a sign"
"Mfg"="@usb.inf,%b%;(Standard)"
[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Enum\USB\ABSENT\1]
"DeviceDesc"="not plugged in"
[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Enum\PCI\B\1]
"FriendlyName"="B"
`))
	list, err := Present(h, "usb")
	if err != nil || len(list) != 1 || list[0].Key.Name != "with a sign" || list[0].Key.Vendor != "" || list[0].Key.Slot != -1 {
		t.Errorf("%+v %v", list, err)
	}
	if all, err := Present(h, ""); err != nil || len(all) != 2 {
		t.Errorf("%+v %v", all, err)
	}
	if _, err := Present(&host.Host{}, ""); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
	if _, err := ReadKey(h, `USB\NONE\1`); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

func TestDriver(t *testing.T) {
	h := recorded.Unpack(t, []byte(`
-- reg --
[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Class\{x}]
"Class"="Display"
[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Class\{x}\0000]
"DriverDesc"="Card"
"DriverVersion"="1.2.3.4"
"DriverDate"="12-31-2023"
"ProviderName"="Maker"
"InfPath"="OEM3.inf"
"HardwareInformation.MemorySize"=hex:00,00,00,40
"HardwareInformation.BiosString"=hex:41,00,01,00
`))
	got := ReadDriver(h, Device{Key: Key{Driver: `{x}\0000`}})
	want := Driver{Name: "Card", Version: "1.2.3.4", Provider: "Maker", Inf: "oem3.inf", ReleasedAt: time.Date(2023, 12, 31, 0, 0, 0, 0, time.UTC), Memory: 1 << 30}
	if got != want {
		t.Errorf("got %+v", got)
	}
	for _, path := range []string{"", `..\x`, `{x}\9`} {
		if got := ReadDriver(h, Device{Key: Key{Driver: path}}); got != (Driver{}) {
			t.Errorf("%q has %+v", path, got)
		}
	}
	if ClassName(h, "{x}") != "Display" || ClassName(h, `{x}\0000`) != "" || ClassName(h, "") != "" {
		t.Error("the name of a class")
	}
}

func TestAddress(t *testing.T) {
	for in, want := range map[string]string{
		"PCI bus 0, device 31, function 6":                                            "0000:00:1f.6",
		`@System32\drivers\pci.sys,#65536;PCI bus %1, device %2, function %3;(1,2,0)`: "0000:01:02.0",
		"PCI-Bus 258, Gerät 0, Funktion 7":                                            "0001:02:00.7",
		"PCI bus 0, device 32, function 0":                                            "",
		"PCI bus 99999999999, device 1, function 0":                                   "",
		"":                                   "",
		"Internal High Definition Audio Bus": "",
	} {
		if got, ok := Address(in); got != want || ok != (want != "") {
			t.Errorf("%q is at %q, want %q", in, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("PCI\\VEN_8086&DEV_1\\3&1\t43\tACPI\\X\\0\tPCIROOT(0)\t\t4\t16\n", "PCI bus 0, device 31, function 6")
	f.Fuzz(func(t *testing.T, text, location string) {
		for _, d := range Parse(text) {
			if d.ID == "" || d.Problem < 0 || strings.ContainsAny(d.ID, "\t\n") {
				t.Errorf("%+v", d)
			}
			_, _, _, _ = d.Bus(), d.Instance(), d.Part("VEN_"), d.Fault()
		}
		Address(location)
		if len(Words(location)) > len(location) {
			t.Errorf("%q became longer", location)
		}
	})
}
