// Package diskspace samples the space on volumes (measurement disk). Which
// mounts are volumes is decided by the volume gatherer.
package diskspace

import (
	"context"
	"errors"
	"strings"

	"muster/agent/gather"
	"muster/agent/host"
)

// Volume is a mounted file system to sample.
type Volume struct {
	Path, Device, Filesystem string
	ReadOnly                 bool
}

// Sampler asks for the size of each volume.
type Sampler struct {
	Volumes func(h *host.Host) ([]Volume, error)
}

// Name of the sampler in logs.
func (*Sampler) Name() string { return "disk" }

const most = 32

// Sample puts the space of every volume; one that does not answer is left out
// and told.
func (s *Sampler) Sample(ctx context.Context, h *host.Host, to gather.Sink) error {
	vs, err := s.Volumes(h)
	if err != nil {
		return err
	}
	var errs []error
	for _, v := range vs[:min(len(vs), most)] {
		f, err := h.Size(ctx, v.Path)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if f.Size == 0 {
			continue
		}
		mode := "rw"
		if v.ReadOnly || f.ReadOnly {
			mode = "ro"
		}
		labels := []string{"path", v.Path, "device", strings.TrimPrefix(v.Device, "/dev/"), "fstype", v.Filesystem, "mode", mode}
		used := f.Size - f.Free
		// As df counts: of what is used and what ordinary users may use.
		if used+f.Available > 0 {
			to.Put("disk", "used_percent", float64(used)/float64(used+f.Available)*100, labels...)
		}
		to.Put("disk", "free", float64(f.Available), labels...)
		if f.Files > 0 {
			to.Put("disk", "inodes_used_percent", float64(f.Files-f.FilesFree)/float64(f.Files)*100, labels...)
		}
		to.Put("disk", "total", float64(f.Size), labels...)
	}
	return errors.Join(errs...)
}
