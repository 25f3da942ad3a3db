package block

import "testing"

func TestAttachment(t *testing.T) {
	for path, want := range map[string]Attached{
		"pci0000:00/0000:00:17.0/ata1/host0/target0:0:0/0:0:0:0/block/sda":                     {Bus: "sata", Address: "0:0:0:0"},
		"pci0000:00/0000:00:14.0/usb2/2-3/2-3.1/2-3.1:1.0/host4/target4:0:0/4:0:0:0/block/sdb": {Bus: "usb", Address: "2-3.1"},
		"pci0000:00/0000:00:1d.0/0000:3d:00.0/nvme/nvme0/nvme0n1":                              {Bus: "nvme", Address: "0000:3d:00.0"},
		"pci0000:00/0000:00:05.0/virtio1/block/vda":                                            {Bus: "virtio", Address: "0000:00:05.0"},
		"platform/host3/session1/target3:0:0/3:0:0:1/block/sde":                                {Bus: "iscsi", Address: "3:0:0:1"},
		"vbd-51712/block/xvda": {Bus: "xen"},
		"LNXSYSTM:00/LNXSYBUS:00/ACPI0004:00/VMBUS:00/f8b3781a/host0/target0:0:0/0:0:0:0/block/sda":      {Bus: "hyperv", Address: "0:0:0:0"},
		"platform/soc/fe340000.mmc/mmc_host/mmc0/mmc0:0001/block/mmcblk0":                                {Bus: "mmc", Address: "mmc0:0001"},
		"pci0000:00/0000:00:03.0/0000:03:00.0/host2/rport-2:0-0/target2:0:0/2:0:0:1/block/sdd":           {Bus: "fc", Address: "2:0:0:1"},
		"pci0000:00/0000:00:02.0/0000:02:00.0/host1/port-1:0/end_device-1:0/target1:0:0/1:0:0:0/block/x": {Bus: "sas", Address: "1:0:0:0"},
		"pci0000:00/0000:00:10.0/host2/target2:0:0/2:0:0:0/block/sda":                                    {Bus: "scsi", Address: "2:0:0:0"},
		"":                   {Bus: "other"},
		"ata/usb/fw/virtio/": {Bus: "other"},
	} {
		got := attachment(path)
		if got.Bus != want.Bus || got.Address != want.Address {
			t.Errorf("%s: %+v, want %+v", path, got, want)
		}
	}
}

func TestKind(t *testing.T) {
	for want, list := range map[string][]facts{
		"hdd":     {{name: "sda", bus: "sata", rotational: true}, {name: "sdb", bus: "usb", rotational: true}},
		"ssd":     {{name: "sda", bus: "sata"}, {name: "nvme0n1", bus: "nvme", rotational: true}},
		"flash":   {{name: "sdb", bus: "usb", rotational: true, removable: true}, {name: "mmcblk0", bus: "mmc", card: "SD"}},
		"emmc":    {{name: "mmcblk0", bus: "mmc", card: "MMC"}},
		"virtual": {{name: "vda", bus: "virtio"}, {name: "sda", bus: "sata", model: "VBOX HARDDISK"}, {name: "nvme0n1", bus: "nvme", model: "Amazon Elastic Block Store"}, {name: "sda", bus: "scsi", vendor: "VMware", model: "Virtual disk"}},
		"optical": {{name: "sr0", bus: "sata"}},
		"other":   {{name: "sdd", bus: "fc", rotational: true}},
	} {
		for _, x := range list {
			if got := kindOf(x); got != want {
				t.Errorf("%+v: %s, want %s", x, got, want)
			}
		}
	}
	for _, c := range [][4]string{{"scsi", "megaraid_sas", "", "raid"}, {"sata", "ata_piix", "", "ide"}, {"sata", "ata_piix", "sata", "sata"}, {"scsi", "vmw_pvscsi", "", "vmware"}, {"sata", "ahci", "", "sata"}} {
		if got := busOf(c[0], c[1], c[2]); got != c[3] {
			t.Errorf("%v: %s", c, got)
		}
	}
}

func TestNames(t *testing.T) {
	for in, want := range map[string]string{
		"0x5000c5006a1b2c3d": "5000c5006a1b2c3d", "naa.5000C50093A1B2C3": "5000c50093a1b2c3", "eui.0025388b01b0c1d2": "0025388b01b0c1d2",
		"nvme.144d-53344e-0001": "", "t10.ATA     ST1000": "", "eui.0000000000000000": "", "": "", "0x123": "",
		"uuid.01234567-89ab-cdef-0123-456789abcdef": "0123456789abcdef0123456789abcdef",
	} {
		if got := wwn(in); got != want {
			t.Errorf("wwn(%q) = %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{"\x00\x80\x00\x04ab  ": "ab", "\x00\x80\xff\xffshort": "short", "\x00\x83\x00\x02ab": "", "": "", "\x00\x80\x00\x00": ""} {
		if got := unitSerial([]byte(in)); got != want {
			t.Errorf("unitSerial(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzAttachment(f *testing.F) {
	f.Add("pci0000:00/0000:00:14.0/usb2/2-3/2-3:1.0/host4/target4:0:0/4:0:0:0/block/sdb", []byte{0, 0x80, 0, 2, 'a', 'b'})
	f.Fuzz(func(t *testing.T, path string, page []byte) {
		if a := attachment(path); a.Bus == "" {
			t.Error("no bus")
		}
		if len(unitSerial(page)) > len(page) {
			t.Error("longer than the page")
		}
		wwn(path)
	})
}
