package encryption

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"muster/agent/gather/recorded"
)

// stack is a root on LVM on LUKS, a volume group of which one drive is plain,
// and a stick that nobody has unlocked.
const stack = `
-- /proc/self/mountinfo --
36 1 253:1 / / rw - ext4 /dev/mapper/vg-root rw
37 36 8:1 / /boot rw - ext4 /dev/sda1 rw
38 36 253:2 / /srv rw - xfs /dev/mapper/half rw
39 36 0:50 / /tank rw - zfs tank rw
-- links /sys/class/block --
sda1 ../../devices/pci0000:00/0000:00:17.0/ata1/block/sda/sda1
sda2 ../../devices/pci0000:00/0000:00:17.0/ata1/block/sda/sda2
sda3 ../../devices/pci0000:00/0000:00:17.0/ata1/block/sda/sda3
sda ../../devices/pci0000:00/0000:00:17.0/ata1/block/sda
sdb1 ../../devices/pci0000:00/0000:00:14.0/block/sdb/sdb1
sdb ../../devices/pci0000:00/0000:00:14.0/block/sdb
dm-0 ../../devices/virtual/block/dm-0
dm-1 ../../devices/virtual/block/dm-1
dm-2 ../../devices/virtual/block/dm-2
-- links /sys/dev/block --
253:1 ../../devices/virtual/block/dm-1
253:2 ../../devices/virtual/block/dm-2
8:1 ../../devices/pci0000:00/0000:00:17.0/ata1/block/sda/sda1
-- values /sys/devices/virtual/block --
dm-0/dev 253:0
dm-0/dm/uuid CRYPT-LUKS2-11112222-cryptroot
dm-1/dev 253:1
dm-1/dm/uuid LVM-aaaa
dm-2/dev 253:2
dm-2/dm/uuid LVM-bbbb
-- /sys/devices/virtual/block/dm-0/slaves/sda2/partition --
2
-- /sys/devices/virtual/block/dm-1/slaves/dm-0/dev --
253:0
-- /sys/devices/virtual/block/dm-2/slaves/dm-0/dev --
253:0
-- /sys/devices/virtual/block/dm-2/slaves/sda3/partition --
3
-- values /sys/devices/pci0000:00/0000:00:17.0/ata1/block/sda --
sda1/dev 8:1
sda1/partition 1
sda2/dev 8:2
sda2/partition 2
sda2/holders/dm-0/x 1
sda3/dev 8:3
sda3/partition 3
sda3/holders/dm-2/x 1
-- values /sys/devices/pci0000:00/0000:00:14.0/block/sdb --
sdb1/dev 8:17
sdb1/partition 1
-- /run/udev/data/b8:17 --
E:ID_FS_TYPE=crypto_LUKS
E:ID_FS_VERSION=1
-- /run/udev/data/b8:2 --
E:ID_FS_TYPE=crypto_LUKS
E:ID_FS_VERSION=2
`

func TestStack(t *testing.T) {
	h := recorded.Unpack(t, []byte(stack))
	s := New()
	r, err := s.Read(context.Background(), h)
	recorded.Golden(t, h, "encryption", "encryption.headless", r, err)
	dev := filepath.Join(h.Root, "dev")
	if err := os.MkdirAll(dev, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dev, "sda2"), luks2(tokens), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err = s.Read(context.Background(), h)
	recorded.Golden(t, h, "encryption", "encryption", r, err)
	r, err = s.Read(context.Background(), recorded.Unpack(t))
	recorded.Golden(t, h, "encryption", "encryption.nothing", r, err)
}

// TestMachines reads the recorded machines.
func TestMachines(t *testing.T) {
	for _, name := range recorded.Names() {
		t.Run(name, func(t *testing.T) {
			h := recorded.Machine(t, name)
			r, err := New().Read(context.Background(), h)
			recorded.Golden(t, h, "encryption", "encryption."+name, r, err)
		})
	}
}
