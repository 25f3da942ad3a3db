package store

import (
	"time"

	"muster/internal/inventory"
)

// RowQuery asks for rows of one section of many devices at once.
type RowQuery struct {
	Scope   Scope
	Section string
	Columns []string // which, in the order of Row.Values; empty: all, in the catalogue's order
	// Column and Values narrow to rows whose column, which is of text, has one
	// of the values. Column empty: all rows.
	Column string
	Values []string
	Past   bool // versions too that are no longer so
	// Devices narrows to these; empty: all in scope.
	Devices []inventory.DeviceID
}

// Install is one program on one device, from when until when. It is good until
// the function that was handed it returns.
type Install struct {
	Device    inventory.DeviceID
	Name      string
	Version   string
	Publisher string
	From      time.Time
	Until     time.Time // zero: still so. What readings lack is gone since then.
}

// Row is one row of a section, of one device. It and what it holds are good
// until the function that was handed it returns.
type Row struct {
	Device inventory.DeviceID
	Status string    // of the section's last reading
	ReadAt time.Time // when that was
	GoodAt time.Time // of the last one that was ok

	From    time.Time
	Until   time.Time // zero: still so
	Missing time.Time // since when readings that could tell lack it; zero: they do not
	Values  []any
}
