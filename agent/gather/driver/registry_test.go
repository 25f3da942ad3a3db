package driver

import (
	"errors"
	"testing"

	"muster/agent/gather"
	"muster/agent/gather/recorded"
	"muster/agent/host"
)

func TestWindows(t *testing.T) {
	recorded.Windows(t, func(t *testing.T, name string, h *host.Host) {
		rows, asked, err := fromRegistry(t.Context(), h)
		r, bad := gather.Rows(rows, asked...)
		if bad != nil {
			t.Fatal(bad)
		}
		recorded.Golden(t, h, "driver", "windows."+name, r, err)
	})
	if _, _, err := fromRegistry(t.Context(), recorded.Unpack(t, []byte("-- reg --\n[HKEY_LOCAL_MACHINE\\SYSTEM]\n"))); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
}

func FuzzVersion(f *testing.F) {
	f.Add(make([]byte, 48))
	f.Fuzz(func(t *testing.T, b []byte) {
		class, at, version := parseVersion(b)
		if (class == "") != at.IsZero() || (class == "") != (version == "") {
			t.Errorf("%q %v %q", class, at, version)
		}
	})
}
