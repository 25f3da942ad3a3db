package raid

import "testing"

func TestWords(t *testing.T) {
	for _, c := range []struct {
		state, action string
		missing       int64
		want          string
	}{
		{"clean", "idle", 0, "ok"}, {"active", "", 0, "ok"}, {"clean", "idle", 1, "degraded"}, {"active", "recover", 1, "rebuilding"},
		{"clean", "check", 0, "checking"}, {"clean", "check", 1, "degraded"}, {"inactive", "", 0, "inactive"}, {"broken", "idle", 0, "failed"},
		{"", "", 0, "unknown"}, {"read-auto", "resync", 0, "rebuilding"},
	} {
		if got := stateOf(c.state, c.action, c.missing); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
	for flags, want := range map[string][2]string{
		"in_sync": {"ok", "ok"}, "in_sync,write_mostly": {"ok", "ok"}, "faulty": {"failed", "failed"}, "faulty,in_sync": {"failed", "failed"},
		"spare": {"spare", "rebuilding"}, "": {"unknown", "unknown"}, "journal": {"ok", "ok"}, "blocked": {"unknown", "unknown"},
	} {
		for i, placed := range []bool{false, true} {
			if got := memberState(flags, placed); got != want[i] {
				t.Errorf("%q placed %v: %s, want %s", flags, placed, got, want[i])
			}
		}
	}
	for in, want := range map[string]float64{"123 / 1000": 12.3, "none": -1, "": -1, "5 / 0": -1, "9 / 3": -1, "delayed": -1, "1000/1000": 100} {
		got := progress(in)
		if want < 0 != (got == nil) || got != nil && *got != want {
			t.Errorf("%q: %v", in, got)
		}
	}
	for in, want := range map[string]string{"ONLINE": "ok", "SUSPENDED": "failed", "?": "unknown", "OFFLINE": "inactive", "DEGRADED": "degraded"} {
		if got := poolState(in); got != want {
			t.Errorf("%s: %s", in, got)
		}
	}
	for in, want := range map[string]string{"active": "ok", "degraded": "degraded", "resyncing": "rebuilding", "offline": "failed", "unknown": "unknown"} {
		if got := volumeState(in); got != want {
			t.Errorf("%s: %s", in, got)
		}
	}
}

func FuzzRaid(f *testing.F) {
	f.Add("spare,in_sync", "18446744073709551615 / 3", "corruption_errs 9223372036854775807\n")
	f.Fuzz(func(t *testing.T, flags, done, stats string) {
		memberState(flags, true)
		if p := progress(done); p != nil && (*p < 0 || *p > 100) {
			t.Errorf("%v percent", *p)
		}
		_ = corrupted(stats)
	})
}
