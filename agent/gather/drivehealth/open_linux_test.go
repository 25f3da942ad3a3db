package drivehealth

import (
	"errors"
	"io/fs"
	"testing"
	"unsafe"

	"muster/agent/gather/block"
	"muster/agent/host"
)

// The kernel takes these as its own structs: on systems of 64 bits 88 bytes
// (scsi/sg.h) and 72 (uapi/linux/nvme_ioctl.h).
func TestLayout(t *testing.T) {
	if unsafe.Sizeof(uintptr(0)) == 8 {
		if n := unsafe.Sizeof(header{}); n != 88 {
			t.Errorf("sg_io_hdr has %d bytes", n)
		}
		if n := unsafe.Offsetof(header{}.status); n != 64 {
			t.Errorf("status lies at %d", n)
		}
	}
	if n := unsafe.Sizeof(passthru{}); n != 72 {
		t.Errorf("nvme_passthru_cmd has %d bytes", n)
	}
	if n := unsafe.Offsetof(passthru{}.dw10); n != 40 {
		t.Errorf("cdw10 lies at %d", n)
	}
}

// TestDrivesOfThisMachine asks what there is, through the kernel.
func TestDrivesOfThisMachine(t *testing.T) {
	h := host.Local()
	names, err := block.Drives(h)
	if err != nil || len(names) == 0 {
		t.Skipf("no drives to be seen here (%v): system calls are not tried", err)
	}
	for _, name := range names {
		d := block.ReadDrive(h, name)
		w, err := openDrive(h, d)
		if err != nil {
			if !errors.Is(err, fs.ErrPermission) && !errors.Is(err, fs.ErrNotExist) {
				t.Logf("%s: %v", name, err)
			}
			continue
		}
		if _, _, err := w.scsi([]byte{0x2a, 0, 0, 0, 0, 0, 0, 0, 1, 0}, make([]byte, 512)); err == nil {
			t.Errorf("%s: a write was sent", name)
		}
		n, sense, err := w.scsi(requestSense(252), make([]byte, 252))
		t.Logf("%s (%s): REQUEST SENSE gives %d bytes, %x, %v", name, d.Bus, n, sense, err)
		if err := w.admin(nvmeCommand{opcode: 0x80}, make([]byte, 512)); err == nil {
			t.Errorf("%s: a command of NVMe that formats was sent", name)
		}
		w.close()
	}
}
