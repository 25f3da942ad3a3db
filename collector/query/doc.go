// Package query answers people's SQL without trusting it: one statement, in a
// child process that may read the inventory file and nothing else, for a few
// seconds, in bounded memory. It owns the sandbox: what may be read, and every
// limit.
//
// It must not know who asks: callers have decided that, and say whether facts
// that tell of a person may be shown. Only people without a scope may ask at
// all, because SQL sees all devices.
//
// # Walls, one behind the other
//
//	SQLite's authorizer   asked for every table, column, function and kind of
//	                      statement while the text is compiled. What is not on
//	                      the list is refused: writing, ATTACH, PRAGMA, VACUUM,
//	                      tables of the store's own, functions that reach out.
//	                      A personal column without the right reads as NULL.
//	                      Masking happens in the tables, since the view on
//	                      whose behalf SQLite says it asks can be a name that
//	                      the statement gave itself (WITH device AS …).
//	the connection        read-only, no ATTACH possible, bounded lengths, depth
//	                      and memory (SQLite's limits and hard heap limit)
//	the process           bounded address space, file size, open files and
//	                      processor time (setrlimit; a job object on Windows;
//	                      macOS does not bound address space), empty
//	                      environment; killed when its time is over
//	the pipe              rows and bytes are counted by the parent; cells are cut
//
// The control database is another file, whose path the child is never told.
package query
