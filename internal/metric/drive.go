package metric

import "time"

// drive lists what drives say of their own health. A drive that sleeps is not
// woken; one behind a RAID controller or a USB bridge that hides it has no
// series, and the inventory says so.
func drive() []Measurement {
	const (
		windows = "IOCTL_STORAGE_QUERY_PROPERTY protocol data (NVMe log 0x02), SMART_RCV_DRIVE_DATA"
		darwin  = "IOKit NVMeSMARTLib and ATASMARTLib; smartctl where it is installed"
		linux   = "NVME_IOCTL_ADMIN_CMD (log 0x02), SG_IO with ATA PASS-THROUGH"
	)
	labels := []Label{
		{Name: "serial_no", Doc: "Serial number: what a drive is known by.", Typical: 1, Max: 32},
		{Name: "device", Doc: "The drive as the system calls it; can change at each boot.", Typical: 1, Max: 1, Follows: "serial_no"},
		{Name: "model", Doc: "Model.", Typical: 1, Max: 1, Follows: "serial_no"},
		{Name: "capacity", Doc: "Size in bytes.", Typical: 1, Max: 1, Follows: "serial_no"},
		{Name: "wwn", Doc: "World wide name.", Typical: 1, Max: 1, Follows: "serial_no"},
		{Name: "enabled", Doc: "Enabled or Disabled.", Typical: 1, Max: 1, Follows: "serial_no"},
	}
	return []Measurement{
		{
			Name: "smart_device",
			Doc: "Health of drives. ATA numbers are raw values after their packing is undone " +
				"(some vendors put three counters in one); sentinels such as 65528 are left out.",
			Telegraf: "smart",
			Every:    6 * time.Hour,
			Windows:  windows,
			Darwin:   darwin,
			Linux:    linux,
			Labels:   labels,
			Fields: []Field{
				gauge("health_ok", Bool, "flag", "The drive's own verdict. A failed self-test does not change it."),
				gauge("temp_c", Int, "celsius", "Temperature.").sent(),
				counter("power_on_hours", Int, "hour", "Time in service.").sent(),
				counter("power_cycle_count", Int, "count", "Times switched on."),

				// ATA, by attribute number.
				counter("reallocated_sectors_count", Int, "count", "5: bad spots replaced by spares.").of("hdd ssd").sent(),
				counter("uncorrectable_errors", Int, "count", "187: reads that no correction could save.").of("hdd ssd").sent(),
				gauge("pending_sector_count", Int, "count", "197: spots that did not read back and wait for a write. On flash it comes and goes.").of("hdd ssd").sent(),
				gauge("uncorrectable_sector_count", Int, "count", "198: spots that an offline scan could not read.").of("hdd").sent(),
				counter("udma_crc_errors", Int, "count", "199: garbled on the cable.").of("hdd ssd").sent(),
				counter("command_timeout", Int, "count", "188: commands given up; says nothing about failure.").of("hdd ssd"),
				counter("realloc_event_count", Int, "count", "196: attempts to replace a bad spot.").of("hdd ssd"),
				counter("spin_retry_count", Int, "count", "10: attempts to get the platters up to speed.").of("hdd"),
				counter("end_to_end_error", Int, "count", "184: damaged between cache and host.").of("hdd ssd"),
				gauge("read_error_rate", Int, "count", "1: composite; compare only within a model.").of("hdd"),
				gauge("seek_error_rate", Int, "count", "7: composite; compare only within a model.").of("hdd"),
				counter("soft_read_error_rate", Int, "count", "201: reads that needed correction off the track.").of("hdd"),
				gauge("percent_lifetime_remain", Int, "percent", "Normalized life left, where the model has it.").of("ssd"),
				gauge("wear_leveling_count", Int, "percent", "177: normalized, 100 when new.").of("ssd"),
				gauge("media_wearout_indicator", Int, "percent", "233: normalized, 100 when new.").of("ssd"),

				// NVMe, log page 0x02 (NVM Express Base Specification, SMART / Health Information).
				gauge("critical_warning", Int, "code", "Bits: 0 spare low, 1 temperature, 2 unreliable, 3 read-only, 4 backup failed.").of("nvme"),
				gauge("available_spare", Int, "percent", "Spare cells left.").of("nvme").sent(),
				gauge("available_spare_threshold", Int, "percent", "Where the maker says spare is too low.").of("nvme"),
				gauge("percentage_used", Int, "percent", "Rated life used: can pass 100. For SATA it is 100 less what 177, 231 or 233 say, by model.").of("ssd nvme").sent(),
				counter("media_errors", Int, "count", "Times data came back damaged.").of("nvme").sent(),
				counter("unsafe_shutdowns", Int, "count", "Power lost without notice; above 0 on nearly all healthy drives.").of("nvme"),
				counter("error_log_entries", Int, "count", "Entries ever made; above 0 on many healthy drives.").of("nvme"),
				counter("warning_temperature_time", Int, "minute", "Time above the drive's warning temperature.").of("nvme").sent(),
				counter("critical_temperature_time", Int, "minute", "Time above the drive's critical temperature.").of("nvme"),
				counter("written_bytes", Int, "byte", "Written by the host: data units of 512,000 bytes, or attribute 241 by model.").of("ssd nvme").own(),
				gauge("exit_status", Int, "code", "0 when all pages were read; else the bits of smartctl's exit status."),
			},
		},
		{
			Name:     "smart_attribute",
			Doc:      "Every attribute a drive lists, when a group asks for them.",
			Telegraf: "smart",
			Every:    6 * time.Hour,
			Windows:  windows,
			Darwin:   darwin,
			Linux:    linux,
			Labels: append(labels[:len(labels):len(labels)],
				Label{Name: "id", Doc: "Number of the attribute; absent for NVMe.", Typical: 1, Max: 1, Follows: "name"},
				Label{Name: "name", Doc: "Name as smartmontools spells it.", Typical: 20, Max: 64},
				Label{Name: "flags", Doc: "Flags as smartctl --format=brief prints them.", Typical: 1, Max: 1, Follows: "name"},
				Label{Name: "fail", Doc: "- , past or now.", Typical: 1, Max: 2, Follows: "name"},
			),
			Fields: []Field{
				gauge("raw_value", Int, "count", "Raw value as the drive packs it."),
				gauge("value", Int, "count", "Normalized value.").of("hdd ssd"),
				gauge("worst", Int, "count", "Lowest normalized value so far.").of("hdd ssd"),
				gauge("threshold", Int, "count", "Normalized value at which the drive has failed.").of("hdd ssd"),
				gauge("exit_status", Int, "code", "As of smart_device."),
			},
		},
	}
}
