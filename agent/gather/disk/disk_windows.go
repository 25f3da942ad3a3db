package disk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"unsafe"

	"golang.org/x/sys/windows"

	"muster/agent/host"
	"muster/internal/inventory"
)

// Codes of winioctl.h that ask for no right.
const (
	queryProperty = 0x2d1400 // IOCTL_STORAGE_QUERY_PROPERTY
	geometryEx    = 0x700a0  // IOCTL_DISK_GET_DRIVE_GEOMETRY_EX
	layoutEx      = 0x70050  // IOCTL_DISK_GET_DRIVE_LAYOUT_EX
	diskExtents   = 0x560000 // IOCTL_VOLUME_GET_VOLUME_DISK_EXTENTS
)

// maxDrives is how many numbers are tried: gaps come from drives that went.
const maxDrives = 128

func read(ctx context.Context, _ *host.Host) ([]inventory.Disk, []string, error) {
	system := systemDrives()
	rows := []inventory.Disk{}
	var refused error
	for n := range maxDrives {
		if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
		f, err := open(`\\.\` + name(n))
		if err != nil {
			if !errors.Is(err, fs.ErrNotExist) {
				refused = fmt.Errorf("open drive %d: %w", n, err)
			}
			continue
		}
		a := answers{Number: n, Device: property(f, 0), Align: property(f, 6), Seek: property(f, 7), Trim: property(f, 8),
			Geometry: control(f, geometryEx, nil), Layout: control(f, layoutEx, nil), System: slices.Contains(system, n)}
		windows.CloseHandle(f)
		if r, ok := windowsRow(a); ok {
			rows = append(rows, r)
		}
	}
	if len(rows) == 0 && refused != nil {
		return nil, nil, refused
	}
	if len(rows) == 0 {
		return nil, nil, fmt.Errorf("no drive tells what it is here: %w", errors.ErrUnsupported)
	}
	return rows, []string{"storage_query"}, nil
}

// open opens a device without any right to its data: enough to ask it, and it
// wakes nothing.
func open(path string) (windows.Handle, error) {
	p, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return 0, err
	}
	return windows.CreateFile(p, 0, windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE, nil, windows.OPEN_EXISTING, 0, 0)
}

// property asks for a STORAGE_PROPERTY_ID.
func property(f windows.Handle, id uint32) []byte {
	question := [12]byte{byte(id)} // PropertyId, PropertyStandardQuery, nothing more
	return control(f, queryProperty, question[:])
}

func control(f windows.Handle, code uint32, in []byte) []byte {
	out := make([]byte, 32<<10)
	var n uint32
	var p *byte
	if len(in) > 0 {
		p = unsafe.SliceData(in)
	}
	if err := windows.DeviceIoControl(f, code, p, uint32(len(in)), &out[0], uint32(len(out)), &n, nil); err != nil {
		return nil
	}
	return out[:n]
}

// systemDrives are the numbers of the drives that Windows lies on.
func systemDrives() []int {
	root := os.Getenv("SystemDrive")
	if root == "" {
		root = "C:"
	}
	f, err := open(`\\.\` + root)
	if err != nil {
		return nil
	}
	defer windows.CloseHandle(f)
	return parseExtents(control(f, diskExtents, nil))
}
