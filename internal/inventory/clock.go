package inventory

import "time"

// Clock is where the machine takes the time from. The offset over time is a
// sample (metric clock); a wrong clock stops people from signing in.
type Clock struct {
	Service       string    `inv:"service,dict" doc:"What sets the clock, such as w32time, chrony, timed or systemd-timesyncd."`
	Sources       []string  `inv:"sources" doc:"Time servers or sources set."`
	Enabled       *bool     `inv:"enabled" doc:"True when the clock is kept by a service."`
	HardwareUTC   *bool     `inv:"hardware_clock_utc" doc:"True when the hardware clock runs in UTC."`
	Clocksource   string    `inv:"clock_source,dict" doc:"Counter the kernel tells time by."`
	Synchronized  *bool     `inv:"synchronized,latest" doc:"True when the system says that its clock agrees with a source."`
	Source        string    `inv:"active_source,latest" doc:"Source in use."`
	Stratum       *int64    `inv:"stratum,latest" doc:"Distance from a reference clock."`
	OffsetSeconds *float64  `inv:"offset_seconds,latest" unit:"second" doc:"Distance from the source as the service sees it."`
	SyncedAt      time.Time `inv:"synced_at,latest" doc:"When it last agreed with a source."`
}

// Section says how the section is named, kept and read.
func (Clock) Section() Meta {
	return Meta{Name: "clock", Doc: "What keeps the clock and whether it agrees.", Single: true, Cadence: time.Hour,
		Windows: `HKLM\SYSTEM\CurrentControlSet\Services\W32Time and its policy, RealTimeIsUniversal`, Darwin: "systemsetup -getusingnetworktime, -getnetworktimeserver", Linux: "adjtimex, chrony and timesyncd files", SNMP: "NTPv4-MIB"}
}
