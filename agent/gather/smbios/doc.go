// Package smbios decodes the tables in which firmware describes the machine
// (DMTF DSP0134, up to version 3.8): entry points of both kinds, and the
// structures for firmware, system, board, enclosure, processor and memory.
//
// It owns the format and nothing else. It must not know which facts are worth
// keeping, and it must not trust a byte: lengths, counts and string numbers
// come from firmware that is often wrong, so what does not fit ends the
// decoding with a fault and keeps what came before.
//
//	a structure:  type(1) length(1) handle(2) formatted area … | strings, each
//	              ended by NUL | one more NUL (two when there is no string)
//
// Texts stand as the firmware has them, placeholders such as "To be filled by
// O.E.M." included, without white space at the ends.
package smbios
