package power

import (
	"encoding/binary"
	"errors"
	"reflect"
	"strings"
	"testing"
	"unicode/utf16"

	"muster/agent/gather"
	"muster/agent/gather/recorded"
	"muster/agent/host"
	"muster/internal/inventory"
)

func item(kind uint32, b []byte) []byte {
	out := binary.LittleEndian.AppendUint32(nil, kind)
	return append(binary.LittleEndian.AppendUint32(out, uint32(len(b))), b...)
}

func numbers(list ...uint32) (b []byte) {
	for _, n := range list {
		b = binary.LittleEndian.AppendUint32(b, n)
	}
	return b
}

func wide(s string) (b []byte) {
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return append(b, 0, 0)
}

// notebook is a battery at 80 % that is being emptied, one that is full and
// counts in parts, and a mouse.
func notebook() []byte {
	const system, relative, unknown = 1 << 31, 1 << 30, 0xffffffff
	about := func(flags, design, full, cycles uint32) []byte {
		b := numbers(flags, 1)
		b = append(b, "LION"...)
		return append(b, numbers(design, full, 0, 0, 0, cycles)...)
	}
	var b []byte
	for _, i := range [][]byte{
		item(host.BatteryPath, []byte(`\\?\ACPI#PNP0C0A#1#{72631e54-78a4-11d0-bcf7-00aa00b7b32a}`)),
		item(levelInformation, about(system, 57000, 48500, 312)),
		item(levelTemperature, numbers(3051)),
		item(levelEstimated, numbers(9000)),
		item(levelName, wide("DELL XYZ12")),
		item(levelDate, []byte{17, 5, 0xe5, 7}),
		item(levelMaker, wide("SMP")),
		item(levelSerial, wide("1234")),
		item(host.BatteryStatus, append(numbers(2, 38800, 11850), numbers(uint32(0xffffffff-15519))...)),
		item(host.BatteryPath, []byte(`\\?\ACPI#PNP0C0A#2#{72631e54-78a4-11d0-bcf7-00aa00b7b32a}`)),
		item(levelInformation, about(system|relative, 100, 100, 0)),
		item(host.BatteryStatus, numbers(1, 100, unknown, 0x80000000)),
		item(host.BatteryPath, []byte(`\\?\hid#vid_046d&pid_c52b#8&1#{72631e54-78a4-11d0-bcf7-00aa00b7b32a}`)),
		item(levelInformation, about(0, unknown, unknown, 0)),
	} {
		b = append(b, i...)
	}
	return b
}

func with(h *host.Host, batteries, power []byte) *host.Host {
	h.Native = func(q host.Native) ([]byte, error) {
		switch q {
		case host.NativeBatteries:
			return batteries, nil
		case host.NativePower:
			return power, nil
		}
		return nil, errors.ErrUnsupported
	}
	return h
}

// capabilities has S3, S4 with its file, and modern standby when told so.
func capabilities(ac byte, modern bool) []byte {
	b := make([]byte, 12+76)
	b[0] = ac
	b[12+5], b[12+6], b[12+8] = 1, 1, 1
	if modern {
		b[12+5], b[12+20] = 0, 1
	}
	return b
}

const plans = `
-- reg --
[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Power\User\PowerSchemes]
"ActivePowerScheme"="381b4222-f694-41f0-9685-ff5bb260df2e"
[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Power\User\PowerSchemes\381b4222-f694-41f0-9685-ff5bb260df2e]
"FriendlyName"="@%SystemRoot%\\system32\\powrprof.dll,-15,Balanced"
[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Power\User\PowerSchemes\381b4222-f694-41f0-9685-ff5bb260df2e\238c9fa8-0aad-41ed-83f4-97be242c8f20\29f6c1db-86da-48c5-9fdb-f2b67b1f44da]
"ACSettingIndex"=dword:00000000
[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Power\PowerSettings\238c9fa8-0aad-41ed-83f4-97be242c8f20\29f6c1db-86da-48c5-9fdb-f2b67b1f44da\DefaultPowerSchemeValues\381b4222-f694-41f0-9685-ff5bb260df2e]
"ACSettingIndex"=dword:00000708
"DCSettingIndex"=dword:00000384
[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Power]
"HibernateEnabled"=dword:00000001
[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Control\Session Manager\Power]
"HiberbootEnabled"=dword:00000001
`

func TestWindows(t *testing.T) {
	for name, m := range map[string]struct{ batteries, power []byte }{
		"laptop":  {notebook(), capabilities(0, true)},
		"desktop": {nil, capabilities(1, false)},
	} {
		t.Run(name, func(t *testing.T) {
			h := with(recorded.Unpack(t, []byte(plans)), m.batteries, m.power)
			row, asked, err := fromWindows(t.Context(), h)
			r, bad := gather.Rows([]inventory.Power{row}, asked...)
			if bad != nil {
				t.Fatal(bad)
			}
			recorded.Golden(t, h, "power", "windows.power."+name, r, err)
			list, asked, err := fromNative(h)
			rows := []inventory.Battery{}
			for _, s := range list {
				if s.battery() {
					rows = append(rows, s.row())
				}
			}
			if r, bad = gather.Rows(rows, asked...); bad != nil {
				t.Fatal(bad)
			}
			recorded.Golden(t, h, "battery", "windows.battery."+name, r, err)
		})
	}
	if _, _, err := fromNative(&host.Host{}); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
	if _, _, err := fromWindows(t.Context(), &host.Host{}); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
}

func TestStates(t *testing.T) {
	if got := states(capabilities(1, false)); !reflect.DeepEqual(got, []string{"s3", "s4"}) {
		t.Error(got)
	}
	if got := states(make([]byte, 12)); got != nil {
		t.Error(got)
	}
}

func FuzzBatteries(f *testing.F) {
	f.Add(notebook())
	f.Add(item(0, nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := parseBatteries(b)
		if err != nil && list != nil || len(list) > maxSupplies {
			t.Errorf("%d batteries, %v", len(list), err)
		}
		for _, s := range list {
			if r := s.row(); strings.ContainsRune(r.Chemistry, 0) || r.Charge != nil && (*r.Charge < 0 || *r.Charge > 100) {
				t.Errorf("%+v", r)
			}
		}
	})
}

func TestDrainingOnWindows(t *testing.T) {
	for name, c := range map[string]struct {
		b    []byte
		want float64
		yes  bool
	}{
		"on battery":         {[]byte{0, 2, 9, 0}, 9, true},
		"on battery, middle": {[]byte{0, 0, 55, 0}, 55, true},
		"empty":              {[]byte{0, 4, 0, 0}, 0, true},
		"mains":              {[]byte{1, 8, 55, 0}, 0, false},
		"no battery":         {[]byte{0, 128, 255, 0}, 0, false},
		"charging":           {[]byte{0, 10, 9, 0}, 0, false},
		"nobody knows":       {[]byte{255, 255, 255, 0}, 0, false},
		"charge not known":   {[]byte{0, 0, 255, 0}, 0, false},
		"nothing":            {nil, 0, false},
	} {
		if got, yes := drainingNative(c.b); got != c.want || yes != c.yes {
			t.Errorf("%s: %v %v", name, got, yes)
		}
	}
	h := &host.Host{Native: func(q host.Native) ([]byte, error) {
		if q != host.NativePower {
			return nil, errors.ErrUnsupported
		}
		return []byte{0, 2, 9, 0}, nil
	}}
	if got, yes := Draining(t.Context(), h); got != 9 || !yes {
		t.Errorf("%v %v", got, yes)
	}
}

func FuzzDraining(f *testing.F) {
	f.Add([]byte{0, 2, 9})
	f.Fuzz(func(t *testing.T, b []byte) {
		if got, yes := drainingNative(b); got < 0 || got > 100 || !yes && got != 0 {
			t.Error(got, yes)
		}
	})
}
