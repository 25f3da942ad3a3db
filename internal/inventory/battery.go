package inventory

import "time"

// Battery is one battery of a portable machine, or of a mouse or headset when
// its kind says so. Full capacity moves with every reading and is a series
// (metric battery); here stands the last reading.
type Battery struct {
	Name        string    `inv:"name,key" doc:"Name by the system, such as BAT0 or InternalBattery-0."`
	Kind        string    `inv:"kind" enum:"internal|removable|ups|peripheral|other" doc:"What the battery feeds."`
	Vendor      string    `inv:"vendor,dict" doc:"Maker of the battery."`
	Model       string    `inv:"model,dict" doc:"Model or part number."`
	Serial      string    `inv:"serial" doc:"Serial number of the battery."`
	Chemistry   string    `inv:"chemistry,dict" doc:"Chemistry, such as Li-ion or LiP."`
	MadeAt      time.Time `inv:"manufactured_at" doc:"Date of manufacture."`
	DesignWh    float64   `inv:"design_capacity_watt_hours" unit:"watt_hour" doc:"Energy it was made to hold."`
	DesignVolts float64   `inv:"design_volts" unit:"volt" doc:"Voltage it was made for."`
	Condition   string    `inv:"condition" enum:"good|fair|poor|replace|failed" doc:"Judgement of the battery's own electronics or the system, where there is an honest one."`
	ChargeLimit *int64    `inv:"charge_limit_percent" unit:"percent" doc:"Charge at which loading stops, when a limit is set."`
	FullWh      *float64  `inv:"full_capacity_watt_hours,latest" unit:"watt_hour" doc:"Energy it holds when full."`
	HealthShare *float64  `inv:"health_percent,latest" unit:"percent" doc:"Full capacity as share of the design."`
	Cycles      *int64    `inv:"cycle_count,latest" unit:"count" doc:"Full loads so far."`
	Charge      *float64  `inv:"charge_percent,latest" unit:"percent" doc:"Present charge."`
	State       string    `inv:"state,latest" enum:"charging|discharging|full|idle|unknown" doc:"What it does now."`
	Watts       *float64  `inv:"power_watts,latest" unit:"watt" doc:"Power drawn from it, negative while loading."`
	Volts       *float64  `inv:"voltage_volts,latest" unit:"volt" doc:"Present voltage."`
	Celsius     *float64  `inv:"temperature_celsius,latest" unit:"celsius" doc:"Temperature of the battery."`
	LeftSeconds *int64    `inv:"remaining_seconds,latest" unit:"second" doc:"Time left at the present load."`
}

// Section says how the section is named, kept and read.
func (Battery) Section() Meta {
	return Meta{Name: "battery", Doc: "Batteries with design and present capacity, cycles and state.", Cadence: time.Hour,
		Windows: "IOCTL_BATTERY_QUERY_INFORMATION, IOCTL_BATTERY_QUERY_STATUS", Darwin: "ioreg AppleSmartBattery", Linux: "/sys/class/power_supply/BAT*"}
}
