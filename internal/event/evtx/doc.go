// Package evtx reads saved logs of Windows (.evtx) into the records that
// internal/event/windows gives meaning to. Tests and evaluations read their
// samples with it; the agent asks the running log service instead.
//
// A file is a header of 4096 bytes and chunks of 64 KiB, each on its own: a
// header with two CRC32, a table of strings, a table of templates, records. A
// record is binary XML: mostly the name of a template and the values to put
// into it. Sources: [MS-EVEN6] section 2.2.12 for binary XML (BinXml), and the
// public descriptions of the file by A. Schuster (DFRWS 2007) and of the
// libevtx project for what Microsoft does not describe.
//
// It must not know what a record means.
package evtx
