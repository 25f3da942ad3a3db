package inventory

import "time"

// Volume is one mounted file system or drive letter with a local store.
// Network, overlay and memory file systems are left out; an APFS container's
// space is told once, on the volume it starts the system from.
type Volume struct {
	Mount       string   `inv:"mount,key" doc:"Mount point, drive letter such as C:, or volume GUID path when it has none."`
	Source      string   `inv:"source" doc:"Device or data set behind it, such as /dev/sda2, /dev/mapper/root or tank/home."`
	Filesystem  string   `inv:"filesystem,dict" doc:"Type of file system in lower case, such as ext4, xfs, ntfs, refs or apfs."`
	Label       string   `inv:"label" doc:"Label of the file system."`
	UUID        string   `inv:"uuid" doc:"UUID or serial of the file system."`
	Options     []string `inv:"options" doc:"Mount options that matter: ro, noexec, nosuid, nodev, discard."`
	Disks       []string `inv:"disks" doc:"Names of the physical drives below it (disk.name)."`
	Kind        string   `inv:"kind" enum:"fixed|removable|optical|virtual|other" doc:"Kind of medium."`
	System      *bool    `inv:"system" doc:"True for the volume that holds the operating system."`
	ReadOnly    *bool    `inv:"read_only" doc:"True when mounted read-only; a system volume that becomes so has found damage."`
	Dirty       *bool    `inv:"dirty" doc:"True when the file system is marked as needing a check."`
	SizeBytes   int64    `inv:"size_bytes" unit:"byte" doc:"Size of the file system; for a pooled one the size of its pool."`
	FreeBytes   *int64   `inv:"free_bytes,latest" unit:"byte" doc:"Space free for ordinary users."`
	UsedBytes   *int64   `inv:"used_bytes,latest" unit:"byte" doc:"Space in use."`
	UsedPercent *float64 `inv:"used_percent,latest" unit:"percent" doc:"Used share of what ordinary users can use, as df counts it."`
	InodeCount  *int64   `inv:"inode_count,latest" unit:"count" doc:"Inodes in all, where the file system has a fixed number."`
	InodesFree  *int64   `inv:"free_inode_count,latest" unit:"count" doc:"Inodes free."`
	Snapshots   *int64   `inv:"snapshot_count,latest" unit:"count" doc:"Snapshots or shadow copies held on it."`
}

// Section says how the section is named, kept and read.
func (Volume) Section() Meta {
	return Meta{Name: "volume", Doc: "Mounted local file systems with size and free space.", Cadence: time.Hour,
		Windows: "FindFirstVolume, GetVolumeInformation, GetDiskFreeSpaceEx, IOCTL_VOLUME_GET_VOLUME_DISK_EXTENTS", Darwin: "system_profiler SPStorageDataType", Linux: "/proc/self/mountinfo, statfs with a limit of 2 s, /sys/dev/block"}
}
