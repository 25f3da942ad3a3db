package health

import (
	"time"

	"muster/collector/store"
)

// observed is what presence is judged by.
type observed struct {
	kind    string // store.Device.Kind
	heard   time.Time
	stopped bool // its last word was that it was going to stop or sleep
	retired bool
	// interval is how often the device reports.
	interval time.Duration
	week     *hours
}

// Silence that means something.
const (
	// missedReports is how many reports in a row may fail to come before a
	// device counts as silent.
	missedReports = 3
	leastSilence  = 5 * time.Minute
	// A device whose hours are not learned yet: a PC that is silent overnight
	// or over the weekend is asleep; one that was on a holiday is away.
	pcAsleep, pcMissing = 64 * time.Hour, 14 * 24 * time.Hour
	// What runs always is never asleep.
	gearMissing = 24 * time.Hour
	// One whose hours are learned is away once it was silent in them for an
	// hour, and missing after two working weeks of it.
	usualAway    = time.Hour
	usualMissing = 80 * time.Hour
)

// silence is how long a device may say nothing before it counts as silent.
func silence(interval time.Duration) time.Duration { return max(missedReports*interval, leastSilence) }

// presence judges one device at a time.
func presence(o observed, local time.Time) store.Presence {
	if o.retired {
		return store.Retired
	}
	if o.heard.IsZero() {
		return store.Missing
	}
	silent := local.Sub(o.heard)
	if silent < silence(o.interval) && !o.stopped {
		return store.Online
	}
	if !peopleSwitchOff(o.kind) {
		if silent < gearMissing {
			return store.Away
		}
		return store.Missing
	}
	if o.week != nil && o.week.learned(o.heard) {
		inHours, _ := o.week.between(o.heard.In(local.Location()), local)
		missed := time.Duration(inHours * float64(time.Hour))
		switch {
		case silent >= 4*pcMissing || missed >= usualMissing:
			return store.Missing
		case missed >= usualAway && !(o.stopped && silent < 16*time.Hour):
			return store.Away
		}
		return store.Asleep
	}
	switch {
	case silent < pcAsleep:
		return store.Asleep
	case silent < pcMissing:
		return store.Away
	}
	return store.Missing
}

// peopleSwitchOff tells the devices that rest at night from those that do not.
func peopleSwitchOff(kind string) bool {
	switch kind {
	case "", "pc", "desktop", "laptop", "tablet":
		return true
	}
	return false
}

// portable says whether people carry it about.
func portable(chassis string) bool {
	switch chassis {
	case "laptop", "notebook", "portable", "handheld", "tablet", "convertible", "detachable":
		return true
	}
	return false
}
