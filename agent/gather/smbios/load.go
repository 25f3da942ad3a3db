package smbios

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"muster/agent/host"
)

// Where Linux shows the tables, to root only. A copy of both files is also
// what `dmidecode --from-dump` and bug reports work with.
const (
	entryFile = "/sys/firmware/dmi/tables/smbios_entry_point"
	tableFile = "/sys/firmware/dmi/tables/DMI"
)

// Load reads and decodes the tables that the system shows. The error is
// fs.ErrNotExist when there are none and fs.ErrPermission without the right.
func Load(h *host.Host) (*Tables, error) {
	if h.Native != nil {
		b, err := h.AskNative(host.NativeSMBIOS)
		if err == nil {
			return DecodeRaw(b)
		}
		if !errors.Is(err, errors.ErrUnsupported) {
			return nil, err
		}
	}
	b, err := head(h, tableFile, MaxTable)
	if err != nil {
		return nil, err
	}
	// Without a good entry point the structures still tell what they are; only
	// the version is missing, and with it the order of a UUID's bytes. Every
	// firmware of the last fifteen years is of 2.6 or later.
	e := Entry{Major: 2, Minor: 6}
	var fault string
	if p, err := head(h, entryFile, 64); err != nil {
		fault = fmt.Sprintf("SMBIOS entry point: %v", err)
	} else if got, err := DecodeEntry(p); err != nil {
		fault = err.Error()
	} else {
		e = got
		// The kernel cuts the table to the length it was told; should it not,
		// nothing beyond is meant.
		if e.Length > 0 && len(b) > e.Length {
			b = b[:e.Length]
		}
	}
	t := Decode(e, b)
	if fault != "" {
		t.Major, t.Minor = 0, 0
		t.Faults = append(t.Faults, fault)
	}
	return t, nil
}

// DecodeRaw decodes what GetSystemFirmwareTable('RSMB') of Windows gives,
// RawSMBIOSData: one byte of how the firmware was called, the version in two,
// a revision, the length, and the table. A table cut short has a fault.
func DecodeRaw(b []byte) (*Tables, error) {
	if len(b) < 8 {
		return nil, fmt.Errorf("%w: %d bytes of RawSMBIOSData", ErrEntry, len(b))
	}
	e := Entry{Major: int(b[1]), Minor: int(b[2])}
	n := uint64(binary.LittleEndian.Uint32(b[4:]))
	table := b[8:]
	short := n > uint64(len(table))
	if !short {
		table = table[:n]
	}
	t := Decode(e, table)
	if short {
		t.Faults = append(t.Faults, fmt.Sprintf("SMBIOS table: %d of %d bytes", len(table), n))
	}
	return t, nil
}

func head(h *host.Host, name string, most int64) ([]byte, error) {
	f, err := h.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, most))
}
