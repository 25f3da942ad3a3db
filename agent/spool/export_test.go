package spool

// The record's form, for the fuzz test.
var (
	AppendEntry = appendEntry
	ParseEntry  = parseEntry
)
