package buildinfo

import (
	"runtime/debug"
	"strings"
	"testing"
	"time"
)

func TestReadIsNeverEmpty(t *testing.T) {
	info := Read()
	if info.Version == "" || info.Go == "" || info.OS == "" || info.Arch == "" {
		t.Fatalf("incomplete: %+v", info)
	}
	if info.Built.Before(Floor()) {
		t.Fatalf("built %v lies before the floor %v", info.Built, Floor())
	}
}

func TestStampFillsOnlyWhatIsOpen(t *testing.T) {
	stamped := &debug.BuildInfo{
		Main: debug.Module{Version: "v9.9.9"},
		Settings: []debug.BuildSetting{
			{Key: "vcs.revision", Value: "fedcba"},
			{Key: "vcs.time", Value: "2031-02-03T04:05:06Z"},
		},
	}
	open := Info{Built: Floor()}.withStamp(stamped)
	if open.Version != "v9.9.9" || open.Commit != "fedcba" || open.Built.Year() != 2031 {
		t.Errorf("open values were not filled: %+v", open)
	}
	fixed := Info{Version: "v1.0.0", Commit: "abc", Built: Floor()}.withStamp(stamped)
	if fixed.Version != "v1.0.0" || fixed.Commit != "abc" {
		t.Errorf("the linker's values were replaced: %+v", fixed)
	}
	if got := (Info{Built: Floor()}).withStamp(&debug.BuildInfo{Main: debug.Module{Version: "(devel)"}}); got.Version != "" {
		t.Errorf("(devel) is no version, got %q", got.Version)
	}
}

func TestString(t *testing.T) {
	info := Info{
		Version: "v1.2.3", Commit: strings.Repeat("ab", 20),
		Built: time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC), Go: "go1.26.0", OS: "linux", Arch: "arm64",
	}
	const want = "v1.2.3 (abababababab) of 2026-05-04, go1.26.0 linux/arm64"
	if got := info.String(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestPlausible(t *testing.T) {
	built := time.Date(2026, 5, 4, 0, 0, 0, 0, time.UTC)
	info := Info{Built: built}
	for _, c := range []struct{ name, now, want string }{
		{"empty battery", "1970-01-01T00:00:05Z", "2026-05-04T00:00:00Z"},
		{"same moment", "2026-05-04T00:00:00Z", "2026-05-04T00:00:00Z"},
		{"later", "2027-01-01T00:00:00Z", "2027-01-01T00:00:00Z"},
	} {
		now, _ := time.Parse(time.RFC3339, c.now)
		if got := info.Plausible(now).Format(time.RFC3339); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}
