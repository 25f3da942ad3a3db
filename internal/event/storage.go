package event

// storage lists what goes wrong with drives, arrays and file systems.
func storage() []Kind {
	disk := text("disk", "Drive as the system calls it at that time (disk.name).")
	serial := text("serial", "Serial number of that drive, looked up when it happened: numbers of drives move.")
	removable := flag("removable", "The drive is one that people plug in.")
	return []Kind{
		{
			Name: DiskError, Group: Fault, Urgent: true,
			Doc: "The system had to retry, reset or give up talking to a drive.",
			Key: []string{"serial", "disk", "cause"},
			Attributes: []Attribute{
				disk, serial, removable,
				text("cause", "What the system met.", "bad_block", "controller", "paging", "retried", "hardware", "reset", "timeout", "io_error"),
				number("code", "code", "Number of the record in Windows' log."),
				text("operation", "What was under way.", "read", "write", "flush", "discard", "other"),
			},
			Sources: []Source{
				win("System", "disk", 7, 11, 51, 153, 154),
				win("System", "storahci", 129),
				win("System", "stornvme", 129),
				win("System", "iaStorAC", 129),
				win("System", "iaStorVD", 129),
				kmsg("Buffer I/O error", `Buffer I/O error on dev(ice)? \S+`),
				kmsg("I/O error, dev", `I/O error, dev \w+, sector \d+`),
				kmsg("error, dev", `critical (medium|target) error, dev \w+`),
				kmsg("exception Emask", `ata\d+(\.\d+)?: exception Emask`),
				kmsg("failed command:", `ata\d+(\.\d+)?: failed command: `),
				kmsg("link", `ata\d+(\.\d+)?: (hard|soft) resetting link`),
				kmsg("nvme", `nvme\S* .*(timeout|controller is down)`),
				unified("kernel", "I/O error", `disk\d+(s\d+)*: I/O error`),
			},
		},
		{
			Name: DiskFailurePredicted, Group: Fault, Urgent: true,
			Doc:        "A drive, or the system on its behalf, says that it is about to fail.",
			Key:        []string{"serial", "disk"},
			Attributes: []Attribute{disk, serial, text("reason", "What tripped, such as an attribute's number or a bit of the critical warning.")},
			Sources: []Source{
				win("System", "disk", 52),
				seen(Windows, "health of the drive turned bad between two readings of disk_health"),
				seen(Darwin, "health of the drive turned bad between two readings of disk_health"),
				seen(Linux, "health of the drive turned bad between two readings of disk_health"),
			},
		},
		{
			Name: SelfTestFailed, Group: Fault, Urgent: true,
			Doc: "A drive's test of itself found a defect.",
			Key: []string{"serial", "disk"},
			Attributes: []Attribute{
				disk, serial,
				text("result", "What failed, as disk_selftest.result has it."),
				number("first_error_lba", "", "First sector that failed."),
				number("power_on_hours", "hour", "Age of the drive at the test."),
			},
			Sources: []Source{
				seen(Windows, "a new entry in the drive's self-test log"),
				seen(Darwin, "a new entry in the drive's self-test log"),
				seen(Linux, "a new entry in the drive's self-test log"),
			},
		},
		{
			Name: DiskRemoved, Group: Fault, Urgent: true,
			Doc:        "A built-in drive vanished while the system ran.",
			Key:        []string{"serial", "disk"},
			Attributes: []Attribute{disk, serial, removable},
			Sources: []Source{
				win("System", "disk", 157),
				kmsg("disable", `ata\d+(\.\d+)?: disable(d| device)`),
				kmsg("nvme", `nvme\S* .*(Removing after probe failure|failed to set controller live|Device not ready; aborting)`),
				seen(Linux, "a drive with disk.internal is gone from /sys/block"),
				seen(Darwin, "a drive with disk.internal is gone from diskutil list"),
			},
		},
		{
			Name: RaidDegraded, Group: Fault, Urgent: true,
			Doc: "An array or pool lost its redundancy.",
			Key: []string{"array"},
			Attributes: []Attribute{
				text("array", "Array (raid_array.name)."),
				text("state", "State it is in now.", "degraded", "failed", "rebuilding"),
				text("member", "Member that failed, where known."), serial,
			},
			Sources: []Source{
				seen(Windows, "MSFT_VirtualDisk, MSFT_StoragePool HealthStatus between two readings of raid_array"),
				kmsg("Disk failure on", `md/raid\S*: Disk failure on \w+, disabling device`),
				seen(Linux, "/sys/block/md*/md/degraded, zpool and btrfs state between two readings of raid_array"),
				seen(SNMP, "state of arrays by profile: SYNOLOGY-RAID-MIB, QNAP, CPQIDA-MIB"),
			},
		},
		{
			Name: FSError, Group: Fault, Urgent: true,
			Doc: "A file system found damage in itself.",
			Key: []string{"volume", "cause"},
			Attributes: []Attribute{
				text("volume", "Mount point, drive letter or device, as far as the record tells."),
				text("cause", "What the file system did about it.", "corrupt", "needs_check", "repaired", "transaction", "shut_down", "read_only"),
				flag("system", "The volume holds the operating system."),
				number("code", "code", "Number of the record in Windows' log."),
				disk, serial,
			},
			Sources: []Source{
				win("System", "Ntfs", 55, 130, 137),
				win("System", "Microsoft-Windows-Ntfs", 55, 130, 137),
				win("System", "Ntfs", 98).when("CorruptionActionState is not 0: a healthy volume logs 98 too"),
				win("System", "Microsoft-Windows-Ntfs", 98).when("CorruptionActionState is not 0: a healthy volume logs 98 too"),
				kmsg("EXT4-fs error", `EXT4-fs error \(device \S+\)`),
				kmsg("XFS", `XFS \(\S+\): .*(Shutting down|Corruption)`),
				kmsg("BTRFS", `BTRFS (error|critical) \(device \S+`),
				kmsg("read-only", `Remounting filesystem read-only`),
				kmsg("Aborting journal", `Aborting journal on device \S+`),
				kmsg("e2fsck", `EXT4-fs \(\S+\): warning: mounting fs with errors, running e2fsck is recommended`),
				kmsg("FAT-fs", `FAT-fs \(\S+\): (error|Filesystem has been set read-only)`),
				unified("kernel and fsck_apfs", "apfs", `(?i)apfs.*(corrupt|checksum mismatch|failed to verify)`),
				unified("diskarbitrationd and fsck", "fsck", `fsck_\w+: .*(could not be repaired|was found corrupt|needs to be repaired)`),
			},
		},
	}
}
