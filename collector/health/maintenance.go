package health

import (
	"slices"
	"time"

	"muster/collector/health/rule"
	"muster/collector/store"
	"muster/internal/inventory"
)

// windows are the times of maintenance, and which devices each is about.
type windows struct {
	list    []store.Maintenance
	devices map[int64]map[inventory.DeviceID]bool // by window; without: all
}

// Under says whether a window holds at a time.
func Under(m store.Maintenance, now time.Time) bool {
	if now.Before(m.From) || !m.To.IsZero() && !now.Before(m.To) {
		return false
	}
	if len(m.Days) == 0 {
		return true
	}
	zone, err := time.LoadLocation(m.Zone)
	if err != nil {
		zone = time.UTC
	}
	local := now.In(zone)
	// One that began yesterday may go on past midnight.
	for back := range 2 {
		y, mo, day := local.AddDate(0, 0, -back).Date()
		begin := time.Date(y, mo, day, 0, m.Start, 0, 0, zone)
		if slices.Contains(m.Days, int(begin.Weekday())) && !local.Before(begin) && local.Before(begin.Add(time.Duration(m.Minutes)*time.Minute)) {
			return true
		}
	}
	return false
}

// holding lists the windows that hold for a device.
func (j *Judge) holding(d *device, now time.Time, yes func(store.Maintenance) bool) bool {
	for _, m := range j.windows.list {
		if of := j.windows.devices[m.ID]; of != nil && !of[d.info.ID] {
			continue
		}
		if Under(m, now) && yes(m) {
			return true
		}
	}
	return false
}

// muted says whether a rule must not fire on a device now.
func (j *Judge) muted(d *device, r *rule.Rule, now time.Time) bool {
	return j.holding(d, now, func(m store.Maintenance) bool { return m.All || r.Muted })
}

// inMaintenance says whether nobody is told of an incident now.
func (j *Judge) inMaintenance(inc *incident, now time.Time) bool {
	if len(inc.members) == 0 {
		return false
	}
	for m := range inc.members {
		d := j.devices[m.device]
		if d == nil || !j.holding(d, now, func(store.Maintenance) bool { return true }) {
			return false
		}
	}
	return true
}
