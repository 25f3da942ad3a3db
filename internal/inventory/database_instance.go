package inventory

import "time"

// DatabaseInstance is one database server installed on a host, told from its
// registration; nothing connects to it.
type DatabaseInstance struct {
	Engine  string `inv:"engine,key" enum:"mssql|oracle|postgresql|mysql|mariadb|mongodb|db2|redis|influxdb|elasticsearch|sqlanywhere|firebird|access|other" doc:"Kind of database."`
	Name    string `inv:"name,key" doc:"Name of the instance or cluster; empty text for the only one."`
	Version string `inv:"version,dict,version" doc:"Version with its patch level."`
	Edition string `inv:"edition,dict" doc:"Edition of the instance."`
	Service string `inv:"service" doc:"Service that runs it (service.name)."`
	Port    *int64 `inv:"port" doc:"TCP port it listens on."`
	Running *bool  `inv:"running" doc:"True when it runs."`
	Bytes   *int64 `inv:"data_bytes,latest" unit:"byte" doc:"Size of its data directory, where it can be had without reading it."`
}

// Section says how the section is named, kept and read.
func (DatabaseInstance) Section() Meta {
	return Meta{Name: "database_instance", Doc: "Database servers installed on a host.", Cadence: 24 * time.Hour,
		Windows: `HKLM\SOFTWARE\Microsoft\Microsoft SQL Server, HKLM\SOFTWARE\PostgreSQL, ImagePath of HKLM\SYSTEM\CurrentControlSet\Services, processes`, Darwin: "launchd jobs, Homebrew formulas", Linux: "pg_lsclusters directories, packages and units"}
}
