package usage

import (
	"errors"
	"strings"
	"testing"

	"muster/agent/gather"
	"muster/agent/gather/recorded"
)

func TestPrefetch(t *testing.T) {
	h := recorded.Unpack(t, []byte(`-- /Prefetch/WINWORD.EXE-0F0D3A1B.pf @2026-03-04T10:00:01Z --
-- /Prefetch/WINWORD.EXE-77AA3A1B.pf @2026-03-05T10:00:02Z --
-- /Prefetch/CHROME.EXE-12345678.pf @2026-02-01T08:00:00Z --
-- /Prefetch/SETUP-1.2.EXE-ABCDEF01.pf @2026-01-01T08:00:00Z --
-- /Prefetch/Op-EXPLORER.EXE-1A2B3C4D-000000F5.pf @2026-03-01T08:00:00Z --
-- /Prefetch/Layout.ini @2026-03-01T08:00:00Z --
-- /Prefetch/AgAppLaunch.db @2026-03-01T08:00:00Z --
`))
	rows, err := prefetch(t.Context(), h, "/Prefetch")
	r, bad := gather.Rows(rows, "prefetch")
	if bad != nil {
		t.Fatal(bad)
	}
	recorded.Golden(t, h, "software_usage", "windows", r, err)
	if _, err := Read(t.Context(), recorded.Unpack(t)); !errors.Is(err, errors.ErrUnsupported) {
		t.Error(err)
	}
}

func FuzzProgram(f *testing.F) {
	f.Add("WINWORD.EXE-0F0D3A1B.pf")
	f.Add("SVCHOST.EXE-.pf")
	f.Fuzz(func(t *testing.T, name string) {
		if p := program(name); p != "" && (len(p) > 64 || p != strings.ToLower(p) || strings.ContainsAny(p, "\n\t")) {
			t.Errorf("%q", p)
		}
	})
}
