package volume

import (
	"testing"

	"muster/agent/gather/block"
	"muster/agent/host"
	"muster/internal/inventory"
)

func TestCandidates(t *testing.T) {
	m := func(dev, root, point, kind, source string) block.Mount {
		return block.Mount{Dev: block.Dev(dev), Root: root, Point: point, Filesystem: kind, Source: source}
	}
	for name, c := range map[string]struct {
		mounts []block.Mount
		want   []string
	}{
		"bind mount later":   {[]block.Mount{m("8:1", "/", "/data", "ext4", "/dev/sda1"), m("8:1", "/x", "/a", "ext4", "/dev/sda1")}, []string{"/data"}},
		"bind mount earlier": {[]block.Mount{m("8:1", "/x", "/a", "ext4", "/dev/sda1"), m("8:1", "/", "/data", "ext4", "/dev/sda1")}, []string{"/data"}},
		"only a part":        {[]block.Mount{m("8:1", "/var/lib/x/hosts", "/etc/hosts", "ext4", "/dev/sda1")}, nil},
		"ostree":             {[]block.Mount{m("8:3", "/", "/sysroot", "xfs", "/dev/sda3"), m("8:3", "/ostree/deploy", "/", "xfs", "/dev/sda3"), m("8:3", "/var", "/var", "xfs", "/dev/sda3")}, []string{"/"}},
		"btrfs subvolumes":   {[]block.Mount{m("0:30", "/@home", "/home", "btrfs", "/dev/sda2"), m("0:30", "/@", "/", "btrfs", "/dev/sda2")}, []string{"/"}},
		"btrfs data only":    {[]block.Mount{m("0:30", "/@b", "/srv/b", "btrfs", "/dev/sda2"), m("0:31", "/@a", "/srv/a", "btrfs", "/dev/sda2")}, []string{"/srv/a"}},
		"zfs data sets":      {[]block.Mount{m("0:50", "/", "/tank", "zfs", "tank"), m("0:51", "/", "/tank/home", "zfs", "tank/home")}, []string{"/tank", "/tank/home"}},
		"what is left out": {[]block.Mount{m("0:40", "/", "/mnt", "nfs4", "s:/x"), m("0:41", "/", "/", "overlay", "overlay"), m("7:0", "/", "/snap/x", "squashfs", "/dev/loop0"),
			m("7:1", "/", "/media/iso", "iso9660", "/dev/loop1"), m("0:42", "/", "/run", "tmpfs", "tmpfs"), m("0:43", "/", "/home/x", "fuse.sshfs", "x")}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var x candidates
			for _, m := range c.mounts {
				x.add(m)
			}
			var got []string
			for _, m := range x.stores() {
				got = append(got, m.Point)
			}
			if len(got) != len(c.want) {
				t.Fatalf("got %v, want %v", got, c.want)
			}
			for i := range got {
				if got[i] != c.want[i] {
					t.Errorf("got %v, want %v", got, c.want)
				}
			}
		})
	}
}

func TestFill(t *testing.T) {
	var r inventory.Volume
	fill(&r, host.Filesystem{Size: 1000, Free: 400, Available: 350, Files: 10, FilesFree: 3})
	if r.SizeBytes != 1000 || *r.FreeBytes != 350 || *r.UsedBytes != 600 || *r.UsedPercent != 63.2 || *r.InodesFree != 3 {
		t.Errorf("%+v", r)
	}
	for _, bad := range []host.Filesystem{{Size: 10, Free: 20}, {Size: 10, Free: 5, Available: 20}, {Size: 1 << 63}} {
		var r inventory.Volume
		fill(&r, bad)
		if r.FreeBytes != nil || r.SizeBytes != 0 {
			t.Errorf("%+v is believed", bad)
		}
	}
	r = inventory.Volume{}
	fill(&r, host.Filesystem{})
	if r.UsedPercent != nil {
		t.Error("an empty file system has a share in use")
	}
}
