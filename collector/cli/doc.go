// Package cli is the command line of the staff: a client of the API, with a
// file per noun. It owns commands and flags, how people write times, how
// answers look as a table, JSON or CSV, what an error says and which number the
// program ends with.
//
// It must not know stores, SQL or what a filter means: the collector decides,
// the command line asks and shows. Everything a device said is shown without
// the characters that drive a terminal or make a spreadsheet calculate.
package cli
