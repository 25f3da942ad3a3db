// Package search is the language in which people choose devices, shared by
// pages, command line and API:
//
//	os:windows ram<8GB software:"Adobe Reader"<23 seen>7d port:sw-3/Gi1/0/7
//
// It owns the grammar, the fields, what each value may be written as, and what
// a term means (the Match methods). It must not know SQL, a store, or who is
// asking: a store turns an Expr into its own conditions, and whoever answers
// people checks Personal first.
//
// # Grammar
//
//	filter  = { or }                      empty: all devices
//	or      = and { ("or" | "|") and }
//	and     = not { ["and"] not }         side by side means and
//	not     = ("-" | "not") not | "(" filter ")" | term
//	term    = field op value [op value]   the second part for software and service
//	        | value                       free text
//	field   = name of a field | section "." column
//	op      = ":" "=" "!=" "<" "<=" ">" ">=" "~"
//	value   = word | '"' text '"'         "" inside quotes is one quote
//
// Words end at white space, quotes, brackets and "|". Outside quotes * and ?
// stand for any text and any one character. Letter case never matters. A word
// that is an IPv6 or MAC address is free text although it has colons.
//
// # Meaning
//
// A device matches a term when any of its values does: "ip:10.1.2.3" asks
// whether one of its addresses is that one. A fact that is not known matches
// no term, so "-asset:*" finds devices without an asset tag. "x!=v" is
// "-x=v": true also where x is not known.
package search
