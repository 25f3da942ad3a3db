package smart

import "strings"

// ATA is what an ATA drive's SMART feature set tells. What could not be read
// is nil or empty.
type ATA struct {
	Attributes []Attribute

	// Passed is SMART RETURN STATUS.
	Passed *bool

	// Errors is how many errors the drive ever logged (summary or
	// comprehensive error log).
	Errors *int64

	// SelfTests is the self-test log, newest first; nil when it was not read.
	SelfTests []SelfTest

	// SelfTestStatus is byte 363 of SMART READ DATA: result and progress of
	// the last or running self-test.
	SelfTestStatus *uint8

	// Statistics are numbers of the Device Statistics log, which mean the same
	// on all drives.
	Statistics Statistics

	// Known are readings by somebody who knows the model, such as smartctl with
	// its list of drives. They are believed before the attributes.
	Known Known

	// WarnCelsius and CriticalCelsius are the limits of SCT Status: the
	// highest temperature for continuous work, and the highest allowed. 0 when
	// not told.
	WarnCelsius, CriticalCelsius int64

	// ExitStatus is smartctl's, where the log was read by it.
	ExitStatus int64
}

// Known is what another program made of attributes; nil where it made nothing.
type Known struct {
	Celsius, PowerOnMinutes, PowerCycles *int64
}

// MediumOf tells the medium by IDENTIFY's rotation rate (0 for flash), or by
// the attributes of a drive that is too old to tell: only platters spin up,
// only cells wear.
func MediumOf(rotation *int64, attributes []Attribute) Medium {
	if rotation != nil {
		switch {
		case *rotation == 0 || *rotation == 1:
			return SSD
		case *rotation > 0x400:
			return HDD
		}
	}
	var spins, wears bool
	for _, a := range attributes {
		switch a.ID {
		case 4, 7, 10, 191, 193:
			spins = true
		case 170, 171, 172, 173, 177, 179, 180, 233:
			wears = true
		}
	}
	switch {
	case wears:
		return SSD
	case spins:
		return HDD
	}
	return Unknown
}

// Reading says what it means.
func (t ATA) Reading(d Drive) Reading {
	if d.Medium == Unknown {
		d.Medium = MediumOf(nil, t.Attributes)
	}
	f := familyOf(d)
	r := begin(d, "ata")
	r.attributes(d, f, t.Attributes)
	r.ataPassed(t)
	r.set("exit_status", t.ExitStatus)
	by := map[uint8]Attribute{}
	for _, a := range t.Attributes {
		if _, twice := by[a.ID]; !twice {
			by[a.ID] = a
		}
	}
	r.age(t, by, f)
	r.heat(t, by, d, f)
	r.errors(by, d, f)
	if d.Medium == SSD {
		r.wear(by, f, t.Statistics)
	} else {
		r.motion(by, f)
	}
	r.traffic(by, d, f, t.Statistics)
	if t.Errors != nil && *t.Errors >= 0 {
		r.Health.ErrorLogEntries = new(*t.Errors)
	}
	if t.WarnCelsius > 0 && plausible(t.WarnCelsius) {
		r.Health.WarnCelsius = new(float64(t.WarnCelsius))
	}
	if t.CriticalCelsius > 0 && plausible(t.CriticalCelsius) {
		r.Health.CriticalCelsius = new(float64(t.CriticalCelsius))
	}
	r.selfTests(d, t.SelfTests)
	if r.Health.SelfTestResult == "" && t.SelfTestStatus != nil {
		// 0 means passed, or none ever run.
		if result := ataResult(*t.SelfTestStatus); result != "passed" && result != "running" {
			r.Health.SelfTestResult = result
		}
	}
	return r
}

// ataPassed: without the drive's word, an attribute that predicts failure and
// is below its threshold speaks for it.
func (r *Reading) ataPassed(t ATA) {
	if t.Passed != nil {
		r.passed(*t.Passed)
		return
	}
	for _, a := range t.Attributes {
		if a.Flags&Prefailure != 0 && a.Failed() == "now" {
			r.passed(false)
			return
		}
	}
}

func (r *Reading) age(t ATA, by map[uint8]Attribute, f family) {
	if m := t.Known.PowerOnMinutes; m != nil && *m >= 0 && *m <= oldest*60 {
		r.hours(*m / 60)
		r.Health.PowerOnSeconds = new(*m * 60)
	} else if a, ok := by[9]; ok {
		if h, ok := a.hours(f); ok {
			r.hours(h)
			r.Health.PowerOnSeconds = new(h*3600 + a.milliseconds()/1000)
		}
	} else if h := t.Statistics.PowerOnHours; h != nil && *h <= oldest {
		r.hours(*h)
	}
	if n := t.Known.PowerCycles; n != nil && *n >= 0 {
		r.tell(&r.Health.PowerCycles, "power_cycle_count", *n)
	} else if a, ok := by[12]; ok {
		if n, ok := a.count(f); ok {
			r.tell(&r.Health.PowerCycles, "power_cycle_count", n)
		}
	}
}

func (r *Reading) heat(t ATA, by map[uint8]Attribute, d Drive, f family) {
	if c := t.Known.Celsius; c != nil && plausible(*c) && *c != 0 {
		r.celsius(*c)
		return
	}
	if a, ok := by[194]; ok {
		if c, ok := a.celsius(f); ok {
			r.celsius(c)
			return
		}
	}
	if t.Statistics.Celsius != nil && plausible(*t.Statistics.Celsius) {
		r.celsius(*t.Statistics.Celsius)
		return
	}
	// 190 alone is a temperature on disks; on flash it has other uses, and is
	// one when its normalized value is 100 less the temperature.
	if a, ok := by[190]; ok && !f.no190 {
		c, ok := a.celsius(f)
		if ok && (d.Medium == HDD || int64(a.Normalized)+c == 100) {
			r.celsius(c)
			return
		}
	}
	// Some old disks have it in 231, which on flash is life left.
	if a, ok := by[231]; ok && d.Medium == HDD {
		if c, ok := a.celsius(f); ok {
			r.celsius(c)
		}
	}
}

func (r *Reading) errors(by map[uint8]Attribute, d Drive, f family) {
	for _, c := range []struct {
		id     uint8
		field  string
		column **int64
		disks  bool // only platters: on flash it is noise, or counts something else
	}{
		{5, "reallocated_sectors_count", &r.Health.Reallocated, false},
		{187, "uncorrectable_errors", &r.Health.ReportedUncorrect, false},
		{197, "pending_sector_count", &r.Health.Pending, false}, // on flash it comes and goes: the drive risk model weighs it, no rule warns of it
		{198, "uncorrectable_sector_count", &r.Health.OfflineUncorrect, true},
		{188, "command_timeout", &r.Health.CommandTimeouts, false},
		{199, "udma_crc_errors", &r.Health.CRCErrors, false},
		{196, "realloc_event_count", nil, false},
		{184, "end_to_end_error", nil, false},
	} {
		a, ok := by[c.id]
		if !ok || c.disks && d.Medium == SSD || c.id == 187 && f.noUncorrectable {
			continue
		}
		n, ok := a.count(f)
		if !ok || d.Medium == SSD && n == 65535 { // on flash the mark for "not kept"
			continue
		}
		if c.column == nil {
			r.set(c.field, n)
		} else {
			r.tell(c.column, c.field, n)
		}
	}
}

// motion is what only platters and heads have.
func (r *Reading) motion(by map[uint8]Attribute, f family) {
	for _, c := range []struct {
		id     uint8
		column **int64
	}{
		{4, &r.Health.StartStops},
		{193, &r.Health.LoadCycles},
		{225, &r.Health.LoadCycles}, // Hitachi and Samsung
	} {
		a, ok := by[c.id]
		if !ok || *c.column != nil {
			continue
		}
		if n, ok := a.count(f); ok {
			*c.column = new(n)
		}
	}
	for _, c := range []struct {
		id    uint8
		field string
	}{
		{1, "read_error_rate"},
		{7, "seek_error_rate"},
		{10, "spin_retry_count"},
		{201, "soft_read_error_rate"},
	} {
		a, ok := by[c.id]
		if !ok {
			continue
		}
		n, ok := a.count(f)
		if f.composites && (c.id == 1 || c.id == 7) {
			n, ok = a.word(2), true // errors; below them 32 bits of operations
		}
		if ok {
			r.set(c.field, n)
		}
	}
}

// wear is how much of its rated life a drive has used: by the Device
// Statistics log, which all count alike, else by the family's attribute.
func (r *Reading) wear(by map[uint8]Attribute, f family, s Statistics) {
	used, ok := int64(0), false
	if f.wear.how != nil {
		if a, there := by[f.wear.id]; there {
			used, ok = f.wear.how(a)
			if f.wear.id == 177 && ok {
				r.set("wear_leveling_count", int64(a.Normalized))
			}
			if f.wear.id == 233 && ok {
				r.set("media_wearout_indicator", int64(a.Normalized))
			}
		}
	} else if f.name == "" {
		used, ok = r.unknownWear(by)
	}
	if s.PercentageUsed != nil {
		used, ok = *s.PercentageUsed, true
	}
	if !ok {
		return
	}
	r.tell(&r.Health.UsedPercent, "percentage_used", used)
	if f.wear.id != 177 && f.wear.id != 233 {
		r.set("percent_lifetime_remain", max(100-used, 0))
	}
}

// unknownWear takes 231 as life left on a drive of a design not listed, when
// its numbers can mean nothing else; and what somebody who knows the drive has
// named so.
func (r *Reading) unknownWear(by map[uint8]Attribute) (int64, bool) {
	for _, id := range []uint8{231, 202, 169, 245, 248, 233} {
		a, ok := by[id]
		if !ok {
			continue
		}
		name := strings.ToLower(a.Name)
		if (strings.Contains(name, "life") || strings.Contains(name, "wearout")) && strings.Contains(name, "used") {
			if raw := a.raw48(); raw <= 255 {
				return int64(raw), true
			}
		}
		if strings.Contains(name, "life") && (strings.Contains(name, "left") || strings.Contains(name, "remain")) {
			if used, ok := leftEither(a); ok {
				return used, true
			}
		}
	}
	a, ok := by[231]
	if !ok || r.Health.Celsius == nil {
		return 0, false // it may be the temperature
	}
	raw, left := int64(a.raw48()), int64(a.Normalized)
	if raw < 5 || raw > 100 || left > 100 || max(raw, left)-min(raw, left) > 0 && left != 100 && raw+left != 100 {
		return 0, false
	}
	if apart := raw - int64(*r.Health.Celsius); apart > -4 && apart < 4 {
		return 0, false
	}
	return leftEither(a)
}

// fastest is what SATA at 6 Gbit/s can carry in a second after 8b/10b coding.
// Numbers that say that a drive wrote more, all its life long, are in a unit
// other than thought.
const fastest = 600_000_000

func (r *Reading) traffic(by map[uint8]Attribute, d Drive, f family, s Statistics) {
	logical := max(d.LogicalBytes, 512)
	unit := f.unit
	if d.Medium != SSD {
		unit = sectors
	}
	if unit == sectors {
		unit = logical
	}
	write := f.write
	if write == 0 {
		write = 241
	}
	if _, ok := by[write]; !ok && unit == mebi32 {
		write = 225
	}
	if n, ok := r.bytes(by, write, unit); ok {
		r.Health.WrittenBytes = new(n)
	}
	if n, ok := r.bytes(by, 242, unit); ok {
		r.Health.ReadBytes = new(n)
	}
	if s.SectorsWritten != nil && *s.SectorsWritten < 1<<48 {
		r.Health.WrittenBytes = new(*s.SectorsWritten * logical)
	}
	if s.SectorsRead != nil && *s.SectorsRead < 1<<48 {
		r.Health.ReadBytes = new(*s.SectorsRead * logical)
	}
	if d.Medium == SSD && r.Health.WrittenBytes != nil {
		r.set("written_bytes", *r.Health.WrittenBytes)
	}
}

func (r *Reading) bytes(by map[uint8]Attribute, id uint8, unit int64) (int64, bool) {
	a, ok := by[id]
	raw := a.raw48()
	if !ok || unit <= 0 || raw >= 1<<48-256 || raw == 1<<32-1 || raw > uint64(1<<62/unit) {
		return 0, false
	}
	n := int64(raw) * unit
	if r.Health.PowerOnSeconds != nil && n/fastest > *r.Health.PowerOnSeconds+3600 {
		return 0, false
	}
	return n, true
}
