package smbios

// ChassisName is a kind of enclosure (DSP0134 §7.4.1) in the words of the
// catalogue's system.chassis_type; unknown kinds are the empty text.
func ChassisName(kind byte) string {
	switch kind {
	case 1, 18, 19, 20, 21, 22:
		return "other"
	case 3, 15, 16, 24: // desktop, space-saving, lunch box, sealed-case PC
		return "desktop"
	case 4, 5: // low profile, pizza box
		return "low_profile_desktop"
	case 6:
		return "mini_tower"
	case 7:
		return "tower"
	case 8:
		return "portable"
	case 9:
		return "laptop"
	case 10, 14:
		return "notebook"
	case 11:
		return "handheld"
	case 12:
		return "docking_station"
	case 13:
		return "all_in_one"
	case 17:
		return "main_server"
	case 23, 25:
		return "rack_mount"
	case 26, 27, 34: // CompactPCI, AdvancedTCA, embedded PC
		return "embedded"
	case 28:
		return "blade"
	case 29:
		return "blade_enclosure"
	case 30:
		return "tablet"
	case 31:
		return "convertible"
	case 32:
		return "detachable"
	case 33:
		return "iot_gateway"
	case 35:
		return "mini_pc"
	case 36:
		return "stick_pc"
	}
	return ""
}

// WakeReason is a wake-up type (§7.2.2); unknown ones are the empty text.
func WakeReason(kind byte) string {
	return pick(kind, "", "other", "", "apm_timer", "modem_ring", "lan", "power_switch", "pci_pme", "ac_restored")
}

// CorrectionName is a kind of error correction (§7.17.3) in the words of the
// catalogue's memory.error_correction.
func CorrectionName(kind byte) string {
	return pick(kind, "", "other", "", "none", "parity", "single_bit_ecc", "multi_bit_ecc", "crc")
}

// FormName is the form of a memory module (§7.18.1).
func FormName(kind byte) string {
	return pick(kind, "", "", "", "SIMM", "SIP", "chip", "DIP", "ZIP", "card", "DIMM", "TSOP", "row of chips",
		"RIMM", "SODIMM", "SRIMM", "FB-DIMM", "die", "CAMM")
}

// TechnologyName is a kind of memory (§7.18.2).
func TechnologyName(kind byte) string {
	return pick(kind, "", "", "", "DRAM", "EDRAM", "VRAM", "SRAM", "RAM", "ROM", "flash", "EEPROM", "FEPROM", "EPROM",
		"CDRAM", "3DRAM", "SDRAM", "SGRAM", "RDRAM", "DDR", "DDR2", "DDR2 FB-DIMM", "", "", "", "DDR3", "FBD2",
		"DDR4", "LPDDR", "LPDDR2", "LPDDR3", "LPDDR4", "non-volatile", "HBM", "HBM2", "DDR5", "LPDDR5", "HBM3")
}

func pick(i byte, names ...string) string {
	if int(i) < len(names) {
		return names[i]
	}
	return ""
}
