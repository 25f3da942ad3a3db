package license

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"reflect"
	"testing"
	"time"

	"muster/agent/gather/recorded"
	"muster/agent/host"
	"muster/internal/inventory"
)

func item(kind uint32, b []byte) []byte {
	out := binary.LittleEndian.AppendUint32(nil, kind)
	return append(binary.LittleEndian.AppendUint32(out, uint32(len(b))), b...)
}

func status(state, reason uint32, ends time.Time) []byte {
	b := make([]byte, 40)
	binary.LittleEndian.PutUint32(b[16:], state)
	binary.LittleEndian.PutUint32(b[28:], reason)
	if !ends.IsZero() {
		binary.LittleEndian.PutUint64(b[32:], uint64(ends.Unix()+11_644_473_600)*1e7)
	}
	return item(host.LicenseStatus, b)
}

func product(head []byte, name, description, channel, tail string) []byte {
	for kind, s := range map[uint32]string{host.LicenseName: name, host.LicenseDescription: description, host.LicenseChannel: channel, host.LicenseKeyTail: tail} {
		head = append(head, item(kind, []byte(s))...)
	}
	return head
}

func answer() []byte {
	ends := time.Date(2026, 7, 1, 8, 30, 20, 0, time.UTC)
	b := product(status(1, 0, ends), "Windows(R), Enterprise edition", "Windows(R) Operating System, VOLUME_KMSCLIENT channel", "Volume:GVLK", "2YT43")
	b = append(b, product(status(3, 0xc004f009, time.Time{}), "Windows(R) ESU", "Windows(R) Operating System, VOLUME_MAK channel", "", "3V66T")...)
	b = append(b, product(status(2, 0, time.Time{}), "Office 21, Office21ProPlus2021R_Retail edition", "Office 21, RETAIL channel", "", "AAAAA-BBBBB-CCCCC-DDDDD-9WXYZ")...)
	b = append(b, product(status(0, 0, time.Time{}), "", "", "", "QQQQQ")...)
	return append(b, item(host.LicenseGenuine, []byte{0, 0, 0, 0})...)
}

func TestLicenses(t *testing.T) {
	yes := true
	want := []inventory.License{
		{Product: "Windows(R), Enterprise edition", Channel: "volume_kms", State: "licensed", Genuine: &yes, KeyTail: "2YT43", ExpiresAt: time.Date(2026, 7, 1, 8, 30, 0, 0, time.UTC)},
		{Product: "Windows(R) ESU", Channel: "volume_mak", State: "expired", KeyTail: "3V66T"},
		{Product: "Office 21, Office21ProPlus2021R_Retail edition", Channel: "retail", State: "grace", KeyTail: "9WXYZ"},
	}
	if got := parse(answer()); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v\nwant %+v", got, want)
	}
	// Of two products of one name the one in force counts.
	b := product(status(0, 0, time.Time{}), "Windows(R)", "", "", "")
	b = append(b, product(status(1, 0, time.Time{}), "Windows(R)", "X, OEM_DM channel", "", "")...)
	b = append(b, item(host.LicenseGenuine, []byte{2, 0, 0, 0})...)
	got := parse(b)
	if len(got) != 1 || got[0].State != "licensed" || got[0].Channel != "oem" || got[0].Genuine == nil || *got[0].Genuine {
		t.Errorf("%+v", got)
	}
}

func TestRead(t *testing.T) {
	h := recorded.Unpack(t, []byte("-- reg --\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion\\SoftwareProtectionPlatform]\n\"KeyManagementServiceName\"=\"kms.office.example\"\n"))
	h.Native = func(q host.Native) ([]byte, error) {
		if q != host.NativeLicenses {
			return nil, errors.ErrUnsupported
		}
		return answer(), nil
	}
	r, err := Read(t.Context(), h)
	recorded.Golden(t, h, "license", "windows", r, err)
	h.Native = func(host.Native) ([]byte, error) { return nil, fs.ErrPermission }
	if _, err := Read(t.Context(), h); !errors.Is(err, fs.ErrPermission) {
		t.Error(err)
	}
}

// Whatever comes, no more than the end of a key goes out.
func FuzzParse(f *testing.F) {
	f.Add(answer())
	f.Add(status(3, 0xc004f064, time.Time{}))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, r := range parse(b) {
			if len(r.KeyTail) > 5 || r.Product == "" {
				t.Errorf("%+v", r)
			}
		}
	})
}
