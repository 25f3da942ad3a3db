package smart

// Name is what an attribute is usually called, in smartmontools' spelling: that
// of its family where the family means something else, else that of its
// medium.
func Name(id uint8, d Drive) string { return nameIn(familyOf(d), id, d.Medium) }

func nameIn(f family, id uint8, medium Medium) string {
	switch {
	case medium == SSD && id == f.wear.id && f.wear.how != nil:
		if name, ok := wearNames()[id]; ok {
			return name
		}
	case medium == SSD && (id == 241 || id == 225 && f.unit == mebi32):
		switch f.unit {
		case mebi32:
			return "Host_Writes_32MiB"
		case gibibyte:
			return "Host_Writes_GiB"
		case gigabyte:
			return "Total_Writes_GB"
		}
	case medium == SSD && id == 242:
		switch f.unit {
		case mebi32:
			return "Host_Reads_32MiB"
		case gibibyte:
			return "Host_Reads_GiB"
		case gigabyte:
			return "Total_Reads_GB"
		}
	case medium == SSD && id == 246 && f.write == 246:
		return "Total_LBAs_Written"
	}
	if name, ok := names()[id]; ok {
		return name
	}
	if name, ok := diskNames()[id]; ok && medium != SSD {
		return name
	}
	if name, ok := flashNames()[id]; ok && medium != HDD {
		return name
	}
	switch medium {
	case HDD:
		return "Unknown_HDD_Attribute"
	case SSD:
		return "Unknown_SSD_Attribute"
	}
	return "Unknown_Attribute"
}

// wearNames are for the attributes that families tell wear by.
func wearNames() map[uint8]string {
	return map[uint8]string{
		169: "Remaining_Lifetime_Perc",
		173: "Wear_Leveling_Count",
		177: "Wear_Leveling_Count",
		202: "Percent_Lifetime_Remain",
		230: "Media_Wearout_Indicator",
		231: "SSD_Life_Left",
		233: "Media_Wearout_Indicator",
		245: "Percent_Life_Remaining",
	}
}

func names() map[uint8]string {
	return map[uint8]string{
		1:   "Raw_Read_Error_Rate",
		2:   "Throughput_Performance",
		3:   "Spin_Up_Time",
		4:   "Start_Stop_Count",
		5:   "Reallocated_Sector_Ct",
		9:   "Power_On_Hours",
		12:  "Power_Cycle_Count",
		13:  "Read_Soft_Error_Rate",
		181: "Program_Fail_Cnt_Total",
		183: "Runtime_Bad_Block",
		184: "End-to-End_Error",
		187: "Reported_Uncorrect",
		188: "Command_Timeout",
		190: "Airflow_Temperature_Cel",
		192: "Power-Off_Retract_Count",
		194: "Temperature_Celsius",
		195: "Hardware_ECC_Recovered",
		196: "Reallocated_Event_Count",
		197: "Current_Pending_Sector",
		198: "Offline_Uncorrectable",
		199: "UDMA_CRC_Error_Count",
		203: "Run_Out_Cancel",
		204: "Soft_ECC_Correction",
		205: "Thermal_Asperity_Rate",
		228: "Power-off_Retract_Count",
		232: "Available_Reservd_Space",
		241: "Total_LBAs_Written",
		242: "Total_LBAs_Read",
		250: "Read_Error_Retry_Rate",
	}
}

func diskNames() map[uint8]string {
	return map[uint8]string{
		6:   "Read_Channel_Margin",
		7:   "Seek_Error_Rate",
		8:   "Seek_Time_Performance",
		10:  "Spin_Retry_Count",
		11:  "Calibration_Retry_Count",
		22:  "Helium_Level",
		189: "High_Fly_Writes",
		191: "G-Sense_Error_Rate",
		193: "Load_Cycle_Count",
		200: "Multi_Zone_Error_Rate",
		201: "Soft_Read_Error_Rate",
		202: "Data_Address_Mark_Errs",
		206: "Flying_Height",
		207: "Spin_High_Current",
		208: "Spin_Buzz",
		209: "Offline_Seek_Performnce",
		220: "Disk_Shift",
		221: "G-Sense_Error_Rate",
		222: "Loaded_Hours",
		223: "Load_Retry_Count",
		224: "Load_Friction",
		225: "Load_Cycle_Count",
		226: "Load-in_Time",
		227: "Torq-amp_Count",
		230: "Head_Amplitude",
		231: "Temperature_Celsius",
		240: "Head_Flying_Hours",
		254: "Free_Fall_Sensor",
	}
}

func flashNames() map[uint8]string {
	return map[uint8]string{
		170: "Reserve_Block_Count",
		171: "Program_Fail_Count",
		172: "Erase_Fail_Count",
		173: "Wear_Leveling_Count",
		174: "Unexpect_Power_Loss_Ct",
		175: "Program_Fail_Count_Chip",
		176: "Erase_Fail_Count_Chip",
		177: "Wear_Leveling_Count",
		178: "Used_Rsvd_Blk_Cnt_Chip",
		179: "Used_Rsvd_Blk_Cnt_Tot",
		180: "Unused_Rsvd_Blk_Cnt_Tot",
		182: "Erase_Fail_Count_Total",
		233: "Media_Wearout_Indicator",
	}
}
