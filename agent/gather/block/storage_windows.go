package block

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"unsafe"

	"golang.org/x/sys/windows"
)

// Codes of winioctl.h that ask for no right.
const (
	queryProperty = 0x2d1400 // IOCTL_STORAGE_QUERY_PROPERTY
	geometryEx    = 0x700a0  // IOCTL_DISK_GET_DRIVE_GEOMETRY_EX
)

// Storage is a drive or volume that is open to be asked, without any right to
// its data: enough for most questions, and it wakes nothing.
type Storage struct{ at windows.Handle }

// OpenStorage opens a drive or volume by its path, such as \\.\PhysicalDrive0.
func OpenStorage(path string) (Storage, error) { return open(path, 0) }

// OpenCommands opens a drive so that commands may be sent to it, which takes
// an administrator's rights.
func OpenCommands(name string) (Storage, error) {
	return open(`\\.\`+name, windows.GENERIC_READ|windows.GENERIC_WRITE)
}

func open(path string, access uint32) (Storage, error) {
	p, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return Storage{}, err
	}
	f, err := windows.CreateFile(p, access, windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE, nil, windows.OPEN_EXISTING, 0, 0)
	return Storage{f}, err
}

// Close gives it back.
func (s Storage) Close() { windows.CloseHandle(s.at) }

// Property asks for a STORAGE_PROPERTY_ID; nil when it is not told.
func (s Storage) Property(id uint32) []byte {
	question := [12]byte{byte(id)} // PropertyId, PropertyStandardQuery, nothing more
	b, _ := s.Control(queryProperty, question[:])
	return b
}

// Query asks by IOCTL_STORAGE_QUERY_PROPERTY with more than the id.
func (s Storage) Query(question []byte) ([]byte, error) { return s.Control(queryProperty, question) }

// Control sends a control code.
func (s Storage) Control(code uint32, in []byte) ([]byte, error) {
	out := make([]byte, 32<<10)
	var n uint32
	var p *byte
	if len(in) > 0 {
		p = unsafe.SliceData(in)
	}
	if err := windows.DeviceIoControl(s.at, code, p, uint32(len(in)), &out[0], uint32(len(out)), &n, nil); err != nil {
		return nil, err
	}
	return out[:n], nil
}

// Powered says whether the system keeps the drive at full power; asking wakes
// none.
func (s Storage) Powered() bool {
	p := windows.NewLazySystemDLL("kernel32.dll").NewProc("GetDevicePowerState")
	on := int32(1)
	if p.Find() != nil {
		return true
	}
	ok, _, _ := p.Call(uintptr(s.at), uintptr(unsafe.Pointer(&on)))
	return ok == 0 || on != 0
}

// Answers asks a drive what it is.
func (s Storage) Answers(number int) Answers {
	a := Answers{Number: number, Device: s.Property(0), Align: s.Property(6), Seek: s.Property(7)}
	a.Geometry, _ = s.Control(geometryEx, nil)
	return a
}

// maxNumbers is how many numbers are tried: gaps come from drives that went.
const maxNumbers = 128

// EachStorage opens each drive and hands it on with its answers. The error is
// that of a drive that could not be opened when there was no other.
func EachStorage(ctx context.Context, do func(Answers, Storage)) error {
	found := false
	var refused error
	for n := range maxNumbers {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		s, err := OpenStorage(`\\.\` + NameOf(n))
		if err != nil {
			if !errors.Is(err, fs.ErrNotExist) {
				refused = fmt.Errorf("open drive %d: %w", n, err)
			}
			continue
		}
		found = true
		do(s.Answers(n), s)
		s.Close()
	}
	if found {
		return nil
	}
	return refused
}
