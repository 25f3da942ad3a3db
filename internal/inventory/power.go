package inventory

import "time"

// Power is how the machine is fed and how it saves. Fast start-up is why the
// uptime of a PC that is shut down each evening can be weeks.
type Power struct {
	Plan           string   `inv:"plan_name,dict" doc:"Power plan or profile in force."`
	FastStartup    *bool    `inv:"fast_startup" doc:"True when shutting down hibernates the kernel (Windows Fast Startup)."`
	Hibernation    *bool    `inv:"hibernation" doc:"True when hibernation is allowed."`
	SleepStates    []string `inv:"sleep_states" doc:"Sleep states the machine offers, such as s0ix, s3 or s4."`
	SleepACSeconds *int64   `inv:"sleep_after_ac_seconds" unit:"second" doc:"Idle time before sleep on mains; 0 when never."`
	SleepDCSeconds *int64   `inv:"sleep_after_battery_seconds" unit:"second" doc:"Idle time before sleep on battery; 0 when never."`
	Governor       string   `inv:"governor,dict" doc:"Frequency governor or policy of the processor."`
	BatteryCount   *int64   `inv:"battery_count" unit:"count" doc:"Internal batteries; 0 says a machine without."`
	ACOnline       *bool    `inv:"ac_online,latest" doc:"True when fed from mains."`
	AdapterWatts   *float64 `inv:"adapter_watts,latest" unit:"watt" doc:"Power the adapter offers."`
	Throttled      *bool    `inv:"throttled,latest" doc:"True when the processor is slowed by heat or power right now."`
}

// Section says how the section is named, kept and read.
func (Power) Section() Meta {
	return Meta{Name: "power", Doc: "Power plan, sleep settings and mains supply.", Single: true, Cadence: time.Hour,
		Windows: "ActivePowerScheme, GetSystemPowerStatus, CallNtPowerInformation, HiberbootEnabled", Darwin: "pmset -g custom, ioreg AppleSmartBattery", Linux: "/sys/class/power_supply, /sys/power, cpufreq, tuned, power-profiles-daemon, cooling devices"}
}
