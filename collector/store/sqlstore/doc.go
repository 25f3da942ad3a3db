// Package sqlstore keeps the inventory in SQLite: one file, one writer,
// readers beside it. It owns the tables, their migrations, the views that
// people query, and the translation of filters into SQL.
//
// It must not know the wire, the rules, who is asking (a Scope is handed in)
// or what time it is: every instant comes with the call.
//
// # Tables
//
// Every section of the catalogue has
//
//	<section>_rows    device_no, row_no, from_at, until_at (Unix ms; NULL: still so),
//	                  fact_no, and the columns that belong to one device
//	<section>_facts   the columns that repeat over the fleet (dict, version, enum,
//	                  yes and no), one row per distinct combination
//	<section>         view: what is so now, with device_id and host_name
//	<section>_history view: with what was, from_at and until_at as ISO 8601
//
// Interning whole combinations instead of single texts makes a program on a
// device a row of some 35 bytes, and lets a search first find the few facts
// that match and then, by one index, the devices that have them.
//
// Fixed tables are in schema.go, those of findings and incidents in
// health_tables.go. Rows of a device lie together (primary key device_no,
// row_no), so that showing a device or comparing a new reading is one short
// walk.
package sqlstore
