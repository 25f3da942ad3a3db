package profile

import (
	"math"

	"muster/internal/inventory"
)

// derive works out what follows from the rest of a row, so that profiles need
// to say only what the device tells.
func derive(s *inventory.Section, row []any) {
	switch s.Name {
	case "memory_pool", "storage":
		deriveSpace(s, row)
	case "sensor":
		deriveSensor(s, row)
	case "printer_supply", "printer_tray":
		deriveLevel(s, row)
	case "radio":
		deriveChannel(s, row)
	case "fdb":
		deriveRandom(s, row, "mac")
	case "wireless_client":
		deriveRandom(s, row, "mac")
	case "address":
		deriveAddress(s, row)
	}
}

// floatAt is a number of a row.
func floatAt(row []any, i int) (float64, bool) {
	if i < 0 {
		return 0, false
	}
	switch x := row[i].(type) {
	case int64:
		return float64(x), true
	case float64:
		return x, true
	}
	return 0, false
}

func textAt(row []any, i int) string {
	if i < 0 {
		return ""
	}
	s, _ := row[i].(string)
	return s
}

// deriveSpace works out size, used, free and percent, each from two others.
func deriveSpace(s *inventory.Section, row []any) {
	size, used, free, share := s.Index("size_bytes"), s.Index("used_bytes"), s.Index("free_bytes"), s.Index("used_percent")
	a, okSize := floatAt(row, size)
	u, okUsed := floatAt(row, used)
	f, okFree := floatAt(row, free)
	p, okShare := floatAt(row, share)
	set := func(i int, to *float64, ok *bool, v float64) {
		if *ok || v < 0 || math.IsNaN(v) || math.IsInf(v, 0) {
			return
		}
		*to, *ok = v, true
		if i == share {
			row[i] = v
		} else {
			row[i] = int64(math.Round(v))
		}
	}
	if okUsed && okFree {
		set(size, &a, &okSize, u+f)
	}
	if okSize && okFree {
		set(used, &u, &okUsed, a-f)
	}
	if okSize && okShare {
		set(used, &u, &okUsed, a*p/100)
	}
	if okSize && okUsed && a >= u {
		set(free, &f, &okFree, a-u)
	}
	if okSize && okUsed && a > 0 {
		set(share, &p, &okShare, min(u/a*100, 100))
	}
	if okUsed && okShare && p > 0 {
		set(size, &a, &okSize, u/p*100)
	}
}

// sensorUnit is the unit of a kind of sensor.
func sensorUnit(kind string) string {
	switch kind {
	case "temperature":
		return "celsius"
	case "voltage":
		return "volt"
	case "current":
		return "ampere"
	case "power":
		return "watt"
	case "energy":
		return "watt_hour"
	case "fan_speed":
		return "rpm"
	case "humidity", "load", "charge", "percent":
		return "percent"
	case "frequency":
		return "hertz"
	case "dbm", "signal":
		return "dbm"
	case "runtime":
		return "second"
	case "airflow":
		return "cubic_meter_per_second"
	case "pressure":
		return "pascal"
	case "count":
		return "count"
	case "state":
		return "code"
	}
	return ""
}

func deriveSensor(s *inventory.Section, row []any) {
	kind, unit := s.Index("kind"), s.Index("value_unit")
	if row[unit] == nil {
		if u := sensorUnit(textAt(row, kind)); u != "" {
			row[unit] = u
		}
	}
	// A limit of 0 beside one that is higher is one that nobody set.
	low, lower := s.Index("low_warning"), s.Index("low_critical")
	high, higher := s.Index("high_warning"), s.Index("high_critical")
	for _, pair := range [][2]int{{high, higher}, {higher, high}} {
		if f, ok := floatAt(row, pair[0]); ok && f == 0 {
			if l, ok := floatAt(row, low); ok && l >= 0 {
				row[pair[0]] = nil
			} else if l, ok := floatAt(row, lower); ok && l >= 0 {
				row[pair[0]] = nil
			}
		}
	}
}

// deriveLevel works out the share of supplies and trays, and what the negative
// numbers mean (RFC 3805, prtMarkerSuppliesLevel, prtInputCurrentLevel).
func deriveLevel(s *inventory.Section, row []any) {
	level, full, share, state := s.Index("level"), s.Index("capacity"), s.Index("level_percent"), s.Index("level_state")
	l, ok := floatAt(row, level)
	c, okFull := floatAt(row, full)
	if okFull && c <= 0 {
		okFull = false
		row[full] = nil
	}
	if ok && l < 0 {
		if row[state] == nil {
			switch l {
			case -1:
				row[state] = "unlimited"
			case -3:
				row[state] = "some_left"
			default:
				row[state] = "unknown"
			}
		}
		row[level] = nil
		return
	}
	if !ok {
		return
	}
	if row[state] == nil {
		row[state] = "known"
	}
	if row[share] != nil {
		return
	}
	switch {
	case okFull && l <= c:
		row[share] = l / c * 100
	case !okFull && l <= 100 && textAt(row, s.Index("capacity_unit")) == "percent":
		row[share] = l
	}
}

func deriveRandom(s *inventory.Section, row []any, column string) {
	i := s.Index("mac_random")
	if m := textAt(row, s.Index(column)); i >= 0 && row[i] == nil && m != "" {
		row[i] = localMAC(m)
	}
}

func deriveAddress(s *inventory.Section, row []any) {
	a := textAt(row, s.Index("address"))
	if f := s.Index("family"); row[f] == nil && a != "" {
		row[f] = familyOfAddress(a)
	}
	if f := s.Index("scope"); row[f] == nil && a != "" {
		row[f] = scopeOf(a)
	}
}

// deriveChannel works out band and frequency of a radio from its channel, and
// the other way round. Up to 14 channels are 2.4 GHz unless the radio says that
// it is another (IEEE 802.11-2020 §17.3.8.4, annex E).
func deriveChannel(s *inventory.Section, row []any) {
	channel, freq, band := s.Index("channel"), s.Index("frequency_hertz"), s.Index("band")
	n, okChannel := floatAt(row, channel)
	f, okFreq := floatAt(row, freq)
	if okFreq && row[band] == nil {
		switch mhz := f / 1e6; {
		case mhz >= 2400 && mhz < 2500:
			row[band] = "2.4"
		case mhz >= 4900 && mhz < 5925:
			row[band] = "5"
		case mhz >= 5925 && mhz <= 7125:
			row[band] = "6"
		}
	}
	if !okChannel || n <= 0 {
		return
	}
	if row[band] == nil {
		switch {
		case n <= 14:
			row[band] = "2.4"
		case n <= 196:
			row[band] = "5"
		}
	}
	if okFreq {
		return
	}
	mhz := 0.0
	switch textAt(row, band) {
	case "2.4":
		if mhz = 2407 + 5*n; n == 14 {
			mhz = 2484
		}
	case "5":
		if mhz = 5000 + 5*n; n >= 183 {
			mhz = 4000 + 5*n
		}
	case "6":
		mhz = 5950 + 5*n
	}
	if mhz > 0 {
		row[freq] = int64(mhz * 1e6)
	}
}
