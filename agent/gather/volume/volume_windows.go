package volume

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/windows"

	"muster/agent/host"
	"muster/internal/inventory"
)

const maxVolumes = 1024

func read(ctx context.Context, h *host.Host) ([]inventory.Volume, []string, []string, error) {
	list, err := stores()
	if err != nil {
		return nil, nil, nil, err
	}
	var faults []string
	rows := []inventory.Volume{}
	for _, s := range list {
		if ctx.Err() != nil {
			return nil, nil, nil, ctx.Err()
		}
		if len(s.Mounts) > 0 {
			// The one call that waits for a drive that does not answer.
			if f, err := h.Size(ctx, s.Mounts[0]); err == nil {
				s.Space, s.SpaceKnown = f, true
			} else {
				faults = append(faults, err.Error())
			}
		}
		s.Extents, s.Dirty = ask(s.GUID)
		rows = append(rows, s.row(system()))
	}
	return rows, []string{"volumes"}, faults, nil
}

// system is the letter of the drive that Windows runs from.
func system() string {
	if d := os.Getenv("SystemDrive"); d != "" {
		return d
	}
	return "C:"
}

// stores lists local volumes with a file system; drives without a medium have
// none.
func stores() ([]store, error) {
	var name [64]uint16
	find, err := windows.FindFirstVolume(&name[0], uint32(len(name)))
	if err != nil {
		return nil, fmt.Errorf("list volumes: %w", err)
	}
	defer windows.FindVolumeClose(find)
	var list []store
	for len(list) < maxVolumes {
		if s, ok := describe(&name[0]); ok {
			list = append(list, s)
		}
		err := windows.FindNextVolume(find, &name[0], uint32(len(name)))
		if errors.Is(err, windows.ERROR_NO_MORE_FILES) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("list volumes: %w", err)
		}
	}
	return list, nil
}

func describe(guid *uint16) (store, bool) {
	s := store{GUID: windows.UTF16PtrToString(guid), Drive: windows.GetDriveType(guid)}
	var label, kind [windows.MAX_PATH + 1]uint16
	var longest uint32
	if err := windows.GetVolumeInformation(guid, &label[0], uint32(len(label)), &s.Serial, &longest, &s.Flags, &kind[0], uint32(len(kind))); err != nil {
		return s, false
	}
	s.Label, s.Filesystem = windows.UTF16ToString(label[:]), windows.UTF16ToString(kind[:])
	paths := make([]uint16, 8<<10)
	var n uint32
	if windows.GetVolumePathNamesForVolumeName(guid, &paths[0], uint32(len(paths)), &n) == nil {
		for rest := paths[:min(int(n), len(paths))]; len(rest) > 0 && rest[0] != 0; {
			p := windows.UTF16ToString(rest)
			s.Mounts = append(s.Mounts, p)
			i := 0
			for i < len(rest) && rest[i] != 0 {
				i++
			}
			rest = rest[min(i+1, len(rest)):]
		}
	}
	if len(s.Mounts) > 0 {
		if p, err := windows.UTF16PtrFromString(s.Mounts[0]); err == nil {
			s.Drive = windows.GetDriveType(p)
		}
	}
	return s, true
}

// ask asks a volume which drives it lies on, and where the right is there,
// whether it is marked as damaged.
func ask(guid string) (extents []byte, dirty *bool) {
	const diskExtents, isDirty = 0x560000, 0x90078 // IOCTL_VOLUME_GET_VOLUME_DISK_EXTENTS, FSCTL_IS_VOLUME_DIRTY
	open := func(access uint32) (windows.Handle, error) {
		p, err := windows.UTF16PtrFromString(strings.TrimSuffix(guid, `\`))
		if err != nil {
			return 0, err
		}
		return windows.CreateFile(p, access, windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE, nil, windows.OPEN_EXISTING, 0, 0)
	}
	if f, err := open(0); err == nil {
		out := make([]byte, 4096)
		var n uint32
		if windows.DeviceIoControl(f, diskExtents, nil, 0, &out[0], uint32(len(out)), &n, nil) == nil {
			extents = out[:n]
		}
		windows.CloseHandle(f)
	}
	if f, err := open(windows.GENERIC_READ); err == nil {
		var out [4]byte
		var n uint32
		if windows.DeviceIoControl(f, isDirty, nil, 0, &out[0], 4, &n, nil) == nil && n == 4 {
			dirty = new(out[0]&1 != 0)
		}
		windows.CloseHandle(f)
	}
	return extents, dirty
}
