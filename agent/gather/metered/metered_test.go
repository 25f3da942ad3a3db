package metered

import (
	"errors"
	"testing"

	"muster/agent/gather/recorded"
	"muster/agent/host"
)

func TestWindows(t *testing.T) {
	for name, c := range map[string]struct {
		b    []byte
		want bool
	}{
		"unrestricted":         {[]byte{3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0}, false},
		"not known":            {[]byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, false},
		"up to a limit":        {[]byte{3, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0}, true},
		"by the byte":          {[]byte{3, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0}, true},
		"over its limit":       {[]byte{3, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0}, true},
		"roaming":              {[]byte{3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0}, true},
		"a limit is only near": {[]byte{3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0}, false},
		"short":                {[]byte{3, 0, 0, 0, 2}, false},
	} {
		h := &host.Host{Native: func(q host.Native) ([]byte, error) {
			if q != host.NativeCost {
				return nil, errors.ErrUnsupported
			}
			return c.b, nil
		}}
		if got := Now(t.Context(), h); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestNetworkManager(t *testing.T) {
	const there = "-- /run/NetworkManager/resolv.conf --\n-- /usr/bin/busctl --\n"
	for name, c := range map[string]struct {
		tree string
		want bool
	}{
		"yes":                 {there + "-- run busctl-metered --\nu 1\n", true},
		"taken for one":       {there + "-- run busctl-metered --\nu 3\n", true},
		"no":                  {there + "-- run busctl-metered --\nu 2\n", false},
		"taken for none":      {there + "-- run busctl-metered --\nu 4\n", false},
		"not known":           {there + "-- run busctl-metered --\nu 0\n", false},
		"it does not answer":  {there + "-- run busctl-metered --\n!Call failed: The name is not activatable\n", false},
		"no NetworkManager":   {"-- /usr/bin/busctl --\n-- run busctl-metered --\nu 1\n", false},
		"busctl is not there": {"-- /run/NetworkManager/resolv.conf --\n", false},
	} {
		if got := Now(t.Context(), recorded.Unpack(t, []byte(c.tree))); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func FuzzMetered(f *testing.F) {
	f.Add([]byte{3, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0}, "u 1\n")
	f.Fuzz(func(t *testing.T, b []byte, s string) {
		if hint(b) && len(b) < 11 {
			t.Error("of too few bytes")
		}
		if property(s) && len(s) < 3 {
			t.Error(s)
		}
	})
}
