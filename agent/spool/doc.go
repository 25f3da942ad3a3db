// Package spool is the agent's queue of reports on disk: what was added is
// there after a power cut, is given out in order until it is acknowledged, and
// never takes more room than it may. It owns sequence numbers, the epoch, the
// cursor, and the account of everything that had to be dropped. It must not
// know what is in a report beyond the names of its sections, nor how reports
// are sent.
//
// # A folder
//
//	*.seg LOCK quarantine/   internal/segment; the id of a record is its
//	                         sequence number, the flags are its Kind
//	cursor                   epoch, next and oldest number, gaps; JSON and a sum
//	reserve                  1 MiB, given up when the disk is full so that the
//	                         cursor can still be written
//
//	record
//	  added, Unix ms u64 | epoch u64 | sections u8 | (length u8, name)* | report
//
// # What holds
//
// A number is used once in an epoch. The cursor is written before anything is
// removed. Every number below Next is waiting, or was acknowledged, or is in a
// Gap: what is lost is told, in a later report, until that one is acknowledged.
// Where the newest copy of a section was dropped, Missing names the section.
package spool
