package inventory

import "time"

// DiskHealth is what a drive says of its own health. Counters are samples
// (metric smart_device, smart_attribute) and stand here as last read; what is
// kept as state are judgements and limits. Unknown is not ok: readable says
// whether the drive could be asked at all.
type DiskHealth struct {
	Disk                string    `inv:"disk,key" doc:"Drive (disk.name)."`
	Serial              string    `inv:"serial" doc:"Serial number of the drive, so that health follows it over renaming."`
	Model               string    `inv:"model,dict" doc:"Model of the drive; limits are judged per model."`
	Protocol            string    `inv:"protocol" enum:"ata|nvme|scsi|emmc|other" doc:"Protocol the health was read by."`
	Readable            *bool     `inv:"readable" doc:"False when the drive cannot be seen, as behind RAID modes, USB bridges and in virtual machines."`
	UnreadableReason    string    `inv:"unreadable_reason,dict" doc:"Why it cannot be seen."`
	Standby             *bool     `inv:"standby,latest" doc:"True when the drive was spun down and left asleep, so that older readings stand."`
	Passed              *bool     `inv:"passed" doc:"Overall judgement of the drive; false predicts failure."`
	WarnSpare           *bool     `inv:"warning_spare" doc:"NVMe critical warning bit 0: spare space below its threshold."`
	WarnTemperature     *bool     `inv:"warning_temperature" doc:"NVMe critical warning bit 1: temperature out of range."`
	WarnReliability     *bool     `inv:"warning_reliability" doc:"NVMe critical warning bit 2: reliability degraded by media or internal errors."`
	WarnReadOnly        *bool     `inv:"warning_read_only" doc:"NVMe critical warning bit 3: medium became read-only."`
	WarnBackup          *bool     `inv:"warning_backup" doc:"NVMe critical warning bit 4: volatile memory backup failed."`
	FailingAttributes   []string  `inv:"failing_attributes" doc:"Numbers and names of ATA attributes at or below their threshold, now or in the past."`
	SelfTestResult      string    `inv:"self_test_result" enum:"passed|aborted|interrupted|fatal|unknown_failure|electrical|servo|read|handling|running|none" doc:"Result of the last finished self-test."`
	SpareThreshold      *int64    `inv:"spare_threshold_percent" unit:"percent" doc:"Spare space below which the drive warns."`
	WarnCelsius         *float64  `inv:"warning_celsius" unit:"celsius" doc:"Temperature from which the drive warns (WCTEMP)."`
	CriticalCelsius     *float64  `inv:"critical_celsius" unit:"celsius" doc:"Temperature from which it may shut down (CCTEMP, trip)."`
	RatedWrittenBytes   int64     `inv:"rated_written_bytes" unit:"byte" doc:"Bytes the maker rates the drive for, where known."`
	ReadAt              time.Time `inv:"read_at,latest" doc:"When the drive was last asked."`
	Celsius             *float64  `inv:"temperature_celsius,latest" unit:"celsius" doc:"Temperature of the drive."`
	UsedPercent         *int64    `inv:"used_percent,latest" unit:"percent" doc:"Share of its rated life used; can go above 100."`
	SparePercent        *int64    `inv:"spare_percent,latest" unit:"percent" doc:"Spare space left."`
	PowerOnSeconds      *int64    `inv:"power_on_seconds,latest" unit:"second" doc:"Time it has been running."`
	PowerCycles         *int64    `inv:"power_cycle_count,latest" unit:"count" doc:"Times it was switched on."`
	UnsafeShutdowns     *int64    `inv:"unsafe_shutdown_count,latest" unit:"count" doc:"Times power went without notice; high on healthy drives."`
	MediaErrors         *int64    `inv:"media_error_count,latest" unit:"count" doc:"Errors that could not be mended (NVMe media errors, SCSI uncorrected)."`
	ErrorLogEntries     *int64    `inv:"error_log_count,latest" unit:"count" doc:"Entries ever made in the error log; high on healthy drives."`
	Reallocated         *int64    `inv:"reallocated_count,latest" unit:"count" doc:"Sectors replaced (ATA 5, SCSI grown defects)."`
	ReportedUncorrect   *int64    `inv:"reported_uncorrectable_count,latest" unit:"count" doc:"Errors it could not correct (ATA 187)."`
	CommandTimeouts     *int64    `inv:"command_timeout_count,latest" unit:"count" doc:"Commands that timed out (ATA 188, lowest of its three packed counters)."`
	Pending             *int64    `inv:"pending_sector_count,latest" unit:"count" doc:"Sectors waiting to be replaced (ATA 197)."`
	OfflineUncorrect    *int64    `inv:"offline_uncorrectable_count,latest" unit:"count" doc:"Sectors an offline scan could not read (ATA 198)."`
	CRCErrors           *int64    `inv:"crc_error_count,latest" unit:"count" doc:"Transfer errors on the cable (ATA 199)."`
	ReadBytes           *int64    `inv:"read_bytes,latest" unit:"byte" doc:"Bytes read over its life."`
	WrittenBytes        *int64    `inv:"written_bytes,latest" unit:"byte" doc:"Bytes written over its life."`
	WarningTempSeconds  *int64    `inv:"warning_temperature_seconds,latest" unit:"second" doc:"Time spent above the warning temperature."`
	CriticalTempSeconds *int64    `inv:"critical_temperature_seconds,latest" unit:"second" doc:"Time spent above the critical temperature."`
	StartStops          *int64    `inv:"start_stop_count,latest" unit:"count" doc:"Times the platters were started."`
	LoadCycles          *int64    `inv:"load_cycle_count,latest" unit:"count" doc:"Times the heads were parked."`
	Risk                *float64  `inv:"risk_score,latest" doc:"Score of the drive risk model (rule D05); filled in by the collector."`
}

// Section says how the section is named, kept and read.
func (DiskHealth) Section() Meta {
	return Meta{Name: "disk_health", Doc: "What drives say of their own health: judgement, wear, errors, temperature.", Cadence: 6 * time.Hour,
		Windows: "StorageDeviceProtocolSpecificProperty log 0x02, IOCTL_ATA_PASS_THROUGH after CHECK POWER MODE, IOCTL_SCSI_PASS_THROUGH, IOCTL_STORAGE_PREDICT_FAILURE", Darwin: "diskutil info -plist SMARTStatus, NVMe SMART user client",
		Linux: "SG_IO ATA PASS-THROUGH after CHECK POWER MODE, NVME_IOCTL_ADMIN_CMD log 0x02, LOG SENSE, eMMC life_time", SNMP: "SYNOLOGY-DISK-MIB, SYNOLOGY-SMART-MIB, QNAP NAS-MIB, CPQIDA-MIB"}
}
