package smartctl

import (
	"fmt"
	"math"
	"strings"

	"muster/internal/smart"
)

// Bits of smartctl's exit status (smartctl(8), "Exit status").
const (
	exitUsage  = 1 << 0
	exitDevice = 1 << 1 // could not be opened, does not answer, or sleeps
)

// unreadable is the reading of a drive that could not be asked.
func (d *document) unreadable(drive smart.Drive, protocol string) smart.Reading {
	r := smart.Reading{}
	h := &r.Health
	h.Disk, h.Serial, h.Model, h.Protocol = drive.Disk, drive.Serial, drive.Model, protocol
	h.Readable = new(false)
	h.UnreadableReason = d.reason()
	r.Numbers = []smart.Number{{Field: "exit_status", Value: float64(d.exitStatus())}}
	return r
}

// reason is what smartctl says about why.
func (d *document) reason() string {
	if d.Smartctl != nil {
		for _, m := range d.Smartctl.Messages {
			if m.Severity == "error" && m.Text != "" {
				return string(m.Text)
			}
		}
	}
	if s := d.Support; s != nil && s.Available.is(false) {
		return "the drive has no SMART"
	}
	if s := d.Support; s != nil && s.Enabled.is(false) {
		return "SMART is switched off in the drive"
	}
	return "smartctl found no health log"
}

// exit takes back what a reading claims when nothing could be read, and tells
// a sleeping drive from one that cannot be seen.
func (d *document) exit(r *smart.Reading, drive smart.Drive) {
	told := len(r.Numbers) > 1 || len(r.Attributes) > 0 // one is the exit status itself
	if told {
		return
	}
	*r = d.unreadable(drive, r.Health.Protocol)
	if d.exitStatus()&(exitUsage|exitDevice) == 0 || d.Smartctl == nil {
		return
	}
	for _, m := range d.Smartctl.Messages {
		// smartctl -n standby leaves a drive asleep.
		if t := strings.ToUpper(string(m.Text)); strings.Contains(t, "STANDBY MODE") || strings.Contains(t, "SLEEP MODE") {
			r.Health.Standby = new(true)
			r.Health.Readable, r.Health.UnreadableReason = new(true), ""
			return
		}
	}
}

// differ names the numbers that two readings of a drive both have and do not
// share.
func differ(plain, taken smart.Reading) []string {
	var list []string
	for _, field := range []string{"temp_c", "power_on_hours", "power_cycle_count"} {
		a, b := plain.Number(field), taken.Number(field)
		if a != b && !math.IsNaN(a) && !math.IsNaN(b) {
			list = append(list, fmt.Sprintf("%s: attributes say %g, smartctl says %g", field, a, b))
		}
	}
	return list
}
