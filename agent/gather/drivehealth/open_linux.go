package drivehealth

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"

	"muster/agent/gather/block"
	"muster/agent/host"
)

// commandLimit is how long a drive may take for one command, in milliseconds.
// A healthy one takes less than 20; one that spins up would take 10 s.
const commandLimit = 8_000

// system is SG_IO and NVMe's admin commands.
func system() (opener, source) { return openDrive, sysfs() }

// openDrive opens the device file of a drive to read. O_NONBLOCK keeps the
// kernel from looking for a medium, which would wake some.
func openDrive(h *host.Host, d block.Drive) (way, error) {
	if h.Root != "/" {
		return nil, errors.New("a recorded machine has no drives to ask")
	}
	f, err := os.OpenFile("/dev/"+d.Name, os.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	switch {
	case errors.Is(err, fs.ErrPermission):
		return nil, lacks(h, d)
	case err != nil:
		return nil, err
	}
	return device{f}, nil
}

type device struct{ f *os.File }

func (d device) close() { d.f.Close() }

// header is struct sg_io_hdr of linux/include/scsi/sg.h.
type header struct {
	id             int32
	direction      int32
	commandSize    uint8
	senseMost      uint8
	_              uint16
	dataSize       uint32
	data           unsafe.Pointer
	command, sense unsafe.Pointer
	limit          uint32 // milliseconds
	flags          uint32
	_              int32
	_              unsafe.Pointer
	status         uint8
	_, _           uint8
	senseSize      uint8
	host, driver   uint16
	rest           int32
	_, _           uint32
}

func (d device) scsi(cdb, data []byte) (int, []byte, error) {
	if !harmless(cdb) {
		return 0, nil, fmt.Errorf("command %x is not one of those that are sent", cdb)
	}
	const sgIO, none, fromDevice = 0x2285, -1, -3
	sense := make([]byte, 64)
	var pin runtime.Pinner
	defer pin.Unpin()
	pin.Pin(&cdb[0])
	pin.Pin(&sense[0])
	h := header{id: 'S', direction: none, commandSize: uint8(len(cdb)), senseMost: uint8(len(sense)),
		command: unsafe.Pointer(&cdb[0]), sense: unsafe.Pointer(&sense[0]), limit: commandLimit}
	if len(data) > 0 {
		pin.Pin(&data[0])
		h.direction, h.dataSize, h.data = fromDevice, uint32(len(data)), unsafe.Pointer(&data[0])
	}
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, d.f.Fd(), sgIO, uintptr(unsafe.Pointer(&h)))
	runtime.KeepAlive(&h)
	switch {
	case errno == unix.EPERM || errno == unix.EACCES:
		return 0, nil, fmt.Errorf("SG_IO: %w", fs.ErrPermission)
	case errno == unix.ENOTTY || errno == unix.EINVAL || errno == unix.EOPNOTSUPP:
		return 0, nil, hiddenError("its driver does not pass on SCSI commands")
	case errno != 0:
		return 0, nil, fmt.Errorf("SG_IO: %w", errno)
	case h.host == 3:
		return 0, nil, fmt.Errorf("no answer within %d s", commandLimit/1000)
	case h.host != 0:
		return 0, nil, fmt.Errorf("the controller failed (host status %02xh)", h.host)
	}
	const good, checkCondition = 0, 2
	switch h.status {
	case good, checkCondition:
	default:
		return 0, nil, fmt.Errorf("the drive answers with status %02xh", h.status)
	}
	n := len(data) - int(h.rest)
	if n < 0 || n > len(data) {
		n = 0
	}
	if h.senseSize == 0 {
		if h.status == checkCondition {
			return 0, nil, errors.New("the drive refused without saying why")
		}
		return n, nil, nil
	}
	return n, sense[:min(int(h.senseSize), len(sense))], nil
}

// passthru is struct nvme_passthru_cmd of linux/include/uapi/linux/nvme_ioctl.h.
type passthru struct {
	opcode, flags uint8
	_             uint16
	namespace     uint32
	_, _          uint32
	_             uint64
	address       uint64
	_             uint32
	size          uint32
	dw10          uint32
	_, _, _, _, _ uint32
	limit         uint32 // milliseconds
	result        uint32
}

func (d device) admin(c nvmeCommand, data []byte) error {
	if !c.harmless() {
		return fmt.Errorf("admin command %02xh is not one of those that are sent", c.opcode)
	}
	const adminCommand = 0xc0484e41 // _IOWR('N', 0x41, struct nvme_passthru_cmd)
	var pin runtime.Pinner
	defer pin.Unpin()
	pin.Pin(&data[0])
	p := passthru{opcode: c.opcode, namespace: c.namespace, dw10: c.dw10, limit: commandLimit,
		address: uint64(uintptr(unsafe.Pointer(&data[0]))), size: uint32(len(data))}
	status, _, errno := unix.Syscall(unix.SYS_IOCTL, d.f.Fd(), adminCommand, uintptr(unsafe.Pointer(&p)))
	runtime.KeepAlive(&p)
	switch {
	case errno == unix.EPERM || errno == unix.EACCES:
		return fmt.Errorf("NVME_IOCTL_ADMIN_CMD: %w", fs.ErrPermission)
	case errno != 0:
		return fmt.Errorf("NVME_IOCTL_ADMIN_CMD: %w", errno)
	case status != 0:
		return fmt.Errorf("the drive answers with status %03xh", status)
	}
	return nil
}
