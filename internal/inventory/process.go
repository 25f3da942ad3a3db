package inventory

import "time"

// Process holds the few processes that use most. All but the place in the
// list is overwritten; programs over time are samples. Arguments and
// environment are never read.
type Process struct {
	Ranking  string    `inv:"ranking,key" enum:"cpu|memory" doc:"By what the list is ordered."`
	Place    int64     `inv:"place,key" doc:"Place in the list, from 1 to 10."`
	Name     string    `inv:"name,dict,latest" doc:"Program, without path and arguments."`
	UserName string    `inv:"user_name,personal,latest" doc:"Account it runs under."`
	PID      *int64    `inv:"pid,latest" doc:"Process number."`
	CPU      *float64  `inv:"cpu_percent,latest" unit:"percent" doc:"Use of one processor thread since the reading before; above 100 when it uses several."`
	Memory   *int64    `inv:"memory_bytes,latest" unit:"byte" doc:"Resident memory."`
	Private  *int64    `inv:"private_bytes,latest" unit:"byte" doc:"Memory it shares with nobody; what grows in a leak."`
	Started  time.Time `inv:"started_at,latest" doc:"When it started."`
}

// Section says how the section is named, kept and read.
func (Process) Section() Meta {
	return Meta{Name: "process", Doc: "The ten processes that use most processor time and the ten that use most memory.", Cadence: time.Hour,
		Windows: "NtQuerySystemInformation", Darwin: "ps", Linux: "/proc/*/stat, /proc/*/smaps_rollup"}
}
