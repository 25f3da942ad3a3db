// Package intake is the one door: every report, of agents and of the SNMP
// poller, comes through it into the stores. It owns the order of sequence
// numbers, the judgement of clocks, what is asked of a device in return, and
// the order in which things become durable:
//
//	plan the group  →  outbox append + fsync  →  one SQL transaction  →  answers
//
// A group is whatever arrived while the last one was being committed, at most
// Options.Group reports, so there is no timer and a lone report does not wait.
// A crash between two arrows loses nothing: nothing was acknowledged, the
// device sends again, samples written twice are the same samples, and rows
// and sequence numbers change in the same transaction.
//
// It must not know HTTP, TLS or SQL.
package intake
