// Package health judges what devices reported. So far it judges presence:
// whether a device that is silent is likely asleep, away or missing.
//
// It must not know how a report came in, how judgements are stored, or how
// people are told.
package health

import (
	"time"

	"muster/collector/store"
)

// Observed is what presence is judged by.
type Observed struct {
	Kind     string // store.Device.Kind
	LastSeen time.Time
	// Stopped is when the device last said that it was going to stop or sleep
	// and has not been heard since; zero when it did not say.
	Stopped time.Time
	Retired bool
	// Interval is how often the device reports.
	Interval time.Duration
}

// The limits of the first form: one class for what people switch off, one for
// what runs always. Learned hours replace them per device later.
const (
	// missedReports is how many reports in a row may fail to come before a
	// device counts as silent.
	missedReports = 3
	leastSilence  = 5 * time.Minute
	// A PC that is silent overnight or over the weekend is asleep; one that
	// was on a holiday is away; after two weeks somebody should look.
	pcAsleep, pcMissing = 64 * time.Hour, 14 * 24 * time.Hour
	// What runs always is never asleep.
	gearMissing = 24 * time.Hour
)

// Presence judges one device at a time.
func Presence(o Observed, now time.Time) store.Presence {
	if o.Retired {
		return store.Retired
	}
	if o.LastSeen.IsZero() {
		return store.Missing
	}
	silent := now.Sub(o.LastSeen)
	if silent < max(missedReports*o.Interval, leastSilence) && o.Stopped.IsZero() {
		return store.Online
	}
	if !peopleSwitchOff(o.Kind) {
		if silent < gearMissing {
			return store.Away
		}
		return store.Missing
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
