package smart

// SCSI is what log pages of a SCSI or SAS drive tell. What could not be read
// is nil.
type SCSI struct {
	// Passed: no informational exception (SPC-5, log page 2Fh, ASC 5Dh and
	// 0Bh).
	Passed *bool

	Celsius     *int64 // log page 0Dh
	TripCelsius *int64 // reference temperature of the same page

	PowerOnMinutes *int64 // background scan (15h) or Seagate's factory page (3Eh)
	GrownDefects   *int64 // READ DEFECT DATA, the grown list
	Used           *int64 // percent: solid state media log page, 11h

	// Uncorrected are the errors that the pages for write (02h), read (03h)
	// and verify (05h) count as not corrected.
	Uncorrected []int64
	// ReadBytes and WrittenBytes are bytes processed, of the same pages.
	ReadBytes, WrittenBytes *int64

	StartStops, LoadCycles *int64 // log page 0Eh
	NonMedium              *int64 // log page 06h: errors of the way there

	SelfTests []SelfTest

	ExitStatus int64 // as ATA.ExitStatus
}

// Reading says what it means. Corrected errors are left out: disks correct
// all the time, and count what pleases their maker.
func (s SCSI) Reading(d Drive) Reading {
	r := begin(d, "scsi")
	h := &r.Health
	if s.Passed != nil {
		r.passed(*s.Passed)
	}
	r.set("exit_status", s.ExitStatus)
	// 255 is the page's mark for no temperature, 0 that of drives without a
	// sensor.
	if s.Celsius != nil && plausible(*s.Celsius) && *s.Celsius != 0 {
		r.celsius(*s.Celsius)
	}
	if s.TripCelsius != nil && plausible(*s.TripCelsius) && *s.TripCelsius > 0 {
		h.CriticalCelsius = new(float64(*s.TripCelsius))
	}
	if s.PowerOnMinutes != nil && *s.PowerOnMinutes >= 0 && *s.PowerOnMinutes <= oldest*60 {
		r.hours(*s.PowerOnMinutes / 60)
		h.PowerOnSeconds = new(*s.PowerOnMinutes * 60)
	}
	if s.GrownDefects != nil && *s.GrownDefects >= 0 {
		r.tell(&h.Reallocated, "reallocated_sectors_count", *s.GrownDefects)
	}
	if len(s.Uncorrected) > 0 {
		var sum int64
		for _, n := range s.Uncorrected {
			sum += max(n, 0)
		}
		h.MediaErrors = new(sum)
		r.set("uncorrectable_errors", sum)
	}
	if s.Used != nil && *s.Used >= 0 && *s.Used <= 255 && d.Medium != HDD {
		r.tell(&h.UsedPercent, "percentage_used", *s.Used)
	}
	if s.ReadBytes != nil && *s.ReadBytes >= 0 {
		h.ReadBytes = new(*s.ReadBytes)
	}
	if s.WrittenBytes != nil && *s.WrittenBytes >= 0 {
		h.WrittenBytes = new(*s.WrittenBytes)
		if d.Medium == SSD {
			r.set("written_bytes", *s.WrittenBytes)
		}
	}
	if s.StartStops != nil && *s.StartStops >= 0 && *s.StartStops < 1<<32-1 {
		h.StartStops = new(*s.StartStops)
	}
	if s.LoadCycles != nil && *s.LoadCycles >= 0 && *s.LoadCycles < 1<<32-1 {
		h.LoadCycles = new(*s.LoadCycles)
	}
	r.selfTests(d, s.SelfTests)
	return r
}

// EMMC is the life time registers of an eMMC device: EXT_CSD bytes 267 to 269
// (JEDEC JESD84-B51, section 7.4).
type EMMC struct {
	PreEOL               uint8 // 1 normal, 2 four fifths of the spare blocks used, 3 urgent
	LifeTimeA, LifeTimeB uint8 // tenths of the rated life used, rounded up; 11 means more than all; 0 not told
}

// Reading says what it means.
func (m EMMC) Reading(d Drive) Reading {
	d.Medium = SSD
	r := begin(d, "emmc")
	r.set("exit_status", 0)
	if m.PreEOL >= 1 && m.PreEOL <= 3 {
		r.Health.WarnSpare = new(m.PreEOL >= 2)
		r.passed(m.PreEOL != 3)
	}
	worst := max(m.valid(m.LifeTimeA), m.valid(m.LifeTimeB))
	if worst > 0 {
		r.tell(&r.Health.UsedPercent, "percentage_used", worst*10)
	}
	return r
}

func (EMMC) valid(n uint8) int64 {
	if n > 11 {
		return 0
	}
	return int64(n)
}
