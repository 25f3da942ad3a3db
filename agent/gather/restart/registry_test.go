package restart

import (
	"context"
	"testing"

	"muster/agent/gather/recorded"
	"muster/agent/host"
)

func TestWindows(t *testing.T) {
	recorded.Windows(t, func(t *testing.T, name string, h *host.Host) {
		r, err := Read(context.Background(), h)
		recorded.Golden(t, h, "pending_restart", "windows."+name, r, err)
	})
}

// TestDeletions takes files that wait to be deleted for no reason to restart.
func TestDeletions(t *testing.T) {
	for _, c := range []struct {
		list []string
		want bool
	}{
		{nil, false},
		{[]string{`\??\C:\a.tmp`, ""}, false},
		{[]string{`\??\C:\a.tmp`}, false},
		{[]string{`\??\C:\a.tmp`, "", `\??\C:\b.dll`, `!\??\C:\c.dll`}, true},
	} {
		if got := renames(c.list); got != c.want {
			t.Errorf("%q: %v", c.list, got)
		}
	}
	h := recorded.Unpack(t, []byte("\n-- reg --\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion]\n\"CurrentBuild\"=\"22631\"\n"))
	r, err := Read(context.Background(), h)
	if rows := recorded.Check(t, "pending_restart", r); err != nil || len(rows) != 1 || rows[0]["pending"] != false {
		t.Error(rows, err)
	}
}
