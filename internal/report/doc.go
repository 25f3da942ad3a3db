// Package report is what an agent and a collector say to each other once they
// know each other: reports up, answers down. It owns the wire format and its
// limits. It must not know how facts are gathered, how bytes are carried
// (agent/send, collector/receive) or what becomes of them.
//
// # A body
//
//	POST /v1/reports        HTTPS, TLS 1.3, client certificate
//
//	body = zstd frame of envelope   when the envelope is above about 1 KB
//	     | envelope                 CBOR (RFC 8949), begins with 0xA0…0xBF
//	     | envelope                 JSON, begins with '{'
//
//	envelope                                   report
//	  1 version  integer, see Version            1 seq        in the device's epoch, from 1
//	  2 epoch    random, made with the spool     2 time       wall clock, Unix ms
//	  3 oldest   first seq the spool still has   3 mono       ms since boot
//	  4 known    hash of settings+CAs it holds   4 boot       hash of the boot's id
//	  5 reports  array, seq ascending            5 machine    hash of strong hardware ids
//	  6 sent     wall clock now, Unix ms         6 root       hash over all section hashes
//	  7 mono     ms since boot now               7 sections   changed or wanted ones
//	  8 boot     hash of the boot's id           8 hashes     of all sections, when wanted
//	  9 layouts  when the answer asked           9 layouts    names of series, when new
//	                                            10 samples    layout's hash, time, values
//	section                                     11 events
//	  1 name                                    12 gaps       seqs dropped by the spool
//	  2 status   0 ok … 4 failed
//	  3 reason                                 sample
//	  4 sources                                  1 layout  2 at (ms before)  3 values
//	  5 at       ms before the report's time
//	  6 took     ms the reading took           event
//	  7 columns  named once                      1 kind  2 at (ms before)  3 attributes  4 count
//	  8 rows     arrays in that order
//	  9 hash     Section.Seal
//
// Keys are small integers; unknown ones are ignored, so that a field can be
// added without a new version. Samples name their series by the hash of a
// layout, which is sent once: a minute's 40 numbers are about 320 bytes.
//
// A value that could not be read is NaN. A section with a status other than
// ok carries what was read, if anything, and closes no rows.
//
// The answer to a body is one Answer, or a Refusal with a status from 400 up.
package report

// Version is the wire version that this build speaks. A collector also takes
// the one before. History:
//
//	1  2026-11  first form
const Version = 1
