package clock

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"muster/agent/gather/recorded"
	"muster/agent/host"
)

func TestWindows(t *testing.T) {
	silent := func() (Kernel, error) { return Kernel{}, fmt.Errorf("not here: %w", errors.ErrUnsupported) }
	recorded.Windows(t, func(t *testing.T, name string, h *host.Host) {
		r, err := Reader{Kernel: silent}.Read(context.Background(), h)
		recorded.Golden(t, h, "clock", "windows."+name, r, err)
	})
	h := recorded.Unpack(t, []byte(`
-- reg --
[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\W32Time]
"Start"=dword:00000003
[HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\W32Time\Parameters]
"Type"="NT5DS"
"NtpServer"="time.windows.com,0x9"
[HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\W32Time\Parameters]
"Type"="NTP"
"NtpServer"="b.example,0x9 a.example,0x1 b.example"
`))
	r, err := Reader{Kernel: silent}.Read(context.Background(), h)
	if rows := recorded.Check(t, "clock", r); err != nil || len(rows) != 1 || fmt.Sprintf("%s", rows[0]["sources"]) != `["a.example","b.example"]` {
		t.Error(rows, err)
	}
}
