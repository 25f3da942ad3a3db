package smart

import (
	"fmt"
	"strconv"
)

// count is the value of an attribute that counts something, or false where
// there is none. Three things are undone:
//
//   - All ones, or a little less, in 16, 32 or 48 bits is a number that went
//     below zero or was never set. In 16 bits only gauges do that (197: 65528
//     for a day, then 0 again, on eight drives of which none failed); a counter
//     of a dying Seagate stays at 65535 for good, and that is told.
//   - Counters that cannot be large hold three 16-bit numbers: 5 and 196 with
//     everybody, 10, 184 and 188 where there is more than 16 bits, 187 with
//     Hitachi and those who built on its designs. The lowest is the count.
//   - A count above 32 bits is a packing nobody has explained.
func (a Attribute) count(f family) (int64, bool) {
	raw := a.raw48()
	const mark = 255 // how far below zero a mark can be
	switch {
	case raw >= 1<<48-1-mark, raw >= 1<<32-1-mark && raw < 1<<32:
		return 0, false
	case (a.ID == 197 || a.ID == 198) && raw >= 65528 && raw <= 65535:
		return 0, false
	case a.ID == 5, a.ID == 196,
		a.ID == 10, a.ID == 184, a.ID == 188,
		a.ID == 187 && f.words:
		return a.word(0), true
	}
	return int64(raw), raw < 1<<32
}

// celsius is the temperature in 190 or 194: the lowest byte, signed. Above it
// stand the lowest and highest so far, in whatever places.
func (a Attribute) celsius(f family) (int64, bool) {
	if a.raw48() == 0 {
		return 0, false // no sensor; at freezing point a drive would not work
	}
	c := int64(int8(a.Raw))
	if f.tenths {
		c = a.word(0) / 10
	}
	return c, plausible(c)
}

// hours is the time in 9. The low 32 bits are the number; above them stand
// milliseconds or minutes and seconds of the hour that runs. What is more
// than a drive can be old is no time: SandForce in Intel's 330 and 520 begins
// at about 900,000.
func (a Attribute) hours(f family) (int64, bool) {
	n := int64(uint32(a.Raw))
	switch f.hours {
	case minutes:
		n /= 60
	case halfMinutes:
		n /= 120
	case seconds:
		n /= 3600
	}
	return n, n <= oldest
}

// milliseconds are those of the hour that runs, in the 24 bits above the
// hours, where that is how the drive packs 9; else 0.
func (a Attribute) milliseconds() int64 {
	ms := int64(a.Raw >> 32 & 0xffffff)
	if a.Raw>>48 == 0 || ms >= 3_600_000 {
		return 0
	}
	return ms
}

// rawText writes a raw value as it was understood.
func rawText(a Attribute, f family) string {
	switch a.ID {
	case 3: // milliseconds, with the average beside it
		if avg := a.word(1) & 0xfff; avg != 0 && a.Raw>>32 != 0 {
			return fmt.Sprintf("%d (average %d)", a.word(0), avg)
		}
	case 190, 194:
		if f.no190 && a.ID == 190 {
			break
		}
		if c, ok := a.celsius(f); ok {
			return strconv.FormatInt(c, 10)
		}
	case 9:
		if h, ok := a.hours(f); ok {
			return strconv.FormatInt(h, 10)
		}
	case 240:
		return strconv.FormatUint(uint64(uint32(a.Raw)), 10)
	case 1, 7:
		if f.composites && a.Raw>>32 != 0 {
			return fmt.Sprintf("%d errors in %d operations", a.Raw>>32&0xffff, uint32(a.Raw))
		}
	case 5, 10, 184, 188, 196:
		if a.Raw>>16 != 0 {
			return fmt.Sprintf("%d (%d %d)", a.word(0), a.word(1), a.word(2))
		}
	}
	return strconv.FormatUint(a.raw48(), 10)
}
