package restart

import (
	"context"
	"strings"
	"testing"

	"muster/agent/gather/recorded"
)

func TestMachines(t *testing.T) {
	for name, files := range map[string]string{
		"kernel": `
-- /proc/sys/kernel/osrelease --
6.1.0-9-amd64
-- /boot/vmlinuz-6.1.0-9-amd64 @2024-01-10T07:00:00Z --
-- /boot/vmlinuz-6.1.0-21-amd64 @2024-05-10T07:00:00Z --
-- /boot/vmlinuz-6.5.0-1-rt-arm64 --
-- /boot/vmlinuz-old --
-- /run/reboot-required @2024-05-12T07:00:00Z --
*** System restart required ***
-- /run/reboot-required.pkgs --
linux-image-6.1.0-21-amd64
libc6
libc6
-- /proc/1/maps --
7f00-7f01 r-xp 00000000 08:01 12 /usr/lib/x86_64-linux-gnu/libc.so.6
7f01-7f02 rw-p 00000000 00:01 13 /dev/shm/x (deleted)
`,
		"current": `
-- /proc/sys/kernel/osrelease --
6.8.9-300.fc40.x86_64
-- /boot/vmlinuz-6.8.9-300.fc40.x86_64 --
-- /boot/vmlinuz-6.8.8-200.fc39.x86_64 --
-- /boot/vmlinuz-0-rescue-00112233445566778899aabbccddeeff --
-- /proc/1/maps --
7f00-7f01 r-xp 00000000 08:01 12 /usr/lib64/libc.so.6
`,
		"libraries": `
-- /proc/sys/kernel/osrelease --
6.6.31-0-lts
-- /boot/vmlinuz-lts --
-- /lib/modules/6.6.31-0-lts/x --
-- /proc/1/maps --
7f00-7f01 r-xp 00000000 08:01 12 /lib/ld-musl-x86_64.so.1 (deleted)
`,
		"container": "-- /proc/sys/kernel/osrelease --\n6.9.1-cloud\n",
	} {
		t.Run(name, func(t *testing.T) {
			h := recorded.Unpack(t, []byte(files))
			r, err := Read(context.Background(), h)
			recorded.Golden(t, h, "pending_restart", name, r, err)
		})
	}
}

func TestCompare(t *testing.T) {
	for _, x := range []struct {
		a, b string
		want int
	}{
		{"6.1.0-9-amd64", "6.1.0-21-amd64", -1},
		{"6.10.1", "6.9.9", 1},
		{"6.1", "6.1", 0},
		{"6.1.007", "6.1.7", 0},
		{"6.1", "6.1.1", -1},
		{"", "6", -1},
	} {
		if got := compare(x.a, x.b); got < 0 != (x.want < 0) || got > 0 != (x.want > 0) {
			t.Errorf("%s and %s: %d", x.a, x.b, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("6.1.0-9-amd64", "6.8.9-300.fc40.x86_64", "7f00-7f01 r-xp 0 08:01 12 /usr/lib/libc.so.6 (deleted)\n")
	f.Fuzz(func(t *testing.T, a, b, maps string) {
		if x, y := compare(a, b), compare(b, a); x < 0 != (y > 0) {
			t.Errorf("%q and %q: %d, and back %d", a, b, x, y)
		}
		flavour(a)
		replaced(strings.NewReader(maps))
	})
}
