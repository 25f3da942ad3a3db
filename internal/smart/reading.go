// Package smart says what drives tell of themselves in their own logs: ATA
// attributes and self-test logs, NVMe log pages, values of SCSI log pages, the
// life time registers of eMMC. What it yields are the catalogue's rows
// (disk_health, disk_selftest, smart_attribute) and numbers (smart_device,
// smart_attribute).
//
// Makers pack several numbers into one raw value, count in units of their own
// and leave marks where they have nothing to say. Undoing that is this
// package's work; docs/smart.md is the table of it with sources. What cannot
// be known is absent, never zero.
//
// It must not know how a log is fetched from a drive: that takes rights, and
// differs by system.
package smart

import (
	"math"
	"slices"

	"muster/internal/inventory"
)

// Medium is what stores the data, as far as numbers mean something else on it.
type Medium uint8

// The media.
const (
	Unknown Medium = iota
	HDD
	SSD
)

func (m Medium) String() string {
	switch m {
	case HDD:
		return "hdd"
	case SSD:
		return "ssd"
	}
	return "unknown"
}

// Drive is what the meaning of a log depends on, and what its rows are named
// by.
type Drive struct {
	Disk         string // disk.name; the key of all rows
	Serial       string
	Model        string // as the drive tells it
	Medium       Medium
	LogicalBytes int64 // size of a logical sector; 0 means 512
}

// Number is one field of the measurement smart_device.
type Number struct {
	Field string
	Value float64
}

// Reading is what a drive told.
type Reading struct {
	Health     inventory.DiskHealth
	SelfTests  []inventory.DiskSelfTest // newest first, keys unique
	Attributes []inventory.SmartAttribute
	Samples    []AttributeSample // of measurement smart_attribute, beside Attributes
	Numbers    []Number          // of measurement smart_device, each field once; absent when not told
}

// Number is the value of a field of smart_device; NaN when it was not told.
func (r Reading) Number(field string) float64 {
	for _, n := range r.Numbers {
		if n.Field == field {
			return n.Value
		}
	}
	return math.NaN()
}

// AttributeSample is one series group of measurement smart_attribute.
type AttributeSample struct {
	ID                uint8
	Name, Flags, Fail string // labels
	Raw, Value, Worst float64
	Threshold         float64 // NaN when the drive gave none
}

// set puts a number, or takes its place.
func (r *Reading) set(field string, value int64) {
	i := slices.IndexFunc(r.Numbers, func(n Number) bool { return n.Field == field })
	if i < 0 {
		r.Numbers = append(r.Numbers, Number{Field: field})
		i = len(r.Numbers) - 1
	}
	r.Numbers[i].Value = float64(value)
}

// tell puts a number both into the row and among the samples.
func (r *Reading) tell(column **int64, field string, value int64) {
	*column = new(value)
	if field != "" {
		r.set(field, value)
	}
}

func (r *Reading) passed(ok bool) {
	r.Health.Passed = new(ok)
	r.set("health_ok", flag(ok))
}

func flag(ok bool) int64 {
	if ok {
		return 1
	}
	return 0
}

func (r *Reading) celsius(c int64) {
	r.Health.Celsius = new(float64(c))
	r.set("temp_c", c)
}

func (r *Reading) hours(h int64) {
	r.Health.PowerOnSeconds = new(h * 3600)
	r.set("power_on_hours", h)
}

// begin names the rows of a drive that could be read.
func begin(d Drive, protocol string) Reading {
	return Reading{Health: inventory.DiskHealth{
		Disk: d.Disk, Serial: d.Serial, Model: d.Model,
		Protocol: protocol, Readable: new(true),
	}}
}

// plausible temperatures of a drive, in degrees Celsius. What is outside is a
// mark for a missing sensor (0x80 of SandForce) or a broken one: a drive shuts
// down at 70 to 95.
const coldest, hottest = -40, 110

func plausible(celsius int64) bool { return celsius >= coldest && celsius <= hottest }

// oldest is how many hours a drive can have been running: SMART attributes of
// today's numbering exist since about 1996.
const oldest = 30 * 365 * 24
