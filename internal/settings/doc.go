// Package settings owns how a settings file of Muster is written and read:
// strict YAML into a struct that already holds the defaults, sizes and
// durations as people write them, one error per wrong line that says what was
// expected, and the reference page made from the same struct.
//
// Both programs read their files through it. It knows none of their settings,
// reads nothing from the network and changes no file.
//
// # A setting
//
//	type Log struct {
//		Level string `yaml:"level" oneof:"debug,info,warn,error" doc:"Least level that is written."`
//	}
//
// Tags of a field:
//
//	yaml     the key; a field without one is an error of the program
//	doc      what it means, one or more sentences for the reference page
//	min,max  bounds, written as the value itself is ("1s", "64MiB", "5")
//	oneof    the allowed words, separated by commas
//	default  the default as the page shows it, where it depends on the machine
//
// Kinds of fields: string, bool, int, float64, Size, Duration, a struct, and
// lists and maps (keyed by text) of those. A struct may have a method
// `Check() Problems` for what no tag can say; its keys are relative to it.
//
// Not part of the language here: anchors, aliases, merge keys, tags, several
// documents. They hide what a setting is, and nobody needs them for a page of
// settings.
package settings
