// Package migrate moves numbers over time from one store to another while they
// are in use. It owns in which pieces they are moved, what is written down so
// that a move that was cut off goes on where it was, when a piece is moved
// again, and that what arrived is what there was.
//
// A piece is an hour of points, or a day of hourly figures. Each is read,
// written, read back and held against what was read: by measurement the count
// of numbers and a hash over them whatever their order (store.Tally). Then it
// is noted, with what the source says of the state of that time. A piece whose
// state changed is read again, and written again when its numbers are others:
// so late reports and blocks that are joined do no harm, and one last round,
// while nobody writes, makes both sides equal.
//
// It must not know which stores there are, nor when a collector runs.
package migrate
