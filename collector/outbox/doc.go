// Package outbox keeps records durably on their way to one or more sinks, such
// as the series store, each of which reads at its own speed. It owns how long
// a record stays, how much room they take together, and how far each sink is.
// It must not know what is in a record, nor what a sink does with it.
//
// # A folder
//
//	*.seg LOCK quarantine/  internal/segment; flags are the Unix time of Append, s
//	cursor-<sink>           how far the sink is; JSON and a sum
//	aside/                  internal/segment too: records that a sink refuses; made
//	                        with the first of them
//
// # What holds
//
// A record is durable when Append returns, and every sink is given it at least
// once. A segment goes when all sinks are done with it and it was kept for
// Options.Keep after that, because a sink need not sync what it takes: one with
// Replay begins at every start with the oldest record there is. So sinks must
// take the same record twice without harm.
//
// A record that a sink refuses is put aside, so that it does not block the
// others: it is kept there, within bounds, until somebody takes it back
// (Retry) or drops it. Taken back it is a new record for all sinks.
//
// When there is no more room, segments that every sink is done with go after
// MinKeep already. What is still wanted is never dropped: Append answers
// ErrFull.
package outbox
