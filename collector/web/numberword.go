package web

import "muster/collector/web/texts"

// numberWord is what a number of the catalogue is called under a chart: as
// somebody says it who has never heard of its counter. Empty: its own name does.
func numberWord(measurement, field string) texts.T {
	switch measurement + "." + field {
	case "battery.full_watt_hours":
		return "Full charge"
	case "boot.core_seconds":
		return "Time to start"
	case "bridge.topology_changes":
		return "Changes of the network's shape"
	case "clock.offset_seconds":
		return "Clock is off by"
	case "disk.free":
		return "Free space"
	case "disk.inodes_used_percent":
		return "File entries in use"
	case "disk.used_percent", "storage.used_percent":
		return "Space in use"
	case "diskio.io_time":
		return "Time the disk is busy"
	case "dns_query.query_time_ms":
		return "Time to look up a name"
	case "firewall.sessions":
		return "Connections"
	case "interface.ifHCInOctets":
		return "Traffic in"
	case "interface.ifHCOutOctets":
		return "Traffic out"
	case "interface.ifHighSpeed":
		return "Speed of the link"
	case "interface.ifInErrors", "net.err_in":
		return "Damaged frames"
	case "interface.ifOutDiscards":
		return "Frames dropped"
	case "mem.available_percent":
		return "Memory free"
	case "mem.commit_percent":
		return "Memory promised"
	case "memory_pool.used_percent":
		return "Memory in use"
	case "ping.average_response_ms":
		return "Time to answer"
	case "ping.percent_packet_loss":
		return "Answers lost"
	case "poe.used_percent":
		return "Power given to devices"
	case "printer_supply.level_percent":
		return "Supply left"
	case "processor.usage_percent":
		return "Processor in use"
	case "smart_device.available_spare":
		return "Spare blocks left"
	case "smart_device.media_errors":
		return "Errors of the medium"
	case "smart_device.pending_sector_count":
		return "Spots that cannot be read"
	case "smart_device.percentage_used":
		return "Rated life used"
	case "smart_device.reallocated_sectors_count":
		return "Spots replaced by spares"
	case "smart_device.temp_c":
		return "Temperature of the disk"
	case "smart_device.udma_crc_errors":
		return "Garbled transfers"
	case "smart_device.uncorrectable_errors":
		return "Reads that failed for good"
	case "temp.temp":
		return "Temperature"
	case "throttle.active_seconds":
		return "Time held back"
	case "upsd.battery_charge_percent":
		return "Charge of the battery"
	case "upsd.load_percent":
		return "Load"
	case "wifi.rssi_dbm":
		return "Strength of the signal"
	}
	return ""
}
