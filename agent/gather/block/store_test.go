package block

import "testing"

func TestStores(t *testing.T) {
	m := func(dev, root, point, kind, source string) Mount {
		return Mount{Dev: Dev(dev), Root: root, Point: point, Filesystem: kind, Source: source}
	}
	for name, c := range map[string]struct {
		mounts []Mount
		want   []string
	}{
		"bind mount later":   {[]Mount{m("8:1", "/", "/data", "ext4", "/dev/sda1"), m("8:1", "/x", "/a", "ext4", "/dev/sda1")}, []string{"/data"}},
		"bind mount earlier": {[]Mount{m("8:1", "/x", "/a", "ext4", "/dev/sda1"), m("8:1", "/", "/data", "ext4", "/dev/sda1")}, []string{"/data"}},
		"only a part":        {[]Mount{m("8:1", "/var/lib/x/hosts", "/etc/hosts", "ext4", "/dev/sda1")}, nil},
		"ostree":             {[]Mount{m("8:3", "/", "/sysroot", "xfs", "/dev/sda3"), m("8:3", "/ostree/deploy", "/", "xfs", "/dev/sda3"), m("8:3", "/var", "/var", "xfs", "/dev/sda3")}, []string{"/"}},
		"btrfs subvolumes":   {[]Mount{m("0:30", "/@home", "/home", "btrfs", "/dev/sda2"), m("0:30", "/@", "/", "btrfs", "/dev/sda2")}, []string{"/"}},
		"btrfs data only":    {[]Mount{m("0:30", "/@b", "/srv/b", "btrfs", "/dev/sda2"), m("0:31", "/@a", "/srv/a", "btrfs", "/dev/sda2")}, []string{"/srv/a"}},
		"zfs data sets":      {[]Mount{m("0:50", "/", "/tank", "zfs", "tank"), m("0:51", "/", "/tank/home", "zfs", "tank/home")}, []string{"/tank", "/tank/home"}},
		"what is left out": {[]Mount{m("0:40", "/", "/mnt", "nfs4", "s:/x"), m("0:41", "/", "/", "overlay", "overlay"), m("7:0", "/", "/snap/x", "squashfs", "/dev/loop0"),
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
