// Package health judges what devices report: it holds rules against rows,
// numbers and events, keeps findings until they end, makes one incident of
// those that share a cause, and says who can be expected to answer.
//
// It must not know how a report came in, how judgements are kept on disk, how
// people are told, or what they do about it.
//
// # The way of an observation
//
//	Observe ─► device (rows, tracks, events) ─► rules that it concerns ─► state ─► incident
//	Tick ────► presence, silence, sites, shared causes, changes, news that settled
//	Flush ───► everything decided since the last time, in one transaction
//
// Judging is by the time of what a device said. What is late, or comes again
// after an outage, is judged at its own time; news is told by the clock of the
// wall, and only of what is still so when the device has caught up.
//
// # What is kept where
//
// Findings and incidents are in the store, with when a condition became true,
// so that a crash loses no hold. Recent numbers, rows and events of each device
// are in memory, as far as rules ask for them (plan), and are had from the
// stores again after a start: rows and events with a device's first report,
// numbers soon after (Remind). Until then what needs them is unknown, and what
// is unknown neither fires nor ends anything.
//
// # Locks
//
// One mutex guards all of a Judge. Nothing that a store answers is waited for
// while it is held, but for the layout of numbers that a first report after a
// start refers to.
package health
