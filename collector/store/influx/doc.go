// Package influx keeps series in an InfluxDB beside the collector: 1.8, 2.x or
// 3.x. It owns what is written there (line protocol in the names, tags and
// types of internal/metric, so that Telegraf's dashboards work on it), how it
// is asked (InfluxQL, which all of them speak), what has to be there first
// (database or bucket, mapping, retention), and what an answer of the server
// means for the caller.
//
// It must not know who reports, the wire, or why a number is asked for. It
// keeps nothing on this machine: a write that was answered is durable, because
// InfluxDB syncs its log before it answers (wal-fsync-delay 0s, the default).
//
// # One form for three servers
//
// Writes go to /api/v2/write, which 1.8 has for this purpose (bucket DB/RP,
// token USER:PASSWORD) and 3.x for compatibility. Questions go to /query. What
// differs is in the files named server_*.go: how a place for numbers is made.
// 1.8 is tested with a real server, 2.x and 3.x by their documented answers
// alone (https://docs.influxdata.com/influxdb/v2/api/v2/,
// https://docs.influxdata.com/influxdb3/core/api/v3/).
package influx
