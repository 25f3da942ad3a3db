//go:build linux

// Package e2e tries both programs as people run them. It owns the oracle: made
// up devices whose every number, row and event can be derived from who said it
// and when, and a judge that holds the collector's stores against what was
// acknowledged. The fault campaigns F01 to F33 of the threat model are its
// tests; short counts run always, full ones where MUSTER_FAULTS is "full".
//
// It must not know how either program works inside: it speaks the wire, the
// API and the command line, and reads the files that a stopped collector
// leaves behind.
package e2e
