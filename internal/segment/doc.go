// Package segment is a durable log of records on disk: appended in batches,
// read in order, dropped from the front. It owns the file format, what a crash
// or a damaged disk may do to it, and that one process at a time has a folder
// open. It must not know what a record holds, who reads it, or when it may go.
//
// # A folder
//
//	LOCK                        held while the log is open
//	0000000000000001-5e1f00d3.seg
//	                            id of its first record - seed, both hex
//	0000000000000cc5-91a4b20c.seg
//	quarantine/                 what could not be read, the newest few
//
// # A segment file (integers little-endian)
//
//	magic "MUSTRSEG" | version u32 | crc u32                        16 bytes
//	record*
//
//	record
//	  marker fe 6d c1 9a                                             4
//	  length of payload u32                                          4
//	  id u64, above all ids before it                                8
//	  flags u32, the caller's                                        4
//	  body crc u32, over the fields from length to flags and payload 4
//	  head crc u32, over all of the above from the marker on         4
//	  payload
//
// Both are CRC32C (Castagnoli), begun from the seed in the file's name. The
// seed is random: neither a payload that looks like records nor bytes that a
// file system left from another segment are ever taken for records of this
// one. It stands in the name because a name cannot lose a bit as contents can.
//
// The head has a sum of its own, so that a damaged length is known as such and
// cannot swallow the good records behind it: if the head holds, the record is
// skipped by its length, otherwise the reader looks for the next marker whose
// head holds. Heads are checked before payloads, which keeps the search linear
// however a hostile payload is made.
//
// # What holds
//
// Append writes a batch with one write and one fdatasync; when it returns nil,
// the batch survives a power cut. Failed writes, such as on a full disk, are
// cut back and the log goes on. A failed fsync ends the log: the kernel may
// have dropped the pages and would call the next try a success, so the error
// wraps ErrBroken, every later call returns it, and the process must end and
// open the log anew.
//
// At Open the newest segment is read through. What a crash tore off its end is
// cut; damage elsewhere is skipped, counted, and copied into quarantine.
package segment
