package smart

// NVMe is the SMART / Health Information log page, 02h (NVM Express Base
// Specification 2.0, section 5.16.1.3), and what goes with it. What could not
// be read is nil.
type NVMe struct {
	Warning        uint8   // critical warning
	Celsius        *int64  // composite temperature
	Spare          *int64  // percent
	SpareThreshold *int64  // percent
	Used           *int64  // percent; 255 means more than 254
	DataRead       *uint64 // units of 1,000 blocks of 512 bytes
	DataWritten    *uint64
	PowerCycles    *uint64
	PowerOnHours   *uint64
	Unsafe         *uint64 // unsafe shutdowns
	MediaErrors    *uint64
	LogEntries     *uint64
	WarningTime    *uint64 // minutes above WCTEMP
	CriticalTime   *uint64 // minutes above CCTEMP

	SelfTests []SelfTest // newest first; nil when the log was not read

	// WarnCelsius and CriticalCelsius are WCTEMP and CCTEMP of IDENTIFY
	// CONTROLLER; 0 when not told.
	WarnCelsius, CriticalCelsius int64

	ExitStatus int64 // as ATA.ExitStatus
}

// Bits of the critical warning.
const (
	warnSpare       = 1 << 0
	warnTemperature = 1 << 1
	warnReliability = 1 << 2
	warnReadOnly    = 1 << 3
	warnBackup      = 1 << 4
	warnPMR         = 1 << 5 // persistent memory region read-only or unreliable
)

// Reading says what it means. A temperature out of range is a warning about
// the room, not a verdict on the drive: it does not clear Passed.
func (n NVMe) Reading(d Drive) Reading {
	d.Medium = SSD
	r := begin(d, "nvme")
	h := &r.Health
	bit := func(mask uint8) *bool { return new(n.Warning&mask != 0) }
	h.WarnSpare, h.WarnTemperature, h.WarnReliability = bit(warnSpare), bit(warnTemperature), bit(warnReliability)
	h.WarnReadOnly, h.WarnBackup = bit(warnReadOnly), bit(warnBackup)
	r.passed(n.Warning&(warnSpare|warnReliability|warnReadOnly|warnBackup|warnPMR) == 0)
	r.set("critical_warning", int64(n.Warning))
	r.set("exit_status", n.ExitStatus)
	if n.Celsius != nil && plausible(*n.Celsius) && *n.Celsius != -273 {
		r.celsius(*n.Celsius)
	}
	if n.Spare != nil && *n.Spare >= 0 && *n.Spare <= 100 {
		r.tell(&h.SparePercent, "available_spare", *n.Spare)
	}
	if n.SpareThreshold != nil && *n.SpareThreshold >= 0 && *n.SpareThreshold <= 100 {
		r.tell(&h.SpareThreshold, "available_spare_threshold", *n.SpareThreshold)
	}
	if n.Used != nil && *n.Used >= 0 && *n.Used <= 255 {
		r.tell(&h.UsedPercent, "percentage_used", *n.Used)
	}
	if n.PowerOnHours != nil && *n.PowerOnHours <= oldest {
		r.hours(int64(*n.PowerOnHours))
	}
	for _, c := range []struct {
		from   *uint64
		column **int64
		field  string
	}{
		{n.PowerCycles, &h.PowerCycles, "power_cycle_count"},
		{n.Unsafe, &h.UnsafeShutdowns, "unsafe_shutdowns"},
		{n.MediaErrors, &h.MediaErrors, "media_errors"},
		{n.LogEntries, &h.ErrorLogEntries, "error_log_entries"},
	} {
		if c.from != nil {
			r.tell(c.column, c.field, clip(*c.from))
		}
	}
	for _, c := range []struct {
		from   *uint64
		column **int64
		field  string
	}{
		{n.WarningTime, &h.WarningTempSeconds, "warning_temperature_time"},
		{n.CriticalTime, &h.CriticalTempSeconds, "critical_temperature_time"},
	} {
		if c.from != nil && *c.from < 1<<32 {
			*c.column = new(int64(*c.from) * 60)
			r.set(c.field, int64(*c.from))
		}
	}
	if n.DataWritten != nil {
		h.WrittenBytes = new(units(*n.DataWritten))
		r.set("written_bytes", *h.WrittenBytes)
	}
	if n.DataRead != nil {
		h.ReadBytes = new(units(*n.DataRead))
	}
	if n.WarnCelsius > 0 && plausible(n.WarnCelsius) {
		h.WarnCelsius = new(float64(n.WarnCelsius))
	}
	if n.CriticalCelsius > 0 && plausible(n.CriticalCelsius) {
		h.CriticalCelsius = new(float64(n.CriticalCelsius))
	}
	r.selfTests(d, n.SelfTests)
	return r
}

// units are the data units of the log page in bytes.
func units(n uint64) int64 {
	const unit = 512_000
	return clip(min(n, (1<<63-1)/unit) * unit)
}
