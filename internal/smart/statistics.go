package smart

import (
	"encoding/binary"
	"errors"
)

// Statistics are numbers of the Device Statistics log, page 04h (ACS-3, annex
// A). Unlike attributes they mean the same on all drives. What a drive does
// not keep is nil.
type Statistics struct {
	PowerOnHours                *int64
	SectorsWritten, SectorsRead *int64
	Uncorrectable               *int64 // reported uncorrectable errors
	Celsius                     *int64
	PercentageUsed              *int64 // can go above 100
}

// DecodeStatistics reads one page of 512 bytes into s. Pages that hold nothing
// of use are taken and left.
func DecodeStatistics(page []byte, s *Statistics) error {
	if err := sector(page, "device statistics"); err != nil {
		return err
	}
	if binary.LittleEndian.Uint16(page) == 0 {
		return errors.New("device statistics: the page is empty")
	}
	for _, c := range statistics() {
		if c.page != page[2] {
			continue
		}
		q := binary.LittleEndian.Uint64(page[c.offset:])
		// Bit 63: supported, bit 62: valid.
		if q>>62 != 3 {
			continue
		}
		c.put(s, int64(q&(1<<c.bits-1)))
	}
	return nil
}

// Put takes a number by its page and offset, as DecodeStatistics does; false
// when it is none of those of use.
func (s *Statistics) Put(page uint8, offset int, value int64) bool {
	for _, c := range statistics() {
		if c.page == page && c.offset == offset && value >= 0 {
			c.put(s, value)
			return true
		}
	}
	return false
}

type statistic struct {
	page   uint8
	offset int
	bits   int
	put    func(*Statistics, int64)
}

func statistics() []statistic {
	return []statistic{
		{1, 0x10, 32, func(s *Statistics, n int64) { s.PowerOnHours = new(n) }},
		{1, 0x18, 48, func(s *Statistics, n int64) { s.SectorsWritten = new(n) }},
		{1, 0x28, 48, func(s *Statistics, n int64) { s.SectorsRead = new(n) }},
		{4, 0x08, 32, func(s *Statistics, n int64) { s.Uncorrectable = new(n) }},
		{5, 0x08, 8, func(s *Statistics, n int64) { s.Celsius = new(int64(int8(n))) }},
		{7, 0x08, 8, func(s *Statistics, n int64) { s.PercentageUsed = new(n) }},
	}
}
