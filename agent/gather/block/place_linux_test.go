package block

import (
	"testing"

	"muster/agent/gather/recorded"
)

// ports are drives on an old port with two, behind a port multiplier, and on
// NVMe with one path and with two.
const ports = `
-- links /sys/block --
sda ../devices/pci0000:00/0000:00:1f.2/ata3/host2/target2:0:0/2:0:0:0/block/sda
sdb ../devices/pci0000:00/0000:00:1f.2/ata3/host2/target2:0:1/2:0:1:0/block/sdb
sdc ../devices/pci0000:00/0000:00:17.0/ata7/host6/target6:2:0/6:2:0:0/block/sdc
nvme0n1 ../devices/pci0000:00/0000:00:1d.0/0000:3d:00.0/nvme/nvme0/nvme0n1
nvme1n1 ../devices/virtual/nvme-subsystem/nvme-subsys1/nvme1n1
mmcblk0 ../devices/platform/soc/fe340000.mmc/mmc_host/mmc0/mmc0:0001/block/mmcblk0
-- /sys/devices/pci0000:00/0000:00:1f.2/ata3/host2/target2:0:0/2:0:0:0/block/sda/device/serial --
S-A
-- /sys/devices/pci0000:00/0000:00:1f.2/ata3/host2/target2:0:1/2:0:1:0/block/sdb/device/serial --
S-B
-- /sys/devices/pci0000:00/0000:00:17.0/ata7/host6/target6:2:0/6:2:0:0/block/sdc/device/serial --
S-C
-- /sys/devices/pci0000:00/0000:00:1d.0/0000:3d:00.0/nvme/nvme0/nvme0n1/device/serial --
S-N
-- /sys/devices/virtual/nvme-subsystem/nvme-subsys1/serial --
S-M
-- /sys/devices/virtual/nvme-subsystem/nvme-subsys1/nvme1n1/device -> ../../nvme-subsys1 --
-- /sys/devices/virtual/nvme-subsystem/nvme-subsys1/nvme1 -> ../../../pci0000:00/0000:00:06.0/0000:04:00.0/nvme/nvme1 --
-- /sys/devices/virtual/nvme-subsystem/nvme-subsys1/nvme2 -> ../../../pci0000:00/0000:00:07.0/0000:05:00.0/nvme/nvme2 --
-- /sys/devices/platform/soc/fe340000.mmc/mmc_host/mmc0/mmc0:0001/block/mmcblk0/device/serial --
0x1234abcd
`

func TestPlaces(t *testing.T) {
	p := ReadPlaces(recorded.Unpack(t, []byte(ports)))
	for word, want := range map[string]string{
		"sda": "S-A", "sda2": "S-A", "/dev/sdb1": "S-B", "ata3.00:": "S-A", "ata3.01": "S-B", "ata3": "", // two hang on it
		"ata7.02": "S-C", "ata7": "S-C", "6:2:0:0": "S-C", "[sdc]": "S-C", "2:0:1:0:": "S-B",
		"nvme0": "S-N", "nvme0n1": "S-N", "nvme0n1p3": "S-N", "0000:3d:00.0:": "S-N", "nvme2": "S-M", "nvme1n1p1": "S-M",
		"mmcblk0p2": "0x1234abcd", "mmc0:": "0x1234abcd", "sdd": "", "ata9": "", "": "", "0000:00:1f.2": "", "p2": "", "sd": "",
	} {
		d, ok := p.Find(word)
		if d.Serial != want || ok != (want != "") {
			t.Errorf("%q is %q (%v), want %q", word, d.Serial, ok, want)
		}
	}
	if _, ok := ReadPlaces(recorded.Unpack(t)).Find("sda"); ok {
		t.Error("a drive of a machine without any")
	}
}

func FuzzPlace(f *testing.F) {
	f.Add("nvme0n1p2")
	f.Add("ata3.00:")
	p := Places{drives: map[string]Drive{"sda": {}, "nvme0n1": {}}, other: map[string]string{"ata3": "sda"}}
	f.Fuzz(func(t *testing.T, word string) {
		if len(whole(word)) > len(word) {
			t.Errorf("%q grew", word)
		}
		p.Find(word)
	})
}
