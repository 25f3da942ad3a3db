package netio

import (
	"encoding/binary"
	"unicode/utf16"

	"github.com/shirou/gopsutil/v3/net"
)

// Where what stands in MIB_IF_ROW2 (netioapi.h) of 64-bit Windows.
const (
	cardsHead  = 8 // a count, and as much again to align
	cardRow    = 1352
	cardAlias  = 28 // 257 signs of UTF-16
	cardFlags  = 1152
	cardState  = 1156
	cardIn     = 1208 // InOctets and what follows it, eight bytes each
	cardOut    = 1280
	cardSigns  = 257
	hardware   = 1 // HardwareInterface, the first of the flags
	filter     = 2 // FilterInterface: a layer of a driver over a card
	stateUp    = 1 // IfOperStatusUp
	maxCardRow = 4096
)

// parseCards reads MIB_IF_TABLE2 and keeps cards that are up. Counters have 64
// bits; those of older questions wrap each half minute on a fast card.
func parseCards(b []byte) []net.IOCountersStat {
	if len(b) < cardsHead {
		return nil
	}
	n := binary.LittleEndian.Uint32(b)
	var list []net.IOCountersStat
	for b = b[cardsHead:]; n > 0 && len(b) >= cardRow && len(list) < maxCardRow; n, b = n-1, b[cardRow:] {
		if b[cardFlags]&hardware == 0 || b[cardFlags]&filter != 0 || binary.LittleEndian.Uint32(b[cardState:]) != stateUp {
			continue
		}
		at := func(base, i int) uint64 { return binary.LittleEndian.Uint64(b[base+8*i:]) }
		list = append(list, net.IOCountersStat{Name: alias(b[cardAlias : cardAlias+2*cardSigns]),
			BytesRecv: at(cardIn, 0), PacketsRecv: at(cardIn, 1) + at(cardIn, 2), Dropin: at(cardIn, 3), Errin: at(cardIn, 4),
			BytesSent: at(cardOut, 0), PacketsSent: at(cardOut, 1) + at(cardOut, 2), Dropout: at(cardOut, 3), Errout: at(cardOut, 4)})
	}
	return list
}

func alias(b []byte) string {
	var u []uint16
	for ; len(b) > 1; b = b[2:] {
		c := binary.LittleEndian.Uint16(b)
		if c == 0 {
			break
		}
		u = append(u, c)
	}
	return string(utf16.Decode(u))
}
