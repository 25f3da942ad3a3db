package smart

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
)

// Log pages of SCSI that are of use here (SPC-5 and SBC-4, "Log parameters").
const (
	PageSupported   = 0x00
	PageWrite       = 0x02
	PageRead        = 0x03
	PageVerify      = 0x05
	PageNonMedium   = 0x06
	PageTemperature = 0x0d
	PageStartStop   = 0x0e
	PageSelfTest    = 0x10
	PageSolidState  = 0x11
	PageBackground  = 0x15
	PageExceptions  = 0x2f
)

// parameters walks over those of a log page, whose code must be the one asked
// for: some drives answer another page than asked. A page that was cut short
// gives what is whole.
func parameters(b []byte, page uint8) (iter.Seq2[uint16, []byte], error) {
	if len(b) < 4 {
		return nil, fmt.Errorf("log page %02xh: %w: %d bytes", page, ErrLength, len(b))
	}
	if b[0]&0x3f != page {
		return nil, fmt.Errorf("log page %02xh: the drive answered %02xh", page, b[0]&0x3f)
	}
	body := b[4:min(len(b), 4+int(binary.BigEndian.Uint16(b[2:])))]
	return func(yield func(uint16, []byte) bool) {
		for len(body) >= 4 {
			n := 4 + int(body[3])
			if n > len(body) || !yield(binary.BigEndian.Uint16(body), body[4:n]) {
				return
			}
			body = body[n:]
		}
	}, nil
}

// big is a number of up to 16 bytes, the first the highest; what is beyond the
// catalogue's numbers is as much as there can be.
func big(b []byte) int64 {
	var n uint64
	for _, c := range b {
		if n > 1<<55 {
			return 1<<63 - 1
		}
		n = n<<8 | uint64(c)
	}
	return clip(n)
}

// DecodeSupportedPages lists the log pages a drive has, of page 00h.
func DecodeSupportedPages(b []byte) ([]uint8, error) {
	if len(b) < 4 {
		return nil, fmt.Errorf("supported log pages: %w: %d bytes", ErrLength, len(b))
	}
	if b[0]&0x3f != PageSupported {
		return nil, fmt.Errorf("supported log pages: the drive answered %02xh", b[0]&0x3f)
	}
	var list []uint8
	for _, c := range b[4:min(len(b), 4+int(binary.BigEndian.Uint16(b[2:])))] {
		list = append(list, c&0x3f)
	}
	return list, nil
}

// DecodeLogPage reads one log page into s. Pages that hold nothing of use are
// taken and left.
func (s *SCSI) DecodeLogPage(page uint8, b []byte) error {
	list, err := parameters(b, page)
	if err != nil {
		return err
	}
	if page == PageSelfTest {
		s.SelfTests = []SelfTest{}
	}
	for code, v := range list {
		s.parameter(page, code, v)
	}
	return nil
}

func (s *SCSI) parameter(page uint8, code uint16, v []byte) {
	switch {
	case page == PageWrite || page == PageRead || page == PageVerify:
		s.errors(page, code, v)
	case page == PageNonMedium && code == 0 && len(v) > 0:
		s.NonMedium = new(big(v))
	case page == PageTemperature && len(v) >= 2:
		const none = 255
		switch {
		case v[1] == none:
		case code == 0:
			s.Celsius = new(int64(v[1]))
		case code == 1:
			s.TripCelsius = new(int64(v[1]))
		}
	case page == PageStartStop && code == 4 && len(v) >= 4:
		s.StartStops = new(big(v[:4]))
	case page == PageStartStop && code == 6 && len(v) >= 4:
		s.LoadCycles = new(big(v[:4]))
	case page == PageSolidState && code == 1 && len(v) >= 4:
		s.Used = new(int64(v[3]))
	case page == PageBackground && code == 0 && len(v) >= 4:
		s.PowerOnMinutes = new(big(v[:4]))
	case page == PageExceptions && code == 0 && len(v) >= 2:
		s.exception(v)
	case page == PageSelfTest && code >= 1 && code <= 20 && len(v) >= 16:
		if !empty(v) {
			s.SelfTests = append(s.SelfTests, SCSITest(v[0]>>5, v[0]&15, uint64(binary.BigEndian.Uint16(v[2:])), binary.BigEndian.Uint64(v[4:])))
		}
	}
}

// errors takes the counters that are alike in the pages for writing, reading
// and verifying: 5 bytes processed, 6 errors that could not be corrected.
func (s *SCSI) errors(page uint8, code uint16, v []byte) {
	switch {
	case len(v) == 0 || len(v) > 16:
	case code == 6:
		s.Uncorrected = append(s.Uncorrected, big(v))
	case code == 5 && page == PageRead:
		s.ReadBytes = new(big(v))
	case code == 5 && page == PageWrite:
		s.WrittenBytes = new(big(v))
	}
}

// exception reads the general informational exception: additional sense 5Dh
// predicts failure, but for FFh of it, which is a test; 0Bh warns. A warning
// of the temperature (0Bh, 01h) is one about the room, not about the drive.
func (s *SCSI) exception(v []byte) {
	asc, ascq := v[0], v[1]
	s.Passed = new(!(asc == 0x5d && ascq != 0xff || asc == 0x0b && ascq != 0x01))
	if len(v) >= 3 && s.Celsius == nil && v[2] != 0 && v[2] != 255 {
		s.Celsius = new(int64(v[2]))
	}
}

// DecodeDefects reads the head of READ DEFECT DATA (10), 37h, and gives how
// many the list holds: its length over that of a descriptor in its format
// (SBC-4, "Address descriptor formats").
func DecodeDefects(b []byte) (int64, error) {
	if len(b) < 4 {
		return 0, fmt.Errorf("defect list: %w: %d bytes", ErrLength, len(b))
	}
	const grown = 1 << 3
	if b[1]&grown == 0 {
		return 0, errors.New("defect list: the drive does not give the grown one")
	}
	size := int64(0)
	switch b[1] & 7 {
	case 0: // short block
		size = 4
	case 3, 4, 5: // long block, bytes from index, physical sector
		size = 8
	default:
		return 0, fmt.Errorf("defect list: format %d is not known", b[1]&7)
	}
	return int64(binary.BigEndian.Uint16(b[2:])) / size, nil
}
