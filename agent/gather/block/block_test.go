package block

import (
	"reflect"
	"strings"
	"testing"

	"muster/agent/gather/recorded"
)

func TestParseMounts(t *testing.T) {
	const text = `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
37 35 8:1 / /a\040b\011c\134d rw - xfs /dev/sda1 rw
38 35 0:5 / /x rw shared:1 master:2 propagate_from:3 - tmpfs none rw
39 35 0:5 / /no-separator rw
not a mount
40 35 nonsense / /x rw - tmpfs none rw
41 35 8:2 / /only-type rw - ext4
`
	var got []Mount
	if err := ParseMounts(strings.NewReader(text), func(m Mount) { got = append(got, m) }); err != nil {
		t.Fatal(err)
	}
	want := []Mount{
		{Dev: "98:0", Root: "/mnt1", Point: "/mnt2", Options: []string{"rw", "noatime"}, Filesystem: "ext3", Source: "/dev/root", Super: []string{"rw", "errors=continue"}},
		{Dev: "8:1", Root: "/", Point: "/a b\tc\\d", Options: []string{"rw"}, Filesystem: "xfs", Source: "/dev/sda1", Super: []string{"rw"}},
		{Dev: "0:5", Root: "/", Point: "/x", Options: []string{"rw"}, Filesystem: "tmpfs", Source: "none", Super: []string{"rw"}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}

// A line longer than the buffer is whole, one longer than any real one is
// passed over, and what follows is read either way.
func TestLongLines(t *testing.T) {
	line := func(n int) string {
		return "1 1 8:1 / /x rw - ext4 /dev/sda1 rw,lowerdir=" + strings.Repeat("a", n) + "\n"
	}
	count := 0
	text := line(10_000) + line(maxLine+1) + line(1)
	if err := ParseMounts(strings.NewReader(text), func(m Mount) { count++ }); err != nil || count != 2 {
		t.Errorf("%d mounts, %v, want 2", count, err)
	}
}

func TestUnescape(t *testing.T) {
	for in, want := range map[string]string{`a\040b`: "a b", `\`: `\`, `\04`: `\04`, `\777`: `\777`, `\134040`: `\040`, "plain": "plain"} {
		if got := Unescape(in); got != want {
			t.Errorf("Unescape(%q) = %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{`a\x20b`: "a b", `\x2`: `\x2`, `\xzz`: `\xzz`, `\x2Fx`: "/x", `\x`: `\x`} {
		if got := Unhex(in); got != want {
			t.Errorf("Unhex(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestStack(t *testing.T) {
	for _, c := range []struct {
		machine string
		drives  []string
		boot    []string
	}{
		{"debian-pc", []string{"nvme0n1", "sda", "sdb", "sr0"}, []string{"nvme0n1"}},
		{"fedora-laptop", []string{"nvme0n1"}, []string{"nvme0n1"}},
		{"server", []string{"sda", "sdb", "sdc", "sdd"}, []string{"sda", "sdb", "sdc"}},
		{"raspberry", []string{"mmcblk0"}, []string{"mmcblk0"}},
	} {
		h := recorded.Machine(t, c.machine)
		if got, err := Drives(h); err != nil || !reflect.DeepEqual(got, c.drives) {
			t.Errorf("%s: drives %v, %v, want %v", c.machine, got, err, c.drives)
		}
		if got := BootDrives(h); !reflect.DeepEqual(got, c.boot) {
			t.Errorf("%s: boot %v, want %v", c.machine, got, c.boot)
		}
	}
	h := recorded.Machine(t, "server")
	if got := Below(h, "253:1"); !reflect.DeepEqual(got, []string{"sdb", "sdc"}) {
		t.Errorf("below the volume are %v", got)
	}
	if got := Below(h, "99:99"); got != nil {
		t.Errorf("below nothing are %v", got)
	}
}

// Devices that name each other as slaves do not hang the agent.
func TestStackWithACircle(t *testing.T) {
	h := recorded.Unpack(t, []byte(`
-- links /sys/class/block --
dm-0 ../../devices/virtual/block/dm-0
dm-1 ../../devices/virtual/block/dm-1
-- links /sys/dev/block --
253:0 ../../devices/virtual/block/dm-0
-- /sys/devices/virtual/block/dm-0/slaves/dm-1 --
-- /sys/devices/virtual/block/dm-1/slaves/dm-0 --
-- /sys/devices/virtual/block/dm-1/slaves/dm-1 --
`))
	if got := Below(h, "253:0"); got != nil {
		t.Errorf("found %v", got)
	}
}

func TestDevOf(t *testing.T) {
	h := recorded.Machine(t, "fedora-laptop")
	for source, want := range map[string]Dev{
		"/dev/mapper/luks-7b0f3c1e-aaaa-4bbb-8ccc-1234567890ab": "253:0", "/dev/nvme0n1": "259:1", "tank/home": "", "/dev/../etc": "", "/dev/": "", "/dev/mapper/none": "",
	} {
		if got := DevOf(h, source); got != want {
			t.Errorf("DevOf(%s) = %q, want %q", source, got, want)
		}
	}
}

func FuzzMounts(f *testing.F) {
	f.Add("36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue\n")
	f.Add("1 1 0:1 / /\\040 rw - t s\n\\")
	f.Fuzz(func(t *testing.T, text string) {
		if err := ParseMounts(strings.NewReader(text), func(m Mount) {
			if m.Point == "" || m.Filesystem == "" || m.Dev == "" {
				t.Errorf("%+v", m)
			}
		}); err != nil {
			t.Error(err)
		}
	})
}

func FuzzUdev(f *testing.F) {
	f.Add("S:disk\nE:ID_MODEL_ENC=a\\x20b\nE:=x\nE:x")
	f.Fuzz(func(t *testing.T, text string) {
		ParseUdev(strings.NewReader(text), func(key, value string) {
			if key == "" || strings.Contains(value, "\n") {
				t.Errorf("%q %q", key, value)
			}
			if len(Unhex(value)) > len(value) {
				t.Errorf("%q grew", value)
			}
		})
	})
}
