// Package metric is the catalogue of every number that Muster keeps over
// time: what it is called, its unit, its type, whether it counts up, and
// where on Windows, macOS, Linux and over SNMP it comes from. Gatherers, the
// poller, rules, the simulator and the stores speak only these names.
//
// Where a plugin of Telegraf covers the subject, its measurement, tags,
// fields, types and units are kept, so that dashboards made for Telegraf run
// on Muster's InfluxDB as they are. Names were checked against the plugins'
// own documents and sources (influxdata/telegraf, plugins/inputs). Numbers
// that no plugin gives are named in the same style with the unit at the end.
// Counters stay cumulative: queries take the rate.
//
// It must not know how a number is read (agent/gather, collector/snmp), how
// it travels (internal/report) or where it is kept (collector/store).
//
// # Names
//
//	InfluxDB          measurement cpu, tag cpu=cpu-total, field usage_user
//	embedded store    cpu_usage_user{cpu="cpu-total"}
//
// Both carry the labels of Added. There are no text fields: what is text is
// inventory. Telegraf's tags that change with each reading (result and rcode
// of dns_query, power of smart_device, ifIndex of interface) are left out,
// since each new value would begin a new series.
package metric
