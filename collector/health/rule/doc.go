// Package rule reads the rules of health: what is wrong with a device, written
// down as data. It owns the form of a rule file, the language of its
// conditions, and the list of inputs that follows from them.
//
// It must not know how numbers are kept, what state a finding is in, or who is
// told.
//
// # The language
//
// A condition is CEL (https://cel.dev) without its macros, over names of the
// three catalogues. All numbers are doubles; 1 and 1.0 are the same.
//
//	disk.kind == "hdd"                              a column of a section
//	smart_device.pending_sector_count >= 1          a number, as last sampled
//	smart_device.pending_sector_count.rise("7d")    a number over a time
//	disk_error.count("24h", {"cause": "hardware"})  how often something happened
//	disk.free.reaches(0, "28d", "space").early_days a forecast
//
// Where a section has a column of a number's name, the number is meant: it is
// the same thing with a history.
//
// What is not known is unknown, never false: false && unknown is false, true ||
// unknown is true, all else with an unknown in it is unknown.
package rule
