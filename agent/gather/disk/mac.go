package disk

import (
	"context"
	"strings"

	"muster/agent/gather/apple"
	"muster/agent/host"
	"muster/internal/inventory"
)

// controllers is what system_profiler says of SPNVMeDataType and
// SPSerialATADataType: controllers, and the drives on each.
type controllers struct {
	NVMe []controller `json:"SPNVMeDataType"`
	SATA []controller `json:"SPSerialATADataType"`
}

type controller struct {
	Name   apple.Text `json:"_name"`
	Link   apple.Text `json:"spsata_linkspeed"` // 6 Gigabit
	Drives []struct {
		Name       apple.Text `json:"bsd_name"`
		Model      apple.Text `json:"device_model"`
		Firmware   apple.Text `json:"device_revision"`
		Serial     apple.Text `json:"device_serial"`
		Size       int64      `json:"size_in_bytes"`
		Health     apple.Text `json:"smart_status"` // Verified, Failing, Not Supported
		Removable  apple.Text `json:"removable_media"`
		Detachable apple.Text `json:"detachable_drive"`
		Trim       apple.Text `json:"spnvme_trim_support"`
		TrimSATA   apple.Text `json:"spsata_trim_support"`
		Medium     apple.Text `json:"spsata_medium_type"` // Solid State, Rotational
		Speed      apple.Text `json:"spsata_rotational_rate"`
		Map        apple.Text `json:"partition_map_type"`
		Volumes    []struct {
			Name apple.Text `json:"bsd_name"`
		} `json:"volumes"`
	} `json:"_items"`
}

// maxDrives bounds the drives kept.
const maxDrives = 512

// readMac reads the section on macOS: drives on NVMe and SATA. Sticks and disks
// on USB come and go and are told as volumes.
func readMac(ctx context.Context, h *host.Host) ([]inventory.Disk, []string, error) {
	var all controllers
	if err := apple.Profile(ctx, h, "profiler-drives", &all); err != nil {
		return nil, nil, err
	}
	rows := []inventory.Disk{}
	add := func(list []controller, bus string) {
		for _, c := range list {
			for _, d := range c.Drives {
				if d.Name == "" || len(rows) == maxDrives {
					continue // a slot without a drive
				}
				r := inventory.Disk{Name: string(d.Name), Model: strings.Join(strings.Fields(string(d.Model)), " "), Serial: strings.TrimSpace(string(d.Serial)),
					Firmware: string(d.Firmware), SizeBytes: max(d.Size, 0), Bus: bus, Controller: string(c.Name), Kind: "ssd",
					Removable: yes(d.Removable), Status: health(d.Health), PartitionTable: partitions(d.Map)}
				if detachable := yes(d.Detachable); detachable != nil {
					r.Internal = new(!*detachable)
				}
				if r.Discard = yes(d.Trim); r.Discard == nil {
					r.Discard = yes(d.TrimSATA)
				}
				r.Rotational = new(false)
				if d.Medium == "Rotational" {
					r.Kind, r.Rotational = "hdd", new(true)
					if n := scaled(string(d.Speed), 1); n > 0 {
						r.RPM = new(n)
					}
				}
				if strings.HasPrefix(r.Model, "APPLE") || strings.HasPrefix(r.Model, "Apple") {
					r.Vendor = "Apple"
				}
				if number, ok := strings.CutSuffix(string(c.Link), " Gigabit"); ok {
					r.MaxLinkBits = scaled(number, 1e9)
				}
				if len(d.Volumes) > 0 {
					r.PartitionCount = new(int64(len(d.Volumes)))
				}
				// Apple's firmware tells its own kernel, and nobody else, more.
				r.SMART = new(r.Status != "unknown")
				// The first built-in drive is the one that a Mac starts from unless
				// somebody chose another.
				r.Boot = new(r.Name == "disk0" && r.Internal != nil && *r.Internal)
				rows = append(rows, r)
			}
		}
	}
	add(all.NVMe, "nvme")
	add(all.SATA, "sata")
	return rows, []string{"system_profiler"}, nil
}

func yes(t apple.Text) *bool {
	switch strings.ToLower(string(t)) {
	case "yes":
		return new(true)
	case "no":
		return new(false)
	}
	return nil
}

func health(t apple.Text) string {
	switch t {
	case "Verified":
		return "ok"
	case "Failing", "About to Fail":
		return "failed"
	}
	return "unknown"
}

func partitions(t apple.Text) string {
	switch t {
	case "guid_partition_map_type":
		return "gpt"
	case "master_boot_record_partition_map_type":
		return "mbr"
	case "apple_partition_map_type":
		return "apm"
	}
	return ""
}
