package encryption

import (
	"errors"
	"io/fs"
	"testing"

	"muster/agent/gather"
	"muster/agent/gather/recorded"
	"muster/agent/gather/wmi"
)

func TestBitLocker(t *testing.T) {
	h := recorded.Unpack(t, []byte("-- reg --\n[HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet\\Control\\BitLockerStatus]\n\"BootStatus\"=dword:00000001\n"))
	row := func(letter string, protection, conversion, method int32) wmi.Row {
		return wmi.Row{"DeviceID": `\\?\Volume{1}\`, "DriveLetter": letter, "ProtectionStatus": protection, "ConversionStatus": conversion, "EncryptionMethod": method}
	}
	list := []wmi.Row{row("C:", 1, 1, 7), row("D:", 0, 0, 0), row("E:", 2, 0, 0), row("F:", 0, 1, 6), row("", 0, 2, 4), {"ProtectionStatus": int32(1)}}
	list[0][wmi.Protectors] = []any{int32(1), int32(3), int32(99)}
	rows, faults, err := fromWMI(h, func(wmi.Question) ([]wmi.Row, error) { return list, nil })
	r, bad := gather.Rows(rows, "wmi")
	if bad != nil {
		t.Fatal(bad)
	}
	r.Faults = faults
	recorded.Golden(t, h, "encryption", "windows.bitlocker", r, err)

	refused := func(wmi.Question) ([]wmi.Row, error) { return nil, fs.ErrPermission }
	rows, faults, err = fromWMI(h, refused)
	if err != nil || len(rows) != 1 || rows[0].Volume != "C:" || !*rows[0].Protected || len(faults) != 1 {
		t.Errorf("%+v %v %v", rows, faults, err)
	}
	none := recorded.Unpack(t)
	if _, _, err := fromWMI(none, refused); !errors.Is(err, fs.ErrPermission) {
		t.Error(err)
	}
	if _, _, err := fromWMI(none, func(wmi.Question) ([]wmi.Row, error) { return nil, errors.ErrUnsupported }); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
}
