package inventory

import "time"

// DiskSelfTest is one entry of a drive's self-test log.
type DiskSelfTest struct {
	Disk         string `inv:"disk,key" doc:"Drive (disk.name)."`
	PowerOnHours int64  `inv:"power_on_hours,key" unit:"hour" doc:"Hours the drive had been running when the test ended."`
	Kind         string `inv:"kind,key" enum:"short|extended|conveyance|selective|offline|vendor" doc:"Kind of test."`
	Result       string `inv:"result" enum:"passed|aborted|interrupted|fatal|unknown_failure|electrical|servo|read|handling|running|none" doc:"How it ended."`
	FirstLBA     *int64 `inv:"first_error_lba" doc:"First block that could not be read."`
	Remaining    *int64 `inv:"remaining_percent,latest" unit:"percent" doc:"Share of the test not done."`
}

// Section says how the section is named, kept and read.
func (DiskSelfTest) Section() Meta {
	return Meta{Name: "disk_selftest", Doc: "Self-test logs of drives.", Cadence: 6 * time.Hour,
		Windows: "IOCTL_ATA_PASS_THROUGH SMART READ LOG 6, NVMe log 0x06", Linux: "SG_IO SMART READ LOG 6, NVMe log 0x06"}
}
