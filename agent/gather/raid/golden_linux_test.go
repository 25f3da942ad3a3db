package raid

import (
	"context"
	"testing"

	"muster/agent/gather/recorded"
)

// arrays are one that is whole and being checked, one that lost a drive and
// fills a spare, a container of firmware's RAID, file systems over several
// drives, a pool, and a volume of a controller whose driver tells its state.
const arrays = `
-- links /sys/block --
sda ../devices/pci0000:00/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0/block/sda
sdb ../devices/pci0000:00/0000:00:17.0/ata2/host1/target1:0:0/1:0:0:0/block/sdb
sdh ../devices/pci0000:00/0000:00:01.0/0000:01:00.0/host7/target7:1:0/7:1:0:0/block/sdh
md0 ../devices/virtual/block/md0
md1 ../devices/virtual/block/md1
md126 ../devices/virtual/block/md126
md127 ../devices/virtual/block/md127
-- links /sys/class/block --
sda ../../devices/pci0000:00/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0/block/sda
sda1 ../../devices/pci0000:00/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0/block/sda/sda1
sda2 ../../devices/pci0000:00/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0/block/sda/sda2
sdb ../../devices/pci0000:00/0000:00:17.0/ata2/host1/target1:0:0/1:0:0:0/block/sdb
sdb1 ../../devices/pci0000:00/0000:00:17.0/ata2/host1/target1:0:0/1:0:0:0/block/sdb/sdb1
-- links /sys/dev/block --
8:1 ../../devices/pci0000:00/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0/block/sda/sda1
8:2 ../../devices/pci0000:00/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0/block/sda/sda2
8:17 ../../devices/pci0000:00/0000:00:17.0/ata2/host1/target1:0:0/1:0:0:0/block/sdb/sdb1
-- values /sys/devices/pci0000:00/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0/block/sda --
device/serial RT-A
sda1/partition 1
sda1/dev 8:1
sda1/size 4000
sda2/partition 2
sda2/dev 8:2
-- values /sys/devices/pci0000:00/0000:00:17.0/ata2/host1/target1:0:0/1:0:0:0/block/sdb --
device/serial RT-B
sdb1/partition 1
sdb1/dev 8:17
sdb1/size 4000
-- values /sys/devices/virtual/block/md0 --
dev 9:0
size 2000
md/level raid1
md/array_state clean
md/raid_disks 2
md/degraded 0
md/sync_action check
md/sync_completed 500 / 1000
md/mismatch_cnt 128
md/dev-sda1/state in_sync
md/dev-sda1/slot 0
md/dev-sda1/errors 0
md/dev-sdb1/state in_sync,write_mostly
md/dev-sdb1/slot 1
md/dev-sdb1/errors 3
-- /run/udev/data/b9:0 --
E:MD_UUID=11111111:22222222:33333333:44444444
-- values /sys/devices/virtual/block/md1 --
size 6000
md/level raid5
md/array_state active
md/raid_disks 4
md/degraded 2
md/sync_action recover
md/sync_completed 10 / 1000
md/dev-sda2/state in_sync
md/dev-sda2/slot 0
md/dev-sdx/state faulty
md/dev-sdx/slot none
md/dev-sdy/state spare
md/dev-sdy/slot 2
md/dev-sdz/state spare
md/dev-sdz/slot none
-- values /sys/devices/virtual/block/md127 --
md/level container
md/array_state inactive
-- values /sys/devices/virtual/block/md126 --
md/level raid0
md/array_state inactive
md/raid_disks 2
md/metadata_version external:/md127/0
-- values /sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/host7/target7:1:0/7:1:0:0/block/sdh --
device/vendor TESTRAID
device/model Logical Volume
size 8000
-- /sys/devices/pci0000:00/0000:00:01.0/0000:01:00.0/driver -> ../../../../bus/pci/drivers/mpt3sas --
-- values /sys/class/raid_devices/7:1:0:0 --
state degraded
level raid1
-- values /sys/fs/btrfs/aaaaaaaa-0000-4000-8000-000000000001 --
label scratch
allocation/data/raid1/total_bytes 5
devices/sda1/size 4000
devices/sdb1/size 4000
devinfo/1/missing 0
devinfo/2/missing 0
devinfo/3/missing 1
-- /sys/fs/btrfs/aaaaaaaa-0000-4000-8000-000000000001/devinfo/1/error_stats --
write_errs 0
read_errs 2
flush_errs 0
corruption_errs 7
generation_errs 0
-- values /sys/fs/btrfs/aaaaaaaa-0000-4000-8000-000000000002 --
label alone
devices/sda2/size 1
devinfo/1/missing 0
-- /proc/spl/kstat/zfs/tank/state --
DEGRADED
-- /proc/spl/kstat/zfs/arcstats --
x
`

func TestArrays(t *testing.T) {
	h := recorded.Unpack(t, []byte(arrays))
	r, err := Read(context.Background(), h)
	recorded.Golden(t, h, "raid_array", "raid_array", r, err)
	r, err = ReadMembers(context.Background(), h)
	recorded.Golden(t, h, "raid_member", "raid_member", r, err)
}

// TestMachines reads the recorded machines.
func TestMachines(t *testing.T) {
	for _, name := range recorded.Names() {
		t.Run(name, func(t *testing.T) {
			h := recorded.Machine(t, name)
			r, err := Read(context.Background(), h)
			recorded.Golden(t, h, "raid_array", "raid_array."+name, r, err)
		})
	}
}
