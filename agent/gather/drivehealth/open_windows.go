package drivehealth

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"golang.org/x/sys/windows"

	"muster/agent/gather/block"
	"muster/agent/host"
)

// Codes of ntddscsi.h and ntdddisk.h.
const (
	ataPassThrough  = 0x4d02c  // IOCTL_ATA_PASS_THROUGH
	scsiPassThrough = 0x4d004  // IOCTL_SCSI_PASS_THROUGH
	performance     = 0x70020  // IOCTL_DISK_PERFORMANCE
	predictFailure  = 0x2d1100 // IOCTL_STORAGE_PREDICT_FAILURE
)

// system is what Windows passes on: commands of ATA and SCSI with an
// administrator's rights, and questions to NVMe drives with none.
func system() (opener, source) {
	return openDrive, source{list: drives, work: work, again: again, foretold: foretold}
}

// drives asks each drive what it is.
func drives(ctx context.Context, _ *host.Host) ([]block.Drive, error) {
	var list []block.Drive
	err := block.EachStorage(ctx, func(a block.Answers, _ block.Storage) {
		if d, _, ok := block.StorageDrive(a); ok {
			list = append(list, d)
		}
	})
	if err == nil && len(list) == 0 {
		err = fmt.Errorf("no drive tells what it is here: %w", errors.ErrUnsupported)
	}
	return list, err
}

// again asks the drive that has the number now what it is; what was known when
// none answers.
func again(_ *host.Host, d block.Drive) block.Drive {
	n, err := strconv.Atoi(strings.TrimPrefix(d.Name, "PhysicalDrive"))
	if err != nil {
		return d
	}
	s, err := block.OpenStorage(`\\.\` + d.Name)
	if err != nil {
		return d
	}
	defer s.Close()
	if now, _, ok := block.StorageDrive(s.Answers(n)); ok {
		return now
	}
	return d
}

// work is how much a drive has read and written; the counters are Windows'
// own, so the drive is not asked.
func work(_ *host.Host, name string) string {
	s, err := block.OpenStorage(`\\.\` + name)
	if err != nil {
		return ""
	}
	defer s.Close()
	b, err := s.Control(performance, nil)
	if err != nil || len(b) < 56 {
		return ""
	}
	return fmt.Sprintf("%x", b[:16]) + strconv.Itoa(len(b)) // BytesRead, BytesWritten
}

// foretold asks the driver, which needs no right; a drive that Windows has put
// to sleep is left alone.
func foretold(_ *host.Host, d block.Drive) bool {
	s, err := block.OpenStorage(`\\.\` + d.Name)
	if err != nil {
		return false
	}
	defer s.Close()
	if !s.Powered() {
		return false
	}
	b, err := s.Control(predictFailure, nil)
	return err == nil && foretells(b)
}

func openDrive(_ *host.Host, d block.Drive) (way, error) {
	if d.Bus == "nvme" {
		s, err := block.OpenStorage(`\\.\` + d.Name)
		if err != nil {
			return nil, err
		}
		return storage{s, d}, nil
	}
	s, err := block.OpenCommands(d.Name)
	if errors.Is(err, fs.ErrPermission) {
		return nil, fmt.Errorf("%s cannot be asked: run the agent as LocalSystem, which the service does: %w", d.Name, fs.ErrPermission)
	}
	if err != nil {
		return nil, err
	}
	return storage{s, d}, nil
}

type storage struct {
	block.Storage
	of block.Drive
}

func (s storage) close() { s.Close() }

func (s storage) scsi(cdb, data []byte) (int, []byte, error) {
	if !harmless(cdb) {
		return 0, nil, fmt.Errorf("command %x is not one of those that are sent", cdb)
	}
	// A drive that Windows has put to sleep would be woken by any command.
	if !s.Powered() {
		return 0, nil, errAsleep
	}
	code, pack, unpack := uint32(scsiPassThrough), packSCSI, unpackSCSI
	if cdb[0] == scsiATA16 && s.of.Bus != "usb" && s.of.Bus != "sas" && s.of.Bus != "scsi" {
		code, pack, unpack = ataPassThrough, packATA, unpackATA
	}
	in, err := pack(cdb, len(data))
	if err != nil {
		return 0, nil, err
	}
	out, err := s.Control(code, in)
	switch {
	case refused(err):
		return 0, nil, hiddenError("its driver does not pass on commands")
	case err != nil:
		return 0, nil, err
	}
	return unpack(out, data)
}

func (s storage) admin(c nvmeCommand, data []byte) error {
	if !c.harmless() {
		return fmt.Errorf("admin command %02xh is not one of those that are sent", c.opcode)
	}
	in, err := packNVMe(c, len(data))
	if err != nil {
		return err
	}
	out, err := s.Query(in)
	switch {
	case refused(err):
		return hiddenError("its driver (" + strings.TrimSpace(s.of.Vendor+" "+s.of.Model) + ") does not pass on questions: that of Windows, or a newer one of its maker, does")
	case err != nil:
		return err
	}
	return unpackNVMe(out, data)
}

// refused says whether a driver does not know a code.
func refused(err error) bool {
	return errors.Is(err, windows.ERROR_INVALID_FUNCTION) || errors.Is(err, windows.ERROR_NOT_SUPPORTED) || errors.Is(err, windows.ERROR_INVALID_PARAMETER)
}
