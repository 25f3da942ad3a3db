package simulate

import (
	"math"
	"time"

	"muster/internal/inventory"
)

// smart is what a drive says of itself.
type smart struct {
	hours, heat                                      float64
	reallocated, uncorrectable, pending, offline     float64
	used, spare, media, unsafe, entries, warningTime float64
	passed                                           bool
}

// smart reads the i-th drive.
func (m *machine) smart(i int, now time.Time) smart {
	d := m.drives[i]
	s := smart{hours: math.Floor(m.ran), reallocated: d.reallocated, used: d.used + m.wear(d), spare: d.spare, unsafe: float64(d.unsafe), entries: float64(d.entries), passed: true}
	x := moment{machine: m, now: now, busy: m.busy(now), jitter: 0.5}
	s.heat = math.Floor(x.driveHeat(i))
	if _, p := m.fates.of(doDyingDisk, now); p > 0.01 && i == m.victim() {
		s.passed = p < 1
		switch {
		case d.bus == "nvme":
			s.media = math.Floor(1 + 40*p*p)
			s.spare = math.Floor(100 - 85*p)
		case d.kind == "hdd":
			s.pending = math.Floor(2 + 70*p*p)
			s.offline = math.Floor(0.6 * s.pending)
			s.reallocated += math.Floor(400 * p * p)
			s.uncorrectable = math.Floor(max(0, 25*(p-0.3)))
		default:
			s.reallocated += math.Floor(1 + 150*p*p)
			s.uncorrectable = math.Floor(max(0, 20*(p-0.2)))
		}
	}
	if _, p := m.fates.of(doWearOut, now); p > 0 && d.kind != "hdd" {
		s.used += p * (100 - s.used)
	}
	s.used = math.Floor(s.used)
	return s
}

// wear is what an office uses of a drive's life since we met: some percent a
// year.
func (m *machine) wear(d drive) float64 { return max(m.ran-d.age, 0) / 8760 * 4 }

// smartNumbers are those of one drive, by which a drive is known everywhere.
func (m *machine) smartNumbers(i int, now time.Time) told {
	s, d := m.smart(i, now), m.drives[i]
	var l list[smart]
	add := func(field string, read func(s smart) float64) {
		l.add("smart_device", field, read, "serial_no", d.serial, "device", diskName(i), "model", d.name)
	}
	add("temp_c", func(s smart) float64 { return s.heat })
	add("power_on_hours", func(s smart) float64 { return s.hours })
	if d.bus == "nvme" {
		add("available_spare", func(s smart) float64 { return s.spare })
		add("percentage_used", func(s smart) float64 { return s.used })
		add("media_errors", func(s smart) float64 { return s.media })
		add("warning_temperature_time", func(s smart) float64 { return s.warningTime })
		return newBoard(l).read(s)
	}
	add("reallocated_sectors_count", func(s smart) float64 { return s.reallocated })
	add("uncorrectable_errors", func(s smart) float64 { return s.uncorrectable })
	add("udma_crc_errors", func(smart) float64 { return 0 })
	if d.kind == "hdd" {
		add("pending_sector_count", func(s smart) float64 { return s.pending })
		add("uncorrectable_sector_count", func(s smart) float64 { return s.offline })
	} else {
		add("percentage_used", func(s smart) float64 { return s.used })
	}
	return newBoard(l).read(s)
}

// readDisks and readHealth are the sections of drives.
func (m *machine) readDisks(time.Time) (inventory.Table, error) {
	var rows []inventory.Disk
	for i, d := range m.drives {
		if d.lost {
			continue
		}
		link := int64(6_000_000_000)
		if d.bus == "nvme" {
			link = 32_000_000_000
		}
		rows = append(rows, inventory.Disk{Name: diskName(i), Vendor: "Simdrive", Model: d.name, Serial: d.serial, Firmware: "1.0" + d.serial[3:4], SizeBytes: d.size, Kind: d.kind,
			Bus: d.bus, Rotational: new(d.kind == "hdd"), Internal: new(true), Removable: new(false), Boot: new(i == 0), SMART: new(true), LinkBits: link, MaxLinkBits: link, Status: "ok"})
	}
	return inventory.Encode(rows)
}

func (m *machine) readHealth(now time.Time) (inventory.Table, error) {
	var rows []inventory.DiskHealth
	whole := func(f float64) *int64 { return new(int64(f)) }
	for i, d := range m.drives {
		if d.lost {
			continue
		}
		s := m.smart(i, now)
		h := inventory.DiskHealth{Disk: diskName(i), Serial: d.serial, Model: d.name, Protocol: "ata", Readable: new(true), Passed: new(s.passed), SelfTestResult: "none",
			ReadAt: now, Celsius: new(s.heat), PowerOnSeconds: whole(s.hours * 3600)}
		if d.bus == "nvme" {
			h.Protocol = "nvme"
			h.WarnSpare, h.WarnTemperature, h.WarnReliability, h.WarnReadOnly = new(false), new(false), new(!s.passed), new(false)
			h.SpareThreshold, h.WarnCelsius, h.CriticalCelsius = new(int64(10)), new(77.0), new(82.0)
			h.UsedPercent, h.SparePercent = whole(s.used), whole(s.spare)
		} else {
			h.Pending, h.OfflineUncorrect = whole(s.pending), whole(s.offline)
		}
		if !s.passed && h.Protocol == "ata" {
			h.FailingAttributes = []string{"5 Reallocated_Sector_Ct"}
		}
		rows = append(rows, h)
	}
	return inventory.Encode(rows)
}
