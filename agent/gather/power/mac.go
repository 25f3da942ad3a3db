package power

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"strconv"
	"strings"

	"muster/agent/gather/apple"
	"muster/agent/host"
	"muster/internal/inventory"
)

// cell is what the registry of IOKit says of a battery (class
// AppleSmartBattery): mAh, mV, mA, hundredths of a degree, minutes. Amperage
// is negative while discharging, and comes as the number of 64 bits that it is
// then.
type cell struct {
	Present    *bool  `plist:"BatteryInstalled"`
	Charging   bool   `plist:"IsCharging"`
	Full       bool   `plist:"FullyCharged"`
	Mains      *bool  `plist:"ExternalConnected"`
	Serial     string `plist:"Serial"`
	SerialOld  string `plist:"BatterySerialNumber"`
	Maker      string `plist:"Manufacturer"`
	Device     string `plist:"DeviceName"`
	Cycles     int64  `plist:"CycleCount"`
	Design     int64  `plist:"DesignCapacity"`
	Max        int64  `plist:"MaxCapacity"` // percent with Apple's processors
	RawMax     int64  `plist:"AppleRawMaxCapacity"`
	Current    int64  `plist:"CurrentCapacity"`
	RawCurrent int64  `plist:"AppleRawCurrentCapacity"`
	Voltage    int64  `plist:"Voltage"`
	Amperage   uint64 `plist:"Amperage"`
	Celsius    int64  `plist:"Temperature"`
	Left       int64  `plist:"AvgTimeToEmpty"` // 65535: not known
	Failed     int64  `plist:"PermanentFailureStatus"`
	MadeOn     int64  `plist:"ManufactureDate"` // of Intel's Macs
	Adapter    struct {
		Watts int64 `plist:"Watts"`
	} `plist:"AdapterDetails"`
}

// maxMillivolts bounds what is believed of a battery's voltage.
const maxMillivolts = 60_000

// cells asks for the batteries; a Mac without has none.
func cells(ctx context.Context, h *host.Host) ([]cell, error) {
	var list []cell
	err := apple.Ask(ctx, h, "ioreg-battery", &list)
	return list[:min(len(list), maxSupplies)], err
}

// suppliesMac gives batteries and mains in the form that Linux' kernel has for
// them, which all of this package reads.
func suppliesMac(ctx context.Context, h *host.Host) ([]supply, []string, error) {
	list, err := cells(ctx, h)
	if err != nil {
		return nil, nil, err
	}
	var out []supply
	for i, c := range list {
		if c.Present == nil || *c.Present {
			out = append(out, c.supply("InternalBattery-"+strconv.Itoa(i)))
		}
		if c.Mains != nil {
			s := supply{name: "Mains-" + strconv.Itoa(i), of: map[string]string{"type": "Mains", "online": "0"}}
			if *c.Mains {
				s.of["online"] = "1"
			}
			out = append(out, s)
		}
	}
	return out, []string{"ioreg"}, nil
}

func (c cell) supply(name string) supply {
	of := map[string]string{"type": "Battery", "technology": "Li-ion", "manufacturer": c.Maker, "model_name": c.Device, "serial_number": c.Serial}
	if c.Serial == "" {
		of["serial_number"] = c.SerialOld
	}
	micro := func(key string, milli, most int64) {
		if milli > 0 && milli < most {
			of[key] = strconv.FormatInt(milli*1000, 10)
		}
	}
	full, now := c.RawMax, c.RawCurrent
	// Before Apple's processors the plain words were mAh, and not percent.
	if full == 0 && c.Max > 100 {
		full, now = c.Max, c.Current
	}
	micro("charge_full_design", c.Design, 1e6)
	micro("charge_full", full, 1e6)
	micro("charge_now", now, 1e6)
	micro("voltage_now", c.Voltage, maxMillivolts)
	if milliamps := int64(c.Amperage); milliamps > -100_000 && milliamps < 100_000 {
		of["current_now"] = strconv.FormatInt(max(milliamps, -milliamps)*1000, 10)
	}
	if c.Cycles > 0 {
		of["cycle_count"] = strconv.FormatInt(c.Cycles, 10)
	}
	if c.Celsius > 0 {
		of["temp"] = strconv.FormatInt(c.Celsius/10, 10)
	}
	// ServiceState and its like are worn by age alone; this one is said by the
	// battery's own electronics.
	if c.Failed != 0 {
		of["health"] = "Dead"
	}
	switch {
	case c.Charging:
		of["status"] = "Charging"
	case c.Full:
		of["status"] = "Full"
	case c.Mains != nil && !*c.Mains:
		of["status"] = "Discharging"
	default:
		of["status"] = "Not charging"
	}
	if of["status"] == "Discharging" && c.Left > 0 && c.Left < 65535 {
		of["time_to_empty_now"] = strconv.FormatInt(c.Left*60, 10)
	}
	// Smart Battery Data Specification 1.1 §5.1.26: day, month, years since 1980.
	if d := c.MadeOn; d > 0 && d < 1<<16 {
		of["manufacture_day"], of["manufacture_month"], of["manufacture_year"] = strconv.FormatInt(d&31, 10), strconv.FormatInt(d>>5&15, 10), strconv.FormatInt(d>>9+1980, 10)
	}
	return supply{name: name, of: of}
}

// readMac reads section power on macOS.
func readMac(ctx context.Context, h *host.Host) (inventory.Power, []string, error) {
	var row inventory.Power
	b, first := h.Run(ctx, "pmset")
	var asked []string
	if first == nil {
		asked = append(asked, "pmset")
		sleepOf(b, &row)
	}
	list, err := cells(ctx, h)
	switch {
	case err == nil:
		asked = append(asked, "ioreg")
		n := int64(0)
		for _, c := range list {
			if c.Present == nil || *c.Present {
				n++
			}
			if c.Mains != nil {
				row.ACOnline = c.Mains
			}
			if c.Adapter.Watts > 0 && c.Adapter.Watts < 1000 {
				row.AdapterWatts = new(float64(c.Adapter.Watts))
			}
		}
		row.BatteryCount = &n
	case first != nil:
		return row, nil, errors.Join(first, err)
	}
	return row, asked, nil
}

// sleepOf reads pmset -g custom: a heading for each source of power, and names
// with numbers below; sleep is in minutes, 0 never.
func sleepOf(b []byte, row *inventory.Power) {
	s := bufio.NewScanner(bytes.NewReader(b))
	source := ""
	for s.Scan() {
		if line := s.Text(); strings.HasSuffix(line, "Power:") {
			source = line
			continue
		}
		w := strings.Fields(s.Text())
		if len(w) < 2 {
			continue
		}
		n, err := strconv.ParseInt(w[1], 10, 32)
		if err != nil || n < 0 {
			continue
		}
		switch w[0] {
		case "sleep":
			if source == "Battery Power:" {
				row.SleepDCSeconds = new(n * 60)
			} else {
				row.SleepACSeconds = new(n * 60)
			}
		case "hibernatemode":
			row.Hibernation = new(n != 0)
		case "lowpowermode":
			if n == 1 {
				row.Plan = "low power"
			}
		}
	}
}
