package agent

import (
	"context"
	"time"

	"muster/agent/gather/block"
	"muster/agent/gather/disk"
	"muster/agent/gather/diskspace"
	"muster/agent/gather/iface"
	"muster/agent/gather/osrelease"
	"muster/agent/gather/system"
	"muster/agent/gather/volume"
	"muster/agent/host"
	"muster/internal/enroll"
)

// evidence collects what tells this machine from others. What cannot be read
// is absent, and proves nothing.
func evidence(ctx context.Context, h *host.Host) enroll.Evidence {
	var e enroll.Evidence
	if s, err := system.Row(ctx, h); err == nil {
		e.Add(enroll.SMBIOSUUID, s.UUID)
		e.Add(enroll.SystemSerial, enroll.ModelSerial(s.Model, s.Serial))
		e.Add(enroll.BoardSerial, s.BoardSerial)
	}
	if rows, err := iface.Rows(ctx, h); err == nil {
		for _, mac := range iface.PermanentMACs(rows) {
			e.Add(enroll.PCIMAC, mac)
		}
	}
	if rows, err := disk.Rows(ctx, h); err == nil {
		e.Add(enroll.BootDisk, disk.BootSerial(rows))
	}
	if o, err := osrelease.Row(ctx, h); err == nil {
		e.Add(enroll.MachineID, o.MachineID)
	}
	return e
}

// volumes are those whose space is sampled.
func volumes(h *host.Host) ([]diskspace.Volume, error) {
	rows, err := volume.Mounted(h)
	if err != nil {
		return nil, err
	}
	out := make([]diskspace.Volume, 0, len(rows))
	for _, r := range rows {
		out = append(out, diskspace.Volume{Path: r.Mount, Device: r.Source, Filesystem: r.Filesystem, ReadOnly: r.ReadOnly != nil && *r.ReadOnly})
	}
	return out, nil
}

// serials finds serial numbers of drives by the names the kernel's log has for
// them: of a drive, a partition, a port. Names move, and what is looked up is a
// fault: the list is never older than a few minutes.
type serials struct {
	host   *host.Host
	now    func() time.Time
	at     time.Time
	places block.Places
}

const serialsAge = 5 * time.Minute

func (s *serials) of(_ context.Context, name string) string {
	if now := s.now(); s.at.IsZero() || now.Sub(s.at).Abs() > serialsAge {
		s.at, s.places = now, block.ReadPlaces(s.host)
	}
	d, _ := s.places.Find(name)
	return d.Serial
}
