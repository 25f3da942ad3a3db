package volume

import (
	"context"
	"slices"
	"strings"

	"muster/agent/gather/apple"
	"muster/agent/host"
	"muster/internal/inventory"
	"muster/internal/order"
)

// storage is system_profiler's SPStorageDataType: mounted volumes.
type storage struct {
	List []mounted `json:"SPStorageDataType"`
}

type mounted struct {
	Label      apple.Text `json:"_name"`
	Device     apple.Text `json:"bsd_name"`
	Filesystem apple.Text `json:"file_system"`
	Free       *int64     `json:"free_space_in_bytes"`
	Size       int64      `json:"size_in_bytes"`
	Mount      apple.Text `json:"mount_point"`
	UUID       apple.Text `json:"volume_uuid"`
	Writable   apple.Text `json:"writable"`
	Drive      struct {
		Internal apple.Text `json:"is_internal_disk"`
		Protocol apple.Text `json:"protocol"` // Apple Fabric, PCI-Express, SATA, USB, Disk Image
		Medium   apple.Text `json:"medium_type"`
	} `json:"physical_drive"`
}

// maxMounted bounds the volumes kept.
const maxMounted = 1000

// readMac reads the section on macOS. Volumes of one APFS container share its
// space: it is told once, on the one that holds people's data and that the
// system calls "/" (volumes "/" and "/System/Volumes/Data" are one to people).
func readMac(ctx context.Context, h *host.Host) ([]inventory.Volume, []string, []string, error) {
	var all storage
	if err := apple.Profile(ctx, h, "profiler-storage", &all); err != nil {
		return nil, nil, nil, err
	}
	rows := []inventory.Volume{}
	var faults []string
	for _, s := range all.List {
		mount := string(s.Mount)
		if mount == "" || !strings.HasPrefix(mount, "/") || hidden(mount) || len(rows) == maxMounted {
			continue
		}
		r := inventory.Volume{Mount: mount, Filesystem: format(string(s.Filesystem)), Label: string(s.Label), UUID: string(s.UUID),
			Kind: kindMac(s), System: new(mount == "/")}
		if s.Device != "" {
			r.Source = "/dev/" + string(s.Device)
		}
		// The system's own volume is sealed and read-only by design; what counts
		// there is whether people's data beside it can be written.
		r.ReadOnly = new(s.Writable == "no" && mount != "/")
		if *r.ReadOnly {
			r.Options = []string{"ro"}
		}
		if s.Size > 0 && s.Free != nil && *s.Free >= 0 && *s.Free <= s.Size {
			used := s.Size - *s.Free
			percent := float64(int64(float64(used)/float64(s.Size)*1000+0.5)) / 10
			r.SizeBytes, r.FreeBytes, r.UsedBytes, r.UsedPercent = s.Size, s.Free, &used, &percent
		} else if s.Size == 0 {
			faults = append(faults, mount+": no size is told")
		}
		rows = append(rows, r)
	}
	order.By(rows, func(a, b inventory.Volume) int { return strings.Compare(a.Mount, b.Mount) })
	rows = slices.CompactFunc(rows, func(a, b inventory.Volume) bool { return a.Mount == b.Mount })
	return rows, []string{"system_profiler"}, faults, nil
}

// hidden says of a volume that it is the system's own helper (Preboot, VM,
// Update, recovery, simulators), whose space is that of "/".
func hidden(mount string) bool {
	return strings.HasPrefix(mount, "/System/Volumes/") || strings.HasPrefix(mount, "/private/var/") || strings.HasPrefix(mount, "/Library/Developer/CoreSimulator/")
}

// format is the type of file system in the catalogue's words.
func format(s string) string {
	s = strings.ToLower(s)
	switch {
	case strings.Contains(s, "apfs"):
		return "apfs"
	case strings.Contains(s, "hfs+"):
		return "hfs+"
	case strings.Contains(s, "exfat"):
		return "exfat"
	case strings.Contains(s, "fat32"), strings.Contains(s, "fat16"), strings.Contains(s, "ms-dos"):
		return "vfat"
	case strings.Contains(s, "ntfs"):
		return "ntfs"
	}
	return s
}

func kindMac(s mounted) string {
	switch {
	case s.Drive.Protocol == "Disk Image":
		return "virtual"
	case s.Drive.Internal == "no":
		return "removable"
	}
	return "fixed"
}
