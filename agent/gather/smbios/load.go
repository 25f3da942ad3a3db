package smbios

import (
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

// Load reads and decodes the tables that the kernel shows. The error is
// fs.ErrNotExist when there are none and fs.ErrPermission without the right.
func Load(h *host.Host) (*Tables, error) {
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

func head(h *host.Host, name string, most int64) ([]byte, error) {
	f, err := h.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, most))
}
